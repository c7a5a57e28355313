package token

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"
)

const issuer = "https://kubernetes.default.svc.cluster.local"

var now = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

// keyOf is the RSA key of two primes: the same in every run.
func keyOf(t testing.TB, p, q string) *Key {
	prime := func(text string) *big.Int {
		n, ok := new(big.Int).SetString(text, 16)
		require.True(t, ok)
		return n
	}
	a, b := prime(p), prime(q)
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(a, one), new(big.Int).Sub(b, one))
	private := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(a, b), E: 65537}, D: new(big.Int).ModInverse(big.NewInt(65537), phi), Primes: []*big.Int{a, b},
	}
	private.Precompute()
	require.NoError(t, private.Validate())
	key, err := NewKey(private)
	require.NoError(t, err)
	return key
}

const (
	p1 = "d2eb8b3c90014bdd98014211b3a99df4483d857a334858151180a6d85aece723363e4b0740ddbaaef38af10b5c4242e9c8e32b918608aada3c1acea476fa1e69"
	q1 = "dc1908474defce79fbafb9ff83a1e6d71220adfe8474a6412c539f7b23f9277806bd081f3491cb47796d1a7f17b5024f5c6e812fd225e9dae40aaf9a0e7e3aef"
	p2 = "d29c549d1a89398ce8879dfe408627d3b65f34b9148174ddec6958bf64885036f7a83e28f8af72b05e80c50533df6b1b0d2876f1a9ecc65b0b04c404164f933b"
	q2 = "d468fbb7f1fcb64bf9bac49a73a80acff8194fa0c46b6babfea2ffc809883369be665b1a7963f8ca806b850d3d3df93fc8abcd767cef03f1c1fd10f4be4427f3"
)

func ours(t testing.TB) *Key   { return keyOf(t, p1, q1) }
func others(t testing.TB) *Key { return keyOf(t, p2, q2) }

func pod() Claims {
	return Claims{Issuer: issuer, ID: "id", Namespace: "ns", Account: Ref{"a", "ua"}, Pod: Ref{"p", "up"}, Node: Ref{"n", "un"}, Audiences: []string{"api"},
		From: now, Until: now.Add(time.Hour), WarnAfter: now.Add(time.Minute)}
}

func secret() Claims {
	return Claims{Legacy: true, Issuer: LegacyIssuer, Namespace: "ns", Account: Ref{"a", "ua"}, Secret: Ref{Name: "s"}, Audiences: []string{"api"}}
}

func must(t testing.TB, k *Key, c Claims) string {
	text, err := k.Sign(c)
	require.NoError(t, err)
	return text
}

// Goal: what was said is what is read, in upstream's words, and the same is always said in the same way. Method: tokens of each kind.
func TestSigning(t *testing.T) {
	v := Verifier{Keys: []*Key{others(t), ours(t)}, Issuer: issuer, Audiences: []string{"api"}}
	for _, c := range []Claims{pod(), secret()} {
		text := must(t, ours(t), c)
		require.Equal(t, text, must(t, ours(t), c), "a signature follows from the key and the text")
		read, err := v.Verify(text)
		require.NoError(t, err)
		require.Equal(t, c, read)
	}
	require.JSONEq(t, `{"iss":"https://kubernetes.default.svc.cluster.local","sub":"system:serviceaccount:ns:a","aud":["api"],"exp":1893502800,"nbf":1893499200,"iat":1893499200,
		"jti":"id","kubernetes.io":{"namespace":"ns","serviceaccount":{"name":"a","uid":"ua"},"pod":{"name":"p","uid":"up"},"node":{"name":"n","uid":"un"},"warnafter":1893499260}}`,
		part(t, must(t, ours(t), pod()), 1))
	require.JSONEq(t, `{"iss":"kubernetes/serviceaccount","sub":"system:serviceaccount:ns:a","kubernetes.io/serviceaccount/namespace":"ns","kubernetes.io/serviceaccount/secret.name":"s",
		"kubernetes.io/serviceaccount/service-account.name":"a","kubernetes.io/serviceaccount/service-account.uid":"ua"}`, part(t, must(t, ours(t), secret()), 1))
	require.JSONEq(t, fmt.Sprintf(`{"alg":"RS256","kid":%q}`, ours(t).id), part(t, must(t, ours(t), pod()), 0))
}

