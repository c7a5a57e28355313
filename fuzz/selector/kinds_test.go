package selector

import (
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/checker/object"
	"orrery/impl/api"
)

// Goal: the judges know which resource an owner is of for every kind that is served, and no other. Method: their table against the API's.
func TestKinds(t *testing.T) {
	served := map[string]object.Kind{}
	for _, r := range api.Resources {
		apiVersion, kind := r.GVK().ToAPIVersionAndKind()
		served[apiVersion+"/"+kind] = object.Kind{Resource: r.Name, Namespaced: r.Namespaced}
		require.Equal(t, r.Namespaced, object.Namespaced(r.Name))
	}
	require.Equal(t, served, object.Kinds)
}
