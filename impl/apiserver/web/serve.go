package web

import (
	"context"
	"crypto/tls"
	"errors"
	"log"
	"net"
	"net/http"
	"time"
)

// Bounds on connections, upstream's (genericapiserver secure_serving.go) but for the pings, which upstream leaves to clients: a
// client's machine that vanishes would otherwise hold its watches until the kernel gives up.
const (
	headerTimeout = 32 * time.Second
	idleTimeout   = 90 * time.Second
	headerBytes   = 1 << 20
	streams       = 100
	pingAfter     = 30 * time.Second
	pingTimeout   = 15 * time.Second
	// drain is how long requests that are being served may take when the server stops.
	drain = 10 * time.Second
)

// Serve answers requests on listener over TLS until ctx ends, then lets those in work finish and returns nil. stopping is
// called when it begins to stop; it should close [Config.Stopping].
func Serve(ctx context.Context, listener net.Listener, config *tls.Config, handler http.Handler, stopping func(), errorLog *log.Logger) error {
	config = config.Clone()
	config.ClientAuth = tls.RequestClientCert
	config.MinVersion = tls.VersionTLS12
	config.NextProtos = []string{"h2", "http/1.1"}
	server := &http.Server{
		Handler: handler, TLSConfig: config, ErrorLog: errorLog,
		ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: headerBytes,
		HTTP2: &http.HTTP2Config{MaxConcurrentStreams: streams, SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
	}
	failed := make(chan error, 1)
	go func() { failed <- server.ServeTLS(listener, "", "") }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stopping()
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := server.Shutdown(bounded); err != nil {
		server.Close()
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
