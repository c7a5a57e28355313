package web

import (
	"fmt"
	"io"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"orrery/impl/api"
	"orrery/impl/apiserver/user"
)

// Limits bound what requests may take. Zero means upstream's default.
type Limits struct {
	// Mutating and Reading are how many requests that do and do not write may be served at once, watches and streams
	// not counted.
	Mutating, Reading int
	// Body is the size of a request's body in bytes.
	Body int64
	// Timeout bounds a request; a client may ask for less.
	Timeout time.Duration
	// Watch is how long a watch lasts at least, when the client does not say; at most twice as long.
	Watch time.Duration
}

// Upstream's defaults: --max-mutating-requests-inflight, --max-requests-inflight, MaxRequestBodyBytes, --request-timeout and
// --min-request-timeout.
const (
	defaultMutating = 200
	defaultReading  = 400
	defaultBody     = 3 << 20
	defaultTimeout  = time.Minute
	defaultWatch    = 30 * time.Minute
)

func (l Limits) withDefaults() Limits {
	if l.Mutating == 0 {
		l.Mutating = defaultMutating
	}
	if l.Reading == 0 {
		l.Reading = defaultReading
	}
	if l.Body == 0 {
		l.Body = defaultBody
	}
	if l.Timeout == 0 {
		l.Timeout = defaultTimeout
	}
	if l.Watch == 0 {
		l.Watch = defaultWatch
	}
	return l
}

// inflight counts the requests being served by what they hold of two channels.
type inflight struct{ mutating, reading chan struct{} }

func newInflight(l Limits) inflight {
	return inflight{mutating: make(chan struct{}, l.Mutating), reading: make(chan struct{}, l.Reading)}
}

const retryAfterSeconds = 1

func (f inflight) acquire(verb api.Verb, u user.Info) (release func(), err error) {
	slots := f.reading
	if verb.Writes() {
		slots = f.mutating
	}
	select {
	case slots <- struct{}{}:
		return func() { <-slots }, nil
	default:
	}
	if u.In(user.Masters) { // never turned away for load, as upstream's
		return func() {}, nil
	}
	// Upstream: plain text (server/filters/maxinflight.go, v1.37); a Status says the same to every client.
	return nil, apierrors.NewTooManyRequests("Too many requests, please try again later.", retryAfterSeconds)
}

// requestTimeout is what the client asks for by ?timeout=, at most limit.
func requestTimeout(r *http.Request, limit time.Duration) (time.Duration, error) {
	asked := r.URL.Query().Get("timeout")
	if asked == "" {
		return limit, nil
	}
	timeout, err := time.ParseDuration(asked)
	if err != nil {
		return 0, apierrors.NewBadRequest(fmt.Sprintf("invalid timeout specified in the request URL - %v", err))
	}
	if timeout <= 0 || timeout > limit {
		return limit, nil
	}
	return timeout, nil
}

// readBody reads all of a body that is neither too long nor too slow.
func (c *call) readBody() ([]byte, error) {
	limit := c.Limits.Body
	tooLarge := func() error { return apierrors.NewRequestEntityTooLargeError(fmt.Sprintf("limit is %d", limit)) }
	if c.r.ContentLength > limit {
		return nil, tooLarge()
	}
	control := http.NewResponseController(c.w)
	_ = control.SetReadDeadline(time.Now().Add(c.Limits.Timeout))
	body, err := io.ReadAll(io.LimitReader(c.r.Body, limit+1))
	if err != nil {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("the body of the request could not be read: %v", err))
	}
	if int64(len(body)) > limit {
		return nil, tooLarge()
	}
	// From here on a deadline would end the request itself: net/http goes on reading, to see whether the client leaves.
	_ = control.SetReadDeadline(time.Time{})
	c.bodyRead = true
	return body, nil
}
