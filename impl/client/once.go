package client

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/lru"
)

// How much of what was told lately is kept: at most 4 MiB of it, and the objects.
const (
	onceEvents = 256
	onceBytes  = 16 << 10 // of one object; a larger one is decoded by each watch
)

// once decodes objects that several watches of a process are told in the same bytes a single time: half a dozen loops follow the pods, and would spend more
// on reading them than on what they do about them.
type once struct {
	decoder runtime.Decoder
	recent  *lru.Cache // runtime.Object by its bytes
}

func newOnce(decoder runtime.Decoder) *once { return &once{decoder, lru.New(onceEvents)} }

// Decode implements [runtime.Decoder] for what names its own kind.
func (o *once) Decode(data []byte, defaults *schema.GroupVersionKind, into runtime.Object) (runtime.Object, *schema.GroupVersionKind, error) {
	if defaults != nil || into != nil || len(data) > onceBytes {
		return o.decoder.Decode(data, defaults, into)
	}
	key := string(data)
	if object, ok := o.recent.Get(key); ok {
		kind := object.(runtime.Object).GetObjectKind().GroupVersionKind()
		return object.(runtime.Object), &kind, nil
	}
	object, kind, err := o.decoder.Decode(data, nil, nil)
	if err == nil {
		o.recent.Add(key, object)
	}
	return object, kind, err
}
