package control_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/control"
)

const (
	// fuzzSeeds is how many inputs each target begins with, of seedBytes each; a plain go test runs just these.
	fuzzSeeds = 40
	seedBytes = 400
	// mostBytes bounds a run: what an input has beyond is not read.
	mostBytes = 2000
)

// input is a fuzz input whose bytes are choices. When they are used up, every choice is 0.
type input struct{ rest []byte }

func (in *input) more() bool { return len(in.rest) > 0 }

func (in *input) choose(_ string, n int) int {
	if len(in.rest) == 0 {
		return 0
	}
	b := in.rest[0]
	in.rest = in.rest[1:]
	return int(b) % n
}

func seedInput(seed uint64) []byte {
	random := rand.New(rand.NewPCG(seed, 2))
	data := make([]byte, seedBytes)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	return data
}

// property runs one world by the choices of an input. It returns what was violated, "" if nothing was, and a hash of all
// that the loop said. bug is planted; nil: the real component on the real loop.
type property func(data []byte, bug *bug) (violation string, hash uint64)

func fuzz(f *testing.F, run property) {
	for seed := range uint64(fuzzSeeds) {
		f.Add(seedInput(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if violation, _ := run(data[:min(len(data), mostBytes)], nil); violation != "" {
			t.Fatal(violation)
		}
	})
}

// FuzzReplication lets the replication controller begin in any state, legal or not. Goal: it creates and deletes only what
// its view with its own writes justifies, there are never more pods too many than came from elsewhere, and once faults end
// there are exactly those wanted, and stay. Method: each byte chooses what happens next: an observation, work, an answer
// that comes, is lost or comes late, a crash, what a user does, what a kubelet does.
func FuzzReplication(f *testing.F) { fuzz(f, replicate) }

// FuzzScheduler lets the scheduler begin in any state, overcommitted nodes included. Goal: no bind overcommits a node, only
// waiting pods of its own are bound, and once faults end every pod that fits somewhere is bound. Method: as for
// replication; besides, nodes are closed and opened, go and come again.
func FuzzScheduler(f *testing.F) { fuzz(f, schedule) }

// Goal: an input is a run, every time the same. Method: what was said in two runs is compared.
func TestSameInputSameTrace(t *testing.T) {
	for name, run := range map[string]property{"replication": replicate, "scheduler": schedule} {
		for seed := range uint64(fuzzSeeds / 4) {
			_, first := run(seedInput(seed), nil)
			_, second := run(seedInput(seed), nil)
			require.Equal(t, first, second, "%s, seed %d", name, seed)
		}
	}
}

// bug is planted in a component or its loop; a nil field leaves that part as it is.
type bug struct {
	plan func(v *control.View, plan control.Plan) control.Plan
	keys func(source string) bool // whose changes the component hears of
	loop func(*control.Loop)
}

type buggy struct {
	control.Component
	*bug
}

// plant returns c with the bug in it.
func (b *bug) plant(c control.Component) control.Component {
	if b == nil {
		return c
	}
	return buggy{c, b}
}

func (b *bug) made() func(*control.Loop) {
	if b == nil {
		return nil
	}
	return b.loop
}

func (b buggy) Reconcile(v *control.View, now time.Time, key control.Key) control.Plan {
	plan := b.Component.Reconcile(v, now, key)
	if b.plan != nil {
		plan = b.plan(v, plan)
	}
	return plan
}

func (b buggy) Keys(v *control.View, source string, old, new metav1.Object, add func(control.Key)) {
	if b.keys == nil || b.keys(source) {
		b.Component.Keys(v, source, old, new, add)
	}
}

// each changes the effects of a plan of one verb and subresource.
func each(verb api.Verb, subresource string, change func(v *control.View, e control.Effect) []control.Effect) func(*control.View, control.Plan) control.Plan {
	return func(v *control.View, plan control.Plan) control.Plan {
		for i, batch := range plan.Batches {
			var changed []control.Effect
			for _, e := range batch {
				if r := e.Request; r.Resource.Name == "pods" && r.Verb == verb && r.Subresource == subresource {
					changed = append(changed, change(v, e)...)
				} else {
					changed = append(changed, e)
				}
			}
			plan.Batches[i] = changed
		}
		return plan
	}
}

// Goal: both targets are seen to fail. Method: each planted bug must be found by one of the first inputs, for the right
// reason.
func TestFuzzTargetsFindBugs(t *testing.T) {
	created := 0
	for _, c := range []struct {
		name string
		run  property
		bug  bug
		says string
	}{
		{"one pod too many", replicate, bug{plan: each(api.Create, "", func(_ *control.View, e control.Effect) []control.Effect {
			again := e.Request.Object.(*corev1.Pod).DeepCopy()
			again.Name += "x"
			req := *e.Request
			req.Name, req.Object = again.Name, again
			return []control.Effect{e, {Request: &req, Expect: again}}
		})}, "justifies no create"},
		{"a pod of somebody else's is deleted", replicate, bug{plan: each(api.Delete, "", func(v *control.View, e control.Effect) []control.Effect {
			own := metav1.GetControllerOf(e.Expect)
			for obj := range v.All("pods").Each {
				if ref := metav1.GetControllerOf(obj); ref != nil && ref.UID != own.UID {
					uid, rv := obj.GetUID(), obj.GetResourceVersion()
					e.Request.Name, e.Expect = obj.GetName(), nil
					e.Request.Delete = &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid, ResourceVersion: &rv}}
				}
			}
			return []control.Effect{e}
		})}, "is not its own"},
		{"a delete that requires nothing", replicate, bug{plan: each(api.Delete, "", func(_ *control.View, e control.Effect) []control.Effect {
			e.Request.Delete, e.Expect = nil, nil
			return []control.Effect{e}
		})}, "requires not what was seen"},
		{"what is missing stays so", replicate, bug{plan: each(api.Create, "", func(*control.View, control.Effect) []control.Effect { return nil })}, "once faults end"},
		{"what is too much stays so", replicate, bug{plan: each(api.Delete, "", func(*control.View, control.Effect) []control.Effect { return nil })}, "once faults end"},
		{"nothing is adopted", replicate, bug{plan: each(api.Update, "", func(*control.View, control.Effect) []control.Effect { return nil })}, ""},
		{"neither ledger nor names by rule", replicate, bug{loop: control.Blind, plan: each(api.Create, "", func(_ *control.View, e control.Effect) []control.Effect {
			created++
			e.Request.Name = fmt.Sprintf("by-chance-%d", created)
			e.Request.Object.(*corev1.Pod).Name = e.Request.Name
			return []control.Effect{e}
		})}, "ever wanted"},

		{"no ledger", schedule, bug{loop: control.Blind}, "cores and is asked for"},
		{"a bind to the first node", schedule, bug{plan: each(api.Create, "binding", func(_ *control.View, e control.Effect) []control.Effect {
			e.Request.Object.(*corev1.Binding).Target.Name = "n0"
			return []control.Effect{e}
		})}, "n0 has 4 cores"},
		{"a pod of another scheduler's is bound", schedule, bug{plan: each(api.Create, "binding", func(v *control.View, e control.Effect) []control.Effect {
			for obj := range v.All("pods").Each {
				if pod := obj.(*corev1.Pod); pod.Spec.SchedulerName != corev1.DefaultSchedulerName && pod.Spec.NodeName == "" {
					b := e.Request.Object.(*corev1.Binding)
					b.UID, b.ResourceVersion, e.Request.Name, e.Expect = pod.UID, pod.ResourceVersion, pod.Name, nil
				}
			}
			return []control.Effect{e}
		})}, "not to be bound"},
		{"nodes that open are not heard of", schedule, bug{keys: func(source string) bool { return source != "nodes" }}, "waits for"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(fuzzSeeds) {
				if violation, _ := c.run(seedInput(seed), &c.bug); violation != "" {
					require.Contains(t, violation, c.says, "seed %d", seed)
					return
				}
			}
			t.Fatal("the planted bug was not found")
		})
	}
}
