package history

import (
	"cmp"
	"encoding/json"
	"slices"
	"sort"
	"strings"

	"orrery/checker/object"
	"orrery/impl/trace"
)

// Version is one entry of the store's log: one version of one key, or its deletion.
type Version struct {
	Revision int64
	Key      string
	Deleted  bool
	Created  int64
	// Previous is the revision of the version replaced, as the observer was told; 0: none.
	Previous int64
	Object   ObjectName
	UID      string
	Hash     string
	// JSON is the object; nil in a deletion.
	JSON json.RawMessage

	// Line is where it was observed; nil for what the store held when recording began.
	Line *trace.Line
	// Before and After are the neighbours in the key's chain, deletions included; nil at its ends.
	Before, After *Version

	decoded map[string]any // see fields
	content *object.Object // see Content
	unread  error
}

// Content is the object that the version holds, decoded once for all who ask; nil for a deletion or an absent version.
func (v *Version) Content() (*object.Object, error) {
	if v == nil || v.Deleted || len(v.JSON) == 0 {
		return nil, nil
	}
	if v.content == nil && v.unread == nil {
		decoded := new(object.Object)
		if v.unread = json.Unmarshal(v.JSON, decoded); v.unread == nil {
			v.content = decoded
		}
	}
	return v.content, v.unread
}

// Until is the revision from which on the version is no longer current; Never for the last one.
func (v *Version) Until() int64 {
	if v.After == nil {
		return Never
	}
	return v.After.Revision
}

// Seq is the number of the line; 0 for an initial version.
func (v *Version) Seq() int64 {
	if v.Line == nil {
		return 0
	}
	return v.Line.Seq
}

// Log is the store's history: the truth that all else is held against.
type Log struct {
	// Start is the revision at which recording began. What was before it is known only as the state at Start.
	Start int64
	// Initial are the versions at Start.
	Initial []*Version
	// Entries are the versions after Start, in the order of their lines.
	Entries []*Version

	byKey      map[string][]*Version
	byName     map[ObjectName][]*Version
	byResource map[string][]*Version
	keys       []string // sorted
	scopes     map[string]*scope
}

// scope is one directory of the store: how many keys it held, and when it changed.
type scope struct {
	revisions []int64 // of every change
	live      []int   // after each
}

// End is the last revision observed.
func (l *Log) End() int64 {
	if n := len(l.Entries); n > 0 {
		return l.Entries[n-1].Revision
	}
	return l.Start
}

// Entry is the version made by the write of that revision; nil where none was observed.
func (l *Log) Entry(revision int64) *Version {
	i, ok := slices.BinarySearchFunc(l.Entries, revision, func(v *Version, r int64) int { return cmp.Compare(v.Revision, r) })
	if !ok {
		return nil
	}
	return l.Entries[i]
}

// Chain is every version of a key, deletions included, in order.
func (l *Log) Chain(key string) []*Version { return l.byKey[key] }

// Of is every version of an object, deletions included, in order.
func (l *Log) Of(o ObjectName) []*Version { return l.byName[o] }

// All is every version of all objects of a resource, deletions included, in order, the initial ones first.
func (l *Log) All(resource string) []*Version { return l.byResource[resource] }

// Keys are all keys ever seen, sorted.
func (l *Log) Keys() []string { return l.keys }

// At is the version in a chain that was current at a revision; nil where the key was absent.
func At(chain []*Version, revision int64) *Version {
	i := sort.Search(len(chain), func(i int) bool { return chain[i].Revision > revision })
	if i == 0 || chain[i-1].Deleted {
		return nil
	}
	return chain[i-1]
}

// Live is the state below a prefix of keys at a revision, in the order of keys.
func (l *Log) Live(prefix string, revision int64) []*Version {
	var live []*Version
	for _, key := range l.keys[sort.SearchStrings(l.keys, prefix):] {
		if !strings.HasPrefix(key, prefix) {
			break
		}
		if v := At(l.byKey[key], revision); v != nil {
			live = append(live, v)
		}
	}
	return live
}