func part(t testing.TB, text string, i int) string {
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(text, ".")[i])
	require.NoError(t, err)
	return string(raw)
}

// forge is a token with that header, that says c, signed by sign.
func forge(t testing.TB, header map[string]any, c Claims, sign func(signed string) []byte) string {
	h, err := json.Marshal(header)
	require.NoError(t, err)
	payload := strings.Split(must(t, ours(t), c), ".")[1]
	signed := base64.RawURLEncoding.EncodeToString(h) + "." + payload
	return signed + "." + base64.RawURLEncoding.EncodeToString(sign(signed))
}

// Goal: what no key has signed says nothing. Method: the known ways to forge a token.
func TestForgeriesAreRefused(t *testing.T) {
	v := Verifier{Keys: []*Key{ours(t)}, Issuer: issuer, Audiences: []string{"api"}}
	good := must(t, ours(t), pod())
	parts := strings.Split(good, ".")
	unsigned := func(string) []byte { return nil }
	public, err := x509.MarshalPKIXPublicKey(ours(t).private.Public())
	require.NoError(t, err)
	secretly := func(key []byte) func(string) []byte {
		return func(signed string) []byte {
			mac := hmac.New(sha256.New, key)
			mac.Write([]byte(signed))
			return mac.Sum(nil)
		}
	}
	richer := pod()
	richer.Account.Name = "b"
	foreign := pod()
	foreign.Issuer = "https://elsewhere"
	nobody, endless, loose, slashed := pod(), pod(), secret(), pod()
	nobody.Account.UID, endless.Until, loose.Secret, slashed.Account.Name = "", time.Time{}, Ref{}, "b:a"
	for name, text := range map[string]string{
		"no algorithm":                           forge(t, map[string]any{"alg": "none"}, pod(), unsigned),
		"no algorithm, shouted":                  forge(t, map[string]any{"alg": "NONE"}, pod(), unsigned),
		"no header":                              forge(t, map[string]any{}, pod(), unsigned),
		"the public key taken for a secret":      forge(t, map[string]any{"alg": "HS256"}, pod(), secretly(public)),
		"the same, as PEM":                       forge(t, map[string]any{"alg": "HS256"}, pod(), secretly(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))),
		"a secret that is said to be RS256's":    forge(t, map[string]any{"alg": "RS256"}, pod(), secretly(public)),
		"another key":                            must(t, others(t), pod()),
		"another key, and ours named":            forge(t, map[string]any{"alg": "RS256", "kid": ours(t).id}, pod(), unsigned),
		"another key brought along":              forge(t, map[string]any{"alg": "RS256", "jwk": map[string]any{"kty": "RSA", "n": "AQAB", "e": "AQAB"}}, pod(), unsigned),
		"other claims under a good signature":    parts[0] + "." + strings.Split(must(t, others(t), richer), ".")[1] + "." + parts[2],
		"no signature":                           parts[0] + "." + parts[1] + ".",
		"two parts":                              parts[0] + "." + parts[1],
		"something before it":                    "x" + good,
		"nothing":                                "",
		"another issuer":                         must(t, ours(t), foreign),
		"an account without UID":                 must(t, ours(t), nobody),
		"no end":                                 must(t, ours(t), endless),
		"a name with a colon":                    must(t, ours(t), slashed),
		"of a secret, and does not say of which": must(t, ours(t), loose),
	} {
		_, err := v.Verify(text)
		require.Error(t, err, name)
	}
}

// stored are the objects that there are.
type stored map[string]metav1.Object

func (s stored) look(resource, namespace, name string) (metav1.Object, error) {
	if obj := s[resource+"/"+namespace+"/"+name]; obj != nil {
		return obj, nil
	}
	return nil, apierrors.NewNotFound(schema.GroupResource{Resource: resource}, name)
}

func object(uid string) *metav1.ObjectMeta { return &metav1.ObjectMeta{UID: types.UID(uid)} }

func (s stored) without(key string) stored {
	t := stored{}
	for k, v := range s {
		if k != key {
			t[k] = v
		}
	}
	return t
}

func (s stored) with(key string, obj metav1.Object) stored {
	t := s.without(key)
	t[key] = obj
	return t
}

