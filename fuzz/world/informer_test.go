package world

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"

	"orrery/impl/host"
)

// watched are the resources of the informers.
var watched = []string{"configmaps", "nodes", "pods"}

// Bounds of the writer: rounds before the API server is killed and after it is back, and what it writes to.
const (
	rounds    = 60
	names     = 5
	writeTime = 5 * time.Second
)

// Goal: an informer, unmodified, keeps its promise across the kill of its API server: of every object it sees some of its
// states, each as the store has it and in the store's order, and in the end what the store holds. Method: what the informers
// are told against what etcd tells who watches it directly, while config maps are written and a replication controller's pods
// come and go.
func TestInformer(t *testing.T) {
	c := up(t, "--workers", "1")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	truth := c.watchStore(ctx)
	config, err := clientcmd.BuildConfigFromFlags("", c.kubeconfig)
	require.NoError(t, err)
	factory := informers.NewSharedInformerFactory(kubernetes.NewForConfigOrDie(config), 0)
	config = rest.CopyConfig(config)
	config.Timeout, config.QPS = writeTime, -1
	writer := kubernetes.NewForConfigOrDie(config)
	seen := &sightings{of: map[string][]state{}}
	stores := map[string]cache.Store{}
	for resource, informer := range map[string]cache.SharedIndexInformer{
		"configmaps": factory.Core().V1().ConfigMaps().Informer(),
		"nodes":      factory.Core().V1().Nodes().Informer(),
		"pods":       factory.Core().V1().Pods().Informer(),
	} {
		_, err := informer.AddEventHandler(seen.handler())
		require.NoError(t, err)
		stores[resource] = informer.GetStore()
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(c.bounded().Done())

	c.write("web.yaml", replicas)
	c.kubectl("create", "-f", "web.yaml")
	c.writeMaps(ctx, writer, "before")
	old := c.on("control-1", host.APIServer)
	require.Len(t, old, 1)
	require.NoError(t, syscall.Kill(old[0], syscall.SIGKILL)) // and on it goes, while it is away
	c.writeMaps(ctx, writer, "after")
	c.eventually("scale", "rc", "web", "--replicas=1")
	c.eventually("wait", "--for=jsonpath={.status.readyReplicas}=1", "rc/web", "--timeout=30s")

	c.await(func() (bool, string) { return truth.equals(stores) })
	require.NoError(t, truth.explains(seen))
	updates, deletes := seen.counts()
	require.Greater(t, updates, names, "vacuous")
	require.Greater(t, deletes, names, "vacuous")
	t.Logf("%d states in the store, of which the informers saw %d updates and %d deletions", truth.length(), updates, deletes)
}

// writeMaps creates, updates and deletes a few config maps again and again. A write that fails is made again, unless it was
// carried out after all.
func (c *cluster) writeMaps(ctx context.Context, client kubernetes.Interface, phase string) {
	maps := client.CoreV1().ConfigMaps("default")
	for i := range rounds {
		name := fmt.Sprintf("map-%d", i%names)
		object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{phase: fmt.Sprint(i)}}
		c.await(func() (bool, string) {
			var err error
			switch i / names % 4 {
			case 0:
				_, err = maps.Create(ctx, object, metav1.CreateOptions{})
			case 3:
				err = maps.Delete(ctx, name, metav1.DeleteOptions{})
			default:
				_, err = maps.Update(ctx, object, metav1.UpdateOptions{})
			}
			done := err == nil || apierrors.IsAlreadyExists(err) || apierrors.IsNotFound(err)
			return done, fmt.Sprint(err)
		})
	}
}
