package openapi

import (
	"net/http"
	"strings"

	openapiv2 "github.com/google/gnostic-models/openapiv2"
	"google.golang.org/protobuf/proto"
)

// empty is a document of version 2 that describes nothing.
const empty = `{"swagger":"2.0","info":{"title":"Kubernetes","version":"v1.37.2"},"paths":{},"definitions":{}}`

// serveLegacy sends the empty document as JSON, or as the protobuf that kubectl asks for.
func serveLegacy(w http.ResponseWriter, r *http.Request) {
	accept := r.Header.Get("Accept")
	if !strings.Contains(accept, "com.github.proto-openapi.spec.v2") {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(empty))
		return
	}
	document, err := openapiv2.ParseDocument([]byte(empty))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	data, err := proto.Marshal(document)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")
	_, _ = w.Write(data)
}
