package fuzz

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"pgregory.net/rapid"

	"orrery/impl/api"
	"orrery/impl/store"
)

// mostGenerated bounds the objects with generated names, so that one deletion of a collection makes fewer events than the
// caches' window holds.
const mostGenerated = transportWindow - 5

// place is where an object is, or would be.
type place struct {
	resource        *api.Resource
	namespace, name string
}

func (p place) request(verb api.Verb) api.Request {
	return api.Request{Verb: verb, Resource: p.resource, Namespace: p.namespace, Name: p.name}
}

var (
	drawnResources  = []string{"configmaps", "configmaps", "pods", "pods", "pods", "replicasets", "nodes", "namespaces"}
	deletedAtOnce   = []string{"configmaps", "pods", "replicasets", "nodes"} // upstream has no path for all namespaces
	drawnNamespaces = []string{"d2", "d3", "default"}
	drawnSpaces     = rapid.SampledFrom([]string{"d1", "d1", "d1", "d1", "d2", "nowhere"})
	// oddNames are no names of objects; the last of them are hard to write into a path.
	oddNames     = rapid.SampledFrom([]string{"Upper", "x_y", strings.Repeat("long", 70), "with space", "a?b=c", "a#b", "a+b", "grün", "a;b", `a"b`})
	drawnLabels  = rapid.SampledFrom([]map[string]string{nil, {"app": "x"}, {"app": "y"}, {"app": "x", "tier": "z"}, {"tier": "z"}})
	badLabels    = map[string]string{"no key": "no value"}
	drawnPolicy  = rapid.SampledFrom([]metav1.DeletionPropagation{"", "", "", metav1.DeletePropagationBackground, metav1.DeletePropagationForeground, metav1.DeletePropagationOrphan})
	drawnByLabel = rapid.SampledFrom([]string{"", "", "", "app=x", "app!=x", "app in (y, x)", "tier", "!tier", "app=x,tier==z"})
	badByLabel   = rapid.SampledFrom([]string{"a===b", "app in", "a b"})
	drawnByField = rapid.SampledFrom([]string{"", "", "", "metadata.name=a", "metadata.name!=a", "metadata.name=a,metadata.namespace!=d2", "metadata.namespace=d1",
		"spec.nodeName=n1", "spec.host=n1", "status.phase=Pending", "nonesuch=1"})
	drawnStrict = rapid.SampledFrom([]string{"", "", metav1.FieldValidationIgnore, metav1.FieldValidationWarn, metav1.FieldValidationStrict})
)

// seldom is true one time in n.
func seldom(t *rapid.T, n int, label string) bool { return rapid.IntRange(1, n).Draw(t, label) == n }

// drawPlace is anywhere in one of the resources.
func drawPlace(t *rapid.T, resources []string) place {
	p := place{resource: resource(rapid.SampledFrom(resources).Draw(t, "resource"))}
	names := []string{"a", "b", "c"}
	switch {
	case p.resource.Namespaced:
		p.namespace = drawnSpaces.Draw(t, "namespace")
	case p.resource.Name == "namespaces":
		names = drawnNamespaces
	}
	p.name = rapid.SampledFrom(names).Draw(t, "name")
	if seldom(t, 15, "odd") {
		p.name = oddNames.Draw(t, "odd name")
	}
	return p
}

// drawObjectPlace is mostly where an object is.
func (m *transportMachine) drawObjectPlace(t *rapid.T, resources []string) place {
	var there []place
	all, err := m.local.store.List(ctx, "/registry/", store.ListOptions{})
	require.NoError(t, err)
	for _, kv := range all.KVs {
		r, namespace, name, ok := api.ByKey(kv.Key)
		if !ok || !slices.Contains(resources, r.Name) {
			continue // an address, or of no interest
		}
		if slices.Contains([]string{"d1", "d2", ""}, namespace) && (r.Name != "namespaces" || slices.Contains(drawnNamespaces, name)) {
			there = append(there, place{r, namespace, name})
		}
	}
	if len(there) == 0 || seldom(t, 4, "anywhere") {
		return drawPlace(t, resources)
	}
	return rapid.SampledFrom(there).Draw(t, "object")
}

