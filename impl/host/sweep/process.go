package sweep

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"orrery/impl/host/machine"
)

// found is a process that is ours.
type found struct {
	pid  int
	name string
}

func (p found) String() string { return fmt.Sprintf("process %d (%s)", p.pid, p.name) }

// nsfs is the kernel's file system of namespaces.
const nsfs = 0x6e736673

// processes are those in our network namespaces, except this one. Zombies have left them.
func processes() ([]found, error) {
	ours, err := namespaces()
	if err != nil || len(ours) == 0 {
		return nil, err
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	var all []found
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		var st unix.Stat_t
		if unix.Stat(fmt.Sprintf("/proc/%d/ns/net", pid), &st) != nil || !ours[st.Ino] {
			continue
		}
		name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		all = append(all, found{pid: pid, name: string(bytes.TrimSpace(name))})
	}
	return all, nil
}

// namespaces are the inodes of the network namespaces that are ours: those of machines and, mounted below RunDir, of pods.
func namespaces() (map[uint64]bool, error) {
	paths, _, err := machine.Left()
	if err != nil {
		return nil, err
	}
	points, err := mounts()
	if err != nil {
		return nil, err
	}
	ours := map[uint64]bool{}
	for _, path := range append(paths, points...) {
		var fs unix.Statfs_t
		var st unix.Stat_t
		if unix.Statfs(path, &fs) == nil && fs.Type == nsfs && unix.Stat(path, &st) == nil {
			ours[st.Ino] = true
		}
	}
	return ours, nil
}
