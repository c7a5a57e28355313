package tools

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Step is one call of the go command.
type Step struct {
	// Dir is where the programs go, below the directory of all of them.
	Dir      string
	Packages []string
	// Static programs use no C; Flags are further ones of `go build`.
	Static bool
	Flags  []string
}

// Steps are what is built, in the order of use.
var Steps = []Step{
	// Nothing of the place and time of the build may be in what goes into images: their digests are compared.
	{Static: true, Dir: "image", Flags: []string{"-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid="}, Packages: []string{
		"orrery/impl/host/image/pause",
		"orrery/impl/host/image/testserver",
	}},
	{Static: true, Dir: "cni", Packages: []string{
		"github.com/containernetworking/plugins/plugins/main/loopback",
		"github.com/containernetworking/plugins/plugins/main/ptp",
		"github.com/containernetworking/plugins/plugins/ipam/host-local",
	}},
	{Static: true, Packages: []string{"github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2"}},
	{Packages: []string{"github.com/opencontainers/runc"}},
	// Without a version of its own kubectl cannot compare it with the server's: `kubectl version` would fail.
	{Static: true, Flags: []string{"-ldflags=-X k8s.io/component-base/version.gitVersion=v1.37.2"}, Packages: []string{"orrery/impl/host/kubectl"}},
	{Static: true, Packages: []string{"orrery/fuzz/exploration/draw"}},
	{Static: true, Packages: []string{"orrery"}},
}

// Runtime are the steps that running a container needs.
var Runtime = Steps[:4]

// Args are the arguments of the go command for the step, its programs going below bin.
func (s Step) Args(bin string) []string {
	// The trailing separator tells the go command that it is a directory.
	args := append([]string{"build"}, s.Flags...)
	return append(append(args, "-o", filepath.Join(bin, s.Dir)+string(filepath.Separator)), s.Packages...)
}

// Build builds the programs of the steps into bin. It is run in root, the module's directory; one build at a time per bin
// is the caller's business, though two do no harm: the go command replaces a program in one rename.
func Build(ctx context.Context, root, bin string, steps ...Step) error {
	if len(steps) == 0 {
		steps = Steps
	}
	for _, s := range steps {
		if err := os.MkdirAll(filepath.Join(bin, s.Dir), 0o755); err != nil {
			return fmt.Errorf("tools: %w", err)
		}
		cmd := exec.CommandContext(ctx, "go", s.Args(bin)...)
		cmd.Dir = root
		cmd.Env = os.Environ()
		if s.Static {
			cmd.Env = append(cmd.Env, "CGO_ENABLED=0")
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("tools: go build %s: %w\n%s", strings.Join(s.Packages, " "), err, out)
		}
	}
	return nil
}

// Missing names the programs of the steps that are not in bin.
func Missing(bin string, steps ...Step) []string {
	if len(steps) == 0 {
		steps = Steps
	}
	var missing []string
	for _, s := range steps {
		for _, pkg := range s.Packages {
			name := filepath.Join(s.Dir, filepath.Base(pkg))
			if info, err := os.Stat(filepath.Join(bin, name)); err != nil || info.Mode()&0o111 == 0 {
				missing = append(missing, name)
			}
		}
	}
	return missing
}

// Root is the directory of the module that contains dir.
func Root(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("tools: %w", err)
	}
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(filepath.Join(d, "go.mod")); err == nil {
			return d, nil
		}
		if d == filepath.Dir(d) {
			return "", fmt.Errorf("tools: no go.mod above %s", dir)
		}
	}
}
