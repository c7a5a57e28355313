package account_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/control/controltest"
	"orrery/impl/controller/account"
)

// Goal: whatever is late, lost or lands late, and whatever users do meanwhile: only orphans are purged, and no account has two tokens that nobody
// asked for; and afterwards everything is as it should be and stays so. Method: a rapid machine over a small world.
func TestMachine(t *testing.T) { rapid.Check(t, machine) }

// FuzzMachine is TestMachine with the fuzzer's choices.
func FuzzMachine(f *testing.F) { f.Fuzz(rapid.MakeFuzz(machine)) }

func resource(name string) *api.Resource {
	r, _ := api.ByName(name)
	return r
}

// world is one namespace of the machine, the controller, and what is known about secrets.
type world struct {
	api     *controltest.API
	process *controltest.Process
	// alone are the secrets during whose life their account was not there at some time, by UID.
	alone map[types.UID]bool
}

func machine(t *rapid.T) {
	w := &world{api: controltest.NewAPI(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)), alone: map[types.UID]bool{}}
	generates := rapid.Bool().Draw(t, "generates")
	w.process = &controltest.Process{API: w.api, Component: func() control.Component {
		return account.New(account.Config{Sign: key().Sign, CA: "CA", Generates: generates})
	}}
	w.process.Start()
	choose := func(label string, n int) int { return rapid.IntRange(0, n-1).Draw(t, label) }
	names := rapid.SampledFrom([]string{"default", "robot"})
	secretNames := rapid.SampledFrom([]string{"s", "default-token"})
	w.phase(corev1.NamespaceActive)
	t.Repeat(map[string]func(*rapid.T){
		"step": func(t *rapid.T) {
			for range rapid.IntRange(1, 8).Draw(t, "steps") {
				before := w.secrets()
				w.process.Step(choose, true)
				w.purges(t, before)
			}
		},
		"account": func(t *rapid.T) { w.toggle("serviceaccounts", &corev1.ServiceAccount{}, names.Draw(t, "account")) },
		"secret": func(t *rapid.T) {
			secret := &corev1.Secret{Type: corev1.SecretTypeServiceAccountToken,
				ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{corev1.ServiceAccountNameKey: names.Draw(t, "account")}}}
			w.toggle("secrets", secret, secretNames.Draw(t, "secret"))
		},
		"map": func(t *rapid.T) {
			m := w.get("configmaps", "kube-root-ca.crt")
			if m == nil || rapid.Bool().Draw(t, "delete") {
				w.toggle("configmaps", &corev1.ConfigMap{}, "kube-root-ca.crt")
				return
			}
			changed := m.DeepCopyObject().(*corev1.ConfigMap)
			changed.Data = map[string]string{"ca.crt": "theirs"}
			w.api.Must(api.Request{Verb: api.Update, Resource: resource("configmaps"), Namespace: "d", Name: changed.Name, Object: changed})
		},
		"phase": func(t *rapid.T) {
			w.phase(rapid.SampledFrom([]corev1.NamespacePhase{corev1.NamespaceActive, corev1.NamespaceTerminating}).Draw(t, "phase"))
		},
		"unseen account": func(t *rapid.T) { // what is newest is seen first
			if w.get("serviceaccounts", "robot") != nil || w.get("secrets", "s") != nil {
				t.Skip()
			}
			w.toggle("serviceaccounts", &corev1.ServiceAccount{}, "robot")
			w.toggle("secrets", &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{corev1.ServiceAccountNameKey: "robot"}}}, "s")
			for behind := w.process.Behind(); len(behind) > 0 && behind[len(behind)-1].Name == "secrets"; behind = w.process.Behind() {
				w.process.Observe(func(_ string, n int) int { return n - 1 })
			}
		},
		"crash": func(*rapid.T) { w.process.Start() },
		"": func(t *rapid.T) {
			w.look()
			generated := map[string]int{}
			for _, s := range w.secrets() {
				if s.Labels["app.kubernetes.io/managed-by"] != "" {
					of := s.Annotations[corev1.ServiceAccountUIDKey]
					generated[of]++
					require.LessOrEqual(t, generated[of], 1, "generated tokens of the account %s", of)
				}
			}
		},
	})
	w.phase(corev1.NamespaceActive)
	w.process.Settle(time.Hour)
	w.settled(t, generates)
}

