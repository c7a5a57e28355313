package metrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Web counts what an API server is asked over HTTP; see web.Config.
type Web struct {
	total                 *prometheus.CounterVec
	took                  *prometheus.HistogramVec
	inflight, longRunning *prometheus.GaugeVec
}

// Asked is what a request is for, in upstream's words.
type Asked struct{ Verb, DryRun, Group, Version, Resource, Subresource, Scope string }

// Web is what a web.Handler is measured by; nil for no Registry.
func (r *Registry) Web() *Web {
	if r == nil {
		return nil
	}
	labels := []string{"verb", "group", "version", "resource", "subresource", "scope", "component"}
	with := func(more ...string) []string { return append(append([]string{}, labels...), more...) }
	return &Web{
		total:       r.counter("apiserver_request_total", "Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.", with("dry_run", "code")...),
		took:        r.histogram("apiserver_request_duration_seconds", "Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.", latencies, with("dry_run")...),
		inflight:    r.gauge("apiserver_current_inflight_requests", "Number of requests of this apiserver that are being served, per request kind.", "request_kind"),
		longRunning: r.gauge("apiserver_longrunning_requests", "Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component. Not all requests are tracked this way.", labels...),
	}
}

func (a Asked) values(more ...string) []string {
	return append([]string{a.Verb, a.Group, a.Version, a.Resource, a.Subresource, a.Scope, "apiserver"}, more...)
}

// Answered counts a request. What lasts as long as its client likes has no latency.
func (w *Web) Answered(a Asked, code int, took time.Duration, longRunning bool) {
	w.total.WithLabelValues(a.values(a.DryRun, strconv.Itoa(code))...).Inc()
	if !longRunning {
		w.took.WithLabelValues(a.values(a.DryRun)...).Observe(took.Seconds())
	}
}

// Inflight counts a request that begins to be served, until done is called.
func (w *Web) Inflight(writes bool) (done func()) {
	kind := "readOnly"
	if writes {
		kind = "mutating"
	}
	g := w.inflight.WithLabelValues(kind)
	g.Inc()
	return g.Dec
}

// LongRunning counts a watch or stream, until done is called.
func (w *Web) LongRunning(a Asked) (done func()) {
	g := w.longRunning.WithLabelValues(a.values()...)
	g.Inc()
	return g.Dec
}

// Caches tells how far watch caches have come: revisions calls tell for each when it is asked.
func (r *Registry) Caches(revisions func(tell func(group, resource string, revision int64))) {
	if r == nil {
		return
	}
	r.all.MustRegister(caches{
		prometheus.NewDesc("apiserver_watch_cache_resource_version", "Current resource version of watch cache broken by resource type.", []string{"group", "resource"}, nil), revisions,
	})
}

type caches struct {
	desc      *prometheus.Desc
	revisions func(tell func(group, resource string, revision int64))
}

// Describe implements prometheus.Collector.
func (c caches) Describe(all chan<- *prometheus.Desc) { all <- c.desc }

// Collect implements prometheus.Collector.
func (c caches) Collect(all chan<- prometheus.Metric) {
	c.revisions(func(group, resource string, revision int64) {
		all <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, float64(revision), group, resource)
	})
}
