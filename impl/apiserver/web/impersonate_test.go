package web

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/apiserver/user"
)

// bosses are rules by which the boss may impersonate the reader, a group, and what else may be said of him, and accounts of the namespace mine.
func bosses() rules {
	grant := func(rules ...rbacv1.PolicyRule) []api.Object {
		return []api.Object{
			&rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "boss"}, Rules: rules},
			&rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "boss"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "boss"},
				Subjects: []rbacv1.Subject{{Kind: "User", Name: "boss"}}},
			&rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: "mine", Name: "accounts"},
				Rules: []rbacv1.PolicyRule{{Verbs: []string{"impersonate"}, APIGroups: []string{""}, Resources: []string{"serviceaccounts"}}}},
			&rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Namespace: "mine", Name: "accounts"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "accounts"},
				Subjects: []rbacv1.Subject{{Kind: "User", Name: "boss"}}},
		}
	}
	impersonate := func(group, resource string, names ...string) rbacv1.PolicyRule {
		return rbacv1.PolicyRule{Verbs: []string{"impersonate"}, APIGroups: []string{group}, Resources: []string{resource}, ResourceNames: names}
	}
	return rules{append(bound().Objects, grant(
		impersonate("", "users", "reader", user.Anonymous),
		impersonate("", "groups", "devs", user.AllUnauthenticated),
		impersonate(authenticationv1.GroupName, "uids", "u-1"),
		impersonate(authenticationv1.GroupName, "userextras/acme.com/project", "apollo", "zeus"),
		rbacv1.PolicyRule{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"pods"}})...)}
}

// Goal: a request is served as whom its headers name, if who sent it may impersonate all that they say, and else by nobody: never as who sent it.
// Method: requests of the boss, who may read every pod himself and whose reader may not; the Transport tells as whom it was asked.
func TestImpersonation(t *testing.T) {
	f := newFake(pod("a"))
	tokens := Tokens{"boss": {Name: "boss"}, "root": {Name: "root", Groups: []string{user.Masters}}, "reader": {Name: "reader"}}
	server := serveTest(t, f, func(c *Config) { c.Authorizer, c.Authenticators = bosses(), []Authenticator{tokens} })
	const as, group, uid, extra = "Impersonate-User: ", "Impersonate-Group: ", "Impersonate-Uid: ", "Impersonate-Extra-"
	const mine = "GET /api/v1/namespaces/mine/pods"
	for _, c := range []struct {
		by, ask string
		headers []string
		code    int
		says    string
		as      string // NAME (UID) GROUPS, of who was served
	}{
		{"boss", "GET " + podsPath + "/a", nil, 200, "", "boss () system:authenticated"},
		{"boss", "GET " + podsPath + "/a", []string{as + "reader"}, 403, `User \"reader\" cannot get resource \"pods\"`, ""},
		{"boss", mine, []string{as + "reader"}, 200, "", "reader () system:authenticated"},
		{"boss", mine, []string{as + "reader", group + "devs", uid + "u-1", extra + "Acme.com%2fProject: apollo", extra + "Acme.com%2fProject: zeus"}, 200, "",
			"reader (u-1) devs,system:authenticated acme.com/project=[apollo zeus]"},
		{"boss", mine, []string{as + "reader", group + user.AllUnauthenticated}, 200, "", "reader () system:unauthenticated"},
		{"root", "GET " + podsPath + "/a", []string{as + "jane", group + user.Masters}, 200, "", "jane () system:masters,system:authenticated"},
		{"root", "GET " + podsPath + "/a", []string{as + "jane"}, 403, `User \"jane\" cannot get`, ""},
		{"root", "GET " + podsPath + "/a", []string{as + "system:serviceaccount:mine:robot", group + user.Masters}, 200, "", "system:serviceaccount:mine:robot () system:masters,system:authenticated"},

		{"boss", mine, []string{as + "jane"}, 403, `users \"jane\" is forbidden: User \"boss\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope`, ""},
		{"reader", mine, []string{as + "reader"}, 403, `User \"reader\" cannot impersonate resource \"users\"`, ""},
		{"boss", mine, []string{as + "reader", group + user.Masters}, 403, `groups \"system:masters\" is forbidden: User \"boss\" cannot impersonate resource \"groups\" in API group \"\" at the cluster scope`, ""},
		{"boss", mine, []string{as + "reader", group + "devs", group + "ops"}, 403, `groups \"ops\" is forbidden`, ""},
		{"boss", mine, []string{as + "reader", uid + "u-2"}, 403, `uids.authentication.k8s.io \"u-2\" is forbidden: User \"boss\" cannot impersonate resource \"uids\" in API group \"authentication.k8s.io\" at the cluster scope`, ""},
		{"boss", mine, []string{as + "reader", extra + "Acme.com%2fproject: hermes"}, 403, `userextras.authentication.k8s.io \"hermes\" is forbidden: User \"boss\" cannot impersonate resource \"userextras/acme.com/project\"`, ""},
		{"boss", mine, []string{as + "reader", extra + "Scopes: apollo"}, 403, `resource \"userextras/scopes\"`, ""},
		{"boss", mine, []string{as + "system:serviceaccount:mine:robot"}, 403, `User \"system:serviceaccount:mine:robot\" cannot list resource \"pods\"`, ""},
		{"boss", mine, []string{as + "system:serviceaccount:other:robot"}, 403,
			`serviceaccounts \"robot\" is forbidden: User \"boss\" cannot impersonate resource \"serviceaccounts\" in API group \"\" in the namespace \"other\"`, ""},
		{"boss", mine, []string{as + "system:serviceaccount:mine:a:b"}, 403, `users \"system:serviceaccount:mine:a:b\" is forbidden`, ""},

		{"boss", "GET " + podsPath + "/a", []string{group + "devs"}, 400, "requested Impersonate-Group without impersonating a user", ""},
		{"boss", "GET " + podsPath + "/a", []string{uid + "u-1", extra + "X: y"}, 400, "requested Impersonate-Extra-X, Impersonate-Uid without impersonating a user", ""},
		{"boss", "GET " + podsPath + "/a", []string{as}, 400, "the header Impersonate-User must be given once, and not be empty", ""},
		{"boss", mine, []string{as + "reader", as + "jane"}, 400, "the header Impersonate-User must be given once, and not be empty", ""},
		{"boss", mine, []string{as + "reader", uid}, 400, "the header Impersonate-Uid must be given once, and not be empty", ""},
		{"boss", mine, []string{as + "reader", "Impersonate-Groups: devs"}, 400, "unknown impersonation header Impersonate-Groups", ""},
		{"boss", mine, []string{as + "reader", extra + ": devs"}, 400, "unknown impersonation header Impersonate-Extra-", ""},
		{"", mine, []string{as + "reader"}, 401, "Unauthorized", ""},
	} {
		f.asked, f.by = api.Request{}, user.Info{}
		method, target, _ := strings.Cut(c.ask, " ")
		code, body := sendAs(t, server.URL, c.by, method, target, c.headers)
		require.Equal(t, c.code, code, "%s %v: %s", c.by, c.headers, body)
		require.Contains(t, body, c.says, "%s %v", c.by, c.headers)
		if c.as == "" {
			require.Nil(t, f.asked.Resource, "%s %v was asked for", c.by, c.headers)
			continue
		}
		got := f.by.Name + " (" + f.by.UID + ") " + strings.Join(f.by.Groups, ",")
		for key, values := range f.by.Extra { // there is one at most
			got += " " + key + "=[" + strings.Join(values, " ") + "]"
		}
		require.Equal(t, c.as, got)
		require.Equal(t, f.by.Name, f.asked.User)
	}
	_, body := sendAs(t, server.URL, "root", "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", []string{as + user.Anonymous, group + user.Masters})
	require.Contains(t, body, `"groups":["system:masters","system:unauthenticated"]`, "who is nobody is not authenticated")
	_, body = sendAs(t, server.URL, "root", "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", []string{as + "system:serviceaccount:mine:robot"})
	require.Contains(t, body, `"groups":["system:serviceaccounts","system:serviceaccounts:mine","system:authenticated"]`)
}

