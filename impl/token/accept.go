package token

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Verifier tells what was signed by its keys.
type Verifier struct {
	Keys []*Key
	// Issuer is that of bound tokens, Audiences are those for which a legacy token is good, which does not say.
	Issuer    string
	Audiences []string
}

// ErrForeign: the text is no token of this cluster, so that it may be something else.
var ErrForeign = errors.New("no token that this cluster has issued")

// Verify is what a token says, if it was signed.
func (v Verifier) Verify(text string) (Claims, error) {
	parsed, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return Claims{}, fmt.Errorf("%w: %w", ErrForeign, err)
	}
	for _, k := range v.Keys {
		var public jwt.Claims
		var b bound
		var l legacy
		if parsed.Claims(k.private.Public(), &public, &b, &l) != nil {
			continue
		}
		if public.Issuer != LegacyIssuer && public.Issuer != v.Issuer {
			return Claims{}, fmt.Errorf("%w: it was issued by %q", ErrForeign, public.Issuer)
		}
		c, err := decoded(public, b, l)
		if c.Legacy {
			c.Audiences = v.Audiences
		}
		return c, err
	}
	return Claims{}, fmt.Errorf("%w: none of its keys has signed it", ErrForeign)
}

// Look reads an object that a token depends on, by the name of its resource. The error of one that is absent is a NotFound.
type Look func(resource, namespace, name string) (metav1.Object, error)

// lag is how far the clocks of API servers may be apart, and for how long an object may be used after it was to be gone. Upstream's is the same.
const lag = time.Minute

// Accept is nil if a token that says so is accepted now, by one that it is presented to under any of these audiences. Text is the token itself.
//
// Upstream: accepts a token for a minute after its end.
func (c Claims) Accept(text string, now time.Time, audiences []string, look Look) error {
	switch {
	case !slices.ContainsFunc(audiences, func(a string) bool { return slices.Contains(c.Audiences, a) }):
		return fmt.Errorf("token audiences %q is invalid for the target audiences %q", c.Audiences, audiences)
	case now.Add(lag).Before(c.From):
		return errors.New("service account token is not valid yet")
	case !c.Until.IsZero() && !now.Before(c.Until):
		return errors.New("service account token has expired")
	}
	if err := c.alive(look, now, "serviceaccounts", "service account", c.Account); err != nil {
		return err
	}
	switch {
	case c.Legacy:
		return c.stands(look, now, text)
	case c.Pod != Ref{}:
		return c.alive(look, now, "pods", "pod", c.Pod) // and not its node: upstream takes that from the token as it is
	case c.Secret != Ref{}:
		return c.alive(look, now, "secrets", "secret", c.Secret)
	case c.Node != Ref{}:
		return c.alive(look, now, "nodes", "node", c.Node)
	}
	return nil
}

// alive: the object is there, and is the one that the token names.
func (c Claims) alive(look Look, now time.Time, resource, words string, of Ref) error {
	obj, err := c.found(look, now, resource, words, of.Name)
	if err != nil {
		return err
	}
	if string(obj.GetUID()) != of.UID {
		return fmt.Errorf("%s UID (%s) does not match claim (%s)", words, obj.GetUID(), of.UID)
	}
	return nil
}

// stands: the secret is there, and the token in it is this one.
func (c Claims) stands(look Look, now time.Time, text string) error {
	obj, err := c.found(look, now, "secrets", "secret", c.Secret.Name)
	if err != nil {
		return err
	}
	secret, ok := obj.(*corev1.Secret)
	if !ok || secret.Type != corev1.SecretTypeServiceAccountToken || !bytes.Equal(secret.Data[corev1.ServiceAccountTokenKey], []byte(text)) {
		return errors.New("service account token has been invalidated")
	}
	return nil
}

func (c Claims) found(look Look, now time.Time, resource, words, name string) (metav1.Object, error) {
	namespace := c.Namespace
	if resource == "nodes" {
		namespace = ""
	}
	obj, err := look(resource, namespace, name)
	switch {
	case apierrors.IsNotFound(err):
		return nil, fmt.Errorf("service account token has been invalidated: its %s %q is gone", words, name)
	case err != nil:
		return nil, err
	}
	if d := obj.GetDeletionTimestamp(); d != nil && d.Add(lag).Before(now) {
		return nil, fmt.Errorf("service account token has been invalidated: its %s %q was to be gone at %s", words, name, d.UTC().Format(time.RFC3339))
	}
	return obj, nil
}
