package pki

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// Subject is whom a leaf certificate speaks for, and as what it may be used.
type Subject struct {
	User   string
	Groups []string
	// Hosts are the DNS names and addresses under which a server is reached.
	Hosts          []string
	Server, Client bool
}

// Identities of the components, as upstream names them.
var (
	Admin         = Subject{User: "kubernetes-admin", Groups: []string{"system:masters"}, Client: true}
	Scheduler     = Subject{User: "system:kube-scheduler", Client: true}
	Controllers   = Subject{User: "system:kube-controller-manager", Client: true}
	Proxy         = Subject{User: "system:kube-proxy", Client: true}
	EtcdAdmin     = Subject{User: "system:etcd:admin", Client: true}
	KubeletClient = Subject{User: "kube-apiserver-kubelet-client", Groups: []string{"system:masters"}, Client: true}
)

// Node is the identity of one node's kubelet.
func Node(name string) Subject {
	return Subject{User: "system:node:" + name, Groups: []string{"system:nodes"}, Client: true}
}

// Issue returns the paths of a certificate for s and its key, NAME.crt and NAME.key in the authority's directory. It makes
// them unless they are there and still good.
func (a *Authority) Issue(name string, s Subject) (certFile, keyFile string, err error) {
	if name == "" || name == "ca" || name == "sa" || strings.ContainsAny(name, "/\x00") || strings.HasPrefix(name, ".") {
		return "", "", fmt.Errorf("pki: %q cannot name a certificate", name)
	}
	if s.User == "" || !s.Server && !s.Client {
		return "", "", fmt.Errorf("pki: the certificate %q needs a user and a use, server or client", name)
	}
	certFile, keyFile = a.path(name+".crt"), a.path(name+".key")
	key, err := ensureKey(keyFile)
	if err != nil {
		return "", "", err
	}
	template, err := s.template()
	if err != nil {
		return "", "", err
	}
	if a.stillGood(certFile, template, key) {
		return certFile, keyFile, nil
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return "", "", fmt.Errorf("pki: %w", err)
	}
	return certFile, keyFile, replace(certFile, encodeCertificate(raw), 0o644)
}

func (s Subject) template() (*x509.Certificate, error) {
	template, err := newTemplate(pkix.Name{CommonName: s.User, Organization: s.Groups}, leafLife)
	if err != nil {
		return nil, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	if s.Server {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	if s.Client {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	}
	for _, host := range s.Hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	return template, nil
}

// stillGood reports whether the certificate in path says what want says, for key, and will for a while.
func (a *Authority) stillGood(path string, want *x509.Certificate, key *ecdsa.PrivateKey) bool {
	have, err := readCertificate(path)
	return err == nil &&
		time.Until(have.NotAfter) > leafLife/3 &&
		have.CheckSignatureFrom(a.cert) == nil &&
		key.PublicKey.Equal(have.PublicKey) &&
		have.Subject.CommonName == want.Subject.CommonName &&
		slices.Equal(sorted(have.Subject.Organization), sorted(want.Subject.Organization)) &&
		slices.Equal(have.ExtKeyUsage, want.ExtKeyUsage) &&
		slices.Equal(have.DNSNames, want.DNSNames) &&
		slices.EqualFunc(have.IPAddresses, want.IPAddresses, net.IP.Equal)
}

// sorted: the organizations are a set in the encoding, which puts them in an order of its own.
func sorted(names []string) []string { return slices.Sorted(slices.Values(names)) }
