package request_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"orrery/impl/api"
	"orrery/impl/apiserver/cache"
	"orrery/impl/apiserver/registry"
	"orrery/impl/apiserver/request"
	"orrery/impl/store"
)

var services, _ = api.ByName("services")

func smallRanges(t require.TestingT) registry.Ranges {
	ranges, err := registry.ParseRanges("10.96.0.0/29", "30000-30003")
	require.NoError(t, err)
	return ranges
}

// addresses are two API servers over one store, taken apart, and their requests.
type addresses struct {
	t       require.TestingT
	servers [2]*world
	ranges  registry.Ranges
	issued  int
	open    []*addressed
	ghosts  []request.Op // writes whose answers were lost, and that have not landed
	leaks   [2]*request.Leaks
}

type addressed struct {
	m      *request.Machine
	server int
}

func newAddresses(t require.TestingT) *addresses {
	first := newWorld(t, 8)
	second := &world{t: t, store: first.store, set: cache.NewSet(8)}
	a := &addresses{t: t, servers: [2]*world{first, second}, ranges: smallRanges(t), leaks: [2]*request.Leaks{{}, {}}}
	l, err := first.store.List(context.Background(), cache.Root, store.ListOptions{})
	require.NoError(t, err)
	require.NoError(t, second.set.ObserveList(l.Revision, l.KVs))
	_, err = first.store.Watch(context.Background(), cache.Root, l.Revision, func(r store.WatchResponse) { second.pending = append(second.pending, r) })
	require.NoError(t, err)
	return a
}

func (a *addresses) env() registry.Env {
	a.issued++
	return registry.Env{Now: metav1.Unix(1700000000, 0), UID: types.UID(fmt.Sprintf("uid-%d", a.issued)), Suffix: fmt.Sprintf("%05d", a.issued), Ranges: a.ranges}
}

func (a *addresses) begin(server int, req api.Request) *addressed {
	o := &addressed{request.New(req, a.servers[server], a.env), server}
	a.open = append(a.open, o)
	return o
}

func (a *addresses) do(server int, req api.Request) (*corev1.Service, error) {
	r := a.servers[server].finish(request.New(req, a.servers[server], a.env))
	a.check()
	svc, _ := r.Response.Object.(*corev1.Service)
	return svc, r.Err
}

// live are the Services in the store, and claims what it says of addresses.
func (a *addresses) live() (live []*corev1.Service, claims map[registry.Address]string) {
	claims = map[registry.Address]string{}
	l, err := a.servers[0].store.List(context.Background(), cache.Root, store.ListOptions{})
	require.NoError(a.t, err)
	for _, kv := range l.KVs {
		if address, ok := strings.CutPrefix(kv.Key, registry.AddressRoot); ok {
			claims[registry.Address(address)] = string(kv.Value)
		} else if strings.HasPrefix(kv.Key, services.Root("")) {
			item, err := cache.Decode(kv)
			require.NoError(a.t, err)
			live = append(live, item.Object.(*corev1.Service))
		}
	}
	return live, claims
}

// check is row 30, and what keeps it.
func (a *addresses) check() map[registry.Address]string {
	live, claims := a.live()
	has := map[registry.Address]string{}
	for _, svc := range live {
		for _, address := range registry.AddressesOf(svc) {
			require.Empty(a.t, has[address], "row 30: %s is %s's and %s's", address, has[address], svc.Name)
			has[address] = services.Key(svc.Namespace, svc.Name)
			require.Equal(a.t, has[address], claims[address], "the claim of %s", address)
		}
		wants := svc.Spec.Type != corev1.ServiceTypeExternalName && svc.Spec.ClusterIP != "None"
		require.Equal(a.t, wants, len(svc.Spec.ClusterIPs) == 1 && svc.Spec.ClusterIPs[0] == svc.Spec.ClusterIP && svc.Spec.ClusterIP != "None", "%v", svc.Spec)
		require.NotEqual(a.t, a.ranges.KubernetesIP(), svc.Spec.ClusterIP)
	}
	return has
}

