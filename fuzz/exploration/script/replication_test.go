package script

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/checker/object"
	"orrery/model/machine"
	"orrery/model/replication"
)

type replicationPath = machine.Path[replication.State, replication.Action]

// Goal: what one might believe, and is wrong, is wrong of the real controller in the same way. Method: the counterexample of each such claim is
// made a script, the script is run, and what it leads to is what the path ends with: the owner, its pods, and what the controller knows of them.
func TestTemptingOfReplication(t *testing.T) {
	d := replication.Domain{Replicas: 1, Most: 1, Changes: 1}
	for _, claim := range replication.New(d).Tempting {
		t.Run(claim.Name, func(t *testing.T) {
			m := replication.New(d)
			m.Always, m.AlwaysStep, m.Eventually = []machine.Property[replication.State]{claim}, nil, nil
			v := machine.Explore(m, machine.Options{}).Violation
			require.NotNil(t, v)
			replicates(t, v.Path)

			cut := v.Path
			cut.Steps = cut.Steps[:len(cut.Steps)-1]
			s, err := Replication(t.Context(), cut)
			require.NoError(t, err)
			require.NotEqual(t, modelled(end(v.Path), s.Names), replicated(ran(t, s)), "the last step makes no difference")
		})
	}
}

// Goal: the lines of each action do what the action does. Method: a shortest path to where each is taken, for requests of each verb.
func TestEveryActionOfReplication(t *testing.T) {
	if testing.Short() {
		t.Skip("there are many")
	}
	m := replication.New(replication.Domain{Replicas: 1, Most: 1, Changes: 1, Crashes: 1, Losses: 1})
	without(m, unreplicated)
	paths := shortest(m, func(s replication.State, a replication.Action) string {
		verb := a.Verb
		switch a.Kind {
		case replication.Arrive, replication.Answer, replication.LoseAnswer, replication.GiveUp, replication.Resolve:
			verb = s.Writes[a.Pod].Verb
		case replication.Land, replication.Drop:
			verb = s.Late[a.Pod].Verb
		}
		return fmt.Sprintf("%d %v", a.Kind, verb)
	})
	require.Equal(t, 43, len(paths), "kinds of actions")
	each(t, paths, replicates)
}

// Goal: so do they one after the other, in whatever order. Method: random paths. Some are not taken to their end, mostly because the watch keeps
// an order, and the controller creates one pod first.
func TestWalksOfReplication(t *testing.T) {
	if testing.Short() {
		t.Skip("there are many")
	}
	domains := []replication.Domain{{Replicas: 1, Most: 2, Changes: 2, Losses: 1, Crashes: 1}, {Replicas: 1, Most: 2, Pods: 2, Changes: 2, Losses: 1}}
	const walks, steps = 8, 10
	whole := 0
	for seed := range walks {
		choose := rand.New(rand.NewPCG(uint64(seed), 0))
		m := replication.New(domains[seed%len(domains)])
		without(m, unreplicated)
		path := replicationPath{Init: m.Init[0], Cycle: -1}
		for s, n := path.Init, 0; n < steps && m.Within(s); n++ {
			enabled := m.Enabled(s, nil)
			if len(enabled) == 0 {
				break
			}
			a := enabled[choose.IntN(len(enabled))]
			s, _ = m.Next(s, a)
			path.Steps = append(path.Steps, machine.Step[replication.State, replication.Action]{Action: a, State: s})
		}
		s, err := Replication(t.Context(), path)
		require.NoError(t, err)
		if len(s.Missing) == 0 {
			whole++
			require.Equal(t, modelled(end(path), s.Names), replicated(ran(t, s)), "%s", s.Text())
		}
	}
	require.GreaterOrEqual(t, whole, walks/2)
}

// unreplicated reports whether an action has no lines, or nothing comes after it.
func unreplicated(a replication.Action) bool {
	return a.Kind == replication.Leave || a.Kind == replication.End || a.Kind == replication.Heal
}

// replicates runs the script of a path, and compares.
func replicates(t *testing.T, path replicationPath) {
	t.Helper()
	s, err := Replication(t.Context(), path)
	require.NoError(t, err)
	require.Equal(t, modelled(end(path), s.Names), replicated(ran(t, s)), "%s", s.Text())
}

// modelled is a state of the model in words, with the names that its pods have in the simulation.
func modelled(s replication.State, names []string) []string {
	lines := []string{"no owner"}
	if s.Owner.UID != 0 {
		lines[0] = fmt.Sprintf("owner: wants %d, leaving %v", s.Owner.Replicas, s.Owner.Leaving)
	}
	for who, pods := range map[string][replication.Names]replication.Stored{"is": s.Pods, "is known": s.Seen} {
		for i, p := range pods {
			if p.Phase == replication.Absent || p.Phase == replication.Gone {
				continue
			}
			whose := "another's"
			switch p.Owner {
			case 0:
				whose = "nobody's"
			case s.Owner.UID:
				whose = "the owner's"
			}
			lines = append(lines, fmt.Sprintf("%s %s: %v, %s, matches %v", names[i], who, p.Phase, whose, p.Matches))
		}
	}
	slices.Sort(lines)
	return lines
}

// replicated is the simulated world in the same words.
func replicated(w world) []string {
	lines := []string{"no owner"}
	rc, there := w.objects[key(owners, owner)]
	if there {
		lines[0] = fmt.Sprintf("owner: wants %d, leaving %v", *rc.Spec.Replicas, rc.Metadata.DeletionTimestamp != "")
	}
	for who, objects := range map[string]map[string]object.Object{"is": w.objects, "is known": w.told[controller]} {
		for k, o := range objects {
			name, pod := strings.CutPrefix(k, "pods ")
			if !pod {
				continue
			}
			phase := replication.Running
			switch {
			case o.Metadata.DeletionTimestamp != "":
				phase = replication.Leaving
			case o.Terminal():
				phase = replication.Ended
			}
			whose := "nobody's"
			if ref, ok := o.Controller(); ok {
				whose = "another's"
				if there && ref.UID == rc.Metadata.UID {
					whose = "the owner's"
				}
			}
			lines = append(lines, fmt.Sprintf("%s %s: %v, %s, matches %v", name, who, phase, whose, o.Metadata.Labels["app"] == owner))
		}
	}
	slices.Sort(lines)
	return lines
}
