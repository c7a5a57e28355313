package invariant

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
)

const (
	nodeLifecycle  = "node-lifecycle-controller"
	leaseNamespace = "kube-node-lease"
	outOfService   = "node.kubernetes.io/out-of-service"
	notFound       = 404

	// A duration is too short if it is less than drift percent of what it should be: the clock that measured it may have run fast.
	drift = 90
)

// lifecycle judges rows 68 and 71 to 75: what the node lifecycle controller decided, against what the store held. Its own word is taken for its
// policy, and for nothing else.
func (j *judge) lifecycle() {
	l := &lifecycle{judge: j, operations: j.operations(), reads: map[readKey]*history.Operation{}, tainted: map[zoneKey]int64{}}
	for _, line := range j.h.Steps {
		l.step(line)
	}
	if l.policy != nil {
		j.stranded(l.policy)
	}
}

type lifecycle struct {
	*judge
	operations map[string]*history.Operation
	// reads are the live reads that were last decided, and the step for the key that decided them was the last one for it.
	reads   map[readKey]*history.Operation
	tainted map[zoneKey]int64 // when a taint was last decided in each zone
	policy  *trace.NodePolicy // of the last step
}

type (
	readKey struct{ process, key, resource string }
	zoneKey struct{ process, zone string }
)

// step judges a decision, and keeps what it reads.
func (l *lifecycle) step(line *trace.Line) {
	s := line.Step
	if s.Component != nodeLifecycle {
		l.graceful(line)
		return
	}
	if s.Key == "" {
		return
	}
	if s.Look != nil && s.Look.Measured != nil {
		l.policy = &s.Look.Measured.Policy
		for _, e := range s.Plan {
			if op := l.operations[e.Call]; op != nil && e.Verb != "get" {
				l.decision(line, &s.Look.Measured.Policy, op)
			}
		}
	}
	for _, resource := range []string{"nodes", "leases"} {
		delete(l.reads, readKey{line.Process, s.Key, resource})
	}
	for _, e := range s.Plan {
		if e.Verb == "get" {
			l.reads[readKey{line.Process, s.Key, e.Object.Resource}] = l.operations[e.Call]
		}
	}
}

// graceful judges row 73, of the other components that tell their steps.
func (l *lifecycle) graceful(line *trace.Line) {
	for _, e := range line.Step.Plan {
		op := l.operations[e.Call]
		if line.Step.Component != "kubelet" && op != nil && forces(op) {
			l.broken(Graceful, line.Seq, "%s decided to remove %s/%s at once", line.Step.Component, op.Namespace, op.Name)
		}
	}
}

// forces: the operation removes a pod at once.
func forces(op *history.Operation) bool {
	return op.Deletes() && op.Resource == "pods" && op.Grace != nil && *op.Grace == 0
}

// decision judges one write that was decided.
func (l *lifecycle) decision(line *trace.Line, policy *trace.NodePolicy, op *history.Operation) {
	switch {
	case op.Resource == "nodes" && op.Subresource == "status":
		l.silent(line, policy, op.Name)
	case op.Resource == "nodes":
		l.paced(line, policy, op)
	case forces(op):
		l.collects(line, op)
	case op.Resource == "pods" && op.Verb == "delete":
		l.evicts(line, op)
	}
}

// lastRead is what the controller last read live, before a decision, of an object under the key: the version, whether it was read, and the line
// before which all was read. Where it was not read, that is the version of the decision's own time.
func (l *lifecycle) lastRead(line *trace.Line, resource string, name history.ObjectName) (v *history.Version, before int64) {
	chain := l.h.Log.Of(name)
	op := l.reads[readKey{line.Process, line.Step.Key, resource}]
	switch {
	case op == nil || op.Return == nil || op.ReturnLine > line.Seq:
		return lastBefore(chain, line.Seq), line.Seq
	case op.OK() && op.Return.Object != nil:
		return history.At(chain, op.Return.Object.Revision), op.CallLine
	case op.Return.Code == notFound:
		return nil, op.CallLine
	}
	return lastBefore(chain, line.Seq), line.Seq
}

// lastBefore is the last version that was observed before a line; nil: there was none, or it was a deletion.
func lastBefore(chain []*history.Version, line int64) *history.Version {
	for _, v := range slices.Backward(chain) {
		if v.Seq() < line {
			if v.Deleted {
				return nil
			}
			return v
		}
	}
	return nil
}

