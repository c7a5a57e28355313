package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Requests is what wraps the round trips to API servers; nil for no Registry.
func (r *Registry) Requests() func(http.RoundTripper) http.RoundTripper {
	if r == nil {
		return nil
	}
	total := r.counter("rest_client_requests_total", "Number of HTTP requests, partitioned by status code, method, and host.", "code", "method", "host")
	took := r.histogram("rest_client_request_duration_seconds", "Request latency in seconds. Broken down by verb, and host.", latencies, "verb", "host")
	return func(next http.RoundTripper) http.RoundTripper { return roundTripper{next, total, took} }
}

type roundTripper struct {
	next  http.RoundTripper
	total *prometheus.CounterVec
	took  *prometheus.HistogramVec
}

// RoundTrip implements http.RoundTripper. The code of what got no answer is <error>, as upstream's.
func (t roundTripper) RoundTrip(request *http.Request) (*http.Response, error) {
	began := time.Now()
	answer, err := t.next.RoundTrip(request)
	code := "<error>"
	if err == nil {
		code = strconv.Itoa(answer.StatusCode)
	}
	t.total.WithLabelValues(code, request.Method, request.URL.Host).Inc()
	t.took.WithLabelValues(request.Method, request.URL.Host).Observe(time.Since(began).Seconds())
	return answer, err
}

// CloseIdleConnections is asked of the outermost round tripper, and closes those of the innermost.
func (t roundTripper) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
