package kubelets

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/apiserver/user"
)

// Restrict refuses with 403 what a kubelet may not do, now that it is known what is there: old, and what the request makes of it, obj, which
// are nil where there is none. Whoever is no kubelet passes.
func Restrict(u user.Info, req api.Request, old, obj api.Object, cluster Cluster) error {
	node, ok := Node(u)
	if !ok {
		return nil
	}
	var err error
	switch {
	case node == "":
		err = fmt.Errorf("could not determine node from user %q", u.Name)
	case req.Resource.Name == "pods":
		err = restrictPod(node, req, old, obj, cluster)
	case !req.Verb.Writes():
	case req.Resource.Name == "nodes":
		err = restrictNode(node, req, old, obj)
	case req.Resource.Name == "leases":
		err = restrictLease(node, req, obj)
	case req.Resource.Name == "serviceaccounts" && req.Subresource == "token":
		err = restrictToken(node, req, cluster)
	}
	var status apierrors.APIStatus
	if err == nil || errors.As(err, &status) {
		return err
	}
	name := req.Name
	if obj, ok := req.Object.(metav1.Object); ok && name == "" {
		name = obj.GetName()
	}
	return apierrors.NewForbidden(req.Resource.GR(), name, err)
}

func restrictPod(node string, req api.Request, old, obj api.Object, cluster Cluster) error {
	before, _ := old.(*corev1.Pod)
	after, _ := obj.(*corev1.Pod)
	own := before != nil && before.Spec.NodeName == node
	switch req.Subresource {
	case "":
	case "status":
		switch {
		case !req.Verb.Writes():
			return nil
		case !own:
			return fmt.Errorf("node %q can only update pod status for pods with spec.nodeName set to itself", node)
		case after == nil || !maps.Equal(before.Labels, after.Labels):
			return fmt.Errorf("node %q cannot update labels through pod status", node)
		}
		return nil
	case "eviction":
		if !own {
			return fmt.Errorf("node %s can only evict pods with spec.nodeName set to itself", node)
		}
		return nil
	default:
		return fmt.Errorf("unexpected pod subresource %q, only 'status' and 'eviction' are allowed", req.Subresource)
	}
	switch req.Verb {
	case api.Get:
		if !own {
			return errors.New(unrelated(node))
		}
	case api.List, api.Watch:
	case api.Create:
		return restrictMirror(node, after, cluster)
	case api.Delete:
		if !own {
			return fmt.Errorf("node %q can only delete pods with spec.nodeName set to itself", node)
		}
	default:
		return fmt.Errorf("unexpected operation %q, node %q can only create and delete mirror pods", strings.ToUpper(string(req.Verb)), node)
	}
	return nil
}

// restrictMirror: a kubelet shows the pods that its machine's files tell it to run, and these refer to nothing in the cluster.
func restrictMirror(node string, pod *corev1.Pod, cluster Cluster) error {
	switch {
	case pod == nil:
		return errors.New("unexpected type: not a Pod")
	case !hasKey(pod.Annotations, corev1.MirrorPodAnnotationKey):
		return fmt.Errorf("pod does not have %q annotation, node %q can only create mirror pods", corev1.MirrorPodAnnotationKey, node)
	case pod.Spec.NodeName != node:
		return fmt.Errorf("node %q can only create pods with spec.nodeName set to itself", node)
	}
	if err := ownedByNode(node, pod, cluster); err != nil {
		return err
	}
	if pod.Spec.ServiceAccountName != "" {
		return fmt.Errorf("node %q can not create pods that reference a service account", node)
	}
	var referred []string
	references(&pod.Spec, func(resource, _ string) { referred = append(referred, resource) })
	for _, resource := range []string{"secrets", "configmaps"} {
		if slices.Contains(referred, resource) {
			return fmt.Errorf("node %q can not create pods that reference %s", node, resource)
		}
	}
	for _, v := range pod.Spec.Volumes {
		if v.PersistentVolumeClaim != nil {
			return fmt.Errorf("node %q can not create pods that reference persistentvolumeclaims", node)
		}
	}
	return nil
}

func ownedByNode(node string, pod *corev1.Pod, cluster Cluster) error {
	if len(pod.OwnerReferences) > 1 {
		return fmt.Errorf("node %q can only create pods with a single owner reference set to itself", node)
	}
	if len(pod.OwnerReferences) == 0 {
		return fmt.Errorf("node %q can only create pods with an owner reference set to itself", node)
	}
	owner := pod.OwnerReferences[0]
	switch {
	case owner.APIVersion != "v1" || owner.Kind != "Node" || owner.Name != node:
		return fmt.Errorf("node %q can only create pods with an owner reference set to itself", node)
	case owner.Controller == nil || !*owner.Controller:
		return fmt.Errorf("node %q can only create pods with a controller owner reference set to itself", node)
	case owner.BlockOwnerDeletion != nil && *owner.BlockOwnerDeletion:
		return fmt.Errorf("node %q must not set blockOwnerDeletion on an owner reference", node)
	}
	there := cluster.Node(node)
	if there == nil {
		return apierrors.NewNotFound(corev1.Resource("nodes"), node)
	}
	if there.UID != owner.UID {
		return fmt.Errorf("node %s UID mismatch: expected %s got %s", node, owner.UID, there.UID)
	}
	return nil
}

