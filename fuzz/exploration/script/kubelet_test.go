package script

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/checker/object"
	"orrery/model/kubelet"
	"orrery/model/machine"
)

type kubeletPath = machine.Path[kubelet.State, kubelet.Action]

// unkept reports whether an action has no lines.
func unkept(a kubelet.Action) bool {
	return slices.Contains([]kubelet.Kind{kubelet.Impose, kubelet.Die, kubelet.Succeed}, a.Kind) || a.Kind == kubelet.End && a.Well
}

// Goal: what one might believe of the kubelet, and is wrong, is wrong of the real one in the same way. Of what has no lines nothing is shown.
func TestTemptingOfKubelet(t *testing.T) {
	d := kubelet.Domain{Policy: kubelet.Never, Names: 1, Changes: 2}
	for _, claim := range kubelet.New(d).Tempting {
		t.Run(claim.Name, func(t *testing.T) {
			m := kubelet.New(d)
			m.Always, m.AlwaysStep, m.Eventually = []machine.Property[kubelet.State]{claim}, nil, nil
			without(m, unkept)
			v := machine.Explore(m, machine.Options{}).Violation
			require.Equal(t, claim.Name == "what another component says has failed does not run", v == nil)
			if v != nil {
				keeps(t, v.Path)
			}
		})
	}
}

// Goal: the lines of each action do what the action does. Method: a shortest path to where each is taken, for calls of each verb. The real
// kubelet does not stop a sandbox beside a write, as the model's may, and the script says so.
func TestEveryActionOfKubelet(t *testing.T) {
	if testing.Short() {
		t.Skip("there are many")
	}
	m := kubelet.New(kubelet.Domain{Policy: kubelet.Never, Names: 1, Changes: 1, Losses: 1, Crashes: 1, Reboots: 1})
	without(m, unkept)
	paths := shortest(m, func(s kubelet.State, a kubelet.Action) string {
		switch a.Kind {
		case kubelet.Arrive, kubelet.GiveUp:
			return fmt.Sprintf("%d %v", a.Kind, s.Names[0].Call.Verb)
		}
		return fmt.Sprint(a.Kind)
	})
	require.Equal(t, 36, len(paths), "kinds of actions")
	for kind, path := range paths {
		if strings.HasSuffix(kind, kubelet.StopSandbox.String()) {
			s, err := Kubelet(t.Context(), path)
			require.NoError(t, err)
			require.Contains(t, strings.Join(s.Missing, ""), "after its write is answered")
			delete(paths, kind)
		}
	}
	each(t, paths, keeps)
}

// keeps runs the script of a path, and compares.
func keeps(t *testing.T, path kubeletPath) {
	t.Helper()
	s, err := Kubelet(t.Context(), path)
	require.NoError(t, err)
	require.Equal(t, lived(end(path), s.Names), kept(ran(t, s)), "%s", s.Text())
}

// lived is a state of the model in words.
func lived(s kubelet.State, names []string) (lines []string) {
	for i, n := range s.Names {
		for who, p := range map[string]kubelet.Pod{"is": n.Pod, "is known": n.Seen} {
			if p.UID != 0 {
				lines = append(lines, fmt.Sprintf("%s %s: leaving %v, phase %v", names[i], who, p.Leaving, p.Phase))
			}
		}
		if uids := alive(s, i); len(uids) > 0 {
			lines = append(lines, fmt.Sprintf("%s: %d run", names[i], len(uids)))
		}
	}
	slices.Sort(lines)
	return lines
}

// kept is the simulated world in the same words.
func kept(w world) (lines []string) {
	for who, objects := range map[string]map[string]object.Object{"is": w.objects, "is known": w.told[keeper]} {
		for k, o := range objects {
			if name, pod := strings.CutPrefix(k, "pods "); pod {
				lines = append(lines, fmt.Sprintf("%s %s: leaving %v, phase %v", name, who, o.Metadata.DeletionTimestamp != "", o.Status.Phase))
			}
		}
	}
	for name, n := range w.runs {
		if n > 0 {
			lines = append(lines, fmt.Sprintf("%s: %d run", name, n))
		}
	}
	slices.Sort(lines)
	return lines
}
