package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"orrery/impl/api"
	"orrery/impl/upgrade"
)

// How long a kubelet may take to be reached, to be trusted, and to begin its answer.
const (
	kubeletDial   = 10 * time.Second
	kubeletAnswer = time.Minute
	kubeletIdle   = 90 * time.Second
)

// kubeletTransport speaks HTTP/1.1, the only one that can be upgraded.
func kubeletTransport(config *tls.Config) *http.Transport {
	if config == nil {
		config = &tls.Config{}
	}
	config = config.Clone()
	config.NextProtos = []string{"http/1.1"}
	return &http.Transport{
		TLSClientConfig: config,
		DialContext:     (&net.Dialer{Timeout: kubeletDial}).DialContext, TLSHandshakeTimeout: kubeletDial,
		ResponseHeaderTimeout: kubeletAnswer, IdleConnTimeout: kubeletIdle,
	}
}

// connect serves the subresources that are streams: it finds the pod's kubelet and puts the client through to it.
func (c *call) connect(ctx context.Context) error {
	if len(c.r.URL.Query()["dryRun"]) > 0 {
		return apierrors.NewBadRequest("dryRun is not supported")
	}
	pod, err := c.pod(ctx)
	if err != nil {
		return err
	}
	if c.route.subresource == "log" {
		return c.log(ctx, pod)
	}
	path, query, err := c.streamTarget(pod)
	if err != nil {
		return err
	}
	if pod.Spec.NodeName == "" {
		return apierrors.NewBadRequest(fmt.Sprintf("pod %s does not have a host assigned", pod.Name))
	}
	location, err := c.kubeletURL(ctx, pod.Spec.NodeName)
	if err != nil {
		return err
	}
	if err := upgradable(c.r); err != nil {
		return err
	}
	location.Path, location.RawQuery = path, query.Encode()
	c.proxy(location)
	return nil
}

// proxy joins the client's connection with one to the kubelet. Whatever is spoken on it, SPDY or WebSocket, is between them.
func (c *call) proxy(location *url.URL) {
	responder := &responder{call: c}
	upgrade.Through(c.w.ResponseWriter, c.r, location, c.kubelet, responder)
	if !responder.failed {
		c.w.code = http.StatusSwitchingProtocols
	}
}

// responder tells the client why it was not put through.
type responder struct {
	call   *call
	failed bool
}

// Error implements proxy.ErrorResponder.
func (p *responder) Error(_ http.ResponseWriter, r *http.Request, err error) {
	p.failed = true
	var known apierrors.APIStatus
	if !errors.As(err, &known) {
		err = apierrors.NewInternalError(fmt.Errorf("error dialing backend: %w", err))
	}
	writeError(p.call.w, r, err)
}

// upgradable refuses at once the WebSocket protocols that kubectl tries first and no container runtime speaks: their clients
// then turn to SPDY, which all do.
// Upstream: the API server translates them (StreamTranslatorHandler, v1.37); a client notices only one more request.
func upgradable(r *http.Request) error {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		return nil
	}
	var offered []string
	for _, header := range r.Header.Values("Sec-WebSocket-Protocol") {
		for protocol := range strings.SplitSeq(header, ",") {
			offered = append(offered, strings.TrimSpace(protocol))
		}
	}
	if slices.ContainsFunc(offered, func(p string) bool {
		return strings.HasPrefix(p, "v4.") || strings.HasSuffix(p, "channel.k8s.io") && !strings.HasPrefix(p, "v5.")
	}) {
		return nil
	}
	return apierrors.NewBadRequest(fmt.Sprintf("the WebSocket protocols offered (%s) are not served, use SPDY/3.1", strings.Join(offered, ", ")))
}

