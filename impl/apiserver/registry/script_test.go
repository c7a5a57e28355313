package registry_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"orrery/impl/api"
	"orrery/impl/apiserver/registry"
)

// The scripts in testdata tell stories of single objects: each command is a request, and what is printed is what it
// changed, or why it was refused. The world around Decide is a map that does what the Change says.
//
// Commands: VERB RESOURCE[/SUBRESOURCE] [NAME] with the body below it as YAML, and arguments
//
//	at=SECONDS      the time, counted from the epoch of the script
//	type=...        of a patch: json, merge, strategic, apply
//	uid=, rv=, grace=, policy=, orphan=  of a delete; validation= of a patch
//	ns=NAMESPACE    default: default
//	show=PREFIX     print the answer's fields with that prefix instead of the changes
//	as=RV           pretend that the stored object has this resourceVersion (for conflicts of reads)

// world is the least store that Decide can be run against.
type world struct {
	objects  map[string]api.Object
	revision int64
	now      int64
	uids     int
	ranges   registry.Ranges
}

func newWorld() *world { return &world{objects: map[string]api.Object{}, revision: 100} }

// do decides and carries out.
func (w *world) do(req api.Request) (old api.Object, change registry.Change, err error) {
	env := w.env()
	key := req.Resource.Key(req.Namespace, nameIn(req, env))
	old = w.objects[key]
	change, err = registry.Decide(old, req, env)
	if err != nil {
		return old, change, err
	}
	switch change.Action {
	case registry.Put:
		w.revision++
		change.Object = change.Object.DeepCopyObject().(api.Object)
		change.Object.SetResourceVersion(api.FormatResourceVersion(w.revision))
		w.objects[key] = change.Object
	case registry.Remove:
		w.revision++
		delete(w.objects, key)
	}
	return old, change, nil
}

// nameIn is the name of the object that req is about.
func nameIn(req api.Request, env registry.Env) string {
	obj, ok := req.Object.(metav1.Object)
	switch {
	case req.Verb != api.Create || req.Subresource != "" || !ok:
		return req.Name
	case obj.GetName() != "" || obj.GetGenerateName() == "":
		return obj.GetName()
	}
	return obj.GetGenerateName() + env.Suffix
}

func (w *world) env() registry.Env {
	w.uids++
	return registry.Env{
		Now:    metav1.NewTime(time.Unix(w.now, 0).UTC()),
		UID:    types.UID(fmt.Sprintf("uid-%d", w.uids)),
		Suffix: fmt.Sprintf("x%04d", w.uids),
		Ranges: w.ranges,
		Taken:  w.taken,
	}
}

// taken: some service has the address.
func (w *world) taken(a registry.Address) bool {
	for _, obj := range w.objects {
		if slices.Contains(registry.AddressesOf(obj), a) {
			return true
		}
	}
	return false
}

func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		w := newWorld()
		if ports := map[string]string{"addresses": "30000-30099", "ports": "30000-30002"}[filepath.Base(path)]; ports != "" {
			var err error
			w.ranges, err = registry.ParseRanges("10.96.0.0/24", ports)
			require.NoError(t, err)
		}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			return w.command(t, d)
		})
	})
}

var patchTypes = map[string]types.PatchType{
	"json": types.JSONPatchType, "merge": types.MergePatchType, "strategic": types.StrategicMergePatchType, "apply": types.ApplyYAMLPatchType}

