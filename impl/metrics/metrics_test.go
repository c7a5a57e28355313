package metrics

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/require"

	"orrery/impl/kubelet/runtime"
	"orrery/impl/store"
	"orrery/impl/store/memory"
)

var rewrite = flag.Bool("rewrite", false, "write testdata anew")

// everything uses each seam of a process that has them all, once.
func everything(t *testing.T) *Registry {
	r := New()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	client := &http.Client{Transport: r.Requests()(http.DefaultTransport)}
	answer, err := client.Get(server.URL)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())

	l := r.Loops(true)
	l.Worked("scheduler", time.Second, time.Millisecond, true)
	l.Performed("scheduler", "create", "pods", "binding", "ok")
	l.Performed("scheduler", "create", "pods", "binding", "unknown")
	l.Holds("scheduler", 3, 1, 5, 2)
	l.Leads("kube-scheduler", true)

	s := r.Store(memory.New())
	_, err = s.Put(t.Context(), "/registry/pods/work/web", nil, 0)
	require.NoError(t, err)
	_, err = s.Get(t.Context(), "/registry/pods/work/web", store.GetOptions{Revision: 1 << 40})
	require.Error(t, err)

	w := r.Web()
	asked := Asked{Verb: "POST", Version: "v1", Resource: "pods", Scope: "resource"}
	w.Answered(asked, http.StatusCreated, time.Millisecond, false)
	w.Inflight(true)()
	w.LongRunning(Asked{Verb: "WATCH", Version: "v1", Resource: "pods", Scope: "cluster"})
	r.Caches(func(tell func(string, string, int64)) { tell("apps", "replicasets", 7) })

	engine := r.Runtime(pods{})
	_, err = engine.List(t.Context())
	require.NoError(t, err)
	require.Error(t, engine.StartContainer(t.Context(), "a"))
	return r
}

// pods is a runtime that has one pod and starts nothing.
type pods struct{ runtime.Runtime }

func (pods) List(context.Context) ([]runtime.Pod, error) {
	return []runtime.Pod{{Sandboxes: []runtime.Sandbox{{Ready: true}}, Containers: []runtime.Container{{State: runtime.Running}, {State: runtime.Exited}}}}, nil
}

func (pods) StartContainer(context.Context, string) error { return errors.New("no") }

// Goal: names and labels are those that dashboards were made for. Method: every seam is used once, and what was counted is compared with a list.
func TestNames(t *testing.T) {
	families, err := everything(t).all.Gather()
	require.NoError(t, err)
	var lines []string
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "go_") || strings.HasPrefix(f.GetName(), "process_") {
			continue // the library's, and other ones for each release of Go
		}
		var labels []string
		for _, l := range f.Metric[0].Label {
			labels = append(labels, l.GetName())
		}
		lines = append(lines, fmt.Sprintf("%s{%s} %s\n", f.GetName(), strings.Join(labels, ","), strings.ToLower(f.GetType().String())))
	}
	got := strings.Join(lines, "")
	if *rewrite {
		require.NoError(t, os.WriteFile("testdata/names.txt", []byte(got), 0o644))
	}
	want, err := os.ReadFile("testdata/names.txt")
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// Goal: what is served is well-formed, and counts what happened. Method: it is read over HTTP, checked by Prometheus' own linter, and looked at.
func TestExposition(t *testing.T) {
	recorder := httptest.NewRecorder()
	everything(t).Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, recorder.Code)
	text := recorder.Body.Bytes()
	problems, err := promlint.New(bytes.NewReader(text)).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)
	lines := strings.Split(string(text), "\n")
	for _, want := range []string{
		`scheduler_schedule_attempts_total{profile="default-scheduler",result="scheduled"} 1`,
		`scheduler_schedule_attempts_total{profile="default-scheduler",result="error"} 1`,
		`scheduler_schedule_attempts_total{profile="default-scheduler",result="unschedulable"} 1`,
		`workqueue_adds_total{name="scheduler"} 5`,
		`workqueue_retries_total{name="scheduler"} 2`,
		`workqueue_queue_duration_seconds_sum{name="scheduler"} 1`,
		`workqueue_depth{name="scheduler"} 3`,
		`leader_election_master_status{name="kube-scheduler"} 1`,
		`etcd_requests_total{group="",operation="create",resource="pods"} 1`,
		`etcd_request_errors_total{group="",operation="get",resource="pods"} 1`,
		`apiserver_current_inflight_requests{request_kind="mutating"} 0`,
		`apiserver_longrunning_requests{component="apiserver",group="",resource="pods",scope="cluster",subresource="",verb="WATCH",version="v1"} 1`,
		`apiserver_watch_cache_resource_version{group="apps",resource="replicasets"} 7`,
		`kubelet_running_pods 1`,
		`kubelet_running_containers{container_state="running"} 1`,
		`kubelet_runtime_operations_errors_total{operation_type="start_container"} 1`,
	} {
		require.True(t, slices.Contains(lines, want), "%s\nis not in\n%s", want, text)
	}
}

// Goal: the linter is a check. Method: it is given what it must refuse.
func TestLinterRefuses(t *testing.T) {
	problems, err := promlint.New(strings.NewReader("# TYPE requests counter\nrequests 1\n")).Lint()
	require.NoError(t, err)
	require.NotEmpty(t, problems)
}

// Goal: without a Registry every seam is as it was. Method: each is given a nil one, and allocations are counted.
func TestNothingWithoutARegistry(t *testing.T) {
	var r *Registry
	s, engine := store.Store(memory.New()), runtime.Runtime(pods{})
	require.Same(t, s, r.Store(s))
	require.Equal(t, engine, r.Runtime(engine))
	require.Nil(t, r.Requests())
	require.Nil(t, r.Loops(true))
	require.Nil(t, r.Web())
	require.Zero(t, testing.AllocsPerRun(10, func() { r.Store(s); r.Loops(true).Leads("a", true) }))
}

// Goal: an address that cannot be listened on is refused in one line that names the flag; one that can is served, and free again after the end.
// Method: the same port is taken twice at once, then again.
func TestStart(t *testing.T) {
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := probe.Addr().String()
	_, _, err = Start(t.Context(), address)
	require.EqualError(t, err, "--metrics-address "+address+" is in use")
	require.EqualError(t, Free(address), "--metrics-address "+address+" is in use")
	require.NoError(t, probe.Close())
	_, _, err = Start(t.Context(), "10259")
	require.EqualError(t, err, `--metrics-address "10259": must be IP:PORT`)

	r, stop, err := Start(t.Context(), "")
	require.NoError(t, err)
	require.Nil(t, r)
	stop()

	_, stop, err = Start(t.Context(), address)
	require.NoError(t, err)
	answer, err := http.Get("http://" + address + "/metrics")
	require.NoError(t, err)
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Contains(t, string(text), "\ngo_goroutines ")
	require.Contains(t, string(text), "\nprocess_open_fds ")
	stop()
	require.NoError(t, Free(address))
}
