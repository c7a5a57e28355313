package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/munnerz/goautoneg"
	authenticationv1 "k8s.io/api/authentication/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"orrery/impl/api"
)

// discovery tells clients what is served. All of it follows from api.Resources and never changes.
type discovery struct {
	// byPath are the documents at /api, /apis, /apis/GROUP, /api/VERSION and /apis/GROUP/VERSION, and at /.
	byPath map[string]runtime.Object
	// aggregated are those at /api and /apis for clients that ask for everything at once.
	aggregated map[string]*aggregated
	paths      metav1.RootPaths
}

func newDiscovery() *discovery {
	d := &discovery{byPath: map[string]runtime.Object{}, aggregated: map[string]*aggregated{}}
	d.byPath["/api"] = &metav1.APIVersions{
		TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"},
		ServerAddressByClientCIDRs: []metav1.ServerAddressByClientCIDR{},
	}
	groups := &metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}}
	for _, gv := range groupVersions() {
		resources := &metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: gv.String()}
		for _, r := range api.Resources {
			if r.GVR().GroupVersion() == gv {
				resources.APIResources = append(resources.APIResources, apiResources(r)...)
			}
		}
		d.byPath[rootPath(gv)] = resources
		if gv.Group == "" {
			continue
		}
		version := metav1.GroupVersionForDiscovery{GroupVersion: gv.String(), Version: gv.Version}
		group := metav1.APIGroup{Name: gv.Group, Versions: []metav1.GroupVersionForDiscovery{version}, PreferredVersion: version}
		groups.Groups = append(groups.Groups, group)
		group.TypeMeta = metav1.TypeMeta{Kind: "APIGroup", APIVersion: "v1"}
		d.byPath["/apis/"+gv.Group] = &group
	}
	d.byPath["/apis"] = groups
	d.aggregated["/api"], d.aggregated["/apis"] = newAggregated(true), newAggregated(false)
	for path := range d.byPath {
		d.paths.Paths = append(d.paths.Paths, path)
	}
	d.paths.Paths = append(d.paths.Paths, "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version")
	slices.Sort(d.paths.Paths)
	return d
}

// handler returns what serves r's path, if it is one of discovery's.
func (d *discovery) handler(r *http.Request) (http.Handler, bool) {
	path := strings.TrimSuffix(r.URL.Path, "/")
	if path == "" {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _ = writeJSON(w, "application/json", d.paths) }), true
	}
	if all, ok := d.aggregated[path]; ok && wantsAggregated(r) {
		return all, true
	}
	document, ok := d.byPath[path]
	if !ok {
		return nil, false
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, err := negotiate(r, false)
		if err == nil && !a.as.Empty() {
			err = notAcceptable("discovery documents are not shown as another kind")
		}
		if err != nil {
			writeError(w, r, err)
			return
		}
		write(w, a, http.StatusOK, document)
	}), true
}

// wantsAggregated reports whether the client would rather have the aggregated document than the plain one.
func wantsAggregated(r *http.Request) bool {
	for _, clause := range goautoneg.ParseAccept(r.Header.Get("Accept")) {
		if clause.Type != "application" && clause.Type != "*" || clause.SubType != "json" && clause.SubType != "*" && clause.SubType != "vnd.kubernetes.protobuf" {
			continue
		}
		if clause.Params["as"] == "" {
			return false
		}
		if clause.SubType == "json" && clause.Params["g"] == "apidiscovery.k8s.io" && clause.Params["v"] == "v2" && clause.Params["as"] == "APIGroupDiscoveryList" {
			return true
		}
	}
	return false
}

// groupVersions are those of api.Resources, in their order.
func groupVersions() (gvs []schema.GroupVersion) {
	for _, r := range api.Resources {
		if gv := r.GVR().GroupVersion(); !slices.Contains(gvs, gv) {
			gvs = append(gvs, gv)
		}
	}
	return gvs
}

// rootPath is where a group's version is served.
func rootPath(gv schema.GroupVersion) string {
	if gv.Group == "" {
		return "/api/" + gv.Version
	}
	return fmt.Sprintf("/apis/%s/%s", gv.Group, gv.Version)
}

// apiResources describes a resource and its subresources.
func apiResources(r *api.Resource) []metav1.APIResource {
	all := []metav1.APIResource{{
		Name: r.Name, SingularName: r.Singular, Namespaced: r.Namespaced, Kind: r.Kind,
		Verbs: verbsOf(r), ShortNames: r.ShortNames, Categories: r.Categories,
	}}
	for _, sub := range r.Subresources {
		kind := subresourceKind(r, sub)
		described := metav1.APIResource{Name: r.Name + "/" + sub, Namespaced: r.Namespaced, Kind: kind.Kind, Verbs: subresourceVerbs(sub)}
		if kind.GroupVersion() != r.GVK().GroupVersion() {
			described.Group, described.Version = kind.Group, kind.Version
		}
		all = append(all, described)
	}
	return all
}

// verbsOf are the verbs that a resource has, in the order in which upstream names them.
func verbsOf(r *api.Resource) metav1.Verbs {
	if r.Name == "namespaces" {
		return metav1.Verbs{"create", "delete", "get", "list", "patch", "update", "watch"}
	}
	return metav1.Verbs{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}
}

func subresourceVerbs(sub string) metav1.Verbs {
	switch sub {
	case "log":
		return metav1.Verbs{"get"}
	case "binding", "eviction", "token":
		return metav1.Verbs{"create"}
	case "finalize":
		return metav1.Verbs{"update"}
	case "exec", "attach", "portforward":
		return metav1.Verbs{"create", "get"}
	}
	return metav1.Verbs{"get", "patch", "update"}
}

// subresourceKind is the kind that is read or written there.
func subresourceKind(r *api.Resource, sub string) schema.GroupVersionKind {
	switch sub {
	case "scale":
		return autoscalingv1.SchemeGroupVersion.WithKind("Scale")
	case "token":
		return authenticationv1.SchemeGroupVersion.WithKind("TokenRequest")
	case "binding":
		return r.GVK().GroupVersion().WithKind("Binding")
	case "eviction":
		return policyv1.SchemeGroupVersion.WithKind("Eviction")
	case "exec":
		return r.GVK().GroupVersion().WithKind("PodExecOptions")
	case "attach":
		return r.GVK().GroupVersion().WithKind("PodAttachOptions")
	case "portforward":
		return r.GVK().GroupVersion().WithKind("PodPortForwardOptions")
	}
	return r.GVK()
}