// now is what is stored at a place; nil: nothing.
func (m *transportMachine) now(p place) api.Object {
	resp, err := (&bareServer{store: m.local.store}).do(p.request(api.Get))
	if err != nil {
		return nil
	}
	return resp.Object.DeepCopyObject().(api.Object)
}

// drawObject makes an object as a user would write it, mostly a good one.
func drawObject(t *rapid.T, p place) api.Object {
	obj := p.resource.New()
	obj.SetName(p.name)
	if rapid.Bool().Draw(t, "says its namespace") {
		obj.SetNamespace(p.namespace)
	}
	obj.SetLabels(drawnLabels.Draw(t, "labels"))
	if seldom(t, 5, "finalizers") {
		obj.SetFinalizers(rapid.SampledFrom([][]string{{"x/1"}, {"x/1", "x/2"}, {"unqualified"}}).Draw(t, "finalizers"))
	}
	if seldom(t, 5, "owners") {
		owner := metav1.OwnerReference{APIVersion: "v1", Kind: "ConfigMap", Name: "o", UID: "o"}
		obj.SetOwnerReferences([]metav1.OwnerReference{owner, owner}) // a warning
	}
	switch obj := obj.(type) {
	case *corev1.ConfigMap:
		obj.Data = map[string]string{rapid.SampledFrom([]string{"v", "v", "w", "no/key"}).Draw(t, "key"): fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "value"))}
		if seldom(t, 5, "immutable") {
			obj.Immutable = ptr.To(true)
		}
	case *corev1.Pod:
		obj.Spec.Containers = []corev1.Container{{Name: "c", Image: rapid.SampledFrom([]string{"i", "j", "i", "j", ""}).Draw(t, "image")}}
		obj.Spec.NodeName = rapid.SampledFrom([]string{"", "", "n1"}).Draw(t, "node")
	case *appsv1.ReplicaSet:
		obj.Spec.Replicas = ptr.To(max(-1, rapid.Int32Range(-4, 4).Draw(t, "replicas")))
		obj.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "x"}}
		obj.Spec.Template.Labels = map[string]string{"app": rapid.SampledFrom([]string{"x", "x", "x", "y"}).Draw(t, "template's label")}
		obj.Spec.Template.Spec.Containers = []corev1.Container{{Name: "c", Image: "i"}}
	case *corev1.Node:
		obj.Spec.Unschedulable = rapid.Bool().Draw(t, "unschedulable")
	}
	return obj
}

func (m *transportMachine) create(t *rapid.T) {
	p := drawPlace(t, drawnResources)
	obj := drawObject(t, p)
	req := p.request(api.Create)
	req.DryRun = seldom(t, 8, "dry")
	req.FieldValidation = drawnStrict.Draw(t, "validation")
	switch {
	case seldom(t, 8, "generated") && m.generated < mostGenerated:
		m.generated++
		obj.SetName("")
		obj.SetGenerateName("gen-")
		req.Name = ""
	case seldom(t, 20, "no name"):
		obj.SetName("")
	case seldom(t, 20, "bad label"):
		obj.SetLabels(badLabels)
	case p.namespace == "d1" && m.now(p) == nil && seldom(t, 10, "elsewhere"):
		obj.SetNamespace("other")
	case seldom(t, 20, "a version"):
		obj.SetResourceVersion("7")
	}
	req.Object = obj
	_, _ = m.ask(t, req)
}

