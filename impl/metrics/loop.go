package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// profile is the only one of the scheduler.
const profile = "default-scheduler"

// Loops counts what the loops of a process do; see control.Shell.
type Loops struct {
	depth, flying, leads             *prometheus.GaugeVec
	adds, retries, effects, attempts *prometheus.CounterVec
	queue, work                      *prometheus.HistogramVec
}

// Loops is what loops are measured by; nil for no Registry. That of the scheduler counts its attempts, too.
func (r *Registry) Loops(scheduler bool) *Loops {
	if r == nil {
		return nil
	}
	durations := prometheus.ExponentialBuckets(10e-9, 10, 10)
	l := &Loops{
		adds:    r.counter("workqueue_adds_total", "Total number of adds handled by workqueue", "name"),
		queue:   r.histogram("workqueue_queue_duration_seconds", "How long in seconds an item stays in workqueue before being requested.", durations, "name"),
		depth:   r.gauge("workqueue_depth", "Current depth of workqueue", "name"),
		retries: r.counter("workqueue_retries_total", "Total number of retries handled by workqueue", "name"),
		work:    r.histogram("workqueue_work_duration_seconds", "How long in seconds processing an item from workqueue takes.", durations, "name"),
		flying:  r.gauge("orrery_loop_effects_in_flight", "Effects that were sent and are not yet answered.", "name"),
		effects: r.counter("orrery_loop_effects_total", "Effects that were answered, by verb, resource and outcome.", "name", "verb", "resource", "subresource", "outcome"),
		leads:   r.gauge("leader_election_master_status", "Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master. 'name' is the string used to identify the lease. Please make sure to group by name.", "name"),
	}
	if scheduler {
		l.attempts = r.counter("scheduler_schedule_attempts_total", "Number of attempts to schedule pods, by the result. 'unschedulable' means a pod could not be scheduled, while 'error' means an internal scheduler problem.", "result", "profile")
	}
	return l
}

// Worked counts one step: how long its key had been due, what it took, and whether the key has to wait for something.
func (l *Loops) Worked(component string, waited, took time.Duration, waits bool) {
	l.queue.WithLabelValues(component).Observe(waited.Seconds())
	l.work.WithLabelValues(component).Observe(took.Seconds())
	if l.attempts != nil && waits {
		l.attempts.WithLabelValues("unschedulable", profile).Inc()
	}
}

// Performed counts one effect.
func (l *Loops) Performed(component, verb, resource, subresource, outcome string) {
	l.effects.WithLabelValues(component, verb, resource, subresource, outcome).Inc()
	if l.attempts == nil || subresource != "binding" {
		return
	}
	if outcome == "ok" {
		l.attempts.WithLabelValues("scheduled", profile).Inc()
	} else {
		l.attempts.WithLabelValues("error", profile).Inc()
	}
}

// Holds tells how many keys are due and how many effects are on their way, and how many keys more have become due, and are to be tried again after a
// backoff, since it was last told.
func (l *Loops) Holds(component string, due, inFlight int, added, retried uint64) {
	l.adds.WithLabelValues(component).Add(float64(added))
	l.retries.WithLabelValues(component).Add(float64(retried))
	l.depth.WithLabelValues(component).Set(float64(due))
	l.flying.WithLabelValues(component).Set(float64(inFlight))
}

// Leads tells whether this process holds the lease. It may be told where nothing is measured.
func (l *Loops) Leads(lease string, leads bool) {
	if l == nil {
		return
	}
	value := 0.0
	if leads {
		value = 1
	}
	l.leads.WithLabelValues(lease).Set(value)
}
