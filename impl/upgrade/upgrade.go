package upgrade

import (
	"context"
	"net"
	"net/http"
	"net/url"

	"k8s.io/apimachinery/pkg/util/proxy"
)

// Through joins the client's connection with one to location, which transport makes: its DialContext must be set. The answer is either what was spoken or
// what failed tells.
func Through(w http.ResponseWriter, r *http.Request, location *url.URL, transport *http.Transport, failed proxy.ErrorResponder) {
	whole := transport.Clone()
	whole.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := transport.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &heardOut{Conn: conn}, nil
	}
	handler := proxy.NewUpgradeAwareHandler(location, transport, false, true, failed)
	handler.UpgradeTransport = proxy.NewUpgradeRequestRoundTripper(whole, proxy.MirrorRequest)
	handler.ServeHTTP(w, r)
}

// heardOut is a connection of which only reading tells that it has ended. Who does not listen any more may have spoken before.
type heardOut struct{ net.Conn }

func (c *heardOut) Write(p []byte) (int, error) {
	if _, err := c.Conn.Write(p); err != nil {
		return len(p), nil
	}
	return len(p), nil
}
