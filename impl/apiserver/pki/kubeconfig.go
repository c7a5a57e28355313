package pki

import (
	"errors"
	"fmt"
	"os"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Cluster is one API server as a kubeconfig names it. Server is its URL.
type Cluster struct {
	Name, Server string
}

// Kubeconfig writes path for the client s, whose certificate NAME it issues: a cluster and a context for each API server, the
// first being the current one. The certificates are in the file, so that it can be copied elsewhere.
func (a *Authority) Kubeconfig(path, name string, s Subject, clusters ...Cluster) error {
	if len(clusters) == 0 {
		return errors.New("pki: a kubeconfig needs at least one cluster")
	}
	certFile, keyFile, err := a.Issue(name, s)
	if err != nil {
		return err
	}
	cert, err := os.ReadFile(certFile)
	if err != nil {
		return fmt.Errorf("pki: %w", err)
	}
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return fmt.Errorf("pki: %w", err)
	}
	config := clientcmdapi.NewConfig()
	config.AuthInfos[s.User] = &clientcmdapi.AuthInfo{ClientCertificateData: cert, ClientKeyData: key}
	for _, c := range clusters {
		config.Clusters[c.Name] = &clientcmdapi.Cluster{Server: c.Server, CertificateAuthorityData: a.PEM()}
		config.Contexts[c.Name] = &clientcmdapi.Context{Cluster: c.Name, AuthInfo: s.User}
	}
	config.CurrentContext = clusters[0].Name
	data, err := clientcmd.Write(*config)
	if err != nil {
		return fmt.Errorf("pki: %w", err)
	}
	return replace(path, data, 0o600)
}