func (m *transportMachine) update(t *rapid.T) {
	p := m.drawObjectPlace(t, drawnResources)
	obj := drawObject(t, p)
	now := m.now(p)
	if now != nil && !seldom(t, 6, "anew") {
		obj = drawChange(t, now, obj)
	}
	m.drawVersion(t, obj, now)
	req := p.request(api.Update)
	req.Object = obj
	req.Subresource = drawSubresource(t, p.resource)
	req.DryRun = seldom(t, 8, "dry")
	req.FieldManager = rapid.SampledFrom([]string{"", "me"}).Draw(t, "manager")
	switch {
	case now == nil: // one fault is enough: which of two is told depends on who looks first
	case seldom(t, 25, "another name"):
		obj.SetName("other")
	case seldom(t, 25, "no name"):
		obj.SetName("")
	case seldom(t, 25, "elsewhere"):
		obj.SetNamespace("other")
	case seldom(t, 25, "another UID"):
		obj.SetUID("other")
	}
	_, _ = m.ask(t, req)
}

// drawChange is now with something of wanted.
func drawChange(t *rapid.T, now, wanted api.Object) api.Object {
	now.SetLabels(wanted.GetLabels())
	if seldom(t, 3, "finalizers go") {
		now.SetFinalizers(wanted.GetFinalizers())
	}
	switch now := now.(type) {
	case *corev1.ConfigMap:
		now.Data = wanted.(*corev1.ConfigMap).Data
	case *corev1.Pod:
		now.Spec.Containers[0].Image = wanted.(*corev1.Pod).Spec.Containers[0].Image
		now.Status.Phase = rapid.SampledFrom([]corev1.PodPhase{corev1.PodPending, corev1.PodRunning}).Draw(t, "phase")
	case *appsv1.ReplicaSet:
		now.Spec.Replicas = wanted.(*appsv1.ReplicaSet).Spec.Replicas
		now.Status.Replicas = rapid.Int32Range(-1, 3).Draw(t, "running")
	case *corev1.Node:
		now.Spec.Unschedulable = wanted.(*corev1.Node).Spec.Unschedulable
		now.Status.Phase = corev1.NodeRunning
	case *corev1.Namespace:
		now.Spec.Finalizers = nil // what finalize may do, and an update not
	}
	return now
}

// drawVersion gives obj the resourceVersion that its update shall replace.
func (m *transportMachine) drawVersion(t *rapid.T, obj, now api.Object) {
	switch rapid.IntRange(0, 9).Draw(t, "version") {
	case 0, 1, 2:
		obj.SetResourceVersion("")
	case 3:
		obj.SetResourceVersion(api.FormatResourceVersion(rapid.Int64Range(1, m.revision).Draw(t, "stale")))
	case 4:
		obj.SetResourceVersion(rapid.SampledFrom([]string{"0", "-1", "seven"}).Draw(t, "odd version"))
	default:
		if now != nil {
			obj.SetResourceVersion(now.GetResourceVersion())
		}
	}
}

// drawSubresource is mostly none. Those that are written in another form than the object have actions of their own.
func drawSubresource(t *rapid.T, r *api.Resource) string {
	if !seldom(t, 3, "subresource") {
		return ""
	}
	switch r.Name {
	case "configmaps":
		return ""
	case "namespaces":
		return rapid.SampledFrom([]string{"status", "finalize"}).Draw(t, "subresource's name")
	}
	return "status"
}

