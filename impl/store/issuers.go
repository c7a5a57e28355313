package store

import (
	"container/heap"
	"fmt"
	"sync"
)

// issuers names the sequential issuers of one client: as few as there are operations at once, and one more for each
// operation whose outcome is unknown, because that one may still be going on.
type issuers struct {
	prefix string

	mu         sync.Mutex
	free       numbers
	named      int
	operations int
	watches    int
}

type issuer struct {
	prefix string
	number int
}

func (i issuer) String() string { return fmt.Sprintf("%s/%d", i.prefix, i.number) }

// take returns the smallest free name, and an ID for the operation that it is taken for.
func (s *issuers) take() (issuer, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.free) == 0 {
		s.named++
		heap.Push(&s.free, s.named)
	}
	s.operations++
	return issuer{s.prefix, heap.Pop(&s.free).(int)}, fmt.Sprintf("%s#%d", s.prefix, s.operations)
}

func (s *issuers) give(i issuer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	heap.Push(&s.free, i.number)
}

// watch names a watch, which is a client of its own.
func (s *issuers) watch() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watches++
	return fmt.Sprintf("%s/watch/%d", s.prefix, s.watches)
}

// numbers is a heap, smallest first: the same run then gives the same names.
type numbers []int

func (n numbers) Len() int           { return len(n) }
func (n numbers) Less(i, j int) bool { return n[i] < n[j] }
func (n numbers) Swap(i, j int)      { n[i], n[j] = n[j], n[i] }
func (n *numbers) Push(x any)        { *n = append(*n, x.(int)) }
func (n *numbers) Pop() any {
	last := len(*n) - 1
	x := (*n)[last]
	*n = (*n)[:last]
	return x
}
