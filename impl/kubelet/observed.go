package kubelet

import (
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/kubelet/runtime"
)

// PodRef names one pod for ever.
type PodRef struct {
	Namespace, Name string
	UID             types.UID
}

func refOf(pod *corev1.Pod) PodRef { return PodRef{pod.Namespace, pod.Name, pod.UID} }

// Observed is what this node knows about the pods of one name, of whatever UID: what the runtime lists, and what the
// kubelet itself has met with in this life of its process. It is the object of the local source "runtime". A kubelet that
// crashed loses the second part; nothing that safety rests on may be in it.
type Observed struct {
	metav1.ObjectMeta
	// Runtime is the runtime's name.
	Runtime string
	// Pods are what exists in the runtime under this name, in the order of their UIDs.
	Pods []runtime.Pod
	// Uncertain: a call was made whose effect could not be looked up. Nothing is done before the next list (K06).
	Uncertain bool

	// Memory is of the pod of that UID, and of no other.
	Memory Memory
	// By container ID.
	Stops      map[string]Stopping
	Hooks      map[string]HookRun // preStop
	PostStarts map[string]HookRun
	Probes     map[string]map[ProbeKind]ProbeState
}

// Memory is what came of the attempts to get one pod running.
type Memory struct {
	UID types.UID
	// Volumes is the hash of the content that was set up last.
	Volumes       string
	VolumesFailed Failure
	Sandbox       Failure
	// By container name.
	Images   map[string]ImageCheck
	Failures map[string]Failure
	// Tokens are those that were issued for its volumes. TokenFailed is of the last request.
	Tokens      map[TokenAsk]Token
	TokenFailed Failure
}

// Failure is what went wrong the last time, and how many times in a row. The zero value: nothing did.
type Failure struct {
	Reason, Message string
	At              time.Time
	Level           int
}

// ImageCheck is what was found out about the image for one attempt of a container; failed if Failure.Level > 0.
type ImageCheck struct {
	Image   string
	Attempt uint32
	Failure
}

// Stopping is a container that was told to stop, and when it will be killed.
type Stopping struct{ Deadline time.Time }

// HookRun is a hook that was begun.
type HookRun struct {
	Begun time.Time
	Done  bool
	// Failed: it was done, and not well. Lost: the runtime went away meanwhile, so that nobody knows.
	Failed, Lost bool
}

// of returns what the runtime has of a UID, or an empty pod.
func (o *Observed) of(uid types.UID) runtime.Pod {
	if o != nil {
		for _, p := range o.Pods {
			if p.UID == string(uid) {
				return p
			}
		}
	}
	return runtime.Pod{UID: string(uid)}
}

func (o *Observed) memory(uid types.UID) Memory {
	if o == nil || o.Memory.UID != uid {
		return Memory{UID: uid}
	}
	return o.Memory
}

// clone copies what may be changed: an Observed that was shown to the loop never changes.
func (o *Observed) clone() *Observed {
	c := *o
	c.Pods = slices.Clone(o.Pods)
	c.Stops, c.Hooks, c.PostStarts = maps.Clone(o.Stops), maps.Clone(o.Hooks), maps.Clone(o.PostStarts)
	c.Memory.Images, c.Memory.Failures = maps.Clone(o.Memory.Images), maps.Clone(o.Memory.Failures)
	c.Memory.Tokens = maps.Clone(o.Memory.Tokens)
	c.Probes = map[string]map[ProbeKind]ProbeState{}
	for id, kinds := range o.Probes {
		c.Probes[id] = maps.Clone(kinds)
	}
	return &c
}

// forget drops what was remembered of containers that are gone, so that memory is bounded by what exists.
func (o *Observed) forget() {
	exists := map[string]bool{}
	for _, p := range o.Pods {
		for _, c := range p.Containers {
			exists[c.ID] = true
		}
	}
	gone := func(id string) bool { return !exists[id] }
	maps.DeleteFunc(o.Stops, func(id string, _ Stopping) bool { return gone(id) })
	maps.DeleteFunc(o.Hooks, func(id string, _ HookRun) bool { return gone(id) })
	maps.DeleteFunc(o.PostStarts, func(id string, _ HookRun) bool { return gone(id) })
	maps.DeleteFunc(o.Probes, func(id string, _ map[ProbeKind]ProbeState) bool { return gone(id) })
}

// Machine is what this node knows about itself, the one object of the local source "machine".
type Machine struct {
	metav1.ObjectMeta
	Version runtime.Version
	Status  runtime.Status
	// Down is why the last list of the runtime failed, empty if it did not.
	Down   string
	Images []corev1.ContainerImage
	// Dirs are the UIDs of which there is a directory on disk.
	Dirs []types.UID
}

// same compares all but the object's version.
func (o *Observed) same(p *Observed) bool {
	return o.Runtime == p.Runtime && o.Uncertain == p.Uncertain && slices.EqualFunc(o.Pods, p.Pods, func(a, b runtime.Pod) bool { return a.Equal(&b) }) &&
		o.Memory.same(&p.Memory) && maps.Equal(o.Stops, p.Stops) && maps.Equal(o.Hooks, p.Hooks) && maps.Equal(o.PostStarts, p.PostStarts) &&
		maps.EqualFunc(o.Probes, p.Probes, maps.Equal[map[ProbeKind]ProbeState])
}

func (m *Memory) same(n *Memory) bool {
	return m.UID == n.UID && m.Volumes == n.Volumes && m.VolumesFailed == n.VolumesFailed && m.Sandbox == n.Sandbox &&
		maps.Equal(m.Images, n.Images) && maps.Equal(m.Failures, n.Failures) &&
		maps.Equal(m.Tokens, n.Tokens) && m.TokenFailed == n.TokenFailed
}

// nothing reports whether there is nothing to know.
func (o *Observed) nothing() bool { return len(o.Pods) == 0 && o.Memory.UID == "" && !o.Uncertain }

func (m *Machine) same(n *Machine) bool {
	return m.Version == n.Version && m.Status == n.Status && m.Down == n.Down && slices.Equal(m.Dirs, n.Dirs) &&
		slices.EqualFunc(m.Images, n.Images, func(a, b corev1.ContainerImage) bool {
			return a.SizeBytes == b.SizeBytes && slices.Equal(a.Names, b.Names)
		})
}
