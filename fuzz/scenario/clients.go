package scenario

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/fuzz/workload"
	"orrery/impl/api"
	"orrery/impl/client"
	"orrery/impl/trace"
)

// requestTimeout bounds a client's patience: well below the length of a fault, so that a client is not lost to one.
const requestTimeout = 3 * time.Second

// kinds are those of the clients that use the cluster.
func kinds() []workload.Kind {
	return []workload.Kind{
		workload.Registers, workload.Registers, workload.Registers, workload.Readers, workload.Readers,
		workload.Owners, workload.Meddlers, workload.Publishers, workload.Heirs,
		workload.Spaces, workload.Spaces, workload.Accounts, workload.Accounts, workload.Robots, workload.Shops,
	}
}

// client issues the requests of one workload client, at its pace, until ctx ends. A request that is under way then is
// let finish: what is cut off would be Unknown for no reason.
func (r *run) client(ctx context.Context, c *workload.Client, choose workload.Choices) {
	transport, err := r.transport(choose)
	if err != nil {
		return
	}
	defer transport.Close()
	recorded := client.Recorded(transport, r.sink, c.Name)
	for sleep(ctx, between(c, choose)) == nil {
		if c.Roams() {
			transport.Prefer(choose.IntN(len(r.cluster.Machines())))
		}
		req := c.Next(choose)
		asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
		response, err := recorded.Do(asking, req)
		cancel()
		c.Done(req, response, err)
	}
}

// between is the pause before the next request: the client's pace, half of it drawn.
func between(c *workload.Client, choose workload.Choices) time.Duration {
	mean := time.Minute / time.Duration(c.PerMinute())
	return mean/2 + time.Duration(choose.IntN(int(mean)))
}

// transport asks the API servers in turn, beginning with one that is drawn.
func (r *run) transport(choose workload.Choices) (*client.HTTP, error) {
	transport, err := client.FromKubeconfig(r.cluster.Kubeconfig())
	if err != nil {
		return nil, err
	}
	transport.Prefer(choose.IntN(len(r.cluster.Machines())))
	return transport, nil
}

// watched are the watches that the run keeps open besides those of the components: whole resources, and objects that
// come to match a selector and cease to.
func watched() []api.Request {
	work := func(resource, labels, fields string) api.Request {
		return api.Request{Verb: api.Watch, Resource: served(resource), Namespace: workload.Namespace, Labels: labels, Fields: fields, Bookmarks: true}
	}
	return []api.Request{
		{Verb: api.Watch, Resource: served("namespaces"), Bookmarks: true},
		work("configmaps", "", ""),
		work("configmaps", "colour=red", ""),
		work("pods", "", "status.phase=Running"),
		work("pods", "app in (web,api)", ""),
	}
}

// watcher keeps a watch open: it resumes where it stopped, and begins anew with a list where that is gone.
func (r *run) watcher(ctx context.Context, name string, what api.Request, choose *rand.Rand) {
	transport, err := r.transport(choose)
	if err != nil {
		return
	}
	defer transport.Close()
	recorded := client.Recorded(transport, r.sink, name)
	client.Reflect(ctx, impatient{recorded, choose}, client.NewReflector(what), client.Observer{
		List:  func(int64, []metav1.Object) error { return nil },
		Event: func(api.WatchEvent) error { return nil },
	})
}

// impatient closes its watches after a while, so that resuming is seen often.
type impatient struct {
	client.Transport
	choose *rand.Rand
}

// Watch opens a watch that lasts some seconds.
func (i impatient) Watch(ctx context.Context, req api.Request) (client.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(2+i.choose.IntN(10))*time.Second)
	stream, err := i.Transport.Watch(ctx, req)
	if err != nil {
		cancel()
		return nil, err
	}
	return &limited{stream, cancel}, nil
}

type limited struct {
	client.Stream
	cancel context.CancelFunc
}

func (l *limited) Close() {
	l.Stream.Close()
	l.cancel()
}

// told is a sink that also tells a person of the faults.
type told struct {
	trace.Sink
	to io.Writer
}

// Emit passes the line on.
func (t told) Emit(l trace.Line) {
	t.Sink.Emit(l)
	if f := l.Fault; f != nil && f.State == "begin" {
		tell(t.to, "  fault %-5s %s of %s", f.ID, f.Kind, f.Target)
	} else if f != nil {
		tell(t.to, "  healed %-4s %s", f.ID, effects(f))
	}
}

func effects(f *trace.Fault) string {
	if !f.Bit {
		return "without an effect that was seen"
	}
	return fmt.Sprint(f.Effect)[len("map"):]
}