func restrictNode(node string, req api.Request, old, obj api.Object) error {
	name := req.Name
	after, _ := obj.(*corev1.Node)
	if req.Verb == api.Create && after != nil {
		name = after.Name
	}
	if name != node {
		return fmt.Errorf("node %q is not allowed to modify node %q", node, name)
	}
	if after == nil || req.Verb == api.Delete {
		return nil
	}
	before, _ := old.(*corev1.Node)
	if before == nil {
		if labels := forbidden(after.Labels, nil); len(labels) > 0 {
			return fmt.Errorf("node %q is not allowed to set the following labels: %s", node, strings.Join(labels, ", "))
		}
		return nil
	}
	if !equality.Semantic.DeepEqual(after.Spec.Taints, before.Spec.Taints) {
		return fmt.Errorf("node %q is not allowed to modify taints", node)
	}
	if labels := forbidden(after.Labels, before.Labels); len(labels) > 0 {
		return fmt.Errorf("is not allowed to modify labels: %s", strings.Join(labels, ", "))
	}
	return nil
}

// kubeletLabels are those of Kubernetes that are a kubelet's to set, kubeletDomains where all are.
var (
	kubeletLabels = []string{
		corev1.LabelHostname, corev1.LabelTopologyZone, corev1.LabelTopologyRegion,
		corev1.LabelFailureDomainBetaZone, corev1.LabelFailureDomainBetaRegion,
		corev1.LabelInstanceType, corev1.LabelInstanceTypeStable, corev1.LabelOSStable, corev1.LabelArchStable,
		"beta.kubernetes.io/os", "beta.kubernetes.io/arch",
	}
	kubeletDomains = []string{corev1.LabelNamespaceSuffixKubelet, corev1.LabelNamespaceSuffixNode}
)

// forbidden are the labels that differ and are not a kubelet's, in order.
func forbidden(after, before map[string]string) (labels []string) {
	keys := map[string]bool{}
	for _, key := range append(slices.Sorted(maps.Keys(after)), slices.Sorted(maps.Keys(before))...) {
		value, has := after[key]
		old, had := before[key]
		if keys[key] || has == had && value == old {
			continue
		}
		keys[key] = true
		domain, _, qualified := strings.Cut(key, "/")
		if !qualified {
			continue
		}
		restricted := within(domain, corev1.LabelNamespaceNodeRestriction)
		kubernetes := within(domain, "kubernetes.io") || within(domain, "k8s.io")
		kubelets := slices.Contains(kubeletLabels, key) || slices.ContainsFunc(kubeletDomains, func(d string) bool { return within(domain, d) })
		if restricted || kubernetes && !kubelets {
			labels = append(labels, key)
		}
	}
	slices.Sort(labels)
	return labels
}

// within reports whether a domain is another or lies below it.
func within(domain, other string) bool {
	return domain == other || strings.HasSuffix(domain, "."+other)
}

func restrictLease(node string, req api.Request, obj api.Object) error {
	if req.Namespace != corev1.NamespaceNodeLease {
		return fmt.Errorf("can only access leases in the %q system namespace", corev1.NamespaceNodeLease)
	}
	name := req.Name
	if lease, ok := obj.(*coordinationv1.Lease); ok && req.Verb == api.Create {
		name = lease.Name
	}
	if name != node {
		return errors.New("can only access node lease with the same name as the requesting node")
	}
	return nil
}

// restrictToken: a kubelet gets a token for a pod that it runs, which ends with that pod.
func restrictToken(node string, req api.Request, cluster Cluster) error {
	asked, ok := req.Object.(*authenticationv1.TokenRequest)
	if !ok {
		return errors.New("unexpected type: not a TokenRequest")
	}
	ref := asked.Spec.BoundObjectRef
	switch {
	case ref == nil || ref.APIVersion != "v1" || ref.Kind != "Pod" || ref.Name == "":
		return errors.New("node requested token not bound to a pod")
	case ref.UID == "":
		return errors.New("node requested token with a pod binding without a uid")
	}
	pod := cluster.Pod(req.Namespace, ref.Name)
	switch {
	case pod == nil:
		return apierrors.NewNotFound(corev1.Resource("pods"), ref.Name)
	case pod.UID != ref.UID:
		return fmt.Errorf("the UID in the bound object reference (%s) does not match the UID in record. The object might have been deleted and then recreated", ref.UID)
	case pod.Spec.NodeName != node:
		return errors.New("node requested token bound to a pod scheduled on a different node")
	}
	return nil
}

func hasKey(m map[string]string, key string) bool {
	_, ok := m[key]
	return ok
}
