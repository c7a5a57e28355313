package kubelet

import (
	"errors"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/control"
)

// keyTokens stands at the end of the key under which the tokens of a pod are asked for, after a container without a name. It is a key of
// its own, so that an API server that does not answer holds up nothing that runs (row 96).
const keyTokens = control.Key("//tokens")

// Token is a service account's token as the API server has issued it.
type Token struct {
	Text            string
	Issued, Expires time.Time
}

// maxTokenAge is the age at which a token is asked for again, if four fifths of its life are not over before.
const maxTokenAge = 24 * time.Hour

// due is when the next should be asked for.
//
// Upstream: pkg/kubelet/token/token_manager.go, which takes some seconds off at random.
func (t Token) due() time.Time {
	most, share := t.Issued.Add(maxTokenAge), t.Expires.Add(-t.Expires.Sub(t.Issued)/5)
	if most.Before(share) {
		return most
	}
	return share
}

// TokenAsk is what tells the tokens of one pod apart.
type TokenAsk struct {
	Audience string // empty: the API server's own
	Seconds  int64
}

// defaultTokenSeconds is upstream's expirationSeconds where a spec says nothing.
const defaultTokenSeconds = 60 * 60

func askOf(s *corev1.ServiceAccountTokenProjection) TokenAsk {
	ask := TokenAsk{Audience: s.Audience, Seconds: defaultTokenSeconds}
	if s.ExpirationSeconds != nil {
		ask.Seconds = *s.ExpirationSeconds
	}
	return ask
}

// tokenAsks calls add for each token that the volumes of a pod want.
func tokenAsks(spec *corev1.PodSpec, add func(TokenAsk)) {
	for _, v := range spec.Volumes {
		if v.Projected == nil {
			continue
		}
		for _, s := range v.Projected.Sources {
			if s.ServiceAccountToken != nil {
				add(askOf(s.ServiceAccountToken))
			}
		}
	}
}

func wantsTokens(pod *corev1.Pod) (some bool) {
	tokenAsks(&pod.Spec, func(TokenAsk) { some = true })
	return some
}

// errNoToken: the token has been asked for, or is about to be.
var errNoToken = errors.New("its token has not been issued yet")

// tokenFor is the text of a token that is still good.
func (p *pass) tokenFor(s *corev1.ServiceAccountTokenProjection) (string, error) {
	t, ok := p.mem.Tokens[askOf(s)]
	if !ok || !p.now.Before(t.Expires) {
		return "", errNoToken
	}
	return t.Text, nil
}

// decideTokens is the decision for the key of a pod's tokens: each is asked for when it is missing and when four fifths of its life are over.
// The old one stays until there is another.
func decideTokens(cfg *Config, in Input, now time.Time) Decision {
	if in.Pod == nil || terminal(in.Pod.Status.Phase) || in.Rejected != nil {
		return Decision{}
	}
	p := newPass(cfg, in, now)
	if p.expired() {
		return Decision{}
	}
	var asks []any
	asked := map[TokenAsk]bool{}
	tokenAsks(&in.Pod.Spec, func(ask TokenAsk) {
		t, have := p.mem.Tokens[ask]
		switch due := t.due(); {
		case asked[ask]:
		case !have && isDeleted(in.Pod): // nothing of it will be started any more
		case have && now.Before(due):
			p.again(due)
		case p.ripe(p.mem.TokenFailed):
			asks = append(asks, RequestToken{PodRef: p.ref, Account: in.Pod.Spec.ServiceAccountName, Ask: ask, Have: have && now.Before(t.Expires)})
		}
		asked[ask] = true
	})
	p.do("a token is due", asks...)
	return p.out
}

// request is a request for a token that lives no longer than its pod.
func (e RequestToken) request() api.Request {
	accounts, _ := api.ByName("serviceaccounts")
	ask := &authenticationv1.TokenRequest{
		ObjectMeta: metav1.ObjectMeta{Namespace: e.Namespace, Name: e.Account},
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &e.Ask.Seconds,
			BoundObjectRef: &authenticationv1.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: e.Name, UID: e.UID}},
	}
	if e.Ask.Audience != "" {
		ask.Spec.Audiences = []string{e.Ask.Audience}
	}
	return api.Request{Verb: api.Create, Resource: accounts, Namespace: e.Namespace, Name: e.Account, Subresource: "token", Object: ask}
}
