package kubelet

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
)

// Goal: a token is renewed when upstream renews it. Method: lives on both sides of what a day and four fifths of a life make equal.
func TestTokenDue(t *testing.T) {
	for life, want := range map[time.Duration]time.Duration{
		10 * time.Minute:     8 * time.Minute,
		time.Hour:            48 * time.Minute,
		30 * time.Hour:       24 * time.Hour,
		365 * 24 * time.Hour: 24 * time.Hour,
	} {
		require.Equal(t, epoch.Add(want), Token{Issued: epoch, Expires: epoch.Add(life)}.due(), "life %v", life)
	}
}

// Goal: a token is asked for in the name of one pod, and once for all volumes that want the same; one that is no longer good is in no volume.
// Method: a pod with three sources of which two are the same.
func TestTokensOfAPod(t *testing.T) {
	pod := podFrom(t, `{metadata: {uid: u}, spec: {serviceAccountName: robot, containers: [{name: app}], volumes: [{name: v, projected: {defaultMode: 256, sources: [
		{serviceAccountToken: {path: a}}, {serviceAccountToken: {path: b, expirationSeconds: 3600}}, {serviceAccountToken: {path: c, audience: vault, expirationSeconds: 600}}]}}]}}`)
	seen := onNode()
	tokens := func(after time.Duration) (asks []RequestToken, again time.Duration) {
		d := decideTokens(&Defaults, Input{Pod: pod, Seen: seen}, epoch.Add(after))
		for _, e := range d.Batches {
			for _, ask := range e {
				asks = append(asks, ask.(RequestToken))
			}
		}
		if !d.Again.IsZero() {
			again = d.Again.Sub(epoch)
		}
		return asks, again
	}
	asks, _ := tokens(0)
	require.Len(t, asks, 2)
	req := asks[1].request()
	require.Equal(t, api.Create, req.Verb)
	require.Equal(t, "serviceaccounts/token default/robot", req.Resource.Name+"/"+req.Subresource+" "+req.Namespace+"/"+req.Name)
	seconds := int64(600)
	require.Equal(t, authenticationv1.TokenRequestSpec{Audiences: []string{"vault"}, ExpirationSeconds: &seconds,
		BoundObjectRef: &authenticationv1.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: "web", UID: "u"}}, req.Object.(*authenticationv1.TokenRequest).Spec)
	require.Nil(t, asks[0].request().Object.(*authenticationv1.TokenRequest).Spec.Audiences)

	seen.Memory.Tokens = map[TokenAsk]Token{
		{Seconds: 3600}:                   {"own", epoch, epoch.Add(time.Hour)},
		{Audience: "vault", Seconds: 600}: {"vault's", epoch, epoch.Add(10 * time.Minute)},
	}
	asks, again := tokens(0)
	require.Empty(t, asks)
	require.Equal(t, 8*time.Minute, again)
	asks, _ = tokens(9 * time.Minute)
	require.Len(t, asks, 1)
	require.True(t, asks[0].Have)
	asks, _ = tokens(10 * time.Minute)
	require.False(t, asks[0].Have)

	volumes, _, err := newPass(&Defaults, Input{Pod: pod, Seen: seen}, epoch).volumes()
	require.NoError(t, err)
	require.Equal(t, "own", string(volumes[0].Files["b"].Data))
	require.Equal(t, uint32(0o400), volumes[0].Files["c"].Mode)
	_, _, err = newPass(&Defaults, Input{Pod: pod, Seen: seen}, epoch.Add(10*time.Minute)).volumes()
	require.ErrorIs(t, err, errNoToken)

	// What is being deleted keeps the tokens that it has, and gets no others.
	delete(seen.Memory.Tokens, TokenAsk{Seconds: 3600})
	pod.DeletionTimestamp = &metav1.Time{Time: epoch}
	asks, _ = tokens(9 * time.Minute)
	require.Len(t, asks, 1)
	require.Equal(t, "vault", asks[0].Ask.Audience)
	pod.DeletionTimestamp = nil

	deadline := int64(60)
	pod.Spec.ActiveDeadlineSeconds, pod.Status.StartTime = &deadline, &metav1.Time{Time: epoch}
	asks, _ = tokens(time.Hour)
	require.Empty(t, asks, "its time is over")
	pod.Spec.ActiveDeadlineSeconds = nil

	pod.Status.Phase = corev1.PodFailed
	asks, _ = tokens(time.Hour)
	require.Empty(t, asks)
}
