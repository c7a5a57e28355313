package machine

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Prefix begins the names of everything this package makes on the host.
const Prefix = "orrery"

// Machine is one machine of the cluster.
type Machine struct {
	// Name is the machine's name, and that of its Node.
	Name string
	// Worker: the machine runs pods. Otherwise it is a control plane.
	Worker bool
	// Address is its own address, Pods the range of its pods.
	Address netip.Addr
	Pods    netip.Prefix
}

// namespaces is where named namespaces are kept, as ip-netns(8) has it.
const namespaces = "/run/netns"

// Namespace is the path of the machine's network namespace.
func (m *Machine) Namespace() string {
	return filepath.Join(namespaces, Prefix+"-"+m.Name)
}

// link is the host's end of the machine's cable. Names of links have at most 15 bytes.
func (m *Machine) link() string { return "orr-" + m.Name }

// ErrEnter: a network namespace could not be entered, and nothing was done in it.
var ErrEnter = errors.New("the network namespace cannot be entered")

// enter moves the calling thread into the network namespace at path, and only that. It must be one of [Thread].
func enter(path string) error {
	ns, err := netns.GetFromPath(path)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrEnter, err)
	}
	defer ns.Close()
	if err := netns.Set(ns); err != nil {
		return fmt.Errorf("%w: %w", ErrEnter, err)
	}
	return nil
}

// Do calls do in the machine's network namespace: sockets that it opens are the machine's.
func (m *Machine) Do(do func() error) error {
	err := In(m.Namespace(), do)
	if errors.Is(err, ErrEnter) {
		return fmt.Errorf("machine %s: %w", m.Name, err)
	}
	return err
}

// In calls do in the network namespace at path, which may be that of a pod.
func In(path string, do func() error) error {
	done := make(chan error, 1)
	Thread(func() {
		if err := enter(path); err != nil {
			done <- err
			return
		}
		done <- do()
	})
	return <-done
}

// makeNamespace makes the machine's namespace and keeps it by a mount.
func (m *Machine) makeNamespace() error {
	if err := os.MkdirAll(namespaces, 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(m.Namespace(), os.O_CREATE|os.O_EXCL|os.O_RDONLY, 0o444)
	if err != nil {
		return err
	}
	f.Close()
	done := make(chan error, 1)
	Thread(func() {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("this kernel or container allows no network namespaces: %w", err)
			return
		}
		own := fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid())
		done <- unix.Mount(own, m.Namespace(), "none", unix.MS_BIND, "")
	})
	return <-done
}

// removeNamespace ends what [Machine.makeNamespace] made at path; what still runs in it keeps it alive.
func removeNamespace(path string) error {
	for {
		if err := unix.Unmount(path, unix.MNT_DETACH); err != nil {
			break // no mount, or no further one
		}
	}
	return os.Remove(path)
}
