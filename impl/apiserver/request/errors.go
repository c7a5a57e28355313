package request

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/store"
)

// ErrWaited is the error of a [Wait] whose bound passed before the Cache came that far.
var ErrWaited = errors.New("request: the watch cache did not come to the revision in time")

// What upstream tells of reads that history no longer reaches.
const (
	listExpired      = "The resourceVersion for the provided list is too old."
	continueExpired  = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list."
	optimisticLock   = "the object has been modified; please apply your changes to the latest version and try again"
	tooLargeRevision = "Too large resource version"
)

// retrySeconds is after how long a client that is ahead of this server shall ask again.
const retrySeconds = 1

// ofRead is the Status for a read of the store that went wrong. In a request that writes, a read that goes wrong means
// that nothing was written, so the answer is definite whatever the error.
func ofRead(err error, writes bool) error {
	switch {
	case errors.Is(err, store.ErrCompacted):
		return apierrors.NewResourceExpired(listExpired)
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, store.ErrClosed):
		return apierrors.NewServiceUnavailable(err.Error())
	case unknown(err) && writes:
		return apierrors.NewServiceUnavailable(fmt.Sprintf("nothing was written: %v", err))
	case unknown(err):
		return apierrors.NewTimeoutError(err.Error(), 0)
	}
	return apierrors.NewInternalError(err)
}

// ofWrite is the Status for a put or delete that went wrong.
//
// Upstream: a write whose outcome etcd did not tell is a 500 InternalError there, or whatever gRPC said
// (staging/src/k8s.io/apiserver/pkg/storage/etcd3). Here it is always 504 Timeout, and what is definitely not done never is.
func ofWrite(err error) error {
	switch {
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, store.ErrClosed):
		return apierrors.NewServiceUnavailable(err.Error())
	case errors.Is(err, store.ErrTooLarge):
		return apierrors.NewRequestEntityTooLargeError(err.Error())
	case unknown(err):
		return apierrors.NewTimeoutError(err.Error(), 0)
	}
	return apierrors.NewInternalError(err)
}

func unknown(err error) bool {
	return errors.Is(err, store.ErrUnknown) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// ahead is upstream's answer to a client that has seen more than this server: it may ask again, or ask another server,
// and can tell by the cause that this is why (BUGS A05).
func ahead(wanted, current int64) error {
	err := apierrors.NewTimeoutError(fmt.Sprintf("Too large resource version: %d, current: %d", wanted, current), retrySeconds)
	err.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: metav1.CauseTypeResourceVersionTooLarge, Message: tooLargeRevision}}
	return err
}

// reinitializing is upstream's answer while a Cache has nothing to serve from.
func reinitializing() error {
	return apierrors.NewTooManyRequests("storage is (re)initializing", retrySeconds)
}