// since is a time before which a version was certainly not committed; false: nothing tells. What the store held when recording began may be of
// any age.
func (l *lifecycle) since(v *history.Version) (at int64, known bool) {
	switch {
	case v.Line == nil:
		return 0, false
	case l.h.Header.Mode == trace.Simulated:
		return v.Line.Time, true
	}
	for _, op := range l.h.Operations {
		if op.Layer == trace.API && op.Writes() && op.Return != nil && op.Return.Object != nil && op.Return.Object.Revision == v.Revision && op.Object() == v.Object {
			return l.h.Line(op.CallLine).Time, true
		}
	}
	return 0, false
}

// short: from a version to a line less time went by than should have.
func (l *lifecycle) short(v *history.Version, line *trace.Line, should int64) (took int64, short bool) {
	at, known := l.since(v)
	took = line.Time - at
	return took, known && took*100 < should*drift
}

// silent judges row 68. A node is renewed by each version of its lease, and by each of its own whose heartbeat is another.
func (l *lifecycle) silent(line *trace.Line, policy *trace.NodePolicy, node string) {
	lease := history.ObjectName{Resource: "leases", Namespace: leaseNamespace, Name: node}
	self := history.ObjectName{Resource: "nodes", Name: node}
	_, before := l.lastRead(line, "leases", lease)
	v := lastBefore(l.h.Log.Of(lease), before)
	if _, nodeBefore := l.lastRead(line, "nodes", self); v == nil || !l.tooSoon(line, policy, v) {
		v = l.heartbeat(lastBefore(l.h.Log.Of(self), nodeBefore))
		if v != nil {
			l.tooSoon(line, policy, v)
		}
	}
}

// tooSoon reports whether the node was doubted too soon after a version that renews it.
func (l *lifecycle) tooSoon(line *trace.Line, policy *trace.NodePolicy, v *history.Version) bool {
	took, short := l.short(v, line, policy.Grace)
	if short {
		l.broken(DoubtsSilent, line.Seq, "%s was doubted %s after %s had been renewed (revision %d), and has %s", line.Step.Key, seconds(took), v.Object, v.Revision, seconds(policy.Grace))
	}
	return short
}

// heartbeat is the version that brought the heartbeat which v shows.
func (l *lifecycle) heartbeat(v *history.Version) *history.Version {
	for v != nil {
		old := before(v)
		was, is := l.object(old), l.object(v)
		if was == nil || is == nil || was.Metadata.UID != is.Metadata.UID || heartbeat(was) != heartbeat(is) {
			return v
		}
		v = old
	}
	return nil
}

func heartbeat(o *object.Object) string {
	for _, c := range o.Status.Conditions {
		if c.Type == "Ready" {
			return c.LastHeartbeatTime
		}
	}
	return ""
}

// paced judges row 72, as far as the log alone tells: the pace that no zone goes beyond, and nodes of which, as they were last seen, none is
// ready.
func (l *lifecycle) paced(line *trace.Line, policy *trace.NodePolicy, op *history.Operation) {
	var next object.Object
	seen := l.seen(line, op.Object())
	if json.Unmarshal(op.Call.Body, &next) != nil || !slices.ContainsFunc(next.Spec.Taints, object.Taint.Own) || seen == nil || slices.ContainsFunc(seen.Spec.Taints, object.Taint.Own) {
		return
	}
	prefix, _ := l.h.Log.Prefix("nodes", "")
	ready := slices.ContainsFunc(l.h.Log.Live(prefix, line.Step.View["nodes"]), func(v *history.Version) bool {
		o := l.object(l.answered(line.Step, v))
		if o == nil {
			return false
		}
		status, _ := o.Condition("Ready")
		return status == "True"
	})
	if !ready {
		l.broken(TaintsAtPace, line.Seq, "%s was tainted, and of the nodes, as they were last seen, none was ready", op.Name)
		return
	}
	at := zoneKey{line.Process, next.Zone()}
	if last, any := l.tainted[at]; any && (line.Time-last)*100 < policy.Pace*drift {
		l.broken(TaintsAtPace, line.Seq, "%s was tainted %s after another node of its zone, and one is allowed each %s", op.Name, seconds(line.Time-last), seconds(policy.Pace))
	}
	l.tainted[at] = line.Time
}

// answered is the version that a step knew of from the answer to a write of its own, if that is newer than the one that its cache showed.
func (l *lifecycle) answered(s *trace.Step, v *history.Version) *history.Version {
	for _, ref := range s.Own {
		if history.NameOf(ref) == v.Object && ref.Revision > v.Revision {
			return history.At(l.h.Log.Of(v.Object), ref.Revision)
		}
	}
	return v
}

