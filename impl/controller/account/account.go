package account

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/token"
)

// Sources.
const (
	namespacesSource = "namespaces"
	accountsSource   = "accounts"
	mapsSource       = "maps"
	secretsSource    = "secrets"
)

// What there is in every namespace, by upstream's names.
const (
	DefaultAccount  = "default"
	RootCertificate = "kube-root-ca.crt"
)

var (
	namespaces = resource("namespaces")
	accounts   = resource("serviceaccounts")
	configMaps = resource("configmaps")
	secrets    = resource("secrets")
)

func resource(name string) *api.Resource {
	r, ok := api.ByName(name)
	if !ok {
		panic("account: " + name + " are not served")
	}
	return r
}

// Controller is the [control.Component].
type Controller struct{ Config }

// Config is what the controller gives to namespaces.
type Config struct {
	// Sign writes what is said as a token: [token.Key.Sign], with the cluster's key.
	Sign func(token.Claims) (string, error)
	// CA is the certificates by which the API server is known, in PEM.
	CA string
	// Generates: the default account of a namespace has a token that nobody asked for.
	Generates bool
}

// New returns the controller.
func New(c Config) *Controller { return &Controller{c} }

// Name is that under which upstream's first of the three reports.
func (*Controller) Name() string { return "serviceaccount-controller" }

// Sources are namespaces and accounts, the maps of that one name and the secrets of that one type.
func (*Controller) Sources() []control.Source {
	in := []control.Index{control.ByNamespace}
	return []control.Source{
		{Name: namespacesSource, Resource: namespaces},
		{Name: accountsSource, Resource: accounts, Indexes: in},
		{Name: mapsSource, Resource: configMaps, Fields: "metadata.name=" + RootCertificate},
		{Name: secretsSource, Resource: secrets, Fields: "type=" + string(corev1.SecretTypeServiceAccountToken), Indexes: in},
	}
}

// Keys: everything concerns its namespace.
func (*Controller) Keys(_ *control.View, source string, old, new metav1.Object, add func(control.Key)) {
	for _, obj := range []metav1.Object{old, new} {
		switch {
		case obj == nil:
		case source == namespacesSource:
			add(control.Key(obj.GetName()))
		default:
			add(control.Key(obj.GetNamespace()))
		}
	}
}
