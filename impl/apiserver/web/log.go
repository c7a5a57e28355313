package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// kubeletError is how much of a kubelet's error is repeated to the client.
const kubeletError = 8 << 10

// log copies a container's log from its kubelet, as it is written if the client follows it.
func (c *call) log(ctx context.Context, pod *corev1.Pod) error {
	query, err := logQuery(c.r, pod.Name)
	if err != nil {
		return err
	}
	container, err := containerOf(pod, c.r.URL.Query().Get("container"))
	if err != nil {
		return err
	}
	if pod.Spec.NodeName == "" {
		c.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	location, err := c.kubeletURL(ctx, pod.Spec.NodeName)
	if err != nil {
		return err
	}
	location.Path = "/containerLogs/" + pod.Namespace + "/" + pod.Name + "/" + container
	location.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, location.String(), nil)
	if err != nil {
		return err
	}
	response, err := c.kubelet.RoundTrip(request)
	if err != nil {
		//lint:ignore ST1005 the words are upstream's, who have them from net/http
		return apierrors.NewInternalError(fmt.Errorf("Get %q: %w", location, err))
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return kubeletsError(response, pod.Name)
	}
	c.w.Header().Set("Content-Type", "text/plain")
	c.w.WriteHeader(http.StatusOK)
	c.copyLog(response.Body)
	return nil
}

// copyLog flushes after every read: a line is shown when it is written. A log that is broken off must not look complete.
func (c *call) copyLog(log io.Reader) {
	control := http.NewResponseController(c.w)
	buffer := make([]byte, 32<<10)
	for {
		n, err := log.Read(buffer)
		if n > 0 {
			_ = control.SetWriteDeadline(time.Now().Add(stalledWatch))
			if _, err := c.w.Write(buffer[:n]); err != nil {
				return
			}
			if err := control.Flush(); err != nil {
				return
			}
			_ = control.SetWriteDeadline(time.Time{})
		}
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			panic(http.ErrAbortHandler)
		}
	}
}

// kubeletsError passes on why a kubelet refused.
func kubeletsError(response *http.Response, pod string) error {
	body, err := io.ReadAll(io.LimitReader(response.Body, kubeletError))
	if err != nil {
		return apierrors.NewInternalError(err)
	}
	switch response.StatusCode {
	case http.StatusInternalServerError:
		return apierrors.NewInternalError(errors.New(string(body)))
	case http.StatusBadRequest:
		return apierrors.NewBadRequest(string(body))
	}
	return apierrors.NewGenericServerResponse(response.StatusCode, "get", schema.GroupResource{Resource: "pods/log"}, pod, string(body), 0, false)
}

// logQuery checks the options of a log and returns them as the kubelet takes them.
func logQuery(r *http.Request, pod string) (url.Values, error) {
	asked, query := r.URL.Query(), url.Values{}
	for _, name := range []string{"follow", "previous", "timestamps"} {
		wanted, err := queryBool(r, name)
		if err != nil {
			return nil, err
		}
		if wanted {
			query.Set(name, "true")
		}
	}
	var errs field.ErrorList
	for name, least := range map[string]int64{"tailLines": 0, "limitBytes": 1, "sinceSeconds": 1} {
		text := asked.Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, badRequest(err)
		}
		if n < least {
			errs = append(errs, field.Invalid(field.NewPath(name), n, fmt.Sprintf("must be greater than or equal to %d", least)))
		}
		query.Set(name, text)
	}
	if since := asked.Get("sinceTime"); since != "" {
		if _, err := time.Parse(time.RFC3339, since); err != nil {
			return nil, badRequest(err)
		}
		if query.Has("sinceSeconds") {
			errs = append(errs, field.Forbidden(field.NewPath(""), "at most one of `sinceTime` or `sinceSeconds` may be specified"))
		}
		query.Set("sinceTime", since)
	}
	if stream := asked.Get("stream"); stream != "" && stream != corev1.LogStreamAll {
		errs = append(errs, field.Forbidden(field.NewPath("stream"), "may not be specified"))
	}
	if len(errs) > 0 {
		return nil, apierrors.NewInvalid(corev1.SchemeGroupVersion.WithKind("PodLogOptions").GroupKind(), pod, errs)
	}
	return query, nil
}
