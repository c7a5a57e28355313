package replication

import (
	"encoding/binary"
	"hash/fnv"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/control"
)

const (
	// alphabet has no vowels, so that no words come about (apimachinery util/rand).
	alphabet = "bcdfghjklmnpqrstvwxz2456789"
	// suffixLength letters follow the owner's name, of which so much is kept that the whole fits a label
	// (apiserver storage/names).
	suffixLength = 5
	maxBase      = 63 - suffixLength
)

// prefixOf is what the names of all pods of an owner begin with.
func prefixOf(owner string) string {
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

// names are the next n free names of an owner's pods.
func (r *Reconciler) names(v *control.View, o *owner, n int) []string {
	names := make([]string, 0, n)
	prefix := prefixOf(o.GetName())
	for i := uint64(0); len(names) < n; i++ {
		name := prefix + suffix(o.GetUID(), i)
		if !v.Used(podsSource, o.GetNamespace(), name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