func service(name string, kind corev1.ServiceType, change ...func(*corev1.Service)) *corev1.Service {
	svc := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}, Spec: corev1.ServiceSpec{Type: kind, Ports: []corev1.ServicePort{{Port: 80}}}}
	if kind == corev1.ServiceTypeExternalName {
		svc.Spec.ExternalName = "elsewhere.example"
	}
	for _, c := range change {
		c(svc)
	}
	return svc
}

func of(verb api.Verb, svc *corev1.Service) api.Request {
	req := api.Request{Verb: verb, Resource: services, Namespace: svc.Namespace, Name: svc.Name}
	if verb != api.Delete {
		req.Object = svc
	}
	return req
}

func at(ip string) func(*corev1.Service) {
	return func(svc *corev1.Service) { svc.Spec.ClusterIP = ip }
}

var serviceTypes = []corev1.ServiceType{corev1.ServiceTypeClusterIP, corev1.ServiceTypeClusterIP, corev1.ServiceTypeNodePort, corev1.ServiceTypeLoadBalancer, corev1.ServiceTypeExternalName}

// request draws a request of a client.
func (a *addresses) request(t *rapid.T) {
	if len(a.open) == 5 {
		t.Skip()
	}
	svc := service(rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "name"), rapid.SampledFrom(serviceTypes).Draw(t, "type"))
	if rapid.IntRange(0, 3).Draw(t, "finalizer") == 0 {
		svc.Finalizers = []string{"x/1"}
	}
	verb := rapid.SampledFrom([]api.Verb{api.Create, api.Create, api.Update, api.Update, api.Delete}).Draw(t, "verb")
	if verb == api.Create {
		if svc.Spec.Type != corev1.ServiceTypeExternalName {
			svc.Spec.ClusterIP = rapid.SampledFrom([]string{"", "", "None", "10.96.0.2", "10.96.0.3"}).Draw(t, "ip")
		}
		if rapid.IntRange(0, 3).Draw(t, "generated") == 0 {
			svc.Name, svc.GenerateName = "", "g"
		}
	}
	if svc.Spec.Type == corev1.ServiceTypeNodePort {
		svc.Spec.Ports[0].NodePort = rapid.SampledFrom([]int32{0, 30000, 30001}).Draw(t, "port")
	}
	if svc.Spec.Type == corev1.ServiceTypeLoadBalancer {
		svc.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal
	}
	a.begin(rapid.IntRange(0, 1).Draw(t, "server"), of(verb, svc))
}

// repair begins a pass of a server that looks for leaks.
func (a *addresses) repair(t *rapid.T) {
	if len(a.open) == 5 {
		t.Skip()
	}
	server := rapid.IntRange(0, 1).Draw(t, "server")
	a.open = append(a.open, &addressed{a.leaks[server].Pass(a.servers[server]), server})
}

// step carries out one operation of one request, or loses it, or its answer.
func (a *addresses) step(t *rapid.T) {
	if len(a.open) == 0 {
		t.Skip()
	}
	o := a.open[rapid.IntRange(0, len(a.open)-1).Draw(t, "request")]
	op, result := o.m.Next()
	if result == nil {
		o.m.Done(a.outcome(t, o, op))
		_, result = o.m.Next()
	}
	if result != nil {
		a.open = slices.DeleteFunc(a.open, func(other *addressed) bool { return other == o })
	}
}

func (a *addresses) outcome(t *rapid.T, o *addressed, op request.Op) request.Answer {
	writes := op.Kind == request.Put || op.Kind == request.Delete
	switch rapid.IntRange(0, 15).Draw(t, "fault") {
	case 0:
		return request.Answer{Err: store.ErrUnavailable}
	case 1:
		if writes {
			a.ghosts = append(a.ghosts, op)
		}
		return request.Answer{Err: store.ErrUnknown}
	case 2:
		a.servers[o.server].perform(op)
		return request.Answer{Err: store.ErrUnknown}
	}
	return a.servers[o.server].perform(op)
}

