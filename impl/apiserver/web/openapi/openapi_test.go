package openapi

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kube-openapi/pkg/handler3"
	"k8s.io/kube-openapi/pkg/spec3"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

// Goal: the documents describe the types as upstream's do. Method: facts of upstream's documents, looked up in ours, and laws
// that hold for every schema.

func get(t *testing.T, path string) string {
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", path, nil)
	r.Header.Set("Accept", "application/json")
	Handler().ServeHTTP(w, r)
	require.Equal(t, 200, w.Code, path)
	return w.Body.String()
}

func TestEveryDocumentIsInTheIndexAndParses(t *testing.T) {
	var index handler3.OpenAPIV3Discovery
	require.NoError(t, json.Unmarshal([]byte(get(t, "/openapi/v3")), &index))
	require.Len(t, index.Paths, 5)
	for name, place := range index.Paths {
		require.Contains(t, place.ServerRelativeURL, "?hash=")
		var document spec3.OpenAPI
		require.NoError(t, json.Unmarshal([]byte(get(t, place.ServerRelativeURL)), &document), name)
		require.NotEmpty(t, document.Paths.Paths)
	}
	require.True(t, Serves("/openapi/v3/apis/apps/v1"))
	require.False(t, Serves("/openapi/v3/apis/frobs/v1"))
}

func TestDocumentsAreTheSameEachTime(t *testing.T) {
	require.Equal(t, get(t, "/openapi/v3"), get(t, "/openapi/v3"))
}

func TestSchemas(t *testing.T) {
	schemas := Document(schema.GroupVersion{Version: "v1"}).Components.Schemas
	pod := schemas["io.k8s.api.core.v1.Pod"]
	require.NotNil(t, pod)
	require.Contains(t, pod.Description, "Pod is a collection of containers")
	require.Equal(t, []any{map[string]any{"group": "", "version": "v1", "kind": "Pod"}}, pod.Extensions["x-kubernetes-group-version-kind"])
	require.Contains(t, pod.Properties, "apiVersion")
	require.Equal(t, "#/components/schemas/io.k8s.api.core.v1.PodSpec", refOf(pod.Properties["spec"]))

	podSpec := schemas["io.k8s.api.core.v1.PodSpec"]
	require.Equal(t, []string{"containers"}, podSpec.Required)
	containers := podSpec.Properties["containers"]
	require.Equal(t, "merge", containers.Extensions["x-kubernetes-patch-strategy"])
	require.Equal(t, "name", containers.Extensions["x-kubernetes-patch-merge-key"])
	require.Equal(t, "int64", podSpec.Properties["terminationGracePeriodSeconds"].Format)

	require.Equal(t, "date-time", schemas["io.k8s.apimachinery.pkg.apis.meta.v1.Time"].Format)
	require.Len(t, schemas["io.k8s.apimachinery.pkg.util.intstr.IntOrString"].OneOf, 2)
	require.NotEmpty(t, schemas["io.k8s.apimachinery.pkg.api.resource.Quantity"].OneOf)
	require.Equal(t, "byte", schemas["io.k8s.api.core.v1.Secret"].Properties["data"].AdditionalProperties.Schema.Format)
	require.Equal(t, []string{"containerPort"}, schemas["io.k8s.api.core.v1.ContainerPort"].Required)
	limits := schemas["io.k8s.api.core.v1.ResourceRequirements"].Properties["limits"]
	require.Equal(t, "#/components/schemas/io.k8s.apimachinery.pkg.api.resource.Quantity", refOf(*limits.AdditionalProperties.Schema))
}

func refOf(s spec.Schema) string {
	if len(s.AllOf) == 1 {
		s = s.AllOf[0]
	}
	return s.Ref.String()
}

// Every reference leads somewhere, and every schema that is no reference says what it is.
func TestSchemasAreClosed(t *testing.T) {
	for _, gv := range groupVersions() {
		schemas := Document(gv).Components.Schemas
		var check func(where string, s spec.Schema)
		check = func(where string, s spec.Schema) {
			if ref := refOf(s); ref != "" {
				require.Contains(t, schemas, strings.TrimPrefix(ref, "#/components/schemas/"), where)
				return
			}
			require.True(t, len(s.Type) == 1 || len(s.OneOf) > 0, "%s has no type", where)
			for name, p := range s.Properties {
				check(where+"."+name, p)
			}
			if s.Items != nil {
				check(where+"[]", *s.Items.Schema)
			}
			if s.AdditionalProperties != nil {
				check(where+"{}", *s.AdditionalProperties.Schema)
			}
		}
		for name, s := range schemas {
			check(name, *s)
		}
	}
}

func TestPatchesTakeFieldValidation(t *testing.T) {
	paths := Document(schema.GroupVersion{Group: "apps", Version: "v1"}).Paths.Paths
	patch := paths["/apis/apps/v1/namespaces/{namespace}/replicasets/{name}"].Patch
	require.NotNil(t, patch)
	require.True(t, slices.ContainsFunc(patch.Parameters, func(p *spec3.Parameter) bool { return p.Name == "fieldValidation" }))
	require.Contains(t, patch.RequestBody.Content, "application/strategic-merge-patch+json")
	require.Equal(t, map[string]any{"group": "apps", "version": "v1", "kind": "ReplicaSet"}, patch.Extensions["x-kubernetes-group-version-kind"])
	require.Contains(t, paths, "/apis/apps/v1/namespaces/{namespace}/replicasets/{name}/scale")
}

func TestLegacyDocument(t *testing.T) {
	require.Contains(t, get(t, "/openapi/v2"), `"swagger":"2.0"`)
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/openapi/v2", nil)
	r.Header.Set("Accept", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf")
	Handler().ServeHTTP(w, r)
	require.Contains(t, w.Header().Get("Content-Type"), "protobuf")
	require.NotEmpty(t, w.Body.Bytes())
}
