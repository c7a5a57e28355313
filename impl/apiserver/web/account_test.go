package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"orrery/impl/api"
	"orrery/impl/apiserver"
	"orrery/impl/apiserver/user"
	"orrery/impl/client"
	"orrery/impl/store/memory"
	"orrery/impl/token"
)

// accountKeys are made once: how a test goes does not depend on which they are.
var accountKeys = sync.OnceValue(func() (keys [2]*token.Key) {
	for i := range keys {
		private, err := rsa.GenerateKey(rand.Reader, 1024)
		if err != nil {
			panic(err)
		}
		if keys[i], err = token.NewKey(private); err != nil {
			panic(err)
		}
	}
	return keys
})

// place is an API server over a store in memory, with a clock that is set by hand, behind HTTP.
type place struct {
	t       require.TestingT
	server  *apiserver.Server
	handler *Handler

	clock sync.Mutex // the server has goroutines of its own, which ask for the time
	time  time.Time
}

func (p *place) now() time.Time {
	p.clock.Lock()
	defer p.clock.Unlock()
	return p.time
}

func (p *place) pass(d time.Duration) {
	p.clock.Lock()
	defer p.clock.Unlock()
	p.time = p.time.Add(d)
}

func newPlace(t testing.TB) *place {
	p := &place{t: t, time: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
	issuer := token.NewIssuer(accountKeys()[0])
	p.server = apiserver.New(apiserver.Config{Store: memory.New(), Clock: p.now, Tokens: issuer, EventTTL: -1, CompactEvery: -1})
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { p.server.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	require.Eventually(t, p.server.Ready, time.Minute, time.Millisecond)
	p.handler = New(Config{
		Transport: p.server, Log: log.New(io.Discard, "", 0),
		Authenticators: []Authenticator{&Accounts{Verifier: issuer.Verifier(), Transport: p.server, Now: p.now}, Tokens{"root": user.Info{Name: "root", Groups: []string{user.Masters}}}},
	})
	return p
}

func (p *place) create(resource, namespace string, obj api.Object) api.Object {
	r, _ := api.ByName(resource)
	response, err := p.server.Do(context.Background(), api.Request{Verb: api.Create, Resource: r, Namespace: namespace, Name: obj.GetName(), Object: obj})
	require.NoError(p.t, err)
	return response.Object.(api.Object)
}

func (p *place) delete(resource, namespace, name string) {
	r, _ := api.ByName(resource)
	none := int64(0)
	_, err := p.server.Do(context.Background(), api.Request{Verb: api.Delete, Resource: r, Namespace: namespace, Name: name, Delete: &metav1.DeleteOptions{GracePeriodSeconds: &none}})
	require.NoError(p.t, err)
}

func (p *place) account(namespace, name string) api.Object {
	return p.create("serviceaccounts", namespace, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}})
}

func (p *place) pod(namespace, name, account string) api.Object {
	return p.create("pods", namespace, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.PodSpec{
		ServiceAccountName: account, Containers: []corev1.Container{{Name: "c", Image: "i"}}}})
}

// ask sends a request with a token, and reads the answer into into, if it is 2xx.
func (p *place) ask(method, path, token string, body any, into any) *metav1.Status {
	var text []byte
	if body != nil {
		var err error
		text, err = json.Marshal(body)
		require.NoError(p.t, err)
	}
	r := httptest.NewRequest(method, path, bytes.NewReader(text))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	if w.Code/100 == 2 {
		if into != nil {
			require.NoError(p.t, json.Unmarshal(w.Body.Bytes(), into))
		}
		return nil
	}
	status := &metav1.Status{}
	require.NoError(p.t, json.Unmarshal(w.Body.Bytes(), status), "%d %s", w.Code, w.Body)
	require.EqualValues(p.t, w.Code, status.Code)
	return status
}

