package kubelet

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"orrery/impl/control"
	"orrery/impl/kubelet/runtime"
)

// Goal: static pods keep the laws that all pods keep, and in the end exactly those run that files ask for, each shown by one mirror. Method: files come,
// go and come again with the same content, users delete mirrors and make pods whose names are those of static ones, the API goes away, and all else
// that befalls a kubelet.
func TestStaticPodsUnderFaults(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := Defaults
		cfg.Manifests = "/manifests"
		w := newWorldOf(cfg)
		w.files = map[string]string{}
		j := newJudge(t, w)
		var contents []string
		names := rapid.SampledFrom([]string{"a", "b"})
		actions := map[string]func(*rapid.T){
			"write a file": func(t *rapid.T) {
				pod := drawPod(t, names.Draw(t, "name"))
				for i := range pod.Spec.InitContainers {
					pod.Spec.InitContainers[i].Lifecycle = nil
				}
				pod.APIVersion, pod.Kind, pod.Generation, pod.Status = "v1", "Pod", 0, corev1.PodStatus{}
				text, err := yaml.Marshal(pod)
				require.NoError(t, err)
				contents = append(contents, string(text))
				w.files[pod.Name] = string(text)
				w.ask()
			},
			"write one again": func(t *rapid.T) {
				if len(contents) > 0 {
					text := rapid.SampledFrom(contents).Draw(t, "content")
					pod := &corev1.Pod{}
					require.NoError(t, yaml.Unmarshal([]byte(text), pod))
					w.files[pod.Name] = text
					w.ask()
				}
			},
			"remove a file": func(t *rapid.T) {
				delete(w.files, names.Draw(t, "name"))
				w.ask()
			},
			"create": func(t *rapid.T) {
				name := names.Draw(t, "name") + "-n1"
				if w.pod(name) == nil {
					w.put("pods", drawPod(t, name))
				}
			},
			"delete": func(t *rapid.T) {
				name := names.Draw(t, "name") + "-n1"
				grace := int64(rapid.IntRange(0, 8).Draw(t, "grace"))
				w.remove(name, grace)
			},
			"toggle API": func(t *rapid.T) { w.silent, w.told = rapid.Bool().Draw(t, "away"), 0 },
			"":           func(*rapid.T) { j.check() },
		}
		maps.Copy(actions, befalls(w))
		t.Repeat(actions)
		j.heal()
		for _, obj := range w.api {
			if pod, ok := obj.(*corev1.Pod); ok && isMirror(pod) {
				require.NotNil(t, w.local.asked[types.UID(mirrored(pod))], "%s is the mirror of a pod that no file asks for", pod.Name)
			}
		}
	})
}

// Goal: a kubelet that begins without an API says nothing of its node before it knows what the API has of it (row 43). Method: every effect until then.
func TestNothingIsWrittenBeforeTheAPIIsKnown(t *testing.T) {
	cfg := Defaults
	cfg.Manifests = "/manifests"
	w := newWorldOf(cfg)
	w.settle()
	w.silent = true
	w.boot()
	var writes []string
	w.before = func(e control.Effect) (perform, crash bool) {
		if e.Request != nil {
			writes = append(writes, string(e.Request.Verb)+" "+e.Request.Resource.Name)
		}
		return true, false
	}
	w.pass(time.Minute)
	require.Empty(t, writes)
	w.silent, w.told = false, 0
	w.pass(time.Minute)
	require.Contains(t, writes, "update leases")
}

// Goal: a pod of the API cannot pass for a static one. Method: one with every annotation that such have.
func TestAnnotationsMakeNoStaticPod(t *testing.T) {
	w := newWorld()
	pod := podFrom(t, "spec: {containers: [{name: app, command: [run]}]}")
	pod.Annotations = map[string]string{runtime.AnnotationConfigSource: sourceFile, annotationConfigHash: "x"}
	w.put("pods", pod)
	w.settle()
	require.Equal(t, corev1.PodRunning, w.pod("web").Status.Phase)
	pods, err := w.machine.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, sourceAPI, pods[0].Sandbox().Annotations[runtime.AnnotationConfigSource])
}

