package api

import (
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/trace"
)

// OutcomeOf says what err, returned for a request, tells about whether the request was carried out.
//
// A Status is definite unless it says that the server itself did not learn the outcome: Timeout, ServerTimeout and
// InternalError. Whatever is no Status (a timeout, a lost connection) is Unknown, except [ErrNotSent].
func OutcomeOf(err error) trace.Outcome {
	if err == nil {
		return trace.OK
	}
	if errors.Is(err, ErrNotSent) {
		return trace.Failed
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return trace.Unknown
	}
	switch status.Status().Reason {
	case metav1.StatusReasonTimeout, metav1.StatusReasonServerTimeout, metav1.StatusReasonInternalError, metav1.StatusReasonUnknown:
		return trace.Unknown
	}
	if status.Status().Code >= 500 && status.Status().Reason != metav1.StatusReasonServiceUnavailable {
		return trace.Unknown
	}
	return trace.Failed
}

// ErrNotSent: the request never left, so it is definitely not done.
var ErrNotSent = errors.New("the request was not sent")