func (p *place) tokenFor(namespace, account string, spec authenticationv1.TokenRequestSpec) (*authenticationv1.TokenRequest, *metav1.Status) {
	answer := &authenticationv1.TokenRequest{}
	status := p.ask("POST", "/api/v1/namespaces/"+namespace+"/serviceaccounts/"+account+"/token", "root", &authenticationv1.TokenRequest{
		TypeMeta: metav1.TypeMeta{Kind: "TokenRequest", APIVersion: "authentication.k8s.io/v1"}, Spec: spec}, answer)
	return answer, status
}

func (p *place) issue(namespace, account string, spec authenticationv1.TokenRequestSpec) string {
	answer, status := p.tokenFor(namespace, account, spec)
	require.Nil(p.t, status)
	return answer.Status.Token
}

func seconds(n int64) *int64 { return &n }

func toPod(pod api.Object) *authenticationv1.BoundObjectReference {
	return &authenticationv1.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: pod.GetName(), UID: pod.GetUID()}
}

// present shows a token and says what the answer is: "" if it was accepted.
func (p *place) present(text string) string {
	if status := p.ask("GET", "/api/v1/namespaces/default", text, nil, nil); status != nil {
		return fmt.Sprintf("%d %s %s", status.Code, status.Reason, status.Message)
	}
	return ""
}

const unauthorized = "401 Unauthorized Unauthorized"

// Goal: who presents a token is the account, by upstream's names, and whoami says so. Method: each kind of token, and both reviews.
func TestTokensAreKnown(t *testing.T) {
	p := newPlace(t)
	account := p.account("default", "a")
	node := p.create("nodes", "", &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}})
	pod := p.create("pods", "default", &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: corev1.PodSpec{
		ServiceAccountName: "a", NodeName: "n", Containers: []corev1.Container{{Name: "c", Image: "i"}}}})
	text := p.issue("default", "a", authenticationv1.TokenRequestSpec{BoundObjectRef: toPod(pod)})

	var me authenticationv1.SelfSubjectReview
	require.Nil(t, p.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", text, map[string]any{"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"}, &me))
	id := me.Status.UserInfo.Extra["authentication.kubernetes.io/credential-id"]
	require.Len(t, id, 1)
	info := authenticationv1.UserInfo{
		Username: "system:serviceaccount:default:a", UID: string(account.GetUID()), Groups: []string{"system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"},
		Extra: map[string]authenticationv1.ExtraValue{
			"authentication.kubernetes.io/credential-id": id, "authentication.kubernetes.io/pod-name": {"p"}, "authentication.kubernetes.io/pod-uid": {string(pod.GetUID())},
			"authentication.kubernetes.io/node-name": {"n"}, "authentication.kubernetes.io/node-uid": {string(node.GetUID())},
		},
	}
	require.Equal(t, info, me.Status.UserInfo)

	review := func(text string, audiences ...string) authenticationv1.TokenReviewStatus {
		var answer authenticationv1.TokenReview
		require.Nil(t, p.ask("POST", "/apis/authentication.k8s.io/v1/tokenreviews", "root", authenticationv1.TokenReview{
			TypeMeta: metav1.TypeMeta{Kind: "TokenReview", APIVersion: "authentication.k8s.io/v1"}, Spec: authenticationv1.TokenReviewSpec{Token: text, Audiences: audiences}}, &answer))
		return answer.Status
	}
	info.Groups = info.Groups[:2]
	require.Equal(t, authenticationv1.TokenReviewStatus{Authenticated: true, User: info, Audiences: []string{token.ClusterIssuer}}, review(text))
	vault := p.issue("default", "a", authenticationv1.TokenRequestSpec{Audiences: []string{"vault", "other"}})
	require.Equal(t, []string{"vault"}, review(vault, "vault", "third").Audiences)
	require.False(t, review(vault).Authenticated)
	require.Contains(t, review(vault).Error, "invalid for the target audiences")
	require.False(t, review("x").Authenticated)
	require.Contains(t, p.ask("POST", "/apis/authentication.k8s.io/v1/tokenreviews", "root", map[string]any{}, nil).Message, "token is required")
	require.EqualValues(t, 405, p.ask("GET", "/apis/authentication.k8s.io/v1/tokenreviews", "root", nil, nil).Code)
}

