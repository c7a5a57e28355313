package apiserver

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
)

// systemNamespaces are those that upstream's system namespaces controller makes.
var systemNamespaces = []string{metav1.NamespaceDefault, metav1.NamespaceSystem, metav1.NamespacePublic, corev1.NamespaceNodeLease}

// bootstrap makes the namespaces that every cluster has. Several servers may do so at once: a create of a name that is
// taken does nothing, and one of unknown outcome is repeated.
func (s *Server) bootstrap(ctx context.Context) {
	namespaces, _ := api.ByName("namespaces")
	for _, name := range systemNamespaces {
		create := api.Request{Verb: api.Create, Resource: namespaces, Name: name,
			Object: &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}}
		for pause := retryFirst; ; pause = min(2*pause, retryMost) {
			_, err := s.Do(ctx, create)
			if err == nil || apierrors.IsAlreadyExists(err) {
				break
			}
			s.cfg.Warn(fmt.Errorf("creating namespace %s: %w", name, err))
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
		}
	}
	s.bootstrapped.Store(true)
}
