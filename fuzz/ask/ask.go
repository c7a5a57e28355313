package ask

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// maxAnswer is how long a name may be.
const maxAnswer = 1 << 10

// Open connects to an address of IPv4, from a local port of which 0 is any. It gives up at the deadline.
func Open(address string, port int, deadline time.Time) (net.Conn, error) {
	dialer := net.Dialer{Deadline: deadline}
	if port != 0 {
		dialer.LocalAddr = &net.TCPAddr{Port: port}
	}
	conn, err := dialer.Dial("tcp4", address)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(deadline); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// Who asks who is at the other end, and closes the connection.
func Who(conn net.Conn) (string, error) {
	defer conn.Close()
	request, err := http.NewRequest(http.MethodGet, "http://"+conn.RemoteAddr().String()+"/", nil)
	if err != nil {
		return "", err
	}
	request.Close = true
	if err := request.Write(conn); err != nil {
		return "", err
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return "", err
	}
	name := strings.TrimSpace(string(body))
	if answer.StatusCode != http.StatusOK || name == "" {
		return "", fmt.Errorf("%s, %q", answer.Status, name)
	}
	return name, nil
}

// Refused: there was no connection, as somebody said so.
func Refused(err error) bool { return errors.Is(err, unix.ECONNREFUSED) }

// TimedOut: it was given up.
func TimedOut(err error) bool {
	var of net.Error
	return errors.As(err, &of) && of.Timeout()
}

// Unreachable: there was no connection, as nobody has the address.
func Unreachable(err error) bool { return errors.Is(err, unix.EHOSTUNREACH) }

// Own: nothing was sent, as the local port is in use.
func Own(err error) bool {
	return errors.Is(err, unix.EADDRINUSE) || errors.Is(err, unix.EADDRNOTAVAIL)
}
