package nft

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/google/nftables"
	"github.com/mdlayher/netlink"
	vishvananda "github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"orrery/impl/proxy/rules"
)

// Kernel is the kernel of one network namespace. It implements [rules.Rules].
type Kernel struct {
	mu        sync.Mutex
	namespace netns.NsHandle
	conntrack *vishvananda.Handle
}

var _ rules.Rules = (*Kernel)(nil)

// New opens the kernel of a network namespace; [netns.None] is the process's own.
func New(namespace netns.NsHandle) (*Kernel, error) {
	conntrack, err := vishvananda.NewHandleAt(namespace, unix.NETLINK_NETFILTER, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("nft: %w", err)
	}
	return &Kernel{namespace: namespace, conntrack: conntrack}, nil
}

// Close closes it. The rules stay.
func (k *Kernel) Close() { k.conntrack.Close() }

// Remove deletes the table, and with it all rules.
func (k *Kernel) Remove() error {
	conn, err := k.connect()
	if err != nil {
		return err
	}
	conn.AddTable(table) // so that it is there
	conn.DelTable(table)
	return conn.Flush()
}

// messageBytes is the most that one transaction may be, and the answers to it.
const messageBytes = 16 << 20

func (k *Kernel) connect() (*nftables.Conn, error) {
	options := []nftables.ConnOption{nftables.WithSockOptions(
		func(c *netlink.Conn) error { return c.SetWriteBuffer(messageBytes) },
		func(c *netlink.Conn) error { return c.SetReadBuffer(messageBytes) },
	)}
	if k.namespace.IsOpen() {
		options = append(options, nftables.WithNetNSFd(int(k.namespace)))
	}
	conn, err := nftables.New(options...)
	if err != nil {
		return nil, fmt.Errorf("nft: %w", err)
	}
	return conn, nil
}

// Apply implements [rules.Rules].
func (k *Kernel) Apply(ctx context.Context, set rules.Set) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	conn, err := k.connect()
	if err != nil {
		return err
	}
	chains, err := k.chains(conn)
	if err != nil {
		return err
	}
	layout := newLayout(set)
	if err := layout.send(conn, chains, false); err != nil && !refused(err) {
		return err
	} else if err == nil {
		return nil
	}
	return layout.send(conn, chains, true)
}

// refused: the kernel has understood a transaction, and does not carry it out.
func refused(err error) bool {
	for _, e := range []error{unix.EEXIST, unix.EBUSY, unix.EINVAL, unix.EOPNOTSUPP, unix.ENOENT} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// chains are the names of those that the table has.
func (k *Kernel) chains(conn *nftables.Conn) (names []string, err error) {
	chains, err := conn.ListChainsOfTableFamily(table.Family)
	if err != nil {
		return nil, fmt.Errorf("nft: %w", err)
	}
	for _, c := range chains {
		if c.Table.Name == table.Name {
			names = append(names, c.Name)
		}
	}
	return names, nil
}
