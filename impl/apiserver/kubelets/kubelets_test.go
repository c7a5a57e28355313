package kubelets_test

import (
	"iter"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"orrery/impl/api"
	"orrery/impl/apiserver/kubelets"
	"orrery/impl/apiserver/rbac"
	"orrery/impl/apiserver/user"
)

// cluster is what there is.
type cluster []*corev1.Pod

func (c cluster) Pod(namespace, name string) *corev1.Pod {
	for p := range c.Pods(namespace) {
		if p.Name == name {
			return p
		}
	}
	return nil
}

func (c cluster) Pods(namespace string) iter.Seq[*corev1.Pod] {
	return func(yield func(*corev1.Pod) bool) {
		for _, p := range c {
			if p.Namespace == namespace && !yield(p) {
				return
			}
		}
	}
}

func (c cluster) Node(name string) *corev1.Node {
	if name != "n1" {
		return nil
	}
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, UID: "uid-n1"}}
}

func pod(namespace, name, node string, change func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: "uid-1"}, Spec: corev1.PodSpec{NodeName: node}}
	if change != nil {
		change(p)
	}
	return p
}

func volume(source corev1.VolumeSource) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Spec.Volumes = []corev1.Volume{{Name: "v", VolumeSource: source}} }
}

func secretVolume(name string) func(*corev1.Pod) {
	return volume(corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: name}})
}

func mirrored(change func(*corev1.Pod)) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "x"}
		yes := true
		p.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: "n1", UID: "uid-n1", Controller: &yes}}
		if change != nil {
			change(p)
		}
	}
}

func node(name string) user.Info {
	return user.Info{Name: "system:node:" + name, Groups: []string{user.Nodes}}
}