// crash ends a server's requests wherever they are; what each has last asked of the store may land later.
func (a *addresses) crash(t *rapid.T) {
	server := rapid.IntRange(0, 1).Draw(t, "server")
	a.open = slices.DeleteFunc(a.open, func(o *addressed) bool {
		if op, result := o.m.Next(); o.server == server && result == nil && (op.Kind == request.Put || op.Kind == request.Delete) {
			a.ghosts = append(a.ghosts, op)
		}
		return o.server == server
	})
	a.leaks[server] = &request.Leaks{}
}

func (a *addresses) land(t *rapid.T) {
	if len(a.ghosts) == 0 {
		t.Skip()
	}
	i := rapid.IntRange(0, len(a.ghosts)-1).Draw(t, "ghost")
	a.servers[0].perform(a.ghosts[i])
	a.ghosts = slices.Delete(a.ghosts, i, i+1)
}

func (a *addresses) deliver(t *rapid.T) {
	w := a.servers[rapid.IntRange(0, 1).Draw(t, "server")]
	if len(w.pending) == 0 {
		t.Skip()
	}
	w.deliver()
}

// recover ends everything, and has a server look for leaks twice.
func (a *addresses) recover() {
	for _, o := range a.open {
		a.servers[o.server].finish(o.m)
		a.check()
	}
	for _, op := range a.ghosts {
		a.servers[0].perform(op)
		a.check()
	}
	for range 2 {
		a.servers[0].catchUp()
		require.NoError(a.t, a.servers[0].finish(a.leaks[0].Pass(a.servers[0])).Err)
	}
}

// Goal: row 30 at every revision, and that no address is lost for ever, whatever the order in which the operations of two
// servers reach the store, whatever their caches have seen, and wherever requests break off. Method: requests are stepped
// among each other, among passes for leaks, crashes and late writes; after each step what the store holds is judged, and in
// the end the claims are those of the live Services and no more.
func TestAddressesAreUniqueAndNotLost(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a := newAddresses(rt)
		rt.Repeat(map[string]func(*rapid.T){
			"": func(*rapid.T) { a.check() }, "request": a.request, "request ": a.request, "step": a.step, "step ": a.step, "step  ": a.step, "step   ": a.step,
			"deliver": a.deliver, "land": a.land, "repair": a.repair, "crash": a.crash,
		})
		a.recover()
		has := a.check()
		_, claims := a.live()
		require.Equal(rt, has, claims, "claims that are nobody's are gone")
	})
}

// Goal: an address that a request has taken, and then not used, is free at once, without a repair. Method: creates that are refused
// after they took one, and what there is in the store afterwards.
func TestARefusedCreateLeavesNoClaim(t *testing.T) {
	a := newAddresses(t)
	svc, err := a.do(0, of(api.Create, service("a", corev1.ServiceTypeNodePort)))
	require.NoError(t, err)
	_, err = a.do(1, of(api.Create, service("a", corev1.ServiceTypeNodePort)))
	require.True(t, apierrors.IsAlreadyExists(err), "%v", err)
	_, claims := a.live()
	require.Len(t, claims, 2)
	_, err = a.do(1, of(api.Delete, svc))
	require.NoError(t, err)
	_, claims = a.live()
	require.Empty(t, claims)
}

