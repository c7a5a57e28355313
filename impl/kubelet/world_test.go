package kubelet

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/kubelet/runtime/fake"
	"orrery/impl/trace"
)

// world is a node without a host: the real rings 1 and 2 and the real Local over the fake runtime, and an API that is a map.
// Everything in it happens one after the other, at a time that the test gives.
type world struct {
	now     time.Time
	cfg     Config
	machine *fake.Machine
	api     map[string]metav1.Object // by resource/namespace/name
	rv      int64
	uids    int
	// tokens is how many were issued. refuses is why none are.
	tokens  int
	refuses error

	loop  *control.Loop
	local *Local
	lives int
	// files are those of static pods, by name. silent: the API does not answer; deaf: its watches go on, and it is asked in vain.
	files        map[string]string
	silent, deaf bool
	// refused are the config maps and secrets that the API does not let the kubelet read, by resource/namespace/name.
	refused map[string]bool
	// wrap, if set, makes a mutant of the kubelet that is booted next.
	wrap func(control.Component) control.Component
	// told are the resourceVersions that the loop was last given.
	told int64
	// steps are the effects performed, as text, since they were last taken; notes the Events.
	steps, notes []string
	// before, if set, may crash the kubelet before or after an effect.
	before func(effect control.Effect) (perform, crash bool)
	// changes is the ground truth.
	changes []fake.Change
	// writes is told every write the API accepted.
	write func(resource string, old, new metav1.Object)
}

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newWorld() *world { return newWorldOf(Defaults) }

func newWorldOf(cfg Config) *world {
	w := &world{now: epoch, api: map[string]metav1.Object{}, rv: 1}
	w.cfg = cfg
	w.cfg.Node, w.cfg.Hostname, w.cfg.Address, w.cfg.RootDir, w.cfg.LogsDir = "n1", "n1", "10.0.0.1", "/root-dir", "/root-dir/log/pods"
	w.cfg.Capacity = corev1.ResourceList{"cpu": resource.MustParse("4"), "memory": resource.MustParse("8Gi"), "pods": resource.MustParse("110")}
	w.cfg.Info = corev1.NodeSystemInfo{KubeletVersion: Version, OperatingSystem: "linux", Architecture: "amd64"}
	w.machine = fake.New(w.now, "img", "img2")
	w.machine.Observe = func(c fake.Change) { w.changes = append(w.changes, c) }
	w.boot()
	return w
}

// boot starts a kubelet, in place of one that crashed: nothing of its memory is left.
func (w *world) boot() {
	w.lives++
	var component control.Component = New(w.cfg)
	if w.wrap != nil {
		component = w.wrap(component)
	}
	w.loop = control.New(control.Config{Component: component, ID: fmt.Sprintf("kubelet-%d", w.lives), Trace: trace.Discard})
	w.local = &Local{Config: w.cfg, Runtime: w.machine, Now: func() time.Time { return w.now },
		Request: w.issue, Record: func(ref PodRef, n Note) { w.notes = append(w.notes, n.Reason+": "+n.Message) }}
	w.local.Connect(func(source string, rv int64, objects []metav1.Object) error {
		if err := w.loop.ObserveList(source, rv, objects); err != nil {
			panic(err)
		}
		return nil
	})
	w.told = 0
	w.ask()
	w.tell()
	w.relist()
	_ = w.local.Examine(context.Background())
}

// ask gives the kubelet the static pods that the files ask for.
func (w *world) ask() {
	if w.cfg.Manifests == "" {
		return
	}
	var pods []*corev1.Pod
	for _, name := range slices.Sorted(maps.Keys(w.files)) {
		pod, err := parseManifest(&w.cfg, w.cfg.Manifests+"/"+name, []byte(w.files[name]))
		if err != nil {
			panic(err)
		}
		pods = append(pods, pod)
	}
	w.local.Ask(pods)
}

// tell gives the loop what the API shows now.
func (w *world) tell() {
	if w.told == w.rv || w.silent {
		return
	}
	w.told = w.rv
	for _, s := range New(w.cfg).Sources() {
		if s.Resource == nil {
			continue
		}
		var objects []metav1.Object
		for _, key := range slices.Sorted(maps.Keys(w.api)) {
			if strings.HasPrefix(key, s.Name+"/") {
				objects = append(objects, w.api[key])
			}
		}
		if err := w.loop.ObserveList(s.Name, w.rv, objects); err != nil {
			panic(err)
		}
	}
	for _, r := range w.local.followed() {
		w.answer(r)
	}
}

