package apiserver

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/apiserver/rbac"
	"orrery/impl/apiserver/rbac/policy"
	"orrery/impl/apiserver/user"
	"orrery/impl/store/memory"
)

// Goal: what a cluster begins with is there whichever server comes first, is made once, and is mended where something is gone and nowhere else.
// Method: two servers at once over one store, then some objects changed and removed, then a third.
func TestRolesAreMadeWhereTheyAreMissing(t *testing.T) {
	st := memory.New()
	ctx := bounded(t)
	other := New(Config{Name: "b", Store: st, Authorization: true})
	running, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { other.Run(running); close(done) }()
	t.Cleanup(func() { stop(); <-done })
	s := serve(t, Config{Name: "a", Store: st, Authorization: true})
	waitFor(t, other.Ready)
	get := func(obj api.Object) (api.Object, error) {
		r, _ := api.ByObject(obj)
		response, err := s.Do(ctx, api.Request{Verb: api.Get, Resource: r, Name: obj.GetName()})
		if err != nil {
			return nil, err
		}
		return response.Object.(api.Object), nil
	}
	for _, obj := range policy.Objects() {
		got, err := get(obj)
		require.NoError(t, err)
		require.Equal(t, obj.GetLabels(), got.GetLabels())
	}
	known, err := s.feed.known()
	require.NoError(t, err)
	require.NotNil(t, known.ClusterRole("cluster-admin"), "who is ready knows them")

	view := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "view"}, Rules: []rbacv1.PolicyRule{{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"nodes"}}}}
	_, err = s.Do(ctx, api.Request{Verb: api.Update, Resource: clusterRoles, Name: "view", Object: view})
	require.NoError(t, err)
	_, err = s.Do(ctx, api.Request{Verb: api.Delete, Resource: clusterRoleBindings, Name: "cluster-admin"})
	require.NoError(t, err)
	serve(t, Config{Name: "c", Store: st, Authorization: true})
	_, err = get(&rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "cluster-admin"}})
	require.NoError(t, err, "made again")
	changed, err := get(view)
	require.NoError(t, err)
	require.Equal(t, view.Rules, changed.(*rbacv1.ClusterRole).Rules, "left as it is")

	serve(t, Config{Name: "d", Store: memory.New()})
	_, err = New(Config{Store: memory.New()}).feed.known()
	require.True(t, apierrors.IsServiceUnavailable(err), "who knows nothing says so, and refuses nobody")
}

// Goal: what is written is judged by who writes it, and what has no user is not. Method: one server; a user who may do what edit may, a kubelet, and
// nobody at all.
func TestWritesAreJudged(t *testing.T) {
	st := memory.New()
	s := serve(t, Config{Name: "a", Store: st, Authorization: true})
	ctx := bounded(t)
	as := func(name string, groups ...string) context.Context {
		return user.With(ctx, user.Info{Name: name, Groups: groups})
	}
	create := func(ctx context.Context, obj api.Object) error {
		r, _ := api.ByObject(obj)
		_, err := s.Do(ctx, api.Request{Verb: api.Create, Resource: r, Namespace: obj.GetNamespace(), Name: obj.GetName(), Object: obj})
		return err
	}
	binding := func(name, role, subject string) *rbacv1.ClusterRoleBinding {
		return &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: name}, RoleRef: rbacv1.RoleRef{Kind: "ClusterRole", Name: role},
			Subjects: []rbacv1.Subject{{Kind: "User", Name: subject}}}
	}
	require.NoError(t, create(ctx, binding("jane", "edit", "jane")), "the server itself may do everything")
	waitFor(t, func() bool {
		allowed, _, err := s.Authorize(user.Info{Name: "jane"}, rbac.Attributes{Verb: "get", Resource: "secrets", Namespace: "default", Name: "s"})
		return err == nil && allowed
	})
	require.True(t, apierrors.IsForbidden(create(as("jane"), binding("more", "cluster-admin", "jane"))))
	require.NoError(t, create(as("jane"), binding("same", "view", "joe")), "edit has all that view has")
	require.NoError(t, create(as("root", user.Masters), binding("root", "cluster-admin", "joe")))

	pod := func(name, node string) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}, Spec: corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{Name: "c", Image: "i"}}}}
	}
	require.NoError(t, create(ctx, pod("mine", "n1")))
	require.NoError(t, create(ctx, pod("yours", "n2")))
	kubelet := as("system:node:n1", user.Nodes)
	require.True(t, apierrors.IsForbidden(create(kubelet, pod("made", "n1"))))
	for name, allowed := range map[string]bool{"mine": true, "yours": false} {
		for _, verb := range []api.Verb{api.Get, api.Patch, api.Delete} {
			req := api.Request{Verb: verb, Resource: pods, Namespace: "default", Name: name}
			if verb == api.Patch {
				req.Subresource, req.PatchType, req.Patch = "status", "application/merge-patch+json", []byte(`{"status":{"phase":"Running"}}`)
			}
			_, err := s.Do(kubelet, req)
			require.Equal(t, allowed, err == nil, "%s %s: %v", verb, name, err)
			require.True(t, err == nil || apierrors.IsForbidden(err))
		}
	}
	_, err := s.Do(kubelet, api.Request{Verb: api.Get, Resource: pods, Namespace: "default", Name: "gone"})
	require.True(t, apierrors.IsNotFound(err))

	off := serve(t, Config{Name: "b", Store: memory.New()})
	_, err = off.Do(kubelet, api.Request{Verb: api.Create, Resource: pods, Namespace: "default", Object: pod("made", "n1")})
	require.NoError(t, err, "a server that does not authorize judges nobody")
}
