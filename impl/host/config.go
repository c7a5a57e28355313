package host

import (
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"orrery/impl/host/machine"
)

// Names of the components that run on the machines of a cluster, as [Cluster.Process] takes them.
const (
	Disk        = "disk"        // control planes: the file system under etcd
	Etcd        = "etcd"        // control planes
	APIServer   = "apiserver"   // control planes
	Scheduler   = "scheduler"   // the first control plane, and the second where there are standbys
	Controllers = "controllers" // likewise
	Containerd  = "containerd"  // workers
	Observer    = "observer"    // workers: records what the runtime really did
	Kubelet     = "kubelet"     // workers
	Proxy       = "proxy"       // all: a port of the node is one of every machine
)

// Config says what cluster is wanted. The zero value of every field but Dir has a default.
type Config struct {
	// ControlPlanes and Workers count the machines: 1 and 2 by default.
	ControlPlanes, Workers int
	// Standby: scheduler and controllers run on two control planes each, and a lease says who acts. It takes three control planes.
	Standby bool
	// Dir holds everything the cluster writes: certificates, disks, images, logs.
	Dir string
	// Trace is the directory into which every process writes its trace, PROCESS.jsonl; empty: nothing is recorded.
	Trace string
	// Binary is the orrery executable that is re-executed as every component; by default the one that is running.
	Binary string
	// Tools is the directory of runc, the shim, cni/ and the images' programs; by default that of Binary.
	Tools string
	// Subnet is the network of the machines; a /24. By default 10.77.0.0/24.
	Subnet netip.Prefix
	// Flags are further command line flags of a component, by its name: timings, for instance.
	Flags map[string][]string
	// Metrics: every component serves its metrics on 127.0.0.1 of its machine, at upstream's ports; API servers always do, at theirs.
	Metrics bool
	// Wait: where another cluster runs on this host, wait for its end instead of refusing.
	Wait bool
	// StartTimeout bounds the time until all of the cluster is ready.
	StartTimeout time.Duration
	// Log takes one line for each thing worth telling: a process that died and was restarted.
	Log io.Writer

	_ struct{}
}

// Bounds and defaults of a Config.
const (
	MaxControlPlanes    = machine.MaxControlPlanes
	MaxWorkers          = machine.MaxWorkers
	DefaultStartTimeout = time.Minute
)

// DefaultSubnet is the network of the machines where the Config does not name another.
var DefaultSubnet = netip.MustParsePrefix("10.77.0.0/24")

// complete fills in the defaults and refuses what cannot work, naming the field.
func (c Config) complete() (Config, error) {
	if c.ControlPlanes == 0 {
		c.ControlPlanes = 1
	}
	if c.Workers == 0 {
		c.Workers = 2
	}
	switch {
	case c.ControlPlanes < 0 || c.ControlPlanes > MaxControlPlanes || c.ControlPlanes%2 == 0:
		return c, fmt.Errorf("control planes: %d: must be odd (etcd needs a majority) and at most %d", c.ControlPlanes, MaxControlPlanes)
	case c.Workers < 0 || c.Workers > MaxWorkers:
		return c, fmt.Errorf("workers: %d: must be between 1 and %d", c.Workers, MaxWorkers)
	case c.Standby && c.ControlPlanes < 3:
		return c, fmt.Errorf("standby: there is %d control plane: it takes 3 or more", c.ControlPlanes)
	case c.Dir == "":
		return c, fmt.Errorf("dir: a directory for the cluster's files is required")
	}
	var err error
	if c.Dir, err = filepath.Abs(c.Dir); err != nil {
		return c, fmt.Errorf("dir: %w", err)
	}
	if c.Trace != "" {
		if c.Trace, err = filepath.Abs(c.Trace); err != nil {
			return c, fmt.Errorf("trace: %w", err)
		}
	}
	if c.Binary == "" {
		if c.Binary, err = Binary(); err != nil {
			return c, err
		}
	}
	if c.Tools == "" {
		c.Tools = filepath.Dir(c.Binary)
	}
	if !c.Subnet.IsValid() {
		c.Subnet = DefaultSubnet
	}
	if !c.Subnet.Addr().Is4() || c.Subnet.Bits() != 24 || c.Subnet != c.Subnet.Masked() {
		return c, fmt.Errorf("subnet: %v: must be an IPv4 /24, such as %v", c.Subnet, DefaultSubnet)
	}
	if c.StartTimeout == 0 {
		c.StartTimeout = DefaultStartTimeout
	}
	if c.Log == nil {
		c.Log = io.Discard
	}
	return c, nil
}

// Binary is the orrery executable that is running.
func Binary() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("host: the executable that is running: %w", err)
	}
	return filepath.EvalSymlinks(path)
}