// Goal: A17: a Service that is being deleted and that a finalizer keeps keeps its address, whoever looks for leaks; it is free
// when the last finalizer goes. Method: the story.
func TestAFinalizerKeepsTheAddress(t *testing.T) {
	a := newAddresses(t)
	svc, err := a.do(0, of(api.Create, service("a", corev1.ServiceTypeClusterIP, at("10.96.0.2"), func(svc *corev1.Service) { svc.Finalizers = []string{"x/1"} })))
	require.NoError(t, err)
	_, err = a.do(0, of(api.Delete, svc))
	require.NoError(t, err)
	a.recover()
	_, err = a.do(1, of(api.Create, service("b", corev1.ServiceTypeClusterIP, at("10.96.0.2"))))
	require.ErrorContains(t, err, `spec.clusterIPs: Invalid value: ["10.96.0.2"]: failed to allocate IP 10.96.0.2: provided IP is already allocated`)
	_, err = a.do(1, of(api.Update, service("a", corev1.ServiceTypeClusterIP)))
	require.NoError(t, err)
	_, err = a.do(1, of(api.Create, service("b", corev1.ServiceTypeClusterIP, at("10.96.0.2"))))
	require.NoError(t, err)
}

// Goal: a change of type takes and releases, a dry run takes nothing, a full range is said to be full. Method: the story, and what
// is claimed after each chapter.
func TestTypesTakeAndRelease(t *testing.T) {
	a := newAddresses(t)
	count := func() int {
		_, claims := a.live()
		return len(claims)
	}
	dry := of(api.Create, service("a", corev1.ServiceTypeNodePort))
	dry.DryRun = true
	svc, err := a.do(0, dry)
	require.NoError(t, err)
	require.NotEmpty(t, svc.Spec.ClusterIP)
	require.Zero(t, count())
	for _, step := range []struct {
		verb   api.Verb
		kind   corev1.ServiceType
		claims int
	}{
		{api.Create, corev1.ServiceTypeClusterIP, 1}, {api.Update, corev1.ServiceTypeNodePort, 2}, {api.Update, corev1.ServiceTypeExternalName, 0},
		{api.Update, corev1.ServiceTypeLoadBalancer, 2}, {api.Update, corev1.ServiceTypeClusterIP, 1}, {api.Delete, "", 0},
	} {
		_, err := a.do(1, of(step.verb, service("a", step.kind)))
		require.NoError(t, err)
		require.Equal(t, step.claims, count(), "%s %s", step.verb, step.kind)
	}
	for i := range 5 {
		_, err := a.do(0, of(api.Create, service(fmt.Sprint("s", i), corev1.ServiceTypeClusterIP)))
		require.NoError(t, err)
	}
	_, err = a.do(0, of(api.Create, service("s", corev1.ServiceTypeClusterIP)))
	require.True(t, apierrors.IsServiceUnavailable(err))
	require.ErrorContains(t, err, "failed to allocate a serviceIP: range is full")
}

// Goal: only a write of the Service itself gives it addresses. Method: one that was stored by a server without ranges is given a status.
func TestAStatusTakesNoAddress(t *testing.T) {
	a := newAddresses(t)
	ranges := a.ranges
	a.ranges = registry.Ranges{}
	w := a.servers[0]
	require.NoError(t, w.finish(request.New(of(api.Create, service("a", corev1.ServiceTypeClusterIP)), w, a.env)).Err)
	a.ranges = ranges
	req := of(api.Update, service("a", corev1.ServiceTypeClusterIP, func(svc *corev1.Service) {
		svc.Status.Conditions = []metav1.Condition{{Type: "x/Seen", Status: metav1.ConditionTrue, Reason: "Seen", LastTransitionTime: metav1.Unix(1, 0)}}
	}))
	req.Subresource = "status"
	r := w.finish(request.New(req, w, a.env))
	require.NoError(t, r.Err)
	require.Len(t, r.Response.Object.(*corev1.Service).Status.Conditions, 1)
	require.Empty(t, r.Response.Object.(*corev1.Service).Spec.ClusterIP)
}