func sendAs(t *testing.T, url, token, method, target string, headers []string) (int, string) {
	body := ""
	if method == http.MethodPost {
		body = "{}"
	}
	r, err := http.NewRequest(method, url+target, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	if token == "" {
		r.Header.Del("Authorization")
	}
	r.Header.Set("Content-Type", "application/json")
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	_, err = w.Body.ReadFrom(response.Body)
	require.NoError(t, err)
	return response.StatusCode, w.Body.String()
}

// Goal: no kubelet is shown who its client is, nor whom he impersonates. Method: a stream to a kubelet that keeps the headers that it got.
func TestKubeletsSeeNoCredentials(t *testing.T) {
	var got http.Header
	kubelet := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		w.WriteHeader(http.StatusTeapot)
	}))
	defer kubelet.Close()
	host, port, err := net.SplitHostPort(kubelet.Listener.Addr().String())
	require.NoError(t, err)
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	bound := pod("a")
	bound.Spec.NodeName = "n"
	bound.Spec.Containers = []corev1.Container{{Name: "c"}}
	f := newFake(bound, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}, Status: corev1.NodeStatus{
		Addresses:       []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: host}},
		DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: int32(number)}}}})
	server := serveTest(t, f, func(c *Config) { c.Kubelet = &tls.Config{InsecureSkipVerify: true} })
	answer := ask(t, server, "POST "+podsPath+"/a/exec?command=x&stdout=1", "", "Impersonate-User: jane", "Upgrade: SPDY/3.1", "Connection: Upgrade", "X-Kept: yes")
	require.Equal(t, http.StatusTeapot, answer.code, answer.body)
	require.Equal(t, "yes", got.Get("X-Kept"))
	require.NotContains(t, got, "Authorization")
	require.NotContains(t, got, "Impersonate-User")
}
