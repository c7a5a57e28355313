package invariant

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/checker/verdict"
)

// Checker is the checker of invariants.
type Checker struct{}

// Name is "invariant".
func (Checker) Name() string { return "invariant" }

// Check judges every revision of the store's log, every digest of a watch cache, every container, and what the
// components wrote.
func (Checker) Check(ctx context.Context, h *history.History, limits verdict.Limits) verdict.Result {
	j := &judge{h: h}
	for _, part := range []func(*judge){
		(*judge).metadata, (*judge).addresses, (*judge).caches, (*judge).binding, (*judge).preemption, (*judge).leading, (*judge).identity,
		(*judge).replication, (*judge).garbage, (*judge).nodes, (*judge).lifecycle, (*judge).accounts, (*judge).endpoints, (*judge).listsFirst,
	} {
		if ctx.Err() != nil {
			j.unknown = append(j.unknown, "there was no time to check all invariants")
			break
		}
		part(j)
	}
	slices.SortStableFunc(j.findings, func(a, b verdict.Finding) int { return cmp.Compare(a.Line, b.Line) })
	if limits.Findings > 0 && len(j.findings) > limits.Findings {
		j.findings = j.findings[:limits.Findings]
	}
	return verdict.Result{Findings: j.findings, Unknown: j.unknown}
}

// judge collects what is found in one history.
type judge struct {
	h        *history.History
	findings []verdict.Finding
	unknown  []string
	bad      bool // a stored object could not be read, which is said once
}

// broken records a broken guarantee, at the line that breaks it.
func (j *judge) broken(g guarantee, line int64, format string, args ...any) {
	j.findings = append(j.findings, verdict.Finding{Guarantee: g.error, Row: g.row, Line: line, Text: fmt.Sprintf(format, args...)})
}

// operations are all operations by their IDs.
func (j *judge) operations() map[string]*history.Operation {
	operations := make(map[string]*history.Operation, len(j.h.Operations))
	for _, op := range j.h.Operations {
		operations[op.ID] = op
	}
	return operations
}

// object is the object in a version; nil where there is none. One that cannot be read makes the verdict Unknown.
func (j *judge) object(v *history.Version) *object.Object {
	obj, err := v.Content()
	if err != nil && !j.bad {
		j.bad = true
		j.unknown = append(j.unknown, fmt.Sprintf("the object at revision %d of %s cannot be read: %v", v.Revision, v.Key, err))
	}
	return obj
}

// before is the version that v replaced or deleted; nil where v created the key.
func before(v *history.Version) *history.Version {
	if v.Before == nil || v.Before.Deleted {
		return nil
	}
	return v.Before
}