// mergePatches are for both kinds of merge; a %s becomes a resourceVersion.
var (
	mergePatches = rapid.SampledFrom([]string{
		`{"metadata":{"labels":{"app":"x","tier":"z"}}}`, `{"metadata":{"labels":{"app":"y"}}}`, `{"metadata":{"labels":null}}`,
		`{"metadata":{"finalizers":null}}`, `{"metadata":{"finalizers":["x/1"]}}`, `{"metadata":{"finalizers":["x/2"]}}`,
		`{"metadata":{"resourceVersion":"%s","annotations":{"a":"b"}}}`, `{"metadata":{"name":"other"}}`, `{"metadata":{"namespace":"other"}}`,
		`{"metadata":{"uid":"other"}}`, `{"metadata":{"labels":{"app":"x","app":"y"}}}`, `{"metadata":{"labels":7}}`, `{"unknown":1,"spec":{"odd":"\"quoted\""}}`,
		`{"data":{"v":"9"}}`, `{"data":null}`, `{"spec":{"replicas":3}}`, `{"spec":{"replicas":-3}}`, `{"spec":{"unschedulable":true}}`,
		`{"spec":{"containers":[{"name":"c","image":"k"}]}}`, `{"spec":{"containers":[{"name":"c","$patch":"delete"}]}}`, `{"spec":{"nodeName":"n2"}}`,
		`{"status":{"phase":"Running"}}`, `{"status":{"replicas":2}}`, `{}`, ``, `{`, `[]`, `7`, `null`, "\xff",
	})
	jsonPatches = rapid.SampledFrom([]string{
		`[{"op":"add","path":"/metadata/labels","value":{"app":"x"}}]`, `[{"op":"remove","path":"/metadata/labels"}]`, `[{"op":"replace","path":"/metadata/labels/app","value":"y"}]`,
		`[{"op":"test","path":"/metadata/resourceVersion","value":"%s"},{"op":"add","path":"/metadata/annotations","value":{"a":"c"}}]`,
		`[{"op":"add","path":"/metadata/finalizers","value":["x/1"]}]`, `[{"op":"remove","path":"/metadata/finalizers"}]`, `[{"op":"replace","path":"/spec/replicas","value":2}]`,
		`[{"op":"add","path":"/data","value":{"v":"8"}}]`, `[{"op":"add","path":"/unknown","value":1}]`, `[{"op":"move","from":"/kind","path":"/name"}]`,
		`[{"op":"odd"}]`, `[]`, `{}`, `[`, ``,
	})
	patchKinds = rapid.SampledFrom([]types.PatchType{types.MergePatchType, types.MergePatchType, types.StrategicMergePatchType, types.StrategicMergePatchType,
		types.JSONPatchType, types.JSONPatchType})
)

func (m *transportMachine) patch(t *rapid.T) {
	p := m.drawObjectPlace(t, drawnResources)
	req := p.request(api.Patch)
	req.PatchType = patchKinds.Draw(t, "patch type")
	now := m.now(p)
	patches := mergePatches
	if req.PatchType == types.JSONPatchType {
		patches = jsonPatches
	}
	text := patches.Draw(t, "patch")
	if strings.Contains(text, "%s") {
		version := api.FormatResourceVersion(rapid.Int64Range(1, m.revision).Draw(t, "stale"))
		if now != nil && rapid.Bool().Draw(t, "its version") {
			version = now.GetResourceVersion()
		}
		text = fmt.Sprintf(text, version)
	}
	req.Patch = []byte(text)
	if seldom(t, 3, "subresource") && p.resource.Name != "configmaps" {
		req.Subresource = "status"
		if p.resource.Name == "replicasets" && rapid.Bool().Draw(t, "scale") {
			req.Subresource = "scale"
		}
	}
	req.DryRun = seldom(t, 8, "dry")
	req.FieldValidation = drawnStrict.Draw(t, "validation")
	_, _ = m.ask(t, req)
}

func (m *transportMachine) delete(t *rapid.T) {
	p := m.drawObjectPlace(t, drawnResources)
	req := p.request(api.Delete)
	req.Delete = m.drawDelete(t, p)
	req.DryRun = seldom(t, 4, "dry")
	if m.now(p) != nil && seldom(t, 8, "bad policy") {
		policy := rapid.SampledFrom([]metav1.DeletionPropagation{"Sideways", metav1.DeletePropagationOrphan}).Draw(t, "policy")
		//lint:ignore SA1019 deprecated, and still sent
		req.Delete = &metav1.DeleteOptions{PropagationPolicy: &policy, OrphanDependents: ptr.To(true)}
	}
	_, _ = m.ask(t, req)
}

