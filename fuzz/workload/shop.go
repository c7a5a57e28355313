package workload

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"orrery/impl/api"
)

// Shop is the namespace of a service that pods ask all the time, and the name of the service and of the owner of its pods. Nobody else works there.
const Shop = "shop"

// ShopReplicas are how many pods the service has when it is left alone.
const ShopReplicas = 3

// Shops change the pods of the shop, in turns: all, one deleted, another deleted, none, some.
var Shops = Kind{Name: "shops", perMinute: 18, requests: []weighted{{1, changeShop}}}

func changeShop(c *Client, _ Choices) (api.Request, bool) {
	switch c.issued % 7 {
	case 1:
		return ScaleShop(ShopReplicas), true
	case 2, 4:
		return api.Request{Verb: api.List, Resource: pods, Namespace: Shop, Labels: "app=" + Shop}, true
	case 3, 5:
		// One that has been replaced since it was listed is gone, which is as well.
		if len(c.listed) > 0 {
			return api.Request{Verb: api.Delete, Resource: pods, Namespace: Shop, Name: c.listed[0].Name}, true
		}
	case 6:
		return ScaleShop(0), true
	}
	return ScaleShop(ShopReplicas - 1), true
}

// ScaleShop is the request for so many pods.
func ScaleShop(replicas int) api.Request {
	return api.Request{Verb: api.Patch, Resource: replicationControllers, Namespace: Shop, Name: Shop, Subresource: "scale",
		PatchType: types.MergePatchType, Patch: fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas)}
}

// OpenShop are the requests that make the service, the owner of its pods, of which there are none yet, and a client on each of the nodes, in this order.
// The pods ask for no resources, so that they take no room from what else is to run.
func OpenShop(nodes []string) []api.Request {
	labels := map[string]string{"app": Shop}
	create := func(obj api.Object) api.Request {
		r, ok := api.ByObject(obj)
		if !ok {
			panic(fmt.Sprintf("workload: %T is not served", obj))
		}
		return api.Request{Verb: api.Create, Resource: r, Namespace: obj.GetNamespace(), Name: obj.GetName(), Object: obj}
	}
	small := func(args ...string) corev1.PodSpec {
		spec := PodSpec(args...)
		spec.Containers[0].Resources = corev1.ResourceRequirements{}
		return spec
	}
	meta := metav1.ObjectMeta{Name: Shop, Namespace: Shop}
	serve := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: small("serve")}
	requests := []api.Request{
		create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: Shop}}),
		create(&corev1.Service{ObjectMeta: meta, Spec: corev1.ServiceSpec{Selector: labels, Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(servedAt)}}}}),
		create(&corev1.ReplicationController{ObjectMeta: meta, Spec: corev1.ReplicationControllerSpec{Replicas: new(int32), Selector: labels, Template: &serve}}),
	}
	for _, node := range nodes {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: ShopClient(node), Namespace: Shop}, Spec: small("sleep", "24h")}
		pod.Spec.NodeSelector = map[string]string{corev1.LabelHostname: node}
		// It stays, whatever its node is thought to be.
		pod.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
		requests = append(requests, create(pod))
	}
	return requests
}

// ShopClient is the name of the client on a node.
func ShopClient(node string) string { return "client-" + node }
