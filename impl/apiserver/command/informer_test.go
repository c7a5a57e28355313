package command

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/retry"

	"orrery/impl/api"
	"orrery/impl/store"
)

// Goal: unmodified client-go sees what its contracts promise. Method: clientsets and informers of the module's version
// against servers over one store, whose own log says what really happened.

func (c *cluster) clientset(contentType string) kubernetes.Interface {
	config := rest.CopyConfig(c.rest())
	config.ContentType = contentType
	config.AcceptContentTypes = contentType
	set, err := kubernetes.NewForConfig(config)
	require.NoError(c.t, err)
	return set
}

func newConfigMap(name, value string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{"key": value}}
}

func TestClientset(t *testing.T) {
	c := newCluster(t)
	c.start()
	for _, contentType := range []string{runtime.ContentTypeJSON, runtime.ContentTypeProtobuf} {
		t.Run(contentType, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			maps := c.clientset(contentType).CoreV1().ConfigMaps("default")
			created, err := maps.Create(ctx, newConfigMap("a", "1"), metav1.CreateOptions{})
			require.NoError(t, err)
			require.NotEmpty(t, created.UID)
			_, err = maps.Create(ctx, newConfigMap("a", "1"), metav1.CreateOptions{})
			require.True(t, apierrors.IsAlreadyExists(err), "%v", err)

			stale := created.DeepCopy()
			created.Data["key"] = "2"
			updated, err := maps.Update(ctx, created, metav1.UpdateOptions{})
			require.NoError(t, err)
			_, err = maps.Update(ctx, stale, metav1.UpdateOptions{})
			require.True(t, apierrors.IsConflict(err), "%v", err)
			patched, err := maps.Patch(ctx, "a", types.StrategicMergePatchType, []byte(`{"data":{"more":"x"}}`), metav1.PatchOptions{})
			require.NoError(t, err)
			require.Equal(t, map[string]string{"key": "2", "more": "x"}, patched.Data)
			require.NotEqual(t, updated.ResourceVersion, patched.ResourceVersion)

			got, err := maps.Get(ctx, "a", metav1.GetOptions{})
			require.NoError(t, err)
			require.Equal(t, patched.Data, got.Data)
			list, err := maps.List(ctx, metav1.ListOptions{})
			require.NoError(t, err)
			require.Len(t, list.Items, 1)

			opened, err := maps.Watch(ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion})
			require.NoError(t, err)
			defer opened.Stop()
			require.NoError(t, maps.Delete(ctx, "a", metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(got.UID))}))
			event := <-opened.ResultChan()
			require.EqualValues(t, "DELETED", event.Type)
			require.Equal(t, got.Data, event.Object.(*corev1.ConfigMap).Data)
			_, err = maps.Get(ctx, "a", metav1.GetOptions{})
			require.True(t, apierrors.IsNotFound(err), "%v", err)
			require.NoError(t, maps.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}))
		})
	}
}

// state is one version of an object, or its deletion.
type state struct {
	version string
	deleted bool
}

// history is what happened to each object, in order.
type history struct {
	mutex  sync.Mutex
	states map[string][]state
}

func (h *history) add(name string, s state) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.states[name] = append(h.states[name], s)
}

// follow records what the store really holds.
func (h *history) follow(t *testing.T, s store.Store, r *api.Resource) {
	stop, err := s.Watch(context.Background(), r.Root("default"), 0, func(response store.WatchResponse) {
		for _, change := range response.Changes {
			_, _, name, _ := api.ByKey(change.KV.Key)
			h.add(name, state{version: api.FormatResourceVersion(change.KV.Mod), deleted: change.Deleted})
		}
	})
	require.NoError(t, err)
	t.Cleanup(stop)
}

// subsequence reports whether every state seen is one of the truth's, in order. A deletion is seen without its version.
func subsequence(seen, truth []state) error {
	at := 0
	for _, s := range seen {
		for at < len(truth) && truth[at] != s && !(s.deleted && truth[at].deleted) {
			at++
		}
		if at == len(truth) {
			return fmt.Errorf("saw %v, of which %v is not, or not then, in %v", seen, s, truth)
		}
		at++
	}
	return nil
}

