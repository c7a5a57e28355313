package fuzz

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"orrery/checker/history"
	"orrery/checker/rules"
	"orrery/impl/proxy"
	"orrery/impl/trace"
)

// Goal: what a proxy wants and what the checker, by the proxy's model, says that it is to want are the same, to the letter. Method: random services and
// slices, also such as contradict each other.
func TestProxyWantsWhatItsModelWants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var services []*corev1.Service
		var slices []*discoveryv1.EndpointSlice
		var lines []trace.Line
		store := func(resource string, obj metav1.Object) {
			body, err := json.Marshal(obj)
			require.NoError(t, err)
			revision := int64(len(lines) + 1)
			lines = append(lines, trace.Line{Seq: revision, Time: revision, Revision: &trace.Revision{Revision: revision, Key: "/registry/" + resource + "/ns/" + obj.GetName(),
				Resource: resource, Namespace: "ns", Name: obj.GetName(), UID: string(obj.GetUID()), Object: body}})
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "services") {
			s := drawService(t, fmt.Sprintf("s%d", i))
			services = append(services, s)
			store("services", s)
		}
		for i := range rapid.IntRange(0, 4).Draw(t, "slices") {
			s := drawSlice(t, fmt.Sprintf("e%d", i))
			slices = append(slices, s)
			store("endpointslices", s)
		}
		last := int64(len(lines))
		w, err := rules.Of(history.New(trace.Header{}, lines).Log, last, last, "here")
		require.NoError(t, err)
		set := proxy.Wanted(services, slices, "here")
		require.Equal(t, w.String(), set.String())
		require.Equal(t, w.Hash, set.Hash())
	})
}

func drawService(t *rapid.T, name string) *corev1.Service {
	s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "ns"}}
	s.UID = types.UID(rapid.StringMatching("[a-f]{3}").Draw(t, "uid") + name)
	s.CreationTimestamp = metav1.Unix(rapid.Int64Range(1, 2).Draw(t, "created"), 0)
	s.Spec.ClusterIP = rapid.SampledFrom([]string{"", "None", "10.96.0.1", "10.96.0.2", "fd00::1"}).Draw(t, "address")
	s.Spec.Type = rapid.SampledFrom([]corev1.ServiceType{"", corev1.ServiceTypeClusterIP, corev1.ServiceTypeNodePort, corev1.ServiceTypeLoadBalancer, corev1.ServiceTypeExternalName}).Draw(t, "type")
	local, cluster := corev1.ServiceInternalTrafficPolicyLocal, corev1.ServiceInternalTrafficPolicyCluster
	s.Spec.InternalTrafficPolicy = rapid.SampledFrom([]*corev1.ServiceInternalTrafficPolicy{nil, &local, &cluster}).Draw(t, "inside")
	s.Spec.ExternalTrafficPolicy = rapid.SampledFrom([]corev1.ServiceExternalTrafficPolicy{"", corev1.ServiceExternalTrafficPolicyLocal}).Draw(t, "outside")
	if rapid.Bool().Draw(t, "affinity") {
		s.Spec.SessionAffinity = corev1.ServiceAffinityClientIP
		if rapid.Bool().Draw(t, "timeout") {
			s.Spec.SessionAffinityConfig = &corev1.SessionAffinityConfig{ClientIP: &corev1.ClientIPConfig{TimeoutSeconds: new(int32(7))}}
		}
	}
	if rapid.IntRange(0, 9).Draw(t, "other") == 0 {
		s.Labels = map[string]string{"service.kubernetes.io/service-proxy-name": "other"}
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "ports") {
		s.Spec.Ports = append(s.Spec.Ports, corev1.ServicePort{Name: []string{"", "b"}[i], Protocol: drawProtocol(t), Port: int32(80 + i),
			NodePort: rapid.SampledFrom([]int32{0, int32(30000 + i)}).Draw(t, "node port")})
	}
	return s
}

func drawProtocol(t *rapid.T) corev1.Protocol {
	return rapid.SampledFrom([]corev1.Protocol{"", corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP}).Draw(t, "protocol")
}

func drawSlice(t *rapid.T, name string) *discoveryv1.EndpointSlice {
	s := &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "ns", UID: types.UID(name)}}
	s.Labels = map[string]string{discoveryv1.LabelServiceName: rapid.SampledFrom([]string{"s0", "s1", "s2", "none"}).Draw(t, "service")}
	s.AddressType = rapid.SampledFrom([]discoveryv1.AddressType{discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6}).Draw(t, "family")
	for i := range rapid.IntRange(0, 2).Draw(t, "ports") {
		protocol := drawProtocol(t)
		p := discoveryv1.EndpointPort{Name: &[]string{"", "b"}[i], Protocol: &protocol}
		if protocol == "" {
			p.Protocol = nil
		}
		if rapid.IntRange(0, 9).Draw(t, "any port") > 0 {
			p.Port = new(rapid.Int32Range(8080, 8081).Draw(t, "port"))
		}
		s.Ports = append(s.Ports, p)
	}
	flag := func(name string) *bool {
		return rapid.SampledFrom([]*bool{nil, new(true), new(false)}).Draw(t, name)
	}
	for range rapid.IntRange(0, 4).Draw(t, "endpoints") {
		node := rapid.SampledFrom([]string{"here", "there"}).Draw(t, "node")
		e := discoveryv1.Endpoint{NodeName: &node, Conditions: discoveryv1.EndpointConditions{Ready: flag("ready"), Serving: flag("serving"), Terminating: flag("terminating")}}
		for _, a := range rapid.SliceOfN(rapid.IntRange(1, 10), 0, 2).Draw(t, "addresses") {
			e.Addresses = append(e.Addresses, fmt.Sprintf("10.88.0.%d", a))
		}
		s.Endpoints = append(s.Endpoints, e)
	}
	return s
}
