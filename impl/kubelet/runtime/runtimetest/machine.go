package runtimetest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"pgregory.net/rapid"

	"orrery/impl/kubelet/runtime"
)

// callTimeout bounds every call.
const callTimeout = time.Minute

// sandbox and container are what the model knows of one.
type sandbox struct {
	id, uid string
	attempt uint32
	ready   bool
}

type container struct {
	id      string
	sandbox *sandbox
	name    string
	attempt uint32
	args    []string
	restart string // its annotation, different for each
	state   runtime.State
	codes   []int32            // with which it may have ended by now, or may end at any time
	due     bool               // it must end without anything more being done
	shown   *runtime.Container // as it was listed last
}

type machine struct {
	*Side
	sandboxes  []*sandbox
	containers []*container
	ids        map[string]bool // every one ever given
	number     int
}

// Check runs the machine once. What is there at the beginning is left alone only if another's; all that it made is removed.
func Check(t *rapid.T, side *Side) {
	m := &machine{Side: side, ids: map[string]bool{}}
	defer m.removeAll(t)
	m.runSandbox(t)
	both := func(t *rapid.T) {
		m.create(t)
		m.startOne(t, m.containers[len(m.containers)-1])
	}
	t.Repeat(map[string]func(*rapid.T){
		"run sandbox": m.runSandbox, "create": m.create, "start": m.start, "stop": m.stop, "remove": m.remove,
		"stop sandbox": m.stopSandbox, "remove sandbox": m.removeSandbox, "kill": m.kill, "exec": m.exec,
		"crash": m.crash, "settle": m.settle,
		"create and start": both, "create and start too": both, // twice as often as anything else
		"": m.check,
	})
	m.settle(t)
}

// removeAll removes what there is, by any means, so that a failed run does not disturb the next.
func (m *machine) removeAll(t *rapid.T) {
	ctx, cancel := bounded()
	defer cancel()
	pods, err := m.Runtime.List(ctx)
	if err != nil {
		t.Fatalf("List after the run: %v", err)
	}
	for _, p := range pods {
		for _, s := range p.Sandboxes {
			if err := m.Runtime.RemoveSandbox(ctx, s.ID); err != nil {
				t.Fatalf("4: RemoveSandbox %s after the run: %v", s.ID, err)
			}
		}
	}
	if pods, err = m.Runtime.List(ctx); err != nil || len(pods) > 0 {
		t.Fatalf("4: all sandboxes were removed, and the list shows %+v, %v", pods, err)
	}
}

func bounded() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), callTimeout)
}

// check compares the list with the model.
func (m *machine) check(t *rapid.T) {
	ctx, cancel := bounded()
	defer cancel()
	pods, err := m.Runtime.List(ctx)
	if err != nil {
		t.Fatalf("List: %v", err)
	}
	var uids []string
	for i := range pods {
		p := &pods[i]
		uids = append(uids, p.UID)
		m.checkPod(t, p)
		again, err := m.Runtime.Inspect(ctx, p.UID)
		if err != nil {
			t.Fatalf("Inspect %s: %v", p.UID, err)
		}
		m.checkPod(t, &again)
	}
	want := map[string]bool{}
	for _, s := range m.sandboxes {
		want[s.uid] = true
	}
	if sorted := slices.Sorted(maps.Keys(want)); !slices.Equal(uids, sorted) {
		t.Fatalf("5: the list has the pods %v, want %v", uids, sorted)
	}
	if none, err := m.Runtime.Inspect(ctx, "nobody"); err != nil || !none.Empty() {
		t.Fatalf("Inspect of an unknown UID: %+v, %v", none, err)
	}
}

func (m *machine) checkPod(t *rapid.T, p *runtime.Pod) {
	if want := nameOf(p.UID); p.Name != want || p.Namespace != namespace {
		t.Fatalf("5: pod %s is listed as %s/%s, want %s/%s", p.UID, p.Namespace, p.Name, namespace, want)
	}
	ordered := *p
	ordered.Sandboxes, ordered.Containers = slices.Clone(p.Sandboxes), slices.Clone(p.Containers)
	if ordered.Sort(); !ordered.Equal(p) {
		t.Fatalf("5: pod %s is listed in another order than promised: %+v", p.UID, p)
	}
	var sandboxes, containers []string
	for i := range p.Sandboxes {
		sandboxes = append(sandboxes, p.Sandboxes[i].ID)
		m.checkSandbox(t, &p.Sandboxes[i])
	}
	for i := range p.Containers {
		containers = append(containers, p.Containers[i].ID)
		m.checkContainer(t, &p.Containers[i])
	}
	sameIDs(t, p.UID+"'s sandboxes", sandboxes, m.sandboxes, func(s *sandbox) (string, bool) { return s.id, s.uid == p.UID })
	sameIDs(t, p.UID+"'s containers", containers, m.containers, func(c *container) (string, bool) { return c.id, c.sandbox.uid == p.UID })
}

func sameIDs[T any](t *rapid.T, what string, listed []string, all []T, id func(T) (string, bool)) {
	var want []string
	for _, one := range all {
		if id, ok := id(one); ok {
			want = append(want, id)
		}
	}
	slices.Sort(listed)
	slices.Sort(want)
	if !slices.Equal(listed, want) {
		t.Fatalf("5: %s are listed as %v, want %v", what, listed, want)
	}
}

