package machine

// shards is how many parts the set of visited states has, by the hash. It does not depend on the number of workers, so that neither does
// the order in which states are found.
const shards = 64

func shardOf(print uint64) int { return int(print >> 58) }

// table is one shard of the set of visited states: hash → number of the state.
type table struct {
	prints  []uint64 // 0: free
	numbers []uint32
	held    int
	exact   map[string]uint32 // instead, if encodings are kept
}

func newTable(exact bool) *table {
	if exact {
		return &table{exact: map[string]uint32{}}
	}
	const size = 64
	return &table{prints: make([]uint64, size), numbers: make([]uint32, size)}
}

// find returns a state's number.
func (t *table) find(print uint64, code []byte) (uint32, bool) {
	if t.exact != nil {
		n, ok := t.exact[string(code)]
		return n, ok
	}
	at := t.slot(print)
	return t.numbers[at], t.prints[at] != 0
}

// add gives a state that is not held a number.
func (t *table) add(print uint64, code string, number uint32) {
	t.held++
	if t.exact != nil {
		t.exact[code] = number
		return
	}
	if 4*t.held > 3*len(t.prints) {
		t.grow()
	}
	at := t.slot(print)
	t.prints[at], t.numbers[at] = print, number
}

// slot is where a hash is, or belongs.
func (t *table) slot(print uint64) int {
	mask := len(t.prints) - 1
	at := int(print) & mask
	for t.prints[at] != 0 && t.prints[at] != print {
		at = (at + 1) & mask
	}
	return at
}

func (t *table) grow() {
	prints, numbers := t.prints, t.numbers
	t.prints, t.numbers = make([]uint64, 2*len(prints)), make([]uint32, 2*len(prints))
	for i, print := range prints {
		if print != 0 {
			at := t.slot(print)
			t.prints[at], t.numbers[at] = print, numbers[i]
		}
	}
}

// bytes is how much memory the table takes, roughly.
func (t *table) bytes() int {
	if t.exact == nil {
		return 12 * len(t.prints)
	}
	total := 0
	for code := range t.exact { // order does not matter: it is a sum
		total += len(code) + 40
	}
	return total
}

// renumber gives a state that is held another number.
func (t *table) renumber(print uint64, code string, number uint32) {
	if t.exact != nil {
		t.exact[code] = number
		return
	}
	t.numbers[t.slot(print)] = number
}
