package client

import (
	"net/url"
	"strconv"
	"strings"

	"orrery/impl/api"
)

// method is the HTTP method of each verb.
var method = map[api.Verb]string{
	api.Get: "GET", api.List: "GET", api.Watch: "GET", api.Create: "POST", api.Update: "PUT", api.Patch: "PATCH",
	api.Delete: "DELETE", api.DeleteCollection: "DELETE",
}

// pathOf is the path and query of a request, as upstream's API has them.
func pathOf(req api.Request) (string, url.Values) {
	var parts []string
	if req.Resource.Group == "" {
		parts = append(parts, "api", req.Resource.Version)
	} else {
		parts = append(parts, "apis", req.Resource.Group, req.Resource.Version)
	}
	if req.Resource.Namespaced && req.Namespace != "" {
		parts = append(parts, "namespaces", req.Namespace)
	}
	parts = append(parts, req.Resource.Name)
	if req.Name != "" && (req.Verb != api.Create || req.Subresource != "") {
		parts = append(parts, req.Name)
	}
	if req.Subresource != "" {
		parts = append(parts, req.Subresource)
	}
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return "/" + strings.Join(parts, "/"), queryOf(req)
}

func queryOf(req api.Request) url.Values {
	q := url.Values{}
	set := func(key, value string) {
		if value != "" {
			q.Set(key, value)
		}
	}
	flag := func(key string, on bool) {
		if on {
			q.Set(key, "true")
		}
	}
	set("resourceVersion", req.ResourceVersion)
	set("resourceVersionMatch", string(req.Match))
	set("labelSelector", req.Labels)
	set("fieldSelector", req.Fields)
	set("continue", req.Continue)
	set("fieldManager", req.FieldManager)
	set("fieldValidation", req.FieldValidation)
	if req.Limit > 0 {
		q.Set("limit", strconv.FormatInt(req.Limit, 10))
	}
	flag("watch", req.Verb == api.Watch)
	flag("allowWatchBookmarks", req.Bookmarks)
	flag("sendInitialEvents", req.InitialEvents)
	if req.DryRun {
		q.Set("dryRun", "All")
	}
	return q
}
