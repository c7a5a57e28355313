package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"orrery/impl/host"
	"orrery/impl/host/machine"
)

// maxUp is the target, in seconds.
const maxUp = 5.0

// measureUp starts `orrery up` some times, each with an empty directory, and tells how long it took until kubectl was
// answered.
func measureUp(ctx context.Context, s Size, dir string) ([]Row, error) {
	var took []float64
	for range s.Ups {
		seconds, err := upOnce(ctx, dir)
		if err != nil {
			return nil, err
		}
		took = append(took, seconds)
	}
	row := atMost("seconds until `orrery up` answers kubectl", median(took), maxUp, fmt.Sprintf("each of %d: %.1f", s.Ups, took))
	return []Row{row}, nil
}

// upOnce waits until no other cluster is on the host, which does not count.
func upOnce(ctx context.Context, dir string) (float64, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp(dir, "up-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	for {
		lock, err := machine.WaitLock(ctx)
		if err != nil {
			return 0, err
		}
		if err := lock.Unlock(); err != nil {
			return 0, err
		}
		seconds, err := startUp(ctx, dir)
		if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), machine.ErrBusy.Error()) {
			return seconds, err // otherwise somebody else was quicker
		}
	}
}

// startUp starts the command, asks with kubectl once it says that it is ready, and ends it.
func startUp(ctx context.Context, dir string) (seconds float64, err error) {
	binary, err := host.Binary()
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "up", "--dir", dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopTimeout
	var says bytes.Buffer
	cmd.Stderr = &says
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	kubeconfig, err := readReady(out)
	if err == nil {
		err = askReady(ctx, filepath.Join(filepath.Dir(binary), "kubectl"), kubeconfig)
	}
	seconds = time.Since(begun).Seconds()
	cancel()
	ended := cmd.Wait()
	if err != nil {
		return 0, fmt.Errorf("orrery up: %w: %s", errors.Join(err, ended), strings.TrimSpace(says.String()))
	}
	return seconds, nil
}

// readReady reads what `orrery up` says until it has named the kubeconfig.
func readReady(out io.Reader) (kubeconfig string, err error) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if path, ok := strings.CutPrefix(lines.Text(), "export KUBECONFIG="); ok {
			return path, nil
		}
	}
	return "", errors.Join(errors.New("it ended before it was ready"), lines.Err())
}

func askReady(ctx context.Context, kubectl, kubeconfig string) error {
	out, err := exec.CommandContext(ctx, kubectl, "--kubeconfig", kubeconfig, "get", "--raw", "/readyz").CombinedOutput()
	if err != nil {
		return fmt.Errorf("kubectl get --raw /readyz: %w: %s", err, out)
	}
	return nil
}
