package web

import (
	"net/http"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"orrery/impl/api"
)

// route is what a path under /api or /apis names.
type route struct {
	resource    *api.Resource
	namespace   string
	name        string
	subresource string
}

// connect are the verbs that are streams to a kubelet; they are no verbs of [api.Request].
const connect api.Verb = "connect"

var connectSubresources = []string{"log", "exec", "attach", "portforward"}

// parsePath reads /api/VERSION/… and /apis/GROUP/VERSION/…
func parsePath(path string) (route, bool) {
	parts := strings.Split(strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/"), "/")
	if slices.Contains(parts, "") {
		return route{}, false
	}
	var group, version string
	switch {
	case parts[0] == "api" && len(parts) > 2:
		version, parts = parts[1], parts[2:]
	case parts[0] == "apis" && len(parts) > 3:
		group, version, parts = parts[1], parts[2], parts[3:]
	default:
		return route{}, false
	}
	var rt route
	// A namespace is both an object and the place of others: /namespaces/NS/status is the former's, all else the latter's.
	if parts[0] == "namespaces" && len(parts) > 2 && parts[2] != "status" && parts[2] != "finalize" {
		rt.namespace, parts = parts[1], parts[2:]
	}
	if len(parts) > 3 {
		return route{}, false
	}
	resource, ok := api.ByName(parts[0])
	if !ok || resource.Group != group || resource.Version != version {
		return route{}, false
	}
	rt.resource = resource
	if len(parts) > 1 {
		rt.name = parts[1]
	}
	if len(parts) > 2 {
		rt.subresource = parts[2]
	}
	return rt, rt.exists()
}

// exists reports whether there is something at the route's place: namespaces where they belong, and known subresources.
func (rt route) exists() bool {
	switch {
	case rt.namespace != "" && !rt.resource.Namespaced,
		rt.namespace == "" && rt.resource.Namespaced && rt.name != "",
		rt.subresource != "" && !slices.Contains(rt.resource.Subresources, rt.subresource):
		return false
	}
	return true
}

// verbs says which verb a method is at the route.
func (rt route) verbs() map[string]api.Verb {
	switch {
	case slices.Contains(connectSubresources, rt.subresource):
		if rt.subresource == "log" {
			return map[string]api.Verb{http.MethodGet: connect}
		}
		return map[string]api.Verb{http.MethodGet: connect, http.MethodPost: connect}
	case rt.subresource == "binding", rt.subresource == "eviction", rt.subresource == "token":
		return map[string]api.Verb{http.MethodPost: api.Create}
	case rt.subresource == "finalize":
		return map[string]api.Verb{http.MethodPut: api.Update}
	case rt.subresource != "":
		return map[string]api.Verb{http.MethodGet: api.Get, http.MethodPut: api.Update, http.MethodPatch: api.Patch}
	case rt.name != "":
		return map[string]api.Verb{http.MethodGet: api.Get, http.MethodPut: api.Update, http.MethodPatch: api.Patch, http.MethodDelete: api.Delete}
	case rt.resource.Namespaced && rt.namespace == "":
		return map[string]api.Verb{http.MethodGet: api.List}
	case rt.resource.Name == "namespaces":
		return map[string]api.Verb{http.MethodGet: api.List, http.MethodPost: api.Create}
	}
	return map[string]api.Verb{http.MethodGet: api.List, http.MethodPost: api.Create, http.MethodDelete: api.DeleteCollection}
}

func (rt route) verb(r *http.Request) (api.Verb, error) {
	verb, ok := rt.verbs()[r.Method]
	if !ok {
		return "", methodNotAllowed()
	}
	if verb == api.List {
		watch, err := queryBool(r, "watch")
		if err != nil {
			return "", err
		}
		if watch {
			return api.Watch, nil
		}
	}
	return verb, nil
}

// longRunning requests are bounded neither in time nor in number.
func (rt route) longRunning(verb api.Verb) bool { return verb == api.Watch || verb == connect }

// notFound and methodNotAllowed are upstream's answers to what no handler is registered for.
func notFound() error {
	return apierrors.NewGenericServerResponse(http.StatusNotFound, "", schema.GroupResource{}, "", "", 0, false)
}

func methodNotAllowed() error {
	return apierrors.NewGenericServerResponse(http.StatusMethodNotAllowed, "", schema.GroupResource{}, "", "", 0, false)
}