func (m *transportMachine) drawDelete(t *rapid.T, p place) *metav1.DeleteOptions {
	if seldom(t, 3, "no options") {
		return nil
	}
	options := &metav1.DeleteOptions{}
	if policy := drawnPolicy.Draw(t, "policy"); policy != "" {
		options.PropagationPolicy = &policy
	} else if seldom(t, 4, "orphans") {
		//lint:ignore SA1019 deprecated, and still sent
		options.OrphanDependents = ptr.To(rapid.Bool().Draw(t, "orphan"))
	}
	if rapid.Bool().Draw(t, "grace") {
		options.GracePeriodSeconds = ptr.To(rapid.SampledFrom([]int64{0, 1, 30, -1}).Draw(t, "grace in seconds"))
	}
	if rapid.Bool().Draw(t, "preconditions") {
		uid, version := types.UID("other"), api.FormatResourceVersion(rapid.Int64Range(1, m.revision).Draw(t, "stale"))
		if now := m.now(p); now != nil && !seldom(t, 4, "of another") {
			uid, version = now.GetUID(), now.GetResourceVersion()
		}
		options.Preconditions = &metav1.Preconditions{}
		if rapid.Bool().Draw(t, "by UID") {
			options.Preconditions.UID = &uid
		}
		if rapid.Bool().Draw(t, "by version") {
			options.Preconditions.ResourceVersion = &version
		}
	}
	return options
}

// deleteCollection deletes what is listed in a namespace. Upstream has no path for it that spans namespaces or deletes
// them.
func (m *transportMachine) deleteCollection(t *rapid.T) {
	p := m.drawObjectPlace(t, deletedAtOnce)
	req := p.request(api.DeleteCollection)
	req.Name = ""
	req.Delete = m.drawDelete(t, p)
	req.Labels, req.Fields = drawnByLabel.Draw(t, "by label"), drawnByField.Draw(t, "by field")
	drawBadSelector(t, &req)
	req.Limit = rapid.Int64Range(0, 3).Draw(t, "limit")
	req.DryRun = seldom(t, 4, "dry")
	_, _ = m.ask(t, req)
}

func (m *transportMachine) get(t *rapid.T) {
	p := m.drawObjectPlace(t, drawnResources)
	req := p.request(api.Get)
	req.ResourceVersion = m.drawSeen(t)
	if seldom(t, 4, "subresource") && p.resource.Name != "configmaps" {
		req.Subresource = "status"
		if p.resource.Name == "replicasets" {
			req.Subresource = "scale"
		}
	}
	_, _ = m.ask(t, req)
}

// drawSeen is a resourceVersion to read at. None is ahead of the stores, which each server would wait for.
func (m *transportMachine) drawSeen(t *rapid.T) string {
	switch rapid.IntRange(0, 9).Draw(t, "resourceVersion") {
	case 0, 1, 2, 3:
		return ""
	case 4:
		return "0"
	case 5:
		return rapid.SampledFrom([]string{"seven", "-1", "1e3"}).Draw(t, "odd")
	}
	return api.FormatResourceVersion(rapid.Int64Range(1, m.revision).Draw(t, "at"))
}

func (m *transportMachine) drawList(t *rapid.T, verb api.Verb) api.Request {
	p := m.drawObjectPlace(t, drawnResources)
	req := p.request(verb)
	if !seldom(t, 8, "one") {
		req.Name = ""
	}
	if rapid.Bool().Draw(t, "everywhere") {
		req.Namespace = ""
	}
	req.Labels, req.Fields = drawnByLabel.Draw(t, "by label"), drawnByField.Draw(t, "by field")
	req.ResourceVersion = m.drawSeen(t)
	return req
}

// drawBadSelector gives a request that is good otherwise a selector that cannot be parsed. A second fault would make the answers
// differ: the web server parses the selectors first, and the other server last.
func drawBadSelector(t *rapid.T, req *api.Request) {
	if req.ResourceVersion != "" || req.Match != "" || req.InitialEvents || req.Name != "" || !seldom(t, 6, "bad selector") {
		return
	}
	if rapid.Bool().Draw(t, "of fields") {
		req.Fields = "a,b"
	} else {
		req.Labels = badByLabel.Draw(t, "bad by label")
	}
}

