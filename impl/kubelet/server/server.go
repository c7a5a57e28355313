package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/kubelet/runtime"
)

// Bounds of a connection.
const (
	headerTimeout = 30 * time.Second
	idleTimeout   = 90 * time.Second
)

// Source is where the server finds what it serves.
type Source interface {
	// Pods are the pods on the node, in any state.
	Pods() []runtime.Pod
	// LogFile is the path of a container's log.
	LogFile(pod runtime.Pod, container runtime.Container) string
}

// Server is the kubelet's server.
type Server struct {
	source  Source
	streams runtime.Streamer // nil: the runtime has none
	mux     *http.ServeMux
}

// New makes a Server.
func New(source Source, streams runtime.Streamer) *Server {
	s := &Server{source: source, streams: streams, mux: http.NewServeMux()}
	s.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) })
	s.mux.HandleFunc("GET /pods", s.pods)
	s.mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", s.logs)
	s.mux.HandleFunc("/exec/{namespace}/{pod}/{container}", s.exec)
	s.mux.HandleFunc("/attach/{namespace}/{pod}/{container}", s.attach)
	s.mux.HandleFunc("/portForward/{namespace}/{pod}", s.portForward)
	return s
}

// ServeHTTP lets in only members of system:masters.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
		return
	}
	subject := r.TLS.PeerCertificates[0].Subject
	if !slices.Contains(subject.Organization, "system:masters") {
		http.Error(w, fmt.Sprintf("Forbidden (user=%s, verb=%s, path=%s)", subject.CommonName, r.Method, r.URL.Path), http.StatusForbidden)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// Serve serves on the listener until ctx ends.
func (s *Server) Serve(ctx context.Context, listener net.Listener, certificate tls.Certificate, clients *x509.CertPool) error {
	server := &http.Server{
		Handler: s, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout,
		BaseContext: func(net.Listener) context.Context { return ctx },
		Protocols:   new(http.Protocols), // HTTP/1.1 alone can be upgraded
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, ClientCAs: clients,
			ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12},
	}
	server.Protocols.SetHTTP1(true)
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("the kubelet's server: %w", err)
	}
	return nil
}

// pods lists what is on the node.
func (s *Server) pods(w http.ResponseWriter, _ *http.Request) {
	list := corev1.PodList{TypeMeta: metav1.TypeMeta{Kind: "PodList", APIVersion: "v1"}, Items: []corev1.Pod{}}
	for _, p := range s.source.Pods() {
		pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: p.Name, UID: types.UID(p.UID)}}
		for _, c := range p.Containers {
			pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, corev1.ContainerStatus{Name: c.Name, ContainerID: c.ID,
				RestartCount: int32(c.Attempt), Image: c.Image, ImageID: c.ImageRef, Ready: c.State == runtime.Running})
		}
		list.Items = append(list.Items, pod)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(list)
}

// find is the newest attempt of a container of the pod of that name.
func (s *Server) find(namespace, name, container string) (pod runtime.Pod, c *runtime.Container, err error) {
	if pod, err = s.findPod(namespace, name); err != nil {
		return pod, nil, err
	}
	if c = pod.Latest(container); c == nil {
		return pod, nil, httpError{http.StatusNotFound, fmt.Sprintf("container %s not found in pod %s_%s", container, name, namespace)}
	}
	return pod, c, nil
}

// findPod is the pod of that name; of several UIDs the one whose sandbox lives.
func (s *Server) findPod(namespace, name string) (found runtime.Pod, err error) {
	err = httpError{http.StatusNotFound, fmt.Sprintf("pod does not exist: %s/%s", namespace, name)}
	for _, p := range s.source.Pods() {
		if p.Namespace != namespace || p.Name != name {
			continue
		}
		if sandbox := p.Sandbox(); err != nil || sandbox != nil && sandbox.Ready {
			found, err = p, nil
		}
	}
	return found, err
}

// httpError is an error with the status that it is answered with.
type httpError struct {
	code    int
	message string
}

func (e httpError) Error() string { return e.message }

func fail(w http.ResponseWriter, err error) {
	code := http.StatusInternalServerError
	var known httpError
	if errors.As(err, &known) {
		code = known.code
	}
	http.Error(w, err.Error(), code)
}
