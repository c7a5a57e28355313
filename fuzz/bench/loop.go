package bench

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"orrery/impl/api"
	"orrery/impl/apiserver/pki"
	"orrery/impl/client"
	"orrery/impl/control"
	"orrery/impl/host"
	"orrery/impl/host/process"
)

// asker asks the API server as a component does: by the same client, over one connection, with as many requests at once as a loop may have in flight.
type asker struct{ transport *client.HTTP }

// atOnce is how many requests those send at once who are compared with a loop.
const atOnce = control.DefaultInFlight

func (p *pair) newAsker() (*asker, error) {
	target, err := url.Parse(p.apiURL)
	if err != nil {
		return nil, err
	}
	transport, err := client.NewHTTP(client.Server{Name: "bench", URL: target, TLS: p.tls.Clone()})
	return &asker{transport}, err
}

// asked starts a pair with an asker and the namespace, and ends both after what is measured.
func asked(ctx context.Context, dir string, flags []string, measure func(*pair, *asker) ([]Row, error)) (rows []Row, err error) {
	p, err := startPair(ctx, dir, flags...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	a, err := p.newAsker()
	if err != nil {
		return nil, err
	}
	defer a.close()
	if _, err := a.create(ctx, "namespaces", &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}); err != nil {
		return nil, err
	}
	return measure(p, a)
}

func (a *asker) close() { a.transport.Close() }

// served is one that is served.
func served(name string) *api.Resource {
	r, ok := api.ByName(name)
	if !ok {
		panic("bench: there are no " + name)
	}
	return r
}

func (a *asker) create(ctx context.Context, name string, obj metav1.Object) (runtime.Object, error) {
	answer, err := a.transport.Do(ctx, api.Request{Verb: api.Create, Resource: served(name), Namespace: obj.GetNamespace(), Name: obj.GetName(), Object: obj.(runtime.Object)})
	return answer.Object, err
}

// clear deletes all pods of the namespace.
func (a *asker) clear(ctx context.Context) error {
	pods := served("pods")
	answer, err := a.transport.Do(ctx, api.Request{Verb: api.List, Resource: pods, Namespace: namespace})
	if err != nil {
		return err
	}
	list, ok := answer.Object.(*corev1.PodList)
	if !ok {
		return fmt.Errorf("a list of pods was answered with %T", answer.Object)
	}
	if len(list.Items) == 0 {
		return nil
	}
	left := make(chan string, len(list.Items))
	for _, pod := range list.Items {
		left <- pod.Name
	}
	_, err = rate(ctx, atOnce, len(list.Items), func(ctx context.Context, _ int) error {
		_, err := a.transport.Do(ctx, api.Request{Verb: api.Delete, Resource: pods, Namespace: namespace, Name: <-left, Delete: &metav1.DeleteOptions{GracePeriodSeconds: new(int64(0))}})
		return err
	})
	return err
}

// watch opens a watch on the pods of the namespace with a label.
func (a *asker) watch(ctx context.Context, label string) (client.Stream, error) {
	return a.transport.Watch(ctx, api.Request{Resource: served("pods"), Namespace: namespace, Labels: label, Bookmarks: true})
}

// component starts one that runs loops, as itself and alone, against the pair's API server.
func (p *pair) component(name string, who pki.Subject, args ...string) (*process.Process, error) {
	authority, err := pki.Ensure(filepath.Join(p.dir, "pki"))
	if err != nil {
		return nil, err
	}
	kubeconfig := filepath.Join(p.dir, name+".kubeconfig")
	if err := authority.Kubeconfig(kubeconfig, name, who, pki.Cluster{Name: "bench", Server: p.apiURL}); err != nil {
		return nil, err
	}
	binary, err := host.Binary()
	if err != nil {
		return nil, err
	}
	started := process.New(process.Spec{Component: name, Machine: "bench", Namespace: ownNetwork, Path: binary,
		Args: append([]string{name, "--leader-elect=false", "--kubeconfig", kubeconfig}, args...), Log: filepath.Join(p.dir, name+".log")})
	return started, started.Start()
}

// beside does something while a component runs, and ends the component.
func beside(ctx context.Context, component *process.Process, do func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan struct{})
	go func() {
		select {
		case <-component.Exited():
			cancel(fmt.Errorf("%s ended: %s", component.Name(), component.LastLine()))
		case <-done:
		}
	}()
	err := do(ctx)
	close(done)
	if ctx.Err() != nil {
		err = errors.Join(context.Cause(ctx), err)
	}
	ending, stop := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer stop()
	return errors.Join(err, component.Terminate(ending))
}
