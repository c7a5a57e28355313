package watch

import "errors"

// The guarantees, each in one sentence.
var (
	ErrFilter       = errors.New("a watch is told only of what it asked for")
	ErrOrdered      = errors.New("a watch is told changes in the order of their revisions")
	ErrUnique       = errors.New("a watch is told no change twice")
	ErrAtomic       = errors.New("a watch is told all changes of one revision together or none of them")
	ErrReliable     = errors.New("a watch that has been told two changes has been told every change between them")
	ErrResumable    = errors.New("a watch is told every change after the revision from which it began")
	ErrBookmarkable = errors.New("a bookmark comes after every change up to its revision")
	ErrContent      = errors.New("a watch event tells a version that the store held, and at the store the version that it replaced")
	ErrIsCreate     = errors.New("a watch event is ADDED if its object comes into view, DELETED if it goes out of view, and MODIFIED otherwise")
	ErrInitial      = errors.New("the initial events of a watch are the state at one revision")
	ErrBackwards    = errors.New("what a client that lists and watches is shown never goes back in time")
)

// rows are the rows of INVARIANTS.md.
var rows = map[error]int{
	ErrFilter: 21, ErrOrdered: 21, ErrUnique: 21, ErrAtomic: 5, ErrReliable: 21, ErrResumable: 21, ErrBookmarkable: 25,
	ErrContent: 24, ErrIsCreate: 23, ErrInitial: 20, ErrBackwards: 39,
}
