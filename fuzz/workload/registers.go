package workload

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/api"
)

// Registers read and write config maps, whose content is unique in every write: what linearizability is checked on.
var Registers = Kind{Name: "registers", perMinute: 900, requests: []weighted{
	{12, createRegister},
	{10, getRegister},
	{6, listRegisters},
	{15, updateRegister},
	{8, patchRegister},
	{4, finalizeRegister},
	{10, deleteRegister},
}}

var registerNames = []string{"a", "b", "c", "d"}

const finalizer = "orrery.example/held"

var configMaps = served("configmaps")

func createRegister(c *Client, choose Choices) (api.Request, bool) {
	name := pick(choose, registerNames)
	return api.Request{Verb: api.Create, Resource: configMaps, Namespace: Namespace, Name: name, Object: &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: Namespace, Labels: map[string]string{"colour": colour(choose)}},
		Data:       map[string]string{"value": c.unique()},
	}}, true
}

// getRegister reads one in one of the ways that a resourceVersion allows.
func getRegister(c *Client, choose Choices) (api.Request, bool) {
	name := pick(choose, registerNames)
	req := api.Request{Verb: api.Get, Resource: configMaps, Namespace: Namespace, Name: name}
	switch choose.IntN(4) {
	case 0:
		req.ResourceVersion = "0"
	case 1:
		if obj, ok := c.seen(choose, configMaps, name); ok {
			req.ResourceVersion = obj.GetResourceVersion()
		}
	}
	return req, true
}

// listRegisters reads all of them in one of the ways that a resourceVersion allows, or goes on with a list that came in
// chunks.
func listRegisters(c *Client, choose Choices) (api.Request, bool) {
	req := api.Request{Verb: api.List, Resource: configMaps, Namespace: Namespace}
	if c.more != "" {
		req.Limit, req.Continue = 1, c.more
		return req, true
	}
	obj, ok := c.seen(choose, configMaps, pick(choose, registerNames))
	switch choose.IntN(6) {
	case 0:
		req.ResourceVersion = "0"
	case 1:
		req.Labels = "colour=" + colour(choose)
	case 2:
		req.Limit = 1
	case 3:
		if ok {
			req.ResourceVersion, req.Match = obj.GetResourceVersion(), metav1.ResourceVersionMatchNotOlderThan
		}
	case 4:
		if ok {
			req.ResourceVersion, req.Match = obj.GetResourceVersion(), metav1.ResourceVersionMatchExact
		}
	}
	return req, true
}

// updateRegister writes a new value over a version that the client has seen, which may be stale, may have been deleted,
// and may have been created again since; now and then without a precondition.
func updateRegister(c *Client, choose Choices) (api.Request, bool) {
	name := pick(choose, registerNames)
	obj, ok := c.seen(choose, configMaps, name)
	if !ok {
		return api.Request{}, false
	}
	next := obj.DeepCopyObject().(*corev1.ConfigMap)
	next.Data = map[string]string{"value": c.unique()}
	next.Labels = map[string]string{"colour": colour(choose)}
	switch choose.IntN(4) {
	case 0:
		next.ResourceVersion = ""
	case 1:
		next.ResourceVersion, next.UID = "", ""
	}
	return api.Request{Verb: api.Update, Resource: configMaps, Namespace: Namespace, Name: name, Object: next}, true
}

func patchRegister(c *Client, choose Choices) (api.Request, bool) {
	req := api.Request{Verb: api.Patch, Resource: configMaps, Namespace: Namespace, Name: pick(choose, registerNames)}
	value := c.unique()
	switch choose.IntN(3) {
	case 0:
		req.PatchType = types.JSONPatchType
		req.Patch = fmt.Appendf(nil, `[{"op":"replace","path":"/data/value","value":%q}]`, value)
	case 1:
		req.PatchType = types.MergePatchType
		req.Patch = fmt.Appendf(nil, `{"data":{"value":%q},"metadata":{"labels":{"colour":%q}}}`, value, colour(choose))
	default:
		req.PatchType = types.StrategicMergePatchType
		req.Patch = fmt.Appendf(nil, `{"data":{"value":%q}}`, value)
	}
	return req, true
}

// finalizeRegister puts a finalizer on one, or takes all off.
func finalizeRegister(c *Client, choose Choices) (api.Request, bool) {
	finalizers := []string{}
	if choose.IntN(2) == 0 {
		finalizers = append(finalizers, finalizer)
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"finalizers": finalizers}})
	if err != nil {
		panic(err)
	}
	return api.Request{Verb: api.Patch, Resource: configMaps, Namespace: Namespace, Name: pick(choose, registerNames),
		PatchType: types.MergePatchType, Patch: patch}, true
}

func deleteRegister(c *Client, choose Choices) (api.Request, bool) {
	name := pick(choose, registerNames)
	req := api.Request{Verb: api.Delete, Resource: configMaps, Namespace: Namespace, Name: name}
	obj, ok := c.seen(choose, configMaps, name)
	if !ok {
		return req, true
	}
	req.Delete = preconditions(choose, obj)
	return req, true
}

// preconditions are none, the object's UID, or its resourceVersion.
func preconditions(choose Choices, obj api.Object) *metav1.DeleteOptions {
	options := &metav1.DeleteOptions{}
	switch choose.IntN(3) {
	case 0:
		uid := obj.GetUID()
		options.Preconditions = &metav1.Preconditions{UID: &uid}
	case 1:
		rv := obj.GetResourceVersion()
		options.Preconditions = &metav1.Preconditions{ResourceVersion: &rv}
	}
	return options
}

func colour(choose Choices) string { return pick(choose, []string{"red", "green"}) }
