package simulation

import (
	"encoding/binary"
	"math/rand/v2"
)

// Choices is where every decision of a run comes from. The same choices make the same run.
type Choices interface {
	// IntN returns a number in [0, n). 0 is always the most ordinary choice: the step that is nearest to the end of what is
	// under way, no fault.
	IntN(n int) int
}

// Seed makes choices from a number.
func Seed(seed uint64) Choices { return rand.New(rand.NewPCG(seed, 0x0bb5e55ed)) }

// Bytes makes choices from the bytes of a fuzz input, two for each. Where they are used up, what is chosen is the ordinary. A
// byte that a fuzzer changes changes one choice, and those that follow only as far as they are about something else then.
func Bytes(data []byte) Choices { return &bytesChoices{data} }

type bytesChoices struct{ data []byte }

// IntN takes the next two bytes as a fraction of n.
func (b *bytesChoices) IntN(n int) int {
	if len(b.data) < 2 {
		return 0
	}
	v := binary.LittleEndian.Uint16(b.data)
	b.data = b.data[2:]
	return int(uint32(v) * uint32(n) >> 16)
}
