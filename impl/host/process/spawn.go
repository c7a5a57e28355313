package process

import (
	"fmt"
	"os/exec"
	"sync"

	"github.com/vishvananda/netns"

	"orrery/impl/host/machine"
)

// spawner starts all processes from one thread that lives as long as this process does. The kernel sends the signal of a
// parent's death when the *thread* that forked ends; one that the runtime retired would take the children with it.
var spawner = sync.OnceValue(func() chan<- spawn {
	requests := make(chan spawn)
	machine.Thread(func() {
		for r := range requests {
			r.done <- r.start()
		}
	})
	return requests
})

type spawn struct {
	cmd       *exec.Cmd
	namespace string
	done      chan error
}

// start leaves the thread in the namespace: the next start enters its own.
func (s spawn) start() error {
	ns, err := netns.GetFromPath(s.namespace)
	if err != nil {
		return fmt.Errorf("network namespace %s: %w", s.namespace, err)
	}
	defer ns.Close()
	if err := netns.Set(ns); err != nil {
		return fmt.Errorf("network namespace %s: %w", s.namespace, err)
	}
	return s.cmd.Start()
}

// startIn starts cmd in the network namespace, whose path must be given.
func startIn(namespace string, cmd *exec.Cmd) error {
	s := spawn{cmd: cmd, namespace: namespace, done: make(chan error, 1)}
	spawner() <- s
	return <-s.done
}