// claimed is a create of server 0 that has its claim and is about to be written, and the claim's key.
func (a *addresses) claimed(svc *corev1.Service) (o *addressed, claim string) {
	o = a.begin(0, of(api.Create, svc))
	for {
		op, result := o.m.Next()
		require.Nil(a.t, result)
		switch {
		case strings.HasPrefix(op.Key, registry.AddressRoot):
			claim = op.Key
		case claim != "":
			return o, claim
		}
		o.m.Done(a.servers[0].perform(op))
	}
}

// put writes a claim as it is, of whatever revision.
func (a *addresses) put(key, value string) {
	kv := a.servers[0].perform(request.Op{Kind: request.Get, Key: key}).KV
	op := request.Op{Kind: request.Put, Key: key, Value: []byte(value)}
	if kv != nil {
		op.Expected = kv.Mod
	}
	require.True(a.t, a.servers[0].perform(op).Succeeded)
}

// Goal: whatever a claim is found to be, the address is given to the one who may have it, and to nobody else. Method: between a request's look and its
// write the claim is made another one, in each way there is.
func TestClaimsThatAreOthersThanWasThought(t *testing.T) {
	address := registry.AddressRoot + "serviceips/10.96.0.2"
	b := services.Key("default", "b")
	for _, c := range []struct {
		name  string
		ready func(a *addresses)
		want  string // in the error; empty: it gets the address
	}{
		{"empty", func(a *addresses) { a.put(address, "") }, ""},
		{"of a service that is not there", func(a *addresses) { a.put(address, b) }, ""},
		{"of a service that is elsewhere", func(a *addresses) {
			_, err := a.do(0, of(api.Create, service("b", corev1.ServiceTypeClusterIP, at("10.96.0.3"))))
			require.NoError(t, err)
			a.put(address, b)
		}, ""},
		{"of a service that has it", func(a *addresses) {
			_, err := a.do(1, of(api.Create, service("b", corev1.ServiceTypeClusterIP, at("10.96.0.2"))))
			require.NoError(t, err)
		}, "provided IP is already allocated"},
		{"of what nobody can read", func(a *addresses) {
			a.put(address, b)
			a.put(b, "}")
		}, "Internal error occurred"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAddresses(t)
			c.ready(a)
			w := a.servers[0]
			r := w.finish(request.New(of(api.Create, service("a", corev1.ServiceTypeClusterIP, at("10.96.0.2"))), w, a.env))
			if c.want != "" {
				require.ErrorContains(t, r.Err, c.want)
				return
			}
			require.NoError(t, r.Err)
			require.Equal(t, services.Key("default", "a"), a.check()["serviceips/10.96.0.2"])
		})
	}

	t.Run("it is gone again", func(t *testing.T) {
		a := newAddresses(t)
		a.put(address, "")
		o := a.begin(0, of(api.Create, service("a", corev1.ServiceTypeClusterIP, at("10.96.0.2"))))
		for op, _ := o.m.Next(); op.Key != address; op, _ = o.m.Next() {
			o.m.Done(a.servers[0].perform(op))
		}
		o.m.Done(request.Answer{}) // refused, as it was there, and now it is not
		a.servers[0].perform(request.Op{Kind: request.Delete, Key: address, Expected: a.servers[0].perform(request.Op{Kind: request.Get, Key: address}).KV.Mod})
		require.NoError(t, a.servers[0].finish(o.m).Err)
		require.Equal(t, services.Key("default", "a"), a.check()["serviceips/10.96.0.2"])
	})

	t.Run("another each time", func(t *testing.T) {
		a := newAddresses(t)
		o := a.begin(0, of(api.Create, service("a", corev1.ServiceTypeClusterIP, at("10.96.0.2"))))
		for i := int64(1); ; i++ {
			op, result := o.m.Next()
			if result != nil {
				require.True(t, apierrors.IsConflict(result.Err), "%v", result.Err)
				require.Greater(t, i, int64(64))
				return
			}
			if op.Key == address {
				o.m.Done(request.Answer{KV: &store.KV{Key: address, Mod: i}})
			} else {
				o.m.Done(a.servers[0].perform(op))
			}
		}
	})
}