func (w *world) get(name, of string) api.Object {
	obj, err := w.api.Do(api.Request{Verb: api.Get, Resource: resource(name), Namespace: "d", Name: of})
	if err != nil {
		return nil
	}
	return obj
}

// toggle creates an object, or deletes it if it is there.
func (w *world) toggle(of string, obj api.Object, name string) {
	req := api.Request{Verb: api.Delete, Resource: resource(of), Namespace: "d", Name: name}
	if w.get(of, name) == nil {
		req.Verb, req.Object = api.Create, obj
	}
	w.api.Must(req)
	w.look()
}

// phase puts the namespace into a phase.
func (w *world) phase(phase corev1.NamespacePhase) {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "d"}}
	req := api.Request{Verb: api.Create, Resource: resource("namespaces"), Name: "d", Object: ns}
	if old, err := w.api.Do(api.Request{Verb: api.Get, Resource: req.Resource, Name: "d"}); err == nil {
		ns = old.DeepCopyObject().(*corev1.Namespace)
		req.Verb, req.Object = api.Update, ns
	}
	ns.Status.Phase = phase
	w.api.Must(req)
}

func (w *world) secrets() map[types.UID]*corev1.Secret {
	all := map[types.UID]*corev1.Secret{}
	_, list := w.api.List(resource("secrets"))
	for _, obj := range list {
		all[obj.GetUID()] = obj.(*corev1.Secret)
	}
	return all
}

// look notes which secrets are without their account.
func (w *world) look() {
	for uid, s := range w.secrets() {
		if w.get("serviceaccounts", s.Annotations[corev1.ServiceAccountNameKey]) == nil {
			w.alone[uid] = true
		}
	}
}

// purges judges what the controller has deleted: a secret that says whose it is, of an account that is not there; any other, if it was without its
// account at some time (row 104).
func (w *world) purges(t *rapid.T, before map[types.UID]*corev1.Secret) {
	now := w.secrets()
	for uid, s := range before {
		if now[uid] != nil {
			continue
		}
		account := w.get("serviceaccounts", s.Annotations[corev1.ServiceAccountNameKey])
		if of := s.Annotations[corev1.ServiceAccountUIDKey]; of != "" {
			require.False(t, account != nil && string(account.GetUID()) == of, "%s was purged, whose account is there", s.Name)
		} else {
			require.True(t, w.alone[uid], "%s was purged, whose account was there all the time", s.Name)
		}
	}
}

// settled judges rows 103, 104 and 106, and that nothing more is done.
func (w *world) settled(t *rapid.T, generates bool) {
	require.NotNil(t, w.get("serviceaccounts", "default"))
	m := w.get("configmaps", "kube-root-ca.crt")
	require.NotNil(t, m)
	require.Equal(t, map[string]string{"ca.crt": "CA"}, m.(*corev1.ConfigMap).Data)
	any := false
	for _, s := range w.secrets() {
		account := w.get("serviceaccounts", s.Annotations[corev1.ServiceAccountNameKey])
		require.NotNil(t, account, "%s is an orphan", s.Name)
		require.Equal(t, string(account.GetUID()), s.Annotations[corev1.ServiceAccountUIDKey])
		require.NotEmpty(t, s.Data["token"])
		require.Equal(t, "CA", string(s.Data["ca.crt"]))
		require.Equal(t, "d", string(s.Data["namespace"]))
		any = any || s.Name == "default-token"
	}
	if generates {
		require.True(t, any, "the default account has no token")
	}
	require.Empty(t, w.process.Loop.Wants())
	require.Zero(t, w.process.Flying())
}
