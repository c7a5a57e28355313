package client

import (
	"testing"

	"github.com/stretchr/testify/require"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/api"
	"orrery/impl/trace"
)

// Where nobody is told, nothing is written down.
func TestRecordedForNobody(t *testing.T) {
	transport := &HTTP{}
	require.Same(t, transport, Recorded(transport, trace.Discard, "c"))
}

// What is recorded of a dry run says so: to a judge it would else be a write that the store has lost.
func TestRecordedDryRun(t *testing.T) {
	pods, _ := api.ByName("pods")
	for _, dry := range []bool{false, true} {
		call := CallOf("c.1", "c/1", "a", api.Request{Verb: api.Delete, Resource: pods, Namespace: "d", Name: "a", DryRun: dry})
		require.Equal(t, dry, call.DryRun)
	}
}

// What is recorded of an eviction is what it requires of the pod, and not the metadata of its body, of which only the name counts.
func TestRecordedEviction(t *testing.T) {
	pods, _ := api.ByName("pods")
	uid, version, grace := types.UID("u"), "7", int64(3)
	call := CallOf("c.1", "c/1", "a", api.Request{Verb: api.Create, Resource: pods, Namespace: "d", Name: "a", Subresource: "eviction", Object: &policyv1.Eviction{
		ObjectMeta: metav1.ObjectMeta{Name: "a", UID: "other", ResourceVersion: "9"},
		DeleteOptions: &metav1.DeleteOptions{GracePeriodSeconds: &grace, DryRun: []string{metav1.DryRunAll},
			Preconditions: &metav1.Preconditions{UID: &uid, ResourceVersion: &version}},
	}})
	require.Equal(t, []any{"u", "7", int64(3), true}, []any{call.UID, call.ResourceVersion, *call.Grace, call.DryRun})
	call = CallOf("c.2", "c/1", "a", api.Request{Verb: api.Create, Resource: pods, Namespace: "d", Name: "a", Subresource: "eviction", Object: &policyv1.Eviction{}})
	require.Empty(t, call.UID+call.ResourceVersion)
}
