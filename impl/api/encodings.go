package api

import "sync"

// Encodings holds the serialized forms of one shared object, so that a server that sends the same event to many
// watchers serializes it once per form. The zero value is empty and ready; a nil *Encodings keeps nothing.
type Encodings struct {
	mu    sync.Mutex
	forms map[string][]byte
}

// Bytes returns the bytes of the named form ("application/json", say), calling encode for the first who asks. Nobody may
// modify what it returns. An error is not kept.
func (e *Encodings) Bytes(form string, encode func() ([]byte, error)) ([]byte, error) {
	if e == nil {
		return encode()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if data, ok := e.forms[form]; ok {
		return data, nil
	}
	data, err := encode()
	if err != nil {
		return nil, err
	}
	if e.forms == nil {
		e.forms = map[string][]byte{}
	}
	e.forms[form] = data
	return data, nil
}
