package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// ticks is how many there are to a second in /proc/PID/stat: USER_HZ, on every Linux.
const ticks = 100

// meter adds up how much CPU some processes spend on one side of a comparison: what both sides share is what limits them.
type meter struct {
	names []string
	pids  []int
	spent []float64 // seconds
	done  int
}

// around is the side with its spending of n things added up.
func (m *meter) around(n int, s side) side {
	return func(ctx context.Context) (float64, error) {
		before, err := m.read()
		if err != nil {
			return 0, err
		}
		figure, err := s(ctx)
		if err != nil {
			return 0, err
		}
		after, err := m.read()
		if err != nil {
			return 0, err
		}
		for i := range after {
			m.spent[i] += after[i] - before[i]
		}
		m.done += n
		return figure, nil
	}
}

func (m *meter) read() (seconds []float64, err error) {
	m.spent = append(m.spent, make([]float64, len(m.pids)-len(m.spent))...)
	for _, pid := range m.pids {
		s, err := cpuSeconds(pid)
		if err != nil {
			return nil, err
		}
		seconds = append(seconds, s)
	}
	return seconds, nil
}

// String tells what one thing took of each process.
func (m *meter) String() string {
	var parts []string
	for i, name := range m.names {
		parts = append(parts, fmt.Sprintf("%s %.2f", name, 1000*m.spent[i]/float64(m.done)))
	}
	return strings.Join(parts, " + ") + " ms CPU"
}

// cpuSeconds is what a process has spent, in user and kernel mode.
func cpuSeconds(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The second field is the program's name, which may hold anything; the 14th and 15th are the times.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat: %q", pid, text)
	}
	var sum float64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/%d/stat: %w", pid, err)
		}
		sum += float64(n) / ticks
	}
	return sum, nil
}
