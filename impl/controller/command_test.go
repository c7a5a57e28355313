package controller_test

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"orrery/impl/api"
	"orrery/impl/apiserver"
	"orrery/impl/apiserver/user"
	"orrery/impl/apiserver/web"
	"orrery/impl/client"
	"orrery/impl/controller"
	"orrery/impl/scheduler"
	"orrery/impl/store/memory"
)

// Goal: the two commands, over TLS and HTTP/2 against two API servers, make of a ReplicaSet bound pods, also after the
// API server they use has gone; and stop when they are told. Method: real servers over the memory store, one of them
// closed in the middle; the pods are awaited by a watch.

const testBound = 60 * time.Second

func TestCommandsOutliveAnAPIServer(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), testBound)
	defer cancel()
	var running sync.WaitGroup
	defer running.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()

	db := memory.New()
	api1, url1 := serveAPI(t, ctx, &running, db, "a")
	api2, url2 := serveAPI(t, ctx, &running, db, "b")
	dir := t.TempDir()
	kubeconfig := writeKubeconfig(t, dir, url1, url2)
	for name, command := range map[string]*cobra.Command{"controllers": controller.Command(), "scheduler": scheduler.Command()} {
		command.SetArgs([]string{"--kubeconfig", kubeconfig, "--trace", filepath.Join(dir, name+".jsonl")})
		command.SetErr(testWriter{t})
		running.Go(func() { require.NoError(t, command.ExecuteContext(ctx)) })
	}

	must(t, ctx, api1, api.Create, "nodes", "", &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}, Status: corev1.NodeStatus{
		Capacity: capacity, Allocatable: capacity,
	}})
	labels := map[string]string{"app": "web"}
	three := int32(3)
	must(t, ctx, api1, api.Create, "replicasets", "default", &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web"},
		Spec: appsv1.ReplicaSetSpec{Replicas: &three, Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}},
		}},
	})
	awaitBound(t, ctx, api2, 3)

	url1.CloseClientConnections()
	url1.Close()
	rs := must(t, ctx, api2, api.Get, "replicasets", "default", &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web"}}).(*appsv1.ReplicaSet).DeepCopy()
	five := int32(5)
	rs.Spec.Replicas = &five
	rs.ResourceVersion = ""
	must(t, ctx, api2, api.Update, "replicasets", "default", rs)
	awaitBound(t, ctx, api2, 5)

	stop()
	running.Wait()
	for _, name := range []string{"controllers", "scheduler"} {
		text, err := os.ReadFile(filepath.Join(dir, name+".jsonl"))
		require.NoError(t, err)
		for _, want := range []string{`"call":{`, `"return":{`, `"watch":{`, `"event":{`, `"step":{`} {
			require.Contains(t, string(text), want, name)
		}
	}
}

var capacity = corev1.ResourceList{
	corev1.ResourceCPU: resource.MustParse("4"), corev1.ResourceMemory: resource.MustParse("8Gi"), corev1.ResourcePods: resource.MustParse("110"),
}

func TestBadKubeconfig(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"no file", "", "no such file"},
		{"no context", "apiVersion: v1\nkind: Config\n", "no current context"},
		{"no YAML", "{", "kubeconfig"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "k")
			if c.text != "" {
				require.NoError(t, os.WriteFile(path, []byte(c.text), 0o600))
			}
			command := controller.Command()
			command.SetArgs([]string{"--kubeconfig", path})
			require.ErrorContains(t, command.ExecuteContext(t.Context()), c.want)
		})
	}
}

func serveAPI(t *testing.T, ctx context.Context, running *sync.WaitGroup, db *memory.Store, name string) (*apiserver.Server, *httptest.Server) {
	server := apiserver.New(apiserver.Config{Name: name, Store: db})
	running.Go(func() { server.Run(ctx) })
	// As whoever starts a server does: until its caches are filled it refuses watches, and rightly so.
	require.Eventually(t, server.Ready, testBound, time.Millisecond)
	stopping := make(chan struct{})
	context.AfterFunc(ctx, func() { close(stopping) })
	handler := web.New(web.Config{
		Transport: server, Authenticators: []web.Authenticator{web.Tokens{"secret": user.Info{Name: "tester", Groups: []string{"system:masters"}}}},
		Stopping: stopping,
	})
	h := httptest.NewUnstartedServer(handler)
	h.EnableHTTP2 = true
	h.StartTLS()
	t.Cleanup(h.Close)
	return server, h
}

func writeKubeconfig(t *testing.T, dir string, servers ...*httptest.Server) string {
	var b strings.Builder
	b.WriteString("apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: s0, user: u}}]\nusers: [{name: u, user: {token: secret}}]\nclusters:\n")
	for i, s := range servers {
		ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
		fmt.Fprintf(&b, "- {name: s%d, cluster: {server: %q, certificate-authority-data: %s}}\n", i, s.URL, base64.StdEncoding.EncodeToString(ca))
	}
	path := filepath.Join(dir, "kubeconfig")
	require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o600))
	return path
}

func must(t *testing.T, ctx context.Context, transport client.Transport, verb api.Verb, name, namespace string, obj api.Object) api.Object {
	r, _ := api.ByName(name)
	req := api.Request{Verb: verb, Resource: r, Namespace: namespace, Name: obj.GetName()}
	if verb.Writes() {
		req.Object = obj
	}
	response, err := transport.Do(ctx, req)
	require.NoError(t, err)
	return response.Object.(api.Object)
}

// awaitBound watches until so many pods have a node.
func awaitBound(t *testing.T, ctx context.Context, transport client.Transport, n int) {
	r, _ := api.ByName("pods")
	response, err := transport.Do(ctx, api.Request{Verb: api.List, Resource: r})
	require.NoError(t, err)
	list := response.Object.(*corev1.PodList)
	bound := map[string]bool{}
	for _, pod := range list.Items {
		bound[pod.Name] = pod.Spec.NodeName != ""
	}
	stream, err := transport.Watch(ctx, api.Request{Verb: api.Watch, Resource: r, ResourceVersion: list.ResourceVersion})
	require.NoError(t, err)
	defer stream.Close()
	for {
		count := 0
		for _, is := range bound {
			if is {
				count++
			}
		}
		if count == n {
			return
		}
		require.Less(t, count, n)
		event, err := stream.Recv()
		require.NoError(t, err, "%d of %d bound", count, n)
		require.NotEqual(t, watch.Error, event.Type)
		if pod, ok := event.Object.(*corev1.Pod); ok && event.Type != watch.Bookmark {
			bound[pod.Name] = pod.Spec.NodeName != "" && event.Type != watch.Deleted
		}
	}
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Logf("%s", strings.TrimSpace(string(p)))
	return len(p), nil
}
