package kubelet

import (
	"slices"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/control"
)

// Kubelet is ring 1: it decides for the pods of one node and for the Node itself. It implements [control.Component].
type Kubelet struct{ cfg Config }

// New makes a Kubelet that decides by cfg.
func New(cfg Config) *Kubelet { return &Kubelet{cfg: cfg} }

var _ control.Component = (*Kubelet)(nil)

// Sources of the kubelet. The last two are local, as are sourceReferences and sourceManifests: what the node itself shows.
const (
	sourcePods       = "pods"
	sourceNodes      = "nodes"
	sourceLeases     = "leases"
	sourceConfigMaps = "configmaps"
	sourceSecrets    = "secrets"
	sourceServices   = "services"
	sourceRuntime    = "runtime"
	sourceMachine    = "machine"
)

// Keys of the kubelet: "NAMESPACE/NAME" is a pod's, with /CONTAINER appended that of a preStop hook, and with /CONTAINER/KIND
// that of a probe or of a postStart hook; with //tokens that of its tokens.
const (
	keyNode    control.Key = "node"
	keyLease   control.Key = "lease"
	keyGarbage control.Key = "garbage"
)

// Name implements [control.Component].
func (k *Kubelet) Name() string { return "kubelet" }

// Sources implements [control.Component]. Nothing is decided, and so nothing killed, before each has been listed once (row
// 90).
//
// A service concerns only containers that are created after it: nobody looks at a pod again because of it.
//
// Config maps and secrets are all watched, or, with [Config].OneByOne, as upstream's kubelet reads them: those to which pods refer.
func (k *Kubelet) Sources() []control.Source {
	source := func(name, namespace, fields string) control.Source {
		resource, _ := api.ByName(name)
		return control.Source{Name: name, Resource: resource, Namespace: namespace, Fields: fields}
	}
	pods := source(sourcePods, "", "spec.nodeName="+k.cfg.Node)
	pods.Indexes = []control.Index{byReference}
	all := []control.Source{
		pods,
		source(sourceNodes, "", "metadata.name="+k.cfg.Node),
		source(sourceLeases, leaseNamespace, "metadata.name="+k.cfg.Node),
		source(sourceConfigMaps, "", ""),
		source(sourceSecrets, "", ""),
		source(sourceServices, "", ""),
		{Name: sourceRuntime},
		{Name: sourceMachine},
	}
	if k.cfg.Manifests != "" {
		for i := range all {
			all[i].Late = all[i].Resource != nil
		}
		all = append(all, control.Source{Name: sourceManifests})
	}
	if k.cfg.OneByOne {
		all = slices.DeleteFunc(all, func(s control.Source) bool { return s.Name == sourceConfigMaps || s.Name == sourceSecrets })
		all = append(all, control.Source{Name: sourceReferences})
	}
	return all
}

// byReference finds the pods that refer to a config map or secret: "configmaps/NAMESPACE/NAME".
var byReference = control.Index{Name: "reference", Values: func(obj metav1.Object, add func(string)) {
	if pod, ok := obj.(*corev1.Pod); ok {
		references(&pod.Spec, func(source, name string) { add(source + "/" + pod.Namespace + "/" + name) })
	}
}}

// references calls add for every config map and secret that a pod's volumes and environment name.
func references(spec *corev1.PodSpec, add func(source, name string)) {
	for _, v := range spec.Volumes {
		if v.ConfigMap != nil {
			add(sourceConfigMaps, v.ConfigMap.Name)
		}
		if v.Secret != nil {
			add(sourceSecrets, v.Secret.SecretName)
		}
		if v.Projected == nil {
			continue
		}
		for _, from := range v.Projected.Sources {
			if from.ConfigMap != nil {
				add(sourceConfigMaps, from.ConfigMap.Name)
			}
			if from.Secret != nil {
				add(sourceSecrets, from.Secret.Name)
			}
		}
	}
	for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
		for _, from := range c.EnvFrom {
			if from.ConfigMapRef != nil {
				add(sourceConfigMaps, from.ConfigMapRef.Name)
			}
			if from.SecretRef != nil {
				add(sourceSecrets, from.SecretRef.Name)
			}
		}
		for _, e := range c.Env {
			if from := e.ValueFrom; from != nil && from.ConfigMapKeyRef != nil {
				add(sourceConfigMaps, from.ConfigMapKeyRef.Name)
			} else if from != nil && from.SecretKeyRef != nil {
				add(sourceSecrets, from.SecretKeyRef.Name)
			}
		}
	}
}

