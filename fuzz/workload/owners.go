package workload

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/api"
)

// Owners create, scale, delete and re-create the owners of pods.
var Owners = Kind{Name: "owners", perMinute: 40, requests: []weighted{
	{6, createOwner},
	{4, getOwner},
	{4, scaleOwner},
	{3, scaleByUpdate},
	{2, deleteOwner},
}}

// owners are the names that Owners work on. Each name has one kind for ever, so that selectors do not overlap.
var owners = []struct {
	resource *api.Resource
	name     string
}{
	{replicationControllers, "web"},
	{replicaSets, "api"},
}

// MaxReplicas bounds what is asked for, so that two small workers can run it.
const MaxReplicas = 3

var (
	replicationControllers = served("replicationcontrollers")
	replicaSets            = served("replicasets")
	pods                   = served("pods")
)

func createOwner(c *Client, choose Choices) (api.Request, bool) {
	owner := owners[choose.IntN(len(owners))]
	return CreateOwner(owner.resource, Namespace, owner.name, int32(1+choose.IntN(MaxReplicas))), true
}

// CreateOwner is the request that creates an owner whose pods serve their name over HTTP.
func CreateOwner(r *api.Resource, namespace, name string, replicas int32) api.Request {
	labels := map[string]string{"app": name}
	meta := metav1.ObjectMeta{Name: name, Namespace: namespace}
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: PodSpec("serve")}
	req := api.Request{Verb: api.Create, Resource: r, Namespace: namespace, Name: name}
	if r == replicaSets {
		req.Object = &appsv1.ReplicaSet{ObjectMeta: meta, Spec: appsv1.ReplicaSetSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: template}}
	} else {
		req.Object = &corev1.ReplicationController{ObjectMeta: meta, Spec: corev1.ReplicationControllerSpec{
			Replicas: &replicas, Selector: labels, Template: &template}}
	}
	return req
}

// Image is the test server's, as the workers have it.
const Image = "local/web:1"

// Critical is a priority class that there always is, above that of all pods which name none.
const Critical = "system-cluster-critical"

// Tolerates is for how many seconds the pods stay on a node that is not ready: upstream's 300 would only make runs longer.
const Tolerates = 20

// PodSpec is a pod of one small container that runs the test server with these arguments, and ends within a second of
// being told to.
func PodSpec(args ...string) corev1.PodSpec {
	grace, seconds := int64(1), int64(Tolerates)
	tolerates := func(key string) corev1.Toleration {
		return corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: &seconds}
	}
	return corev1.PodSpec{
		TerminationGracePeriodSeconds: &grace,
		Tolerations:                   []corev1.Toleration{tolerates(corev1.TaintNodeNotReady), tolerates(corev1.TaintNodeUnreachable)},
		Containers: []corev1.Container{{
			Name: "main", Image: Image, ImagePullPolicy: corev1.PullNever, Args: args,
			Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
				corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("16Mi")}},
		}},
	}
}

func getOwner(c *Client, choose Choices) (api.Request, bool) {
	owner := owners[choose.IntN(len(owners))]
	return api.Request{Verb: api.Get, Resource: owner.resource, Namespace: Namespace, Name: owner.name}, true
}

// scaleOwner writes the scale subresource.
func scaleOwner(c *Client, choose Choices) (api.Request, bool) {
	owner := owners[choose.IntN(len(owners))]
	req := api.Request{Resource: owner.resource, Namespace: Namespace, Name: owner.name, Subresource: "scale"}
	replicas := int32(choose.IntN(MaxReplicas + 1))
	if choose.IntN(2) == 0 {
		req.Verb, req.PatchType = api.Patch, types.MergePatchType
		req.Patch = fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas)
		return req, true
	}
	obj, ok := c.seen(choose, owner.resource, owner.name)
	if !ok {
		return req, false
	}
	req.Verb = api.Update
	req.Object = &autoscalingv1.Scale{
		ObjectMeta: metav1.ObjectMeta{Name: owner.name, Namespace: Namespace, ResourceVersion: obj.GetResourceVersion(), UID: obj.GetUID()},
		Spec:       autoscalingv1.ScaleSpec{Replicas: replicas},
	}
	return req, true
}

// scaleByUpdate writes the whole owner, over a version that may be stale.
func scaleByUpdate(c *Client, choose Choices) (api.Request, bool) {
	owner := owners[choose.IntN(len(owners))]
	obj, ok := c.seen(choose, owner.resource, owner.name)
	if !ok {
		return api.Request{}, false
	}
	replicas := int32(choose.IntN(MaxReplicas + 1))
	next := obj.DeepCopyObject().(api.Object)
	switch o := next.(type) {
	case *corev1.ReplicationController:
		o.Spec.Replicas = &replicas
	case *appsv1.ReplicaSet:
		o.Spec.Replicas = &replicas
	}
	return api.Request{Verb: api.Update, Resource: owner.resource, Namespace: Namespace, Name: owner.name, Object: next}, true
}

// deleteOwner deletes one with one of the wishes for its pods. Those that are orphaned the next owner of that name adopts.
func deleteOwner(c *Client, choose Choices) (api.Request, bool) {
	owner := owners[choose.IntN(len(owners))]
	obj, ok := c.seen(choose, owner.resource, owner.name)
	if !ok {
		return api.Request{}, false
	}
	options := preconditions(choose, obj)
	wish := pick(choose, propagations)
	options.PropagationPolicy = &wish
	return api.Request{Verb: api.Delete, Resource: owner.resource, Namespace: Namespace, Name: owner.name, Delete: options}, true
}
