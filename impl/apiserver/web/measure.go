package web

import (
	"net/http"
	"time"

	"orrery/impl/api"
	"orrery/impl/metrics"
)

const metricsPath = "/metrics"

// upstreamVerbs are the verbs as upstream's metrics name them.
var upstreamVerbs = map[api.Verb]string{
	api.Get: "GET", api.List: "LIST", api.Watch: "WATCH", api.Create: "POST", api.Update: "PUT", api.Patch: "PATCH", api.Delete: "DELETE",
	api.DeleteCollection: "DELETECOLLECTION", connect: "CONNECT",
}

// measure counts an answered request, whether or not it was found to be allowed or to be for anything.
func (h *Handler) measure(w *recorder, r *http.Request, took time.Duration) {
	asked, longRunning := askedFor(r)
	code := w.code
	if code == 0 {
		code = http.StatusOK // as net/http sends it where nothing was written
	}
	h.Meter.Answered(asked, code, took, longRunning)
}

// askedFor names what a request is for, in words of which there are few: of what is not served nothing but the method is told, and
// of that only whether it is one that something has.
func askedFor(r *http.Request) (asked metrics.Asked, longRunning bool) {
	if rt, ok := parsePath(r.URL.Path); ok {
		if verb, err := rt.verb(r); err == nil {
			asked = metrics.Asked{Verb: upstreamVerbs[verb], Group: rt.resource.Group, Version: rt.resource.Version, Resource: rt.resource.Name, Subresource: rt.subresource, Scope: rt.scope(verb)}
			if verb.Writes() && len(r.URL.Query()["dryRun"]) > 0 {
				asked.DryRun = "All"
			}
			return asked, rt.longRunning(verb)
		}
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		asked.Verb = r.Method
	default:
		asked.Verb = "other"
	}
	switch r.URL.Path {
	case "/healthz", "/livez", "/readyz", "/version", metricsPath:
		asked.Subresource = r.URL.Path
	}
	return asked, false
}

// scope is upstream's: of one object, of a namespace, or of all.
func (rt route) scope(verb api.Verb) string {
	switch {
	case rt.name != "" || verb == api.Create:
		return "resource"
	case rt.namespace != "":
		return "namespace"
	}
	return "cluster"
}
