package metrics

import (
	"context"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"orrery/impl/api"
	"orrery/impl/store"
)

// Store counts the operations on s. For no Registry it is s itself.
func (r *Registry) Store(s store.Store) store.Store {
	if r == nil {
		return s
	}
	labels := []string{"operation", "group", "resource"}
	return &measuredStore{
		Store:  s,
		total:  r.counter("etcd_requests_total", "Etcd request counts for each operation and object type.", labels...),
		errors: r.counter("etcd_request_errors_total", "Etcd failed request counts for each operation and object type.", labels...),
		took:   r.histogram("etcd_request_duration_seconds", "Etcd request latency in seconds for each operation and object type.", latencies, labels...),
	}
}

// measuredStore counts what is one request. A watch is not, and what it delivers comes as it does.
type measuredStore struct {
	store.Store
	total, errors *prometheus.CounterVec
	took          *prometheus.HistogramVec
}

func (s *measuredStore) measure(operation, key string, began time.Time, err error) {
	group, resource := ofKey(key)
	s.total.WithLabelValues(operation, group, resource).Inc()
	if err != nil {
		s.errors.WithLabelValues(operation, group, resource).Inc()
	}
	s.took.WithLabelValues(operation, group, resource).Observe(time.Since(began).Seconds())
}

// ofKey is the resource whose objects have keys like this; that of all others is empty.
func ofKey(key string) (group, resource string) {
	name, _, _ := strings.Cut(strings.TrimPrefix(key, "/registry/"), "/")
	if r, ok := api.ByName(name); ok {
		return r.Group, r.Name
	}
	return "", ""
}

// Get implements store.Store.
func (s *measuredStore) Get(ctx context.Context, key string, opts store.GetOptions) (store.GetResponse, error) {
	began := time.Now()
	answer, err := s.Store.Get(ctx, key, opts)
	s.measure("get", key, began, err)
	return answer, err
}

// List implements store.Store.
func (s *measuredStore) List(ctx context.Context, prefix string, opts store.ListOptions) (store.ListResponse, error) {
	began := time.Now()
	answer, err := s.Store.List(ctx, prefix, opts)
	s.measure("list", prefix, began, err)
	return answer, err
}

// Count implements store.Store.
func (s *measuredStore) Count(ctx context.Context, prefix string) (store.CountResponse, error) {
	began := time.Now()
	answer, err := s.Store.Count(ctx, prefix)
	s.measure("count", prefix, began, err)
	return answer, err
}

// Put implements store.Store. Upstream's names for it are create and update.
func (s *measuredStore) Put(ctx context.Context, key string, value []byte, expected int64, guards ...store.Guard) (store.PutResponse, error) {
	began := time.Now()
	answer, err := s.Store.Put(ctx, key, value, expected, guards...)
	operation := "update"
	if expected == 0 {
		operation = "create"
	}
	s.measure(operation, key, began, err)
	return answer, err
}

// Delete implements store.Store.
func (s *measuredStore) Delete(ctx context.Context, key string, expected int64) (store.DeleteResponse, error) {
	began := time.Now()
	answer, err := s.Store.Delete(ctx, key, expected)
	s.measure("delete", key, began, err)
	return answer, err
}
