package trace

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// hashBytes is how much of a SHA-256 a trace keeps: enough that two values never meet by accident.
const hashBytes = 12

// HashOf is the hash of a stored value, as Call.Hash, Ref.Hash and Revision.Hash hold it.
func HashOf(value []byte) string {
	sum := sha256.Sum256(value)
	return hex.EncodeToString(sum[:hashBytes])
}

// DigestOf is the hash of a set of objects, whatever the order in which they come: their resource, namespace, name, UID
// and revision. Two sets have the same digest exactly if they hold the same versions of the same objects. It does not
// modify refs.
func DigestOf(refs []Ref) string {
	sorted := slices.Clone(refs)
	slices.SortFunc(sorted, func(a, b Ref) int {
		return cmp.Or(cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Namespace, b.Namespace),
			cmp.Compare(a.Name, b.Name), cmp.Compare(a.UID, b.UID), cmp.Compare(a.Revision, b.Revision))
	})
	h := sha256.New()
	for _, r := range sorted {
		// Quoted, so that no two lists of names can be read as one another.
		fmt.Fprintf(h, "%q %q %q %q %d\n", r.Resource, r.Namespace, r.Name, r.UID, r.Revision)
	}
	return hex.EncodeToString(h.Sum(nil)[:hashBytes])
}
