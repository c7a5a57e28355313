package machine

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// patience bounds every wait of the tests.
const patience = 2 * time.Minute

// network makes the machines of a small cluster, and sees that nothing is left of them.
func network(t *testing.T, controlPlanes, workers int) []*Machine {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	lock, err := WaitLock(ctx)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := Remove()
		require.NoError(t, err)
		spaces, links, err := Left()
		require.NoError(t, err)
		require.Empty(t, spaces)
		require.Empty(t, links)
		require.NoError(t, lock.Unlock())
	})
	_, err = Remove()
	require.NoError(t, err)
	n := Plan(netip.MustParsePrefix("10.77.0.0/24"), controlPlanes, workers)
	require.NoError(t, New(n))
	return n.Machines
}

// receive counts datagrams that arrive at the machine.
func receive(t *testing.T, m *Machine) (address string, received func() bool) {
	t.Helper()
	var conn net.PacketConn
	require.NoError(t, m.Do(func() (err error) {
		conn, err = net.ListenPacket("udp4", m.Address.String()+":0")
		return err
	}))
	t.Cleanup(func() { conn.Close() })
	return conn.LocalAddr().String(), func() bool {
		conn.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
		_, _, err := conn.ReadFrom(make([]byte, 1))
		return err == nil
	}
}

func send(t *testing.T, from *Machine, to string) {
	t.Helper()
	require.NoError(t, from.Do(func() error {
		conn, err := net.Dial("udp4", to)
		if err != nil {
			return err
		}
		defer conn.Close()
		_, err = conn.Write([]byte{1})
		return err
	}))
}

// reaches sends until something arrives, or limit is over.
func reaches(t *testing.T, from *Machine, to string, received func() bool, limit time.Duration) bool {
	t.Helper()
	for received() {
		// sent before
	}
	for end := time.Now().Add(limit); time.Now().Before(end); {
		send(t, from, to)
		if received() {
			return true
		}
	}
	return false
}

// Goal: machines reach each other, a cut stops what it says and no more and counts it, and healing restores.
func TestCut(t *testing.T) {
	m := network(t, 1, 2)
	addressA, receivedA := receive(t, m[1])
	addressB, receivedB := receive(t, m[2])
	require.True(t, reaches(t, m[1], addressB, receivedB, patience))
	require.True(t, reaches(t, m[2], addressA, receivedA, patience))

	oneWay, err := NewCut("1", m[1], m[2], true, 0)
	require.NoError(t, err)
	require.False(t, reaches(t, m[1], addressB, receivedB, 50*time.Millisecond))
	dropped, err := oneWay.Dropped()
	require.NoError(t, err)
	require.Positive(t, dropped)
	require.True(t, reaches(t, m[2], addressA, receivedA, patience), "the other way is open")

	both, err := NewCut("2", m[2], m[1], false, 0)
	require.NoError(t, err)
	require.False(t, reaches(t, m[2], addressA, receivedA, 50*time.Millisecond))
	require.NoError(t, oneWay.Heal())
	require.NoError(t, oneWay.Heal(), "twice is once")
	after, err := oneWay.Dropped()
	require.NoError(t, err)
	require.GreaterOrEqual(t, after, dropped, "the count outlives the cut")
	require.False(t, reaches(t, m[1], addressB, receivedB, 50*time.Millisecond), "the other cut is still in force")
	require.NoError(t, both.Heal())
	require.True(t, reaches(t, m[1], addressB, receivedB, patience))
	require.True(t, reaches(t, m[2], addressA, receivedA, patience))
}

// Goal: a cut of one TCP port hangs that and leaves the others, between two machines and on one.
func TestCutOfAPort(t *testing.T) {
	m := network(t, 2, 1)
	var ports [2]netip.AddrPort
	for i := range ports {
		var l net.Listener
		require.NoError(t, m[0].Do(func() (err error) {
			l, err = net.Listen("tcp4", m[0].Address.String()+":0")
			return err
		}))
		defer l.Close()
		ports[i] = netip.MustParseAddrPort(l.Addr().String())
	}
	for _, from := range []*Machine{m[1], m[0]} {
		dial := func(to netip.AddrPort, timeout time.Duration) error {
			return from.Do(func() error {
				conn, err := net.DialTimeout("tcp4", to.String(), timeout)
				if err == nil {
					conn.Close()
				}
				return err
			})
		}
		require.NoError(t, dial(ports[0], patience))
		cut, err := NewCut("port", from, m[0], false, ports[0].Port())
		require.NoError(t, err)
		var hangs net.Error
		require.ErrorAs(t, dial(ports[0], 50*time.Millisecond), &hangs)
		require.True(t, hangs.Timeout())
		require.NoError(t, dial(ports[1], patience))
		require.NoError(t, cut.Heal())
		dropped, err := cut.Dropped()
		require.NoError(t, err)
		require.Positive(t, dropped)
		require.NoError(t, dial(ports[0], patience))
	}
}

// Goal: the host reaches machines and machines the host.
func TestHost(t *testing.T) {
	m := network(t, 1, 1)
	l, err := net.Listen("tcp4", "10.77.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	require.NoError(t, m[1].Do(func() error {
		conn, err := net.DialTimeout("tcp4", l.Addr().String(), patience)
		if err == nil {
			conn.Close()
		}
		return err
	}))
	require.NoError(t, m[1].Do(func() (err error) { l, err = net.Listen("tcp4", m[1].Address.String()+":0"); return }))
	defer l.Close()
	conn, err := net.DialTimeout("tcp4", l.Addr().String(), patience)
	require.NoError(t, err)
	conn.Close()
}

// Goal: what is sent to an address that nobody has is refused, and goes nowhere else. Method: pods that are not there, on the machine itself and another,
// and a service of which no rule knows.
func TestNobody(t *testing.T) {
	m := network(t, 1, 2)
	for _, from := range m {
		for _, to := range []string{"10.88.1.9:80", "10.96.3.4:80"} {
			err := from.Do(func() error {
				conn, err := net.DialTimeout("tcp4", to, patience)
				if err == nil {
					conn.Close()
				}
				return err
			})
			require.ErrorIs(t, err, unix.EHOSTUNREACH, "%s to %s", from.Name, to)
		}
	}
}

// Goal: the lock admits one, says so at once to others, and a wait for it ends with its context.
func TestLock(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	lock, err := WaitLock(ctx)
	require.NoError(t, err)
	_, err = TryLock()
	require.ErrorIs(t, err, ErrBusy)
	short, stop := context.WithTimeout(ctx, 2*lockPoll)
	defer stop()
	_, err = WaitLock(short)
	require.ErrorIs(t, err, ErrBusy)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, lock.Unlock())
	again, err := WaitLock(ctx)
	require.NoError(t, err)
	require.NoError(t, again.Unlock())
}

func TestEnterNothing(t *testing.T) {
	err := (&Machine{Name: "absent"}).Do(func() error { return errors.New("must not be called") })
	require.ErrorIs(t, err, os.ErrNotExist)
}
