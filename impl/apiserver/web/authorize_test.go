package web

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/apiserver/rbac"
	"orrery/impl/apiserver/rbac/policy"
	"orrery/impl/apiserver/user"
)

// Goal: a request is authorized as what it is. Method: method and path, and what upstream's RequestInfo makes of them.
func TestAttributes(t *testing.T) {
	for ask, want := range map[string]string{
		"GET /":                                             "get path /",
		"HEAD /version":                                     "head path /version",
		"GET /api/v1":                                       "get path /api/v1",
		"GET /apis/apps/v1":                                 "get path /apis/apps/v1",
		"GET /apis/apps":                                    "get path /apis/apps",
		"GET /openapi/v3/apis/apps/v1":                      "get path /openapi/v3/apis/apps/v1",
		"POST /metrics":                                     "post path /metrics",
		"GET /api/v1/pods":                                  "list /pods of / fields []",
		"GET /api/v1/namespaces/d/pods":                     "list /pods of d/ fields []",
		"GET /api/v1/namespaces/d/pods?watch=1":             "watch /pods of d/ fields []",
		"GET /api/v1/namespaces/d/pods?watch=0":             "list /pods of d/ fields []",
		"GET /api/v1/namespaces/d/pods?watch=1&limit=x":     "watch /pods of d/ fields []",
		"GET /api/v1/pods?fieldSelector=spec.nodeName%3Dn1": "list /pods of / fields [{= spec.nodeName n1}]",
		"GET /api/v1/secrets?watch=true&fieldSelector=metadata.name%3Ds":            "watch /secrets of /s fields [{= metadata.name s}]",
		"GET /api/v1/secrets?fieldSelector=metadata.name%3D..":                      "list /secrets of / fields [{= metadata.name ..}]",
		"GET /api/v1/namespaces/d/pods/p":                                           "get /pods of d/p fields []",
		"GET /api/v1/namespaces/d/pods/p?watch=1":                                   "get /pods of d/p fields []",
		"HEAD /api/v1/namespaces/d/pods/p":                                          "get /pods of d/p fields []",
		"GET /api/v1/namespaces/d/pods/p/log":                                       "get /pods/log of d/p fields []",
		"POST /api/v1/namespaces/d/pods/p/exec":                                     "create /pods/exec of d/p fields []",
		"POST /api/v1/namespaces/d/pods":                                            "create /pods of d/ fields []",
		"PUT /api/v1/nodes/n/status":                                                "update /nodes/status of /n fields []",
		"PATCH /apis/apps/v1/namespaces/d/replicasets/r/scale":                      "patch apps/replicasets/scale of d/r fields []",
		"DELETE /api/v1/namespaces/d/pods/p":                                        "delete /pods of d/p fields []",
		"DELETE /api/v1/namespaces/d/pods":                                          "deletecollection /pods of d/ fields []",
		"DELETE /api/v1/nodes?fieldSelector=metadata.name%3Dn":                      "deletecollection /nodes of / fields []",
		"GET /api/v1/namespaces":                                                    "list /namespaces of / fields []",
		"GET /api/v1/namespaces/d":                                                  "get /namespaces of d/d fields []",
		"PUT /api/v1/namespaces/d/finalize":                                         "update /namespaces/finalize of d/d fields []",
		"PUT /api/v1/namespaces/d/frobs":                                            "update /frobs of d/ fields []",
		"GET /apis/none.example.com/v7/frobs/f":                                     "get none.example.com/frobs of /f fields []",
		"GET /api/v1/watch/namespaces/d/pods":                                       "watch /pods of d/ fields []",
		"GET /api/v1/proxy/nodes/n/x/y":                                             "proxy /nodes of /n fields []",
		"POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews":               "create authorization.k8s.io/selfsubjectaccessreviews of / fields []",
		"POST /apis/authorization.k8s.io/v1/namespaces/d/localsubjectaccessreviews": "create authorization.k8s.io/localsubjectaccessreviews of d/ fields []",
	} {
		method, target, _ := strings.Cut(ask, " ")
		a := attributesOf(httptest.NewRequest(method, target, nil))
		got := fmt.Sprintf("%s path %s", a.Verb, a.Path)
		if a.Path == "" {
			what := a.Group + "/" + a.Resource
			if a.Subresource != "" {
				what += "/" + a.Subresource
			}
			got = fmt.Sprintf("%s %s of %s/%s fields %v", a.Verb, what, a.Namespace, a.Name, a.Fields)
		}
		require.Equal(t, want, got, ask)
	}
}

// rules is an Authorizer of roles and bindings that never change.
type rules struct{ rbac.Objects }

func (r rules) Authorize(u user.Info, a rbac.Attributes) (bool, string, error) {
	if u.Name == "unlucky" {
		return false, "", apierrors.NewServiceUnavailable("not yet")
	}
	allowed, reason := rbac.Allowed(u, a, r, r)
	return allowed, reason, nil
}