// Goal: row 105: each way in which a token is no longer good is answered with 401 and upstream's Status, at once. Method: one case for each.
func TestTokensAreRefused(t *testing.T) {
	p := newPlace(t)
	account := p.account("default", "a")
	pod := p.pod("default", "p", "a")
	good := p.issue("default", "a", authenticationv1.TokenRequestSpec{})
	bound := p.issue("default", "a", authenticationv1.TokenRequestSpec{BoundObjectRef: toPod(pod)})
	require.Empty(t, p.present(good))
	require.Empty(t, p.present(bound))
	require.Equal(t, unauthorized, p.present(""), "no token")
	require.Equal(t, unauthorized, p.present("abc"), "no token of this cluster")

	parts := strings.Split(good, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	require.Equal(t, unauthorized, p.present(none+"."+parts[1]+"."), "alg: none")
	require.Equal(t, unauthorized, p.present(parts[0]+"."+parts[1]+"."), "no signature")
	other, err := accountKeys()[1].Sign(token.Claims{Issuer: token.ClusterIssuer, Namespace: "default", Account: token.Ref{Name: "a", UID: string(account.GetUID())},
		Audiences: []string{token.ClusterIssuer}, From: p.now(), Until: p.now().Add(time.Hour)})
	require.NoError(t, err)
	require.Equal(t, unauthorized, p.present(other), "another key")
	require.Equal(t, unauthorized, p.present(p.issue("default", "a", authenticationv1.TokenRequestSpec{Audiences: []string{"vault"}})), "another audience")

	p.pass(time.Hour - time.Second)
	require.Empty(t, p.present(good))
	p.pass(time.Second)
	require.Equal(t, unauthorized, p.present(good), "expired")

	long := authenticationv1.TokenRequestSpec{ExpirationSeconds: seconds(100_000), BoundObjectRef: toPod(pod)}
	bound = p.issue("default", "a", long)
	require.Empty(t, p.present(bound))
	p.delete("pods", "default", "p")
	require.Equal(t, unauthorized, p.present(bound), "the pod is gone")
	p.pod("default", "p", "a")
	require.Equal(t, unauthorized, p.present(bound), "the pod is another")

	good = p.issue("default", "a", authenticationv1.TokenRequestSpec{})
	p.delete("serviceaccounts", "default", "a")
	require.Equal(t, unauthorized, p.present(good), "the account is gone")
	p.account("default", "a")
	require.Equal(t, unauthorized, p.present(good), "the account is another")
}

// Goal: a token in a secret is good as long as it stands there. Method: as the token controller writes it.
func TestSecretTokens(t *testing.T) {
	p := newPlace(t)
	account := p.account("default", "a")
	text, err := accountKeys()[0].Sign(token.Claims{Legacy: true, Namespace: "default", Account: token.Ref{Name: "a", UID: string(account.GetUID())}, Secret: token.Ref{Name: "s"}})
	require.NoError(t, err)
	require.Equal(t, unauthorized, p.present(text), "there is no secret")
	secret := func(data string) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "s", Annotations: map[string]string{corev1.ServiceAccountNameKey: "a"}}, Type: corev1.SecretTypeServiceAccountToken,
			Data: map[string][]byte{"token": []byte(data)}}
	}
	p.create("secrets", "default", secret(text))
	p.pass(100_000 * time.Hour)
	require.Empty(t, p.present(text))
	p.delete("secrets", "default", "s")
	require.Equal(t, unauthorized, p.present(text), "the secret is gone")
	p.create("secrets", "default", secret("x"))
	require.Equal(t, unauthorized, p.present(text), "another token is in it")
}