// Prefix is what the keys of a resource, in one namespace or (where it is empty) in all, begin with, learnt from the keys
// that were seen. It is false for a resource that the store never held.
func (l *Log) Prefix(resource, namespace string) (string, bool) {
	versions := l.byResource[resource]
	if len(versions) == 0 {
		return "", false
	}
	v := versions[0]
	root := strings.TrimSuffix(v.Key, v.Object.Name)
	if v.Object.Namespace != "" {
		root = strings.TrimSuffix(root, v.Object.Namespace+"/")
	}
	if namespace != "" {
		root += namespace + "/"
	}
	return root, true
}

// Count is how many keys there were at a revision below a prefix that ends in "/"; it does not look at the keys.
func (l *Log) Count(prefix string, revision int64) int {
	s := l.scopes[prefix]
	if s == nil {
		return 0
	}
	i := sort.Search(len(s.revisions), func(i int) bool { return s.revisions[i] > revision })
	if i == 0 {
		return 0
	}
	return s.live[i-1]
}

// NextChange is the first revision after the given one that changed anything below a prefix that ends in "/"; Never if
// none did.
func (l *Log) NextChange(prefix string, revision int64) int64 {
	s := l.scopes[prefix]
	if s == nil {
		return Never
	}
	i := sort.Search(len(s.revisions), func(i int) bool { return s.revisions[i] > revision })
	if i == len(s.revisions) {
		return Never
	}
	return s.revisions[i]
}

func newLog(header trace.Header) *Log {
	l := &Log{
		Start: header.Revision,
		byKey: map[string][]*Version{}, byName: map[ObjectName][]*Version{}, byResource: map[string][]*Version{},
		scopes: map[string]*scope{},
	}
	initial := slices.Clone(header.Initial)
	slices.SortStableFunc(initial, func(a, b trace.Revision) int { return cmp.Compare(a.Revision, b.Revision) })
	for i := range initial {
		l.Initial = append(l.Initial, l.add(&initial[i], nil))
	}
	return l
}

func (l *Log) append(line *trace.Line) {
	l.Entries = append(l.Entries, l.add(line.Revision, line))
}

// add appends a version to all indexes.
func (l *Log) add(r *trace.Revision, line *trace.Line) *Version {
	v := &Version{
		Revision: r.Revision, Key: r.Key, Deleted: r.Deleted, Created: r.Created, Previous: r.Previous,
		Object: ObjectName{r.Resource, r.Namespace, r.Name}, UID: r.UID, Hash: r.Hash, JSON: r.Object, Line: line,
	}
	chain := l.byKey[v.Key]
	change := 0
	if n := len(chain); n > 0 {
		v.Before = chain[n-1]
		v.Before.After = v
		if !v.Before.Deleted {
			change--
		}
	}
	if !v.Deleted {
		change++
	}
	l.byKey[v.Key] = append(chain, v)
	if v.Object.Resource != "" {
		l.byName[v.Object] = append(l.byName[v.Object], v)
		l.byResource[v.Object.Resource] = append(l.byResource[v.Object.Resource], v)
	}
	for i := range len(v.Key) {
		if v.Key[i] == '/' {
			l.scope(v.Key[:i+1]).add(v.Revision, change)
		}
	}
	return v
}

func (l *Log) scope(prefix string) *scope {
	s := l.scopes[prefix]
	if s == nil {
		s = &scope{}
		l.scopes[prefix] = s
	}
	return s
}

func (s *scope) add(revision int64, change int) {
	live := change
	if n := len(s.live); n > 0 {
		live += s.live[n-1]
	}
	s.revisions = append(s.revisions, revision)
	s.live = append(s.live, live)
}

func (l *Log) finish() {
	l.keys = make([]string, 0, len(l.byKey))
	for key := range l.byKey {
		l.keys = append(l.keys, key)
	}
	slices.Sort(l.keys)
}
