package control

import (
	"container/heap"
	"time"
)

// keyState is what the loop knows of one key.
type keyState struct {
	key   Key
	rank  Rank
	seq   uint64    // order of arrival
	since time.Time // when it became due, for who measures

	place place
	index int // in the heap of those that wait
	at    time.Time

	working  bool
	dirty    bool // concerned by a change while working
	news     bool // by one that a source showed
	wrote    bool // an answer of this plan is new to the View
	failures int
	wants    string

	batches [][]*operation
	open    int // operations of the first batch not yet answered
	again   time.Time
	live    []liveRead
	lists   []liveList
	failed  *Effect
	err     error
}

type place uint8

const (
	nowhere place = iota
	ready
	waiting
)

// queue holds the keys that are due, the lowest rank first, and those that wait for their time.
type queue struct {
	ready   readyHeap
	waiting waitingHeap
	seq     uint64

	// For who measures: the time as last told, how long the key waited that was last taken, how many became due, and how many were to be tried again.
	now            time.Time
	waited         time.Duration
	added, retried uint64
}

// push makes k due; it is not already.
func (q *queue) push(k *keyState, rank Rank) {
	q.take(k)
	q.seq++
	k.rank, k.seq, k.place, k.since = rank, q.seq, ready, q.now
	q.added++
	heap.Push(&q.ready, k)
}

func (q *queue) pushAt(k *keyState, at time.Time) {
	q.take(k)
	q.seq++
	k.seq, k.at, k.place = q.seq, at, waiting
	heap.Push(&q.waiting, k)
}

// retryAt is pushAt for a key whose effects were not all OK.
func (q *queue) retryAt(k *keyState, at time.Time) {
	q.pushAt(k, at)
	q.retried++
}

// take removes k from those that wait.
func (q *queue) take(k *keyState) {
	if k.place == waiting {
		heap.Remove(&q.waiting, k.index)
	}
	k.place = nowhere
}

func (q *queue) pop() *keyState {
	k := heap.Pop(&q.ready).(*keyState)
	k.place = nowhere
	q.waited = q.now.Sub(k.since)
	return k
}

type readyHeap []*keyState

func (h readyHeap) Len() int { return len(h) }
func (h readyHeap) Less(i, j int) bool {
	a, b := h[i], h[j]
	if a.rank != b.rank {
		return a.rank.Major < b.rank.Major || a.rank.Major == b.rank.Major && a.rank.Minor < b.rank.Minor
	}
	return a.seq < b.seq
}
func (h readyHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *readyHeap) Push(x any)   { *h = append(*h, x.(*keyState)) }
func (h *readyHeap) Pop() any     { return popLast((*[]*keyState)(h)) }

type waitingHeap []*keyState

func (h waitingHeap) Len() int { return len(h) }
func (h waitingHeap) Less(i, j int) bool {
	a, b := h[i], h[j]
	if !a.at.Equal(b.at) {
		return a.at.Before(b.at)
	}
	return a.seq < b.seq
}
func (h waitingHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i]; h[i].index, h[j].index = i, j }
func (h *waitingHeap) Push(x any)   { x.(*keyState).index = len(*h); *h = append(*h, x.(*keyState)) }
func (h *waitingHeap) Pop() any     { return popLast((*[]*keyState)(h)) }

func popLast(list *[]*keyState) *keyState {
	last := len(*list) - 1
	k := (*list)[last]
	(*list)[last] = nil
	*list = (*list)[:last]
	return k
}
