package account

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/control"
)

// Reconcile decides what to do for one namespace now.
func (c *Controller) Reconcile(v *control.View, now time.Time, key control.Key) control.Plan {
	d := &decision{Controller: c, view: v, namespace: string(key)}
	ns, _ := v.Get(namespacesSource, "", d.namespace).(*corev1.Namespace)
	if d.active = ns != nil && ns.Status.Phase != corev1.NamespaceTerminating && ns.DeletionTimestamp == nil; d.active {
		d.ensureAccount()
		d.ensureMap()
		d.generate()
	}
	for obj := range v.Select(secretsSource, control.ByNamespace.Name, d.namespace).Each {
		d.secret(obj.(*corev1.Secret))
	}
	plan := d.plan()
	if d.behind {
		plan.Again = now.Add(retry)
	}
	return plan
}

// retry is how soon a secret is read live again where the cache does not show what was read: it may have shown that already, and not be behind
// what was read but ahead of it.
const retry = 5 * time.Second

// decision is one in the making.
type decision struct {
	*Controller
	view      *control.View
	namespace string
	active    bool

	writes []control.Effect
	// secrets and accounts are what is read live, in that order, if any of it must be before more can be decided.
	secrets, accounts []control.Effect
	unread            bool
	wants             []string
	behind            bool // the cache of secrets, or what was read of one
}

// plan: what must be read is read first, alone. What would be written beside it would be later than the answers, and not in them. All that there
// is to be sure of is read together: the next decision has no other answers, and with two secrets would else read one and the other in turn, for ever.
func (d *decision) plan() control.Plan {
	if d.unread {
		d.writes = nil
	} else {
		d.secrets, d.accounts = nil, nil
	}
	plan := control.Plan{Batches: [][]control.Effect{d.secrets, d.accounts, d.writes}, Wants: strings.Join(d.wants, ", ")}
	switch {
	case len(d.writes) > 0:
		plan.Why = fmt.Sprintf("%d objects are not as they should be", len(d.writes))
	case len(d.secrets) > 0:
		plan.Why = fmt.Sprintf("the accounts of %d secrets seem to be gone", len(d.secrets))
	case !d.active:
		plan.Why = "the namespace is being deleted, or gone"
	}
	return plan
}

// doubtful notes that nobody knows what became of the last write to an object.
func (d *decision) doubtful(source, name string) bool {
	if !d.view.Doubtful(source, d.namespace, name) {
		return false
	}
	if want := "to learn what became of the last write to " + name; !slices.Contains(d.wants, want) {
		d.wants = append(d.wants, want)
	}
	return true
}

func (d *decision) ensureAccount() {
	if !d.doubtful(accountsSource, DefaultAccount) && d.shown(DefaultAccount) == nil {
		d.writes = append(d.writes, create(accounts, accountsSource, blankAccount(d.namespace), "every namespace has one"))
	}
}

func (d *decision) ensureMap() {
	m, _ := d.view.Get(mapsSource, d.namespace, RootCertificate).(*corev1.ConfigMap)
	switch {
	case d.doubtful(mapsSource, RootCertificate):
	case m == nil:
		d.writes = append(d.writes, create(configMaps, mapsSource, d.blankMap(d.namespace), "every namespace has one"))
	case !equality.Semantic.DeepEqual(m.Data, d.content()) && (m.Immutable == nil || !*m.Immutable):
		d.writes = append(d.writes, update(configMaps, mapsSource, d.repaired(m), "the certificates are others"))
	}
}

// generate makes a token for the default account, unless it has one that nobody asked for, or the name is used.
func (d *decision) generate() {
	account := d.account(DefaultAccount)
	if name := tokenName(DefaultAccount); !d.Generates || account == nil || d.doubtful(accountsSource, DefaultAccount) || d.doubtful(secretsSource, name) ||
		d.view.Get(secretsSource, d.namespace, name) != nil {
		return
	}
	for obj := range d.view.Select(secretsSource, control.ByNamespace.Name, d.namespace).Each {
		s := obj.(*corev1.Secret)
		if of, uid := accountOf(s); generated(s) && of == account.Name && uid == string(account.UID) {
			return
		}
	}
	d.writes = append(d.writes, create(secrets, secretsSource, d.filled(blankSecret(account), account), "the default account has a token"))
}

// shown is an account as it was read live, or else as the cache shows it; nil: there is none.
func (d *decision) shown(name string) metav1.Object {
	obj, isRead := d.view.Live(accountsSource, d.namespace, name)
	if !isRead {
		obj = d.view.Get(accountsSource, d.namespace, name)
	}
	return obj
}

func (d *decision) account(name string) *corev1.ServiceAccount {
	account, _ := d.shown(name).(*corev1.ServiceAccount)
	return account
}

// secret fills a secret, or purges it.
func (d *decision) secret(s *corev1.Secret) {
	name, uid := accountOf(s)
	if s.DeletionTimestamp != nil || name == "" || d.doubtful(secretsSource, s.Name) || d.doubtful(accountsSource, name) {
		return
	}
	account := d.account(name)
	switch lives := account != nil && (uid == "" || uid == string(account.UID)); {
	case lives && d.isFilled(s):
	case lives && d.active && (s.Immutable == nil || !*s.Immutable):
		d.writes = append(d.writes, update(secrets, secretsSource, d.filled(s, account), "it is to hold a token of its account"))
	case !lives && d.sure(s, name):
		d.writes = append(d.writes, purge(s))
	}
}

// sure: the account was read live after this version of the secret was, so that there was none, or another, at a time when the secret was
// there. If it was not, it is read now, unless the cache is known to be behind.
func (d *decision) sure(s *corev1.Secret, account string) bool {
	live, isRead := d.view.Live(secretsSource, d.namespace, s.Name)
	_, alsoRead := d.view.Live(accountsSource, d.namespace, account)
	d.read(s.Name, account)
	switch {
	case isRead && (live == nil || revision(live) > revision(s)):
		d.wants, d.behind = append(d.wants, "to see the last version of "+s.Name), true
		return false
	case isRead && alsoRead && revision(live) == revision(s):
		return true
	}
	d.unread = true
	return false
}

func (d *decision) read(secret, account string) {
	d.secrets = append(d.secrets, read(secrets, secretsSource, d.namespace, secret, "its account seems to be gone"))
	if !slices.ContainsFunc(d.accounts, func(e control.Effect) bool { return e.Request.Name == account }) {
		d.accounts = append(d.accounts, read(accounts, accountsSource, d.namespace, account, "it seems to be gone, and secrets name it"))
	}
}

func revision(obj metav1.Object) int64 {
	rv, _ := api.ParseResourceVersion(obj.GetResourceVersion())
	return rv
}
