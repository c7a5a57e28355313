package metrics

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Registry holds the metrics of one process. nil: there are none.
type Registry struct{ all *prometheus.Registry }

// New returns a Registry with the metrics of the process itself and of the Go runtime.
func New() *Registry {
	r := &Registry{prometheus.NewRegistry()}
	r.all.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// Handler serves what there is to be read.
func (r *Registry) Handler() http.Handler {
	return promhttp.InstrumentMetricHandler(r.all, promhttp.HandlerFor(r.all, promhttp.HandlerOpts{Registry: r.all}))
}

func (r *Registry) counter(name, help string, labels ...string) *prometheus.CounterVec {
	return register(r, prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels))
}

func (r *Registry) gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	return register(r, prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels))
}

func (r *Registry) histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return register(r, prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels))
}

func register[C prometheus.Collector](r *Registry, c C) C {
	r.all.MustRegister(c)
	return c
}

// latencies are for what goes over a network: a millisecond to a minute.
var latencies = []float64{0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}
