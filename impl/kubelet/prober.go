package kubelet

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"orrery/impl/kubelet/runtime"
)

// maxProbeBody bounds how much of an HTTP answer is read. Upstream: pkg/probe/http/http.go, 10 KiB.
const maxProbeBody = 10 << 10

// errUndecided is the outcome of a probe that could not be made: it counts neither way. Upstream: probe.Unknown.
var errUndecided = errors.New("the probe could not be made")

var errStatusCode = errors.New("HTTP probe failed with statuscode")

// probe asks a container how it is, and counts the answer.
func (l *Local) probe(ctx context.Context, e RunProbe) (int64, error) {
	began := l.Now()
	err := l.ask(ctx, e)
	undecided := errors.Is(err, errUndecided)
	if err != nil && !undecided {
		l.warn(e.PodRef, "Unhealthy", e.Path, "%s probe failed: %v", e.Kind.title(), err)
	}
	return l.remember(e.PodRef, func(o *Observed) {
		states := o.Probes[e.ID]
		if states == nil {
			states = map[ProbeKind]ProbeState{}
			o.Probes[e.ID] = states
		}
		state := states[e.Kind]
		if undecided {
			state.Last = began
		} else {
			state = state.after(e.Probe, began, err == nil)
		}
		states[e.Kind] = state
		o.forget() // the container may have gone meanwhile
	}), nil
}

// ask makes one probe; nil is a success.
func (l *Local) ask(ctx context.Context, e RunProbe) error {
	timeout := interval(e.Probe.TimeoutSeconds, 1)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	switch h := e.Probe.ProbeHandler; {
	case h.Exec != nil:
		return l.execute(ctx, e.ID, h.Exec.Command, timeout)
	case h.HTTPGet != nil:
		return get(ctx, h.HTTPGet, e.Host, e.Ports)
	case h.TCPSocket != nil:
		return connect(ctx, h.TCPSocket, e.Host, e.Ports)
	case h.GRPC != nil:
		return health(ctx, h.GRPC, e.Host)
	}
	return fmt.Errorf("missing probe handler")
}

func (l *Local) execute(ctx context.Context, id string, command []string, timeout time.Duration) error {
	result, err := l.Runtime.Exec(ctx, id, command, timeout)
	switch {
	case errors.Is(err, runtime.ErrTimeout):
		return fmt.Errorf("command timed out: %q timed out after %v", strings.Join(command, " "), timeout)
	case err != nil:
		return fmt.Errorf("%w: %w", errUndecided, err)
	case result.ExitCode != 0:
		return errors.New(strings.TrimSuffix(string(result.Output), "\n"))
	}
	return nil
}

// get is an HTTP request that any answer from 200 to 399 satisfies. Certificates are not verified, as upstream does not.
func get(ctx context.Context, h *corev1.HTTPGetAction, host string, ports []corev1.ContainerPort) error {
	address, err := target(h.Port, h.Host, host, ports)
	if err != nil {
		return err
	}
	scheme := strings.ToLower(string(h.Scheme))
	if scheme == "" {
		scheme = "http"
	}
	path := "/" + strings.TrimPrefix(h.Path, "/")
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+address+path, nil)
	if err != nil {
		return err
	}
	for _, header := range h.HTTPHeaders {
		request.Header.Add(header.Name, header.Value)
		if http.CanonicalHeaderKey(header.Name) == "Host" {
			request.Host = header.Value
		}
	}
	if request.Header.Get("User-Agent") == "" {
		request.Header.Set("User-Agent", "kube-probe/1.37")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}
	client := &http.Client{Transport: transport, CheckRedirect: func(next *http.Request, _ []*http.Request) error {
		if next.URL.Hostname() != request.URL.Hostname() {
			return http.ErrUseLastResponse // another host says nothing about this one
		}
		return nil
	}}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(response.Body, maxProbeBody)); err != nil {
		return err
	}
	if response.StatusCode < http.StatusOK || response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%w: %d", errStatusCode, response.StatusCode)
	}
	return nil
}

func connect(ctx context.Context, h *corev1.TCPSocketAction, host string, ports []corev1.ContainerPort) error {
	address, err := target(h.Port, h.Host, host, ports)
	if err != nil {
		return err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}

func health(ctx context.Context, h *corev1.GRPCAction, host string) error {
	address := net.JoinHostPort(host, strconv.Itoa(int(h.Port)))
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithUserAgent("kube-probe/1.37"))
	if err != nil {
		return err
	}
	defer conn.Close()
	service := ""
	if h.Service != nil {
		service = *h.Service
	}
	answer, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: service})
	if err != nil {
		return err
	}
	if answer.Status != grpc_health_v1.HealthCheckResponse_SERVING {
		return fmt.Errorf("service unhealthy (responded with %q)", answer.Status)
	}
	return nil
}

// target is the address that a probe or hook asks: a named port is looked up in the container's ports.
func target(port intstr.IntOrString, own, host string, ports []corev1.ContainerPort) (string, error) {
	if own != "" {
		host = own
	}
	if host == "" {
		return "", fmt.Errorf("%w: the pod has no address", errUndecided)
	}
	number := port.IntValue()
	if port.Type == intstr.String {
		for _, p := range ports {
			if p.Name == port.StrVal {
				number = int(p.ContainerPort)
			}
		}
	}
	if number <= 0 || number > 65535 {
		return "", fmt.Errorf("invalid port: %s", port.String())
	}
	return net.JoinHostPort(host, strconv.Itoa(number)), nil
}
