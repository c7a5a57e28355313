package linear

import (
	"cmp"
	"fmt"
	"strings"

	"orrery/checker/history"
	"orrery/impl/trace"
)

// storeFact tells what an operation on the store says. The store names the revision of every answer, so that all facts
// are certain.
func (j *judge) storeFact(op *history.Operation) {
	switch op.Verb {
	case "put", "delete":
		switch {
		case op.OK() && op.Return.Succeeded:
			j.storeWrite(op)
		case op.OK():
			j.storeRefusal(op)
		case op.Outcome() == trace.Unknown:
			j.lost[op.Key] = append(j.lost[op.Key], op)
		default:
			j.failed[op.Key] = append(j.failed[op.Key], op)
		}
	case "get", "list", "count":
		if op.OK() {
			j.storeRead(op)
		} else if op.Outcome() == trace.Failed {
			j.storeRefusedRead(op)
		}
	}
}

// storeWrite: the answer's revision is the write's own.
func (j *judge) storeWrite(op *history.Operation) {
	revision := op.Return.Revision
	v := j.log.Entry(revision)
	switch {
	case v == nil && revision > j.log.End():
		j.beyond = max(j.beyond, revision)
		return
	case v == nil:
		j.find(ErrDurable, op, "was acknowledged with revision %d, which is not in the store's log", revision)
		return
	case v.Key != op.Key, v.Deleted != (op.Verb == "delete"), v.Hash != op.Hash && op.Hash != "" && v.Hash != "" && !v.Deleted:
		j.find(ErrDurable, op, "was acknowledged with revision %d, which is not what was asked for: %s", revision, entry(v))
		if v.Key == op.Key {
			j.claim(op, j.state(revision)) // it was asked for, if not so
		}
		return
	case v.Previous != op.Expected:
		j.claim(op, j.state(revision))
		j.find(ErrSwap, op, "expected revision %d and replaced revision %d", op.Expected, v.Previous)
		return
	}
	if g, was := unmet(j.log, op, revision-1); g != nil {
		j.claim(op, j.state(revision))
		j.find(ErrSwap, op, "required %s to be at revision %d and made revision %d, when it was at %d", g.Key, g.Revision, revision, was)
		return
	}
	i := j.state(revision)
	if j.claim(op, i) {
		f := j.fact(op)
		f.spans = []span{{from: i, to: i, commit: true}}
		f.guarantee, f.text = ErrOrder, fmt.Sprintf("made revision %d", revision)
	}
}

// unmet is the first guard of a put that does not hold at a revision, and the revision at which its key is then.
func unmet(log *history.Log, op *history.Operation, at int64) (guard *trace.Ref, was int64) {
	for i, g := range op.Guards {
		if was := modified(history.At(log.Chain(g.Key), at)); was != g.Revision {
			return &op.Guards[i], was
		}
	}
	return nil, 0
}

// storeRefusal: the expected revision did not hold; the answer says what was there.
func (j *judge) storeRefusal(op *history.Operation) {
	revision := op.Return.Revision
	if !j.known(revision) {
		return
	}
	current := modified(history.At(j.log.Chain(op.Key), revision))
	told := int64(0)
	if op.Return.Object != nil {
		told = op.Return.Object.Revision
	}
	guard, _ := unmet(j.log, op, revision)
	switch {
	case current == op.Expected && guard == nil:
		j.find(ErrSwap, op, "expected revision %d and was refused at revision %d, where just that was current", op.Expected, revision)
		j.nearest("to succeed")
	case current != told:
		j.find(ErrExisted, op, "was told that at revision %d the key was at revision %d; it was at %d", revision, told, current)
	case !j.guardsTold(op, revision):
	default:
		j.readAt(op, revision, fmt.Sprintf("was refused at revision %d", revision))
	}
}

// guardsTold compares what a refused put was told of its guards' keys.
func (j *judge) guardsTold(op *history.Operation, revision int64) bool {
	if len(op.Return.Guards) != len(op.Guards) {
		j.find(ErrExisted, op, "has %d guards and was told of %d", len(op.Guards), len(op.Return.Guards))
		return false
	}
	for i, told := range op.Return.Guards {
		key := op.Guards[i].Key
		if was := modified(history.At(j.log.Chain(key), revision)); told.Key != key || told.Revision != was {
			j.find(ErrExisted, op, "was told that at revision %d %s was at revision %d; %s was at %d", revision, told.Key, told.Revision, key, was)
			return false
		}
	}
	return true
}

func modified(v *history.Version) int64 {
	if v == nil {
		return 0
	}
	return v.Revision
}

// readAt: the operation took effect in the state that the header of its answer names.
func (j *judge) readAt(op *history.Operation, revision int64, text string) {
	i := j.state(revision)
	f := j.fact(op)
	f.spans = []span{{from: i, to: i}}
	f.guarantee, f.text = ErrFresh, text
}

