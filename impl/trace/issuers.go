package trace

import (
	"container/heap"
	"strconv"
	"sync"
)

// Issuers names the sequential issuers of one process: as few as there are operations at once, and one more for each
// operation whose outcome is unknown, because that one may still be going on. [NewIssuers] makes one; it may be used by
// several goroutines.
type Issuers struct {
	prefix string

	mu         sync.Mutex
	free       numbers
	named      int
	operations int
	watches    int
}

// Issuer is one of them: a Client in a trace.
type Issuer struct {
	prefix string
	number int
}

// NewIssuers returns the issuers of a process. Its name must be new at every start, as operations are numbered from 1.
func NewIssuers(process string) *Issuers { return &Issuers{prefix: process} }

// String is the Client's name: PROCESS/NUMBER.
func (i Issuer) String() string { return i.prefix + "/" + strconv.Itoa(i.number) }

// Take returns the smallest free name, and an ID for the operation that it is taken for.
func (s *Issuers) Take() (Issuer, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.free) == 0 {
		s.named++
		heap.Push(&s.free, s.named)
	}
	s.operations++
	return Issuer{s.prefix, heap.Pop(&s.free).(int)}, s.prefix + "#" + strconv.Itoa(s.operations)
}

// Give says that the operation is over, and its outcome known.
func (s *Issuers) Give(i Issuer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	heap.Push(&s.free, i.number)
}

// Watch names a watch, which is a client of its own.
func (s *Issuers) Watch() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watches++
	return s.prefix + "/watch/" + strconv.Itoa(s.watches)
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