// Keys implements [control.Component].
func (k *Kubelet) Keys(v *control.View, source string, old, new metav1.Object, add func(control.Key)) {
	obj := new
	if obj == nil {
		obj = old
	}
	switch source {
	case sourcePods:
		podKeys(obj.(*corev1.Pod), add)
		if isMirror(obj.(*corev1.Pod)) || k.static(v, obj.GetNamespace(), obj.GetName()) != nil {
			k.staticKeys(v, obj, add)
		}
		if new == nil {
			k.everyStatic(v, add) // there may be room for one now
		}
		add(keyGarbage)
		if k.cfg.OneByOne && !slices.Equal(k.refers(old), k.refers(new)) {
			add(keyReferences)
		}
	case sourceRuntime:
		add(control.Key(obj.GetNamespace() + "/" + obj.GetName()))
		if pod, ok := v.Get(sourcePods, obj.GetNamespace(), obj.GetName()).(*corev1.Pod); ok {
			podKeys(pod, add)
		}
		k.staticKeys(v, obj, add)
		if new == nil {
			k.everyStatic(v, add)
		}
		add(keyGarbage)
	case sourceManifests:
		podKeys(obj.(*corev1.Pod), add)
		k.staticKeys(v, obj, add)
		add(keyGarbage)
	case sourceMachine:
		add(keyNode)
		add(keyGarbage)
		if a, b := machineOf(old), machineOf(new); a.Down != b.Down {
			for pod := range v.All(sourcePods).Each {
				podKeys(pod.(*corev1.Pod), add)
			}
			k.everyStatic(v, add)
		}
	case sourceNodes:
		add(keyNode)
		add(keyLease)
		k.everyStatic(v, add)
	case sourceLeases:
		add(keyLease)
	case sourceReferences:
		for pod := range v.Select(sourcePods, byReference.Name, referOf(obj.(*Reference)).index()).Each {
			podKeys(pod.(*corev1.Pod), add)
		}
	case sourceConfigMaps, sourceSecrets:
		for pod := range v.Select(sourcePods, byReference.Name, source+"/"+obj.GetNamespace()+"/"+obj.GetName()).Each {
			podKeys(pod.(*corev1.Pod), add)
		}
	}
}

func machineOf(obj metav1.Object) *Machine {
	if m, ok := obj.(*Machine); ok && m != nil {
		return m
	}
	return &Machine{}
}

// podKeys adds the keys of a pod, of its hooks and of its probes.
func podKeys(pod *corev1.Pod, add func(control.Key)) {
	key := control.Key(pod.Namespace + "/" + pod.Name)
	add(key)
	if wantsTokens(pod) {
		add(key + keyTokens)
	}
	for _, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		if preStop(&c) != nil {
			add(key + control.Key("/"+c.Name))
		}
		if postStart(&c) != nil {
			add(key + control.Key("/"+c.Name) + keyPostStart)
		}
		for _, kind := range ProbeKinds {
			if kind.of(&c) != nil {
				add(key + control.Key("/"+c.Name+"/"+string(kind)))
			}
		}
	}
}

// Reconcile implements [control.Component].
func (k *Kubelet) Reconcile(v *control.View, now time.Time, key control.Key) control.Plan {
	machine := machineOf(v.Get(sourceMachine, "", k.cfg.Node))
	parts := strings.Split(string(key), "/")
	if !v.Complete() && (len(parts) < 2 || strings.HasSuffix(string(key), string(keyMirror)) || !k.apart(v, parts[0], parts[1])) {
		return control.Plan{Wants: "the API to be listed"} // row 90
	}
	switch key {
	case keyNode:
		if v.Doubtful(sourceNodes, "", k.cfg.Node) {
			return control.Plan{Wants: "to learn what became of the last write to the Node"}
		}
		node, _ := v.Get(sourceNodes, "", k.cfg.Node).(*corev1.Node)
		return write(decideNode(&k.cfg, node, machine, now))
	case keyLease:
		if v.Doubtful(sourceLeases, leaseNamespace, k.cfg.Node) {
			return control.Plan{Wants: "to learn what became of the last write to the Lease"}
		}
		node, _ := v.Get(sourceNodes, "", k.cfg.Node).(*corev1.Node)
		lease, _ := v.Get(sourceLeases, leaseNamespace, k.cfg.Node).(*coordinationv1.Lease)
		return write(decideLease(&k.cfg, node, lease, now))
	case keyGarbage:
		return k.garbage(v, machine)
	case keyReferences:
		return k.decideReferences(v)
	}
	if machine.Down != "" {
		// What runs goes on, and what the API shows of it stays (rows 92, 96).
		return control.Plan{Again: now.Add(k.cfg.Relist), Wants: "the container runtime", Why: "the container runtime is down"}
	}
	if strings.HasSuffix(string(key), string(keyMirror)) {
		return k.decideMirror(v, parts[0], parts[1], now)
	}
	in := k.input(v, k.wanted(v, parts[0], parts[1]), parts[0], parts[1])
	switch len(parts) {
	case 2:
		return k.plan(in, decide(&k.cfg, in, now))
	case 3:
		return local(decideHook(&k.cfg, in, parts[2], now))
	}
	if strings.HasSuffix(string(key), string(keyTokens)) {
		return local(decideTokens(&k.cfg, in, now))
	}
	if "/"+parts[3] == string(keyPostStart) {
		return local(decidePostStart(&k.cfg, in, parts[2], now))
	}
	return local(decideProbe(&k.cfg, in, parts[2], ProbeKind(parts[3]), now))
}

