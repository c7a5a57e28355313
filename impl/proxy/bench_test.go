package proxy_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netns"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	hostmachine "orrery/impl/host/machine"
	"orrery/impl/proxy"
	"orrery/impl/proxy/rules/nft"
)

// many are 1,000 services with 10 endpoints each.
func many() (services []*corev1.Service, slices []*discoveryv1.EndpointSlice) {
	for i := range 1000 {
		name := fmt.Sprintf("service-%d", i)
		s := named(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: name}}, int64(i+1))
		s.Spec = corev1.ServiceSpec{ClusterIP: fmt.Sprintf("10.96.%d.%d", i/250, i%250+1), Ports: []corev1.ServicePort{{Port: 80}}}
		services = append(services, s)
		e := named(&discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{discoveryv1.LabelServiceName: name}},
			AddressType: discoveryv1.AddressTypeIPv4, Ports: []discoveryv1.EndpointPort{{Port: new(int32(8080))}}}, int64(i+1))
		for j := range 10 {
			e.Endpoints = append(e.Endpoints, discoveryv1.Endpoint{Addresses: []string{fmt.Sprintf("10.88.%d.%d", i/25, i%25*10+j+1)}})
		}
		slices = append(slices, e)
	}
	return services, slices
}

func BenchmarkWanted(b *testing.B) {
	services, slices := many()
	b.ReportAllocs()
	for b.Loop() {
		proxy.Wanted(services, slices, "here").Hash()
	}
}

func BenchmarkApply(b *testing.B) {
	kernel := linux(b)
	services, slices := many()
	set := proxy.Wanted(services, slices, "here")
	b.ReportAllocs()
	for b.Loop() {
		require.NoError(b, kernel.Apply(context.Background(), set))
	}
}

func BenchmarkCurrent(b *testing.B) {
	kernel := linux(b)
	services, slices := many()
	set := proxy.Wanted(services, slices, "here")
	require.NoError(b, kernel.Apply(context.Background(), set))
	b.ReportAllocs()
	for b.Loop() {
		current, err := kernel.Current(context.Background())
		require.NoError(b, err)
		require.Equal(b, set.Hash(), current.Hash())
	}
}

// linux is the kernel of a network namespace of its own.
func linux(b *testing.B) *nft.Kernel {
	require.Zero(b, os.Geteuid(), "namespaces and nftables need root")
	made := make(chan netns.NsHandle, 1)
	hostmachine.Thread(func() {
		handle, _ := netns.New()
		made <- handle
	})
	handle := <-made
	kernel, err := nft.New(handle)
	require.NoError(b, err)
	b.Cleanup(func() {
		kernel.Close()
		require.NoError(b, handle.Close())
	})
	return kernel
}

// Goal: what changes no rule writes none, however many there are (row 113). Method: the rules of 1,000 services, and one label more.
func TestUnchanged(t *testing.T) {
	services, slices := many()
	w := newWorld()
	list := func(source string, all []metav1.Object) {
		w.rv += 1000
		w.seen[source] = all
		require.NoError(t, w.loop.ObserveList(source, w.rv, all))
	}
	list("services", objects(services))
	list("slices", objects(slices))
	for w.work(t) {
		w.perform()
	}
	require.Equal(t, 1, w.applied)
	changed := services[7].DeepCopy()
	changed.Labels, changed.ResourceVersion = map[string]string{"a": "b"}, "1500"
	services[7] = changed
	list("services", objects(services))
	for w.work(t) {
		w.perform()
	}
	require.Equal(t, 1, w.applied)
}
