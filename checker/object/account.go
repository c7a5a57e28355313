package object

// DefaultAccount is the account that every namespace has, and RootCertificates the config map.
const (
	DefaultAccount   = "default"
	RootCertificates = "kube-root-ca.crt"
)

// TokenOf is whose token a secret holds or is to hold: the name of the account, and the UID that it says this has, which may be empty. ok is
// false if it is no such secret.
func (o *Object) TokenOf() (account, uid string, ok bool) {
	a := o.Metadata.Annotations
	account, uid = a["kubernetes.io/service-account.name"], a["kubernetes.io/service-account.uid"]
	return account, uid, o.Type == "kubernetes.io/service-account-token" && account != ""
}

// Generated: nobody asked for the secret.
func (o *Object) Generated() bool {
	return o.Metadata.Labels["app.kubernetes.io/managed-by"] == "serviceaccount-token-controller"
}
