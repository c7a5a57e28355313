package etcd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"

	"orrery/impl/store"
)

// readError says in the contract's words why a read was not answered. A read has no effect, so all that does not name a
// reason is ErrUnavailable.
func readError(ctx context.Context, err error) error {
	if reason := named(err); reason != nil {
		return reason
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: %v", store.ErrUnavailable, err)
}

// writeError says what is known about a write that was not answered with success. When in doubt it is unknown.
func writeError(ctx context.Context, err error, sent bool) error {
	if reason := named(err); reason != nil {
		return reason
	}
	if !sent || refused(err) {
		return fmt.Errorf("%w: %v", store.ErrUnavailable, err)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", store.ErrUnknown, ctx.Err())
	}
	return fmt.Errorf("%w: %v", store.ErrUnknown, err)
}

// named returns the contract's error for an answer that gives its reason; such a request was not carried out.
func named(err error) error {
	switch {
	case errors.Is(err, rpctypes.ErrCompacted):
		return store.ErrCompacted
	case errors.Is(err, rpctypes.ErrFutureRev):
		return store.ErrFuture
	case errors.Is(err, rpctypes.ErrRequestTooLarge):
		return store.ErrTooLarge
	case codeOf(err) == codes.ResourceExhausted && strings.Contains(err.Error(), "larger than max"):
		// gRPC's own bound, on either side, is met before the request's is. The one on answers is never met: the client
		// library sets it to the largest number there is.
		return store.ErrTooLarge
	}
	return nil
}

// refused reports whether a server has answered that it did not and will not carry a write out. All other answers may
// come after the write was proposed: etcdserver's "request timed out" in its four forms, "leader changed", "server
// stopped", and what gRPC makes of a lost connection.
func refused(err error) bool {
	if errors.Is(err, rpctypes.ErrNoLeader) {
		return true // asked for with WithRequireLeader, and checked before the request is looked at
	}
	switch codeOf(err) {
	case codes.InvalidArgument, codes.OutOfRange, codes.FailedPrecondition, codes.PermissionDenied, codes.Unauthenticated,
		codes.ResourceExhausted: // too many requests; no space, which is found before the proposal or when applied
		return true
	}
	return false
}

// elsewhere reports whether a read may be answered by another member, or a moment later.
func elsewhere(err error) bool { return codeOf(err) == codes.Unavailable }

func codeOf(err error) codes.Code {
	var answer rpctypes.EtcdError
	if errors.As(err, &answer) {
		return answer.Code()
	}
	return status.Code(err)
}

// sent notes whether any part of a request was handed to a connection. What was not is definitely not done, although
// all that gRPC says is "deadline exceeded" or "unavailable" in both cases.
type sent struct{ atomic.Bool }

type sentKey struct{}

func withSent(ctx context.Context) (context.Context, *sent) {
	s := &sent{}
	return context.WithValue(ctx, sentKey{}, s), s
}

// sentHandler sets the sent in a request's context.
type sentHandler struct{}

func (sentHandler) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (sentHandler) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (sentHandler) HandleConn(context.Context, stats.ConnStats)                       {}

// HandleRPC sees the headers go out before anything else does.
func (sentHandler) HandleRPC(ctx context.Context, what stats.RPCStats) {
	if _, out := what.(*stats.OutHeader); out {
		if s, ok := ctx.Value(sentKey{}).(*sent); ok {
			s.Store(true)
		}
	}
}