func TestSubsequence(t *testing.T) {
	truth := []state{{version: "1"}, {version: "2"}, {"3", true}, {version: "4"}}
	require.NoError(t, subsequence([]state{{version: "1"}, {version: "4"}}, truth))
	require.NoError(t, subsequence([]state{{version: "2"}, {deleted: true}}, truth))
	require.Error(t, subsequence([]state{{version: "2"}, {version: "1"}}, truth))
	require.Error(t, subsequence([]state{{version: "5"}}, truth))
	require.Error(t, subsequence([]state{{deleted: true}, {deleted: true}}, truth))
}

// TestInformerAcrossRestarts: whatever an informer shows of an object are states it had, in their order, and in the end it
// shows what there is; the server it watches is stopped and started under it.
func TestInformerAcrossRestarts(t *testing.T) {
	c := newCluster(t)
	var access lockedBuffer
	c.access = log.New(&access, "", 0)
	stop := c.start()
	resource, _ := api.ByName("configmaps")
	truth, seen := &history{states: map[string][]state{}}, &history{states: map[string][]state{}}
	truth.follow(t, c.store, resource)

	set := c.clientset(runtime.ContentTypeProtobuf)
	factory := informers.NewSharedInformerFactoryWithOptions(set, 0, informers.WithNamespace("default"))
	informer := factory.Core().V1().ConfigMaps().Informer()
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(obj any) {
			seen.add(obj.(*corev1.ConfigMap).Name, state{version: obj.(*corev1.ConfigMap).ResourceVersion})
		},
		UpdateFunc: func(old, obj any) {
			if before, after := old.(*corev1.ConfigMap), obj.(*corev1.ConfigMap); before.ResourceVersion != after.ResourceVersion {
				seen.add(after.Name, state{version: after.ResourceVersion})
			}
		},
		DeleteFunc: func(obj any) {
			key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(obj)
			require.NoError(t, err)
			_, name, _ := cache.SplitMetaNamespaceKey(key)
			seen.add(name, state{deleted: true})
		},
	})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	factory.StartWithContext(ctx)
	defer factory.Shutdown()
	defer cancel()
	require.True(t, cache.WaitForCacheSync(ctx.Done(), informer.HasSynced))

	for round := range 3 {
		for i := range 40 {
			change(ctx, t, set, fmt.Sprintf("m%d", i%7), fmt.Sprintf("%d-%d", round, i), i%5 == 4)
		}
		if round < 2 {
			stop()
			stop = c.start()
		}
	}
	final, err := set.CoreV1().ConfigMaps("default").List(ctx, metav1.ListOptions{})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return same(final.Items, informer.GetStore()) }, 30*time.Second, 5*time.Millisecond,
		"the informer does not end at what the store holds")
	truth.mutex.Lock()
	defer truth.mutex.Unlock()
	seen.mutex.Lock()
	defer seen.mutex.Unlock()
	require.Len(t, seen.states, 7)
	for name, states := range seen.states {
		require.NoError(t, subsequence(states, truth.states[name]), name)
	}
	require.Contains(t, access.String(), "sendInitialEvents=true", "the reflector was to begin with a watch, not a list")
}

// change creates, updates or deletes one object, again and again while the server is not there. Which of its writes were
// done is not asked: the store's log knows.
func change(ctx context.Context, t *testing.T, set kubernetes.Interface, name, value string, remove bool) {
	maps := set.CoreV1().ConfigMaps("default")
	backoff := wait.Backoff{Duration: 5 * time.Millisecond, Steps: 1000}
	err := retry.OnError(backoff, func(error) bool { return ctx.Err() == nil }, func() error {
		if remove {
			return client(maps.Delete(ctx, name, metav1.DeleteOptions{}))
		}
		found, err := maps.Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			_, err = maps.Create(ctx, newConfigMap(name, value), metav1.CreateOptions{})
			return err
		}
		if err != nil {
			return err
		}
		found.Data["key"] = value
		_, err = maps.Update(ctx, found, metav1.UpdateOptions{})
		return err
	})
	require.NoError(t, err)
}

// client is err unless it says that there was nothing to do.
func client(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func same(items []corev1.ConfigMap, cached cache.Store) bool {
	if len(items) != len(cached.ListKeys()) {
		return false
	}
	for _, item := range items {
		obj, ok, _ := cached.GetByKey(item.Namespace + "/" + item.Name)
		if !ok || obj.(*corev1.ConfigMap).ResourceVersion != item.ResourceVersion {
			return false
		}
	}
	return true
}

type lockedBuffer struct {
	mutex  sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.String()
}
