package machine

import (
	"encoding/binary"
	"math/bits"
)

// Odd numbers without pattern: the first digits of the square roots of 2, 3 and 5 in base 2.
const (
	seed0 = 0x6a09e667f3bcc909
	seed1 = 0xbb67ae8584caa73b
	seed2 = 0x3c6ef372fe94f82b
)

// fingerprint hashes an encoding: multiply and fold, eight bytes at a time. It is never 0.
func fingerprint(b []byte) uint64 {
	h := seed0 ^ uint64(len(b))
	for len(b) >= 8 {
		h = fold(h^binary.LittleEndian.Uint64(b), seed1)
		b = b[8:]
	}
	var last uint64
	for i, c := range b {
		last |= uint64(c) << (8 * i)
	}
	h = fold(fold(h^last, seed2), seed1)
	return max(h, 1)
}

func fold(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}
