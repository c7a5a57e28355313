package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	clientdiscovery "k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"

	"orrery/impl/api"
)

// Goal: clients learn what is served. Method: the documents as golden files, and client-go's own discovery over them.

const aggregatedAccept = "Accept: application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"

func TestDiscoveryDocuments(t *testing.T) {
	server := serveTest(t, newFake(), nil)
	datadriven.RunTest(t, "testdata/discovery.txt", func(t *testing.T, d *datadriven.TestData) string {
		headers := []string{"Accept: application/json"}
		if d.HasArg("aggregated") {
			headers = []string{aggregatedAccept}
		}
		got := ask(t, server, "GET "+d.Input, "", headers...)
		require.Equal(t, http.StatusOK, got.code)
		var out bytes.Buffer
		require.NoError(t, json.Indent(&out, []byte(strings.TrimSpace(got.body)), "", " "))
		return got.header.Get("Content-Type") + "\n" + out.String() + "\n"
	})
}

func TestAggregatedDiscoveryIsCached(t *testing.T) {
	server := serveTest(t, newFake(), nil)
	got := ask(t, server, "GET /apis", "", aggregatedAccept)
	require.Equal(t, aggregatedType, got.header.Get("Content-Type"))
	again := ask(t, server, "GET /apis", "", aggregatedAccept, "If-None-Match: "+got.header.Get("ETag"))
	require.Equal(t, http.StatusNotModified, again.code)
	require.Empty(t, again.body)
	require.Contains(t, ask(t, server, "GET /apis", "").body, `"kind":"APIGroupList"`)
	require.Equal(t, 405, ask(t, server, "POST /apis", "").code)
	require.Equal(t, 406, ask(t, server, "GET /api/v1", "", "Accept: application/json;as=Table;g=meta.k8s.io;v=v1").code)
	require.Equal(t, 401, ask(t, server, "GET /apis", "", "Authorization: ").code)
}

func TestClientGoDiscoversEveryResource(t *testing.T) {
	server := serveTest(t, newFake(), nil)
	client, err := clientdiscovery.NewDiscoveryClientForConfig(&rest.Config{Host: server.URL, BearerToken: "secret"})
	require.NoError(t, err)
	_, lists, err := client.ServerGroupsAndResources()
	require.NoError(t, err)
	found := map[string]bool{}
	for _, list := range lists {
		for _, r := range list.APIResources {
			found[list.GroupVersion+"/"+r.Name] = true
		}
	}
	for _, r := range api.Resources {
		prefix := r.GVR().GroupVersion().String() + "/" + r.Name
		require.True(t, found[prefix], prefix)
		for _, sub := range r.Subresources {
			require.True(t, found[prefix+"/"+sub], prefix+"/"+sub)
		}
	}
	version, err := client.ServerVersion()
	require.NoError(t, err)
	require.Equal(t, "v1.37.2+orrery", version.GitVersion)
}
