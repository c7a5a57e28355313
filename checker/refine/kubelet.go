package refine

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"orrery/checker/history"
	"orrery/impl/trace"
	"orrery/model/kubelet"
)

// runs judges the steps of a kubelet about the pods of a name: what it asked of its runtime, and what it wrote to the API. A probe, a hook, an
// image and a volume change nothing that the model knows.
//
// A sidecar, which the model does not know, is judged as if it were a pod's only container, which is always restarted, and the others as if it
// were not there.
func runs(j *judge, s *step) opinion {
	namespace, name, ok := strings.Cut(s.Key, "/")
	node, here := strings.CutPrefix(s.line.Process, "kubelet-")
	if !ok || !here || strings.Contains(name, "/") {
		return opinion{}
	}
	if s.Look != nil && s.Look.Static != "" {
		return opinion{} // the model has no static pods
	}
	if s.boot = j.bootOf(node, s.line.Seq); s.before != nil && s.before.boot == s.boot {
		s.called = s.before.called
	}
	r := &running{judge: j, step: s, node: node, name: history.ObjectName{Resource: "pods", Namespace: namespace, Name: name}}
	known := r.read()
	if len(r.calls) == 0 && r.report == nil && r.finish == nil {
		return opinion{}
	}
	known = known && s.Look != nil && r.see()
	if len(r.calls) > 0 {
		s.called = max(s.called, s.View["runtime"])
	}
	if !known {
		return opinion{any: true}
	}
	o := opinion{any: true, known: true, why: r.refuses()}
	if o.why != "" {
		o.allowed = r.allowed()
	}
	return o
}

// bootOf is how many times a node's kubelet had been started again before a line.
func (j *judge) bootOf(node string, line int64) int {
	for ; j.booted < len(j.h.Lives) && j.h.Lives[j.booted].Seq < line; j.booted++ {
		if l := j.h.Lives[j.booted].Life; l.State == "start" && strings.HasPrefix(l.Name, "kubelet") {
			j.boots[l.Machine]++
		}
	}
	return j.boots[node]
}

// running is one step of a kubelet.
type running struct {
	*judge
	*step
	node string
	name history.ObjectName

	// calls, report and finish are its plan, as far as the model knows such things. What was not sent is left out.
	calls          []trace.Effect
	report, finish *trace.Effect
	next           *pod // what the report says

	shown *pod // as the cache had it, and the own writes over it; nil: the node has none of that name
	lives map[string]*life
	uids  []string // UID n of the model is the one at n-1; the first is the pod's
	view  kubelet.View
	names []string // of the view's containers
	// sidecars are views of one container each.
	sidecars     []kubelet.View
	sidecarNames []string
}

var callVerbs = map[string]kubelet.Verb{
	"run sandbox": kubelet.RunSandbox, "stop sandbox": kubelet.StopSandbox, "remove sandbox": kubelet.RemoveSandbox,
	"create container": kubelet.Create, "start container": kubelet.Start, "stop container": kubelet.Stop, "remove container": kubelet.Remove,
}

// read reads the plan; false: it cannot. A write that was held back, as the outcome of the last one was open, has no call.
func (r *running) read() bool {
	for i := range r.Plan {
		e := &r.Plan[i]
		switch {
		case callVerbs[e.Verb] != 0:
			r.calls = append(r.calls, *e)
		case e.Object.Resource != "pods" || r.operations[e.Call] == nil:
		case e.Verb == "update" && e.Subresource == "status":
			r.report, r.next = e, new(pod)
			if json.Unmarshal(r.operations[e.Call].Call.Body, r.next) != nil {
				return false
			}
		case e.Verb == "delete":
			r.finish = e
		}
	}
	return true
}

// refuses is why the model refuses the plan; empty: it does not.
func (r *running) refuses() string {
	for _, e := range r.calls {
		if why := r.refusesCall(e); why != "" {
			return why
		}
	}
	if r.report != nil {
		if why := cmp.Or(r.based(r.report), r.refusesReport()); why != "" {
			return "status: " + why
		}
	}
	if r.finish != nil {
		plan := kubelet.Plan{Finish: true}
		why := cmp.Or(r.based(r.finish), r.view.Refuses(plan))
		for _, v := range r.sidecars {
			why = cmp.Or(why, v.Refuses(plan))
		}
		return why
	}
	return ""
}

// based is why a write is not one to the pod that the view shows, which is its precondition.
func (r *running) based(e *trace.Effect) string {
	switch {
	case r.shown == nil:
		return ""
	case e.Object.UID != r.shown.Metadata.UID:
		return fmt.Sprintf("it is to be of UID %q, and the pod's is %q", e.Object.UID, r.shown.Metadata.UID)
	case e.ResourceVersion != r.shown.Metadata.ResourceVersion:
		return fmt.Sprintf("it is to be of resourceVersion %q, and the view shows %q", e.ResourceVersion, r.shown.Metadata.ResourceVersion)
	}
	return ""
}

