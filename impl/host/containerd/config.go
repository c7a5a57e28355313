package containerd

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"

	srvconfig "github.com/containerd/containerd/v2/cmd/containerd/server/config"
	"github.com/containerd/containerd/v2/plugins/snapshots/overlay/overlayutils"
)

// Config is one containerd.
type Config struct {
	// Root holds images and what must survive, State what need not; both are this containerd's alone.
	Root, State string
	// Address is the unix socket of the CRI and of containerd's own API.
	Address string
	// Tools is the directory of runc, the shim, and cni/.
	Tools string
	// Pods is the range of the pods' addresses.
	Pods netip.Prefix
}

// Socket paths that containerd derives are longer than the ones that it is given.
const (
	maxAddress   = 107 - len(".ttrpc")
	maxSocketDir = 106 - 1 - 64 // a shim's socket is named by a SHA-256
)

func (c Config) check() error {
	switch {
	case len(c.Address) > maxAddress:
		return fmt.Errorf("containerd: address %s: %d bytes, a socket path can have at most %d here", c.Address, len(c.Address), maxAddress)
	case len(c.shims()) > maxSocketDir:
		return fmt.Errorf("containerd: state %s: %d bytes, at most %d are possible: shims have their sockets below", c.State, len(c.State), maxSocketDir-len("/s"))
	case !c.Pods.IsValid() || !c.Pods.Addr().Is4():
		return fmt.Errorf("containerd: pods %v: must be an IPv4 prefix such as 10.88.1.0/24", c.Pods)
	}
	for _, path := range []string{c.Root, c.State, c.Address, c.Tools} {
		if !filepath.IsAbs(path) {
			return fmt.Errorf("containerd: path %q: must be absolute", path)
		}
	}
	for _, program := range []string{"runc", "containerd-shim-runc-v2", "cni/ptp", "cni/host-local"} {
		if _, err := os.Stat(filepath.Join(c.Tools, program)); err != nil {
			return fmt.Errorf("containerd: %s is not in %s: build it first", program, c.Tools)
		}
	}
	return nil
}

func (c Config) shims() string { return filepath.Join(c.State, "s") }

func (c Config) cni() string { return filepath.Join(c.Root, "cni") }

const (
	overlayfs = "overlayfs"
	native    = "native"
)

// snapshotter is overlayfs where the file system of root can carry it.
func (c Config) snapshotter() string {
	if overlayutils.Supported(c.Root) != nil {
		return native
	}
	return overlayfs
}

// disabled are plugins that need something of the host, or leave something on it: /opt/containerd, sockets below /run.
var disabled = []string{
	"io.containerd.internal.v1.opt",
	"io.containerd.internal.v1.tracing",
	"io.containerd.tracing.processor.v1.otlp",
	"io.containerd.image-verifier.v1.bindir",
	"io.containerd.monitor.container.v1.restart",
	"io.containerd.snapshotter.v1.blockfile",
	"io.containerd.snapshotter.v1.btrfs",
	"io.containerd.snapshotter.v1.devmapper",
	"io.containerd.snapshotter.v1.erofs",
	"io.containerd.snapshotter.v1.zfs",
	"io.containerd.differ.v1.erofs",
	"io.containerd.mount-handler.v1.erofs",
}

// server is the configuration in containerd's own terms.
func (c Config) server() *srvconfig.Config {
	type section = map[string]any
	return &srvconfig.Config{
		Version:         4,
		Root:            c.Root,
		State:           c.State,
		DisabledPlugins: disabled,
		RequiredPlugins: []string{"io.containerd.grpc.v1.cri"},
		Plugins: section{
			"io.containerd.server.v1.grpc":  section{"address": c.Address},
			"io.containerd.server.v1.ttrpc": section{"address": c.Address + ".ttrpc"},
			"io.containerd.shim.v1.manager": section{"socket_dir": c.shims()},
			"io.containerd.nri.v1.nri":      section{"disable": true},
			"io.containerd.cri.v1.images": section{
				"snapshotter":   c.snapshotter(),
				"pinned_images": section{"sandbox": PauseImage},
			},
			"io.containerd.cri.v1.runtime": section{
				// Without it: "failed to update /proc/self/oom_score_adj: Permission denied".
				"restrict_oom_score_adj":       true,
				"netns_mounts_under_state_dir": true,
				"cdi_spec_dirs":                []string{},
				"cni": section{
					// Without the plugin: its results would be kept outside of our directories.
					"use_internal_loopback": true,
					"bin_dirs":              []string{filepath.Join(c.Tools, "cni")},
					"conf_dir":              c.cni(),
				},
				"containerd": section{"runtimes": section{"runc": section{
					"runtime_type": "io.containerd.runc.v2",
					"options": section{
						"BinaryName": filepath.Join(c.Tools, "runc"),
						"Root":       filepath.Join(c.State, "runc"),
					},
				}}},
			},
		},
	}
}

// writeCNI writes the configuration of the pods' network: a cable from each pod to the machine's namespace, addresses from its range, and
// no translation of addresses, since every machine has a route to every range.
//
// There is no bridge, so that all that a pod sends is routed, and passes through the rules of services on its way to the pod next to it, and back.
// A bridge would lead the answer past them, unless the kernel has br_netfilter.
func (c Config) writeCNI() error {
	type section = map[string]any
	conflist, err := json.MarshalIndent(section{
		"cniVersion": "1.0.0",
		"name":       NetworkName,
		"plugins": []section{{
			"type":   "ptp",
			"ipMasq": false,
			"ipam": section{
				"type":    "host-local",
				"dataDir": filepath.Join(c.Root, "addresses"),
				"ranges":  [][]section{{{"subnet": c.Pods.String()}}},
				"routes":  []section{{"dst": "0.0.0.0/0"}},
			},
		}},
	}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.cni(), 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(c.cni(), "10-orrery.conflist"), conflist, 0o644)
}
