package kubelet

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"

	"orrery/impl/apiserver/pki"
	"orrery/impl/client"
	"orrery/impl/control"
	"orrery/impl/kubelet/runtime"
	"orrery/impl/kubelet/runtime/cri"
	"orrery/impl/kubelet/server"
	"orrery/impl/trace"
)

// flags are the kubelet's flags that need work before they are a Config.
type flags struct {
	*control.Flags
	endpoint, pkiDir, capacity string
}

// Command is `orrery kubelet`.
func Command() *cobra.Command {
	cfg, f := Defaults, flags{}
	cmd := &cobra.Command{
		Use:   "kubelet",
		Short: "Run the pods of one node",
		Example: "  orrery kubelet --node worker-1 --kubeconfig node.kubeconfig --address 10.0.0.11 --pki-dir pki \\\n" +
			"    --runtime-endpoint unix:///run/containerd/containerd.sock --root-dir /var/lib/kubelet",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := cfg.complete(f); err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			return serve(ctx, cfg, f, log.New(cmd.ErrOrStderr(), "kubelet: ", log.LstdFlags|log.Lmsgprefix).Printf)
		},
	}
	set := cmd.Flags()
	f.Flags = control.AddFlags(cmd)
	set.StringVar(&cfg.Node, "node", "", "name of the Node")
	set.StringVar(&f.endpoint, "runtime-endpoint", "", "CRI endpoint, unix:// and an absolute path")
	set.StringVar(&cfg.RootDir, "root-dir", "/var/lib/kubelet", "directory of the pods' files")
	set.StringVar(&cfg.Manifests, "pod-manifest-path", "", "directory of the files of static pods, which run without the API (default: there are none)")
	set.StringVar(&cfg.LogsDir, "pod-logs-dir", "", "directory of the containers' logs (default ROOT-DIR/log/pods)")
	set.StringVar(&cfg.CgroupRoot, "cgroup-root", "", "control group below which those of all containers are, an absolute path (default: the runtime's own)")
	set.StringVar(&cfg.Address, "address", "", "the node's InternalIP, on which the server listens")
	set.Int32Var(&cfg.Port, "port", cfg.Port, "port of the server")
	set.StringVar(&f.pkiDir, "pki-dir", "", "directory of the cluster's certificate authority")
	set.StringVar(&cfg.Hostname, "hostname", "", "the node's host name (default: its name)")
	set.StringVar(&f.capacity, "capacity", "", "what the node has, where that is not what the machine has: cpu=4,memory=8Gi,pods=110")
	set.StringToStringVar(&cfg.Labels, "node-labels", nil, "labels of the Node: KEY=VALUE,...")
	set.StringSliceVar(&cfg.DNS.Servers, "cluster-dns", nil, "name servers of pods with dnsPolicy ClusterFirst")
	set.StringVar(&cfg.DNS.Domain, "cluster-domain", "", "domain of the cluster")
	set.DurationVar(&cfg.BackoffBase, "container-backoff", cfg.BackoffBase, "delay before the second restart in a row, doubled each time")
	set.DurationVar(&cfg.BackoffMax, "container-backoff-max", cfg.BackoffMax, "longest delay before a restart")
	set.DurationVar(&cfg.BackoffReset, "container-backoff-reset", cfg.BackoffReset, "how long a container must have run for the delay to begin anew")
	set.DurationVar(&cfg.Heartbeat, "node-status-update-frequency", cfg.Heartbeat, "how often the machine is examined for the Node's status")
	set.DurationVar(&cfg.Report, "node-status-report-frequency", cfg.Report, "how often the Node's status is written though nothing changed")
	set.DurationVar(&cfg.LeaseDuration, "node-lease-duration", cfg.LeaseDuration, "duration of the node's Lease")
	set.DurationVar(&cfg.LeaseRenewal, "node-lease-renewal", cfg.LeaseRenewal, "how often the Lease is renewed")
	set.DurationVar(&cfg.Relist, "relist", cfg.Relist, "how often the runtime is listed")
	for _, name := range []string{"node", "runtime-endpoint", "address", "pki-dir"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err)
		}
	}
	return cmd
}