func (m *transportMachine) list(t *rapid.T) {
	req := m.drawList(t, api.List)
	if req.Name == "" { // in process a page of a list of one name counts what is left as if there were no name
		req.Limit = rapid.Int64Range(-1, 2).Draw(t, "limit")
	}
	if rapid.Bool().Draw(t, "match") {
		req.Match = rapid.SampledFrom([]metav1.ResourceVersionMatch{metav1.ResourceVersionMatchExact, metav1.ResourceVersionMatchNotOlderThan, "Odd"}).Draw(t, "how")
	}
	req.InitialEvents = seldom(t, 20, "initial events")
	drawBadSelector(t, &req)
	m.listed(t, req)
}

// listed keeps where the list goes on.
func (m *transportMachine) listed(t *rapid.T, req api.Request) {
	resp, err := m.ask(t, req)
	next := ""
	if list, ok := resp.Object.(metav1.ListInterface); ok {
		next = list.GetContinue()
	} else if status, ok := err.(apierrors.APIStatus); ok {
		next = status.Status().Continue
	}
	if next != "" {
		req.Continue, req.ResourceVersion, req.Match = next, "", ""
		m.tokens = append(m.tokens, req)
	}
}

// goOn continues a list, or does so wrongly.
func (m *transportMachine) goOn(t *rapid.T) {
	if len(m.tokens) == 0 {
		m.listed(t, api.Request{Verb: api.List, Resource: resource(rapid.SampledFrom(drawnResources).Draw(t, "resource")), Limit: 1})
		return
	}
	req := rapid.SampledFrom(m.tokens).Draw(t, "token")
	switch rapid.IntRange(0, 9).Draw(t, "way") {
	case 0:
		req.Continue = rapid.SampledFrom([]string{"no token", "e30", req.Continue + "x"}).Draw(t, "odd token")
	case 1:
		req.ResourceVersion = api.FormatResourceVersion(m.base)
	case 2:
		req.Resource, req.Namespace = resource("configmaps"), ""
	case 3:
		req.Match = metav1.ResourceVersionMatchExact
	}
	m.listed(t, req)
}

func (m *transportMachine) drawWatch(t *rapid.T) api.Request {
	req := m.drawList(t, api.Watch)
	if rapid.Bool().Draw(t, "from now on") {
		req.ResourceVersion = api.FormatResourceVersion(m.revision)
	}
	req.Bookmarks = !seldom(t, 3, "no bookmarks")
	if seldom(t, 3, "initial events") {
		req.InitialEvents = true
		req.Match = rapid.SampledFrom([]metav1.ResourceVersionMatch{metav1.ResourceVersionMatchNotOlderThan, metav1.ResourceVersionMatchNotOlderThan, ""}).Draw(t, "how")
	} else if seldom(t, 10, "match") {
		req.Match = metav1.ResourceVersionMatchNotOlderThan
	}
	drawBadSelector(t, &req)
	return req
}

func (m *transportMachine) scale(t *rapid.T) {
	p := m.drawObjectPlace(t, []string{"replicasets"})
	scale := &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Name: p.name, Namespace: p.namespace}}
	scale.Spec.Replicas = rapid.Int32Range(-1, 5).Draw(t, "replicas")
	if now := m.now(p); now != nil && rapid.Bool().Draw(t, "by version") {
		scale.ResourceVersion, scale.UID = now.GetResourceVersion(), now.GetUID()
	} else if seldom(t, 4, "stale") {
		scale.ResourceVersion = api.FormatResourceVersion(m.base)
	}
	req := p.request(api.Update)
	req.Subresource, req.Object, req.DryRun = "scale", scale, seldom(t, 8, "dry")
	_, _ = m.ask(t, req)
}

