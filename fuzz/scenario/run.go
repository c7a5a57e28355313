package scenario

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/fuzz/nemesis"
	"orrery/fuzz/workload"
	"orrery/impl/api"
	"orrery/impl/client"
	"orrery/impl/host"
	"orrery/impl/store/observe"
	"orrery/impl/trace"
)

// run is one run on a cluster that is up.
type run struct {
	config  Config
	cluster *host.Cluster
	sink    *trace.File
	parts   string
	choose  *rand.Rand
	fail    context.CancelCauseFunc // ends the run

	observer *observe.Observer
	activity *activity
	end      int64 // what the trace contains ends here, on its clock
}

// phases makes the run, from setup to the end.
func (r *run) phases(ctx context.Context) error {
	observing, stop := context.WithCancel(ctx)
	defer stop()
	var background sync.WaitGroup
	defer background.Wait()
	defer stop()
	failed := make(chan error, 8)
	if err := r.observe(observing, &background, failed); err != nil {
		return err
	}
	transport, err := client.FromKubeconfig(r.cluster.Kubeconfig())
	if err != nil {
		return err
	}
	defer transport.Close()
	recorded := client.Recorded(transport, r.sink, "runner")
	if err := setUp(ctx, recorded); err != nil {
		return err
	}
	if err := r.static(ctx, recorded); err != nil {
		return err
	}
	shop, err := r.openShop(ctx, recorded)
	if err != nil {
		return err
	}
	defer shop.close()

	phase(r.sink, r.config.Progress, trace.Safety)
	if err := r.safety(ctx, failed); err != nil {
		return err
	}

	phase(r.sink, r.config.Progress, trace.Heal)
	if err := r.cluster.Heal(ctx); err != nil {
		return err
	}
	shop.heal(ctx, recorded)

	phase(r.sink, r.config.Progress, trace.Liveness)
	settled, err := r.settle(ctx)
	if err != nil {
		return err
	}
	if settled {
		phase(r.sink, r.config.Progress, trace.Settled)
		if err := sleep(ctx, looking); err != nil {
			return err
		}
	} else {
		tell(r.config.Progress, "nothing had settled after %v", bound)
	}
	shop.close()
	if err := r.complete(ctx); err != nil {
		return err
	}
	r.end = trace.Monotonic()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// setUp waits for the workers and makes the namespace of the workload.
func setUp(ctx context.Context, transport client.Transport) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	namespaces, nodes := served("namespaces"), served("nodes")
	create := api.Request{Verb: api.Create, Resource: namespaces, Name: workload.Namespace,
		Object: &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: workload.Namespace}}}
	for {
		_, err := transport.Do(ctx, create)
		if err == nil || apierrors.IsAlreadyExists(err) {
			break
		}
		if sleep(ctx, 200*time.Millisecond) != nil {
			return fmt.Errorf("the namespace %s could not be made: %w", workload.Namespace, err)
		}
	}
	for {
		response, err := transport.Do(ctx, api.Request{Verb: api.List, Resource: nodes})
		if err == nil && allReady(response) {
			return nil
		}
		if sleep(ctx, 200*time.Millisecond) != nil {
			return fmt.Errorf("the workers did not become Ready: %w", errors.Join(err, ctx.Err()))
		}
	}
}

func allReady(response api.Response) bool {
	list, ok := response.Object.(*corev1.NodeList)
	if !ok || len(list.Items) == 0 {
		return false
	}
	for _, node := range list.Items {
		ready := false
		for _, c := range node.Status.Conditions {
			ready = ready || c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
		}
		if !ready {
			return false
		}
	}
	return true
}

// safety lets clients, watchers and the nemesis work for the time of the phase, and on a slow machine until each kind of fault has
// had its turn, which takes overtime at most.
func (r *run) safety(parent context.Context, failed chan<- error) error {
	ctx, cancel := context.WithTimeout(parent, r.config.Time+overtime)
	defer cancel()
	var tasks sync.WaitGroup
	for i, kind := range kinds() {
		name := fmt.Sprintf("client-%d", i+1)
		choose := rand.New(rand.NewPCG(r.config.Seed, uint64(i+1)))
		tasks.Go(func() { r.client(ctx, workload.New(kind, name), choose) })
	}
	for i, what := range watched() {
		name := fmt.Sprintf("watcher-%d", i+1)
		choose := rand.New(rand.NewPCG(r.config.Seed, uint64(100+i)))
		tasks.Go(func() { r.watcher(ctx, name, what, choose) })
	}
	tasks.Go(func() {
		enough := time.After(r.config.Time)
		turned := func() {
			tasks.Go(func() {
				select {
				case <-enough:
					cancel()
				case <-ctx.Done():
				}
			})
		}
		progress := told{Sink: r.sink, to: r.config.Progress}
		world, done, err := r.world()
		if err == nil {
			defer done()
			err = nemesis.Run(ctx, world, r.config.Faults, pace(len(r.config.Faults), r.config.Time), r.choose, progress, turned)
		}
		if err != nil {
			failed <- err
			cancel()
		}
	})
	tasks.Wait()
	return context.Cause(parent)
}

// sleep waits, or returns the error of a context that ended first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func served(name string) *api.Resource {
	r, ok := api.ByName(name)
	if !ok {
		panic("scenario: " + name + " is not served")
	}
	return r
}
