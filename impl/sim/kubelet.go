package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/kubelet"
	"orrery/impl/kubelet/runtime/fake"
	rules "orrery/impl/proxy/rules/fake"
	"orrery/impl/store"
	"orrery/impl/trace"
)

// Images are those that every node has.
var Images = []string{"local/web:1"}

// Node is a worker: a machine with a container runtime, which outlives the kubelet, and the kubelet on it.
type Node struct {
	world   *World
	Name    string
	Runtime *fake.Machine
	Kubelet *Process
	// Kernel has the rules of the node's proxy; nil: it has none.
	Kernel *rules.Kernel
	Proxy  *Process

	running []string // the IDs of the containers that run, in order
	ended   []ended  // those that have ended and are remembered
	changed bool     // the runtime has something new since the kubelet last looked
	lose    int      // of the next call to the runtime: 0 nothing, 1 the call, 2 its answer
	// Lost counts the calls to the runtime, and answers, that were lost.
	Lost int
}

// ended is a container that has ended, and the name of its pod.
type ended struct{ id, namespace, pod string }

// shown reports whether the API shows the container, or has its pod no more. A record that is lost before that was all that
// anybody knew of the container: no kubelet could do right then.
func (n *Node) shown(e ended) bool {
	pods, _ := api.ByName("pods")
	held, err := n.world.Store.Get(context.Background(), pods.Key(e.namespace, e.pod), store.GetOptions{})
	if err != nil || held.KV == nil {
		return err == nil
	}
	obj, err := api.Decode(held.KV.Value, held.KV.Mod)
	pod, ok := obj.(*corev1.Pod)
	return err == nil && ok && slices.ContainsFunc(slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses), func(s corev1.ContainerStatus) bool {
		return strings.HasSuffix(s.ContainerID, "/"+e.id) && (s.State.Terminated != nil || s.LastTerminationState.Terminated != nil)
	})
}

// Timings of the simulated kubelets: upstream's would only make runs longer.
const (
	relist    = 5 * time.Second
	heartbeat = 20 * time.Second
)

func (n *Node) config() kubelet.Config {
	cfg := kubelet.Defaults
	cfg.Node, cfg.Hostname, cfg.Address = n.Name, n.Name, fmt.Sprintf("10.0.1.%d", len(n.world.Nodes)+1)
	cfg.RootDir, cfg.LogsDir = "/kubelet", "/kubelet/log"
	cfg.Capacity = corev1.ResourceList{"cpu": resource.MustParse("200m"), "memory": resource.MustParse("1Gi"), "pods": resource.MustParse("10")}
	cfg.Info = corev1.NodeSystemInfo{KubeletVersion: kubelet.Version, OperatingSystem: "linux", Architecture: "amd64"}
	cfg.BackoffBase, cfg.BackoffMax = time.Second, 8*time.Second
	cfg.Relist, cfg.Heartbeat, cfg.LeaseRenewal = relist, heartbeat, heartbeat
	return cfg
}

// AddNode adds a worker.
func (w *World) AddNode(name string) *Node {
	n := &Node{world: w, Name: name, Runtime: fake.New(w.now, Images...)}
	n.Runtime.Observe = n.observe
	n.Runtime.Fault = n.fault
	cfg := n.config()
	w.Nodes = append(w.Nodes, n)
	n.Kubelet = w.add("kubelet-"+name, name, func(p *Process) program { return newKubelet(n, p, cfg) })
	return n
}

// observe writes ground truth into the trace.
func (n *Node) observe(c fake.Change) {
	n.changed = true
	if c.Container != "" {
		n.running = remove(n.running, c.ID)
		n.ended = remove(n.ended, ended{c.ID, c.Namespace, c.Name})
		switch c.State {
		case "started":
			n.running = append(n.running, c.ID)
		case "exited":
			n.ended = append(n.ended, ended{c.ID, c.Namespace, c.Name})
		}
	}
	n.world.emit("runtime-"+n.Name, trace.Line{Container: &trace.Container{
		Node: n.Name, PodUID: c.UID, Namespace: c.Namespace, Pod: c.Name, Container: c.Container, Attempt: int(c.Attempt),
		ID: c.ID, State: c.State, ExitCode: int(c.ExitCode), At: n.world.clock(c.At),
	}})
}

var errLost = errors.New("the call to the runtime was lost")

func (n *Node) fault(call string) (before, after error) {
	switch lose := n.lose; lose {
	case 1:
		n.lose = 0
		n.Lost++
		return errLost, nil
	case 2:
		n.lose = 0
		n.Lost++
		return nil, errLost
	}
	return nil, nil
}

// kubeletProgram is a shell with a node behind it.
type kubeletProgram struct {
	*shell
	node    *Node
	local   *kubelet.Local
	look    time.Time // when the runtime is to be looked at next
	examine time.Time
}

func newKubelet(n *Node, p *Process, cfg kubelet.Config) *kubeletProgram {
	k := &kubeletProgram{shell: newShell(p, kubelet.New(cfg), p.ID()), node: n, look: p.world.now, examine: p.world.now}
	k.local = &kubelet.Local{Config: cfg, Runtime: n.Runtime, Now: p.now}
	k.local.Connect(func(source string, rv int64, objects []metav1.Object) error {
		err := k.loop.ObserveList(source, rv, objects)
		if err != nil {
			p.world.broken("%s refuses its own list: %v", p.Name, err)
		}
		return err
	})
	k.shell.local = func(e control.Effect) control.Answer { return k.local.Perform(context.Background(), e) }
	n.changed = true
	return k
}

func (k *kubeletProgram) enabled(steps []Step, self int32) []Step {
	if now := k.p.world.now; k.node.changed || !k.look.After(now) || !k.examine.After(now) {
		steps = append(steps, Step{Kind: Look, actor: self})
	}
	return k.shell.enabled(steps, self)
}

func (k *kubeletProgram) take(kind Kind, item int) {
	if kind != Look {
		k.shell.take(kind, item)
		return
	}
	now := k.p.world.now
	k.node.changed = false
	k.look = now.Add(relist)
	// A runtime that does not answer is looked at again; the loop is told.
	_ = k.local.Relist(context.Background())
	if !k.examine.After(now) {
		k.examine = now.Add(heartbeat)
		if k.local.Examine(context.Background()) != nil {
			k.examine = now.Add(relist)
		}
	}
}

func (k *kubeletProgram) due() (time.Time, bool) {
	var next earliest
	if at, ok := k.shell.due(); ok {
		next.add(at)
	}
	next.add(k.look)
	next.add(k.examine)
	return next.at, true
}