func (m *machine) checkSandbox(t *rapid.T, got *runtime.Sandbox) {
	s := m.sandboxOf(got.ID)
	if s == nil {
		return // named by sameIDs
	}
	if got.Attempt != s.attempt || got.Ready != s.ready || got.Annotations[annotation] != s.uid {
		t.Fatalf("5: sandbox %s of %s is listed as %+v, want %+v", s.id, s.uid, got, s)
	}
	if (len(got.IPs) == 1) != s.ready || got.Created.IsZero() {
		t.Fatalf("5: sandbox %s, ready %t, is listed with addresses %v, created %v", s.id, s.ready, got.IPs, got.Created)
	}
}

// checkContainer takes over what the model left open: whether a container has ended by now, and with which of its codes.
func (m *machine) checkContainer(t *rapid.T, got *runtime.Container) {
	c := m.containerOf(got.ID)
	if c == nil {
		return
	}
	if got.Sandbox != c.sandbox.id || got.Name != c.name || got.Attempt != c.attempt || got.Image != m.Image || got.ImageRef == "" ||
		got.LogPath != c.name+"/"+c.restart+".log" || got.Annotations[runtime.AnnotationRestartCount] != c.restart {
		t.Fatalf("5: container %s is listed as %+v, want %+v with image %s", c.id, got, c, m.Image)
	}
	if c.state == runtime.Running && got.State == runtime.Exited && slices.Contains(c.codes, got.ExitCode) {
		c.state, c.codes, c.due = runtime.Exited, []int32{got.ExitCode}, false
	}
	if got.State != c.state || c.state == runtime.Exited && !slices.Contains(c.codes, got.ExitCode) {
		t.Fatalf("2: container %s (%v) is listed as %s, code %d; want %s, code %v", c.id, c.args, got.State, got.ExitCode, c.state, c.codes)
	}
	if problem := times(got); problem != "" {
		t.Fatalf("2: container %s (%v) in state %s %s: created %v, started %v, finished %v", c.id, c.args, got.State, problem, got.Created, got.Started, got.Finished)
	}
	if c.state == runtime.Exited && got.Reason != reason(got.ExitCode) {
		t.Fatalf("2: container %s (%v) exited with %d for the reason %q, want %q", c.id, c.args, got.ExitCode, got.Reason, reason(got.ExitCode))
	}
	one := runtime.Pod{Containers: []runtime.Container{*got}}
	if c.shown != nil && c.shown.State == got.State && !one.Equal(&runtime.Pod{Containers: []runtime.Container{*c.shown}}) {
		t.Fatalf("2: container %s stayed %s and is now listed as %+v, before as %+v", c.id, got.State, got, c.shown)
	}
	shown := *got
	c.shown = &shown
}

// reason is the word for an exit; see the codes in side.go.
func reason(code int32) string {
	switch code {
	case 0:
		return "Completed"
	case notStarted:
		return "StartError"
	case unknownCode:
		return "Unknown"
	}
	return "Error"
}

// times says what is wrong with the times of a container. One that could not be started was never running.
func times(c *runtime.Container) string {
	started := c.State == runtime.Running || c.State == runtime.Exited && c.ExitCode != notStarted
	switch {
	case c.Created.IsZero():
		return "has no time of creation"
	case c.Started.IsZero() == started:
		return "has a start where it has none, or none where it has one"
	case c.Finished.IsZero() == (c.State == runtime.Exited):
		return "has an end where it has none, or none where it has one"
	case started && c.Started.Before(c.Created), c.State == runtime.Exited && started && c.Finished.Before(c.Started):
		return "has times out of order"
	}
	return ""
}

func (m *machine) sandboxOf(id string) *sandbox {
	i := slices.IndexFunc(m.sandboxes, func(s *sandbox) bool { return s.id == id })
	if i < 0 {
		return nil
	}
	return m.sandboxes[i]
}

func (m *machine) containerOf(id string) *container {
	i := slices.IndexFunc(m.containers, func(c *container) bool { return c.id == id })
	if i < 0 {
		return nil
	}
	return m.containers[i]
}

// take draws one of what there is, or nil for one that is unknown.
func take[T any](t *rapid.T, all []*T) *T {
	if len(all) == 0 || rapid.IntRange(0, 9).Draw(t, "unknown") == 9 {
		return nil
	}
	return rapid.SampledFrom(all).Draw(t, "which")
}

// fresh makes sure that an ID was never given before.
func (m *machine) fresh(t *rapid.T, id string) {
	if id == "" || m.ids[id] {
		t.Fatalf("1: the ID %q is empty or was given before", id)
	}
	m.ids[id] = true
}

func (m *machine) next() string {
	m.number++
	return strconv.Itoa(m.number)
}

func nameOf(uid string) string { return "pod-of-" + uid }

// ends says that a running container may end with those codes.
func (c *container) ends(due bool, codes ...int32) {
	if c.state == runtime.Running {
		c.codes, c.due = append(c.codes, codes...), c.due || due
	}
}

func (c container) String() string {
	return fmt.Sprintf("%s/%s attempt %d %v %s %v", c.sandbox.uid, c.name, c.attempt, c.args, cmp.Or(c.state, "none"), c.codes)
}
