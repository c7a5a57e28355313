package rules

import (
	"context"
	"errors"
)

// Rules is the kernel of a node, as its proxy uses it.
type Rules interface {
	// Apply puts a set in the place of the one before.
	Apply(ctx context.Context, set Set) error
	// Current is the set that is there.
	Current(ctx context.Context) (Set, error)
	// Flush ends the flows that the set does not keep, and counts them.
	Flush(ctx context.Context, set Set) (int, error)
}

// ErrUnknown: nobody knows whether what was asked for was done.
var ErrUnknown = errors.New("the outcome is not known")