func (r rules) Rules(u user.Info, namespace string) ([]rbacv1.PolicyRule, bool, error) {
	all, err := rbac.Rules(u, namespace, r, r)
	return all, err != nil, err
}

// bound are the rules of a cluster in which the reader may read pods in the namespace mine, and streams may get pods/exec in default.
func bound() rules {
	bind := func(namespace, name string, rule rbacv1.PolicyRule) []api.Object {
		return []api.Object{
			&rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Rules: []rbacv1.PolicyRule{rule}},
			&rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
				RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name}, Subjects: []rbacv1.Subject{{Kind: "User", Name: name}}},
		}
	}
	all := policy.Objects()
	all = append(all, bind("mine", "reader", rbacv1.PolicyRule{Verbs: []string{"get", "list", "watch"}, APIGroups: []string{""}, Resources: []string{"pods"}})...)
	all = append(all, bind("default", "streams", rbacv1.PolicyRule{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"pods/exec", "pods/log"}})...)
	return rules{all}
}

var authorizedTokens = Tokens{
	"root": {Name: "root", Groups: []string{user.Masters}}, "nobody": {Name: "nobody"}, "reader": {Name: "reader"}, "streams": {Name: "streams"}, "unlucky": {Name: "unlucky"},
}

// Goal: who may not is refused with upstream's words before anything is read, and who may is served. Method: requests by users of every sort to a
// server whose rules never change; the Transport remembers whether it was asked.
func TestAuthorization(t *testing.T) {
	f := newFake(pod("a"))
	server := serveTest(t, f, func(c *Config) { c.Authorizer, c.Authenticators = bound(), []Authenticator{authorizedTokens} })
	for _, c := range []struct {
		user, ask string
		code      int
		says      string
	}{
		{"root", "GET " + podsPath + "/a", 200, ""},
		{"root", "GET /api/v1/frobs", 404, "the server could not find the requested resource"},
		{"nobody", "GET " + podsPath + "/a", 403, `pods \"a\" is forbidden: User \"nobody\" cannot get resource \"pods\" in API group \"\" in the namespace \"default\"`},
		{"nobody", "GET " + podsPath, 403, `pods is forbidden: User \"nobody\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"`},
		{"nobody", "GET " + podsPath + "?watch=1", 403, `cannot watch resource`},
		{"nobody", "POST " + podsPath, 403, `cannot create resource`},
		{"nobody", "PUT " + podsPath + "/a", 403, `cannot update resource`},
		{"nobody", "PATCH " + podsPath + "/a", 403, `cannot patch resource`},
		{"nobody", "POST " + podsPath + "/a/eviction", 403, `pods \"a\" is forbidden: User \"nobody\" cannot create resource \"pods/eviction\" in API group \"\" in the namespace \"default\"`},
		{"nobody", "DELETE " + podsPath + "/a", 403, `cannot delete resource`},
		{"nobody", "DELETE " + podsPath, 403, `cannot deletecollection resource`},
		{"nobody", "GET /api/v1/frobs", 403, `frobs is forbidden: User \"nobody\" cannot list resource \"frobs\" in API group \"\" at the cluster scope`},
		{"nobody", "GET /", 403, `forbidden: User \"nobody\" cannot get path \"/\"`},
		{"nobody", "GET /api", 200, "APIVersions"},
		{"nobody", "GET /apis/apps/v1", 200, "replicasets"},
		{"nobody", "GET /openapi/v3", 200, ""},
		{"nobody", "GET /healthz", 200, ""},
		{"reader", "GET /api/v1/namespaces/mine/pods", 200, ""},
		{"reader", "GET " + podsPath, 403, ""},
		{"reader", "GET /api/v1/pods", 403, "at the cluster scope"},
		{"reader", "GET /api/v1/namespaces/mine/pods/p/log", 403, `resource \"pods/log\"`},
		{"streams", "GET " + podsPath + "/a/exec?command=x", 403, `pods \"a\" is forbidden: User \"streams\" cannot create resource \"pods/exec\"`},
		{"streams", "GET " + podsPath + "/a/log", 204, ""}, // the pod, which has no node yet, is read for it, though pods may not be read
		{"unlucky", "GET " + podsPath, 503, "not yet"},
		{"", "GET " + podsPath + "/a", 401, "Unauthorized"},
		{"", "GET /version", 200, ""},
	} {
		f.asked = api.Request{}
		method, target, _ := strings.Cut(c.ask, " ")
		code, body := send(t, server.URL, c.user, method, target, "")
		require.Equal(t, c.code, code, "%s: %s: %s", c.user, c.ask, body)
		require.Contains(t, body, c.says, "%s: %s", c.user, c.ask)
		if code == 403 || code == 401 {
			require.Nil(t, f.asked.Resource, "%s: %s was asked for in spite of that", c.user, c.ask)
		}
	}
}

