package scenario

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"orrery/checker/history"
	"orrery/fuzz/sometimes"
	"orrery/impl/trace"
)

// What a run must contain at the least for its verdict to mean anything; see [trace.Expect].
const (
	minOperations  = 300
	minWrites      = 100
	minWatchEvents = 200
)

// write joins the parts to one trace, from the start of the run to its end, adds which interesting states were reached,
// and saves it.
func (r *run) write() error {
	files, err := r.partFiles()
	if err != nil {
		return err
	}
	var parts []trace.Part
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		parts = append(parts, trace.Part{Name: filepath.Base(file), Reader: bufio.NewReader(f)})
	}
	var merged bytes.Buffer
	w, err := trace.NewWriter(&merged, r.header())
	if err != nil {
		return err
	}
	notes, err := trace.Merge(w, parts...)
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		return err
	}
	for _, note := range notes {
		tell(r.config.Progress, "note: %s", note)
	}
	reader, err := trace.NewReader(&merged)
	if err != nil {
		return err
	}
	parsed, err := history.Parse(reader)
	if err != nil {
		return err
	}
	var lines []trace.Line
	for _, l := range parsed.Lines {
		if l.Time <= r.end {
			lines = append(lines, l)
		}
	}
	for _, name := range sometimes.Reached(history.New(parsed.Header, lines)) {
		lines = append(lines, trace.Line{Time: r.end, Process: "runner", Sometimes: &trace.Sometimes{Name: name}})
	}
	for i := range lines {
		lines[i].Seq = int64(i + 1)
	}
	return history.Save(filepath.Join(r.config.Out, traceFile), parsed.Header, lines)
}

func (r *run) header() trace.Header {
	header := trace.Header{
		Format: trace.Format, Mode: trace.Real, Seed: r.config.Seed, Scenario: "check", Revision: 1,
		Versions: versions(), Command: r.config.command(),
		Expect: trace.Expect{Operations: minOperations, Writes: minWrites, WatchEvents: minWatchEvents, Faults: r.config.Faults, Sometimes: sometimes.Required()},
	}
	for _, m := range r.cluster.Machines() {
		if strings.HasPrefix(m.Name, "worker") {
			header.Topology.Workers = append(header.Topology.Workers, m.Name)
		} else {
			header.Topology.ControlPlanes = append(header.Topology.ControlPlanes, m.Name)
		}
	}
	return header
}

// command makes the same run again.
func (c Config) command() string {
	command := fmt.Sprintf("make check SEED=%d TIME=%v", c.Seed, c.Time)
	if c.Bug != "" {
		command += " BUG=" + c.Bug
	}
	return command
}

// versions are those of the parts that the run was made with.
func versions() map[string]string {
	out := map[string]string{}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return out
	}
	out["go"] = info.GoVersion
	for _, dep := range info.Deps {
		switch dep.Path {
		case "go.etcd.io/etcd/server/v3", "github.com/containerd/containerd/v2", "k8s.io/api":
			out[dep.Path] = dep.Version
		}
	}
	return out
}
