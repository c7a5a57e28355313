package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"orrery/impl/api"
)

// write sends obj. An error of the encoder comes too late for another answer: the connection is broken off, so that the
// client does not take half of it for the whole.
func write(w http.ResponseWriter, a accepted, code int, obj runtime.Object) {
	w.Header().Set("Content-Type", a.info.MediaType)
	w.WriteHeader(code)
	if err := a.encoder().Encode(obj, w); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// writeError sends err as the Status that it is or stands for.
func writeError(w http.ResponseWriter, r *http.Request, err error) {
	status := statusOf(err)
	a, negotiationErr := negotiate(r, false)
	if negotiationErr != nil {
		a = accepted{info: jsonInfo}
	}
	if d := status.Details; d != nil && d.RetryAfterSeconds > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(d.RetryAfterSeconds)))
	}
	write(w, a, int(status.Code), status)
}

// statusOf is upstream's responsewriters.ErrorToAPIStatus: what is no Status is an internal error.
func statusOf(err error) *metav1.Status {
	var known apierrors.APIStatus
	var status metav1.Status
	switch {
	case errors.As(err, &known):
		status = known.Status()
	case errors.Is(err, context.DeadlineExceeded):
		status = apierrors.NewTimeoutError("request did not complete within the allotted timeout", 0).ErrStatus
	default:
		status = apierrors.NewInternalError(err).ErrStatus
	}
	if status.Code == 0 {
		status.Code = http.StatusInternalServerError
	}
	if status.Status == "" {
		status.Status = metav1.StatusFailure
	}
	status.Kind, status.APIVersion = "Status", "v1"
	return &status
}

// withKind returns obj saying what it is. Objects are shared, so one that does not say it is copied.
func withKind(obj runtime.Object) (runtime.Object, error) {
	if !obj.GetObjectKind().GroupVersionKind().Empty() {
		return obj, nil
	}
	kinds, _, err := api.Scheme.ObjectKinds(obj)
	if err != nil {
		return nil, fmt.Errorf("web: the server answered with a %T: %w", obj, err)
	}
	obj = obj.DeepCopyObject()
	obj.GetObjectKind().SetGroupVersionKind(kinds[0])
	return obj, nil
}
