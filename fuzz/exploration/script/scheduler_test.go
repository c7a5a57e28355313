package script

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/checker/object"
	"orrery/model/machine"
	"orrery/model/scheduler"
)

type schedulerPath = machine.Path[scheduler.State, scheduler.Action]

// unscheduled reports whether an action has no lines.
func unscheduled(a scheduler.Action) bool {
	return slices.Contains([]scheduler.Kind{scheduler.Place, scheduler.End, scheduler.Shut, scheduler.Open, scheduler.Resize, scheduler.Vanish, scheduler.Return}, a.Kind)
}

var oneNode = scheduler.Domain{Nodes: [scheduler.NodeNames]uint8{1}, Pods: [scheduler.PodNames]uint8{1, 1}, Changes: 1, Losses: 1, Crashes: 1}

// Goal: what one might believe of the scheduler, and is wrong, is wrong of the real one in the same way. Of what has no lines nothing is shown.
func TestTemptingOfScheduler(t *testing.T) {
	for _, claim := range scheduler.New(oneNode).Tempting {
		t.Run(claim.Name, func(t *testing.T) {
			m := scheduler.New(oneNode)
			m.Always, m.AlwaysStep, m.Eventually = []machine.Property[scheduler.State]{claim}, nil, nil
			without(m, unscheduled)
			v := machine.Explore(m, machine.Options{}).Violation
			require.Equal(t, claim.Name == "a pod is put on a node that is there", v == nil)
			if v != nil {
				schedules(t, v.Path)
			}
		})
	}
}

// Goal: the lines of each action do what the action does. Method: a shortest path to where each is taken.
func TestEveryActionOfScheduler(t *testing.T) {
	if testing.Short() {
		t.Skip("there are many")
	}
	m := scheduler.New(oneNode)
	without(m, unscheduled)
	paths := shortest(m, func(s scheduler.State, a scheduler.Action) string { return fmt.Sprintf("%d %v", a.Kind, a.Node) })
	require.Equal(t, 17, len(paths), "kinds of actions")
	each(t, paths, schedules)
}

// schedules runs the script of a path, and compares.
func schedules(t *testing.T, path schedulerPath) {
	t.Helper()
	s, err := Scheduler(t.Context(), path)
	require.NoError(t, err)
	require.Equal(t, chosen(end(path), s.Names), scheduled(ran(t, s, "with one scheduler, the requests of the pods bound to a node never exceed what is allocatable on it")), "%s", s.Text())
}

// chosen is a state of the model in words.
func chosen(s scheduler.State, names []string) (lines []string) {
	for who, pods := range map[string][scheduler.PodNames]scheduler.StoredPod{"is": s.Pods, "is known": s.Seen} {
		for i, p := range pods {
			if p.Phase != scheduler.Absent && (p.Phase != scheduler.Leaving || p.Node != 0) {
				lines = append(lines, fmt.Sprintf("%s %s: %v, on a node %v", names[i], who, p.Phase, p.Node != 0))
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// scheduled is the simulated world in the same words.
func scheduled(w world) (lines []string) {
	for who, objects := range map[string]map[string]object.Object{"is": w.objects, "is known": w.told[binder]} {
		for k, o := range objects {
			name, pod := strings.CutPrefix(k, "pods ")
			if !pod || strings.HasPrefix(name, "filler") {
				continue
			}
			phase := scheduler.Present
			switch {
			case o.Metadata.DeletionTimestamp != "":
				phase = scheduler.Leaving
			case o.Terminal():
				phase = scheduler.Ended
			}
			lines = append(lines, fmt.Sprintf("%s %s: %v, on a node %v", name, who, phase, o.Spec.NodeName != ""))
		}
	}
	slices.Sort(lines)
	return lines
}
