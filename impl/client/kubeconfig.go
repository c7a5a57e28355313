package client

import (
	"fmt"
	"net/url"
	"slices"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// FromKubeconfig returns a transport to every cluster of a kubeconfig, each taken as an alternative API server over the
// same store: that of the current context first, the others by name. The user is that of the current context.
func FromKubeconfig(path string) (*HTTP, error) {
	config, err := clientcmd.LoadFromFile(path)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig %s: %w", path, err)
	}
	current := config.Contexts[config.CurrentContext]
	if current == nil {
		return nil, fmt.Errorf("kubeconfig %s: there is no current context %q", path, config.CurrentContext)
	}
	names := []string{current.Cluster}
	for name := range config.Clusters {
		if name != current.Cluster {
			names = append(names, name)
		}
	}
	slices.Sort(names[1:])
	var servers []Server
	for _, name := range names {
		overrides := &clientcmd.ConfigOverrides{}
		overrides.Context.Cluster = name
		c, err := clientcmd.NewNonInteractiveClientConfig(*config, config.CurrentContext, overrides, nil).ClientConfig()
		if err != nil {
			return nil, fmt.Errorf("kubeconfig %s: cluster %q: %w", path, name, err)
		}
		server, err := serverOf(name, c)
		if err != nil {
			return nil, fmt.Errorf("kubeconfig %s: cluster %q: %w", path, name, err)
		}
		servers = append(servers, server)
	}
	return NewHTTP(servers...)
}

func serverOf(name string, c *rest.Config) (Server, error) {
	target, err := url.Parse(c.Host)
	if err != nil || target.Host == "" {
		return Server{}, fmt.Errorf("server %q is no URL", c.Host)
	}
	tls, err := rest.TLSConfigFor(c)
	if err != nil {
		return Server{}, err
	}
	return Server{Name: name, URL: target, TLS: tls, Token: c.BearerToken}, nil
}
