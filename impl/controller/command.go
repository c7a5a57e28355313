package controller

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"orrery/impl/control"
	"orrery/impl/controller/account"
	"orrery/impl/controller/endpoints"
	"orrery/impl/controller/garbage"
	"orrery/impl/controller/namespace"
	"orrery/impl/controller/node"
	"orrery/impl/controller/replication"
	"orrery/impl/token"
)

// Command is `orrery controllers`.
func Command() *cobra.Command {
	var keyFile, caFile string
	nodes := node.DefaultConfig()
	cmd := control.Command("controllers", "Reconcile what is desired with what is there", "kube-controller-manager", func() ([]control.Component, error) {
		all := []control.Component{replication.ReplicaSets(), replication.ReplicationControllers(), endpoints.Slices{}, endpoints.Old{}, namespace.Controller{}, garbage.New(garbage.Resources()...), node.New(nodes)}
		accounts, err := accounts(keyFile, caFile)
		if accounts != nil {
			all = append(all, accounts)
		}
		return all, err
	})
	nodes.Flags(cmd.Flags())
	cmd.Flags().StringVar(&keyFile, "service-account-private-key-file", "", "`file` of the key that signs the tokens of service accounts; without it nobody looks after these")
	cmd.Flags().StringVar(&caFile, "root-ca-file", "", "`file` of the certificates by which pods know the API server")
	return cmd
}

// accounts is the controller of service accounts, with what the files hold; nil: none are named.
func accounts(keyFile, caFile string) (control.Component, error) {
	if keyFile == "" && caFile == "" {
		return nil, nil
	}
	if keyFile == "" || caFile == "" {
		return nil, errors.New("--service-account-private-key-file and --root-ca-file belong together: one of them is missing")
	}
	text, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, fmt.Errorf("--service-account-private-key-file: %w", err)
	}
	key, err := token.ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf("--service-account-private-key-file %s: %w", keyFile, err)
	}
	ca, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("--root-ca-file: %w", err)
	}
	return account.New(account.Config{Sign: key.Sign, CA: string(ca), Generates: true}), nil
}
