package node_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/control/controltest"
	"orrery/impl/controller/node"
)

const (
	// fuzzSeeds is how many inputs the target begins with, of so many bytes: rapid takes eight for each choice.
	fuzzSeeds = 20
	seedBytes = 12 << 10
)

// machineConfig is so small that few nodes reach every health of a zone.
func machineConfig() node.Config {
	c := node.DefaultConfig()
	c.GracePeriod, c.Quarantine = 25*time.Second, 15*time.Second
	c.FewNodes, c.LargeClusterSizeThreshold = 0, 2
	return c
}

// machine is a world in which everything happens in the order that is chosen, with what is held against each decision.
type machine struct {
	*world
	said   string
	choose controltest.Choose
	pods   int
	begun  time.Time // when the controller began last
	// nodesRead and leaseRead are what was so when it was last read live, and tainted when a taint was last decided in each zone.
	nodesRead map[string]truth
	leaseRead map[string]time.Duration
	tainted   map[string]time.Time
}

// truth is what was so of a node when it was read live: for how long its status had not been written, whether it was there, out of service, and
// for how long it had had each NoExecute taint.
type truth struct {
	quiet               time.Duration
	there, outOfService bool
	held                map[string]time.Duration
}

func newMachine(choose controltest.Choose, plant bug) *machine {
	names := []string{"a", "b", "c", "d"}
	m := &machine{world: newWorld(machineConfig(), names...), choose: choose,
		nodesRead: map[string]truth{}, leaseRead: map[string]time.Duration{}, tainted: map[string]time.Time{}}
	config := m.config
	if plant.config != nil {
		plant.config(&config)
	}
	m.proc.Component = func() control.Component { return judged{node.New(config), m, plant.change} }
	m.proc.Carried = m.carried
	return m
}

// bug is planted in the controller; a nil field leaves that part as it is. An effect that is changed to nil is left out.
type bug struct {
	change func(control.Effect) *control.Effect
	config func(*node.Config)
}

// carried keeps what a live read is about to show.
func (m *machine) carried(e control.Effect) {
	m.look()
	name := e.Request.Name
	switch {
	case e.Request.Verb != api.Get:
	case e.Request.Resource.Name == "leases":
		m.leaseRead[name] = m.api.Now.Sub(m.lease[name])
	case e.Request.Resource.Name == "nodes":
		t := truth{quiet: m.api.Now.Sub(m.status[name]), held: map[string]time.Duration{}}
		if n := m.node(name); n != nil {
			t.there = true
			for _, taint := range n.Spec.Taints {
				t.outOfService = t.outOfService || taint.Key == corev1.TaintNodeOutOfService
				if at, ok := m.held[name][string(n.UID)+taint.Key+taint.Value]; ok {
					t.held[taint.Key] = m.api.Now.Sub(at)
				}
			}
		}
		m.nodesRead[name] = t
	}
}

// judged holds every plan against the view it was made in, and against what was so when the node was last read.
type judged struct {
	control.Component
	m      *machine
	change func(control.Effect) *control.Effect
}

func (j judged) Reconcile(v *control.View, now time.Time, key control.Key) control.Plan {
	plan := j.Component.Reconcile(v, now, key)
	for i, batch := range plan.Batches {
		var kept []control.Effect
		for _, e := range batch {
			if j.change != nil {
				changed := j.change(e)
				if changed == nil {
					continue
				}
				e = *changed
			}
			kept = append(kept, e)
			if why := j.m.unjustified(v, string(key), e); why != "" && j.m.said == "" {
				j.m.said = fmt.Sprintf("%s: %s of %s %s: %s (%s)", key, e.Request.Verb, e.Request.Resource.Name, e.Request.Name, why, plan.Why)
			}
		}
		plan.Batches[i] = kept
	}
	return plan
}

