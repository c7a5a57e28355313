//lint:file-ignore ST1012 a guarantee is named by what is promised, and its text is the promise: it is not an error of the program

package converge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"orrery/checker/history"
	"orrery/checker/verdict"
	"orrery/impl/trace"
)

// The guarantees, each with its row in INVARIANTS.md.
var (
	// Replicas is row 55.
	Replicas = errors.New("once nobody interferes, every owner comes to have exactly the pods it wants, and its status says so")
	// Running is rows 77, 94 and 119.
	Running = errors.New("once nobody interferes, every pod that fits on a node comes to run there, every container of it")
	// Scheduled is row 51.
	Scheduled = errors.New("once nobody interferes, no pod stays without a node while a node that is Ready has room for it")
	// Preempts is the liveness of rows 51 and 52.
	Preempts = errors.New("once nobody interferes, no pod that may preempt stays without a node while one that is Ready would have room for it without pods of lower priority")
	// Gone is rows 34 and 75.
	Gone = errors.New("once nobody interferes, whatever is being deleted and has no finalizers comes to be gone")
	// Vanishes is row 108.
	Vanishes = errors.New("once nobody interferes, a namespace that is being deleted comes to be gone, unless somebody holds it or what is in it")
	// Heard is rows 70 and 76.
	Heard = errors.New("once nobody interferes, a node whose kubelet renews its lease comes to be Ready")
	// Collected is row 112.
	Collected = errors.New("once nobody interferes, nothing stays whose owners are all gone")
	// LetGo is the liveness of rows 110 and 111.
	LetGo = errors.New("once nobody interferes, no owner that is being deleted waits for dependents that are gone, or for itself")
	// Clean is row 95.
	Clean = errors.New("once nobody interferes, no container runs that no pod of the store asks for")
	// Served is rows 97, 98, 99 and 102.
	Served = errors.New("once nobody interferes, the slices of every service have exactly the pods that it selects and that have not ended, each as it is")
	// Addressed is rows 97, 99 and 102 of the Endpoints of old.
	Addressed = errors.New("once nobody interferes, the Endpoints of every service have exactly the pods that it selects, that have not ended and that are not being deleted, each as ready as it is")
	// Accounts is row 103.
	Accounts = errors.New("once nobody interferes, every active namespace comes to have its default service account and the root certificates")
	// Claimed is the liveness of row 30.
	Claimed = errors.New("once nobody interferes, an address is claimed only for a service that has it")
	// Tokens is rows 104 and 106.
	Tokens = errors.New("once nobody interferes, every secret that is to hold a token of a service account comes to hold one of an account that is there, or to be gone")
	// Rules is row 113.
	Rules = errors.New("once nobody interferes, the rules of every node are those that follow from the services and slices of the store")
	// Alive is row 119.
	//
	//lint:ignore ST1012 a guarantee, named by what it promises
	Alive = errors.New("once nobody interferes, every process of the cluster keeps running")
	// Stable is row 119.
	Stable = errors.New("a cluster that has converged stays as it is: nothing but heartbeats is written any more")
)

// HotLoop is how often one object is written in the liveness phase before it counts as written for ever.
const HotLoop = 200

// Checker judges convergence.
type Checker struct{}

// Name is "converge".
func (Checker) Name() string { return "converge" }

// Check judges the last state of the run, and how it was reached.
func (Checker) Check(_ context.Context, h *history.History, limits verdict.Limits) verdict.Result {
	j := &judge{h: h, last: h.Log.End()}
	liveness, ok := h.Phase(trace.Liveness)
	if !ok {
		return verdict.Result{Unknown: []string{"the run ended before its liveness phase, so nothing is known about where it was going"}}
	}
	if settled, ok := h.Phase(trace.Settled); ok {
		j.stable(settled)
		j.claims(settled)
		j.state()
	} else if j.moving(liveness); len(j.findings)+len(j.unknown) == 0 {
		j.state()
		if len(j.findings) == 0 {
			j.unknown = append(j.unknown, "the run ended before it had been seen to settle")
		}
	}
	slices.SortStableFunc(j.findings, func(a, b verdict.Finding) int { return cmp.Compare(a.Row, b.Row) })
	if limits.Findings > 0 && len(j.findings) > limits.Findings {
		j.findings = j.findings[:limits.Findings]
	}
	return verdict.Result{Findings: j.findings, Unknown: j.unknown}
}

type judge struct {
	h        *history.History
	last     int64
	findings []verdict.Finding
	unknown  []string
}

func (j *judge) broken(guarantee error, row int, line int64, format string, args ...any) {
	j.findings = append(j.findings, verdict.Finding{Guarantee: guarantee, Row: row, Line: line, Text: fmt.Sprintf(format, args...)})
}

// heartbeat reports whether a version is one that may be written for ever.
func heartbeat(v *history.Version) bool {
	switch v.Object.Resource {
	case "leases", "nodes", "events":
		return true
	}
	return bookkeeping(v)
}

// presenceRoot is where API servers say that they live, addressRoot whose the addresses of services are.
const presenceRoot, addressRoot = "/registry/masterleases/", "/registry/ranges/"

// bookkeeping: API servers keep it for themselves, and it is no object. What a broken request has left of it is removed when
// there is time.
func bookkeeping(v *history.Version) bool {
	return strings.HasPrefix(v.Key, presenceRoot) || strings.HasPrefix(v.Key, addressRoot)
}

// stable judges the settled phase.
func (j *judge) stable(settled history.Phase) {
	for _, l := range j.h.Lives {
		if l.Life.State == "exit" && l.Seq >= settled.From && l.Seq <= settled.To {
			j.broken(Alive, 119, l.Seq, "%s on %s ended (%s) after the cluster had settled", l.Life.Name, l.Life.Machine, l.Life.Why)
		}
	}
	for _, v := range j.h.Log.Entries {
		if v.Seq() >= settled.From && v.Seq() <= settled.To && !heartbeat(v) {
			j.broken(Stable, 119, v.Seq(), "%s was written at revision %d, after the cluster had settled", v.Object, v.Revision)
		}
	}
}

// moving judges a liveness phase that was not followed by a settled one.
func (j *judge) moving(liveness history.Phase) {
	writes := map[string]int{} // by key
	var last *history.Version
	for _, v := range j.h.Log.Entries {
		if v.Seq() < liveness.From || heartbeat(v) {
			continue
		}
		last = v
		if writes[v.Key]++; writes[v.Key] == HotLoop {
			j.broken(Stable, 119, v.Seq(), "%s was written %d times since the faults ended", v.Object, HotLoop)
		}
	}
	if last == nil || len(j.findings) > 0 {
		return
	}
	// Still on its way: something was written in the last quarter of the phase.
	from, to := j.h.Line(liveness.From), &j.h.Lines[len(j.h.Lines)-1]
	if j.h.Clock(last.Line) > j.h.Clock(to)-(j.h.Clock(to)-j.h.Clock(from))/4 {
		j.unknown = append(j.unknown, fmt.Sprintf("the cluster was still moving when its time was up: %s was written at revision %d", last.Object, last.Revision))
	}
}
