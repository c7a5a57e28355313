package upgrade_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orrery/impl/upgrade"
)

// server is one that answers with an upgrade, and then does not listen any more; it speaks once that was noticed.
type server struct {
	net.Conn
	answer  io.Reader
	asked   bool
	spoke   bool
	noticed chan struct{}
	closed  chan struct{}
	once    [2]sync.Once
}

func (s *server) Write(p []byte) (int, error) {
	if !s.asked {
		s.asked = true
		return len(p), nil
	}
	s.once[0].Do(func() { close(s.noticed) })
	return 0, errors.New("broken pipe")
}

func (s *server) Read(p []byte) (int, error) {
	if n, err := s.answer.Read(p); err == nil {
		return n, nil
	}
	if s.spoke {
		return 0, io.EOF
	}
	<-s.noticed
	select {
	case <-s.closed: // by who does not hear it out
		return 0, net.ErrClosed
	case <-time.After(100 * time.Millisecond):
	}
	s.spoke = true
	return copy(p, "the last words"), nil
}

func (s *server) Close() error {
	s.once[1].Do(func() { close(s.closed) })
	return nil
}

type failed struct{}

func (f failed) Error(w http.ResponseWriter, _ *http.Request, err error) {
	http.Error(w, err.Error(), http.StatusBadGateway)
}

func through(t *testing.T, dial func() (net.Conn, error)) (answer *http.Response, rest *bufio.Reader, client net.Conn) {
	location, err := url.Parse("http://there/exec")
	require.NoError(t, err)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		upgrade.Through(w, r, location, &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return dial() }}, failed{})
	}))
	t.Cleanup(front.Close)
	client, err = net.Dial("tcp", strings.TrimPrefix(front.URL, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { client.Close() })
	_, err = io.WriteString(client, "POST /exec HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n")
	require.NoError(t, err)
	rest = bufio.NewReader(client)
	answer, err = http.ReadResponse(rest, nil)
	require.NoError(t, err)
	return answer, rest, client
}

// Goal: a server that does not listen any more is heard out. Method: one whose connection refuses what the client says, and then speaks.
func TestTheServerIsHeardOut(t *testing.T) {
	s := &server{answer: strings.NewReader("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n"), noticed: make(chan struct{}), closed: make(chan struct{})}
	answer, rest, client := through(t, func() (net.Conn, error) { return s, nil })
	require.Equal(t, http.StatusSwitchingProtocols, answer.StatusCode)
	_, err := io.WriteString(client, "what nobody reads")
	require.NoError(t, err)
	words, err := io.ReadAll(rest)
	require.NoError(t, err)
	require.Equal(t, "the last words", string(words))
	<-s.closed
}

// Goal: the client is told why it was not put through.
func TestNobodyIsThere(t *testing.T) {
	answer, _, _ := through(t, func() (net.Conn, error) { return nil, errors.New("nobody is there") })
	defer answer.Body.Close()
	require.Equal(t, http.StatusBadGateway, answer.StatusCode)
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Contains(t, string(text), "nobody is there")
}
