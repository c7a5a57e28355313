package server

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"orrery/impl/kubelet/runtime"
	"orrery/impl/upgrade"
)

// Bounds of the way to the runtime's streaming server, which is on the same machine.
const (
	streamDial = 5 * time.Second
	streamAsk  = 30 * time.Second
)

func (s *Server) exec(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if len(query["command"]) == 0 {
		fail(w, httpError{http.StatusBadRequest, "you must specify the command to execute"})
		return
	}
	s.stream(w, r, func(ctx context.Context) (string, error) {
		id, err := s.running(r)
		if err != nil {
			return "", err
		}
		tty := on(query, "tty")
		return s.streams.ExecURL(ctx, &cri.ExecRequest{ContainerId: id, Cmd: query["command"], Tty: tty,
			Stdin: on(query, "input"), Stdout: on(query, "output"), Stderr: on(query, "error") && !tty})
	})
}

func (s *Server) attach(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	s.stream(w, r, func(ctx context.Context) (string, error) {
		id, err := s.running(r)
		if err != nil {
			return "", err
		}
		tty := on(query, "tty")
		return s.streams.AttachURL(ctx, &cri.AttachRequest{ContainerId: id, Tty: tty,
			Stdin: on(query, "input"), Stdout: on(query, "output"), Stderr: on(query, "error") && !tty})
	})
}

func (s *Server) portForward(w http.ResponseWriter, r *http.Request) {
	s.stream(w, r, func(ctx context.Context) (string, error) {
		pod, err := s.findPod(r.PathValue("namespace"), r.PathValue("pod"))
		if err != nil {
			return "", err
		}
		sandbox := pod.Sandbox()
		if sandbox == nil || !sandbox.Ready {
			return "", httpError{http.StatusBadRequest, fmt.Sprintf("pod %s/%s is not running", pod.Namespace, pod.Name)}
		}
		var ports []int32
		for _, text := range r.URL.Query()["port"] {
			n, err := strconv.ParseUint(text, 10, 16)
			if err != nil || n == 0 {
				return "", httpError{http.StatusBadRequest, fmt.Sprintf("invalid port %q", text)}
			}
			ports = append(ports, int32(n))
		}
		return s.streams.PortForwardURL(ctx, &cri.PortForwardRequest{PodSandboxId: sandbox.ID, Port: ports})
	})
}

// running is the ID of the running container that the path names.
func (s *Server) running(r *http.Request) (string, error) {
	pod, c, err := s.find(r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container"))
	if err != nil {
		return "", err
	}
	if c.State != runtime.Running {
		return "", httpError{http.StatusBadRequest, fmt.Sprintf("container %s in pod %s_%s is not running", c.Name, pod.Name, pod.Namespace)}
	}
	return c.ID, nil
}

// on reads a flag as API servers write it for kubelets: 1.
func on(query url.Values, name string) bool {
	b, err := strconv.ParseBool(query.Get(name))
	return err == nil && b
}

// stream joins the caller's connection with one to the runtime's streaming server.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, ask func(context.Context) (string, error)) {
	if s.streams == nil {
		fail(w, httpError{http.StatusNotImplemented, "the container runtime does not stream"})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), streamAsk)
	text, err := ask(ctx)
	cancel()
	if err != nil {
		fail(w, err)
		return
	}
	location, err := url.Parse(text)
	if err != nil || location.Host == "" {
		fail(w, fmt.Errorf("the container runtime gave the streaming URL %q, which is none", text))
		return
	}
	transport := &http.Transport{DialContext: (&net.Dialer{Timeout: streamDial}).DialContext, DisableKeepAlives: true}
	upgrade.Through(w, r, location, transport, responder{})
}

// responder answers a caller who could not be put through.
type responder struct{}

// Error implements proxy.ErrorResponder.
func (responder) Error(w http.ResponseWriter, _ *http.Request, err error) { fail(w, err) }
