package kubelet

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"orrery/impl/kubelet/runtime"
	"orrery/impl/kubelet/runtime/fake"
)

// Goal: what came of a hook is what upstream says it is, and its Event tells no secret. Method: each kind of handler, against a server that
// answers with an error, one that is not there, and a command that fails or of which nobody knows.
func TestHooks(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }))
	defer server.Close()
	address, err := url.Parse(server.URL)
	require.NoError(t, err)
	httpGet := func(port intstr.IntOrString) corev1.LifecycleHandler {
		return corev1.LifecycleHandler{HTTPGet: &corev1.HTTPGetAction{Port: port}}
	}
	exec := corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: []string{"cat", "secret"}}}
	says := func(result runtime.ExecResult, err error) func(runtime.Container, []string) (runtime.ExecResult, error) {
		return func(runtime.Container, []string) (runtime.ExecResult, error) { return result, err }
	}
	for _, c := range []struct {
		name    string
		kind    HookKind
		handler corev1.LifecycleHandler
		command func(runtime.Container, []string) (runtime.ExecResult, error)
		want    HookRun
		event   string
	}{
		{"a command that ends well", PostStart, exec, says(runtime.ExecResult{}, nil), HookRun{Done: true}, ""},
		{"a command that fails", PostStart, exec, says(runtime.ExecResult{ExitCode: 1, Output: []byte("password")}, nil), HookRun{Done: true, Failed: true}, "FailedPostStartHook: PostStartHook failed"},
		{"nobody knows", PostStart, exec, says(runtime.ExecResult{}, runtime.ErrUnavailable), HookRun{Lost: true}, ""},
		{"a preStop hook is not run again", PreStop, exec, says(runtime.ExecResult{}, runtime.ErrUnavailable), HookRun{Done: true, Failed: true}, "FailedPreStopHook: PreStopHook failed"},
		{"any answer is a good one", PostStart, httpGet(intstr.Parse(address.Port())), nil, HookRun{Done: true}, ""},
		{"none is not", PostStart, httpGet(intstr.FromString("none")), nil, HookRun{Done: true, Failed: true}, "FailedPostStartHook: PostStartHook failed"},
		{"sleep", PreStop, corev1.LifecycleHandler{Sleep: &corev1.SleepAction{}}, nil, HookRun{Done: true}, ""},
		{"nothing at all", PreStop, corev1.LifecycleHandler{}, nil, HookRun{Done: true, Failed: true}, "FailedPreStopHook: PreStopHook failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			machine := fake.New(epoch, "img")
			machine.Command = c.command
			event := ""
			local := &Local{Config: Defaults, Runtime: machine, Now: func() time.Time { return epoch }, Record: func(_ PodRef, n Note) { event += n.Reason + ": " + n.Message }}
			var seen *Observed
			local.Connect(func(source string, _ int64, objects []metav1.Object) error {
				if source == sourceRuntime && len(objects) > 0 {
					seen = objects[0].(*Observed)
				}
				return nil
			})
			id := startedOn(t, machine)
			require.NoError(t, local.Relist(t.Context()))
			answer := local.Perform(t.Context(), effectOf(RunHook{PodRef: PodRef{"default", "web", "u"}, Kind: c.kind, ID: id, Handler: &c.handler,
				Host: address.Hostname(), Timeout: time.Minute}))
			require.NoError(t, answer.Err)
			c.want.Begun = epoch
			got := seen.Hooks
			if c.kind == PostStart {
				got = seen.PostStarts
			}
			require.Equal(t, map[string]HookRun{id: c.want}, got)
			require.Equal(t, c.event, event)
		})
	}
}

// startedOn starts the container of the pod "web", UID "u", on a machine.
func startedOn(t *testing.T, machine *fake.Machine) string {
	pod := podFrom(t, "{metadata: {uid: u}, spec: {containers: [{name: app, command: [run]}]}}")
	p := newPass(&Defaults, Input{Pod: pod}, epoch)
	sandbox, err := machine.RunSandbox(t.Context(), p.sandboxConfig(0))
	require.NoError(t, err)
	config, _, err := p.containerConfig(p.members[0], 0, 0)
	require.NoError(t, err)
	id, err := machine.CreateContainer(t.Context(), sandbox, config, nil)
	require.NoError(t, err)
	require.NoError(t, machine.StartContainer(t.Context(), id))
	return id
}

// Goal: a hook of which nobody knows is run again, but not at once, and not in a pod that is ending. Method: one pod, and what is remembered.
func TestLostHookIsRunAgain(t *testing.T) {
	pod := podFrom(t, "{metadata: {uid: u}, spec: {containers: [{name: app, lifecycle: {postStart: {exec: {command: [hello]}}}}]}}")
	seen := onNode(attempt(pod, 0, runtime.Running))
	next := func(run HookRun, after time.Duration) string {
		seen.PostStarts = map[string]HookRun{"app-0": run}
		return decided(pod, decidePostStart(&Defaults, Input{Pod: pod, Seen: seen}, "app", epoch.Add(after)))
	}
	require.Equal(t, "again after 1s", next(HookRun{Begun: epoch, Lost: true}, 0))
	require.Equal(t, "postStart hook app", next(HookRun{Begun: epoch, Lost: true}, time.Second))
	require.Empty(t, next(HookRun{Begun: epoch}, time.Second), "it is under way")
	pod.DeletionTimestamp = &metav1.Time{Time: epoch}
	require.Empty(t, next(HookRun{Begun: epoch, Lost: true}, time.Second))
}
