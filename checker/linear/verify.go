package linear

import (
	"fmt"
	"slices"

	"orrery/checker/history"
	"orrery/impl/trace"
)

// Verify replays the store's log along a witness: nothing comes after what began when it was over, each commit makes the
// entry that its answer names, and each read finds what it returned.
func Verify(h *history.History, w Witness) error {
	keys, names := map[string]int64{}, map[history.ObjectName]int64{}
	apply := func(v *history.Version) {
		keys[v.Key], names[v.Object] = v.Revision, v.Revision
		if v.Deleted {
			delete(keys, v.Key)
			delete(names, v.Object)
		}
	}
	for _, v := range h.Log.Initial {
		apply(v)
	}
	done, latest := 0, w.first()
	for _, p := range w {
		if op := p.Operation; op.End < latest.Start {
			return fmt.Errorf("%s comes after %s, which began when it was over", describe(op), describe(latest))
		} else if op.Start > latest.Start {
			latest = op
		}
		for ; done < p.After; done++ {
			apply(h.Log.Entries[done])
		}
		if err := agree(h, p, keys, names); err != nil {
			return fmt.Errorf("%s: %w", describe(p.Operation), err)
		}
	}
	return nil
}

func (w Witness) first() *history.Operation {
	if len(w) == 0 {
		return nil
	}
	return w[0].Operation
}

// guarded: all guards of a put hold.
func guarded(op *history.Operation, keys map[string]int64) bool {
	return !slices.ContainsFunc(op.Guards, func(g trace.Ref) bool { return keys[g.Key] != g.Revision })
}

// agree compares one answer with the state it was given in.
func agree(h *history.History, p Placed, keys map[string]int64, names map[history.ObjectName]int64) error {
	op, there := p.Operation, names[p.Operation.Object()]
	if op.Layer == trace.Store {
		there = keys[op.Key]
	}
	told := int64(0)
	if op.Return != nil && op.Return.Object != nil {
		told = op.Return.Object.Revision
	}
	switch store := op.Layer == trace.Store; {
	case p.Commit && p.After > 0:
		v := h.Log.Entries[p.After-1]
		if mine := store && v.Key == op.Key || !store && v.Object == op.Object(); !mine {
			return fmt.Errorf("revision %d is another's", v.Revision)
		}
	case op.Verb == "get" && op.OK() && told != 0 && op.At == 0 && told != there,
		op.Verb == "get" && op.OK() && told == 0 && store && op.At == 0 && there != 0:
		return fmt.Errorf("it read revision %d, and %d was there", told, there)
	case store && op.OK() && (op.Verb == "put" || op.Verb == "delete") && (told != there || op.Expected == there && guarded(op, keys)):
		return fmt.Errorf("it was refused because of revision %d, and %d was there", told, there)
	case !store && !op.OK() && op.Return.Reason == "NotFound" && there != 0, !store && !op.OK() && op.Return.Reason == "AlreadyExists" && there == 0:
		return fmt.Errorf("it failed with %s, and revision %d was there", op.Return.Reason, there)
	case op.Verb == "list" && op.OK() && op.At == 0:
		for _, item := range op.Return.Items {
			at := names[history.NameOf(item)]
			if store {
				at = keys[item.Key]
			}
			if at != item.Revision {
				return fmt.Errorf("it listed revision %d of %s%s, and %d was there", item.Revision, item.Name, item.Key, at)
			}
		}
	}
	return nil
}
