package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"orrery/impl/api"
)

// Timeouts of the HTTP transport. A connection that hangs is noticed after PingAfter + PingTimeout.
const (
	// RequestTimeout bounds one request to one server, and the opening of a watch.
	RequestTimeout = 10 * time.Second
	// DialTimeout bounds the connection, and once more the TLS handshake.
	DialTimeout = 3 * time.Second
	// PingAfter is how long a connection may be silent before it is pinged, PingTimeout how long the answer may take.
	// Upstream: 30 s and 15 s (apimachinery util/net, http2HealthCheck).
	PingAfter   = 5 * time.Second
	PingTimeout = 5 * time.Second
)

// Server is one API server that an [HTTP] transport may ask.
type Server struct {
	Name  string
	URL   *url.URL
	TLS   *tls.Config
	Token string
}

// HTTP is a [Transport] to one or several API servers over the same store, asked in turn when one does not answer.
type HTTP struct {
	servers []server
	current atomic.Uint32
	watched *once
}

type server struct {
	Server
	client *http.Client
}

// NewHTTP returns a transport to the servers, the first of them preferred.
func NewHTTP(servers ...Server) (*HTTP, error) {
	if len(servers) == 0 {
		return nil, errors.New("client: no API server is given")
	}
	h := &HTTP{watched: newOnce(decoder)}
	for _, s := range servers {
		if s.URL == nil || s.URL.Host == "" {
			return nil, fmt.Errorf("client: API server %q has no URL", s.Name)
		}
		transport := &http.Transport{
			DialContext:         (&net.Dialer{Timeout: DialTimeout}).DialContext,
			TLSClientConfig:     s.TLS,
			TLSHandshakeTimeout: DialTimeout,
			ForceAttemptHTTP2:   true,
			HTTP2:               &http.HTTP2Config{SendPingTimeout: PingAfter, PingTimeout: PingTimeout},
			IdleConnTimeout:     90 * time.Second,
		}
		h.servers = append(h.servers, server{s, &http.Client{Transport: transport}})
	}
	return h, nil
}

// Prefer has the n-th server (counted round) asked first from now on, so that clients may spread.
func (h *HTTP) Prefer(n int) { h.current.Store(uint32(n % len(h.servers))) }

// Server names the API server that the next request goes to first.
func (h *HTTP) Server() string { return h.servers[h.first()].Name }

// Measure wraps the round trips to all servers; nil: it does not. It is called before the first request.
func (h *HTTP) Measure(wrap func(http.RoundTripper) http.RoundTripper) {
	if wrap == nil {
		return
	}
	for _, s := range h.servers {
		s.client.Transport = wrap(s.client.Transport)
	}
}

// Close closes the idle connections.
func (h *HTTP) Close() {
	for _, s := range h.servers {
		s.client.CloseIdleConnections()
	}
}

// Do sends one request. A write leaves at most once; a read is asked of every server until one answers.
func (h *HTTP) Do(ctx context.Context, req api.Request) (api.Response, error) {
	if req.Verb == api.Watch {
		return api.Response{}, apierrors.NewBadRequest("a watch is no single request")
	}
	var response api.Response
	err := h.inTurn(ctx, req, func(s server) error {
		ctx, cancel := context.WithTimeout(ctx, RequestTimeout)
		defer cancel()
		answer, err := s.send(ctx, req)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		response, err = decodeAnswer(req, answer)
		return err
	})
	return response, err
}

// Watch opens a watch at the first server that accepts it.
func (h *HTTP) Watch(ctx context.Context, req api.Request) (Stream, error) {
	req.Verb = api.Watch
	var opened Stream
	err := h.inTurn(ctx, req, func(s server) error {
		ctx, cancel := context.WithCancelCause(ctx)
		late := time.AfterFunc(RequestTimeout, func() { cancel(context.DeadlineExceeded) })
		answer, err := s.send(ctx, req)
		if err == nil && answer.StatusCode != http.StatusOK {
			_, err = decodeAnswer(req, answer)
			answer.Body.Close()
			if err == nil {
				err = fmt.Errorf("the watch was answered by %s", answer.Status)
			}
		}
		if !late.Stop() && err == nil {
			answer.Body.Close()
			err = context.DeadlineExceeded
		}
		if err == nil {
			opened, err = newStream(answer, h.watched, func() { cancel(context.Canceled) })
		}
		if err != nil {
			cancel(err)
		}
		return err
	})
	return opened, err
}

func (h *HTTP) first() int { return int(h.current.Load()) % len(h.servers) }

// inTurn tries the servers, the current one first, as long as trying another is harmless, and leaves a server that
// did not do its work as the last to be asked next time.
func (h *HTTP) inTurn(ctx context.Context, req api.Request, try func(server) error) error {
	err := checkPath(req)
	if err != nil {
		return err
	}
	for range h.servers {
		at := h.current.Load()
		s := h.servers[int(at)%len(h.servers)]
		err = try(s)
		if err == nil || answered(err) || errors.Is(ctx.Err(), context.Canceled) {
			return err
		}
		h.current.CompareAndSwap(at, at+1) // also where the caller's patience ended: the next request goes elsewhere
		if ctx.Err() != nil {
			return err
		}
		err = fmt.Errorf("%s %s at %s: %w", req.Verb, req.Resource.Name, s.Name, err)
		if req.Verb.Writes() && !errors.Is(err, api.ErrNotSent) {
			return err
		}
	}
	return err
}

// answered: the server did its work, and the error is its answer.
func answered(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status) && status.Status().Code < 500
}

// send sends the request, and returns [api.ErrNotSent] where it never left.
func (s server) send(ctx context.Context, req api.Request) (*http.Response, error) {
	body, contentType, err := encodeBody(req)
	if err != nil {
		return nil, errors.Join(api.ErrNotSent, fmt.Errorf("%T cannot be encoded: %w", req.Object, err))
	}
	path, query := pathOf(req)
	target := s.URL.JoinPath(path)
	target.RawQuery = query.Encode()
	connected := false
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected = true }})
	r, err := http.NewRequestWithContext(traced, method[req.Verb], target.String(), bytes.NewReader(body))
	if err != nil {
		return nil, errors.Join(api.ErrNotSent, err)
	}
	if len(body) == 0 {
		r.Body, r.GetBody, r.ContentLength = http.NoBody, func() (io.ReadCloser, error) { return http.NoBody, nil }, 0
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	accept := typeProtobuf + "," + typeJSON
	if req.Verb == api.Watch {
		accept = typeProtobuf + ";stream=watch," + accept
	}
	r.Header.Set("Accept", accept)
	r.Header.Set("User-Agent", "orrery")
	if s.Token != "" {
		r.Header.Set("Authorization", "Bearer "+s.Token)
	}
	answer, err := s.client.Do(r)
	if err != nil && !connected {
		return nil, errors.Join(api.ErrNotSent, err)
	}
	return answer, err
}
