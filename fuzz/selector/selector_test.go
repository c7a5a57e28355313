package selector

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"

	"orrery/checker/history"
	"orrery/impl/api"
	"orrery/impl/apiserver/registry"
)

// FuzzSelector reads arbitrary label and field selectors. Goal: upstream's library, the API server and the checkers accept
// the same ones, and select the same objects by them. Method: each is asked about a few objects that differ in what can be
// selected by; only the API server knows which fields there are.
func FuzzSelector(f *testing.F) {
	for _, c := range selectorSeeds {
		f.Add(c.labels, c.fields)
	}
	f.Fuzz(func(t *testing.T, byLabel, byField string) {
		if differs := selectsOtherwise(byLabel, byField, checkersMatch); differs != "" {
			t.Fatal(differs)
		}
	})
}

var selectorSeeds = []struct{ labels, fields string }{
	{"", ""}, {"app=web", "metadata.name=a"}, {"app==web,tier!=2", "spec.nodeName==n1,metadata.namespace!=x"}, {"app in (db, web),!none", "spec.nodeName="},
	{"x in (foo,,baz),y,z notin ()", "status.phase=,"}, {"tier>1,tier<3", "spec.host=n1"}, {"app in(web)", "spec.hostNetwork=false"}, {"!app", "spec.unschedulable=false"},
	{"in in (in),notin", `metadata.name=a\,b\=c\\`}, {"a.b/c=d", `metadata.name=a\b`}, {"A.b/c", "metadata.name=a=b"}, {"a//b", "="}, {"a b", "!=x"}, {"=a", "a"},
	{"app=web)", "source=kubelet"}, {"a=b=c", "status.replicas=0"}, {"a ,\tb", " metadata.name=a"}, {"app=-", "spec.hostNetwork!=true"}, {"app\x00=x", "metadata.name=\x00"},
	{"app!=db", "spec.schedulerName="}, {"tier>x", "status.podIP=1.2.3.4"}, {"tier>99999999999999999999", "spec.restartPolicy=Always"}, {"app===web", "type==="}, {"!!a", ",,"}, {"a!b", "metadata.name"},
	{strings.Repeat("a", 64), "involvedObject.name=p"}, {"a=" + strings.Repeat("b", 63), "reportingComponent=c"}, {"app notin(web)", "reason=R"}, {"(", "data=x"},
}

// selected are the objects that are asked about.
var selected = func() []api.Object {
	meta := func(name, app string, more ...string) metav1.ObjectMeta {
		m := metav1.ObjectMeta{Name: name, Namespace: "default", Labels: map[string]string{"app": app}}
		for _, l := range more {
			key, value, _ := strings.Cut(l, "=")
			m.Labels[key] = value
		}
		return m
	}
	return []api.Object{
		&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "bare", Namespace: "default"}},
		&corev1.Pod{ObjectMeta: meta("a", "web", "tier=2", "a.b/c=d", "in=in"), Spec: corev1.PodSpec{NodeName: "n1", HostNetwork: true, RestartPolicy: "Always"},
			Status: corev1.PodStatus{Phase: "Running", PodIP: "1.2.3.4", PodIPs: []corev1.PodIP{{IP: "1.2.3.4"}}}},
		&corev1.Pod{ObjectMeta: meta("b", "", "tier=x", "notin=")},
		&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n1", Labels: map[string]string{"tier": "10"}}},
		&corev1.ReplicationController{ObjectMeta: meta("rc", "db")},
		&corev1.Secret{ObjectMeta: meta("s", "web"), Type: "Opaque"},
		&corev1.ConfigMap{ObjectMeta: meta("c", "web")},
		&corev1.Event{ObjectMeta: meta("e", "web"), Reason: "R", InvolvedObject: corev1.ObjectReference{Name: "p"}, Source: corev1.EventSource{Component: "kubelet"}},
		&corev1.Event{ObjectMeta: meta("f", "web"), ReportingController: "c"},
	}
}()

