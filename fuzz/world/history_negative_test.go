package world

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
)

// Goal: the judge of TestInformer sees an informer that breaks its promise. Method: one config map with three states and a
// second life, and what informers might say of it.
func TestExplains(t *testing.T) {
	object := func(revision, data string) *corev1.ConfigMap {
		return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "map", ResourceVersion: revision}, Data: map[string]string{"k": data}}
	}
	at := func(revision, data string) state { return state{revision: revision, object: object(revision, data)} }
	one, two, gone, four := at("1", "a"), at("2", "b"), state{revision: "3"}, at("4", "c")
	path := key(one.object)
	h := &history{states: map[string][]state{path: {one, two, gone, four}}}
	for _, c := range []struct {
		name  string
		sight []state
		good  bool
	}{
		{"all of it", []state{one, two, gone, four}, true},
		{"the last alone", []state{four}, true},
		{"a second life without the deletion between", []state{one, four}, true},
		{"the same again after a list", []state{one, two, two, gone, four}, true},
		{"backwards", []state{two, one}, false},
		{"back to life", []state{two, gone, two}, false},
		{"a state that never was", []state{one, at("2", "z")}, false},
		{"of a revision that never was", []state{at("9", "a")}, false},
		{"a deletion that never was", []state{four, gone}, false},
	} {
		err := h.explains(&sightings{of: map[string][]state{path: c.sight}})
		require.Equal(t, c.good, err == nil, "%s: %v", c.name, err)
	}
	require.ErrorContains(t, h.explains(&sightings{of: map[string][]state{"/registry/pods/default/ghost": {one}}}), "ghost")

	for name, last := range map[string]*corev1.ConfigMap{"": object("4", "c"), "of another state": object("2", "b"), "that has nothing": nil} {
		stores := map[string]cache.Store{}
		for _, resource := range watched {
			stores[resource] = cache.NewStore(cache.MetaNamespaceKeyFunc)
		}
		if last != nil {
			require.NoError(t, stores["configmaps"].Add(last))
		}
		equal, why := h.equals(stores)
		require.Equal(t, name == "", equal, "an informer %s: %s", name, why)
	}
}