// answer tells the kubelet of a reference that it follows, as often as it takes.
func (w *world) answer(r Refer) {
	if obj, there := w.api[r.index()]; there && !w.refused[r.index()] {
		_ = w.local.read(r).List(w.rv, []metav1.Object{obj})
	} else if !w.refused[r.index()] {
		_ = w.local.read(r).List(w.rv, nil)
	} else {
		observer := w.local.read(r)
		for range patience {
			observer.Log("list %s: %s is forbidden", r.Source, r.Name)
		}
	}
}

func (w *world) relist() { _ = w.local.Relist(context.Background()) }

// put writes an object as a user does.
func (w *world) put(resource string, obj metav1.Object) {
	key := resource + "/" + obj.GetNamespace() + "/" + obj.GetName()
	w.rv++
	if obj.GetUID() == "" {
		w.uids++
		obj.SetUID(types.UID(fmt.Sprintf("uid-%d", w.uids)))
	}
	obj.SetResourceVersion(fmt.Sprint(w.rv))
	w.api[key] = obj
}

func (w *world) pod(name string) *corev1.Pod {
	pod, _ := w.api["pods/default/"+name].(*corev1.Pod)
	return pod
}

// change writes a changed pod as a user does.
func (w *world) change(name string, change func(*corev1.Pod)) {
	next := w.pod(name).DeepCopy()
	change(next)
	w.put("pods", next)
}

// remove deletes an object as a user does: with grace for a pod, at once with grace 0.
func (w *world) remove(name string, grace int64) {
	pod := w.pod(name)
	if pod == nil {
		return
	}
	if grace == 0 {
		delete(w.api, "pods/default/"+name)
		w.rv++
		return
	}
	next := pod.DeepCopy()
	if next.DeletionGracePeriodSeconds == nil || *next.DeletionGracePeriodSeconds > grace {
		at := metav1.NewTime(w.now.Add(time.Duration(grace) * time.Second))
		next.DeletionTimestamp, next.DeletionGracePeriodSeconds = &at, &grace
		next.Generation++
		w.put("pods", next)
	}
}

// do is the API server, as far as a kubelet needs one.
func (w *world) do(req *api.Request) (metav1.Object, error) {
	key := req.Resource.Name + "/" + req.Namespace + "/" + req.Name
	old := w.api[key]
	notFound := apierrors.NewNotFound(req.Resource.GR(), req.Name)
	if w.silent || w.deaf {
		return nil, api.ErrNotSent
	}
	switch req.Verb {
	case api.Get:
		if old == nil {
			return nil, notFound
		}
		return old, nil
	case api.Create:
		if old != nil {
			return nil, apierrors.NewAlreadyExists(req.Resource.GR(), req.Name)
		}
		fresh := req.Object.DeepCopyObject().(metav1.Object)
		w.put(req.Resource.Name, fresh)
		return fresh, nil
	case api.Update:
		next := req.Object.DeepCopyObject().(metav1.Object)
		if old == nil || old.GetUID() != next.GetUID() {
			return nil, notFound
		}
		if next.GetResourceVersion() != old.GetResourceVersion() {
			return nil, apierrors.NewConflict(req.Resource.GR(), req.Name, fmt.Errorf("changed"))
		}
		w.put(req.Resource.Name, next)
		if w.write != nil {
			w.write(req.Resource.Name, old, next)
		}
		return next, nil
	case api.Delete:
		if old == nil {
			return nil, notFound
		}
		if p := req.Delete.Preconditions; p == nil || p.UID == nil || *p.UID != old.GetUID() || p.ResourceVersion != nil && *p.ResourceVersion != old.GetResourceVersion() {
			return nil, apierrors.NewConflict(req.Resource.GR(), req.Name, fmt.Errorf("precondition"))
		}
		if w.write != nil {
			w.write(req.Resource.Name, old, nil)
		}
		delete(w.api, key)
		w.rv++
		return old, nil
	}
	panic("unexpected " + req.Verb)
}

// issue gives tokens, numbered, unless the API refuses to.
func (w *world) issue(_ context.Context, req api.Request) (api.Response, error) {
	if w.refuses != nil {
		return api.Response{}, w.refuses
	}
	w.tokens++
	answer := req.Object.(*authenticationv1.TokenRequest).DeepCopy()
	answer.Status.Token = fmt.Sprintf("token %d of %s for %s, UID %s", w.tokens, req.Name, answer.Spec.BoundObjectRef.Name, answer.Spec.BoundObjectRef.UID)
	answer.Status.ExpirationTimestamp = metav1.NewTime(w.now.Add(time.Duration(*answer.Spec.ExpirationSeconds) * time.Second))
	return api.Response{Object: answer, Created: true}, nil
}

