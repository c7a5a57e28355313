package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"orrery/impl/api"
	"orrery/impl/client"
)

const (
	// maxMemory is the target, in bytes.
	maxMemory = 100e6
	// watchTimeout bounds how long the watchers may take to see the last pod.
	watchTimeout = time.Minute
)

// measureMemory has watchers watch while pods are created, and looks at what the API server then takes.
func measureMemory(ctx context.Context, s Size, dir string, flags ...string) (rows []Row, err error) {
	p, err := startPair(ctx, dir, flags...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	c, err := p.newCreator()
	if err != nil {
		return nil, err
	}
	defer c.close()
	if err := c.namespace(ctx); err != nil {
		return nil, err
	}
	watching, stop := context.WithTimeout(ctx, watchTimeout)
	defer stop()
	seen, err := p.watch(watching, s.Watchers, s.Pods)
	if err != nil {
		return nil, err
	}
	if _, err := rate(ctx, clients, s.Pods, c.create("JSON")); err != nil {
		return nil, err
	}
	if err := seen(); err != nil {
		return nil, err
	}
	m, err := readMemory(p.apiserver.Pid())
	if err != nil {
		return nil, err
	}
	return []Row{{Measure: "memory of the API server", Got: fmt.Sprintf("%.1f MB", m.resident/1e6), Target: fmt.Sprintf("< %.0f MB", maxMemory/1e6), Met: m.resident < maxMemory,
		Detail: fmt.Sprintf("%d pods, %d watchers; most ever %.1f MB; %.1f MB are the program's file", s.Pods, s.Watchers, m.most/1e6, m.file/1e6)}}, nil
}

// watch opens watches on all pods, each over a connection of its own. The function that it returns waits until all have
// seen so many pods added.
func (p *pair) watch(ctx context.Context, watchers, pods int) (seen func() error, err error) {
	target, err := url.Parse(p.apiURL)
	if err != nil {
		return nil, err
	}
	resource, _ := api.ByName("pods")
	var reading sync.WaitGroup
	failed := make([]error, watchers)
	for i := range watchers {
		transport, err := client.NewHTTP(client.Server{Name: "bench", URL: target, TLS: p.tls.Clone()})
		if err != nil {
			return nil, err
		}
		stream, err := transport.Watch(ctx, api.Request{Resource: resource, Bookmarks: true})
		if err != nil {
			return nil, err
		}
		reading.Go(func() { failed[i] = readAdded(stream, pods) })
	}
	return func() error {
		reading.Wait()
		for i, err := range failed {
			if err != nil {
				return fmt.Errorf("watcher %d: %w", i+1, err)
			}
		}
		return nil
	}, nil
}

// readAdded reads until so many objects were added; the watch stays open until its context ends.
func readAdded(stream client.Stream, n int) error {
	for added := 0; added < n; {
		event, err := stream.Recv()
		if err != nil {
			return fmt.Errorf("the watch ended after %d of %d pods: %w", added, n, err)
		}
		if event.Type == "ADDED" {
			added++
		}
	}
	return nil
}

// memory is what the kernel says of a process, in bytes.
type memory struct {
	resident, most, file float64
}

func readMemory(pid int) (memory, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return memory{}, err
	}
	var m memory
	for field, into := range map[string]*float64{"VmRSS": &m.resident, "VmHWM": &m.most, "RssFile": &m.file} {
		if *into, err = statusField(text, field); err != nil {
			return memory{}, err
		}
	}
	return m, nil
}

// statusField is a field of /proc/PID/status, in bytes.
func statusField(text []byte, name string) (float64, error) {
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), name+":")
		if !ok {
			continue
		}
		number, ok := strings.CutSuffix(strings.TrimSpace(rest), " kB")
		n, err := strconv.ParseInt(number, 10, 64)
		if !ok || err != nil {
			return 0, fmt.Errorf("/proc/PID/status: %s: %q is no size", name, rest)
		}
		return float64(n) * 1024, nil
	}
	return 0, fmt.Errorf("/proc/PID/status has no field %s", name)
}
