package registry

import (
	"fmt"
	"slices"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"orrery/impl/api"
	"orrery/impl/token"
)

// Bounds on how long a token that is asked for is good, in seconds.
const (
	leastExpiration   = 600
	mostExpiration    = 1 << 32
	defaultExpiration = 3600
)

// A token that a pod's volume asks for is good for this long, upstream's WarnOnlyBoundTokenExpiration: 3607 seconds, by which it is known.
// Clients of old do not read it again, so that it is accepted for a year, and says when it should have been renewed.
const (
	volumeExpiration   = 60*60 + 7
	extendedExpiration = 365 * 24 * 60 * 60
)

// TokenRequest is what a request for a token comes to, before anything but the account has been looked at.
type TokenRequest struct {
	account *corev1.ServiceAccount
	asked   *authenticationv1.TokenRequest
	issuer  *token.Issuer
}

// Bound is the object that the token is to live with: its resource, which is nil if it is bound to none, and its name.
func (t *TokenRequest) Bound() (resource *api.Resource, namespace, name string) {
	ref := t.asked.Spec.BoundObjectRef
	if ref == nil {
		return nil, "", ""
	}
	resource, _ = api.ByName(boundResources[schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind)])
	if resource.Namespaced {
		namespace = t.account.Namespace
	}
	return resource, namespace, ref.Name
}

// boundResources are the kinds that a token may be bound to.
var boundResources = map[schema.GroupVersionKind]string{
	{Version: "v1", Kind: "Pod"}: "pods", {Version: "v1", Kind: "Secret"}: "secrets", {Version: "v1", Kind: "Node"}: "nodes",
}

var tokenRequestKind = authenticationv1.SchemeGroupVersion.WithKind("TokenRequest")

// DecideToken judges a request for a token of the account, which is nil where there is none.
func DecideToken(account *corev1.ServiceAccount, req api.Request, issuer *token.Issuer) (*TokenRequest, error) {
	asked, ok := req.Object.(*authenticationv1.TokenRequest)
	switch {
	case issuer == nil:
		return nil, noSubresource(req)
	case !ok:
		return nil, apierrors.NewBadRequest(fmt.Sprintf("expected input object type to be TokenRequest, but %T", req.Object))
	}
	asked = asked.DeepCopy()
	invalid := func(name string, errs ...*field.Error) error {
		return apierrors.NewInvalid(tokenRequestKind.GroupKind(), name, errs)
	}
	switch {
	case asked.Name != "" && asked.Name != req.Name:
		return nil, invalid(req.Name, field.Invalid(metadataPath.Child("name"), asked.Name, "must match the service account name if specified"))
	case asked.Namespace != "" && asked.Namespace != req.Namespace:
		return nil, invalid(req.Name, field.Invalid(metadataPath.Child("namespace"), asked.Namespace, "must match the service account namespace if specified"))
	case account == nil:
		return nil, apierrors.NewNotFound(req.Resource.GR(), req.Name)
	}
	asked.Name, asked.Namespace, asked.Status = account.Name, account.Namespace, authenticationv1.TokenRequestStatus{}
	if len(asked.Spec.Audiences) == 0 {
		asked.Spec.Audiences = slices.Clone(issuer.Audiences)
	}
	if asked.Spec.ExpirationSeconds == nil {
		seconds := int64(defaultExpiration)
		asked.Spec.ExpirationSeconds = &seconds
	}
	seconds, path := *asked.Spec.ExpirationSeconds, field.NewPath("spec", "expirationSeconds")
	switch ref := asked.Spec.BoundObjectRef; {
	case seconds < leastExpiration:
		return nil, invalid("", field.Invalid(path, seconds, "may not specify a duration less than 10 minutes"))
	case seconds > mostExpiration:
		return nil, invalid("", field.Invalid(path, seconds, "may not specify a duration larger than 2^32 seconds"))
	case ref != nil && boundResources[schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind)] == "":
		return nil, apierrors.NewBadRequest(fmt.Sprintf("cannot bind token to object of type %s", schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind)))
	case ref != nil && ref.Name == "":
		return nil, apierrors.NewBadRequest("name must be provided")
	}
	return &TokenRequest{account, asked, issuer}, nil
}

// Issue signs the token. Bound is the object that it is bound to, if it is to one, and is there; node that on which a bound pod is, if it is on
// one that is there.
func (t *TokenRequest) Issue(bound api.Object, node *corev1.Node, env Env) (*authenticationv1.TokenRequest, error) {
	issued := env.now().Time
	claims := token.Claims{Issuer: t.issuer.Name, ID: string(env.UID), Namespace: t.account.Namespace, Account: refTo(t.account), Audiences: t.asked.Spec.Audiences,
		From: issued, Until: after(issued, *t.asked.Spec.ExpirationSeconds)}
	if ref := t.asked.Spec.BoundObjectRef; ref != nil {
		if ref.UID != "" && ref.UID != bound.GetUID() {
			kind := schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind)
			return nil, apierrors.NewConflict(schema.GroupResource{Group: kind.Group, Resource: kind.Kind}, ref.Name, fmt.Errorf(
				"the UID in the bound object reference (%s) does not match the UID in record. The object might have been deleted and then recreated", ref.UID))
		}
	}
	switch obj := bound.(type) {
	case *corev1.Pod:
		if obj.Spec.ServiceAccountName != t.account.Name {
			return nil, apierrors.NewBadRequest(fmt.Sprintf("cannot bind token for serviceaccount %q to pod running with different serviceaccount name.", t.account.Name))
		}
		claims.Pod = refTo(obj)
		if node != nil {
			claims.Node = refTo(node)
		} else if obj.Spec.NodeName != "" {
			claims.Node.Name = obj.Spec.NodeName
		}
		ours := slices.ContainsFunc(t.asked.Spec.Audiences, func(a string) bool { return slices.Contains(t.issuer.Audiences, a) })
		if *t.asked.Spec.ExpirationSeconds == volumeExpiration && ours {
			claims.WarnAfter, claims.Until = claims.Until, after(issued, extendedExpiration)
		}
	case *corev1.Secret:
		claims.Secret = refTo(obj)
	case *corev1.Node:
		claims.Node = refTo(obj)
	}
	text, err := t.issuer.Key.Sign(claims)
	if err != nil {
		return nil, apierrors.NewInternalError(err)
	}
	answer := t.asked.DeepCopy()
	answer.SetGroupVersionKind(tokenRequestKind)
	answer.CreationTimestamp = env.now()
	answer.Status.Token, answer.Status.ExpirationTimestamp = text, env.now()
	answer.Status.ExpirationTimestamp.Time = after(issued, *t.asked.Spec.ExpirationSeconds)
	return answer, nil
}

func after(t time.Time, seconds int64) time.Time { return t.Add(time.Duration(seconds) * time.Second) }

func refTo(obj api.Object) token.Ref {
	return token.Ref{Name: obj.GetName(), UID: string(obj.GetUID())}
}