// Goal: a kubelet may do what upstream's node authorizer lets it, and hears upstream's words where it may not. Method: one request a line, to a
// cluster in which n1 runs some pods, and n2 others.
func TestAuthorize(t *testing.T) {
	env := func(c corev1.Container) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.Spec.InitContainers = []corev1.Container{c} }
	}
	local := func(name string) corev1.LocalObjectReference { return corev1.LocalObjectReference{Name: name} }
	there := cluster{
		pod("d", "volume", "n1", secretVolume("in-volume")),
		pod("d", "pull", "n1", func(p *corev1.Pod) { p.Spec.ImagePullSecrets = []corev1.LocalObjectReference{local("to-pull")} }),
		pod("d", "projected", "n1", volume(corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
			{Secret: &corev1.SecretProjection{LocalObjectReference: local("projected")}}, {ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: local("projected")}}}}})),
		pod("d", "env", "n1", env(corev1.Container{
			EnvFrom: []corev1.EnvFromSource{{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: local("env-from")}}, {ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: local("env-from")}}},
			Env: []corev1.EnvVar{{Name: "A", Value: "x"}, {Name: "B", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: local("env")}}},
				{Name: "C", ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: local("env")}}}},
		})),
		pod("d", "map", "n1", volume(corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: local("in-volume")}})),
		pod("d", "robot", "n1", func(p *corev1.Pod) { p.Spec.ServiceAccountName = "robot" }),
		pod("d", "mirror", "n1", mirrored(secretVolume("of-mirror"))),
		pod("d", "other", "n2", secretVolume("of-other")),
		pod("d", "unbound", "", secretVolume("of-unbound")),
		pod("e", "volume", "n2", secretVolume("in-volume")),
	}
	for _, c := range []struct {
		ask    string // VERB RESOURCE NAMESPACE/NAME [FIELDS]
		want   bool
		reason string
	}{
		{"get secrets d/in-volume", true, ""},
		{"list secrets d/in-volume", true, ""},
		{"watch secrets d/in-volume", true, ""},
		{"get secrets d/to-pull", true, ""},
		{"get secrets d/projected", true, ""},
		{"get configmaps d/projected", true, ""},
		{"get secrets d/env-from", true, ""},
		{"get configmaps d/env-from", true, ""},
		{"get secrets d/env", true, ""},
		{"get configmaps d/env", true, ""},
		{"get configmaps d/in-volume", true, ""},
		{"get secrets e/in-volume", false, "no relationship found between node 'n1' and this object"},
		{"get secrets d/of-other", false, "no relationship found between node 'n1' and this object"},
		{"get secrets d/of-mirror", false, "no relationship found between node 'n1' and this object"},
		{"get secrets d/of-unbound", false, "no relationship found between node 'n1' and this object"},
		{"get configmaps d/to-pull", false, "no relationship found between node 'n1' and this object"},
		{"list secrets d/", false, "No Object name found"},
		{"list secrets /", false, "can only read namespaced object of this type"},
		{"list secrets /in-volume", false, "can only read namespaced object of this type"},
		{"update secrets d/in-volume", false, "can only read resources of this type"},
		{"get secrets/x d/in-volume", false, "cannot read subresource"},
		{"create serviceaccounts/token d/robot", true, ""},
		{"create serviceaccounts/token d/root", false, "no relationship found between node 'n1' and this object"},
		{"create serviceaccounts/token e/robot", false, "no relationship found between node 'n1' and this object"},
		{"create serviceaccounts d/robot", false, "can only create token subresource of serviceaccount"},
		{"get serviceaccounts d/robot", false, "can only create tokens for individual service accounts"},
		{"get nodes /n1", true, ""},
		{"watch nodes /n1", true, ""},
		{"get nodes /n2", false, "node 'n1' cannot read 'n2', only its own Node object"},
		{"list nodes /", false, "node 'n1' cannot read all nodes, only its own Node object"},
		{"create nodes /", true, ""},
		{"update nodes/status /n1", true, ""},
		{"delete nodes /n1", false, ""},
		{"get nodes/proxy /n1", false, ""},
		{"get pods d/volume", true, ""},
		{"get pods d/other", false, "no relationship found between node 'n1' and this object"},
		{"get pods d/unbound", false, "no relationship found between node 'n1' and this object"},
		{"get pods d/gone", true, ""},
		{"list pods / spec.nodeName=n1", true, ""},
		{"watch pods / spec.nodeName=n1,status.phase!=Failed", true, ""},
		{"watch pods / spec.nodeName=n2", false, "can only list/watch pods with spec.nodeName field selector"},
		{"watch pods / spec.nodeName!=n1", false, "can only list/watch pods with spec.nodeName field selector"},
		{"list pods d/volume", false, "can only list/watch pods with spec.nodeName field selector"},
		{"create pods d/", true, ""},
		{"delete pods d/other", true, ""}, // refused when it is known whose it is
		{"update pods/status d/volume", true, ""},
		{"update pods d/volume", false, ""},
		{"deletecollection pods d/", false, ""},
		{"create pods/exec d/volume", false, ""},
		{"create pods/binding d/volume", false, ""},
		{"create pods/eviction d/volume", true, ""},
		{"update leases.coordination.k8s.io kube-node-lease/n1", true, ""},
		{"create leases.coordination.k8s.io kube-node-lease/", true, ""},
		{"watch leases.coordination.k8s.io kube-node-lease/n1", true, ""},
		{"watch leases.coordination.k8s.io kube-node-lease/", false, "can only access node lease with the same name as the requesting node"},
		{"update leases.coordination.k8s.io kube-node-lease/n2", false, "can only access node lease with the same name as the requesting node"},
		{"update leases.coordination.k8s.io kube-system/n1", false, `can only access leases in the "kube-node-lease" system namespace`},
		{"deletecollection leases.coordination.k8s.io kube-node-lease/", false, "can only get, create, update, patch, or delete a node lease"},
		{"watch services /", true, ""},
		{"create events d/", true, ""},
		{"create tokenreviews.authentication.k8s.io /", true, ""},
		{"list namespaces /", false, ""},
		{"delete events d/", false, ""},
		{"get leases d/n1", false, ""},
	} {
		words := append(strings.Fields(c.ask), "")
		a := rbac.Attributes{Verb: words[0]}
		a.Resource, a.Subresource, _ = strings.Cut(words[1], "/")
		a.Resource, a.Group, _ = strings.Cut(a.Resource, ".")
		a.Namespace, a.Name, _ = strings.Cut(words[2], "/")
		a.Fields = fields.ParseSelectorOrDie(words[3]).Requirements()
		allowed, reason := kubelets.Authorize(node("n1"), a, there)
		require.Equal(t, c.want, allowed, c.ask)
		require.Equal(t, c.reason, reason, c.ask)

		for _, other := range []user.Info{{Name: "n1", Groups: []string{user.Nodes}}, {Name: "system:node:n1"}, {Name: "system:node:n1", Groups: []string{user.AllAuthenticated}}} {
			allowed, reason = kubelets.Authorize(other, a, there)
			require.False(t, allowed, "%v: %s", other, c.ask)
			require.Empty(t, reason)
		}
		allowed, reason = kubelets.Authorize(node(""), a, there)
		require.False(t, allowed, c.ask)
		require.Equal(t, `unknown node for user "system:node:"`, reason)
	}
}

