package request

import (
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"orrery/impl/api"
	"orrery/impl/apiserver/registry"
)

// issues reports whether a request is one for a token of a service account.
func issues(req api.Request) bool {
	return req.Resource.Name == "serviceaccounts" && req.Subresource == "token" && req.Verb == api.Create
}

// issue answers a request for a token. The account, what the token is bound to, and the node of a pod are read from the store: what is gone gets
// no token, and nothing is written.
func (m *Machine) issue() {
	m.readOne(m.req.Resource, m.req.Namespace, m.req.Name, func(obj api.Object) {
		env := m.env()
		if env.Admit != nil {
			if err := env.Admit(m.req, nil, nil); err != nil {
				m.fail(err)
				return
			}
		}
		account, _ := obj.(*corev1.ServiceAccount)
		t, err := registry.DecideToken(account, m.req, env.Tokens)
		if err != nil {
			m.fail(err)
			return
		}
		resource, namespace, name := t.Bound()
		if resource == nil {
			m.issued(t, nil, nil, env)
			return
		}
		m.readOne(resource, namespace, name, func(bound api.Object) {
			if bound == nil {
				m.fail(apierrors.NewNotFound(resource.GR(), name))
				return
			}
			pod, ok := bound.(*corev1.Pod)
			if !ok || pod.Spec.NodeName == "" {
				m.issued(t, bound, nil, env)
				return
			}
			nodes, _ := api.ByName("nodes")
			m.readOne(nodes, "", pod.Spec.NodeName, func(obj api.Object) {
				node, _ := obj.(*corev1.Node)
				m.issued(t, bound, node, env)
			})
		})
	})
}

func (m *Machine) issued(t *registry.TokenRequest, bound api.Object, node *corev1.Node, env registry.Env) {
	answer, err := t.Issue(bound, node, env)
	if err != nil {
		m.fail(err)
		return
	}
	m.finish(api.Response{Object: answer, Created: true}, nil)
}

// readOne reads an object from the store, and goes on with nil where there is none.
func (m *Machine) readOne(r *api.Resource, namespace, name string, then func(api.Object)) {
	m.ask(Op{Kind: Get, Resource: r, Key: r.Key(namespace, name)}, func(a Answer) {
		switch {
		case a.Err != nil:
			m.fail(ofRead(a.Err, true))
		case a.KV == nil:
			then(nil)
		default:
			item, err := m.caches.Decode(*a.KV)
			if err != nil {
				m.fail(apierrors.NewInternalError(err))
				return
			}
			then(item.Object)
		}
	})
}