const webManifest = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: app, image: img}]}\n"

// Goal: users are told what is wrong with a file, once; what was right before counts until the file is gone. Method: a directory whose files change.
func TestManifests(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "manifests")
	cfg := Defaults
	cfg.Node, cfg.Manifests = "n1", dir
	var logged []string
	m := Manifests{Config: cfg, Log: func(format string, args ...any) {
		logged = append(logged, strings.ReplaceAll(fmt.Sprintf(format, args...), dir+"/", ""))
	}}
	read := func() []*corev1.Pod {
		pods, err := m.Read()
		require.NoError(t, err)
		return pods
	}
	write := func(name, content string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	require.Empty(t, read(), "there is no directory")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "directory.yaml"), 0o700))
	write("web.yaml", webManifest)
	write(".hidden.yaml", "nonsense")
	write("web.yaml~", "nonsense")
	pods := read()
	require.Len(t, pods, 1)
	first := pods[0]
	require.Equal(t, "default/web-n1 on n1", first.Namespace+"/"+first.Name+" on "+first.Spec.NodeName)
	require.Equal(t, corev1.RestartPolicyAlways, first.Spec.RestartPolicy, "defaults")
	require.Equal(t, string(first.UID), first.Annotations[annotationConfigHash])
	require.Empty(t, logged)

	write("another.yaml", webManifest)
	other := read()
	require.Len(t, other, 1)
	require.NotEqual(t, first.UID, other[0].UID, "another file")
	require.Equal(t, []string{"web.yaml: another.yaml asks for pod default/web-n1 too, and comes first"}, logged)
	require.NoError(t, os.Remove(filepath.Join(dir, "another.yaml")))
	require.Equal(t, first.UID, read()[0].UID, "the same node, file and content")

	for content, why := range map[string]string{
		"apiVersion: v1\nkind: Pod\nspec":                `error converting YAML to JSON: yaml: line 4: could not find expected ':'`,
		strings.Replace(webManifest, "image", "imag", 1): `error unmarshaling JSON: while decoding JSON: json: unknown field "imag"`,
		strings.Replace(webManifest, "Pod", "Node", 1):   `apiVersion "v1", kind "Node": must be v1, Pod`,
		strings.Replace(webManifest, "name: web", "", 1): "metadata.name: is missing",
		strings.Replace(webManifest, "name: web", "name: We", 1): `metadata.name: Invalid value: "We-n1": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', ` +
			`and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
		strings.Replace(webManifest, "spec: {", "spec: {serviceAccountName: a, ", 1):                                       "it refers to a service account: a static pod may not, as it runs without the API",
		strings.Replace(webManifest, "spec: {", "spec: {volumes: [{name: v, secret: {secretName: s}}], ", 1):               "it refers to a secret: a static pod may not, as it runs without the API",
		strings.Replace(webManifest, "spec: {", "spec: {volumes: [{name: v, configMap: {name: s}}], ", 1):                  "it refers to a config map: a static pod may not, as it runs without the API",
		strings.Replace(webManifest, "spec: {", "spec: {volumes: [{name: v, persistentVolumeClaim: {claimName: s}}], ", 1): "it refers to a persistent volume claim: a static pod may not, as it runs without the API",
		strings.Replace(webManifest, "spec: {", "spec: {nodeName: n2, ", 1):                                                `spec.nodeName: is "n2", and this is node "n1"`,
		strings.Replace(webManifest, "image: img", "image: ''", 1):                                                         "spec.containers[0].image: Required value",
	} {
		logged = nil
		write("web.yaml", content)
		require.Equal(t, first.UID, read()[0].UID, "it goes on as it was")
		require.Equal(t, []string{"web.yaml: " + why + "; the pod goes on as it was"}, logged)
		read()
		require.Len(t, logged, 1, "once")
	}
	write("web.yaml", strings.Replace(webManifest, "image: img", "image: img2", 1))
	require.NotEqual(t, first.UID, read()[0].UID, "other content")
	require.NoError(t, os.Remove(filepath.Join(dir, "web.yaml")))
	require.Empty(t, read())
}
