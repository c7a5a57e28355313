package registry_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/apiserver/registry"
)

// Goal: lists and watches select as upstream's do, and say what they cannot select by. Method: one object of each kind
// that has fields of its own, and selectors that it meets or does not.

func TestMatcher(t *testing.T) {
	meta := metav1.ObjectMeta{Name: "x", Namespace: "ns", Labels: map[string]string{"app": "web"}}
	pod := &corev1.Pod{ObjectMeta: meta,
		Spec: corev1.PodSpec{NodeName: "a", RestartPolicy: "Always", SchedulerName: "s", ServiceAccountName: "sa"},
		Status: corev1.PodStatus{Phase: "Running", PodIP: "1.2.3.4", PodIPs: []corev1.PodIP{{IP: "1.2.3.4"}},
			NominatedNodeName: "b"}}
	rc := &corev1.ReplicationController{ObjectMeta: meta, Status: corev1.ReplicationControllerStatus{Replicas: 3}}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "x"}, Spec: corev1.NodeSpec{Unschedulable: true}}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "x"}, Status: corev1.NamespaceStatus{Phase: "Active"}}
	secret := &corev1.Secret{ObjectMeta: meta, Type: "Opaque"}
	service := &corev1.Service{ObjectMeta: meta, Spec: corev1.ServiceSpec{ClusterIP: "None", Type: "ClusterIP"}}
	event := &corev1.Event{ObjectMeta: meta, Reason: "R", Type: "Normal", ReportingController: "c",
		InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: "ns", Name: "p", UID: "u", APIVersion: "v1", ResourceVersion: "5", FieldPath: "spec"}}
	plain := &corev1.ConfigMap{ObjectMeta: meta}

	for _, c := range []struct {
		obj            api.Object
		labels, fields string
		want           bool
	}{
		{pod, "", "", true},
		{pod, "app=web", "", true},
		{pod, "app in (web,db),!tier", "", true},
		{pod, "app!=web", "", false},
		{pod, "", "metadata.name=x,metadata.namespace=ns", true},
		{pod, "", "metadata.name!=x", false},
		{pod, "", "spec.nodeName=a", true},
		{pod, "", "spec.host=a", true},
		{pod, "", "spec.nodeName=", false},
		{pod, "", "spec.nodeName!=a", false},
		{pod, "", "spec.restartPolicy=Always,spec.schedulerName=s,spec.serviceAccountName=sa,spec.hostNetwork=false", true},
		{pod, "", "status.phase=Running,status.podIP=1.2.3.4,status.nominatedNodeName=b", true},
		{pod, "", "status.phase!=Running", false},
		{rc, "", "status.replicas=3", true},
		{rc, "", "status.replicas=4", false},
		{node, "", "spec.unschedulable=true", true},
		{node, "", "spec.unschedulable=false", false},
		{ns, "", "status.phase=Active,metadata.name=x", true},
		{secret, "", "type=Opaque", true},
		{service, "", "spec.clusterIP=None,spec.type=ClusterIP", true},
		{event, "", "involvedObject.kind=Pod,involvedObject.namespace=ns,involvedObject.name=p,involvedObject.uid=u", true},
		{event, "", "involvedObject.apiVersion=v1,involvedObject.resourceVersion=5,involvedObject.fieldPath=spec", true},
		{event, "", "reason=R,reportingComponent=c,source=c,type=Normal", true},
		{event, "", "involvedObject.name=q", false},
		{plain, "", "metadata.name=x", true},
	} {
		r, _ := api.ByObject(c.obj)
		match, err := registry.Matcher(api.Request{Resource: r, Labels: c.labels, Fields: c.fields})
		require.NoError(t, err, "%s %q", r.Kind, c.fields)
		require.Equal(t, c.want, match(c.obj), "%s labels %q fields %q", r.Kind, c.labels, c.fields)
	}

	pods, _ := api.ByName("pods")
	for _, c := range []struct {
		namespace, name string
		want            bool
	}{{"", "", true}, {"ns", "", true}, {"other", "", false}, {"ns", "x", true}, {"ns", "y", false}} {
		match, err := registry.Matcher(api.Request{Resource: pods, Namespace: c.namespace, Name: c.name})
		require.NoError(t, err)
		require.Equal(t, c.want, match(pod), "%s/%s", c.namespace, c.name)
	}
}

func TestMatcherSaysWhatItCannotSelectBy(t *testing.T) {
	for _, c := range []struct{ resource, labels, fields, want string }{
		{"pods", "", "spec.containers=x", "field label not supported: spec.containers"},
		{"nodes", "", "metadata.namespace=x", "field label not supported: metadata.namespace"},
		{"configmaps", "", "data=x", `"data" is not a known field selector: only "metadata.name", "metadata.namespace"`},
		{"leases", "", "spec.holderIdentity=x", `"spec.holderIdentity" is not a known field selector: only "metadata.name", "metadata.namespace"`},
		{"pods", "", "nonsense", "invalid selector: 'nonsense'; can't understand 'nonsense'"},
		{"pods", "a=b=c", "", "found '=', expected: ',' or 'end of string'"},
		{"pods", "a in x", "", "unable to parse requirement: found 'x' expected: '('"},
	} {
		r, _ := api.ByName(c.resource)
		_, err := registry.Matcher(api.Request{Resource: r, Labels: c.labels, Fields: c.fields})
		require.True(t, apierrors.IsBadRequest(err), "%s %s: %v", c.resource, c.fields, err)
		require.Equal(t, c.want, err.Error())
	}
}

func TestGeneratedNames(t *testing.T) {
	configMaps, _ := api.ByName("configmaps")
	long := "a123456789b123456789c123456789d123456789e123456789f123456789"
	for _, c := range []struct{ name, generate, want string }{{"x", "y-", "x"}, {"", "y-", "y-abcde"}, {"", long, long[:58] + "abcde"}} {
		body := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: c.name, GenerateName: c.generate}}
		change, err := registry.Decide(nil, api.Request{Verb: api.Create, Resource: configMaps, Namespace: "ns", Object: body}, registry.Env{UID: "u", Suffix: "abcde"})
		require.NoError(t, err)
		require.Equal(t, c.want, change.Object.GetName())
	}
}

// A generated name that is taken is another error than a chosen one: the request machine tries again.
func TestGeneratedNameIsTaken(t *testing.T) {
	configMaps, _ := api.ByName("configmaps")
	old := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "c-abcde", Namespace: "ns"}}
	req := api.Request{Verb: api.Create, Resource: configMaps, Namespace: "ns", Object: &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "c-"}}}
	_, err := registry.Decide(old, req, registry.Env{Suffix: "abcde"})
	require.True(t, apierrors.IsAlreadyExists(err))
	require.EqualError(t, err, `configmaps "c-abcde" already exists, the server was not able to generate a unique name for the object`)

	now := metav1.Unix(5, 0)
	old.DeletionTimestamp = &now
	req.Object = &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "c-abcde"}}
	_, err = registry.Decide(old, req, registry.Env{})
	require.EqualError(t, err, `object is being deleted: configmaps "c-abcde" already exists`)
}
