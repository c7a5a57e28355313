package membership

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Goal: what does not tell what became of a change is not taken for its failure, and a refusal is not tried again for ever. Method: a table of
// etcd's answers.
func TestWhatPasses(t *testing.T) {
	for _, err := range []error{
		rpctypes.ErrStopped, rpctypes.ErrNoLeader, rpctypes.ErrLeaderChanged, rpctypes.ErrTimeout, rpctypes.ErrTimeoutDueToLeaderFail, rpctypes.ErrUnhealthy,
		status.Error(codes.Unavailable, "error reading from server: EOF"), context.DeadlineExceeded,
		rpctypes.ErrMemberLearnerNotReady, rpctypes.ErrMemberNotEnoughStarted, rpctypes.ErrNotLeader, rpctypes.ErrBadLeaderTransferee,
	} {
		require.True(t, passing(err), "%v", err)
	}
	for _, err := range []error{
		rpctypes.ErrMemberExist, rpctypes.ErrPeerURLExist, rpctypes.ErrMemberNotFound, rpctypes.ErrTooManyLearners, rpctypes.ErrPermissionDenied,
		errors.New("no member says that it leads"), context.Canceled,
	} {
		require.False(t, passing(err), "%v", err)
	}
}