// seen is the node as the controller saw it; nil: nobody knows, as the outcome of its last write to it was open.
func (l *lifecycle) seen(line *trace.Line, name history.ObjectName) *object.Object {
	revision := line.Step.View["nodes"]
	for _, ref := range line.Step.Own {
		if history.NameOf(ref) == name {
			revision = ref.Revision
		}
	}
	return l.object(history.At(l.h.Log.Of(name), revision))
}

// collects judges rows 73 and 74.
func (l *lifecycle) collects(line *trace.Line, op *history.Operation) {
	node, _ := l.lastRead(line, "nodes", history.ObjectName{Resource: "nodes", Name: line.Step.Key})
	n := l.object(node)
	if n == nil {
		return
	}
	out := slices.ContainsFunc(n.Spec.Taints, func(t object.Taint) bool { return t.Key == outOfService })
	pod := l.shownTo(line.Step, op.Object())
	if !out || pod == nil || pod.Metadata.DeletionTimestamp == "" && !l.ownDeletion(line, op) {
		l.broken(CollectsStranded, line.Seq, "%s/%s was to be removed at once, and its node %s was there (revision %d)", op.Namespace, op.Name, line.Step.Key, node.Revision)
	}
}

// ownDeletion: the cache does not show yet what the controller has written to the pod.
func (l *lifecycle) ownDeletion(line *trace.Line, op *history.Operation) bool {
	return slices.ContainsFunc(line.Step.Own, func(r trace.Ref) bool { return history.NameOf(r) == op.Object() })
}

// evicts judges row 71.
func (l *lifecycle) evicts(line *trace.Line, op *history.Operation) {
	node, _ := l.lastRead(line, "nodes", history.ObjectName{Resource: "nodes", Name: line.Step.Key})
	n := l.object(node)
	pod := l.shownTo(line.Step, op.Object())
	if pod == nil {
		return // it was seen in the answer to a write only
	}
	if n == nil {
		l.broken(EvictsIntolerant, line.Seq, "%s/%s was evicted, and its node %s was not there", op.Namespace, op.Name, line.Step.Key)
		return
	}
	why := "has no taint that the pod does not tolerate"
	for _, t := range n.Executes() {
		should := int64(0)
		if tol := pod.TolerationOf(t); tol != nil {
			if tol.TolerationSeconds == nil {
				continue
			}
			should = max(0, *tol.TolerationSeconds) * 1e9
		}
		took, short := l.short(put(l.judge, node, t), line, should)
		if !short {
			return
		}
		why = "had the taint " + t.Key + " for " + seconds(took) + ", and the pod tolerates it for " + seconds(should)
	}
	l.broken(EvictsIntolerant, line.Seq, "%s/%s was evicted, and its node %s %s", op.Namespace, op.Name, line.Step.Key, why)
}

// put is the version that put a taint on, which v shows.
func put(j *judge, v *history.Version, t object.Taint) *history.Version {
	for {
		old := before(v)
		was, is := j.object(old), j.object(v)
		if was == nil || is == nil || was.Metadata.UID != is.Metadata.UID || !slices.Contains(was.Spec.Taints, t) {
			return v
		}
		v = old
	}
}

// stranded judges row 75: at the end, what has long been bound to a node that has long been gone is gone.
func (j *judge) stranded(policy *trace.NodePolicy) {
	settled, ok := j.h.Phase(trace.Settled)
	if !ok {
		return
	}
	end := j.h.Line(settled.To)
	prefix, known := j.h.Log.Prefix("pods", "")
	if !known {
		return
	}
	for _, v := range j.h.Log.Live(prefix, j.h.Log.End()) {
		pod := j.object(v)
		if pod == nil || pod.Spec.NodeName == "" || v.Line == nil {
			continue
		}
		gone := v.Line.Time
		if chain := j.h.Log.Of(history.ObjectName{Resource: "nodes", Name: pod.Spec.NodeName}); len(chain) > 0 {
			last := chain[len(chain)-1]
			if !last.Deleted {
				continue
			}
			gone = max(gone, last.Line.Time)
		}
		if end.Time-gone > 2*policy.Quarantine {
			j.broken(StrandedGo, settled.To, "%s is still there, and its node %s is gone for %s", v.Object, pod.Spec.NodeName, seconds(end.Time-gone))
		}
	}
}

func seconds(d int64) string {
	return strings.TrimSuffix(strconv.FormatFloat(float64(d)/1e9, 'f', 1, 64), ".0") + " s"
}