// unjustified says why an effect should not be planned.
func (m *machine) unjustified(v *control.View, name string, e control.Effect) string {
	r := e.Request
	if r.Verb == api.Get || r.Resource.Name == "events" {
		return ""
	}
	n, _ := v.Get("nodes", "", name).(*corev1.Node)
	obj := v.Get(r.Resource.Name, r.Namespace, r.Name)
	if obj == nil {
		return "the view does not have it"
	}
	uid, version := required(e)
	if uid != string(obj.GetUID()) || version != obj.GetResourceVersion() {
		return "it requires not what was seen"
	}
	down := true
	for o := range v.All("nodes").Each {
		down = down && ready(o.(*corev1.Node)) != corev1.ConditionTrue
	}
	switch {
	case r.Resource.Name == "nodes" && r.Subresource == "status":
		switch {
		case ready(r.Object.(*corev1.Node)) != corev1.ConditionUnknown:
			return "it says something else than that it is unknown"
		case m.nodesRead[name].quiet < m.config.GracePeriod || m.leaseRead[name] < m.config.GracePeriod:
			return fmt.Sprintf("when it was last read it had been silent for %v and %v", m.nodesRead[name].quiet, m.leaseRead[name])
		}
	case r.Resource.Name == "nodes":
		return m.unjustifiedTaint(v, n, r.Object.(*corev1.Node), down)
	case r.Verb == api.Update:
		if n == nil || ready(n) != corev1.ConditionUnknown {
			return "its node is not in doubt"
		}
	default:
		return m.unjustifiedDelete(obj.(*corev1.Pod), name, r, down)
	}
	return ""
}

func (m *machine) unjustifiedTaint(v *control.View, was, is *corev1.Node, down bool) string {
	before, after := executed(was), executed(is)
	zone := was.Labels[corev1.LabelTopologyZone]
	switch {
	case before && !after && ready(was) != corev1.ConditionTrue && !down:
		return "it takes the taint, and the node is not ready, and some node is"
	case before || !after:
		return ""
	case ready(was) == corev1.ConditionTrue:
		return "it is ready"
	case down:
		return "no node of any zone is ready"
	}
	pace := m.pace(v, zone)
	last := m.tainted[zone]
	m.tainted[zone] = m.api.Now
	if pace < 0 || m.api.Now.Sub(last) < pace || m.api.Now.Sub(m.begun) < pace {
		return fmt.Sprintf("the last taint in its zone was at %v, the controller began at %v, and it is %v: the pace is %v", last.Sub(start), m.begun.Sub(start), m.api.Now.Sub(start), pace)
	}
	return ""
}

// pace is that of a zone as the view shows it: the machine's zones are large with more than two nodes, and partially down from 55 percent on.
func (m *machine) pace(v *control.View, zone string) time.Duration {
	well, ill := 0, 0
	for o := range v.All("nodes").Each {
		switch n := o.(*corev1.Node); {
		case n.Labels[corev1.LabelTopologyZone] != zone:
		case ready(n) == corev1.ConditionTrue:
			well++
		default:
			ill++
		}
	}
	if well == 0 || 100*ill < 55*(well+ill) {
		return 10 * time.Second
	}
	if well+ill <= 2 {
		return -1
	}
	return 100 * time.Second
}

func (m *machine) unjustifiedDelete(pod *corev1.Pod, name string, r *api.Request, down bool) string {
	t := m.nodesRead[name]
	force := r.Delete.GracePeriodSeconds != nil && *r.Delete.GracePeriodSeconds == 0
	switch {
	case force && t.there && !(t.outOfService && pod.DeletionTimestamp != nil):
		return "its node was there when it was last read, and not out of service; or nobody deletes the pod"
	case force:
		return ""
	case down:
		return "no node of any zone is ready"
	case pod.DeletionTimestamp != nil:
		return "it is being deleted already"
	}
	for key, held := range t.held {
		tolerates := time.Duration(0)
		for _, tol := range pod.Spec.Tolerations {
			if tol.Key == key {
				if tolerates = -1; tol.TolerationSeconds != nil {
					tolerates = time.Duration(*tol.TolerationSeconds) * time.Second
				}
			}
		}
		if tolerates >= 0 && held >= tolerates {
			return ""
		}
	}
	return fmt.Sprintf("when it was last read its node had taints for %v, and it tolerates %v", t.held, pod.Spec.Tolerations)
}

func executed(n *corev1.Node) bool {
	for _, t := range n.Spec.Taints {
		if t.Effect == corev1.TaintEffectNoExecute && (t.Key == corev1.TaintNodeNotReady || t.Key == corev1.TaintNodeUnreachable) {
			return true
		}
	}
	return false
}

func required(e control.Effect) (uid, version string) {
	if p := e.Request.Delete; p != nil {
		if p.Preconditions == nil {
			return "", ""
		}
		return string(*p.Preconditions.UID), *p.Preconditions.ResourceVersion
	}
	obj := e.Request.Object.(metav1.Object)
	return string(obj.GetUID()), obj.GetResourceVersion()
}

