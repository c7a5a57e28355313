package pki

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// accountKeyBits is kubeadm's.
const accountKeyBits = 2048

// AccountKeyFile is the path of the key that signs the tokens of service accounts; see [Authority.EnsureAccountKey].
func (a *Authority) AccountKeyFile() string { return a.path("sa.key") }

// EnsureAccountKey returns the key that signs the tokens of service accounts, in PEM, which it makes if there is none.
func (a *Authority) EnsureAccountKey() ([]byte, error) {
	path := a.AccountKeyFile()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		key, err := rsa.GenerateKey(rand.Reader, accountKeyBits)
		if err != nil {
			return nil, fmt.Errorf("pki: %w", err)
		}
		block := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
		if err := createOnce(path, block, 0o600); err != nil {
			return nil, err
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("pki: %w", err)
	}
	return text, nil
}
