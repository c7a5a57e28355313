package kubelet

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"orrery/impl/api"
	"orrery/impl/client"
	"orrery/impl/control"
)

func oneByOne() Config {
	cfg := Defaults
	cfg.OneByOne = true
	return cfg
}

// referring is a pod that has a secret as a volume and a config map in its environment.
func referring(name string) *corev1.Pod {
	from := corev1.EnvFromSource{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "c"}}}
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}, Spec: corev1.PodSpec{
		NodeName: "n1", Volumes: []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "s"}}},
			{Name: "w", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
				{Secret: &corev1.SecretProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "s"}}}}}}}},
		Containers: []corev1.Container{{Name: "main", Image: "img", EnvFrom: []corev1.EnvFromSource{from}}},
	}}
}

func (w *world) follows() (all []string) {
	for _, r := range w.local.followed() {
		all = append(all, r.index())
	}
	return all
}

// Goal: a kubelet reads what its pods refer to as long as they may need it, and nothing else. Method: pods that come, end and go, and a restart.
func TestWhatIsFollowed(t *testing.T) {
	w := newWorldOf(oneByOne())
	w.settle()
	require.Empty(t, w.follows())
	w.put("secrets", &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "s"}})
	w.put("secrets", &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "nobodys"}})
	w.put("configmaps", &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "c"}})
	w.put("pods", referring("a"))
	w.put("pods", referring("b"))
	w.settle()
	both := []string{"configmaps/default/c", "secrets/default/s"}
	require.Equal(t, both, w.follows())
	require.Contains(t, w.take(), "start container main")

	w.boot()
	w.settle()
	require.Equal(t, both, w.follows(), "a kubelet that is started anew reads them again")
	require.Equal(t, "nothing\n", w.take(), "and what runs goes on meanwhile")

	w.remove("a", 0)
	w.pass(time.Minute)
	require.Equal(t, both, w.follows(), "b refers to them still")
	w.change("b", func(pod *corev1.Pod) { pod.Status.Phase = corev1.PodFailed })
	w.pass(time.Minute)
	require.Empty(t, w.follows())
}

// Goal: until what a pod refers to has been read, the pod waits and nothing is said; where it is refused for long the pod shows that, and goes on as
// soon as it is allowed. Method: the answers are held back, then refused, then given.
func TestUnreadAndRefused(t *testing.T) {
	w := newWorldOf(oneByOne())
	w.refused = map[string]bool{}
	w.put("secrets", &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "s"}})
	w.put("configmaps", &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "c"}})

	in := func(secret, configMap error) Input {
		return Input{Pod: referring("p"), Refs: Lookup{
			ConfigMap: func(string) (*corev1.ConfigMap, error) { return &corev1.ConfigMap{}, configMap },
			Secret:    func(string) (*corev1.Secret, error) { return &corev1.Secret{}, secret },
		}}
	}
	d := decide(&w.cfg, in(errUnread, errUnread), w.now)
	require.Empty(t, d.Batches, "nothing is set up, and nothing is said")
	mounted := in(errUnread, errUnread)
	mounted.Pod = podFrom(t, "{metadata: {uid: u}, spec: {containers: [{name: app, envFrom: [{configMapRef: {name: c}}]}]}}")
	mounted.Seen = onNode()
	mounted.Seen.Memory.Volumes = volumesHash(t, mounted.Pod)
	d = decide(&w.cfg, mounted, w.now)
	require.Empty(t, d.Batches, "no container is made of what was not read")
	require.Equal(t, "ContainerCreating", d.Status.ContainerStatuses[0].State.Waiting.Reason)

	w.refused["secrets/default/s"], w.refused["configmaps/default/c"] = true, true
	w.put("pods", referring("p"))
	w.settle()
	w.pass(time.Second)
	require.NotContains(t, w.take(), "run sandbox")
	require.Contains(t, strings.Join(w.notes, "\n"),
		`FailedMount: MountVolume.SetUp failed for volume "v" : failed to sync secret cache: list secrets: s is forbidden`)

	delete(w.refused, "secrets/default/s")
	w.told = 0
	w.settle()
	require.Equal(t, "failed to sync configmap cache: list configmaps: c is forbidden", w.pod("p").Status.ContainerStatuses[0].State.Waiting.Message)

	delete(w.refused, "configmaps/default/c")
	w.told = 0
	w.settle()
	require.Contains(t, w.take(), "start container main")
	require.NotEqual(t, corev1.PodFailed, w.pod("p").Status.Phase)

	w.refused["configmaps/default/c"] = true
	w.told = 0
	w.settle()
	require.Equal(t, "nothing\n", w.take(), "what was read counts until something else is")
}

