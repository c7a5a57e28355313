package apiserver

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"orrery/impl/store"
)

// compactKey is where upstream's API servers agree on who compacts.
const compactKey = "compact_rev_key"

// compactor is upstream's protocol (staging/src/k8s.io/apiserver/pkg/storage/etcd3/compact.go) as one server plays it.
// Once a period each server tries to be the first to write the key since it last looked. Who succeeds compacts up to the
// revision at which the period began; who does not, learns how far the store is. So there is one compaction a period
// however many servers there are, and what is forgotten is at least a period old.
//
// Upstream compares the key's version; here its modification revision is compared, which is as good and mixes with it.
type compactor struct {
	mod      int64 // the key's modification revision when last seen
	revision int64 // the store's, a period ago
}

// observe takes the answer to the period's write and returns the revision to compact to; 0: none.
func (c *compactor) observe(put store.PutResponse) int64 {
	began := c.revision
	c.revision = put.Revision
	if !put.Succeeded {
		c.mod = 0
		if put.KV != nil {
			c.mod = put.KV.Mod
		}
		return 0
	}
	c.mod = put.Revision
	return began
}

func (s *Server) compact(ctx context.Context, c *compactor) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.RequestTimeout)
	defer cancel()
	put, err := s.store.Put(ctx, compactKey, []byte(strconv.FormatInt(c.revision, 10)), c.mod)
	if err != nil {
		s.cfg.Warn(fmt.Errorf("electing who compacts: %w", err))
		return
	}
	revision := c.observe(put)
	if revision == 0 {
		return
	}
	if err := s.store.Compact(ctx, revision); err != nil && !errors.Is(err, store.ErrCompacted) {
		s.cfg.Warn(fmt.Errorf("compacting to revision %d: %w", revision, err))
	}
}
