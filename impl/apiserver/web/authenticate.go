package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"orrery/impl/apiserver/user"
)

// Authenticator tells who sent r. ok is false if it knows nothing of the kind of credentials that r carries; an error
// means that they are of its kind and no good.
type Authenticator interface {
	Authenticate(r *http.Request) (u user.Info, ok bool, err error)
}

// authenticate asks all until one knows: nobody gets in whom none knows, by bad credentials or by none. Who gets in is in one group more. Where
// nobody can say, as the store that must be asked does not answer, that is not said to be a refusal.
//
// Upstream: 401 then also.
func (h *Handler) authenticate(r *http.Request) (user.Info, error) {
	for _, a := range h.Authenticators {
		u, ok, err := a.Authenticate(r)
		if unavailable(err) {
			return user.Info{}, err
		}
		if err != nil {
			h.Log.Printf("web: unable to authenticate the request from %s: %v", r.RemoteAddr, err)
		}
		if ok {
			if !u.In(user.AllAuthenticated) {
				u.Groups = append(slices.Clone(u.Groups), user.AllAuthenticated)
			}
			return u, nil
		}
	}
	return user.Info{}, apierrors.NewUnauthorized("Unauthorized")
}

// unavailable: the error is one of the server's, and so says nothing about the credentials.
func unavailable(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status) && status.Status().Code >= http.StatusInternalServerError || errors.Is(err, context.DeadlineExceeded)
}

// Certificates knows clients by certificates of one authority: the user is the common name, the groups are the
// organizations.
type Certificates struct {
	Pool *x509.CertPool

	mu sync.Mutex
	// verified remembers of certificates that the authority itself has signed when they are good. A client shows the same
	// with every request, and to verify a signature takes as long as half of the rest of a request.
	verified map[[sha256.Size]byte]validity
}

// maxVerified bounds what is remembered; when it is full it is forgotten as a whole.
const maxVerified = 1024

// validity is the time in which every certificate of a chain is valid.
type validity struct{ from, until time.Time }

func (v validity) includes(t time.Time) bool { return !t.Before(v.from) && !t.After(v.until) }

// Authenticate implements [Authenticator].
func (c *Certificates) Authenticate(r *http.Request) (user.Info, bool, error) {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return user.Info{}, false, nil
	}
	if err := c.verify(r.TLS.PeerCertificates, time.Now()); err != nil {
		return user.Info{}, false, err
	}
	leaf := r.TLS.PeerCertificates[0]
	if leaf.Subject.CommonName == "" {
		return user.Info{}, false, errors.New("the client certificate has no common name")
	}
	return user.Info{Name: leaf.Subject.CommonName, Groups: leaf.Subject.Organization}, true, nil
}

func (c *Certificates) verify(shown []*x509.Certificate, now time.Time) error {
	leaf, intermediates := shown[0], x509.NewCertPool()
	name := sha256.Sum256(leaf.Raw)
	alone := len(shown) == 1
	if alone && c.isVerified(name, now) {
		return nil
	}
	for _, cert := range shown[1:] {
		intermediates.AddCert(cert)
	}
	chains, err := leaf.Verify(x509.VerifyOptions{
		Roots: c.Pool, Intermediates: intermediates, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err == nil && alone {
		c.remember(name, chains[0])
	}
	return err
}

func (c *Certificates) isVerified(name [sha256.Size]byte, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.verified[name]
	return ok && v.includes(now)
}

func (c *Certificates) remember(name [sha256.Size]byte, chain []*x509.Certificate) {
	v := validity{chain[0].NotBefore, chain[0].NotAfter}
	for _, cert := range chain[1:] {
		if cert.NotBefore.After(v.from) {
			v.from = cert.NotBefore
		}
		if cert.NotAfter.Before(v.until) {
			v.until = cert.NotAfter
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.verified == nil || len(c.verified) >= maxVerified {
		c.verified = map[[sha256.Size]byte]validity{}
	}
	c.verified[name] = v
}

// Tokens knows clients by bearer tokens.
type Tokens map[string]user.Info

// ReadTokens reads upstream's --token-auth-file: lines of token,user,uid and optionally "group1,group2".
func ReadTokens(path string) (Tokens, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.FieldsPerRecord = -1
	tokens := Tokens{}
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return tokens, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		line, _ := reader.FieldPos(0)
		if len(record) < 3 {
			return nil, fmt.Errorf("%s:%d: token file must contain at least 3 columns (token, user, uid), found %d", path, line, len(record))
		}
		token, u := strings.TrimSpace(record[0]), user.Info{Name: record[1], UID: record[2]}
		if token == "" || u.Name == "" {
			return nil, fmt.Errorf("%s:%d: token and user must not be empty", path, line)
		}
		if _, twice := tokens[token]; twice {
			return nil, fmt.Errorf("%s:%d: the token was given to a user before", path, line)
		}
		if len(record) >= 4 && record[3] != "" {
			u.Groups = strings.Split(record[3], ",")
		}
		tokens[token] = u
	}
}

// Authenticate implements [Authenticator].
func (t Tokens) Authenticate(r *http.Request) (user.Info, bool, error) {
	token, ok := bearer(r)
	if !ok {
		return user.Info{}, false, nil
	}
	// All are compared, in constant time: how long it takes tells nothing of a token.
	var found *user.Info
	for known, u := range t {
		if subtle.ConstantTimeCompare([]byte(known), []byte(token)) == 1 {
			found = &u
		}
	}
	if found == nil {
		return user.Info{}, false, errors.New("invalid bearer token")
	}
	return *found, true, nil
}
