package apiserver

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"orrery/impl/api"
	"orrery/impl/apiserver/rbac/policy"
)

// systemNamespaces are those that upstream's system namespaces controller makes.
var systemNamespaces = []string{metav1.NamespaceDefault, metav1.NamespaceSystem, metav1.NamespacePublic, corev1.NamespaceNodeLease}

// bootstrap makes the namespaces that every cluster has and, where the server authorizes, the roles and bindings. Several servers may do so at
// once: a create of a name that is taken does nothing, and one of unknown outcome is repeated.
func (s *Server) bootstrap(ctx context.Context) {
	for _, name := range systemNamespaces {
		if !s.make(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}) {
			return
		}
	}
	for s.cfg.Authorization {
		missing, ok := s.missing(ctx, policy.Objects())
		if !ok {
			return
		}
		if len(missing) == 0 {
			break
		}
		for _, obj := range missing {
			if !s.make(ctx, obj) {
				return
			}
		}
	}
	s.bootstrapped.Store(true)
}

// make creates an object of the cluster, unless there is one of its name. It returns false where ctx ends first.
func (s *Server) make(ctx context.Context, obj api.Object) bool {
	r, _ := api.ByObject(obj)
	return s.insist(ctx, fmt.Sprintf("creating %s %s", r.Singular, obj.GetName()), func() error {
		_, err := s.Do(ctx, api.Request{Verb: api.Create, Resource: r, Name: obj.GetName(), Object: obj})
		if apierrors.IsAlreadyExists(err) {
			return nil
		}
		return err
	})
}

// missing are those of the objects that are not there. What is there is in this server's caches then, as a list takes that long.
//
// Upstream: also adds what rules and subjects of its own objects have lost (rbac.authorization.kubernetes.io/autoupdate).
func (s *Server) missing(ctx context.Context, wanted []api.Object) (missing []api.Object, ok bool) {
	there := map[string]bool{}
	for _, r := range []*api.Resource{clusterRoles, clusterRoleBindings} {
		listed := s.insist(ctx, "listing "+r.Name, func() error {
			response, err := s.Do(ctx, api.Request{Verb: api.List, Resource: r})
			if err != nil {
				return err
			}
			return meta.EachListItem(response.Object, func(item runtime.Object) error {
				if obj, ok := item.(api.Object); ok {
					there[r.Key("", obj.GetName())] = true
				}
				return nil
			})
		})
		if !listed {
			return nil, false
		}
	}
	for _, obj := range wanted {
		if r, _ := api.ByObject(obj); !there[r.Key("", obj.GetName())] {
			missing = append(missing, obj)
		}
	}
	return missing, true
}

// insist tries again until it succeeds; false where ctx ends first.
func (s *Server) insist(ctx context.Context, what string, try func() error) bool {
	for pause := retryFirst; ; pause = min(2*pause, retryMost) {
		err := try()
		if err == nil {
			return true
		}
		s.cfg.Warn(fmt.Errorf("%s: %w", what, err))
		select {
		case <-ctx.Done():
			return false
		case <-time.After(pause):
		}
	}
}
