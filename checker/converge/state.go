package converge

import (
	"fmt"
	"maps"
	"slices"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/checker/rules"
	"orrery/impl/trace"
)

// state judges the last state: of the store, and of the nodes.
func (j *judge) state() {
	live := slices.DeleteFunc(slices.Clone(j.h.Log.Live("/registry/", j.last)), bookkeeping)
	owned := map[string]int{}  // owner's UID → its active pods
	going := map[string]bool{} // namespaces that are being deleted: nothing new is made there
	running := j.running()
	silent := j.silent(live)
	for _, v := range live {
		obj, err := v.Content()
		if err != nil || obj == nil {
			j.unknown = append(j.unknown, fmt.Sprintf("%s at revision %d cannot be read: %v", v.Object, v.Revision, err))
			continue
		}
		// Of a node that is silent, no kubelet says what has become of its pods.
		mute := v.Object.Resource == "pods" && silent[obj.Spec.NodeName]
		if obj.Metadata.DeletionTimestamp != "" && len(obj.Metadata.Finalizers) == 0 && v.Object.Resource != "namespaces" && !mute {
			j.broken(Gone, 75, v.Seq(), "%s is being deleted since %s and is still there", v.Object, obj.Metadata.DeletionTimestamp)
		}
		if v.Object.Resource == "namespaces" && obj.Metadata.DeletionTimestamp != "" {
			going[v.Object.Name] = true
			j.namespace(v, obj, live, silent)
		}
		if v.Object.Resource != "pods" {
			continue
		}
		if ref, ok := obj.Controller(); ok && obj.Active() {
			owned[ref.UID]++
		}
		if mute {
			running.take(obj.Runs())
		} else {
			j.pod(v, obj, running)
		}
	}
	j.waiting(live)
	staying := slices.DeleteFunc(slices.Clone(live), func(v *history.Version) bool { return going[v.Object.Namespace] })
	j.services(staying)
	j.old(staying)
	j.accounts(staying)
	j.garbage(live, silent)
	j.rules(silent)
	for _, v := range live {
		if r := v.Object.Resource; (r == "replicationcontrollers" || r == "replicasets") && !going[v.Object.Namespace] {
			j.owner(v, owned[v.UID])
		}
	}
	for _, l := range running.order {
		if c := l.Container; running.byID[c.Node+"/"+c.ID] != nil {
			j.broken(Clean, 95, l.Seq, "container %s of pods/%s/%s (UID %s) runs on %s, and no pod of the store asks for it", c.Container, c.Namespace, c.Pod, c.PodUID, c.Node)
		}
	}
}

// silent are the nodes of which it is unknown whether they are ready, by name. One whose lease has been renewed since is not silent at all.
func (j *judge) silent(live []*history.Version) map[string]bool {
	silent := map[string]bool{}
	until := int64(len(j.h.Lines))
	if settled, ok := j.h.Phase(trace.Settled); ok {
		until = settled.From
	}
	for _, v := range live {
		node := j.read(v)
		if v.Object.Resource != "nodes" || node == nil {
			continue
		}
		if ready, _ := node.Condition("Ready"); ready != "Unknown" {
			continue
		}
		silent[v.Object.Name] = true
		lease := history.At(j.h.Log.Of(history.ObjectName{Resource: "leases", Namespace: "kube-node-lease", Name: v.Object.Name}), j.last)
		if lease != nil && lease.Seq() > v.Seq() && lease.Seq() < until {
			j.broken(Heard, 76, lease.Seq(), "%s renews its lease, and its condition Ready is Unknown", v.Object)
		}
	}
	return silent
}

// waiting judges the pods that were found unschedulable, where it is resources alone that may keep them from a node.
func (j *judge) waiting(live []*history.Version) {
	on := map[string][]*object.Object{}
	var waiting []*history.Version
	for _, v := range live {
		if pod := j.read(v); v.Object.Resource == "pods" && pod != nil && !pod.Terminal() {
			if on[pod.Spec.NodeName] = append(on[pod.Spec.NodeName], pod); pod.Spec.NodeName == "" && pod.Active() && pod.Plain() {
				waiting = append(waiting, v)
			}
		}
	}
	for _, n := range live {
		node := j.read(n)
		if n.Object.Resource != "nodes" || node == nil || node.Metadata.DeletionTimestamp != "" {
			continue
		}
		if ready, _ := node.Condition("Ready"); ready != "True" {
			continue
		}
		for _, v := range waiting {
			pod := j.read(v)
			if node.Refuses(n.Object.Name, pod) != "" {
				continue
			}
			there := slices.Concat(on[n.Object.Name], promised(n.Object.Name, pod, on[""]))
			stay, may := preempting(pod, there)
			fits, err := node.Fits(pod, there)
			wins := false
			if err == nil && may {
				wins, err = node.Fits(pod, stay)
			}
			switch {
			case err != nil:
				j.unknown = append(j.unknown, fmt.Sprintf("what node %s carries in the end cannot be added up: %v", n.Object.Name, err))
			case fits:
				j.broken(Scheduled, 51, v.Seq(), "%s has no node, and %s has room for it", v.Object, n.Object.Name)
			case wins:
				j.broken(Preempts, 52, v.Seq(), "%s has no node, and %s would have room for it without pods of lower priority", v.Object, n.Object.Name)
			}
		}
	}
}

// promised are the pods that wait for a node before a pod does, as it has been promised to them.
func promised(node string, pod *object.Object, waiting []*object.Object) (before []*object.Object) {
	for _, other := range waiting {
		if other != pod && other.Status.NominatedNodeName == node && other.Active() && other.Spec.Priority >= pod.Spec.Priority {
			before = append(before, other)
		}
	}
	return before
}