func (w *world) command(t *testing.T, d *datadriven.TestData) string {
	req, show := w.request(t, d)
	old, change, err := w.do(req)
	if err != nil {
		return explain(t, err)
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%s", change.Action)
	if change.Created {
		out.WriteString(" created")
	}
	out.WriteString("\n")
	for _, warning := range change.Warnings {
		fmt.Fprintf(&out, "warning: %s\n", warning)
	}
	answer := change.Answer(change.Object)
	if status, ok := answer.(*metav1.Status); ok {
		fmt.Fprintf(&out, "answer: %s\n", oneLine(t, status))
	}
	if scale, ok := answer.(*autoscalingv1.Scale); ok {
		fmt.Fprintf(&out, "answer: %s\n", oneLine(t, scale))
	}
	if show != "" {
		for _, line := range differences(nil, flat(t, answer)) {
			if strings.HasPrefix(line, "+ "+show) {
				out.WriteString(line + "\n")
			}
		}
		return out.String()
	}
	var before map[string]string
	if old != nil {
		before = flat(t, old)
	}
	for _, line := range differences(before, flat(t, change.Object)) {
		out.WriteString(line + "\n")
	}
	return out.String()
}

func (w *world) request(t *testing.T, d *datadriven.TestData) (req api.Request, show string) {
	req = api.Request{Verb: api.Verb(d.Cmd), Namespace: "default"}
	for i, arg := range d.CmdArgs {
		if len(arg.Vals) > 0 {
			continue
		}
		if i > 0 {
			req.Name = arg.Key
			continue
		}
		name, sub, _ := strings.Cut(arg.Key, "/")
		r, ok := api.ByName(name)
		require.True(t, ok, "%s: no resource %q", d.Pos, name)
		req.Resource, req.Subresource = r, sub
	}
	word := func(key string) *string {
		for _, arg := range d.CmdArgs {
			if arg.Key == key && len(arg.Vals) > 0 {
				return &arg.Vals[0]
			}
		}
		return nil
	}
	set := func(key string, to *string) {
		if v := word(key); v != nil {
			*to = *v
		}
	}
	if word("at") != nil {
		d.ScanArgs(t, "at", &w.now)
	}
	set("ns", &req.Namespace)
	set("show", &show)
	set("validation", &req.FieldValidation)
	if !req.Resource.Namespaced {
		req.Namespace = ""
	}
	switch req.Verb {
	case api.Patch:
		req.Patch = []byte(d.Input)
		req.PatchType = patchTypes[*word("type")]
	case api.Delete:
		req.Delete = deleteOptions(t, d, word)
	case api.Create, api.Update:
		req.Object = w.body(t, d, req)
	}
	return req, show
}

func deleteOptions(t *testing.T, d *datadriven.TestData, word func(string) *string) *metav1.DeleteOptions {
	options := &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{}}
	if v := word("uid"); v != nil {
		uid := types.UID(*v)
		options.Preconditions.UID = &uid
	}
	options.Preconditions.ResourceVersion = word("rv")
	if word("grace") != nil {
		options.GracePeriodSeconds = new(int64)
		d.ScanArgs(t, "grace", options.GracePeriodSeconds)
	}
	if v := word("policy"); v != nil {
		policy := metav1.DeletionPropagation(*v)
		options.PropagationPolicy = &policy
	}
	if v := word("orphan"); v != nil {
		orphan := *v == "true"
		//lint:ignore SA1019 deprecated, and still sent
		options.OrphanDependents = &orphan
	}
	return options
}

// body reads the YAML as the type that the request takes.
func (w *world) body(t *testing.T, d *datadriven.TestData, req api.Request) runtime.Object {
	var obj runtime.Object = req.Resource.New()
	switch req.Subresource {
	case "binding":
		obj = &corev1.Binding{}
	case "eviction":
		obj = &policyv1.Eviction{}
	case "scale":
		obj = &autoscalingv1.Scale{}
	}
	require.NoError(t, yaml.UnmarshalStrict([]byte(d.Input), obj), d.Pos)
	return obj
}

func explain(t *testing.T, err error) string {
	var status apierrors.APIStatus
	require.ErrorAs(t, err, &status)
	s := status.Status()
	var out strings.Builder
	fmt.Fprintf(&out, "%d %s: %s\n", s.Code, s.Reason, s.Message)
	if s.Details != nil {
		for _, cause := range s.Details.Causes {
			fmt.Fprintf(&out, "  %s %s: %s\n", cause.Type, cause.Field, cause.Message)
		}
	}
	return out.String()
}

func oneLine(t testing.TB, obj any) string {
	encoded, err := json.Marshal(obj)
	require.NoError(t, err)
	return string(encoded)
}

// flat is obj as path → value, without what is the same everywhere.
func flat(t testing.TB, obj any) map[string]string {
	var tree any
	require.NoError(t, json.Unmarshal([]byte(oneLine(t, obj)), &tree))
	leaves := map[string]string{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, child := range v {
				walk(strings.TrimPrefix(path+"."+key, "."), child)
			}
			if len(v) == 0 && path != "" {
				leaves[path] = "{}"
			}
		case []any:
			for i, child := range v {
				walk(fmt.Sprintf("%s[%d]", path, i), child)
			}
		default:
			leaves[path] = oneLine(t, v)
		}
	}
	walk("", tree)
	delete(leaves, "kind")
	delete(leaves, "apiVersion")
	delete(leaves, "metadata.resourceVersion")
	return leaves
}

func differences(before, after map[string]string) []string {
	var lines []string
	all := maps.Clone(before)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, after)
	for _, path := range slices.Sorted(maps.Keys(all)) {
		was, had := before[path]
		is, has := after[path]
		switch {
		case had && !has:
			lines = append(lines, fmt.Sprintf("- %s: %s", path, was))
		case !had:
			lines = append(lines, fmt.Sprintf("+ %s: %s", path, is))
		case was != is:
			lines = append(lines, fmt.Sprintf("~ %s: %s -> %s", path, was, is))
		}
	}
	return lines
}

// TestScriptsAreThere keeps a renamed folder from testing nothing.
func TestScriptsAreThere(t *testing.T) {
	files, err := filepath.Glob("testdata/scripts/*")
	require.NoError(t, err)
	require.Greater(t, len(files), 8)
}