// Goal: a claim that is taken away before the service is written is taken again, and a service is not written without one. Method: it is removed, or
// given to another, when all but the last write is done.
func TestAClaimIsLostBeforeTheServiceIsWritten(t *testing.T) {
	a := newAddresses(t)
	o, claim := a.claimed(service("a", corev1.ServiceTypeClusterIP, at("10.96.0.2")))
	a.put(claim, "")
	require.NoError(t, a.servers[0].finish(o.m).Err)
	require.Equal(t, services.Key("default", "a"), a.check()["serviceips/10.96.0.2"])

	o, claim = a.claimed(service("b", corev1.ServiceTypeClusterIP, at("10.96.0.3")))
	a.put(claim, "")
	_, err := a.do(1, of(api.Create, service("c", corev1.ServiceTypeClusterIP, at("10.96.0.3"))))
	require.NoError(t, err)
	require.ErrorContains(t, a.servers[0].finish(o.m).Err, "provided IP is already allocated")
	require.Equal(t, services.Key("default", "c"), a.check()["serviceips/10.96.0.3"])
}

// Goal: a name that the server chooses and that is taken costs a claim in the next name, not another address. Method: names that come twice.
func TestAGeneratedNameIsTaken(t *testing.T) {
	a := newAddresses(t)
	_, err := a.do(0, of(api.Create, service("g1", corev1.ServiceTypeClusterIP)))
	require.NoError(t, err)
	suffixes := []string{"1", "1", "2"}
	w := a.servers[0]
	svc := service("", corev1.ServiceTypeClusterIP, at("10.96.0.4"))
	svc.GenerateName = "g"
	r := w.finish(request.New(of(api.Create, svc), w, func() registry.Env {
		env := a.env()
		env.Suffix = suffixes[0]
		if len(suffixes) > 1 {
			suffixes = suffixes[1:]
		}
		return env
	}))
	require.NoError(t, r.Err)
	require.Equal(t, services.Key("default", "g2"), a.check()["serviceips/10.96.0.4"])
	_, claims := a.live()
	require.Len(t, claims, 2)
}

// Goal: a server whose cache is behind looks for a free address only so often. Method: it knows of none of another's services, which have the
// whole range.
func TestTooManyAddressesAreTaken(t *testing.T) {
	a := newAddresses(t)
	var err error
	a.ranges, err = registry.ParseRanges("10.96.0.0/25", "30000-30003")
	require.NoError(t, err)
	for i := range 125 {
		_, err := a.do(0, of(api.Create, service(fmt.Sprint("s", i), corev1.ServiceTypeClusterIP)))
		require.NoError(t, err)
		a.servers[0].catchUp()
	}
	_, err = a.do(1, of(api.Create, service("s", corev1.ServiceTypeClusterIP)))
	require.True(t, apierrors.IsServiceUnavailable(err), "%v", err)
	require.ErrorContains(t, err, "failed to allocate an address: all that were tried are taken")
}

// Goal: a claim that is not the service's is not given back with it. Method: it is removed, and made another's, before its service is.
func TestOnlyItsOwnClaimIsGivenBack(t *testing.T) {
	a := newAddresses(t)
	for _, claimed := range []string{"", services.Key("default", "b")} {
		svc, err := a.do(0, of(api.Create, service("a", corev1.ServiceTypeClusterIP, at("10.96.0.2"))))
		require.NoError(t, err)
		a.put(registry.AddressRoot+"serviceips/10.96.0.2", claimed)
		w := a.servers[0]
		require.NoError(t, w.finish(request.New(of(api.Delete, svc), w, a.env)).Err)
		_, claims := a.live()
		require.Equal(t, map[registry.Address]string{"serviceips/10.96.0.2": claimed}, claims)
		a.recover()
	}
}
