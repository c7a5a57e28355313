package token

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Key signs tokens, and tells whether it has signed one.
type Key struct {
	private *rsa.PrivateKey
	id      string
	signer  jose.Signer
}

// leastBits is the size of the smallest keys that crypto/rsa signs with.
const leastBits = 1024

// NewKey is the Key of an RSA key of at least 1,024 bits.
func NewKey(private *rsa.PrivateKey) (*Key, error) {
	public, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	if bits := private.N.BitLen(); bits < leastBits {
		return nil, fmt.Errorf("token: an RSA key of %d bits: it must have %d at least", bits, leastBits)
	}
	sum := sha256.Sum256(public)
	k := &Key{private: private, id: base64.RawURLEncoding.EncodeToString(sum[:])}
	named := jose.JSONWebKey{Key: private, KeyID: k.id, Algorithm: string(jose.RS256), Use: "sig"}
	if k.signer, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: named}, nil); err != nil {
		panic("token: nothing signs with an RSA key: " + err.Error())
	}
	return k, nil
}

// ParseKey reads an RSA key from PEM, as openssl and kubeadm write it.
func ParseKey(text []byte) (*Key, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("token: no key in PEM")
	}
	if block.Type == "RSA PRIVATE KEY" {
		private, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("token: %w", err)
		}
		return NewKey(private)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	private, ok := key.(*rsa.PrivateKey)
	switch {
	case err != nil:
		return nil, fmt.Errorf("token: a %s, not an RSA PRIVATE KEY or PRIVATE KEY: %w", block.Type, err)
	case !ok:
		return nil, fmt.Errorf("token: a key of type %T, not an RSA key", key)
	}
	return NewKey(private)
}

// Sign writes what is said as a token.
func (k *Key) Sign(c Claims) (string, error) {
	public, private := c.encoded()
	text, err := jwt.Signed(k.signer).Claims(public).Claims(private).Serialize()
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	return text, nil
}