// Goal: a request for a token is refused in upstream's words. Method: a table.
func TestTokenRequests(t *testing.T) {
	p := newPlace(t)
	p.account("default", "a")
	p.account("default", "b")
	pod, uid := p.pod("default", "p", "a"), types.UID("u")
	p.create("secrets", "default", &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "s"}})
	type spec = authenticationv1.TokenRequestSpec
	type ref = authenticationv1.BoundObjectReference
	for _, c := range []struct {
		name, account string
		spec          spec
		want          string
	}{
		{"plain", "a", spec{}, ""},
		{"least", "a", spec{ExpirationSeconds: seconds(600)}, ""},
		{"to a pod by name", "a", spec{BoundObjectRef: &ref{Kind: "Pod", APIVersion: "v1", Name: "p"}}, ""},
		{"to a secret", "b", spec{BoundObjectRef: &ref{Kind: "Secret", APIVersion: "v1", Name: "s"}}, ""},
		{"no account", "c", spec{}, `404 NotFound serviceaccounts "c" not found`},
		{"too short", "a", spec{ExpirationSeconds: seconds(599)},
			`422 Invalid TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes`},
		{"too long", "a", spec{ExpirationSeconds: seconds(1<<32 + 1)},
			`422 Invalid TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds`},
		{"to something else", "a", spec{BoundObjectRef: &ref{Kind: "ConfigMap", APIVersion: "v1", Name: "p"}}, `400 BadRequest cannot bind token to object of type /v1, Kind=ConfigMap`},
		{"to nothing", "a", spec{BoundObjectRef: &ref{Kind: "Pod", APIVersion: "v1"}}, `400 BadRequest name must be provided`},
		{"to a pod that is not there", "a", spec{BoundObjectRef: &ref{Kind: "Pod", APIVersion: "v1", Name: "q"}}, `404 NotFound pods "q" not found`},
		{"to another pod of the name", "a", spec{BoundObjectRef: &ref{Kind: "Pod", APIVersion: "v1", Name: "p", UID: uid}},
			`409 Conflict Operation cannot be fulfilled on Pod "p": the UID in the bound object reference (u) does not match the UID in record. The object might have been deleted and then recreated`},
		{"to another's pod", "b", spec{BoundObjectRef: toPod(pod)}, `400 BadRequest cannot bind token for serviceaccount "b" to pod running with different serviceaccount name.`},
	} {
		answer, status := p.tokenFor("default", c.account, c.spec)
		if c.want == "" {
			require.Nil(t, status, c.name)
			require.NotEmpty(t, answer.Status.Token, c.name)
			continue
		}
		require.NotNil(t, status, c.name)
		require.Equal(t, c.want, fmt.Sprintf("%d %s %s", status.Code, status.Reason, status.Message), c.name)
	}
	named := func(name, namespace string) *metav1.Status {
		return p.ask("POST", "/api/v1/namespaces/default/serviceaccounts/a/token", "root", &authenticationv1.TokenRequest{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace}}, nil)
	}
	require.Nil(t, named("a", "default"))
	require.Contains(t, named("b", "").Message, "must match the service account name if specified")

	// A volume's token is accepted for a year, and says to its reader when it is to be read again.
	answer, _ := p.tokenFor("default", "a", spec{ExpirationSeconds: seconds(3607), BoundObjectRef: toPod(pod)})
	require.Equal(t, p.now().Add(3607*time.Second), answer.Status.ExpirationTimestamp.UTC())
	claims, err := token.NewIssuer(accountKeys()[0]).Verifier().Verify(answer.Status.Token)
	require.NoError(t, err)
	require.Equal(t, p.now().Add(365*24*time.Hour), claims.Until)
	require.Equal(t, p.now().Add(3607*time.Second), claims.WarnAfter)
}

// down is a server whose store does not answer.
type down struct{ client.Transport }

func (down) Do(context.Context, api.Request) (api.Response, error) {
	return api.Response{}, apierrors.NewServiceUnavailable("etcd: unavailable")
}

// Goal: that nobody can say is not said to be a refusal. Method: a store that does not answer.
func TestUnavailableIsNotUnauthorized(t *testing.T) {
	p := newPlace(t)
	p.account("default", "a")
	text := p.issue("default", "a", authenticationv1.TokenRequestSpec{})
	p.handler.Authenticators[0].(*Accounts).Transport = down{}
	require.Equal(t, "503 ServiceUnavailable etcd: unavailable", p.present(text))
}