// preempting are those of the pods of a node that stay if a pod preempts all that it may; false: it may none. Those that are being deleted leave
// when they do, and somebody who has wishes about others there may be why it is left alone.
func preempting(pod *object.Object, there []*object.Object) (stay []*object.Object, may bool) {
	for _, other := range there {
		if !other.Plain() {
			return nil, false
		}
		if other.Spec.Priority >= pod.Spec.Priority || !other.Active() {
			stay = append(stay, other)
		}
	}
	return stay, len(stay) < len(there) && pod.Spec.PreemptionPolicy != "Never"
}

// has reports whether there is such an object in the end; of no name there is nothing to miss.
func (j *judge) has(resource, namespace, name string) bool {
	return name == "" || history.At(j.h.Log.Of(history.ObjectName{Resource: resource, Namespace: namespace, Name: name}), j.last) != nil
}

// read is the object in a version; nil where it cannot be read, which is said elsewhere.
func (j *judge) read(v *history.Version) *object.Object {
	obj, err := v.Content()
	if err != nil {
		return nil
	}
	return obj
}

// owner judges one replication controller or replica set.
func (j *judge) owner(v *history.Version, active int) {
	obj, err := v.Content()
	if err != nil || obj.Metadata.DeletionTimestamp != "" || obj.Spec.Replicas == nil {
		return
	}
	want := *obj.Spec.Replicas
	switch {
	case int64(active) != want:
		j.broken(Replicas, 55, v.Seq(), "%s wants %d pods and has %d", v.Object, want, active)
	case obj.Status.Replicas != want:
		j.broken(Replicas, 55, v.Seq(), "%s has %d pods, and its status says %d", v.Object, active, obj.Status.Replicas)
	case obj.Status.ObservedGeneration != obj.Metadata.Generation:
		j.broken(Replicas, 55, v.Seq(), "the status of %s is of generation %d, and it is at %d", v.Object, obj.Status.ObservedGeneration, obj.Metadata.Generation)
	}
}

// containers are those that run, by node and ID; what is found to be asked for is taken out.
type containers struct {
	order []*trace.Line
	byID  map[string]*trace.Line
}

// running are the containers of pods (not their sandboxes) that started and did not end.
func (j *judge) running() containers {
	c := containers{byID: map[string]*trace.Line{}}
	for _, l := range j.h.Containers {
		if l.Container.Container == "" {
			continue
		}
		id := l.Container.Node + "/" + l.Container.ID
		switch l.Container.State {
		case "started":
			c.byID[id] = l
			c.order = append(c.order, l)
		case "exited", "removed":
			delete(c.byID, id)
		}
	}
	return c
}

// take takes all containers of a pod out.
func (c containers) take(uid string) {
	maps.DeleteFunc(c.byID, func(_ string, l *trace.Line) bool { return l.Container.PodUID == uid })
}

// pod judges one pod against the containers that run, and takes those that it asks for out of them.
func (j *judge) pod(v *history.Version, pod *object.Object, running containers) {
	if !pod.Active() {
		return
	}
	if pod.Spec.NodeName == "" {
		if status, reason := pod.Condition("PodScheduled"); status != "False" || reason != "Unschedulable" {
			j.broken(Running, 119, v.Seq(), "%s is neither bound nor found unschedulable", v.Object)
		}
		return
	}
	if pod.Status.Phase == "Pending" && !j.has("serviceaccounts", v.Object.Namespace, pod.Spec.ServiceAccountName) {
		return // it waits for a token, and there is nobody to whom one could be given
	}
	if pod.Status.Phase != "Running" {
		j.broken(Running, 119, v.Seq(), "%s is bound to %s, and its phase is %q", v.Object, pod.Spec.NodeName, pod.Status.Phase)
	} else if ready, _ := pod.Condition("Ready"); ready != "True" {
		j.broken(Running, 119, v.Seq(), "%s is not Ready", v.Object)
	}
	for _, c := range pod.Spec.Containers {
		found := false
		for id, l := range running.byID { // order does not matter: at most one is looked for, the rest is left alone
			if r := l.Container; r.PodUID == pod.Runs() && r.Container == c.Name && r.Node == pod.Spec.NodeName {
				delete(running.byID, id)
				found = true
				break
			}
		}
		if !found {
			j.broken(Running, 119, v.Seq(), "container %s of %s does not run on %s", c.Name, v.Object, pod.Spec.NodeName)
		}
	}
	for id, l := range running.byID { // order does not matter: all of them are taken out
		sidecar := func(c object.Container) bool { return c.Name == l.Container.Container && c.RestartPolicy == "Always" }
		if l.Container.PodUID == pod.Runs() && slices.ContainsFunc(pod.Spec.InitContainers, sidecar) {
			delete(running.byID, id)
		}
	}
}

// rules judges what each node's proxy has put into its kernel last. One that has never done so is not there; of one on a node that is silent, or that
// has been deleted, nothing is known.
func (j *judge) rules(silent map[string]bool) {
	last := map[string]*trace.Line{}
	for _, l := range j.h.Rules {
		last[l.Rules.Node] = l
	}
	for _, node := range slices.Sorted(maps.Keys(last)) {
		l := last[node]
		if chain := j.h.Log.Of(history.ObjectName{Resource: "nodes", Name: node}); silent[node] || len(chain) > 0 && history.At(chain, j.last) == nil {
			continue
		}
		w, err := rules.Of(j.h.Log, j.last, j.last, node)
		if err != nil {
			j.unknown = append(j.unknown, err.Error())
			continue
		}
		if l.Rules.Hash != w.Hash {
			j.broken(Rules, 113, l.Seq, "the rules of %s are %s, and those that follow from the store are %s:\n%s", node, l.Rules.Hash, w.Hash, w)
		}
	}
}