// Goal: row 105: each thing that a token depends on is needed, and each bound is where it should be. Method: a table with one thing wrong at a time.
func TestAccept(t *testing.T) {
	text := must(t, ours(t), secret())
	there := stored{"serviceaccounts/ns/a": object("ua"), "pods/ns/p": object("up"), "nodes//n": object("un"), "secrets/ns/s": &corev1.Secret{
		ObjectMeta: *object("us"), Type: corev1.SecretTypeServiceAccountToken, Data: map[string][]byte{"token": []byte(text)}}}
	going := func(d time.Duration) metav1.Object {
		obj := object("up")
		at := metav1.NewTime(now.Add(d))
		obj.DeletionTimestamp = &at
		return obj
	}
	toSecret, toNode, toNothing := pod(), pod(), pod()
	toSecret.Pod, toSecret.Node, toSecret.Secret = Ref{}, Ref{}, Ref{"s", "us"}
	toNode.Pod, toNothing.Pod, toNothing.Node = Ref{}, Ref{}, Ref{}
	opaque := *there["secrets/ns/s"].(*corev1.Secret)
	opaque.Type = corev1.SecretTypeOpaque
	down := errors.New("the store is down")
	for _, c := range []struct {
		name   string
		claims Claims
		at     time.Duration
		for_   string
		there  stored
		want   string
	}{
		{"of a pod", pod(), 0, "api", there, ""},
		{"of a secret, by reference", toSecret, 0, "api", there, ""},
		{"of a node", toNode, 0, "api", there, ""},
		{"of nothing", toNothing, 0, "api", there, ""},
		{"in a secret", secret(), 1000 * time.Hour, "api", there, ""},
		{"for another audience", pod(), 0, "vault", there, `token audiences ["api"] is invalid for the target audiences ["vault"]`},
		{"in a secret, for another audience", secret(), 0, "vault", there, `token audiences ["api"] is invalid for the target audiences ["vault"]`},
		{"a little early", pod(), -lag, "api", there, ""},
		{"early", pod(), -lag - 1, "api", there, "service account token is not valid yet"},
		{"just in time", pod(), time.Hour - 1, "api", there, ""},
		{"late", pod(), time.Hour, "api", there, "service account token has expired"},
		{"account gone", pod(), 0, "api", there.without("serviceaccounts/ns/a"), `its service account "a" is gone`},
		{"account another", pod(), 0, "api", there.with("serviceaccounts/ns/a", object("ux")), "service account UID (ux) does not match claim (ua)"},
		{"account another, of a secret", secret(), 0, "api", there.with("serviceaccounts/ns/a", object("ux")), "service account UID (ux) does not match claim (ua)"},
		{"pod gone", pod(), 0, "api", there.without("pods/ns/p"), `its pod "p" is gone`},
		{"pod another", pod(), 0, "api", there.with("pods/ns/p", object("ux")), "pod UID (ux) does not match claim (up)"},
		{"pod being deleted", pod(), 0, "api", there.with("pods/ns/p", going(-lag)), ""},
		{"pod that was to be gone", pod(), 0, "api", there.with("pods/ns/p", going(-lag-1)), `its pod "p" was to be gone`},
		{"node of a pod gone", pod(), 0, "api", there.without("nodes//n"), ""},
		{"node gone", toNode, 0, "api", there.without("nodes//n"), `its node "n" is gone`},
		{"referred secret another", toSecret, 0, "api", there.with("secrets/ns/s", object("ux")), "secret UID (ux) does not match claim (us)"},
		{"secret gone", secret(), 0, "api", there.without("secrets/ns/s"), `its secret "s" is gone`},
		{"secret without it", secret(), 0, "api", there.with("secrets/ns/s", &corev1.Secret{Type: corev1.SecretTypeServiceAccountToken}), "service account token has been invalidated"},
		{"secret of another type", secret(), 0, "api", there.with("secrets/ns/s", &opaque), "service account token has been invalidated"},
	} {
		err := c.claims.Accept(text, now.Add(c.at), []string{c.for_}, c.there.look)
		if c.want == "" {
			require.NoError(t, err, c.name)
		} else {
			require.ErrorContains(t, err, c.want, c.name)
		}
	}
	require.ErrorIs(t, pod().Accept(text, now, []string{"api"}, func(string, string, string) (metav1.Object, error) { return nil, down }), down)
}

