package registry_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	kjson "sigs.k8s.io/json"

	"orrery/impl/api"
	"orrery/impl/apiserver/registry"
)

// FuzzPatch sends arbitrary patches to a pod and a config map. Goal: a patch is carried out as upstream's library carries
// it out, or is refused with a Status; nothing panics, nobody's memory is changed, and the object stays the one it was.
// Method: the library is called on the stored document directly, and its result, decoded and defaulted, is what an update
// with that body gives.
func FuzzPatch(f *testing.F) {
	for i, patch := range manyPatches() {
		f.Add([]byte(patch), byte(i%3), i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, patch []byte, kind byte, isPod bool) {
		patchedAsByLibrary(t, registry.Decide, patch, kind, isPod)
	})
}

func manyPatches() []string {
	return append(slices.Clone(patches),
		`[{"op":"add","path":"/metadata/labels","value":{"a":"b"}}]`, `[{"op":"remove","path":"/spec"}]`,
		`[{"op":"move","from":"/data/a","path":"/data/b"}]`, `[{"op":"copy","from":"","path":"/data/b"}]`, `[{"op":"test","path":"/data/a","value":null}]`,
		`[{"op":"add","path":"/spec/containers/-1","value":{}}]`, `[null]`, `[{}]`, `{"$patch":"replace","data":{"x":"y"}}`, `{"data":{"$patch":"delete"}}`,
		`{"spec":{"containers":[{"$patch":"delete","name":"c"}]}}`, `{"spec":{"$setElementOrder/containers":[{"name":"c"}],"containers":[{"name":"c","image":"k"}]}}`,
		`{"spec":{"$retainKeys":["containers"],"containers":null}}`, `{"data":{"a":"1","a":"2"}}`, `{"metadata":{"labels":{"a":null}}}`, `null`, `"x"`, `1e400`,
	)
}

// decider is [registry.Decide], or a wrong one.
type decider func(old api.Object, req api.Request, env registry.Env) (registry.Change, error)

func patchedAsByLibrary(t require.TestingT, decide decider, patch []byte, kind byte, isPod bool) {
	kinds := []types.PatchType{types.JSONPatchType, types.MergePatchType, types.StrategicMergePatchType}
	patchType := kinds[int(kind)%len(kinds)]
	old := storedConfigMap()
	if isPod {
		old = storedPod()
	}
	r, _ := api.ByObject(old)
	before := document(t, old)
	patched, patchErr := decide(old, api.Request{Verb: api.Patch, Resource: r, Namespace: "ns", Name: "x",
		PatchType: patchType, Patch: patch, FieldValidation: metav1.FieldValidationIgnore}, registry.Env{})
	require.JSONEq(t, string(before), string(document(t, old)), "the stored object was modified")

	body := r.New()
	if err := byLibrary(before, patch, patchType, body); err != nil {
		requireStatus(t, patchErr)
		return
	}
	updated, updateErr := registry.Decide(old, api.Request{Verb: api.Update, Resource: r, Namespace: "ns", Name: "x", Object: body}, registry.Env{})
	if updateErr != nil || patchErr != nil {
		requireStatus(t, patchErr)
		requireStatus(t, updateErr)
		return
	}
	require.Equal(t, identity(old), identity(patched.Object), "a patch makes no other object")
	require.Equal(t, updated.Action, patched.Action)
	require.JSONEq(t, string(document(t, updated.Object)), string(document(t, patched.Object)))
}

// identity is what an object keeps for life.
func identity(obj api.Object) []string {
	return []string{obj.GetNamespace(), obj.GetName(), string(obj.GetUID()), obj.GetCreationTimestamp().String()}
}

// Goal: the target is seen to fail. Method: each wrong decision on patches must be found by the seeds.
func TestFuzzPatchFindsBugs(t *testing.T) {
	for _, c := range []struct {
		name, says string
		wrong      func(old api.Object, req api.Request) (registry.Change, error)
	}{
		{"a merge is done as a strategic merge", "", func(old api.Object, req api.Request) (registry.Change, error) {
			if req.PatchType == types.MergePatchType {
				req.PatchType = types.StrategicMergePatchType
			}
			return registry.Decide(old, req, registry.Env{})
		}},
		{"the stored object is patched in place", "the stored object was modified", func(old api.Object, req api.Request) (registry.Change, error) {
			old.SetLabels(map[string]string{"a": "b"})
			return registry.Decide(old, req, registry.Env{})
		}},
		{"the UID is the patch's", "makes no other object", func(old api.Object, req api.Request) (registry.Change, error) {
			change, err := registry.Decide(old, req, registry.Env{})
			if err == nil {
				change.Object = change.Object.DeepCopyObject().(api.Object)
				change.Object.SetUID("other")
			}
			return change, err
		}},
		{"what cannot be read is the server's fault", "500", func(old api.Object, req api.Request) (registry.Change, error) {
			change, err := registry.Decide(old, req, registry.Env{})
			if apierrors.IsBadRequest(err) {
				err = apierrors.NewInternalError(err)
			}
			return change, err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			said := ""
			for i, patch := range manyPatches() {
				for kind := range byte(3) {
					said += complaint(func(r require.TestingT) {
						patchedAsByLibrary(r, func(old api.Object, req api.Request, _ registry.Env) (registry.Change, error) {
							return c.wrong(old, req)
						}, []byte(patch), kind, i%2 == 0)
					})
				}
			}
			require.NotEmpty(t, said, "the planted bug was not found")
			require.Contains(t, said, c.says)
		})
	}
}

func requireStatus(t require.TestingT, err error) {
	var status apierrors.APIStatus
	require.ErrorAs(t, err, &status)
	require.NotEmpty(t, status.Status().Reason)
	require.Less(t, status.Status().Code, int32(500), "%v", err)
}

// byLibrary applies the patch without us.
func byLibrary(current, patch []byte, kind types.PatchType, into api.Object) error {
	var result []byte
	var err error
	switch kind {
	case types.JSONPatchType:
		var operations jsonpatch.Patch
		if operations, err = jsonpatch.DecodePatch(patch); err == nil {
			result, err = operations.Apply(current)
		}
	case types.MergePatchType:
		if err = json.Unmarshal(patch, &map[string]any{}); err == nil {
			result, err = jsonpatch.MergePatch(current, patch)
		}
	case types.StrategicMergePatchType:
		result, err = strategicpatch.StrategicMergePatch(current, patch, reflect.New(reflect.TypeOf(into).Elem()).Interface())
	}
	if err != nil {
		return err
	}
	return kjson.UnmarshalCaseSensitivePreserveInts(result, into) // encoding/json would take any case
}

func document(t require.TestingT, obj api.Object) []byte {
	encoded, err := json.Marshal(obj)
	require.NoError(t, err)
	return encoded
}

func storedConfigMap() api.Object {
	return &corev1.ConfigMap{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Name: "x", Namespace: "ns", UID: "u", ResourceVersion: "5", CreationTimestamp: metav1.Unix(9, 0)},
		Data:       map[string]string{"a": "b"}}
}

func storedPod() api.Object {
	pod := &corev1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: "x", Namespace: "ns", UID: "u", Generation: 1, ResourceVersion: "5", CreationTimestamp: metav1.Unix(9, 0)},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}}
	registry.Default(pod)
	return pod
}
