package account

import (
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/token"
)

// manager is what the labels of a generated secret say of who made it.
const (
	managedBy = "app.kubernetes.io/managed-by"
	manager   = "serviceaccount-token-controller"
)

// Upstream's annotation of the map (pkg/controller/certificates/rootcacertpublisher).
const (
	descriptionKey = "kubernetes.io/description"
	description    = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. " +
		"No other usage is guaranteed across distributions of Kubernetes clusters."
)

// tokenName is the name of the secret that is generated for an account.
func tokenName(account string) string { return account + "-token" }

// generated: nobody asked for the secret.
func generated(s *corev1.Secret) bool { return s.Labels[managedBy] == manager }

// accountOf is the account that a secret names, and the UID that it says this has; empty: it does not say.
func accountOf(s *corev1.Secret) (name, uid string) {
	return s.Annotations[corev1.ServiceAccountNameKey], s.Annotations[corev1.ServiceAccountUIDKey]
}

func blankAccount(namespace string) *corev1.ServiceAccount {
	return &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: DefaultAccount}}
}

func (c *Controller) blankMap(namespace string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: RootCertificate, Annotations: map[string]string{descriptionKey: description}},
		Data:       c.content(),
	}
}

// content is what is in the right map.
func (c *Controller) content() map[string]string {
	return map[string]string{corev1.ServiceAccountRootCAKey: c.CA}
}

// repaired is a map with the right content.
func (c *Controller) repaired(m *corev1.ConfigMap) *corev1.ConfigMap {
	m = m.DeepCopy()
	m.Data = c.content()
	if m.Annotations == nil {
		m.Annotations = map[string]string{}
	}
	m.Annotations[descriptionKey] = description
	return m
}

// blankSecret is the secret that is generated for an account, without a token.
func blankSecret(of *corev1.ServiceAccount) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: of.Namespace, Name: tokenName(of.Name), Labels: map[string]string{managedBy: manager},
			Annotations: map[string]string{corev1.ServiceAccountNameKey: of.Name},
		},
		Type: corev1.SecretTypeServiceAccountToken,
	}
}

// filled is a secret with the token of an account. A token that it has already, of that account, stays.
func (c *Controller) filled(s *corev1.Secret, of *corev1.ServiceAccount) *corev1.Secret {
	s = s.DeepCopy()
	text := s.Data[corev1.ServiceAccountTokenKey]
	if _, uid := accountOf(s); len(text) == 0 || uid == "" {
		signed, err := c.Sign(token.Claims{Legacy: true, Namespace: of.Namespace, Account: token.Ref{Name: of.Name, UID: string(of.UID)}, Secret: token.Ref{Name: s.Name}})
		if err != nil {
			panic(fmt.Sprintf("account: an RSA key signs everything: %v", err))
		}
		text = []byte(signed)
	}
	s.Annotations[corev1.ServiceAccountUIDKey] = string(of.UID)
	s.Data = maps.Clone(s.Data)
	if s.Data == nil {
		s.Data = map[string][]byte{}
	}
	s.Data[corev1.ServiceAccountTokenKey] = text
	s.Data[corev1.ServiceAccountRootCAKey] = []byte(c.CA)
	s.Data[corev1.ServiceAccountNamespaceKey] = []byte(of.Namespace)
	return s
}

// isFilled: the secret has a token and says whose, and all that belongs to it.
func (c *Controller) isFilled(s *corev1.Secret) bool {
	_, uid := accountOf(s)
	return uid != "" && len(s.Data[corev1.ServiceAccountTokenKey]) > 0 &&
		string(s.Data[corev1.ServiceAccountRootCAKey]) == c.CA && string(s.Data[corev1.ServiceAccountNamespaceKey]) == s.Namespace
}

func create(r *api.Resource, source string, obj api.Object, why string) control.Effect {
	return control.Effect{
		Request: &api.Request{Verb: api.Create, Resource: r, Namespace: obj.GetNamespace(), Name: obj.GetName(), Object: obj},
		Expect:  obj, Source: source, Why: why,
	}
}

// update requires the resourceVersion that obj has.
func update(r *api.Resource, source string, obj api.Object, why string) control.Effect {
	return control.Effect{
		Request: &api.Request{Verb: api.Update, Resource: r, Namespace: obj.GetNamespace(), Name: obj.GetName(), Object: obj},
		Expect:  obj, Source: source, Why: why,
	}
}

// purge deletes exactly this version of this secret.
func purge(s *corev1.Secret) control.Effect {
	return control.Effect{
		Request: &api.Request{Verb: api.Delete, Resource: secrets, Namespace: s.Namespace, Name: s.Name, Delete: &metav1.DeleteOptions{
			Preconditions: &metav1.Preconditions{UID: &s.UID, ResourceVersion: &s.ResourceVersion},
		}},
		Gone: true, Why: "its account is gone, or another",
	}
}

func read(r *api.Resource, source, namespace, name, why string) control.Effect {
	return control.Effect{Request: &api.Request{Verb: api.Get, Resource: r, Namespace: namespace, Name: name}, Source: source, Why: why}
}