// storeRead: the header's revision is when it was read, and At, or else the same, what was read.
func (j *judge) storeRead(op *history.Operation) {
	now := op.Return.Revision
	if !j.known(now) {
		return
	}
	if op.At > now {
		j.find(ErrExisted, op, "read revision %d when the store was at %d", op.At, now)
		return
	}
	if at := cmp.Or(op.At, now); at >= j.log.Start && !j.storeAnswer(op, at) {
		return
	}
	j.readAt(op, now, fmt.Sprintf("read the store at revision %d", now))
}

// storeAnswer compares an answer with the store's state.
func (j *judge) storeAnswer(op *history.Operation, at int64) bool {
	switch op.Verb {
	case "get":
		current, told := modified(history.At(j.log.Chain(op.Key), at)), int64(0)
		if op.Return.Object != nil {
			told = op.Return.Object.Revision
		}
		if current != told {
			j.find(ErrExisted, op, "was told that at revision %d the key was at revision %d; it was at %d", at, told, current)
			return false
		}
	case "count":
		// Only the count of now: the store counts nothing else.
		if current := j.count(op.Key, at); int64(current) != op.Return.Count {
			j.find(ErrSnapshot, op, "counted %d keys at revision %d; there were %d", op.Return.Count, at, current)
			return false
		}
	case "list":
		return j.storeList(op, at)
	}
	return true
}

func (j *judge) count(prefix string, at int64) int {
	if strings.HasSuffix(prefix, "/") {
		return j.log.Count(prefix, at)
	}
	return len(j.log.Live(prefix, at))
}

// storeList: the keys from Continue on, as many as the limit allows, each at its version.
func (j *judge) storeList(op *history.Operation, at int64) bool {
	if count := j.count(op.Key, at); op.Limit == 0 && op.Continue == "" && count != len(op.Return.Items) {
		j.find(ErrSnapshot, op, "listed %d keys at revision %d; there were %d%s", len(op.Return.Items), at, count, j.oddKey(op, at))
		return false
	}
	last := ""
	for _, item := range op.Return.Items {
		current := modified(history.At(j.log.Chain(item.Key), at))
		switch {
		case !strings.HasPrefix(item.Key, op.Key) || item.Key < op.Continue || item.Key <= last:
			j.find(ErrSnapshot, op, "listed %s, which does not come there", item.Key)
			return false
		case current != item.Revision:
			j.find(ErrSnapshot, op, "listed %s at revision %d; at revision %d it was at %d", item.Key, item.Revision, at, current)
			return false
		}
		last = item.Key
	}
	if op.Limit > 0 || op.Continue != "" {
		return j.storePage(op, at)
	}
	return true
}

// storePage: no key is left out between the beginning and the end of a chunk.
func (j *judge) storePage(op *history.Operation, at int64) bool {
	items := op.Return.Items
	for _, v := range j.log.Live(op.Key, at) {
		switch {
		case v.Key < op.Continue:
			continue
		case len(items) == 0 && op.Limit > 0 && int64(len(op.Return.Items)) >= op.Limit:
			return true
		case len(items) == 0 || items[0].Key != v.Key:
			j.find(ErrSnapshot, op, "left out %s, which was there at revision %d", v.Key, at)
			return false
		}
		items = items[1:]
	}
	return true
}

// oddKey names a key that a list left out or made up.
func (j *judge) oddKey(op *history.Operation, at int64) string {
	listed := map[string]bool{}
	for _, item := range op.Return.Items {
		listed[item.Key] = true
	}
	for _, v := range j.log.Live(op.Key, at) {
		if !listed[v.Key] {
			return fmt.Sprintf(", %s among them", v.Key)
		}
		delete(listed, v.Key)
	}
	for _, item := range op.Return.Items {
		if listed[item.Key] {
			return fmt.Sprintf(", %s not among them", item.Key)
		}
	}
	return ""
}

// storeRefusedRead: history that is there must not be said to be compacted, nor what is past to be in the future.
func (j *judge) storeRefusedRead(op *history.Operation) {
	switch {
	case strings.Contains(op.Return.Reason, "compacted") && op.At > j.compacted(op):
		j.find(ErrSpurious, op, "was told that revision %d has been compacted; only revisions up to %d may have been", op.At, j.compacted(op))
	case strings.Contains(op.Return.Reason, "future") && op.At > 0 && j.known(op.At):
		f := j.fact(op)
		f.spans = []span{{from: 0, to: j.before(op.At)}}
		f.guarantee, f.text = ErrSpurious, fmt.Sprintf("was told that revision %d is in the future", op.At)
	}
}

// compacted is the highest revision that may have been compacted before op returned.
func (j *judge) compacted(op *history.Operation) int64 {
	highest := j.log.Start
	for _, c := range j.h.Operations {
		if c.Layer == trace.Store && c.Verb == "compact" && c.Start <= op.End && c.Outcome() != trace.Failed {
			highest = max(highest, c.At)
		}
	}
	for _, l := range j.h.Compacts {
		highest = max(highest, l.Compact.Revision)
	}
	return highest
}

// entry tells what one entry of the log is.
func entry(v *history.Version) string {
	if v.Deleted {
		return "the deletion of " + v.Key
	}
	return "a put of " + v.Key
}