// matcher is what selects, or the error of a selector that is refused.
type matcher func(r *api.Resource, byLabel, byField string) (func(api.Object) bool, error)

func checkersMatch(r *api.Resource, byLabel, byField string) (func(api.Object) bool, error) {
	s, err := history.ParseSelector(byLabel, byField)
	return func(obj api.Object) bool {
		encoded, err := json.Marshal(obj)
		return err == nil && s.Matches(&history.Version{Object: history.ObjectName{Resource: r.Name, Name: obj.GetName()}, JSON: encoded})
	}, err
}

// selectsOtherwise says where the three do not agree.
func selectsOtherwise(byLabel, byField string, checkers matcher) string {
	l, labelErr := labels.Parse(byLabel)
	_, fieldErr := fields.ParseSelector(byField)
	if _, err := checkers(selectedPod(), byLabel, ""); (err == nil) != (labelErr == nil) {
		return fmt.Sprintf("labels %q: the checkers say %v, upstream %v", byLabel, err, labelErr)
	}
	if _, err := checkers(selectedPod(), "", byField); (err == nil) != (fieldErr == nil) {
		return fmt.Sprintf("fields %q: the checkers say %v, upstream %v", byField, err, fieldErr)
	}
	for _, obj := range selected {
		r, _ := api.ByObject(obj)
		byServer, serverErr := registry.Matcher(api.Request{Resource: r, Labels: byLabel, Fields: byField})
		switch {
		case serverErr != nil && labelErr == nil && byField == "":
			return fmt.Sprintf("labels %q: the API server says %v", byLabel, serverErr)
		case serverErr == nil && (labelErr != nil || fieldErr != nil):
			return fmt.Sprintf("labels %q fields %q: the API server takes what upstream does not: %v %v", byLabel, byField, labelErr, fieldErr)
		case serverErr != nil:
			continue // no such field
		}
		match, err := checkers(r, byLabel, byField)
		if err != nil {
			return fmt.Sprintf("labels %q fields %q: the checkers say %v", byLabel, byField, err)
		}
		if byField == "" && byServer(obj) != l.Matches(labels.Set(obj.GetLabels())) {
			return fmt.Sprintf("labels %q: the API server selects %s otherwise than upstream", byLabel, obj.GetName())
		}
		if want := byServer(obj); match(obj) != want {
			return fmt.Sprintf("labels %q fields %q: the API server selects %s %s: %v, the checkers do not agree", byLabel, byField, r.Kind, obj.GetName(), want)
		}
	}
	return ""
}

func selectedPod() *api.Resource {
	r, _ := api.ByName("pods")
	return r
}

// Goal: the target is seen to fail. Method: checkers that read a selector wrongly must be found by the seeds.
func TestFuzzSelectorFindsBugs(t *testing.T) {
	for _, c := range []struct {
		name  string
		wrong matcher
	}{
		{"all is accepted", func(*api.Resource, string, string) (func(api.Object) bool, error) {
			return func(api.Object) bool { return true }, nil
		}},
		{"a comma ends a set", func(r *api.Resource, byLabel, byField string) (func(api.Object) bool, error) {
			byLabel, _, _ = strings.Cut(byLabel, ",")
			return checkersMatch(r, byLabel, byField)
		}},
		{"no value is left out of JSON", func(_ *api.Resource, byLabel, byField string) (func(api.Object) bool, error) {
			return checkersMatch(&api.Resource{Name: "configmaps"}, byLabel, byField)
		}},
		{"what is not there is not unequal", func(r *api.Resource, byLabel, byField string) (func(api.Object) bool, error) {
			match, err := checkersMatch(r, byLabel, byField)
			return func(obj api.Object) bool { return match(obj) && !strings.Contains(byLabel, "!=") }, err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := ""
			for _, s := range selectorSeeds {
				found += selectsOtherwise(s.labels, s.fields, c.wrong)
			}
			require.NotEmpty(t, found, "the planted bug was not found")
		})
	}
}
