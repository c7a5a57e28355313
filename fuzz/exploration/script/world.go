package script

import (
	"encoding/json"
	"errors"
	"fmt"

	"orrery/checker/object"
	"orrery/fuzz/simulation"
	"orrery/fuzz/workload"
	"orrery/impl/trace"
)

// world is what a run had come to when its script ended, before everything was healed.
type world struct {
	// objects are the workload's, by resource and name, as the store had them; told is what each process that runs had heard of them.
	objects map[string]object.Object
	told    map[string]map[string]object.Object
	// writes counts those to pods.
	writes int
	// decided are the decisions of each process that had effects, in order.
	decided map[string][]*trace.Step
	// runs counts, by the pod's name, the containers that run.
	runs map[string]int
	// sent counts the requests of a process, by their words.
	sent map[string]int

	stored map[int64]object.Object // by revision
	latest map[string]map[string]int64
	calls  map[string]sender // by ID
}

// sender is who sent a call.
type sender struct {
	process string
	call    *trace.Call
}

// key is that of an object in a world.
func key(resource, name string) string { return resource + " " + name }

// words are how a script names a request of a process for an object.
func words(process, verb, resource, name string) string {
	return fmt.Sprintf("%s %s %s %s/%s", process, verb, resource, workload.Namespace, name)
}

// read reads a run's trace.
func read(run simulation.Result) (world, error) {
	w := world{objects: map[string]object.Object{}, told: map[string]map[string]object.Object{}, decided: map[string][]*trace.Step{}, sent: map[string]int{},
		runs:   map[string]int{},
		stored: map[int64]object.Object{}, latest: map[string]map[string]int64{}, calls: map[string]sender{}}
	for _, l := range run.Lines {
		switch {
		case l.Phase != nil && l.Phase.Name == trace.Heal:
			return w, nil
		case l.Revision != nil && l.Revision.Namespace == workload.Namespace:
			if err := w.write(l.Revision); err != nil {
				return w, err
			}
		case l.Step != nil && len(l.Step.Plan) > 0:
			w.decided[l.Process] = append(w.decided[l.Process], l.Step)
		case l.Call != nil && l.Call.Layer == trace.API:
			resource := l.Call.Resource
			if l.Call.Subresource != "" {
				resource += "/" + l.Call.Subresource
			}
			w.sent[words(l.Process, l.Call.Verb, resource, l.Call.Name)]++
			w.calls[l.Call.ID] = sender{l.Process, l.Call}
		case l.Return != nil:
			w.hear(l.Return)
		case l.Event != nil:
			w.tell(l.Process, l.Event.Object, l.Event.Type == "DELETED")
		case l.Container != nil && l.Container.State == "started" && l.Container.Container != "":
			w.runs[l.Container.Pod]++
		case l.Container != nil && l.Container.State == "exited" && l.Container.Container != "":
			w.runs[l.Container.Pod]--
		case l.Life != nil && l.Life.State == "exit":
			delete(w.told, l.Life.Name)
		}
	}
	return w, errors.New("the run was not healed")
}

// write takes over a write to the store.
func (w *world) write(v *trace.Revision) error {
	if v.Resource == "pods" {
		w.writes++
	}
	if v.Deleted {
		delete(w.objects, key(v.Resource, v.Name))
		return nil
	}
	var o object.Object
	if err := json.Unmarshal(v.Object, &o); err != nil {
		return fmt.Errorf("%s: %w", v.Key, err)
	}
	w.objects[key(v.Resource, v.Name)], w.stored[v.Revision] = o, o
	return nil
}

// hear takes over an answer: what it shows is known to who sent the request.
func (w *world) hear(r *trace.Return) {
	from, ok := w.calls[r.ID]
	switch {
	case !ok:
	case from.call.Verb == "get" && r.Reason == "NotFound":
		delete(w.told[from.process], key(from.call.Resource, from.call.Name))
	case from.call.Subresource == "binding" && r.Outcome == trace.OK:
		w.bound(from)
	case r.Object != nil:
		w.tell(from.process, *r.Object, false)
	}
	for _, item := range r.Items {
		w.tell(from.process, item, false)
	}
}

// bound makes a bind known to who has asked for it: the answer does not show the pod.
func (w *world) bound(from sender) {
	var binding struct{ Target struct{ Name string } }
	k := key(from.call.Resource, from.call.Name)
	if pod, known := w.told[from.process][k]; known && json.Unmarshal(from.call.Body, &binding) == nil {
		pod.Spec.NodeName = binding.Target.Name
		w.told[from.process][k] = pod
	}
}

// tell makes a version of an object known to a process, unless it knows a later one.
func (w *world) tell(process string, of trace.Ref, gone bool) {
	if w.told[process] == nil {
		w.told[process], w.latest[process] = map[string]object.Object{}, map[string]int64{}
	}
	k := key(of.Resource, of.Name)
	if of.Revision < w.latest[process][k] {
		return
	}
	w.latest[process][k] = of.Revision
	if o, ok := w.stored[of.Revision]; ok && !gone {
		w.told[process][k] = o
	} else {
		delete(w.told[process], k)
	}
}

// planned are the pods for which a process has decided on an effect of that verb, in order.
func (w world) planned(process, verb string) (names []string) {
	for _, step := range w.decided[process] {
		for _, e := range step.Plan {
			if e.Verb == verb && e.Object.Resource == "pods" && e.Subresource == "" {
				names = append(names, e.Object.Name)
			}
		}
	}
	return names
}
