package request_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/apiserver/registry"
	"orrery/impl/apiserver/request"
	"orrery/impl/store"
	"orrery/impl/token"
)

// Goal: no token is issued where admission refuses it, or what it depends on cannot be read. Method: one of these at a time; what is issued otherwise
// is judged with HTTP around it, in web.
func TestATokenThatIsNotIssued(t *testing.T) {
	w := newWorld(t, 0)
	w.must(api.Request{Verb: api.Create, Resource: serviceAccounts, Namespace: "default", Object: &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "a"}}})
	asked := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		BoundObjectRef: &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: "p"}}}
	begin := func(admit error) *request.Machine {
		return request.New(api.Request{Verb: api.Create, Resource: serviceAccounts, Subresource: "token", Namespace: "default", Name: "a", Object: asked}, w, func() registry.Env {
			env := w.env()
			env.Tokens = token.NewIssuer(nil)
			env.Admit = func(api.Request, api.Object, api.Object) error { return admit }
			return env
		})
	}
	refused := apierrors.NewForbidden(serviceAccounts.GR(), "a", errors.New("it is not on this node"))
	require.Equal(t, refused, w.finish(begin(refused)).Err)

	m := begin(nil)
	w.ask(m)
	m.Done(request.Answer{Err: store.ErrUnavailable})
	_, result := m.Next()
	require.Equal(t, apierrors.IsServiceUnavailable(result.Err), true, "%v", result.Err)

	m = begin(nil)
	m.Done(w.perform(w.ask(m)))
	op := w.ask(m)
	require.Equal(t, pods.Key("default", "p"), op.Key)
	m.Done(request.Answer{KV: &store.KV{Key: op.Key, Value: []byte("}"), Mod: 9}})
	_, result = m.Next()
	require.True(t, apierrors.IsInternalError(result.Err), "%v", result.Err)

	require.True(t, apierrors.IsNotFound(w.finish(begin(nil)).Err), "there is no such pod")
}