// Goal: what a kubelet writes is its own, in upstream's words where it is not. Method: each write with what was there before and what it makes.
func TestRestrict(t *testing.T) {
	there := cluster{pod("d", "mine", "n1", nil), pod("d", "yours", "n2", nil)}
	mine, yours := there[0], there[1]
	labeled := mine.DeepCopy()
	labeled.Labels = map[string]string{"a": "b"}
	mirror := func(change func(*corev1.Pod)) *corev1.Pod { return pod("d", "m", "n1", mirrored(change)) }
	machine := func(name string, change func(*corev1.Node)) *corev1.Node {
		n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"kubernetes.io/hostname": name}}}
		if change != nil {
			change(n)
		}
		return n
	}
	tainted := func(n *corev1.Node) { n.Spec.Taints = []corev1.Taint{{Key: "k", Effect: "NoSchedule"}} }
	label := func(key string) func(*corev1.Node) { return func(n *corev1.Node) { n.Labels[key] = "x" } }
	lease := func(name string) *coordinationv1.Lease {
		return &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: name}}
	}
	token := func(ref *authenticationv1.BoundObjectReference) *authenticationv1.TokenRequest {
		return &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{BoundObjectRef: ref}}
	}
	bound := func(name, uid string) *authenticationv1.TokenRequest {
		return token(&authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: name, UID: types.UID(uid)})
	}
	for _, c := range []struct {
		name     string
		verb     api.Verb
		what     string // RESOURCE[/SUBRESOURCE] NAMESPACE/NAME
		old, obj api.Object
		body     *authenticationv1.TokenRequest
		err      string
	}{
		{name: "status of its pod", verb: api.Update, what: "pods/status d/mine", old: mine, obj: mine.DeepCopy()},
		{name: "status of another's", verb: api.Patch, what: "pods/status d/yours", old: yours, obj: yours.DeepCopy(),
			err: `pods "yours" is forbidden: node "n1" can only update pod status for pods with spec.nodeName set to itself`},
		{name: "labels with it", verb: api.Update, what: "pods/status d/mine", old: mine, obj: labeled,
			err: `pods "mine" is forbidden: node "n1" cannot update labels through pod status`},
		{name: "deletes its pod", verb: api.Delete, what: "pods d/mine", old: mine, obj: mine.DeepCopy()},
		{name: "deletes another's", verb: api.Delete, what: "pods d/yours", old: yours, obj: yours.DeepCopy(),
			err: `pods "yours" is forbidden: node "n1" can only delete pods with spec.nodeName set to itself`},
		{name: "reads its pod", verb: api.Get, what: "pods d/mine", old: mine, obj: mine},
		{name: "reads another's", verb: api.Get, what: "pods d/yours", old: yours, obj: yours,
			err: `pods "yours" is forbidden: no relationship found between node 'n1' and this object`},
		{name: "changes its pod", verb: api.Update, what: "pods d/mine", old: mine, obj: labeled,
			err: `pods "mine" is forbidden: unexpected operation "UPDATE", node "n1" can only create and delete mirror pods`},
		{name: "binds", verb: api.Create, what: "pods/binding d/mine", old: mine, obj: mine,
			err: `pods "mine" is forbidden: unexpected pod subresource "binding", only 'status' and 'eviction' are allowed`},
		{name: "evicts its pod", verb: api.Create, what: "pods/eviction d/mine", old: mine, obj: mine.DeepCopy()},
		{name: "evicts another's", verb: api.Create, what: "pods/eviction d/yours", old: yours, obj: yours.DeepCopy(),
			err: `pods "yours" is forbidden: node n1 can only evict pods with spec.nodeName set to itself`},
		{name: "makes a mirror pod", verb: api.Create, what: "pods d/", obj: mirror(nil)},
		{name: "makes another pod", verb: api.Create, what: "pods d/m", obj: pod("d", "m", "n1", nil),
			err: `pods "m" is forbidden: pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods`},
		{name: "makes one elsewhere", verb: api.Create, what: "pods d/m", obj: mirror(func(p *corev1.Pod) { p.Spec.NodeName = "n2" }),
			err: `pods "m" is forbidden: node "n1" can only create pods with spec.nodeName set to itself`},
		{name: "without an owner", verb: api.Create, what: "pods d/m", obj: mirror(func(p *corev1.Pod) { p.OwnerReferences = nil }),
			err: `pods "m" is forbidden: node "n1" can only create pods with an owner reference set to itself`},
		{name: "of two", verb: api.Create, what: "pods d/m", obj: mirror(func(p *corev1.Pod) { p.OwnerReferences = append(p.OwnerReferences, p.OwnerReferences[0]) }),
			err: `pods "m" is forbidden: node "n1" can only create pods with a single owner reference set to itself`},
		{name: "of an older node", verb: api.Create, what: "pods d/m", obj: mirror(func(p *corev1.Pod) { p.OwnerReferences[0].UID = "old" }),
			err: `pods "m" is forbidden: node n1 UID mismatch: expected old got uid-n1`},
		{name: "no controller", verb: api.Create, what: "pods d/m", obj: mirror(func(p *corev1.Pod) { p.OwnerReferences[0].Controller = nil }),
			err: `pods "m" is forbidden: node "n1" can only create pods with a controller owner reference set to itself`},
		{name: "that blocks", verb: api.Create, what: "pods d/m", obj: mirror(func(p *corev1.Pod) { p.OwnerReferences[0].BlockOwnerDeletion = p.OwnerReferences[0].Controller }),
			err: `pods "m" is forbidden: node "n1" must not set blockOwnerDeletion on an owner reference`},
		{name: "with an account", verb: api.Create, what: "pods d/m", obj: mirror(func(p *corev1.Pod) { p.Spec.ServiceAccountName = "a" }),
			err: `pods "m" is forbidden: node "n1" can not create pods that reference a service account`},
		{name: "with a secret", verb: api.Create, what: "pods d/m", obj: mirror(secretVolume("s")),
			err: `pods "m" is forbidden: node "n1" can not create pods that reference secrets`},
		{name: "with a config map", verb: api.Create, what: "pods d/m", obj: mirror(volume(corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{}})),
			err: `pods "m" is forbidden: node "n1" can not create pods that reference configmaps`},
		{name: "with a claim", verb: api.Create, what: "pods d/m", obj: mirror(volume(corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{}})),
			err: `pods "m" is forbidden: node "n1" can not create pods that reference persistentvolumeclaims`},
		{name: "its Node", verb: api.Create, what: "nodes /", obj: machine("n1", tainted)},
		{name: "another Node", verb: api.Create, what: "nodes /", obj: machine("n2", nil), err: `nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"`},
		{name: "another's status", verb: api.Update, what: "nodes/status /n2", old: machine("n2", nil), obj: machine("n2", nil),
			err: `nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"`},
		{name: "its labels", verb: api.Update, what: "nodes /n1", old: machine("n1", nil), obj: machine("n1", label("node.kubernetes.io/x"))},
		{name: "labels of no one", verb: api.Update, what: "nodes /n1", old: machine("n1", nil), obj: machine("n1", label("example.com/x"))},
		{name: "labels of others", verb: api.Update, what: "nodes /n1", old: machine("n1", nil), obj: machine("n1", label("node-role.kubernetes.io/master")),
			err: `nodes "n1" is forbidden: is not allowed to modify labels: node-role.kubernetes.io/master`},
		{name: "labels taken away", verb: api.Update, what: "nodes /n1", old: machine("n1", label("x.node-restriction.kubernetes.io/a")), obj: machine("n1", nil),
			err: `nodes "n1" is forbidden: is not allowed to modify labels: x.node-restriction.kubernetes.io/a`},
		{name: "labels from the beginning", verb: api.Create, what: "nodes /", obj: machine("n1", label("x.k8s.io/a")),
			err: `nodes "n1" is forbidden: node "n1" is not allowed to set the following labels: x.k8s.io/a`},
		{name: "its taints", verb: api.Update, what: "nodes /n1", old: machine("n1", tainted), obj: machine("n1", nil), err: `nodes "n1" is forbidden: node "n1" is not allowed to modify taints`},
		{name: "its lease", verb: api.Create, what: "leases kube-node-lease/", obj: lease("n1")},
		{name: "another's lease", verb: api.Create, what: "leases kube-node-lease/", obj: lease("n2"),
			err: `leases.coordination.k8s.io "n2" is forbidden: can only access node lease with the same name as the requesting node`},
		{name: "another lease", verb: api.Update, what: "leases d/n1", old: lease("n1"), obj: lease("n1"),
			err: `leases.coordination.k8s.io "n1" is forbidden: can only access leases in the "kube-node-lease" system namespace`},
		{name: "a token for its pod", verb: api.Create, what: "serviceaccounts/token d/robot", body: bound("mine", "uid-1")},
		{name: "for another's", verb: api.Create, what: "serviceaccounts/token d/robot", body: bound("yours", "uid-1"),
			err: `serviceaccounts "robot" is forbidden: node requested token bound to a pod scheduled on a different node`},
		{name: "for nobody's", verb: api.Create, what: "serviceaccounts/token d/robot", body: token(nil), err: `serviceaccounts "robot" is forbidden: node requested token not bound to a pod`},
		{name: "for whatever pod", verb: api.Create, what: "serviceaccounts/token d/robot", body: bound("mine", ""),
			err: `serviceaccounts "robot" is forbidden: node requested token with a pod binding without a uid`},
		{name: "for what is gone", verb: api.Create, what: "serviceaccounts/token d/robot", body: bound("gone", "uid-1"), err: `pods "gone" not found`},
		{name: "for an older one", verb: api.Create, what: "serviceaccounts/token d/robot", body: token(&authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: "mine", UID: "old"}),
			err: `serviceaccounts "robot" is forbidden: the UID in the bound object reference (old) does not match the UID in record. The object might have been deleted and then recreated`},
	} {
		what, place, _ := strings.Cut(c.what, " ")
		req := api.Request{Verb: c.verb}
		name, sub, _ := strings.Cut(what, "/")
		req.Resource, _ = api.ByName(name)
		req.Subresource = sub
		req.Namespace, req.Name, _ = strings.Cut(place, "/")
		if c.obj != nil {
			req.Object = c.obj
		}
		if c.body != nil {
			req.Object = c.body
		}
		err := kubelets.Restrict(node("n1"), req, c.old, c.obj, there)
		if c.err == "" {
			require.NoError(t, err, c.name)
		} else {
			require.EqualError(t, err, c.err, c.name)
			require.True(t, apierrors.IsForbidden(err) || apierrors.IsNotFound(err), c.name)
		}
		require.NoError(t, kubelets.Restrict(user.Info{Name: "admin"}, req, c.old, c.obj, there), "who is no kubelet is not restricted")
		require.ErrorContains(t, kubelets.Restrict(node(""), req, c.old, c.obj, there), `could not determine node from user "system:node:"`, c.name)
	}
}

// Goal: what a kubelet may read grows only with pods bound to it. Method: pods that refer to secrets, bound here or there, and what either
// kubelet may read with and without another's pods.
func TestOthersPodsShowNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var own, all cluster
		for range rapid.IntRange(0, 6).Draw(t, "pods") {
			p := pod("d", "p", rapid.SampledFrom([]string{"n1", "n2", ""}).Draw(t, "node"), secretVolume(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "secret")))
			all = append(all, p)
			if p.Spec.NodeName == "n1" {
				own = append(own, p)
			}
		}
		a := rbac.Attributes{Verb: "get", Resource: "secrets", Namespace: "d", Name: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "asked")}
		alone, _ := kubelets.Authorize(node("n1"), a, own)
		together, _ := kubelets.Authorize(node("n1"), a, all)
		require.Equal(t, alone, together)
	})
}
