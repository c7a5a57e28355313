package observe

import (
	"encoding/json"

	"orrery/impl/api"
	"orrery/impl/store"
	"orrery/impl/trace"
)

// Decoder reads a stored value.
type Decoder func(store.KV) (api.Object, error)

func decode(kv store.KV) (api.Object, error) { return api.Decode(kv.Value, kv.Mod) }

// line is what a trace says of one change.
func line(c store.Change, decode Decoder) *trace.Revision {
	r := &trace.Revision{Revision: c.KV.Mod, Key: c.KV.Key, Deleted: c.Deleted, Created: c.KV.Created}
	held := &c.KV
	if c.Previous != nil {
		r.Previous = c.Previous.Mod
	}
	if c.Deleted {
		// A deletion is told with what it deleted.
		held = c.Previous
		r.Created = held.Created
	}
	r.Hash = store.Hash(held.Value)
	describe(r, held, decode)
	return r
}

// describe fills in what the value says of itself, as far as it can be read.
func describe(r *trace.Revision, kv *store.KV, decode Decoder) {
	if resource, namespace, name, ok := api.ByKey(kv.Key); ok {
		r.Resource, r.Namespace, r.Name = resource.Name, namespace, name
	}
	obj, err := decode(*kv)
	if err != nil {
		return
	}
	r.UID = string(obj.GetUID())
	if r.Deleted {
		return
	}
	if text, err := json.Marshal(obj); err == nil {
		r.Object = text
	}
}

// Initial turns a list of everything into what a trace's header says the store held.
func Initial(kvs []store.KV) []trace.Revision {
	out := make([]trace.Revision, 0, len(kvs))
	for _, kv := range kvs {
		out = append(out, *line(store.Change{KV: kv}, decode))
	}
	return out
}
