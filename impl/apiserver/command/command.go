package command

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"orrery/impl/apiserver/pki"
	"orrery/impl/apiserver/registry"
	"orrery/impl/apiserver/web"
)

// options are the flags of the command.
type options struct {
	name        string
	listen      string
	etcdServers []string
	pkiDir      string
	etcdPKIDir  string
	tokenFile   string
	trace       string
	accessLog   bool
	accounts    bool
	authorize   string
	cpuProfile  string
	memProfile  string
	limits      web.Limits
	advertise   string
	endpoint    netip.AddrPort
	serviceIPs  string
	nodePorts   string
	ranges      registry.Ranges
}

// The values of --authorization-mode. Upstream has others, and takes them in any order.
const (
	allowAll = "AlwaysAllow"
	byRules  = "Node,RBAC"
)

// gcPercent is how much garbage may lie beside what is in use. Nearly all that a request allocates is dead when it is answered,
// and what is in use is small in a small cluster: letting more garbage lie costs little memory, and collecting it took a fifth
// of the time that a create takes.
const gcPercent = 200

// Command is `orrery apiserver`.
func Command() *cobra.Command {
	o := options{}
	cmd := &cobra.Command{
		Use:   "apiserver",
		Short: "Serve the Kubernetes API over etcd",
		Example: `  orrery apiserver --name a --listen 127.0.0.1:6443 --etcd-servers http://127.0.0.1:2379 --pki-dir pki
  kubectl --server https://127.0.0.1:6443 --certificate-authority pki/ca.crt \
    --client-certificate pki/admin.crt --client-key pki/admin.key get namespaces`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return fmt.Errorf("apiserver: %w", err)
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			// Once it is stopping, the signals have their own effect again.
			go func() { <-ctx.Done(); stop() }()
			if os.Getenv("GOGC") == "" {
				debug.SetGCPercent(gcPercent)
			}
			if err := profiled(o, func() error { return run(ctx, o, cmd.ErrOrStderr()) }); err != nil {
				return fmt.Errorf("apiserver: %w", err)
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.name, "name", "apiserver", "name of this server among those over the same etcd, in traces and logs")
	flags.StringVar(&o.listen, "listen", "127.0.0.1:6443", "`IP:PORT` to listen on")
	flags.StringSliceVar(&o.etcdServers, "etcd-servers", nil, "`URLs` of etcd's members, with commas between them (required)")
	flags.StringVar(&o.pkiDir, "pki-dir", "", "`directory` of the cluster's certificates; made if it is not there (required)")
	flags.StringVar(&o.etcdPKIDir, "etcd-pki-dir", "", "`directory` of the authority that etcd trusts, which should be another; made if it is not there (default: PKI-DIR/etcd)")
	flags.StringVar(&o.tokenFile, "token-file", "", "`file` of bearer tokens, lines of token,user,uid,\"group1,group2\"")
	flags.StringVar(&o.authorize, "authorization-mode", allowAll, "who may do what: "+allowAll+", or "+byRules+", by nodes' pods, roles and bindings")
	flags.StringVar(&o.trace, "trace", "", "`file` to append a trace of all calls to etcd to")
	flags.BoolVar(&o.accessLog, "access-log", false, "log a line for every request")
	flags.BoolVar(&o.accounts, "admit-service-accounts", false, "give every new pod a service account, and a volume with its token, which the node must be able to mount")
	flags.IntVar(&o.limits.Reading, "max-requests-inflight", 400, "how many requests that do not write may be served at once")
	flags.IntVar(&o.limits.Mutating, "max-mutating-requests-inflight", 200, "how many requests that write may be served at once")
	flags.DurationVar(&o.limits.Timeout, "request-timeout", 0, "bound on a request that is no watch or stream (default 1m0s)")
	flags.StringVar(&o.advertise, "advertise-address", "", "`IP` at which the cluster reaches this server, for the endpoints of the service kubernetes (default: that of --listen, if it is one machine's)")
	flags.StringVar(&o.serviceIPs, "service-cluster-ip-range", registry.DefaultServiceIPs, "`CIDR` that the IPs of services are taken from, the same for all servers")
	flags.StringVar(&o.nodePorts, "service-node-port-range", registry.DefaultNodePorts, "`FIRST-LAST`: the ports that are taken for services on every node, the same for all servers")
	flags.StringVar(&o.cpuProfile, "cpuprofile", "", "`file` to write a profile of the CPU's use to, at the end")
	flags.StringVar(&o.memProfile, "memprofile", "", "`file` to write a profile of the heap to, at the end")
	for _, name := range []string{"cpuprofile", "memprofile"} {
		if err := flags.MarkHidden(name); err != nil {
			panic(err)
		}
	}
	return cmd
}

// check says what is wrong with the flags alone.
func (o *options) check() error {
	if o.name == "" || strings.ContainsAny(o.name, "/\\ ") {
		return fmt.Errorf("--name %q: must be one word", o.name)
	}
	listen, err := netip.ParseAddrPort(o.listen)
	if err != nil {
		return fmt.Errorf("--listen %q: must be IP:PORT", o.listen)
	}
	if o.endpoint, err = endpoint(o.advertise, listen); err != nil {
		return err
	}
	if len(o.etcdServers) == 0 {
		return errors.New("--etcd-servers is missing: URLs such as http://127.0.0.1:2379; `orrery up` starts a whole cluster")
	}
	for _, server := range o.etcdServers {
		if u, err := url.Parse(server); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("--etcd-servers: %q is no URL such as http://127.0.0.1:2379", server)
		}
	}
	if o.pkiDir == "" {
		return errors.New("--pki-dir is missing: the directory of the cluster's certificates")
	}
	if o.etcdPKIDir == "" {
		o.etcdPKIDir = filepath.Join(o.pkiDir, pki.Etcd)
	}
	if o.authorize != allowAll && o.authorize != byRules {
		return fmt.Errorf("--authorization-mode %q: must be %s or %s", o.authorize, allowAll, byRules)
	}
	if o.ranges, err = registry.ParseRanges(o.serviceIPs, o.nodePorts); err != nil {
		return fmt.Errorf("--service-cluster-ip-range, --service-node-port-range: %w", err)
	}
	if o.limits.Reading < 1 || o.limits.Mutating < 1 {
		return errors.New("--max-requests-inflight and --max-mutating-requests-inflight must be at least 1")
	}
	if o.limits.Timeout < 0 {
		return fmt.Errorf("--request-timeout %v: must not be negative", o.limits.Timeout)
	}
	return nil
}

// endpoint is what a server advertises; the zero value: nothing, as where it listens is of no use to other machines.
func endpoint(advertise string, listen netip.AddrPort) (netip.AddrPort, error) {
	address := listen.Addr()
	if advertise != "" {
		var err error
		if address, err = netip.ParseAddr(advertise); err != nil || address.IsUnspecified() || address.IsLoopback() {
			return netip.AddrPort{}, fmt.Errorf("--advertise-address %q: must be an IP at which other machines reach this one", advertise)
		}
	}
	if address.IsUnspecified() || address.IsLoopback() || listen.Port() == 0 {
		return netip.AddrPort{}, nil
	}
	return netip.AddrPortFrom(address, listen.Port()), nil
}