// begin makes a state, legal or not (row 123), and starts the controller.
func (m *machine) begin() {
	for i, name := range m.names {
		if m.choose("there", 5) == 0 {
			continue
		}
		m.register(name, map[string]string{corev1.LabelTopologyZone: fmt.Sprint(i / 3)})
		m.linked[name] = m.choose("linked", 3) > 0
		switch m.choose("condition", 6) {
		case 2:
			m.mute(name)
		case 0:
			m.report(name, corev1.ConditionFalse)
		case 1:
			m.report(name, corev1.ConditionUnknown)
		}
		for _, key := range []string{corev1.TaintNodeUnreachable, corev1.TaintNodeNotReady, corev1.TaintNodeOutOfService, "maintenance"} {
			if m.choose("taint "+key, 6) == 0 {
				m.taint(name, key, corev1.TaintEffectNoExecute, true)
			}
		}
	}
	for range m.choose("pods", 6) {
		m.pod()
	}
	m.restart()
}

// mute has a node say nothing of itself.
func (m *machine) mute(name string) {
	n := m.node(name).DeepCopy()
	n.Status.Conditions = nil
	_, _ = m.do(api.Update, "nodes", "", name, "status", n)
}

func (m *machine) restart() {
	m.begun = m.api.Now
	m.proc.Start()
}

// pod binds a pod with some toleration to a name, whether there is such a node or not.
func (m *machine) pod() {
	var tolerations []corev1.Toleration
	if kind := m.choose("tolerates", 4); kind > 0 {
		for _, key := range []string{corev1.TaintNodeUnreachable, corev1.TaintNodeNotReady} {
			t := corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists}
			if seconds := int64(10 * kind); kind < 3 {
				t.TolerationSeconds = &seconds
			}
			tolerations = append(tolerations, t)
		}
	}
	m.pods++
	name := fmt.Sprintf("p%d", m.pods)
	m.bind(name, m.names[m.choose("on", len(m.names))], tolerations...)
	if m.choose("deleted", 5) == 0 {
		m.delete("pods", "d", name, nil)
	}
}

// user does something that is not the controller's.
func (m *machine) user() {
	name := m.names[m.choose("node", len(m.names))]
	there := m.node(name) != nil
	switch m.choose("user", 9) {
	case 0, 1:
		m.linked[name] = !m.linked[name]
	case 2:
		if there {
			m.taint(name, corev1.TaintNodeOutOfService, corev1.TaintEffectNoExecute, m.choose("put", 2) == 0)
		}
	case 3:
		if there {
			m.taint(name, []string{"maintenance", corev1.TaintNodeUnreachable}[m.choose("key", 2)], corev1.TaintEffectNoExecute, m.choose("put", 2) == 0)
		}
	case 4:
		m.delete("nodes", "", name, nil)
	case 5:
		if !there {
			m.register(name, map[string]string{corev1.LabelTopologyZone: fmt.Sprint(m.choose("zone", 2))})
		}
	case 6:
		if there && m.linked[name] {
			m.report(name, corev1.ConditionFalse)
		}
	case 7:
		if m.pods < 12 {
			m.pod()
		}
	default:
		if all := m.world.pods(); len(all) > 0 {
			m.delete("pods", "d", all[m.choose("pod", len(all))].Name, nil)
		}
	}
}

// step does one thing that is chosen; an action is one of these.
func (m *machine) actions() map[string]func() {
	act := map[string]func(){
		"observe": func() { m.proc.Observe(m.choose) },
		"work":    func() { m.proc.Work() },
		"answer": func() {
			if n := m.proc.Flying(); n > 0 {
				m.proc.Perform(m.choose("effect", n), controltest.Answered)
			}
		},
		"fail": func() {
			if n := m.proc.Flying(); n > 0 {
				m.proc.Perform(m.choose("effect", n), controltest.Fate(m.choose("fate", 5)))
			}
		},
		"land": func() {
			if n := len(m.proc.Late); n > 0 {
				m.proc.Land(m.choose("late", n))
			}
		},
		"rest": func() { m.rest() },
		"pass": func() { m.pass(m.api.Now.Add(time.Duration(1+m.choose("seconds", 30)) * time.Second)) },
		"user": func() { m.user() },
		"crash": func() {
			if m.choose("crash", 6) == 0 {
				m.restart()
			}
		},
	}
	return act
}

