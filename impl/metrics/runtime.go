package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"orrery/impl/kubelet/runtime"
)

// Runtime counts the operations on a container runtime, and what the last list has shown. For no Registry it is the runtime itself.
func (r *Registry) Runtime(of runtime.Runtime) runtime.Runtime {
	if r == nil {
		return of
	}
	m := &measuredRuntime{
		Runtime:    of,
		total:      r.counter("kubelet_runtime_operations_total", "Cumulative number of runtime operations by operation type.", "operation_type"),
		errors:     r.counter("kubelet_runtime_operations_errors_total", "Cumulative number of runtime operation errors by operation type.", "operation_type"),
		took:       r.histogram("kubelet_runtime_operations_duration_seconds", "Duration in seconds of runtime operations. Broken down by operation type.", prometheus.ExponentialBuckets(.005, 2.5, 14), "operation_type"),
		containers: r.gauge("kubelet_running_containers", "Number of containers currently running", "container_state"),
	}
	m.pods = register(r, prometheus.NewGauge(prometheus.GaugeOpts{Name: "kubelet_running_pods", Help: "Number of pods that have a running pod sandbox"}))
	return m
}

type measuredRuntime struct {
	runtime.Runtime
	total, errors *prometheus.CounterVec
	took          *prometheus.HistogramVec
	containers    *prometheus.GaugeVec
	pods          prometheus.Gauge
}

func (m *measuredRuntime) measure(operation string, began time.Time, err error) {
	m.total.WithLabelValues(operation).Inc()
	if err != nil {
		m.errors.WithLabelValues(operation).Inc()
	}
	m.took.WithLabelValues(operation).Observe(time.Since(began).Seconds())
}

// measured does one operation that answers something.
func measured[T any](m *measuredRuntime, operation string, do func() (T, error)) (T, error) {
	began := time.Now()
	answer, err := do()
	m.measure(operation, began, err)
	return answer, err
}

func (m *measuredRuntime) done(operation string, do func() error) error {
	began := time.Now()
	err := do()
	m.measure(operation, began, err)
	return err
}

// List implements runtime.Runtime. What is counted of pods is as it shows.
func (m *measuredRuntime) List(ctx context.Context) ([]runtime.Pod, error) {
	pods, err := measured(m, "list_podsandbox", func() ([]runtime.Pod, error) { return m.Runtime.List(ctx) })
	if err == nil {
		m.show(pods)
	}
	return pods, err
}

func (m *measuredRuntime) show(pods []runtime.Pod) {
	running, states := 0, map[runtime.State]int{runtime.Created: 0, runtime.Running: 0, runtime.Exited: 0, runtime.Unknown: 0}
	for _, pod := range pods {
		for _, s := range pod.Sandboxes {
			if s.Ready {
				running++
				break
			}
		}
		for _, c := range pod.Containers {
			states[c.State]++
		}
	}
	m.pods.Set(float64(running))
	// order does not matter: each has a gauge of its own
	for state, n := range states {
		m.containers.WithLabelValues(string(state)).Set(float64(n))
	}
}

// Status implements runtime.Runtime.
func (m *measuredRuntime) Status(ctx context.Context) (runtime.Status, error) {
	return measured(m, "status", func() (runtime.Status, error) { return m.Runtime.Status(ctx) })
}

// Inspect implements runtime.Runtime.
func (m *measuredRuntime) Inspect(ctx context.Context, uid string) (runtime.Pod, error) {
	return measured(m, "podsandbox_status", func() (runtime.Pod, error) { return m.Runtime.Inspect(ctx, uid) })
}

// RunSandbox implements runtime.Runtime.
func (m *measuredRuntime) RunSandbox(ctx context.Context, config *cri.PodSandboxConfig) (string, error) {
	return measured(m, "run_podsandbox", func() (string, error) { return m.Runtime.RunSandbox(ctx, config) })
}

// StopSandbox implements runtime.Runtime.
func (m *measuredRuntime) StopSandbox(ctx context.Context, id string) error {
	return m.done("stop_podsandbox", func() error { return m.Runtime.StopSandbox(ctx, id) })
}

// RemoveSandbox implements runtime.Runtime.
func (m *measuredRuntime) RemoveSandbox(ctx context.Context, id string) error {
	return m.done("remove_podsandbox", func() error { return m.Runtime.RemoveSandbox(ctx, id) })
}

// CreateContainer implements runtime.Runtime.
func (m *measuredRuntime) CreateContainer(ctx context.Context, sandbox string, config *cri.ContainerConfig, in *cri.PodSandboxConfig) (string, error) {
	return measured(m, "create_container", func() (string, error) { return m.Runtime.CreateContainer(ctx, sandbox, config, in) })
}

// StartContainer implements runtime.Runtime.
func (m *measuredRuntime) StartContainer(ctx context.Context, id string) error {
	return m.done("start_container", func() error { return m.Runtime.StartContainer(ctx, id) })
}

// StopContainer implements runtime.Runtime.
func (m *measuredRuntime) StopContainer(ctx context.Context, id string, grace time.Duration) error {
	return m.done("stop_container", func() error { return m.Runtime.StopContainer(ctx, id, grace) })
}

// RemoveContainer implements runtime.Runtime.
func (m *measuredRuntime) RemoveContainer(ctx context.Context, id string) error {
	return m.done("remove_container", func() error { return m.Runtime.RemoveContainer(ctx, id) })
}

// Exec implements runtime.Runtime.
func (m *measuredRuntime) Exec(ctx context.Context, id string, command []string, timeout time.Duration) (runtime.ExecResult, error) {
	return measured(m, "exec_sync", func() (runtime.ExecResult, error) { return m.Runtime.Exec(ctx, id, command, timeout) })
}

// PullImage implements runtime.Runtime.
func (m *measuredRuntime) PullImage(ctx context.Context, image string) (string, error) {
	return measured(m, "pull_image", func() (string, error) { return m.Runtime.PullImage(ctx, image) })
}
