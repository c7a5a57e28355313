package kubelet

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/api"
	"orrery/impl/kubelet/runtime"
)

// Local is what the loop is connected to on its own node: it performs effects against the runtime, and keeps the local
// sources. It decides nothing, starts no goroutine and reads the clock it is given, so that a simulation can hold it.
//
// Every observation of the runtime has a beginning, and one that began before the end of a call on the same pod is not
// believed: a decision never sees a pod older than the kubelet's own last act on it (K06).
type Local struct {
	Config  Config
	Runtime runtime.Runtime
	Now     func() time.Time
	// Record is told the Events that are worth recording; nil: nobody is.
	Record func(PodRef, Note)
	// Request asks the API for what only this node may know, a token of a pod's account; nil: there is none to ask.
	Request func(context.Context, api.Request) (api.Response, error)
	// Disk, if false, leaves the file system alone: a simulation has none.
	Disk bool

	mu       sync.Mutex
	list     func(source string, rv int64, objects []metav1.Object) error
	number   int64 // of the last list given
	turn     int64 // counts beginnings and ends, to tell what came before what
	observed map[podName]*Observed
	machine  *Machine
	calls    map[string]*calls // by pod UID
	messages map[string]string // the last words of exited containers, by ID
	// references are the config maps and secrets that are followed; referring tells whoever reads them that there are others now.
	references map[Refer]*Reference
	referring  chan struct{}
	// asked are the static pods that files ask for, by UID, nil before they were read; withdrawn are those of which something may be left though
	// no file asked for them since.
	asked     map[types.UID]*corev1.Pod
	withdrawn map[types.UID]podName
}

type podName struct{ namespace, name string }

// calls tells of one pod how many calls on it are under way, and when the last one ended.
type calls struct {
	open  int
	ended int64
}

// Connect names the function that takes over whole lists, and must be called first.
func (l *Local) Connect(list func(source string, rv int64, objects []metav1.Object) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = list
	l.observed, l.calls, l.messages = map[podName]*Observed{}, map[string]*calls{}, map[string]string{}
	l.references, l.referring = map[Refer]*Reference{}, make(chan struct{}, 1)
	l.asked, l.withdrawn = nil, map[types.UID]podName{}
	l.machine = &Machine{ObjectMeta: metav1.ObjectMeta{Name: l.Config.Node, UID: localUID}, Down: "it has not been listed yet"}
}

// localUID is the UID of all local objects: names are all their identity.
const localUID types.UID = "local"

// observation is the beginning of a look at the runtime.
func (l *Local) observation() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn++
	return l.turn
}

