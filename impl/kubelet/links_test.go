package kubelet

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func serviceAt(namespace, name, ip string, ports ...corev1.ServicePort) *corev1.Service {
	return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Spec: corev1.ServiceSpec{ClusterIP: ip, Ports: ports}}
}

// Goal: a container is told of services as upstream tells it: which, by what names, in an order that is always the same. Method: services
// of several kinds, and pods with and without service links; the variables as text.
func TestServiceLinks(t *testing.T) {
	services := func() []*corev1.Service {
		return []*corev1.Service{
			serviceAt("default", "kubernetes", "10.96.0.1", corev1.ServicePort{Name: "https", Port: 443}),
			serviceAt("default", "9-lives", "fd00::2", corev1.ServicePort{Port: 53, Protocol: corev1.ProtocolUDP}),
			serviceAt("default", "headless", "None", corev1.ServicePort{Port: 80}),
			serviceAt("default", "external", ""),
			serviceAt("other", "web", "10.96.0.7", corev1.ServicePort{Port: 80}),
		}
	}
	const kubernetes = "KUBERNETES_SERVICE_HOST=10.96.0.1 KUBERNETES_SERVICE_PORT=443 KUBERNETES_SERVICE_PORT_HTTPS=443 KUBERNETES_PORT=tcp://10.96.0.1:443 " +
		"KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP_PROTO=tcp KUBERNETES_PORT_443_TCP_PORT=443 KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1"
	const lives = "_9_LIVES_SERVICE_HOST=fd00::2 _9_LIVES_SERVICE_PORT=53 _9_LIVES_PORT=udp://[fd00::2]:53 _9_LIVES_PORT_53_UDP=udp://[fd00::2]:53 " +
		"_9_LIVES_PORT_53_UDP_PROTO=udp _9_LIVES_PORT_53_UDP_PORT=53 _9_LIVES_PORT_53_UDP_ADDR=fd00::2"
	no := false
	tests := map[string]struct {
		links    *bool
		env      []corev1.EnvVar
		services func() []*corev1.Service
		want     string
	}{
		"no services":              {want: ""},
		"of its namespace":         {services: services, want: lives + " " + kubernetes},
		"without links":            {links: &no, services: services, want: kubernetes},
		"the pod's own come first": {links: &no, env: []corev1.EnvVar{{Name: "URL", Value: "https://$(KUBERNETES_SERVICE_HOST)"}}, services: services, want: "URL=https://10.96.0.1 " + kubernetes},
		"the pod's own wins": {links: &no, env: []corev1.EnvVar{{Name: "KUBERNETES_SERVICE_HOST", Value: "near $(KUBERNETES_SERVICE_HOST)"}}, services: services,
			want: "KUBERNETES_SERVICE_HOST=near $(KUBERNETES_SERVICE_HOST) " + strings.TrimPrefix(kubernetes, "KUBERNETES_SERVICE_HOST=10.96.0.1 ")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "p"},
				Spec: corev1.PodSpec{EnableServiceLinks: test.links, Containers: []corev1.Container{{Name: "app", Env: test.env}}}}
			p := newPass(&Defaults, Input{Pod: pod, Refs: Lookup{Services: test.services}}, epoch)
			env, values, err := p.environment(&pod.Spec.Containers[0])
			require.NoError(t, err)
			var got []string
			for _, v := range env {
				got = append(got, v.Key+"="+string(v.Value))
				require.Equal(t, values[v.Key], string(v.Value))
			}
			require.Equal(t, test.want, strings.Join(got, " "))
		})
	}
}

// Goal: the service kubernetes is that of default, unless the pod's own namespace has one. Method: both, and a pod of another namespace.
func TestTheServiceKubernetesIsThatOfDefault(t *testing.T) {
	one, other := serviceAt("default", "kubernetes", "10.96.0.1", corev1.ServicePort{Port: 443}), serviceAt("work", "kubernetes", "10.96.0.9", corev1.ServicePort{Port: 443})
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "work", Name: "p"}}
	require.Equal(t, "10.96.0.9", links(pod, []*corev1.Service{one, other})[0].value)
	require.Equal(t, "10.96.0.9", links(pod, []*corev1.Service{other, one})[0].value)
	pod.Namespace = "elsewhere"
	require.Equal(t, "10.96.0.1", links(pod, []*corev1.Service{one, other})[0].value)
}