// input collects what a decision about the pods of one name needs, of which one, or none, is to run.
func (k *Kubelet) input(v *control.View, pod *corev1.Pod, namespace, name string) Input {
	in := Input{Pod: pod, Refs: k.lookups(v, namespace), Apart: !v.Complete()}
	in.Seen, _ = v.Get(sourceRuntime, namespace, name).(*Observed)
	if in.Pod == nil || admitted(in.Pod) {
		return in
	}
	if rt := in.Seen.of(in.Pod.UID); rt.Empty() {
		others := k.all(v)
		if in.Rejected = admit(&k.cfg, in.Pod, others); in.Rejected != nil {
			return in
		}
		node, _ := v.Get(sourceNodes, "", k.cfg.Node).(*corev1.Node)
		in.Rejected = unsuited(in.Pod, node, others)
	}
	return in
}

// plan turns a decision about a pod into effects: the status is written beside the first batch, so that it costs no time.
func (k *Kubelet) plan(in Input, d Decision) control.Plan {
	plan := local(d)
	if in.Pod == nil || isStatic(in.Pod) {
		return plan
	}
	if d.Finish {
		plan.Batches = append(plan.Batches, []control.Effect{finalDelete(in.Pod)})
		return plan
	}
	if d.Status == nil || apiequality.Semantic.DeepEqual(&in.Pod.Status, d.Status) || postpone(in.Pod, d) {
		return plan
	}
	effects := []control.Effect{statusWrite(in.Pod, d.Status)}
	if notes := notesOf(&in.Pod.Status, d.Status, in.Pod); len(notes) > 0 {
		effects = append(effects, control.Effect{Other: Say{refOf(in.Pod), notes}, BestEffort: true})
	}
	if len(plan.Batches) == 0 {
		plan.Batches = append(plan.Batches, nil)
	}
	plan.Batches[0] = append(plan.Batches[0], effects...)
	return plan
}

// postpone reports whether a status can wait for the next step, because this one takes less time than the write would.
func postpone(pod *corev1.Pod, d Decision) bool {
	if !admitted(pod) || len(d.Batches) == 0 || terminal(d.Status.Phase) {
		return false
	}
	for _, e := range d.Batches[0] {
		switch e.(type) {
		case EnsureImage, SetUp:
		default:
			return false
		}
	}
	return true
}

func statusWrite(pod *corev1.Pod, status *corev1.PodStatus) control.Effect {
	resource, _ := api.ByName(sourcePods)
	next := pod.DeepCopy()
	next.Status = *status
	return control.Effect{
		Request: &api.Request{Verb: api.Update, Resource: resource, Namespace: pod.Namespace, Name: pod.Name, Subresource: "status", Object: next},
		Expect:  next, Why: "status",
	}
}

// finalDelete removes a pod from the API for good: its UID and resourceVersion, and grace 0.
func finalDelete(pod *corev1.Pod) control.Effect {
	resource, _ := api.ByName(sourcePods)
	zero := int64(0)
	return control.Effect{
		Request: &api.Request{Verb: api.Delete, Resource: resource, Namespace: pod.Namespace, Name: pod.Name,
			Delete: &metav1.DeleteOptions{GracePeriodSeconds: &zero, Preconditions: &metav1.Preconditions{UID: &pod.UID, ResourceVersion: &pod.ResourceVersion}}},
		Expect: pod, Gone: true, Why: "all its containers have stopped and nothing of it is left",
	}
}

// local turns a decision that concerns only the node into a plan.
func local(d Decision) control.Plan {
	plan := control.Plan{Again: d.Again, Why: d.Why}
	for _, batch := range d.Batches {
		var effects []control.Effect
		for _, e := range batch {
			effects = append(effects, control.Effect{Other: e})
		}
		plan.Batches = append(plan.Batches, effects)
	}
	return plan
}

func write(req *api.Request, expect metav1.Object, again time.Time) control.Plan {
	plan := control.Plan{Again: again}
	if req != nil {
		plan.Batches = [][]control.Effect{{{Request: req, Expect: expect}}}
	}
	return plan
}

// garbage removes what lies on disk of pods that are neither in the API nor in the runtime.
func (k *Kubelet) garbage(v *control.View, machine *Machine) control.Plan {
	if machine.Down != "" || len(machine.Dirs) == 0 {
		return control.Plan{}
	}
	alive := map[string]bool{}
	for _, pod := range k.all(v) {
		alive[string(pod.UID)] = true
	}
	for obj := range v.All(sourceRuntime).Each {
		for _, p := range obj.(*Observed).Pods {
			alive[p.UID] = true
		}
	}
	var batch []control.Effect
	for _, uid := range machine.Dirs {
		if !alive[string(uid)] {
			batch = append(batch, control.Effect{Other: CleanUp{uid}})
		}
	}
	if len(batch) == 0 {
		return control.Plan{}
	}
	return control.Plan{Batches: [][]control.Effect{batch}, Why: "pods that are gone"}
}
