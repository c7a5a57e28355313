package world

import (
	"bufio"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
)

// Goal: stock kubectl works, and prints what it prints of any cluster. Method: a transcript. Its commands are
//
//	sh     the input is a shell's, whose output is shown, and its exit status if that is not 0
//	await  the input is a shell's, again and again until its exit status is 0; its output is not shown
//	watch  the input's first line is a command that prints lines for ever; once it has printed one, the other lines are a
//	       shell's, and it is ended when it has printed a line with the text until=. Shown are both outputs, of the
//	       watch without repetitions: how often a state is told is nobody's promise.
func TestKubectl(t *testing.T) {
	c := up(t)
	facts := c.facts()
	datadriven.RunTest(t, "testdata/kubectl.txt", func(t *testing.T, d *datadriven.TestData) string {
		switch d.Cmd {
		case "sh":
			return normal(c.shell(d.Input), facts)
		case "await":
			c.await(func() (bool, string) {
				out, err := c.run("/bin/sh", "-c", d.Input)
				return err == nil, d.Input + ": " + out
			})
			return ""
		case "watch":
			var until string
			d.ScanArgs(t, "until", &until)
			return c.watch(t, d.Input, until, facts)
		}
		t.Fatalf("%s: no such command: %s", d.Pos, d.Cmd)
		return ""
	})
}

func (c *cluster) shell(script string) string {
	out, err := c.run("/bin/sh", "-c", script)
	if err != nil {
		out += "(" + err.Error() + ")\n"
	}
	return out
}

func (c *cluster) watch(t *testing.T, input, until string, facts []string) string {
	line, script, _ := strings.Cut(input, "\n")
	cmd := c.command(c.bounded(), "/bin/sh", "-c", "exec "+line)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(stdout)
	require.True(t, lines.Scan(), "%s ended: %v", line, lines.Err())
	seen := []string{normal(lines.Text(), facts)}
	out := normal(c.shell(script), facts)
	for !strings.Contains(seen[len(seen)-1], until) {
		require.True(t, lines.Scan(), "%s ended without a line with %q: %v", line, until, lines.Err())
		if next := normal(lines.Text(), facts); !slices.Contains(seen, next) {
			seen = append(seen, next)
		}
	}
	require.NoError(t, cmd.Process.Kill())
	io.Copy(io.Discard, stdout)
	var killed *exec.ExitError
	require.True(t, errors.As(cmd.Wait(), &killed))
	return out + strings.Join(seen, "\n") + "\n"
}

// facts are pairs: what kubectl tells of this host, and the word that stands for it in the transcript.
func (c *cluster) facts() []string {
	facts := []string{c.home, "HOME", c.dir, "DIR"}
	for _, field := range []string{"kernelVersion", "osImage", "machineID", "bootID", "containerRuntimeVersion", "architecture"} {
		value := c.kubectl("get", "node", "worker-1", "-o", "jsonpath={.status.nodeInfo."+field+"}")
		facts = append(facts, value, strings.ToUpper(field))
	}
	return facts
}

// Goal: what differs from run to run is replaced, and nothing that a user would miss.
func TestNormal(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"web-4fz2x   1/1     Running   0          12s", "web-xxxxx  1/1  Running  0  AGE"},
		{"NAME   READY   STATUS    RESTARTS     AGE", "NAME  READY  STATUS  RESTARTS  AGE"},
		{"web    0/1     Error     1 (3s ago)   4s   ", "web  0/1  Error  1 (AGE ago)  AGE"},
		{"  Warning  BackOff    1s (x3 over 12s)  kubelet   Back-off", "  Warning  BackOff  AGE (xN over AGE)  kubelet  Back-off"},
		{"3s          Normal   Pulled", "AGE  Normal  Pulled"},
		{"Tolerations:   key:NoExecute op=Exists for 300s", "Tolerations:  key:NoExecute op=Exists for 300s"},
		{"  Readiness:  http-get delay=0s timeout=1s", "  Readiness:  http-get delay=0s timeout=1s"},
		{`  resourceVersion: "7"`, `  resourceVersion: "RV"`},
		{"  uid: 4ca795e8-e53a-480f-9a2e-80c344e7c0b4", "  uid: UID"},
		{"Start Time:   Mon, 23 Nov 2026 16:35:05 +0000", "Start Time:  TIME"},
		{`startTime: "2026-11-23T16:35:05Z"`, `startTime: "TIME"`},
		{"    Image ID:   sha256:" + strings.Repeat("0a", 32), "    Image ID:  sha256:DIGEST"},
		{"IP:  10.88.2.17", "IP:  POD-IP"},
		{"  memory:  24684092Ki", "  memory:  N"},
		{"kernel 6.1", "kernel KERNEL"},
	} {
		require.Equal(t, c.want, normal(c.in, []string{"6.1", "KERNEL"}))
	}
}
