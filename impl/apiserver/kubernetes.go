package apiserver

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	netutils "k8s.io/utils/net"

	"orrery/impl/api"
	"orrery/impl/store"
)

// kubernetesName is that of the Service by which pods find the API, and of its endpoints.
const kubernetesName = "kubernetes"

// announcer keeps the Service kubernetes and its endpoints. Several servers may do so at once: whoever writes what another has written
// meanwhile is refused, and looks again in the next period.
type announcer struct {
	presence
	mod int64 // the revision of this server's record as it is known
}

func (s *Server) presenceKey() string { return presenceRoot + s.cfg.Name }

// announce keeps this server among the endpoints of the Service kubernetes until ctx ends, and then takes it away. Without an address
// to advertise it only keeps the Service.
func (s *Server) announce(ctx context.Context) {
	if s.cfg.RenewEvery < 0 {
		return
	}
	a := &announcer{presence: presence{ttl: s.cfg.PresenceTTL}}
	round := func() {
		bounded, cancel := context.WithTimeout(ctx, s.cfg.RequestTimeout)
		defer cancel()
		if err := s.announceOnce(bounded, a); err != nil && ctx.Err() == nil {
			s.cfg.Warn(fmt.Errorf("announcing this server: %w", err))
		}
	}
	for !s.Ready() {
		select {
		case <-ctx.Done():
			return
		case <-time.After(retryFirst):
		}
	}
	round()
	s.every(ctx, s.cfg.RenewEvery, round)
	if a.mod != 0 {
		// Who does not hear of it sees the record unchanged.
		parting, cancel := context.WithTimeout(context.WithoutCancel(ctx), retryFirst)
		defer cancel()
		_, _ = s.store.Delete(parting, s.presenceKey(), a.mod)
	}
}

func (s *Server) announceOnce(ctx context.Context, a *announcer) error {
	if !s.cfg.Advertise.IsValid() {
		return s.keep(ctx, kubernetesService(s.cfg.Ranges.KubernetesIP(), 0), func(is, want api.Object) bool { return true })
	}
	if err := s.renew(ctx, a); err != nil {
		return err
	}
	records, err := s.store.List(ctx, presenceRoot, store.ListOptions{})
	if err != nil {
		return err
	}
	living, dead := a.observe(s.cfg.Clock(), s.presenceKey(), records.KVs)
	for _, kv := range dead {
		if _, err := s.store.Delete(ctx, kv.Key, kv.Mod); err != nil {
			return err
		}
	}
	ips, port := samePort(living)
	if err := s.keep(ctx, kubernetesService(s.cfg.Ranges.KubernetesIP(), port), sameService); err != nil {
		return err
	}
	if err := s.keep(ctx, kubernetesEndpoints(ips, port), sameEndpoints); err != nil {
		return err
	}
	return s.keep(ctx, kubernetesSlice(ips, port), sameSlice)
}

// renew writes this server's record anew. A record that somebody else has written or removed is first learned of.
func (s *Server) renew(ctx context.Context, a *announcer) error {
	for range 2 {
		put, err := s.store.Put(ctx, s.presenceKey(), []byte(s.cfg.Advertise.String()), a.mod)
		if err != nil {
			return err
		}
		if put.Succeeded {
			a.mod = put.Revision
			return nil
		}
		if a.mod = 0; put.KV != nil {
			a.mod = put.KV.Mod
		}
	}
	return fmt.Errorf("somebody else writes %s: servers must have different names", s.presenceKey())
}

// keep creates what is wanted, or updates it where it is not the same. What users have added stays.
func (s *Server) keep(ctx context.Context, want api.Object, same func(is, want api.Object) bool) error {
	resource, _ := api.ByObject(want)
	req := api.Request{Resource: resource, Namespace: want.GetNamespace(), Name: want.GetName()}
	get := req
	get.Verb = api.Get
	found, err := s.Do(ctx, get)
	switch {
	case apierrors.IsNotFound(err):
		req.Verb, req.Object = api.Create, want
	case err != nil:
		return err
	default:
		is := found.Object.(api.Object)
		if same(is, want) {
			return nil
		}
		next := want.DeepCopyObject().(api.Object)
		next.SetResourceVersion(is.GetResourceVersion())
		next.SetFinalizers(is.GetFinalizers())
		req.Verb, req.Object = api.Update, next
	}
	if _, err = s.Do(ctx, req); apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) {
		return nil // another server was faster
	}
	return err
}