func (m *transportMachine) bind(t *rapid.T) {
	p := m.drawObjectPlace(t, []string{"pods"})
	binding := &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Name: p.name, Namespace: p.namespace, Annotations: drawnLabels.Draw(t, "annotations")}}
	binding.Target = corev1.ObjectReference{Kind: rapid.SampledFrom([]string{"Node", "Node", "", "Pod"}).Draw(t, "kind"), Name: rapid.SampledFrom([]string{"n1", "n1", "n2", ""}).Draw(t, "target")}
	if now := m.now(p); now != nil && seldom(t, 3, "by UID") {
		binding.UID = now.GetUID()
	}
	switch {
	case seldom(t, 10, "another UID"):
		binding.UID = "other"
	case seldom(t, 10, "another name"):
		binding.Name = "other"
	case seldom(t, 10, "no place"):
		binding.Namespace = ""
	}
	req := p.request(api.Create)
	req.Subresource, req.Object, req.DryRun = "binding", binding, seldom(t, 8, "dry")
	_, _ = m.ask(t, req)
}

// misplaced requests name no object.
func (m *transportMachine) misplaced(t *rapid.T) {
	p := m.drawObjectPlace(t, deletedAtOnce)
	req := p.request(rapid.SampledFrom([]api.Verb{api.Get, api.Update, api.Patch, api.Delete, api.Create, api.Watch, "odd", ""}).Draw(t, "verb"))
	switch req.Verb {
	case api.Create, api.Update:
		req.Object = drawObject(t, p)
	case api.Patch:
		req.Patch, req.PatchType = []byte("{}"), types.MergePatchType
	}
	if rapid.Bool().Draw(t, "namespace") {
		req.Namespace = map[bool]string{true: "", false: "d1"}[p.resource.Namespaced]
	} else {
		req.Name = ""
	}
	_, _ = m.ask(t, req)
}

// unserved requests name an object and ask for what is not served. Both say so with the same code; the words depend on who
// says it, and on whether the object is there.
func (m *transportMachine) unserved(t *rapid.T) {
	p := m.drawObjectPlace(t, []string{"configmaps", "pods", "nodes"})
	req := p.request(rapid.SampledFrom([]api.Verb{api.Get, api.Update, api.Patch}).Draw(t, "verb"))
	req.Subresource = rapid.SampledFrom([]string{"nonesuch", "finalize", "scale"}).Draw(t, "subresource")
	switch req.Verb {
	case api.Update:
		req.Object = drawObject(t, p)
	case api.Patch:
		req.Patch, req.PatchType = []byte("{}"), types.MergePatchType
		if m.now(p) != nil && rapid.Bool().Draw(t, "odd type") {
			req.Subresource, req.PatchType = "", rapid.SampledFrom([]types.PatchType{types.ApplyYAMLPatchType, "text/plain", ""}).Draw(t, "type")
		}
	}
	m.refused(t, req, func(err error) string {
		return fmt.Sprint(api.OutcomeOf(err), " ", apierrors.ReasonForError(err))
	})
}

// unsendable requests have a name that is no segment of a path. In process it names what is not there; a client does not
// send it, as the path would name something else. Both say that nothing was done.
func (m *transportMachine) unsendable(t *rapid.T) {
	p := drawPlace(t, drawnResources)
	req := p.request(rapid.SampledFrom([]api.Verb{api.Get, api.Delete}).Draw(t, "verb"))
	req.Name = rapid.SampledFrom([]string{"a/b", "a/status", "..", ".", "50%"}).Draw(t, "no segment")
	m.refused(t, req, func(err error) string { return string(api.OutcomeOf(err)) })
}

// refused asks what both must refuse, and compares what is told of why.
func (m *transportMachine) refused(t *rapid.T, req api.Request, told func(error) string) {
	t.Helper()
	m.begin()
	_, local := m.local.server.Do(m.ctx, req)
	_, remote := m.http.Do(m.ctx, req)
	if want, got := told(local), told(remote); local == nil || remote == nil || want != got {
		t.Fatalf("the answers differ: %s\n in process %v\n over HTTP  %v", requestText(req), local, remote)
	}
}