func send(t *testing.T, url, token, method, target, body string) (int, string) {
	r, err := http.NewRequest(method, url+target, strings.NewReader(body))
	require.NoError(t, err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text)
}

// Goal: questions are answered as they are asked, and what is no question is refused by name. Method: each review by who may ask and who may not.
func TestAccessReviews(t *testing.T) {
	server := serveTest(t, newFake(), func(c *Config) { c.Authorizer, c.Authenticators = bound(), []Authenticator{authorizedTokens} })
	const (
		self  = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
		other = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
		local = "/apis/authorization.k8s.io/v1/namespaces/mine/localsubjectaccessreviews"
		list  = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
	)
	for _, c := range []struct {
		user, path, spec string
		code             int
		says             string
	}{
		{"reader", self, `{"resourceAttributes":{"namespace":"mine","verb":"get","resource":"pods"}}`, 201, `"allowed":true,"reason":"RBAC: allowed by RoleBinding \"reader/mine\" of Role \"reader\" to User \"reader\""`},
		{"reader", self, `{"resourceAttributes":{"namespace":"default","verb":"get","resource":"pods"}}`, 201, `"status":{"allowed":false}`},
		{"nobody", self, `{"nonResourceAttributes":{"path":"/api","verb":"get"}}`, 201, `"allowed":true`},
		{"nobody", self, `{"nonResourceAttributes":{"path":"/metrics","verb":"get"}}`, 201, `"allowed":false`},
		{"root", self, `{"resourceAttributes":{"verb":"*","resource":"*"}}`, 201, `"allowed":true`},
		{"nobody", self, `{}`, 422, `spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified`},
		{"nobody", self, `{"resourceAttributes":{},"nonResourceAttributes":{}}`, 422, `cannot be specified in combination with resourceAttributes`},
		{"nobody", other, `{"user":"reader","resourceAttributes":{"namespace":"mine","verb":"get","resource":"pods"}}`, 403, `cannot create resource \"subjectaccessreviews\" in API group \"authorization.k8s.io\" at the cluster scope`},
		{"root", other, `{"user":"reader","resourceAttributes":{"namespace":"mine","verb":"get","resource":"pods"}}`, 201, `"allowed":true`},
		{"root", other, `{"user":"x","groups":["system:masters"],"resourceAttributes":{"verb":"delete","resource":"nodes"}}`, 201, `"allowed":true`},
		{"root", other, `{"resourceAttributes":{"verb":"get","resource":"pods"}}`, 422, `spec.user: Invalid value: \"\": at least one of user or group must be specified`},
		{"root", other, `{"user":"x","resourceAttributes":{"verb":"list","resource":"pods","fieldSelector":{"requirements":[{"key":"a","operator":"Exists"}]}}}`, 201, `"evaluationError":"fieldSelector with operator \"Exists\" and 0 values is not supported"`},
		{"root", local, `{"user":"reader","resourceAttributes":{"namespace":"mine","verb":"get","resource":"pods"}}`, 201, `"allowed":true`},
		{"root", local, `{"user":"reader","resourceAttributes":{"namespace":"default","verb":"get","resource":"pods"}}`, 422, `must match metadata.namespace`},
		{"root", local, `{"user":"reader","nonResourceAttributes":{"path":"/x","verb":"get"}}`, 422, `disallowed on this kind of request`},
		{"reader", local, `{"user":"reader","resourceAttributes":{"namespace":"mine"}}`, 403, `in the namespace \"mine\"`},
		{"reader", list, `{"namespace":"mine"}`, 201, `{"verbs":["get","list","watch"],"apiGroups":[""],"resources":["pods"]}`},
		{"reader", list, `{"namespace":"mine"}`, 201, `"incomplete":false`},
		{"reader", list, `{}`, 400, `no namespace on request`},
		{"", self, `{"resourceAttributes":{}}`, 401, ""},
	} {
		code, body := send(t, server.URL, c.user, "POST", c.path, `{"spec":`+c.spec+`}`)
		body = strings.ReplaceAll(body, "\n", "")
		require.Equal(t, c.code, code, "%s: %s: %s", c.user, c.spec, body)
		require.Contains(t, body, c.says, "%s: %s", c.user, c.spec)
	}
	code, body := send(t, server.URL, "root", "POST", self, `{"metadata":{"name":"x"},"spec":{"resourceAttributes":{}}}`)
	require.Equal(t, 422, code)
	require.Contains(t, body, "must be empty")
	code, _ = send(t, server.URL, "root", "GET", self, "")
	require.Equal(t, 405, code)
	everybody := serveTest(t, newFake(), func(c *Config) { c.Authenticators = []Authenticator{authorizedTokens} })
	_, body = send(t, everybody.URL, "nobody", "POST", list, `{"spec":{"namespace":"mine"}}`)
	require.Contains(t, body, `{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}`)
}
