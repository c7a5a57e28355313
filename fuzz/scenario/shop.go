package scenario

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"orrery/fuzz/ask"
	"orrery/fuzz/workload"
	"orrery/impl/api"
	"orrery/impl/client"
	"orrery/impl/host/machine"
	"orrery/impl/trace"
)

// The requests of pods to the shop's service. Who asks is the runner, from within the network of a client pod: so it hangs on nothing but that pod's
// sandbox, whatever has become of kubelets, runtimes and API servers.
const (
	// hurry is how long a request may take under faults, well below the length of one; patience once they are healed.
	hurry, patience = 3 * time.Second, 15 * time.Second
	// askEvery is the mean pause between two requests of a client.
	askEvery = 100 * time.Millisecond
	// firstPort and ports are the client's own: below those that the kernel draws, and so many that none is used again for half an hour. A kernel
	// remembers connections, for minutes, and would lead the next one from that port to where the last one was led.
	firstPort, ports = 10_000, 20_000
	// lookAgain is the pause before a client pod is looked for again.
	lookAgain = 200 * time.Millisecond
	// opening bounds how long the clients may take to be refused for the first time.
	opening = 20 * time.Second
	// reopening bounds how long the shop may take to be given its pods, once all is healed.
	reopening = 30 * time.Second
)

// shop is the service that is asked, and who asks it.
type shop struct {
	run      *run
	address  string
	patience atomic.Int64
	refused  chan struct{} // a client was refused for the first time
	stop     context.CancelFunc
	clients  sync.WaitGroup
}

// openShop makes the service and its clients, and begins to ask. It returns when each client was refused once, as there is nobody to answer yet; what
// was not seen within some time is for the judge.
func (r *run) openShop(ctx context.Context, transport client.Transport) (*shop, error) {
	var workers []string
	for _, m := range r.cluster.Machines() {
		if m.Worker {
			workers = append(workers, m.Name)
		}
	}
	s := &shop{run: r, refused: make(chan struct{}, len(workers))}
	s.patience.Store(int64(hurry))
	bounded, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for _, req := range workload.OpenShop(workers) {
		if err := s.make(bounded, transport, req); err != nil {
			return nil, err
		}
	}
	asking, stop := context.WithCancel(ctx)
	s.stop = stop
	for i, worker := range workers {
		choose := rand.New(rand.NewPCG(r.config.Seed, uint64(200+i)))
		s.clients.Go(func() { s.client(asking, worker, choose) })
	}
	waiting, cancel := context.WithTimeout(ctx, opening)
	defer cancel()
	for range workers {
		select {
		case <-s.refused:
		case <-waiting.Done():
		}
	}
	return s, nil
}

// make creates an object, which is there when it returns. A pod must wait for its service account.
func (s *shop) make(ctx context.Context, transport client.Transport, req api.Request) error {
	for {
		response, err := once(ctx, transport, req)
		if apierrors.IsAlreadyExists(err) {
			response, err = once(ctx, transport, api.Request{Verb: api.Get, Resource: req.Resource, Namespace: req.Namespace, Name: req.Name})
		}
		if err == nil {
			if service, ok := response.Object.(*corev1.Service); ok {
				s.address = net.JoinHostPort(service.Spec.ClusterIP, fmt.Sprint(service.Spec.Ports[0].Port))
			}
			return nil
		}
		if sleep(ctx, lookAgain) != nil {
			return fmt.Errorf("%s %s could not be made: %w", req.Resource.Name, req.Name, err)
		}
	}
}

// once makes one request with a client's patience.
func once(ctx context.Context, transport client.Transport, req api.Request) (api.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return transport.Do(ctx, req)
}

// heal gives the service its pods, and the clients patience: from now on each request is to be answered.
func (s *shop) heal(ctx context.Context, transport client.Transport) {
	s.patience.Store(int64(patience))
	ctx, cancel := context.WithTimeout(ctx, reopening)
	defer cancel()
	for {
		if _, err := once(ctx, transport, workload.ScaleShop(workload.ShopReplicas)); err == nil || sleep(ctx, lookAgain) != nil {
			return // a shop that cannot be given pods is for the judge
		}
	}
}

// close ends the asking; requests that have begun are let finish.
func (s *shop) close() {
	s.stop()
	s.clients.Wait()
}

// client asks again and again from the client pod of a worker, until ctx ends.
func (s *shop) client(ctx context.Context, worker string, choose workload.Choices) {
	pause, first := lookAgain, true
	var uid, network string
	for port := 0; sleep(ctx, pause) == nil; port++ {
		if network == "" {
			looking, cancel := context.WithTimeout(ctx, hurry)
			var err error
			uid, network, err = s.run.cluster.Pod(looking, worker, workload.Shop, workload.ShopClient(worker))
			cancel()
			if pause = lookAgain; err != nil {
				continue // it does not run yet, or its runtime does not
			}
		}
		entered, outcome := s.ask(worker, uid, network, firstPort+port%ports)
		if !entered {
			network = "" // the pod is gone: there may be another
			continue
		}
		if outcome == trace.Failed && first {
			first = false
			s.refused <- struct{}{}
		}
		pause = askEvery/2 + time.Duration(choose.IntN(int(askEvery)))
	}
}

// ask makes one request and records it; false: it could not, as there is no such network any more.
func (s *shop) ask(worker, uid, network string, port int) (entered bool, outcome trace.Outcome) {
	r := &trace.Request{Node: worker, UID: uid, Service: workload.Shop + "/" + workload.Shop, Address: s.address, Outcome: trace.Unknown, Begin: trace.Monotonic()}
	deadline := time.Now().Add(time.Duration(s.patience.Load()))
	var conn net.Conn
	err := machine.In(network, func() (err error) {
		entered = true
		conn, err = ask.Open(s.address, port, deadline)
		return err
	})
	if !entered || ask.Own(err) {
		return entered, trace.Unknown // nothing was asked
	}
	refused := ask.Refused(err)
	if err == nil {
		r.Answer, err = ask.Who(conn)
	}
	switch {
	case err == nil:
		r.Outcome = trace.OK
	case refused:
		r.Outcome = trace.Failed
	case ask.TimedOut(err):
		r.Reason = trace.Timeout
	case ask.Unreachable(err):
		r.Reason = trace.Unreachable
	default:
		r.Reason = err.Error()
	}
	s.run.sink.Emit(trace.Line{Request: r})
	return true, r.Outcome
}