// rest lets everything be done that can be done now.
func (m *machine) rest() {
	if !m.world.rest() && m.said == "" {
		m.said = fmt.Sprintf("it does not come to rest: it wants %v", m.proc.Loop.Wants())
	}
}

// heal ends faults and users, and lets everything come to rest.
func (m *machine) heal() string {
	for len(m.proc.Late) > 0 {
		m.proc.Land(0)
	}
	for _, name := range m.names {
		if n := m.node(name); n != nil {
			m.taint(name, "maintenance", corev1.TaintEffectNoExecute, false)
		}
	}
	const long = 10 * time.Minute
	for end := m.api.Now.Add(long); m.api.Now.Before(end); {
		m.rest()
		m.kubeletsSayReady()
		m.pass(end)
		if m.said != "" {
			return m.said
		}
	}
	m.rest()
	if m.said != "" {
		return m.said
	}
	if why := m.wrong(); why != "" {
		return why + "\n" + m.words() + fmt.Sprint(m.proc.Loop.Wants())
	}
	before := m.words()
	for end := m.api.Now.Add(long); m.api.Now.Before(end); {
		m.rest()
		m.pass(end)
		if m.said != "" {
			return m.said
		}
	}
	if after := m.words(); after != before {
		return "it does not stay so:\n" + before + "and then\n" + after
	}
	return m.said
}

// kubeletsSayReady: a kubelet that is linked says in the end that its node is ready.
func (m *machine) kubeletsSayReady() {
	for _, name := range m.names {
		if n := m.node(name); n != nil && m.linked[name] && ready(n) != corev1.ConditionTrue {
			m.report(name, corev1.ConditionTrue)
		}
	}
}

// wrong is what is not as the model says that it must come to be; see its eventually.
func (m *machine) wrong() string {
	down := true
	well, ill := map[string]int{}, map[string]int{}
	for _, name := range m.names {
		if n := m.node(name); n != nil {
			zone := n.Labels[corev1.LabelTopologyZone]
			if ready(n) == corev1.ConditionTrue {
				down = false
				well[zone]++
			} else {
				ill[zone]++
			}
			switch {
			case !m.linked[name] && ready(n) != corev1.ConditionUnknown:
				return name + " is silent, and not in doubt"
			case m.linked[name] && (ready(n) != corev1.ConditionTrue || executed(n)):
				return name + " renews its lease, and is not ready, or has a taint"
			}
		}
	}
	for _, pod := range m.world.pods() {
		n := m.node(pod.Spec.NodeName)
		if n == nil {
			return pod.Name + " is there, and its node is not"
		}
		zone := n.Labels[corev1.LabelTopologyZone]
		spared := down || well[zone] > 0 && 100*ill[zone] >= 55*(well[zone]+ill[zone]) && well[zone]+ill[zone] <= 2
		forever := len(pod.Spec.Tolerations) > 0 && pod.Spec.Tolerations[0].TolerationSeconds == nil
		out := false
		for _, t := range n.Spec.Taints {
			out = out || t.Key == corev1.TaintNodeOutOfService
		}
		switch {
		case out && pod.DeletionTimestamp != nil && ready(n) != corev1.ConditionTrue:
			return pod.Name + " is being deleted, and its node is out of service"
		case m.linked[n.Name]:
		case pod.Status.Conditions[0].Status == corev1.ConditionTrue:
			return pod.Name + " is ready, and its node is silent"
		case pod.DeletionTimestamp == nil && !spared && !forever:
			return pod.Name + " is on a silent node, and does not tolerate that"
		}
	}
	if down {
		for _, name := range m.names {
			if n := m.node(name); n != nil && executed(n) {
				return name + " has the taint, and no node of any zone is ready"
			}
		}
	}
	return ""
}

// run is one whole run; it returns what was violated.
func (m *machine) run(act func() (more bool)) string {
	m.begin()
	for act() {
		if m.said != "" {
			return m.said
		}
	}
	return m.heal()
}

// actionNames are in a fixed order, so that a choice is the same action every time.
var actionNames = []string{"observe", "work", "answer", "rest", "pass", "user", "fail", "land", "crash", "rest", "pass"}

// underFaults is a run whose actions rapid chooses.
func underFaults(t *rapid.T) {
	choose := func(label string, n int) int { return rapid.IntRange(0, n-1).Draw(t, label) }
	m := newMachine(choose, bug{})
	left := rapid.IntRange(0, 120).Draw(t, "steps")
	actions := m.actions()
	if said := m.run(func() bool {
		if left == 0 {
			return false
		}
		left--
		actions[actionNames[choose("action", len(actionNames))]]()
		return true
	}); said != "" {
		t.Fatal(said)
	}
}

