package control

import (
	"encoding/binary"
	"hash/fnv"
	"slices"

	"k8s.io/apimachinery/pkg/types"
)

const (
	// alphabet has no vowels, so that no words come about (apimachinery util/rand).
	alphabet = "bcdfghjklmnpqrstvwxz2456789"
	// suffixLength letters follow the owner's name, of which so much is kept that the whole fits a label
	// (apiserver storage/names).
	suffixLength = 5
	maxBase      = 63 - suffixLength
)

// NamePrefix is what the names of all that an owner of that name makes begin with.
func NamePrefix(owner string) string {
	prefix := owner + "-"
	if len(prefix) > maxBase {
		prefix = prefix[:maxBase]
	}
	return prefix
}

// suffix is the n-th suffix of an owner.
func suffix(uid types.UID, n uint64) string {
	h := fnv.New64a()
	h.Write([]byte(uid))
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], n)
	h.Write(number[:])
	sum := h.Sum64()
	sum ^= sum >> 29 // FNV's low bits alone would repeat early for consecutive numbers
	sum *= 0xbf58476d1ce4e5b9
	sum ^= sum >> 32
	var letters [suffixLength]byte
	for i := range letters {
		letters[i] = alphabet[sum%uint64(len(alphabet))]
		sum /= uint64(len(alphabet))
	}
	return string(letters[:])
}

// FreeNames are the next n names for what an owner makes in a source: its own name and five letters that follow from its UID and a number,
// the lowest whose name is not taken and was not taken since the loop began. Deciding again in the same situation chooses the same names,
// so that a create of unknown outcome can be sent again: either it or its repeat is met by AlreadyExists.
func (v *View) FreeNames(source, namespace, owner string, uid types.UID, n int) []string {
	names := make([]string, 0, n)
	prefix := NamePrefix(owner)
	for i := uint64(0); len(names) < n; i++ {
		name := prefix + suffix(uid, i)
		if !v.Used(source, namespace, name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
