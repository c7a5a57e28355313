package linear

import "errors"

// The guarantees, each in one sentence.
var (
	ErrOrder    = errors.New("operations take effect between their call and their return, in the order of revisions")
	ErrFresh    = errors.New("a consistent read returns the most recent state: everything that was over before it began is in it")
	ErrFuture   = errors.New("nobody sees a write before it was asked for")
	ErrDurable  = errors.New("every acknowledged write is in the store's log, as it was asked for")
	ErrOnce     = errors.New("each revision is the effect of exactly one write")
	ErrAsked    = errors.New("nothing is written to the store that nobody asked for")
	ErrNoEffect = errors.New("a write that definitely failed has no effect")
	ErrSwap     = errors.New("a write that expects a revision succeeds only if that is the current one, and fails only if it is not")
	ErrCreate   = errors.New("a create succeeds only if the name is free, and gives it a new UID")
	ErrUID      = errors.New("a write with a UID as precondition changes only the object with that UID")
	ErrUpdate   = errors.New("an update never creates an object")
	ErrExisted  = errors.New("a read returns only what the store held")
	ErrSnapshot = errors.New("a list is the state of the store at one revision, which it names")
	ErrNotOlder = errors.New("a read that names a resourceVersion returns a state that is not older, or exactly that one if so asked")
	ErrSpurious = errors.New("a request fails with Conflict, AlreadyExists or NotFound, or for its revision, only if that was so at some moment of it")
)

// rows are the rows of INVARIANTS.md.
var rows = map[error]int{
	ErrOrder: 1, ErrFresh: 19, ErrFuture: 1, ErrDurable: 2, ErrOnce: 4, ErrAsked: 32, ErrNoEffect: 3, ErrSwap: 7,
	ErrCreate: 8, ErrUID: 10, ErrUpdate: 11, ErrExisted: 1, ErrSnapshot: 20, ErrNotOlder: 19, ErrSpurious: 1,
}