// Relist looks at the whole runtime, and tells the loop what changed. The error says that the runtime did not answer, which
// the loop is told too.
func (l *Local) Relist(ctx context.Context) error {
	began := l.observation()
	pods, err := l.Runtime.List(ctx)
	if err == nil {
		for i := range pods {
			l.lastWords(&pods[i])
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.setMachine(func(m *Machine) { m.Down = err.Error() })
		return err
	}
	l.takeList(pods, began)
	dirs := l.dirs()
	l.setMachine(func(m *Machine) { m.Down, m.Dirs = "", dirs })
	return nil
}

// Look looks at one pod, after a hint that it changed.
func (l *Local) Look(ctx context.Context, uid string) error {
	began := l.observation()
	pod, err := l.Runtime.Inspect(ctx, uid)
	if err != nil {
		return err
	}
	l.lastWords(&pod)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range l.names() {
		if o := l.observed[name]; slices.ContainsFunc(o.Pods, func(p runtime.Pod) bool { return p.UID == uid }) && pod.Empty() {
			pod.Namespace, pod.Name = o.Namespace, o.Name
		}
	}
	if pod.Name == "" || l.stale(uid, began) {
		return nil
	}
	pod.UID = uid
	l.change(podName{pod.Namespace, pod.Name}, func(o *Observed) { o.set(pod) })
	l.publish()
	return nil
}

// Examine looks at the machine itself: version, status and images change rarely.
func (l *Local) Examine(ctx context.Context) error {
	version, err := l.Runtime.Version(ctx)
	if err != nil {
		return err
	}
	status, err := l.Runtime.Status(ctx)
	if err != nil {
		return err
	}
	images, err := l.Runtime.Images(ctx)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.setMachine(func(m *Machine) { m.Version, m.Status, m.Images = version, status, nodeImages(images) })
	for _, name := range l.names() {
		if l.observed[name].Runtime != version.Name {
			l.change(name, func(*Observed) {})
		}
	}
	l.publish()
	return nil
}

// nodeImages are the largest images, as a Node's status lists them.
func nodeImages(images []runtime.Image) []corev1.ContainerImage {
	slices.SortStableFunc(images, func(a, b runtime.Image) int {
		if a.Size != b.Size {
			return int(min(max(b.Size-a.Size, -1), 1))
		}
		return strings.Compare(a.ID, b.ID)
	})
	var list []corev1.ContainerImage
	for _, image := range images[:min(len(images), maxImages)] {
		list = append(list, corev1.ContainerImage{Names: image.Names[:min(len(image.Names), maxNames)], SizeBytes: image.Size})
	}
	return list
}

// takeList takes over a list of the runtime that began at that turn, but for pods on which a call was made meanwhile.
func (l *Local) takeList(pods []runtime.Pod, began int64) {
	listed := map[string]bool{}
	for _, pod := range pods {
		listed[pod.UID] = true
		if !l.stale(pod.UID, began) {
			l.change(podName{pod.Namespace, pod.Name}, func(o *Observed) { o.set(pod) })
		}
	}
	for _, name := range l.names() {
		for _, pod := range l.observed[name].Pods {
			if !listed[pod.UID] && !l.stale(pod.UID, began) {
				l.change(name, func(o *Observed) { o.set(runtime.Pod{UID: pod.UID}) })
			}
		}
		if o := l.observed[name]; o.Uncertain && !l.stale(string(o.Memory.UID), began) {
			l.change(name, func(o *Observed) { o.Uncertain = false })
		}
	}
	ids := map[string]bool{}
	for _, pod := range pods {
		for _, c := range pod.Containers {
			ids[c.ID] = true
		}
	}
	maps.DeleteFunc(l.messages, func(id string, _ string) bool { return !ids[id] })
	maps.DeleteFunc(l.calls, func(uid string, c *calls) bool { return c.open == 0 && c.ended <= began })
	l.publish()
}

func (l *Local) names() []podName {
	return slices.SortedFunc(maps.Keys(l.observed), func(a, b podName) int {
		return strings.Compare(a.namespace+"/"+a.name, b.namespace+"/"+b.name)
	})
}

// stale reports whether an observation that began then may show a pod as it was before the kubelet's last call on it.
func (l *Local) stale(uid string, began int64) bool {
	c := l.calls[uid]
	return c != nil && (c.open > 0 || c.ended > began)
}

// set puts what the runtime has of one UID in its place.
func (o *Observed) set(pod runtime.Pod) {
	o.Pods = slices.DeleteFunc(o.Pods, func(p runtime.Pod) bool { return p.UID == pod.UID })
	if !pod.Empty() {
		o.Pods = append(o.Pods, pod)
		slices.SortFunc(o.Pods, func(a, b runtime.Pod) int { return strings.Compare(a.UID, b.UID) })
	}
	o.Uncertain = false
	o.forget()
}

// change makes a new version of what is known under a name, if the change is one. The number comes with the list.
func (l *Local) change(name podName, change func(*Observed)) {
	old := l.observed[name]
	if old == nil {
		old = &Observed{ObjectMeta: metav1.ObjectMeta{Namespace: name.namespace, Name: name.name, UID: localUID}}
	}
	next := old.clone()
	next.Runtime = l.machine.Version.Name
	change(next)
	if l.observed[name] != nil && next.same(old) {
		return
	}
	next.ResourceVersion = strconv.FormatInt(l.number+1, 10)
	l.observed[name] = next
}

// publish gives the loop the whole list under the next number, and drops what nothing is known of any more.
func (l *Local) publish() int64 {
	l.number++
	var objects []metav1.Object
	for _, name := range l.names() {
		if o := l.observed[name]; o.nothing() {
			delete(l.observed, name)
		} else {
			objects = append(objects, o)
		}
	}
	// The number is greater than any before it, which is all that could be refused.
	number := l.number
	_ = l.list(sourceRuntime, number, objects)
	l.settleWithdrawn()
	return number
}

func (l *Local) setMachine(change func(*Machine)) {
	next := *l.machine
	change(&next)
	if l.number > 0 && l.machine.ResourceVersion != "" && next.same(l.machine) {
		return
	}
	if l.machine.ResourceVersion == "" {
		l.publish() // the first word about the machine comes with the first list of its pods
		l.publishReferences()
	}
	l.number++
	next.ResourceVersion = strconv.FormatInt(l.number, 10)
	l.machine = &next
	_ = l.list(sourceMachine, l.number, []metav1.Object{&next})
}

// dirs are the pods that have a directory on disk or are remembered.
func (l *Local) dirs() []types.UID {
	known := map[types.UID]bool{}
	for _, o := range l.observed {
		if o.Memory.UID != "" {
			known[o.Memory.UID] = true
		}
	}
	if l.Disk {
		entries, err := os.ReadDir(filepath.Join(l.Config.RootDir, "pods"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return l.machine.Dirs
		}
		for _, entry := range entries {
			known[types.UID(entry.Name())] = true
		}
	}
	return slices.Sorted(maps.Keys(known))
}
