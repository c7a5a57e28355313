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
	known     known
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
	before, err := k.generation()
	if err != nil {
		return err
	}
	for _, way := range k.ways(conn, before) {
		// A transaction of which it is not known whether it was carried out leaves nothing known.
		k.known = known{}
		var transactions uint32
		if transactions, err = way(set); err == nil {
			k.learn(set, before+transactions)
			return nil
		}
		if !refused(err) {
			return err
		}
	}
	return err
}

// ways are those of applying a set, which tell how many transactions that took, each for where the kernel refuses the one before: to tell what
// differs, where all else is certainly as it was put there; to write all of it; and to delete the table first.
func (k *Kernel) ways(conn *nftables.Conn, generation uint32) (ways []func(rules.Set) (uint32, error)) {
	if was := k.known; was.generation == generation && generation != 0 {
		ways = append(ways, func(set rules.Set) (uint32, error) { return change(conn, was.set, set) })
	}
	for _, anew := range []bool{false, true} {
		ways = append(ways, func(set rules.Set) (uint32, error) {
			chains, err := k.chains(conn)
			if err != nil {
				return 0, err
			}
			return 1, newLayout(set).send(conn, chains, anew)
		})
	}
	return ways
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