// settle lets the kubelet do all it can without time going on, and reports whether it was crashed on the way. A loop that
// never comes to rest is a failure of the test.
func (w *world) settle() (crashed bool) {
	const bound = 10_000
	for range bound {
		w.tell()
		if w.loop.Work(w.now) {
			continue
		}
		effect, ok := w.loop.Next(w.now)
		if !ok {
			return false
		}
		perform, crash := true, false
		if w.before != nil {
			perform, crash = w.before(effect)
		}
		if perform {
			answer := w.perform(effect)
			if !crash {
				w.loop.Done(w.now, effect.ID, answer)
			}
		}
		if crash {
			w.boot()
			return true
		}
	}
	panic("the kubelet does not come to rest: " + strings.Join(w.steps[max(0, len(w.steps)-20):], "; "))
}

func (w *world) perform(e control.Effect) control.Answer {
	if e.Request == nil {
		answer := w.local.Perform(context.Background(), e)
		w.note(e, answer.Err)
		return answer
	}
	obj, err := w.do(e.Request)
	w.note(e, err)
	return control.Answer{Outcome: api.OutcomeOf(err), Object: obj, Err: err}
}

// note keeps an effect as a line of text: what of a node's or Lease's there is too much of is left out.
func (w *world) note(e control.Effect, err error) {
	var line string
	switch other := e.Other.(type) {
	case nil:
		switch obj := e.Request.Object.(type) {
		case *corev1.Node, *coordinationv1.Lease:
			return
		case *corev1.Pod:
			line = "status " + obj.Name + ": " + statusLine(obj)
			if e.Request.Verb == api.Create {
				line = "create mirror " + obj.Name
			}
		default:
			line = fmt.Sprintf("%s %s %s", e.Request.Verb, e.Request.Resource.Singular, e.Request.Name)
		}
	case Say, EnsureImage:
		return
	case SetUp:
		if line = tokensLine(other); line == "" {
			return
		}
	case CleanUp:
		line = "clean up " + string(other.UID)
	case Follow:
		w.told = 0
		return
	case Create:
		line = fmt.Sprintf("create %s attempt %d", other.Config.Metadata.Name, other.Config.Metadata.Attempt)
	case Stop:
		line = fmt.Sprintf("stop %s grace %v", other.Container, other.Grace)
	case control.Described:
		verb, ref := other.Describe()
		line = verb
		if ref.Key != "" {
			line += " " + ref.Key
		}
	}
	if err != nil {
		line += " -> " + err.Error()
	}
	w.steps = append(w.steps, line)
}

// tokensLine tells of volumes that have projected files.
func tokensLine(e SetUp) string {
	var lines []string
	for _, v := range e.Volumes {
		if !strings.Contains(v.Dir, "projected") {
			continue
		}
		for _, path := range slices.Sorted(maps.Keys(v.Files)) {
			lines = append(lines, fmt.Sprintf("%s/%s: %s", v.Name, path, v.Files[path].Data))
		}
	}
	return strings.Join(lines, "\n")
}

// statusLine is a pod's status in a line.
func statusLine(pod *corev1.Pod) string {
	parts := []string{string(pod.Status.Phase)}
	for _, s := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		part := s.Name + "="
		switch {
		case s.State.Running != nil:
			part += "running"
		case s.State.Terminated != nil:
			part += fmt.Sprintf("exited(%d)", s.State.Terminated.ExitCode)
		case s.State.Waiting != nil:
			part += s.State.Waiting.Reason
		}
		if s.Ready {
			part += ",ready"
		}
		if s.RestartCount > 0 {
			part += fmt.Sprintf(",restarts=%d", s.RestartCount)
		}
		parts = append(parts, part)
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady && len(pod.Spec.ReadinessGates) > 0 && c.Message != "" {
			parts = append(parts, c.Reason+": "+c.Message)
		}
	}
	return strings.Join(parts, " ")
}

// pass lets time go by, stopping wherever something is due. Time that does not go on is a failure of the test.
func (w *world) pass(d time.Duration) {
	end := w.now.Add(d)
	const bound = 10_000
	for range bound {
		for w.settle() {
		}
		next := end
		if at, ok := w.loop.Due(); ok && at.Before(next) {
			next = at
		}
		ends, ending := w.machine.Due()
		if ending && ends.Before(next) {
			next = ends
		}
		if !next.After(w.now) && !(ending && !ends.After(w.now)) {
			if w.now.Equal(end) {
				return
			}
			panic(fmt.Sprintf("due at %v, now %v, and nothing to do", next, w.now))
		}
		if next.After(w.now) {
			w.now = next
		}
		w.machine.Advance(w.now)
		w.relist()
	}
	panic("time does not pass: " + strings.Join(w.steps[max(0, len(w.steps)-20):], "; "))
}

func (w *world) take() string {
	lines := w.steps
	w.steps = nil
	if len(lines) == 0 {
		return "nothing\n"
	}
	return strings.Join(lines, "\n") + "\n"
}
