package ask

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// far is a deadline that never comes.
var far = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)

// Goal: an answer, a refusal and a silence are told apart. Method: servers that do each.
func TestAsk(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host == "" {
			http.Error(w, "no host", http.StatusBadRequest)
		}
		fmt.Fprintln(w, "shop-1")
	}))
	defer web.Close()
	conn, err := Open(web.Listener.Addr().String(), 0, far)
	require.NoError(t, err)
	name, err := Who(conn)
	require.NoError(t, err)
	require.Equal(t, "shop-1", name)

	broken := httptest.NewServer(http.NotFoundHandler())
	defer broken.Close()
	conn, err = Open(broken.Listener.Addr().String(), 0, far)
	require.NoError(t, err)
	_, err = Who(conn)
	require.ErrorContains(t, err, "404")
	require.False(t, Refused(err) || TimedOut(err) || Own(err))

	silent, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	conn, err = Open(silent.Addr().String(), 0, far)
	require.NoError(t, err)
	require.NoError(t, conn.SetDeadline(time.Unix(1, 0)))
	_, err = Who(conn)
	require.True(t, TimedOut(err), err)
	_, err = Open(silent.Addr().String(), 0, time.Unix(1, 0))
	require.True(t, TimedOut(err), err)

	// The port that is in use is our own end's.
	_, err = Open(web.Listener.Addr().String(), silent.Addr().(*net.TCPAddr).Port, far)
	require.True(t, Own(err), err)

	require.NoError(t, silent.Close())
	_, err = Open(silent.Addr().String(), 0, far)
	require.True(t, Refused(err), err)
	require.False(t, TimedOut(err))
}
