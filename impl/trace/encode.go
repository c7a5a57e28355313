package trace

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// MaxLine bounds one line, newline included. The longest is the header of a run that began with a full store.
const MaxLine = 64 << 20

// encodeLine returns the line with its newline.
func encodeLine(line Line) ([]byte, error) {
	if line.Call != nil && len(line.Call.Body) > 0 && !json.Valid(line.Call.Body) {
		// A client may send anything; what is no JSON is recorded as a JSON string.
		call := *line.Call
		call.Body, _ = json.Marshal(string(call.Body))
		line.Call = &call
	}
	return encode(line)
}

func encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	if buf.Len() > MaxLine {
		return nil, fmt.Errorf("a line of %d bytes is longer than %d", buf.Len(), MaxLine)
	}
	return buf.Bytes(), nil
}