// streamTarget is the kubelet's address of what the client asked for.
func (c *call) streamTarget(pod *corev1.Pod) (path string, query url.Values, err error) {
	asked, query := c.r.URL.Query(), url.Values{}
	place := pod.Namespace + "/" + pod.Name
	if c.route.subresource == "portforward" {
		ports, err := forwardedPorts(asked["ports"])
		if err != nil {
			return "", nil, err
		}
		if len(ports) > 0 {
			query["port"] = ports
		}
		return "/portForward/" + place, query, nil
	}
	for name, kubelets := range map[string]string{"stdin": "input", "stdout": "output", "stderr": "error", "tty": "tty"} {
		wanted, err := queryBool(c.r, name)
		if err != nil {
			return "", nil, err
		}
		if wanted {
			query.Set(kubelets, "1")
		}
	}
	if !query.Has("input") && !query.Has("output") && !query.Has("error") {
		return "", nil, apierrors.NewBadRequest("you must specify at least 1 of stdin, stdout, stderr")
	}
	container, err := containerOf(pod, asked.Get("container"))
	if err != nil {
		return "", nil, err
	}
	if c.route.subresource == "attach" {
		return "/attach/" + place + "/" + container, query, nil
	}
	if len(asked["command"]) == 0 {
		return "", nil, apierrors.NewBadRequest("you must specify the command to execute")
	}
	query["command"] = asked["command"]
	return "/exec/" + place + "/" + container, query, nil
}

func forwardedPorts(lists []string) (ports []string, err error) {
	for _, list := range lists {
		for port := range strings.SplitSeq(list, ",") {
			n, err := strconv.ParseUint(port, 10, 16)
			if err != nil || n == 0 {
				return nil, apierrors.NewBadRequest(fmt.Sprintf("unable to parse %q as a port", port))
			}
			ports = append(ports, port)
		}
	}
	return ports, nil
}

// containerOf is the container that is named, or the only one.
func containerOf(pod *corev1.Pod, name string) (string, error) {
	names := func(containers []corev1.Container) (all []string) {
		for _, container := range containers {
			all = append(all, container.Name)
		}
		return all
	}
	regular, initial := names(pod.Spec.Containers), names(pod.Spec.InitContainers)
	if name != "" {
		if slices.Contains(regular, name) || slices.Contains(initial, name) {
			return name, nil
		}
		return "", apierrors.NewBadRequest(fmt.Sprintf("container %s is not valid for pod %s", name, pod.Name))
	}
	if len(regular) == 1 {
		return regular[0], nil
	}
	message := fmt.Sprintf("a container name must be specified for pod %s", pod.Name)
	if len(regular) > 1 {
		message += fmt.Sprintf(", choose one of: %v", regular)
	}
	if len(initial) > 0 {
		message += fmt.Sprintf(" or one of the init containers: %v", initial)
	}
	return "", apierrors.NewBadRequest(message)
}

// pod reads the pod that the path names.
func (c *call) pod(ctx context.Context) (*corev1.Pod, error) {
	obj, err := c.read(ctx, c.route.resource, c.route.namespace, c.route.name)
	if err != nil {
		return nil, err
	}
	pod, ok := obj.(*corev1.Pod)
	if !ok {
		return nil, apierrors.NewInternalError(fmt.Errorf("the pod %s is a %T", c.route.name, obj))
	}
	return pod, nil
}

// kubeletURL is where the node says that its kubelet listens.
func (c *call) kubeletURL(ctx context.Context, name string) (*url.URL, error) {
	nodes, _ := api.ByName("nodes")
	obj, err := c.read(ctx, nodes, "", name)
	if err != nil {
		return nil, err
	}
	node, ok := obj.(*corev1.Node)
	if !ok {
		return nil, apierrors.NewInternalError(fmt.Errorf("the node %s is a %T", name, obj))
	}
	port := strconv.Itoa(int(node.Status.DaemonEndpoints.KubeletEndpoint.Port))
	for _, address := range node.Status.Addresses {
		if address.Type == corev1.NodeInternalIP && port != "0" {
			return &url.URL{Scheme: "https", Host: net.JoinHostPort(address.Address, port)}, nil
		}
	}
	return nil, apierrors.NewInternalError(fmt.Errorf("the node %s tells neither an InternalIP nor a port of its kubelet", name))
}

func (c *call) read(ctx context.Context, r *api.Resource, namespace, name string) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Limits.Timeout)
	defer cancel()
	response, err := c.Transport.Do(ctx, api.Request{Verb: api.Get, Resource: r, Namespace: namespace, Name: name, User: c.user.Name})
	return response.Object, err
}
