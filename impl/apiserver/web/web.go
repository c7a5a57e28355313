package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net/http"
	"runtime/debug"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"orrery/impl/api"
	"orrery/impl/apiserver/user"
	"orrery/impl/apiserver/web/openapi"
	"orrery/impl/client"
	"orrery/impl/metrics"
)

// Config says whose API a Handler serves, to whom, and how much of it at once.
type Config struct {
	// Transport answers the requests: the API server.
	Transport client.Transport
	// Authenticators are asked in turn who sent a request; the first that knows decides.
	Authenticators []Authenticator
	// Authorizer is asked whether that user may; nil: everybody may do everything.
	Authorizer Authorizer
	// Live and Ready are the checks of /livez and /readyz; /healthz is /livez by an older name.
	Live, Ready []Check
	// Kubelet is how kubelets are spoken to: their authority, and the client certificate of the API server.
	Kubelet *tls.Config
	Limits  Limits
	// Meter counts requests, and Metrics serves /metrics; nil: nobody does, and there is none.
	Meter   *metrics.Web
	Metrics http.Handler
	// Stopping, when closed, ends all watches, so that the server can stop without waiting for them.
	Stopping <-chan struct{}
	// Now is the clock that ages in Tables are counted from; nil: time.Now.
	Now func() time.Time
	// Log gets a line for what no client is told: panics and connections that broke. Access, if not nil, gets a line for
	// every request.
	Log, Access *log.Logger
}

// Handler serves the Kubernetes API over HTTP. It is safe for any number of requests at once.
type Handler struct {
	Config
	inflight  inflight
	kubelet   *http.Transport
	discovery *discovery
	openapi   http.Handler
}

// New returns a Handler. It panics if c names no Transport.
func New(c Config) *Handler {
	if c.Transport == nil {
		panic("web: a Handler needs a Transport")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Authorizer == nil {
		c.Authorizer = alwaysAllow{}
	}
	if c.Log == nil {
		c.Log = log.Default()
	}
	c.Limits = c.Limits.withDefaults()
	return &Handler{
		Config:    c,
		inflight:  newInflight(c.Limits),
		kubelet:   kubeletTransport(c.Kubelet),
		discovery: newDiscovery(),
		openapi:   openapi.Handler(),
	}
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	growStack(false)
	rec := &recorder{ResponseWriter: w}
	began := time.Now()
	defer func() {
		if p := recover(); p != nil {
			h.recovered(rec, r, p)
		}
		if h.Meter != nil {
			h.measure(rec, r, time.Since(began))
		}
		if h.Access != nil {
			h.Access.Printf("%s %s %d %s %q", r.Method, r.URL.RequestURI(), rec.code, time.Since(began).Round(time.Microsecond), r.UserAgent())
		}
	}()
	rec.Header().Set("Cache-Control", "no-cache, private")
	if err := h.serve(rec, r); err != nil {
		writeError(rec, r, err)
	}
}

// serve answers a request, or returns why not, as long as nothing was written.
func (h *Handler) serve(w *recorder, r *http.Request) error {
	if checks, ok := h.checks(r.URL.Path); ok {
		return serveHealth(w, r, checks, h.Log)
	}
	if r.URL.Path == "/version" {
		return serveVersion(w, r)
	}
	u, err := h.authenticate(r)
	if err != nil {
		return err
	}
	if u, err = h.impersonate(u, r.Header); err != nil {
		return err
	}
	withoutCredentials(r.Header)
	if err := h.authorize(u, attributesOf(r)); err != nil {
		return err
	}
	r = r.WithContext(user.With(r.Context(), u))
	if served, err := h.serveIndex(w, r); served {
		return err
	}
	if r.URL.Path == metricsPath && h.Metrics != nil {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			return methodNotAllowed()
		}
		h.Metrics.ServeHTTP(w, r)
		return nil
	}
	c := &call{Handler: h, w: w, r: r, user: u}
	if err := c.find(); err != nil {
		return err
	}
	if err := c.authorizeStream(); err != nil {
		return err
	}
	if c.route.longRunning(c.verb) {
		if h.Meter != nil {
			asked, _ := askedFor(r)
			defer h.Meter.LongRunning(asked)()
		}
		return c.serve(r.Context())
	}
	release, err := h.inflight.acquire(c.verb, u)
	if err != nil {
		return err
	}
	defer release()
	if h.Meter != nil {
		defer h.Meter.Inflight(c.verb.Writes())()
	}
	timeout, err := requestTimeout(r, h.Limits.Timeout)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	err = c.serve(ctx)
	// What is left of a body is read off the connection afterwards, and must not trickle in for ever either.
	if !c.bodyRead && r.ContentLength != 0 {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(h.Limits.Timeout))
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && err != nil {
		return apierrors.NewTimeoutError("request did not complete within the allotted timeout", 0)
	}
	return err
}

// find finds out what the call is for.
func (c *call) find() (err error) {
	if review, namespace, ok := reviewAt(c.r.URL.Path); ok {
		c.review, c.verb, c.route.namespace = review, api.Create, namespace
		if c.r.Method != http.MethodPost {
			return methodNotAllowed()
		}
		return nil
	}
	rt, ok := parsePath(c.r.URL.Path)
	if !ok {
		return notFound()
	}
	c.route = rt
	c.verb, err = rt.verb(c.r)
	return err
}

// serveIndex serves what describes the API; served is false if the path is none of those.
func (h *Handler) serveIndex(w http.ResponseWriter, r *http.Request) (served bool, err error) {
	handler, ok := h.discovery.handler(r)
	if !ok && openapi.Serves(r.URL.Path) {
		handler, ok = h.openapi, true
	}
	if !ok {
		return false, nil
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return true, methodNotAllowed()
	}
	handler.ServeHTTP(w, r)
	return true, nil
}

// recovered turns a panic into a 500 and a line in the log. Where the answer has begun, it can only be broken off.
func (h *Handler) recovered(w *recorder, r *http.Request, p any) {
	if p == http.ErrAbortHandler {
		panic(p)
	}
	h.Log.Printf("web: panic serving %s %s: %v\n%s", r.Method, r.URL.Path, p, debug.Stack())
	if w.code != 0 {
		panic(http.ErrAbortHandler)
	}
	writeError(w, r, apierrors.NewInternalError(fmt.Errorf("the server panicked serving %s %s", r.Method, r.URL.Path)))
}

// recorder remembers the code that was sent; 0: none yet.
type recorder struct {
	http.ResponseWriter
	code int
}

func (w *recorder) WriteHeader(code int) {
	if w.code == 0 {
		w.code = code
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *recorder) Write(p []byte) (int, error) {
	if w.code == 0 {
		w.code = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