func kubernetesMeta(labels map[string]string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: kubernetesName, Labels: labels}
}

// kubernetesService is the Service of the API servers, which listen at port; 0: at whatever upstream's default is.
func kubernetesService(ip string, port int32) *corev1.Service {
	if port == 0 {
		port = 6443
	}
	policy := corev1.IPFamilyPolicySingleStack
	return &corev1.Service{
		ObjectMeta: kubernetesMeta(map[string]string{"provider": "kubernetes", "component": "apiserver"}),
		Spec: corev1.ServiceSpec{ClusterIP: ip, ClusterIPs: []string{ip}, IPFamilyPolicy: &policy, SessionAffinity: corev1.ServiceAffinityNone, Type: corev1.ServiceTypeClusterIP,
			Ports: []corev1.ServicePort{{Name: "https", Port: 443, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromInt32(port)}}},
	}
}

func sameService(is, want api.Object) bool {
	return equality.Semantic.DeepEqual(is.(*corev1.Service).Spec.Ports, want.(*corev1.Service).Spec.Ports)
}

//lint:ignore SA1019 Endpoints are deprecated, and upstream still writes them
func kubernetesEndpoints(ips []string, port int32) *corev1.Endpoints {
	addresses := make([]corev1.EndpointAddress, len(ips))
	for i, ip := range ips {
		addresses[i].IP = ip
	}
	//lint:ignore SA1019 as above
	return &corev1.Endpoints{
		// Upstream mirrors Endpoints into slices, and has written this slice itself.
		ObjectMeta: kubernetesMeta(map[string]string{discoveryv1.LabelSkipMirror: "true"}),
		//lint:ignore SA1019 as above
		Subsets: []corev1.EndpointSubset{{Addresses: addresses, Ports: []corev1.EndpointPort{{Name: "https", Port: port, Protocol: corev1.ProtocolTCP}}}},
	}
}

func sameEndpoints(is, want api.Object) bool {
	//lint:ignore SA1019 as above
	return equality.Semantic.DeepEqual(is.(*corev1.Endpoints).Subsets, want.(*corev1.Endpoints).Subsets)
}

// kubernetesSlice has no label of who manages it, as upstream's has not: no controller takes it for its own.
func kubernetesSlice(ips []string, port int32) *discoveryv1.EndpointSlice {
	name, protocol, ready, family := "https", corev1.ProtocolTCP, true, discoveryv1.AddressTypeIPv4
	endpoints := make([]discoveryv1.Endpoint, len(ips))
	for i, ip := range ips {
		endpoints[i] = discoveryv1.Endpoint{Addresses: []string{ip}, Conditions: discoveryv1.EndpointConditions{Ready: &ready}}
	}
	if len(ips) > 0 && netutils.IsIPv6String(ips[0]) {
		family = discoveryv1.AddressTypeIPv6
	}
	return &discoveryv1.EndpointSlice{
		ObjectMeta:  kubernetesMeta(map[string]string{discoveryv1.LabelServiceName: kubernetesName}),
		AddressType: family, Endpoints: endpoints,
		Ports: []discoveryv1.EndpointPort{{Name: &name, Port: &port, Protocol: &protocol}},
	}
}

func sameSlice(is, want api.Object) bool {
	a, b := is.(*discoveryv1.EndpointSlice), want.(*discoveryv1.EndpointSlice)
	return equality.Semantic.DeepEqual(a.Endpoints, b.Endpoints) && equality.Semantic.DeepEqual(a.Ports, b.Ports) && equality.Semantic.DeepEqual(a.Labels, b.Labels)
}