func (r *running) refusesCall(e trace.Effect) string {
	c := kubelet.Call{Verb: callVerbs[e.Verb], UID: r.number(e.Object.UID), Attempt: number(e.Object.Attempt)}
	text := fmt.Sprintf("%s %s of UID %s: ", e.Verb, cmp.Or(e.Object.Key, strconv.Itoa(e.Object.Attempt)), e.Object.UID)
	switch c.Verb {
	case kubelet.RunSandbox:
		c.Sandbox = c.Attempt + 1
	case kubelet.Create:
	default:
		s := r.seen(cmp.Or(e.Object.ID, e.Object.Key))
		if s == nil || s.UID != e.Object.UID || s.Container != "" && s.Container != e.Object.Key {
			return text + "the runtime was not seen to have it"
		}
		if s.Container == "" {
			c.Sandbox = sandbox(*s)
			break
		}
		c.Attempt = number(s.Attempt)
		if c.Verb == kubelet.Remove && c.Attempt < r.lives[s.UID].records[s.Container].Attempt && !mayRun(*s) {
			return "" // the model does not speak of the older ones
		}
	}
	why := ""
	for _, v := range r.views(&c, e.Object.Key) {
		why = cmp.Or(why, strings.TrimPrefix(v.Refuses(kubelet.Plan{Calls: []kubelet.Call{c}}), c.String()+": "))
	}
	if why != "" {
		return text + why
	}
	return ""
}

// views are those in which a call is judged. One about a container gets its number there. There are none for a container that the spec does
// not have.
func (r *running) views(c *kubelet.Call, name string) []kubelet.View {
	if c.Sandbox != 0 || r.shown == nil || c.UID != r.view.UID {
		return append([]kubelet.View{r.view}, r.sidecars...)
	}
	if i := slices.Index(r.names, name); i >= 0 {
		c.Container = uint8(i)
		return []kubelet.View{r.view}
	}
	if i := slices.Index(r.sidecarNames, name); i >= 0 {
		return r.sidecars[i : i+1]
	}
	return nil
}

func (r *running) seen(id string) *trace.Seen {
	i := slices.IndexFunc(r.Look.Seen, func(s trace.Seen) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return &r.Look.Seen[i]
}

func (r *running) refusesReport() string {
	report := kubelet.Report{Phase: r.next.phase()}
	for i, c := range r.view.Containers {
		report.Statuses = append(report.Statuses, r.next.reports(c, c.Init, r.names[i]))
	}
	why := named(r.view.Refuses(kubelet.Plan{Report: &report}), r.names...)
	for i, v := range r.sidecars {
		v.Leaving = true // whether it is the end is for the others to say, and all must have stopped
		report.Statuses = []kubelet.Status{r.next.reports(v.Containers[0], true, r.sidecarNames[i])}
		why = cmp.Or(why, named(v.Refuses(kubelet.Plan{Report: &report}), r.sidecarNames[i]))
	}
	return why
}

// reports is what a pod's status says of a container; where it says nothing, that stays.
func (p *pod) reports(c kubelet.Container, init bool, name string) kubelet.Status {
	if s, ok := p.status(init, name); ok {
		return s.after(c.Shown)
	}
	return c.Shown
}

// named puts the names of containers in the place of their numbers.
func named(why string, names ...string) string {
	for i, n := range names {
		why = strings.Replace(why, fmt.Sprintf("container %d:", i), "container "+n+":", 1)
	}
	return why
}

// allowed is what the model's own kubelet does in the view.
func (r *running) allowed() string {
	plan := r.view.Decide()
	var parts []string
	for _, c := range plan.Calls {
		uid := r.uids[c.UID-1]
		names := r.names
		if c.UID != r.view.UID {
			names = r.lives[uid].names
		}
		text := c.String()
		if c.Verb >= kubelet.Create {
			text = fmt.Sprintf("%v attempt %d of container %s of UID %d", c.Verb, c.Attempt, names[c.Container], c.UID)
		}
		parts = append(parts, strings.Replace(text, fmt.Sprintf("UID %d", c.UID), "UID "+uid, 1))
	}
	if plan.Report != nil {
		parts = append(parts, fmt.Sprintf("show phase %v", plan.Report.Phase))
	}
	if plan.Finish {
		parts = append(parts, "remove the pod from the API")
	}
	return cmp.Or(strings.Join(parts, ", and "), "do nothing but wait")
}
