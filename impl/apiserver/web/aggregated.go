package web

import (
	"bytes"
	"crypto/sha512"
	"encoding/json"
	"fmt"
	"net/http"

	apidiscoveryv2 "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
)

// aggregatedType is the media type of the aggregated document; a client recognizes it by the parameters.
const aggregatedType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

// aggregated is a discovery document with all resources of all groups, so that a client needs one request and not one for
// each version.
type aggregated struct {
	data []byte
	etag string
}

// newAggregated describes the core group, or all others.
func newAggregated(core bool) *aggregated {
	list := apidiscoveryv2.APIGroupDiscoveryList{
		TypeMeta: metav1.TypeMeta{Kind: "APIGroupDiscoveryList", APIVersion: "apidiscovery.k8s.io/v2"},
		Items:    []apidiscoveryv2.APIGroupDiscovery{},
	}
	for _, gv := range groupVersions() {
		if (gv.Group == "") != core {
			continue
		}
		version := apidiscoveryv2.APIVersionDiscovery{Version: gv.Version, Freshness: apidiscoveryv2.DiscoveryFreshnessCurrent}
		for _, r := range api.Resources {
			if r.GVR().GroupVersion() == gv {
				version.Resources = append(version.Resources, discoveryOf(r))
			}
		}
		list.Items = append(list.Items, apidiscoveryv2.APIGroupDiscovery{
			ObjectMeta: metav1.ObjectMeta{Name: gv.Group}, Versions: []apidiscoveryv2.APIVersionDiscovery{version},
		})
	}
	data, err := json.Marshal(list)
	if err != nil {
		panic(fmt.Sprintf("web: the discovery document cannot be encoded: %v", err))
	}
	return &aggregated{data: data, etag: fmt.Sprintf("%q", fmt.Sprintf("%X", sha512.Sum512(data)))}
}

func discoveryOf(r *api.Resource) apidiscoveryv2.APIResourceDiscovery {
	scope := apidiscoveryv2.ScopeCluster
	if r.Namespaced {
		scope = apidiscoveryv2.ScopeNamespace
	}
	kind := metav1.GroupVersionKind(r.GVK())
	d := apidiscoveryv2.APIResourceDiscovery{
		Resource: r.Name, ResponseKind: &kind, Scope: scope, SingularResource: r.Singular,
		Verbs: verbsOf(r), ShortNames: r.ShortNames, Categories: r.Categories,
	}
	for _, sub := range r.Subresources {
		kind := metav1.GroupVersionKind(subresourceKind(r, sub))
		d.Subresources = append(d.Subresources, apidiscoveryv2.APISubresourceDiscovery{
			Subresource: sub, ResponseKind: &kind, Verbs: subresourceVerbs(sub),
		})
	}
	return d
}

// ServeHTTP sends the document unless the client has it.
func (a *aggregated) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("ETag", a.etag)
	w.Header().Set("Vary", "Accept")
	w.Header().Set("Cache-Control", "public")
	if r.Header.Get("If-None-Match") == a.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", aggregatedType)
	_, _ = bytes.NewReader(a.data).WriteTo(w)
}
