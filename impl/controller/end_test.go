package controller_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"orrery/impl/controller"
	"orrery/impl/scheduler"
)

// asCommand makes the test binary the command it names, in a process of its own, so that it can be sent a signal.
const asCommand = "ORRERY_TEST_AS_COMMAND"

// endBound is how long a command may take to end: effects and readers of metrics are given some seconds.
const endBound = 10 * time.Second

func commands() map[string]*cobra.Command {
	return map[string]*cobra.Command{"controllers": controller.Command(), "scheduler": scheduler.Command()}
}

func TestMain(m *testing.M) {
	if name := os.Getenv(asCommand); name != "" {
		command := commands()[name]
		command.SetArgs(os.Args[1:])
		if err := command.ExecuteContext(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Goal: each command serves its metrics, and ends well and soon when it is sent SIGTERM, though its API server hangs; where its port is taken it
// says so in one line. Method: processes of their own against a listener that answers nothing, with and without an election.
func TestSIGTERM(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(kubeconfig, fmt.Appendf(nil, "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: s, user: u}}]\n"+
		"users: [{name: u, user: {token: secret}}]\nclusters: [{name: s, cluster: {server: %q, insecure-skip-tls-verify: true}}]\n", "https://"+silent.Addr().String()), 0o600))
	for name := range commands() {
		for _, elect := range []string{"true", "false"} {
			t.Run(name+", --leader-elect="+elect, func(t *testing.T) {
				address := freeAddress(t)
				args := []string{"--kubeconfig", kubeconfig, "--leader-elect=" + elect, "--metrics-address", address}
				process := exec.Command(os.Args[0], args...)
				process.Env = append(os.Environ(), asCommand+"="+name)
				require.NoError(t, process.Start())
				ended := make(chan error, 1)
				go func() { ended <- process.Wait() }()
				defer func() { _ = process.Process.Kill() }()
				require.Eventually(t, func() bool {
					answer, err := http.Get("http://" + address + "/metrics")
					if err != nil {
						return false
					}
					defer answer.Body.Close()
					text, err := io.ReadAll(answer.Body)
					return err == nil && len(text) > 0 && answer.StatusCode == http.StatusOK
				}, testBound, 5*time.Millisecond)

				second := commands()[name]
				second.SetArgs(args)
				require.EqualError(t, second.ExecuteContext(t.Context()), "--metrics-address "+address+" is in use")

				require.NoError(t, process.Process.Signal(syscall.SIGTERM))
				select {
				case err := <-ended:
					require.NoError(t, err)
				case <-time.After(endBound):
					t.Fatalf("it has not ended after %v", endBound)
				}
			})
		}
	}
}

func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}