// complete checks the flags and fills in what follows from them.
func (c *Config) complete(f flags) (err error) {
	if problems := validation.IsDNS1123Subdomain(c.Node); len(problems) > 0 {
		return fmt.Errorf("--node %q: %s", c.Node, problems[0])
	}
	if net.ParseIP(c.Address) == nil {
		return fmt.Errorf("--address %q: must be an IP address", c.Address)
	}
	if c.Port < 1 || c.Port > 65535 {
		return fmt.Errorf("--port %d: must be 1 to 65535", c.Port)
	}
	durations := []struct {
		flag  string
		value time.Duration
	}{{"container-backoff", c.BackoffBase}, {"container-backoff-max", c.BackoffMax}, {"container-backoff-reset", c.BackoffReset},
		{"node-status-update-frequency", c.Heartbeat}, {"node-status-report-frequency", c.Report}, {"node-lease-renewal", c.LeaseRenewal}, {"relist", c.Relist}}
	for _, d := range durations {
		if d.value <= 0 {
			return fmt.Errorf("--%s %v: must be positive", d.flag, d.value)
		}
	}
	if c.LeaseDuration < time.Second || c.LeaseDuration%time.Second != 0 {
		return fmt.Errorf("--node-lease-duration %v: must be whole seconds", c.LeaseDuration)
	}
	if c.RootDir, err = filepath.Abs(c.RootDir); err != nil {
		return fmt.Errorf("--root-dir: %w", err)
	}
	if c.LogsDir == "" {
		c.LogsDir = filepath.Join(c.RootDir, "log", "pods")
	}
	if c.LogsDir, err = filepath.Abs(c.LogsDir); err != nil {
		return fmt.Errorf("--pod-logs-dir: %w", err)
	}
	if c.Manifests != "" {
		if c.Manifests, err = filepath.Abs(c.Manifests); err != nil {
			return fmt.Errorf("--pod-manifest-path: %w", err)
		}
	}
	if c.CgroupRoot != "" && (!path.IsAbs(c.CgroupRoot) || path.Clean(c.CgroupRoot) != c.CgroupRoot) {
		return fmt.Errorf("--cgroup-root %q: must be an absolute path, as below /sys/fs/cgroup, without dots", c.CgroupRoot)
	}
	if c.Hostname == "" {
		c.Hostname = c.Node
	}
	if c.Capacity, err = capacity(f.capacity); err != nil {
		return fmt.Errorf("--capacity: %w", err)
	}
	c.Info = systemInfo()
	c.OneByOne = true
	return nil
}

// serve is the kubelet as a process: it runs until ctx ends, or its server fails. Containers go on.
func serve(ctx context.Context, cfg Config, f flags, logf func(string, ...any)) error {
	p, err := f.Open(ctx, "kubelet-"+cfg.Node)
	if err != nil {
		return err
	}
	defer p.Close()
	engine, err := cri.Dial(f.endpoint)
	if err != nil {
		return err
	}
	defer func() { _ = engine.Close() }()
	if err := os.MkdirAll(filepath.Join(cfg.RootDir, "pods"), 0o755); err != nil {
		return err
	}
	name := trace.Incarnation("kubelet-" + cfg.Node)
	listener, certificate, authority, err := listen(&cfg, f.pkiDir)
	if err != nil {
		return err
	}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	recorder := NewRecorder(cfg.Node, client.Recorded(p.Transport, p.Sink, name+".events"), time.Now)
	local := &Local{Config: cfg, Runtime: p.Registry.Runtime(engine), Now: time.Now, Record: recorder.Record, Disk: true,
		Request: p.Transport.Do} // not recorded: it writes nothing, and speaks of more than one object
	loop := control.New(control.Config{Component: New(cfg), ID: name, Trace: p.Sink})

	var running sync.WaitGroup
	var failed error
	running.Go(func() { recorder.Run(ctx) })
	running.Go(func() {
		control.Run(ctx, loop, local.shellOf(control.Shell{Transport: client.Recorded(p.Transport, p.Sink, name), Meter: p.Registry.Loops(false), Log: logf}))
	})
	running.Go(func() {
		defer cancel()
		failed = server.New(local, engine).Serve(ctx, listener, certificate, authority.Pool())
	})
	running.Wait()
	return failed
}

// listen opens the server's port, with a certificate for the node.
func listen(cfg *Config, pkiDir string) (net.Listener, tls.Certificate, *pki.Authority, error) {
	none := tls.Certificate{}
	authority, err := pki.Ensure(pkiDir)
	if err != nil {
		return nil, none, nil, err
	}
	certFile, keyFile, err := authority.Issue("kubelet-"+cfg.Node, pki.Subject{User: "system:node:" + cfg.Node, Groups: []string{"system:nodes"},
		Hosts: []string{cfg.Node, cfg.Hostname, cfg.Address}, Server: true})
	if err != nil {
		return nil, none, nil, err
	}
	certificate, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, none, nil, err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(cfg.Address, strconv.Itoa(int(cfg.Port))))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, none, nil, fmt.Errorf("--port %d is in use at %s", cfg.Port, cfg.Address)
	}
	return listener, certificate, authority, err
}

// LogFile implements the server's Source.
func (l *Local) LogFile(pod runtime.Pod, container runtime.Container) string {
	ref := PodRef{Namespace: pod.Namespace, Name: pod.Name, UID: types.UID(pod.UID)}
	return filepath.Join(l.Config.LogDir(ref), container.LogPath)
}
