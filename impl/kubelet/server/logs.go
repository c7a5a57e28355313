package server

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"orrery/impl/kubelet/logs"
	"orrery/impl/kubelet/runtime"
)

func (s *Server) logs(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	options, follow, previous, err := logOptions(query, time.Now())
	if err != nil {
		fail(w, err)
		return
	}
	name := r.PathValue("container")
	pod, container, err := s.find(r.PathValue("namespace"), r.PathValue("pod"), name)
	if err != nil {
		fail(w, err)
		return
	}
	if previous {
		if container = before(pod, container); container == nil {
			fail(w, httpError{http.StatusBadRequest, fmt.Sprintf("previous terminated container %q in pod %q not found", name, pod.Name)})
			return
		}
	} else if container.State == runtime.Created {
		if container = before(pod, container); container == nil {
			fail(w, httpError{http.StatusBadRequest, fmt.Sprintf("container %q in pod %q is waiting to start: ContainerCreating", name, pod.Name)})
			return
		}
	}
	file, err := os.Open(s.source.LogFile(pod, *container))
	if err != nil {
		fail(w, fmt.Errorf("failed to try resolving symlinks in path: %w", err))
		return
	}
	defer file.Close()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusOK)
	if follow {
		controller := http.NewResponseController(w)
		_ = controller.Flush()
		err = logs.Follow(r.Context(), flushing{w, controller}, file, options, func() bool { return s.ended(pod.UID, container.ID) })
	} else {
		err = logs.Copy(w, file, options)
	}
	if err != nil {
		// The status has been sent: the reader is told in the only place that is left.
		_, _ = fmt.Fprintf(w, "failed to read the log of container %s: %v\n", name, err)
	}
}

// before is the newest attempt that ended before c.
func before(pod runtime.Pod, c *runtime.Container) *runtime.Container {
	for i := range pod.Containers {
		if p := &pod.Containers[i]; p.Name == c.Name && p.ID != c.ID && p.State == runtime.Exited {
			return p
		}
	}
	return nil
}

// ended reports whether a container will write no more.
func (s *Server) ended(uid, id string) bool {
	for _, p := range s.source.Pods() {
		for i := range p.Containers {
			if p.UID == uid && p.Containers[i].ID == id {
				return !p.Containers[i].MayRun()
			}
		}
	}
	return true
}

// flushing lets every piece go to the reader at once.
type flushing struct {
	http.ResponseWriter
	controller *http.ResponseController
}

func (f flushing) Flush() { _ = f.controller.Flush() }

// logOptions reads the query of a log request.
func logOptions(query url.Values, now time.Time) (o logs.Options, follow, previous bool, err error) {
	number := func(name string, least int64) *int64 {
		text := query.Get(name)
		if text == "" || err != nil {
			return nil
		}
		n, parseErr := strconv.ParseInt(text, 10, 64)
		if parseErr != nil || n < least {
			err = httpError{http.StatusBadRequest, fmt.Sprintf("invalid %s %q: must be a number, %d at least", name, text, least)}
			return nil
		}
		return &n
	}
	flag := func(name string) bool {
		text := query.Get(name)
		if text == "" || err != nil {
			return false
		}
		b, parseErr := strconv.ParseBool(text)
		if parseErr != nil {
			err = httpError{http.StatusBadRequest, fmt.Sprintf("invalid %s %q: must be true or false", name, text)}
		}
		return b
	}
	o.TailLines, o.LimitBytes = number("tailLines", 0), number("limitBytes", 1)
	if seconds := number("sinceSeconds", 1); seconds != nil {
		o.Since = now.Add(-time.Duration(*seconds) * time.Second)
	}
	if text := query.Get("sinceTime"); text != "" && err == nil {
		if o.Since, err = time.Parse(time.RFC3339, text); err != nil {
			err = httpError{http.StatusBadRequest, fmt.Sprintf("invalid sinceTime %q: must be a time like 2006-01-02T15:04:05Z", text)}
		}
	}
	o.Timestamps = flag("timestamps")
	switch stream := query.Get("stream"); stream {
	case "", "All":
	case "Stdout":
		o.Stream = logs.Stdout
	case "Stderr":
		o.Stream = logs.Stderr
	default:
		err = httpError{http.StatusBadRequest, fmt.Sprintf("invalid stream %q: must be All, Stdout or Stderr", stream)}
	}
	return o, flag("follow"), flag("previous"), err
}