// Goal: row 105 over any history: a token is accepted if, and only if, its account and what it is bound to are those that are there, it is for the
// API server and its time is not over. Method: a rapid machine that keeps its own books.
func TestAcceptance(t *testing.T) {
	p := newPlace(t)
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		acceptance(t, p, fmt.Sprintf("ns-%d", n))
	})
}

func acceptance(t *rapid.T, p *place, namespace string) {
	p.t = t
	p.create("namespaces", "", &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})
	type held struct {
		text, pod    string
		account, uid types.UID // uid is the pod's
		until        time.Time
		foreign      bool
	}
	accounts, pods := map[string]types.UID{}, map[string]types.UID{}
	var tokens []held
	names := rapid.SampledFrom([]string{"a", "b"})
	t.Repeat(map[string]func(*rapid.T){
		"account": func(t *rapid.T) {
			name := names.Draw(t, "account")
			if accounts[name] != "" {
				p.delete("serviceaccounts", namespace, name)
				delete(accounts, name)
				return
			}
			accounts[name] = p.account(namespace, name).GetUID()
		},
		"pod": func(t *rapid.T) {
			name := names.Draw(t, "pod")
			if pods[name] != "" {
				p.delete("pods", namespace, name)
				delete(pods, name)
				return
			}
			pods[name] = p.pod(namespace, name, name).GetUID()
		},
		"issue": func(t *rapid.T) {
			name := names.Draw(t, "account")
			h := held{account: accounts[name], foreign: rapid.Bool().Draw(t, "foreign")}
			spec := authenticationv1.TokenRequestSpec{ExpirationSeconds: seconds(rapid.Int64Range(600, 1200).Draw(t, "seconds"))}
			if rapid.Bool().Draw(t, "bound") {
				h.pod, h.uid = name, pods[name]
				spec.BoundObjectRef = &authenticationv1.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: name}
			}
			if h.foreign {
				spec.Audiences = []string{"vault"}
			}
			answer, status := p.tokenFor(namespace, name, spec)
			if h.account == "" || h.pod != "" && h.uid == "" {
				require.NotNil(t, status)
				require.EqualValues(t, 404, status.Code)
				return
			}
			require.Nil(t, status)
			h.text, h.until = answer.Status.Token, answer.Status.ExpirationTimestamp.Time
			tokens = append(tokens, h)
		},
		"time": func(t *rapid.T) {
			p.pass(time.Duration(rapid.IntRange(1, 600).Draw(t, "seconds")) * time.Second)
		},
		"": func(t *rapid.T) {
			for _, h := range tokens {
				good := !h.foreign && p.now().Before(h.until) && (h.account == accounts["a"] || h.account == accounts["b"]) && (h.pod == "" || h.uid == pods[h.pod])
				require.Equal(t, good, p.present(h.text) == "", "%+v", h)
			}
		},
	})
}

// Goal: arbitrary bytes never authenticate. Method: fuzzing, over HTTP, from a good token.
func FuzzBearer(f *testing.F) {
	p := newPlace(f)
	p.account("default", "a")
	good := p.issue("default", "a", authenticationv1.TokenRequestSpec{})
	for _, text := range []string{good, good[:len(good)-1], "", "root ", "a.b.c", strings.Replace(good, ".", "..", 1)} {
		f.Add(text)
	}
	payload := func(text string) string { // what says who it is
		if parts := strings.Split(text, "."); len(parts) == 3 {
			return parts[1]
		}
		return ""
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := httptest.NewRequest(http.MethodGet, "/api/v1/namespaces/default", nil)
		r.Header.Set("Authorization", "Bearer "+text)
		w := httptest.NewRecorder()
		p.handler.ServeHTTP(w, r)
		if w.Code != http.StatusUnauthorized && strings.TrimSpace(text) != "root" && payload(strings.TrimSpace(text)) != payload(good) {
			t.Fatalf("%q was answered with %d", text, w.Code)
		}
	})
}
