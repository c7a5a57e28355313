package bench

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"orrery/impl/apiserver/pki"
	"orrery/impl/host"
	"orrery/impl/host/process"
	"orrery/impl/store/etcd"
)

// pair is one etcd member and one API server over it, each a process of its own on the host's loopback, with mutual TLS as
// in a cluster. There is nobody else, so that what is measured is theirs.
type pair struct {
	etcd, apiserver *process.Process
	etcdURL, apiURL string
	tls, etcdTLS    *tls.Config
	dir             string
}

// ownNetwork is the network namespace in which this process runs.
const ownNetwork = "/proc/self/ns/net"

// startPair starts both, with further flags for the API server, and returns when it is ready. What they write lies in a
// directory of its own below dir until close.
func startPair(ctx context.Context, dir string, flags ...string) (_ *pair, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if dir, err = os.MkdirTemp(dir, "pair-"); err != nil {
		return nil, err
	}
	p := &pair{dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if err := p.define(flags); err != nil {
		return nil, err
	}
	if err := p.etcd.Start(); err != nil {
		return nil, err
	}
	if err := await(ctx, p.etcd, p.etcdReady); err != nil {
		return nil, err
	}
	if err := p.apiserver.Start(); err != nil {
		return nil, err
	}
	return p, await(ctx, p.apiserver, p.apiReady)
}

func (p *pair) define(flags []string) error {
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	certificates := filepath.Join(p.dir, "pki")
	etcdCertificates := filepath.Join(certificates, pki.Etcd)
	if p.tls, err = identity(certificates, pki.Admin); err != nil {
		return err
	}
	if p.etcdTLS, err = identity(etcdCertificates, pki.EtcdAdmin); err != nil {
		return err
	}
	binary, err := host.Binary()
	if err != nil {
		return err
	}
	add := func(component string, args ...string) *process.Process {
		return process.New(process.Spec{Component: component, Machine: "bench", Namespace: ownNetwork, Path: binary,
			Args: append([]string{component}, args...), Log: filepath.Join(p.dir, component+".log")})
	}
	p.etcdURL, p.apiURL = "https://"+ports[0], "https://"+ports[2]
	p.etcd = add(host.Etcd, "--name", "bench", "--data-dir", filepath.Join(p.dir, "etcd"), "--pki-dir", etcdCertificates,
		"--listen-client", p.etcdURL, "--listen-peer", "https://"+ports[1])
	p.apiserver = add(host.APIServer, append([]string{"--name", "bench", "--listen", ports[2], "--etcd-servers", p.etcdURL, "--pki-dir", certificates}, flags...)...)
	return nil
}

// identity is what a client shows to those who trust the authority in dir.
func identity(dir string, who pki.Subject) (*tls.Config, error) {
	authority, err := pki.Ensure(dir)
	if err != nil {
		return nil, err
	}
	certFile, keyFile, err := authority.Issue("admin", who)
	if err != nil {
		return nil, err
	}
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	return &tls.Config{RootCAs: authority.Pool(), Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, err
}

// freePorts are addresses on loopback on which nobody listens now.
func freePorts(n int) (addresses []string, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // after all were taken, so that they differ
		addresses = append(addresses, l.Addr().String())
	}
	return addresses, nil
}

func (p *pair) etcdReady(ctx context.Context) error {
	store, err := etcd.Open(etcd.Options{Endpoints: []string{p.etcdURL}, TLS: p.etcdTLS})
	if err != nil {
		return err
	}
	defer store.Close()
	_, err = store.Count(ctx, "/")
	return err
}

func (p *pair) apiReady(ctx context.Context) error {
	transport := newTransport(p.tls)
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.apiURL+"/readyz", nil)
	if err != nil {
		return err
	}
	answer, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("/readyz: %s", answer.Status)
	}
	return nil
}

// newTransport has connections of its own.
func newTransport(config *tls.Config) *http.Transport {
	return &http.Transport{TLSClientConfig: config.Clone(), ForceAttemptHTTP2: true}
}

// close ends both and removes what they wrote.
func (p *pair) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	var errs []error
	for _, process := range []*process.Process{p.apiserver, p.etcd} {
		if process != nil {
			errs = append(errs, process.Terminate(ctx))
		}
	}
	return errors.Join(append(errs, os.RemoveAll(p.dir))...)
}

// Bounds of the waits, but for those on the work that is measured.
const (
	startTimeout = 30 * time.Second
	lookTimeout  = 2 * time.Second
	lookEvery    = 10 * time.Millisecond
	stopTimeout  = 20 * time.Second
)

// await looks again and again until try succeeds; it ends with an error where the process has ended, or was looked at for startTimeout in vain. A
// look counts as lookTimeout at most: what the whole machine stands still meanwhile is not the process's.
func await(ctx context.Context, p *process.Process, try func(context.Context) error) error {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for waited := time.Duration(0); ; {
		begun := time.Now()
		looking, cancel := context.WithTimeout(ctx, lookTimeout)
		err := try(looking)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-p.Exited():
			return fmt.Errorf("%s ended while it was starting: %s", p.Name(), p.LastLine())
		case <-ctx.Done():
		case <-ticker.C:
		}
		if waited += min(time.Since(begun), lookTimeout); ctx.Err() != nil || waited >= startTimeout {
			return fmt.Errorf("%s is not ready: %w; what it said last: %q", p.Name(), err, p.LastLine())
		}
	}
}

// drained reads an answer to its end, and makes an error of one with another code.
func drained(answer *http.Response, code int) error {
	defer answer.Body.Close()
	if answer.StatusCode != code {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, maxMessage))
		return fmt.Errorf("%s %s: %s: %s", answer.Request.Method, answer.Request.URL.Path, answer.Status, text)
	}
	_, err := io.Copy(io.Discard, answer.Body)
	return err
}

// maxMessage bounds what is shown of an answer that was not expected.
const maxMessage = 1 << 10
