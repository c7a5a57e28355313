package registry_test

import (
	"crypto/rand"
	"crypto/rsa"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/api"
	"orrery/impl/apiserver/registry"
	"orrery/impl/token"
)

// Goal: a token names what it lives with as upstream's does, and what cannot be issued is refused in upstream's words. Method: a table of what is
// asked, of what there is, and of what the token says.
func TestTokensOfAccounts(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	key, err := token.NewKey(private)
	require.NoError(t, err)
	accounts, _ := api.ByName("serviceaccounts")
	of := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name, UID: types.UID("u-" + name)} }
	pod := &corev1.Pod{ObjectMeta: of("p"), Spec: corev1.PodSpec{ServiceAccountName: "robot", NodeName: "n"}}
	node := &corev1.Node{ObjectMeta: of("n")}
	ask := func(kind, name string, uid types.UID) *authenticationv1.TokenRequest {
		return &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
			BoundObjectRef: &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: kind, Name: name, UID: uid}}}
	}
	ref := func(name string) token.Ref { return token.Ref{Name: name, UID: "u-" + name} }
	for _, c := range []struct {
		name  string
		asked runtime.Object
		bound api.Object
		node  *corev1.Node
		says  token.Claims // Pod, Secret and Node
		err   string
	}{
		{name: "bound to nothing", asked: &authenticationv1.TokenRequest{}},
		{name: "a pod on a node", asked: ask("Pod", "p", ""), bound: pod, node: node, says: token.Claims{Pod: ref("p"), Node: ref("n")}},
		{name: "a pod whose node is gone", asked: ask("Pod", "p", "u-p"), bound: pod, says: token.Claims{Pod: ref("p"), Node: token.Ref{Name: "n"}}},
		{name: "a secret", asked: ask("Secret", "s", ""), bound: &corev1.Secret{ObjectMeta: of("s")}, says: token.Claims{Secret: ref("s")}},
		{name: "a node", asked: ask("Node", "n", ""), bound: node, says: token.Claims{Node: ref("n")}},
		{name: "a pod that had the name", asked: ask("Pod", "p", "old"), bound: pod, err: `Operation cannot be fulfilled on Pod "p": the UID in the bound object reference (old) ` +
			`does not match the UID in record. The object might have been deleted and then recreated`},
		{name: "a pod of another account", asked: ask("Pod", "q", ""), bound: &corev1.Pod{ObjectMeta: of("q")},
			err: `cannot bind token for serviceaccount "robot" to pod running with different serviceaccount name.`},
		{name: "a body of another type", asked: &corev1.Pod{}, err: "expected input object type to be TokenRequest, but *v1.Pod"},
		{name: "another name", asked: &authenticationv1.TokenRequest{ObjectMeta: metav1.ObjectMeta{Name: "x"}},
			err: `TokenRequest.authentication.k8s.io "robot" is invalid: metadata.name: Invalid value: "x": must match the service account name if specified`},
		{name: "another namespace", asked: &authenticationv1.TokenRequest{ObjectMeta: metav1.ObjectMeta{Namespace: "x"}},
			err: `TokenRequest.authentication.k8s.io "robot" is invalid: metadata.namespace: Invalid value: "x": must match the service account namespace if specified`},
		{name: "a kind that it cannot live with", asked: ask("ConfigMap", "c", ""), err: "cannot bind token to object of type /v1, Kind=ConfigMap"},
		{name: "no name", asked: ask("Pod", "", ""), err: "name must be provided"},
	} {
		t.Run(c.name, func(t *testing.T) {
			issuer, now := token.NewIssuer(key), time.Unix(1700000000, 0)
			request, err := registry.DecideToken(&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "robot", UID: "u-robot"}},
				api.Request{Verb: api.Create, Resource: accounts, Subresource: "token", Namespace: "ns", Name: "robot", Object: c.asked}, issuer)
			var answer *authenticationv1.TokenRequest
			if err == nil {
				answer, err = request.Issue(c.bound, c.node, registry.Env{Now: metav1.NewTime(now), UID: "id"})
			}
			if c.err != "" {
				require.EqualError(t, err, c.err)
				return
			}
			require.NoError(t, err)
			says, err := issuer.Verifier().Verify(answer.Status.Token)
			require.NoError(t, err)
			require.Equal(t, c.says, token.Claims{Pod: says.Pod, Secret: says.Secret, Node: says.Node})
			require.Equal(t, ref("robot"), says.Account)
			require.True(t, answer.Status.ExpirationTimestamp.Time.Equal(now.Add(time.Hour)))
		})
	}
	_, err = registry.DecideToken(nil, api.Request{Verb: api.Create, Resource: accounts, Subresource: "token", Name: "robot", Object: &authenticationv1.TokenRequest{}}, nil)
	require.EqualError(t, err, "the server could not find the requested resource", "a server without a key issues none")
}
