package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// Lifetimes are kubeadm's. Certificates begin a little in the past, because clocks of machines differ.
const (
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 365 * 24 * time.Hour
	clockSkew     = 5 * time.Minute
)

// Etcd is the directory, below the cluster's, of the authority of its etcd: all that etcd asks of a client is a certificate of its authority, so
// that nobody else may have one.
const Etcd = "etcd"

// Authority signs the certificates of one cluster, or of its etcd.
type Authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Ensure returns the authority in dir, which it makes, directory and all, if there is none.
func Ensure(dir string) (*Authority, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("pki: %w", err)
	}
	a := &Authority{dir: dir}
	_, certErr := os.Stat(a.CertFile())
	_, keyErr := os.Stat(a.path("ca.key"))
	if certErr == nil && errors.Is(keyErr, fs.ErrNotExist) {
		return nil, fmt.Errorf("pki: %s is there but its key %s is not", a.CertFile(), a.path("ca.key"))
	}
	// The key is settled first and the certificate made from the key that is there, so that processes that race, or one
	// that dies in between, cannot leave a certificate beside the wrong key.
	var err error
	if a.key, err = ensureKey(a.path("ca.key")); err != nil {
		return nil, err
	}
	if errors.Is(certErr, fs.ErrNotExist) {
		if err := a.makeCertificate(); err != nil {
			return nil, err
		}
	}
	if a.cert, err = readCertificate(a.CertFile()); err != nil {
		return nil, err
	}
	if !a.key.PublicKey.Equal(a.cert.PublicKey) {
		return nil, fmt.Errorf("pki: %s does not belong to %s", a.CertFile(), a.path("ca.key"))
	}
	return a, nil
}

// Load returns the authority in dir; it is an error if there is none.
func Load(dir string) (*Authority, error) {
	if _, err := os.Stat((&Authority{dir: dir}).CertFile()); err != nil {
		return nil, fmt.Errorf("pki: %s is no directory of an authority: %w", dir, err)
	}
	return Ensure(dir)
}

// CertFile is the path of the authority's certificate, which everyone may read.
func (a *Authority) CertFile() string { return a.path("ca.crt") }

// Pool holds the authority alone.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// PEM is the authority's certificate as in its file.
func (a *Authority) PEM() []byte { return encodeCertificate(a.cert.Raw) }

func (a *Authority) path(file string) string { return filepath.Join(a.dir, file) }

func (a *Authority) makeCertificate() error {
	template, err := newTemplate(pkix.Name{CommonName: "kubernetes"}, authorityLife)
	if err != nil {
		return err
	}
	template.IsCA = true
	template.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign
	raw, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		return fmt.Errorf("pki: %w", err)
	}
	return createOnce(a.CertFile(), encodeCertificate(raw), 0o644)
}

func newTemplate(subject pkix.Name, life time.Duration) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("pki: %w", err)
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber:          serial,
		Subject:               subject,
		NotBefore:             now.Add(-clockSkew).UTC(),
		NotAfter:              now.Add(life).UTC(),
		BasicConstraintsValid: true,
	}, nil
}

// ensureKey returns the key in path, after making one if there is none.
func ensureKey(path string) (*ecdsa.PrivateKey, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, fmt.Errorf("pki: %w", err)
		}
		raw, err := x509.MarshalECPrivateKey(key)
		if err != nil {
			return nil, fmt.Errorf("pki: %w", err)
		}
		block := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw})
		if err := createOnce(path, block, 0o600); err != nil {
			return nil, err
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("pki: %w", err)
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "EC PRIVATE KEY" {
		return nil, fmt.Errorf("pki: %s holds no EC PRIVATE KEY in PEM", path)
	}
	key, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("pki: %s: %w", path, err)
	}
	return key, nil
}

func readCertificate(path string) (*x509.Certificate, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("pki: %w", err)
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, fmt.Errorf("pki: %s holds no CERTIFICATE in PEM", path)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("pki: %s: %w", path, err)
	}
	return cert, nil
}

func encodeCertificate(raw []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})
}
