package world

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/stretchr/testify/require"

	"orrery/impl/host/machine"
)

// processes are those of this cluster that are the component; "": any. They are told by their command line, as with pgrep.
func (c *cluster) processes(component string) (pids []int) {
	for _, pid := range allProcesses() {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err != nil {
			continue // it has ended
		}
		args := strings.Split(string(data), "\x00")
		ours := slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(arg, c.dir) })
		if ours && len(args) > 1 && (component == "" || args[1] == component) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// on are those of the component that run on the machine: its network namespace is theirs.
func (c *cluster) on(name, component string) (pids []int) {
	want, err := os.Stat((&machine.Machine{Name: name}).Namespace())
	require.NoError(c.t, err)
	for _, pid := range c.processes(component) {
		if got, err := os.Stat(fmt.Sprintf("/proc/%d/ns/net", pid)); err == nil && os.SameFile(got, want) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func allProcesses() (pids []int) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// life is what tells one run of a process from the next: its ID, and when it was started in the clock of the kernel.
type life struct {
	pid   int
	start string
}

// server is the process of the test server in a container, whose ID its control group names; zero: there is none.
func server(container string) life {
	for _, pid := range allProcesses() {
		name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		group, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
		if strings.TrimSpace(string(name)) != "testserver" || !strings.Contains(string(group), container) {
			continue
		}
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		// proc(5): the name in brackets may hold anything; the start is the 20th field behind it.
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if len(fields) > startField {
			return life{pid: pid, start: fields[startField]}
		}
	}
	return life{}
}

const startField = 19
