package openapi

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kube-openapi/pkg/handler3"
	"k8s.io/kube-openapi/pkg/spec3"

	"orrery/impl/api"
)

const (
	root   = "/openapi/v3"
	legacy = "/openapi/v2"
)

// Serves reports whether path is one of the documents' places.
func Serves(path string) bool {
	if !strings.HasPrefix(path, root) {
		return path == legacy
	}
	return path == root || slices.ContainsFunc(groupVersions(), func(gv schema.GroupVersion) bool { return path == root+rootPath(gv) })
}

// Handler serves the index at /openapi/v3 and the document of each group's version below it, with the hash of its content
// in its address, as JSON and as protobuf. The documents are made when one is first asked for.
//
// The document at /openapi/v2 is empty. kubectl looks there for kinds that it does not find in version 3, to say that they
// are unknown; without it, it says that something is wrong with the server.
func Handler() http.Handler {
	mux := http.NewServeMux()
	documents := current()
	mux.Handle(root, documents)
	mux.Handle(root+"/", documents)
	mux.HandleFunc(legacy, serveLegacy)
	return mux
}

func current() http.Handler {
	service := sync.OnceValue(func() *handler3.OpenAPIService {
		s := handler3.NewOpenAPIService()
		for _, gv := range groupVersions() {
			s.UpdateGroupVersion(strings.TrimPrefix(rootPath(gv), "/"), Document(gv))
		}
		return s
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == root {
			service().HandleDiscovery(w, r)
			return
		}
		service().HandleGroupVersion(w, r)
	})
}

// Document describes one group's version: its paths and the schemas of all types that occur in them.
func Document(gv schema.GroupVersion) *spec3.OpenAPI {
	b := newBuilder()
	return &spec3.OpenAPI{
		Version:    "3.0.0",
		Info:       info(),
		Paths:      b.paths(gv),
		Components: &spec3.Components{Schemas: b.schemas},
	}
}

func groupVersions() (gvs []schema.GroupVersion) {
	for _, r := range api.Resources {
		if gv := r.GVR().GroupVersion(); !slices.Contains(gvs, gv) {
			gvs = append(gvs, gv)
		}
	}
	return gvs
}

func rootPath(gv schema.GroupVersion) string {
	if gv.Group == "" {
		return "/api/" + gv.Version
	}
	return fmt.Sprintf("/apis/%s/%s", gv.Group, gv.Version)
}
