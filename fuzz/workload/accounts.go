package workload

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/api"
)

// Accounts create and delete service accounts and secrets for their tokens, the same few names again and again, and touch the root certificates.
var Accounts = Kind{Name: "accounts", perMinute: 20, requests: []weighted{
	{4, createAccount},
	{3, deleteAccount},
	{4, askForToken},
	{2, deleteToken},
	{2, editCertificates},
	{1, deleteCertificates},
}}

var (
	serviceAccounts, _ = api.ByName("serviceaccounts")
	secrets, _         = api.ByName("secrets")
	accountNames       = []string{"default", robot}
	tokenNames         = []string{"token-a", "token-b", "default-token"}
)

const certificates = "kube-root-ca.crt"

func createAccount(_ *Client, choose Choices) (api.Request, bool) {
	name := pick(choose, accountNames)
	return api.Request{Verb: api.Create, Resource: serviceAccounts, Namespace: Namespace, Name: name,
		Object: &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: Namespace}}}, true
}

func deleteAccount(_ *Client, choose Choices) (api.Request, bool) {
	return api.Request{Verb: api.Delete, Resource: serviceAccounts, Namespace: Namespace, Name: pick(choose, accountNames)}, true
}

// askForToken creates a secret that is to hold an account's token.
func askForToken(_ *Client, choose Choices) (api.Request, bool) {
	name := pick(choose, tokenNames)
	return api.Request{Verb: api.Create, Resource: secrets, Namespace: Namespace, Name: name, Object: &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: Namespace, Annotations: map[string]string{corev1.ServiceAccountNameKey: pick(choose, accountNames)}},
		Type:       corev1.SecretTypeServiceAccountToken,
	}}, true
}

func deleteToken(_ *Client, choose Choices) (api.Request, bool) {
	return api.Request{Verb: api.Delete, Resource: secrets, Namespace: Namespace, Name: pick(choose, tokenNames)}, true
}

func editCertificates(c *Client, _ Choices) (api.Request, bool) {
	return api.Request{Verb: api.Patch, Resource: configMaps, Namespace: Namespace, Name: certificates, PatchType: types.MergePatchType,
		Patch: []byte(`{"data":{"ca.crt":"` + c.unique() + `"}}`)}, true
}

func deleteCertificates(*Client, Choices) (api.Request, bool) {
	return api.Request{Verb: api.Delete, Resource: configMaps, Namespace: Namespace, Name: certificates}, true
}