// Goal: from any state, legal or not, and under any faults, every decision is justified by what was so when the node was last read live; and once
// faults have ended everything comes to be as the model says, and stays so. Method: rapid chooses the beginning and each action.
func TestNodesUnderFaults(t *testing.T) { rapid.Check(t, underFaults) }

// FuzzNodes is the machine of [TestNodesUnderFaults]. Goal: its laws hold under choices that cover the code. Method: the bytes of an input choose.
func FuzzNodes(f *testing.F) {
	for seed := range uint64(fuzzSeeds) {
		random := rand.New(rand.NewPCG(seed, 3))
		data := make([]byte, seedBytes)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		f.Add(data)
	}
	f.Fuzz(rapid.MakeFuzz(underFaults))
}

// seeded is a run whose choices follow from a seed.
func seeded(seed uint64, plant bug) (*machine, string) {
	random := rand.New(rand.NewPCG(seed, 4))
	choose := func(_ string, n int) int { return random.IntN(n) }
	m := newMachine(choose, plant)
	left, actions := 150, m.actions()
	return m, m.run(func() bool {
		left--
		actions[actionNames[choose("action", len(actionNames))]]()
		return left > 0
	})
}

// Goal: a run is the same every time. Method: what was said in two runs is compared.
func TestSameSeedSameRun(t *testing.T) {
	for seed := range uint64(10) {
		a, _ := seeded(seed, bug{})
		b, _ := seeded(seed, bug{})
		require.Equal(t, a.proc.Hash, b.proc.Hash, "seed %d", seed)
	}
}

// Goal: the machine is seen to fail. Method: each planted bug must be found by one of the first seeds, for the right reason.
func TestMachineFindsBugs(t *testing.T) {
	of := func(resource string, verb api.Verb, subresource string, change func(control.Effect) *control.Effect) bug {
		return bug{change: func(e control.Effect) *control.Effect {
			if r := e.Request; r.Resource.Name == resource && r.Verb == verb && r.Subresource == subresource {
				return change(e)
			}
			return &e
		}}
	}
	drop := func(control.Effect) *control.Effect { return nil }
	for _, c := range []struct {
		name string
		bug  bug
		says string
	}{
		{"a delete that requires nothing", of("pods", api.Delete, "", func(e control.Effect) *control.Effect {
			req := *e.Request
			req.Delete = &metav1.DeleteOptions{GracePeriodSeconds: e.Request.Delete.GracePeriodSeconds}
			return &control.Effect{Request: &req}
		}), "requires not what was seen"},
		{"evicts by force", of("pods", api.Delete, "", func(e control.Effect) *control.Effect {
			req, options := *e.Request, *e.Request.Delete
			options.GracePeriodSeconds, req.Delete = new(int64), &options
			e.Request = &req
			return &e
		}), "its node was there when it was last read"},
		{"taints what is ready", of("nodes", api.Update, "", func(e control.Effect) *control.Effect {
			n := e.Request.Object.(*corev1.Node).DeepCopy()
			n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: corev1.TaintNodeUnreachable, Effect: corev1.TaintEffectNoExecute})
			req := *e.Request
			req.Object = n
			return &control.Effect{Request: &req, Expect: n}
		}), "is"},
		{"too short a grace period", bug{config: func(c *node.Config) { c.GracePeriod /= 2 }}, "when it was last read it had been silent for"},
		{"too fast a pace", bug{config: func(c *node.Config) { c.EvictionRate = 1 }}, "the last taint in its zone was at"},
		{"zones are never partially down", bug{config: func(c *node.Config) { c.FewNodes = 9 }}, "the pace is"},
		{"nothing is collected", bug{config: func(c *node.Config) { c.Quarantine = time.Hour }}, "is there, and its node is not"},
		{"nothing is doubted", of("nodes", api.Update, "status", drop), "is silent, and not in doubt"},
		{"nothing is tainted", of("nodes", api.Update, "", drop), ""},
		{"nothing is deleted", of("pods", api.Delete, "", drop), ""},
		{"pods stay ready", of("pods", api.Update, "status", drop), "is ready, and its node is silent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(60) {
				if _, said := seeded(seed, c.bug); said != "" && strings.Contains(said, c.says) {
					return
				}
			}
			t.Fatal("the planted bug was not found")
		})
	}
}