// Goal: a key is read from what openssl and kubeadm write, and nothing else is taken for one. Method: files of each kind.
func TestParseKey(t *testing.T) {
	private := ours(t).private
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	for kind, raw := range map[string][]byte{"RSA PRIVATE KEY": x509.MarshalPKCS1PrivateKey(private), "PRIVATE KEY": pkcs8} {
		key, err := ParseKey(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw}))
		require.NoError(t, err)
		require.Equal(t, ours(t).id, key.id)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	raw, err := x509.MarshalPKCS8PrivateKey(curve)
	require.NoError(t, err)
	_, err = ParseKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
	require.EqualError(t, err, "token: a key of type *ecdsa.PrivateKey, not an RSA key")
	for _, bad := range []string{"", "x", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"} {
		_, err := ParseKey([]byte(bad))
		require.Error(t, err, bad)
	}
}

// Goal: with a key that is none nothing is signed, and it is said why: as early as can be. Method: keys that are empty, too small, or do not fit together.
func TestKeysThatSignNothing(t *testing.T) {
	_, err := NewKey(&rsa.PrivateKey{})
	require.ErrorContains(t, err, "token: ")
	_, err = NewKey(&rsa.PrivateKey{PublicKey: rsa.PublicKey{N: big.NewInt(35), E: 3}, D: big.NewInt(3)})
	require.EqualError(t, err, "token: an RSA key of 6 bits: it must have 1024 at least")
	key, err := NewKey(&rsa.PrivateKey{PublicKey: ours(t).private.PublicKey, D: big.NewInt(3)})
	require.NoError(t, err)
	_, err = key.Sign(pod())
	require.ErrorContains(t, err, "token: ")
}

// Goal: no text says anything but what was signed. Method: tokens of two keys, whose characters and parts are exchanged at random.
func TestAlteredTokens(t *testing.T) { rapid.Check(t, altered(t)) }

func altered(t testing.TB) func(*rapid.T) {
	v := Verifier{Keys: []*Key{ours(t)}, Issuer: issuer, Audiences: []string{"api"}}
	richer := pod()
	richer.Account.Name = "b"
	texts := []string{must(t, ours(t), pod()), must(t, ours(t), secret()), must(t, others(t), richer), forge(t, map[string]any{"alg": "none"}, richer, func(string) []byte { return nil })}
	return func(t *rapid.T) {
		text := rapid.SampledFrom(texts).Draw(t, "token")
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			if rapid.Bool().Draw(t, "part") {
				parts, from := strings.Split(text, "."), strings.Split(rapid.SampledFrom(texts).Draw(t, "from"), ".")
				i, j := rapid.IntRange(0, len(parts)-1).Draw(t, "to part"), rapid.IntRange(0, 2).Draw(t, "from part")
				parts[i] = from[j]
				text = strings.Join(parts, ".")
				continue
			}
			at := rapid.IntRange(0, len(text)).Draw(t, "at")
			end := min(len(text), at+rapid.IntRange(0, 4).Draw(t, "length"))
			text = text[:at] + rapid.StringMatching(`[A-Za-z0-9_.\-={}" ]{0,4}`).Draw(t, "text") + text[end:]
		}
		signed(t, v, text)
	}
}

// signed fails if a text says what was not signed.
func signed(t interface {
	Fatalf(string, ...any)
}, v Verifier, text string) {
	c, err := v.Verify(text)
	if err != nil {
		return
	}
	for _, good := range []Claims{pod(), secret()} {
		if fmt.Sprint(c) == fmt.Sprint(good) {
			return
		}
	}
	t.Fatalf("%q says %+v, which nobody has signed", text, c)
}

// Goal: arbitrary bytes say nothing. Method: fuzzing, from good tokens and forgeries.
func FuzzVerify(f *testing.F) {
	v := Verifier{Keys: []*Key{ours(f)}, Issuer: issuer, Audiences: []string{"api"}}
	for _, text := range []string{must(f, ours(f), pod()), must(f, ours(f), secret()), must(f, others(f), pod()),
		forge(f, map[string]any{"alg": "none"}, pod(), func(string) []byte { return nil }), "", "..", "a.b.c"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { signed(t, v, text) })
}

// FuzzAltered is TestAlteredTokens with the fuzzer's choices.
func FuzzAltered(f *testing.F) { f.Fuzz(rapid.MakeFuzz(altered(f))) }
