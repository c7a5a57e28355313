package etcd

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"orrery/impl/apiserver/pki"
	"orrery/impl/store/etcd/membership"
)

// access is how a command finds the cluster and who it is there.
type access struct {
	endpoints []string
	pkiDir    string
	timeout   time.Duration
}

func (a *access) flags(cmd *cobra.Command) {
	cmd.PersistentFlags().StringSliceVar(&a.endpoints, "endpoints", nil, "client `URL`s of the members")
	cmd.PersistentFlags().StringVar(&a.pkiDir, "pki-dir", "", "directory of etcd's authority")
	cmd.PersistentFlags().DurationVar(&a.timeout, "timeout", time.Minute, "how long it may take")
	for _, name := range []string{"endpoints", "pki-dir"} {
		if err := cmd.MarkPersistentFlagRequired(name); err != nil {
			panic(err)
		}
	}
}

// tls is what an administrator of the members shows to them.
func (a *access) tls() (*tls.Config, error) {
	authority, err := pki.Load(a.pkiDir)
	if err != nil {
		return nil, err
	}
	cert, key, err := authority.Issue("admin", pki.EtcdAdmin)
	if err != nil {
		return nil, err
	}
	identity, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("etcd: %w", err)
	}
	return &tls.Config{RootCAs: authority.Pool(), Certificates: []tls.Certificate{identity}, MinVersion: tls.VersionTLS12}, nil
}

func (a *access) cluster() (membership.Cluster, error) {
	config, err := a.tls()
	return membership.Cluster{Endpoints: a.endpoints, TLS: config}, err
}

// memberCommand is `orrery etcd member`.
func memberCommand() *cobra.Command {
	var a access
	cmd := &cobra.Command{
		Use:   "member",
		Short: "List, add, remove or replace members, one safe step after the other",
		Long: `A member that is added has no vote until it has caught up; then it is promoted. Whoever leads is asked to let another lead before it is removed.
What would leave the cluster without a quorum of members that answer is refused. A command that was interrupted can be given again.`,
		Example: `  orrery etcd member list --endpoints https://10.77.0.11:2379 --pki-dir out/up/pki/etcd
  orrery etcd member replace control-2 --endpoints https://10.77.0.11:2379,https://10.77.0.13:2379 --pki-dir out/up/pki/etcd`,
	}
	a.flags(cmd)
	run := func(use, short string, args cobra.PositionalArgs, wanted func(members []membership.Member, args []string) ([]membership.Want, error)) {
		cmd.AddCommand(&cobra.Command{Use: use, Short: short, Args: args, SilenceUsage: true, SilenceErrors: true, RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), a.timeout)
			defer cancel()
			cluster, err := a.cluster()
			if err != nil {
				return err
			}
			members, err := cluster.Current(ctx)
			if err != nil {
				return err
			}
			want, err := wanted(members, args)
			if err != nil {
				return err
			}
			if want == nil {
				return table(cmd.OutOrStdout(), members)
			}
			return cluster.Converge(ctx, want, membership.Hooks{Tell: func(c membership.Change) { fmt.Fprintln(cmd.OutOrStdout(), c) }, Added: howToStart(cmd.OutOrStdout())})
		}})
	}
	run("list", "List the members: who votes, who answers, who leads", cobra.NoArgs, func([]membership.Member, []string) ([]membership.Want, error) { return nil, nil })
	run("add NAME PEER-URL", "Add a member, and wait until it votes; what it is to be started with is told", cobra.ExactArgs(2), added)
	run("remove NAME", "Remove a member", cobra.ExactArgs(1), removed)
	run("replace NAME", "Remove a member whose data is lost, and add it again", cobra.ExactArgs(1), replaced)
	return cmd
}

// as are the members as they are.
func as(members []membership.Member) (wanted []membership.Want) {
	for _, m := range members {
		wanted = append(wanted, membership.Want{Name: nameOf(m), Peer: m.Peer})
	}
	return wanted
}

// nameOf is a member's name; one that has not started has none yet, and is known by its ID.
func nameOf(m membership.Member) string {
	if m.Name == "" {
		return fmt.Sprintf("%x", m.ID)
	}
	return m.Name
}

func added(members []membership.Member, args []string) ([]membership.Want, error) {
	wanted := as(members)
	for i, w := range wanted {
		switch {
		case w.Peer == args[1] && (w.Name == args[0] || members[i].Name == ""):
			return wanted, nil // it was added before, and is waited for
		case w.Name == args[0] || w.Peer == args[1]:
			return nil, fmt.Errorf("etcd: member %s at %s is there: give another name and another URL, or replace it", w.Name, w.Peer)
		}
	}
	return append(wanted, membership.Want{Name: args[0], Peer: args[1]}), nil
}

func removed(members []membership.Member, args []string) ([]membership.Want, error) {
	i, err := find(members, args[0])
	if err != nil {
		return nil, err
	}
	if len(members) == 1 {
		return nil, fmt.Errorf("etcd: %s is the last member: a cluster has at least one", args[0])
	}
	return slices.Delete(as(members), i, i+1), nil
}

func replaced(members []membership.Member, args []string) ([]membership.Want, error) {
	i, err := find(members, args[0])
	if err != nil {
		return nil, err
	}
	wanted := as(members)
	wanted[i].Not = members[i].ID
	return wanted, nil
}

func find(members []membership.Member, name string) (int, error) {
	var names []string
	for i, m := range members {
		if nameOf(m) == name {
			return i, nil
		}
		names = append(names, nameOf(m))
	}
	return 0, fmt.Errorf("etcd: there is no member %q: there are %s", name, strings.Join(names, ", "))
}

// howToStart tells with what a member is to be started that was added.
func howToStart(w io.Writer) func(context.Context, membership.Want, []membership.Want) error {
	return func(_ context.Context, member membership.Want, all []membership.Want) error {
		fmt.Fprintf(w, "start it with an empty --data-dir and: --name %s --listen-peer %s --initial-cluster-state existing --initial-cluster %s\n", member.Name, member.Peer, InitialCluster(all))
		return nil
	}
}

// InitialCluster is what a member is started with: NAME=URL,... of all.
func InitialCluster(all []membership.Want) string {
	var parts []string
	for _, w := range all {
		parts = append(parts, w.Name+"="+w.Peer)
	}
	return strings.Join(parts, ",")
}

func table(out io.Writer, members []membership.Member) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tNAME\tPEER\tVOTES\tANSWERS\tLEADS")
	for _, m := range members {
		fmt.Fprintf(w, "%x\t%s\t%s\t%s\t%s\t%s\n", m.ID, m.Name, m.Peer, yesNo(!m.Learner), yesNo(m.Answers), yesNo(m.Leads))
	}
	return w.Flush()
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
