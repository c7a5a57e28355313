package memory

// history is the log: one change for each revision from first on.
type history struct {
	first   int64 // the revision of changes[0]
	changes []*version
}

func (h *history) add(v *version) {
	if len(h.changes) == 0 {
		h.first = v.kv.Mod
	}
	h.changes = append(h.changes, v)
}

// since returns the changes of revision and later.
func (h *history) since(revision int64) []*version {
	if revision <= h.first {
		return h.changes
	}
	if n := revision - h.first; n < int64(len(h.changes)) {
		return h.changes[n:]
	}
	return nil
}

// forget drops the changes before revision and returns them together with that of revision itself. The last is kept, as
// in etcd, but without the version it replaced, which is below the compaction.
func (h *history) forget(revision int64) []*version {
	n := revision - h.first
	if len(h.changes) == 0 || n < 0 {
		return nil
	}
	gone := h.changes[:n+1]
	kept := *gone[n]
	if kept.previous != nil {
		kept.previous = nil
		kept.orphan = true
	}
	h.changes = append([]*version{&kept}, h.changes[n+1:]...)
	h.first = revision
	return gone
}
