package account_test

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/controller/account"
	"orrery/impl/token"
	"orrery/impl/trace"
)

// key is made once: nothing that a test looks at follows from which it is.
var key = sync.OnceValue(func() *token.Key {
	private, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		panic(err)
	}
	k, err := token.NewKey(private)
	if err != nil {
		panic(err)
	}
	return k
})

// Goal: what is decided in one situation, effect by effect. Method: scripts; a loop whose effects are printed and answered by hand.
//
//	observe        the objects given as YAML documents, each with a kind, are what the caches show, beside what the loop has made, and what live
//	               reads find; prints what is planned
//	late           the documents are what the caches show, and live reads find what they found before
//	answer OUTCOME answers all effects under way (ok, unknown), and prints what follows
//	wait           until the loop is due, and prints what follows
//	wants          prints what the loop still wants
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := &script{t: t, now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), rv: 100, made: map[string]api.Object{}, versions: map[string]string{}}
		component := account.New(account.Config{Sign: key().Sign, CA: "CA", Generates: strings.Contains(path, "generates")})
		s.loop = control.New(control.Config{Component: component, ID: "a", Trace: s, InFlight: 1000})
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s.out.Reset()
			switch d.Cmd {
			case "observe":
				s.observe(d.Input, true)
			case "late":
				s.observe(d.Input, false)
			case "answer":
				s.answer(d.CmdArgs[0].Key)
			case "wait":
				s.now, _ = s.loop.Due()
			case "wants":
				for _, w := range s.loop.Wants() {
					fmt.Fprintf(&s.out, "%s: %s\n", w.Key, w.Why)
				}
				return s.out.String()
			default:
				t.Fatalf("%s: unknown command %q", d.Pos, d.Cmd)
			}
			s.run()
			return s.out.String()
		})
	})
}

type script struct {
	t        *testing.T
	loop     *control.Loop
	now      time.Time
	rv       int64
	flying   []control.Effect
	made     map[string]api.Object // by the loop
	truth    map[string]api.Object
	versions map[string]string // of a document's text
	out      strings.Builder
}

// Emit prints why, of every decision that is worth it.
func (s *script) Emit(line trace.Line) {
	if line.Step.Why != "" {
		fmt.Fprintf(&s.out, "%s: %s\n", line.Step.Key, line.Step.Why)
	}
}

func place(obj metav1.Object, resource string) string {
	return resource + "/" + obj.GetNamespace() + "/" + obj.GetName()
}

// observe takes the documents, and what the loop has made, as the whole content of the sources. A document that says the same as before is the
// same version.
func (s *script) observe(text string, true_ bool) {
	sources := map[string]string{"namespaces": "namespaces", "serviceaccounts": "accounts", "configmaps": "maps", "secrets": "secrets"}
	content := map[string][]metav1.Object{"namespaces": nil, "accounts": nil, "maps": nil, "secrets": nil}
	shown := map[string]api.Object{}
	s.rv++
	for _, document := range strings.Split(text, "---\n") {
		var kind metav1.TypeMeta
		require.NoError(s.t, yaml.Unmarshal([]byte(document), &kind))
		var obj api.Object
		var resource string
		switch kind.Kind {
		case "Namespace":
			obj, resource = &corev1.Namespace{}, "namespaces"
		case "ServiceAccount":
			obj, resource = &corev1.ServiceAccount{}, "serviceaccounts"
		case "ConfigMap":
			obj, resource = &corev1.ConfigMap{}, "configmaps"
		case "Secret":
			obj, resource = &corev1.Secret{}, "secrets"
		default:
			continue
		}
		require.NoError(s.t, yaml.UnmarshalStrict([]byte(document), obj))
		if resource != "namespaces" {
			obj.SetNamespace("d")
		}
		if obj.GetUID() == "" {
			obj.SetUID(types.UID("uid-" + obj.GetName()))
		}
		if s.versions[document] == "" {
			s.rv++
			s.versions[document] = api.FormatResourceVersion(s.rv)
		}
		obj.SetResourceVersion(s.versions[document])
		delete(s.made, place(obj, resource))
		shown[place(obj, resource)] = obj
	}
	maps.Copy(shown, s.made)
	for _, at := range slices.Sorted(maps.Keys(shown)) {
		source := sources[strings.Split(at, "/")[0]]
		content[source] = append(content[source], shown[at])
	}
	if true_ {
		s.truth = shown
	}
	s.rv++
	for source, objects := range content {
		require.NoError(s.t, s.loop.ObserveList(source, s.rv, objects))
	}
}

func (s *script) answer(outcome string) {
	answered := s.flying
	s.flying = nil
	for _, e := range answered {
		a := control.Answer{Outcome: trace.OK}
		r := e.Request
		at := r.Resource.Name + "/" + r.Namespace + "/" + r.Name
		switch obj, _ := r.Object.(api.Object); {
		case outcome == "unknown":
			a = control.Answer{Outcome: trace.Unknown, Err: errors.New("no answer")}
		case r.Verb == api.Get && s.truth[at] == nil:
			a = control.Answer{Outcome: trace.Failed, Err: apierrors.NewNotFound(r.Resource.GR(), r.Name)}
		case r.Verb == api.Get:
			a.Object = s.truth[at]
		case r.Verb == api.Delete:
			s.rv++
			a.Reached = s.rv
			delete(s.made, at)
			delete(s.truth, at)
		default:
			s.rv++
			made := obj.DeepCopyObject().(api.Object)
			made.SetResourceVersion(api.FormatResourceVersion(s.rv))
			if made.GetUID() == "" {
				made.SetUID(types.UID("uid-" + made.GetName()))
			}
			a.Object, s.made[at], s.truth[at] = made, made, made
		}
		s.loop.Done(s.now, e.ID, a)
	}
}

// run lets the loop work and prints the effects that it wants performed now.
func (s *script) run() {
	for worked := true; worked; {
		worked = s.loop.Work(s.now)
		for e, ok := s.loop.Next(s.now); ok; e, ok = s.loop.Next(s.now) {
			s.print(e)
			s.flying = append(s.flying, e)
		}
	}
	if s.out.Len() == 0 {
		s.out.WriteString("nothing\n")
	}
}

func (s *script) print(e control.Effect) {
	r := e.Request
	fmt.Fprintf(&s.out, "  %s %s %s", r.Verb, r.Resource.Name, r.Name)
	if r.Delete != nil {
		fmt.Fprintf(&s.out, " if %s %s", *r.Delete.Preconditions.UID, *r.Delete.Preconditions.ResourceVersion)
	}
	if obj, ok := r.Object.(api.Object); ok && obj.GetResourceVersion() != "" {
		fmt.Fprintf(&s.out, " if %s", obj.GetResourceVersion())
	}
	switch obj := r.Object.(type) {
	case *corev1.ConfigMap:
		fmt.Fprintf(&s.out, ": %v", obj.Data)
	case *corev1.Secret:
		fmt.Fprintf(&s.out, " of %s:", obj.Annotations[corev1.ServiceAccountUIDKey])
		for _, key := range slices.Sorted(maps.Keys(obj.Data)) {
			fmt.Fprintf(&s.out, " %s=%s", key, s.said(string(obj.Data[key])))
		}
	}
	s.out.WriteString("\n")
}

// said is what a token says, and any other text itself.
func (s *script) said(text string) string {
	c, err := token.NewIssuer(key()).Verifier().Verify(text)
	if err != nil {
		return text
	}
	return fmt.Sprintf("(%s/%s %s in %s)", c.Namespace, c.Account.Name, c.Account.UID, c.Secret.Name)
}