// library is a Transport of objects; its watches tell what is sent to them.
type library struct {
	mu      sync.Mutex
	there   map[string]metav1.Object
	refuse  int // so many lists
	asked   []string
	watches map[string]*watching
}

type watching struct {
	events chan api.WatchEvent
	ctx    context.Context
}

func (w *watching) Recv() (api.WatchEvent, error) {
	select {
	case e := <-w.events:
		return e, nil
	case <-w.ctx.Done():
		return api.WatchEvent{}, w.ctx.Err()
	}
}

func (w *watching) Close() {}

func nameOf(req api.Request) string {
	return req.Resource.Name + "/" + req.Namespace + "/" + req.Fields
}

func (l *library) Do(_ context.Context, req api.Request) (api.Response, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = append(l.asked, string(req.Verb)+" "+nameOf(req))
	if l.refuse > 0 {
		l.refuse--
		return api.Response{}, apierrors.NewForbidden(req.Resource.GR(), "", errors.New("no relationship found"))
	}
	list := &corev1.SecretList{ListMeta: metav1.ListMeta{ResourceVersion: "5"}}
	if obj, ok := l.there[nameOf(req)].(*corev1.Secret); ok {
		list.Items = append(list.Items, *obj)
	}
	return api.Response{Object: list}, nil
}

func (l *library) Watch(ctx context.Context, req api.Request) (client.Stream, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = append(l.asked, string(req.Verb)+" "+nameOf(req))
	w := &watching{make(chan api.WatchEvent), ctx}
	l.watches[nameOf(req)] = w
	return w, nil
}

func (l *library) opened(name string) *watching {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.watches[name]
}

// Goal: each reference is listed and watched by its name, again after a refusal, and no longer than it is followed. Method: a library that refuses
// at first, in a bubble of its own time.
func TestReadsOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		secret := func(rv string) *corev1.Secret {
			return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "d", Name: "s", UID: "u", ResourceVersion: rv}}
		}
		const name = "secrets/d/metadata.name=s"
		books := &library{there: map[string]metav1.Object{name: secret("4")}, refuse: patience + 1, watches: map[string]*watching{}}
		local := &Local{Config: oneByOne(), Now: time.Now}
		var last atomic.Pointer[Reference]
		local.Connect(func(_ string, _ int64, objects []metav1.Object) error {
			last.Store(nil)
			if len(objects) > 0 {
				last.Store(objects[0].(*Reference))
			}
			return nil
		})
		shown := last.Load
		ctx, cancel := context.WithCancel(t.Context())
		var reader sync.WaitGroup
		reader.Go(func() { local.refer(ctx, books, nil) })
		perform := func(all ...Refer) {
			local.Perform(ctx, control.Effect{Other: Follow{all}})
			synctest.Wait()
		}
		perform(Refer{sourceSecrets, "d", "s"})
		require.False(t, shown().Read)
		require.Empty(t, shown().Failure, "one refusal is no news")
		time.Sleep(client.ReflectBackoffBase << (patience - 1))
		synctest.Wait()
		require.False(t, shown().Read)
		require.Contains(t, shown().Failure, "no relationship found")
		time.Sleep(client.ReflectBackoffMax)
		synctest.Wait()
		require.True(t, shown().Read)
		require.Equal(t, "4", shown().Object.GetResourceVersion())

		books.opened(name).events <- api.WatchEvent{Type: watch.Modified, Object: secret("7")}
		synctest.Wait()
		require.Equal(t, "7", shown().Object.GetResourceVersion())
		books.opened(name).events <- api.WatchEvent{Type: watch.Deleted, Object: secret("8")}
		synctest.Wait()
		require.Nil(t, shown().Object)
		require.True(t, shown().Read)

		open := books.opened(name)
		perform()
		require.Nil(t, shown())
		require.Error(t, open.ctx.Err(), "nobody follows it any more")
		require.Equal(t, slices.Repeat([]string{"list " + name}, patience+2), books.asked[:patience+2])
		require.Equal(t, []string{"watch " + name}, books.asked[patience+2:])
		cancel()
		reader.Wait()
	})
}
