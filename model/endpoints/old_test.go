package endpoints

import (
	"slices"
	"testing"

	"orrery/model/machine"
)

// Goal: of the Endpoints of old, each kind of write that is not justified is refused, and no other. Method: a view, and one write.
func TestOldRefuses(t *testing.T) {
	pods := []Pod{
		{UID: 1, Address: 1, Phase: Alive, Ready: true, Matches: true},
		{UID: 2, Address: 2, Phase: Alive, Ready: true, Leaving: true, Matches: true},
		{UID: 3, Address: 3, Phase: Alive, Matches: true},
		{UID: 4, Address: 4, Phase: Ended, Ready: true, Matches: true},
		{UID: 5, Phase: Alive, Matches: true},
		{UID: 6, Address: 6, Phase: Alive, Ready: true},
	}
	service, publishes := Service{UID: 1, Selects: true}, Service{UID: 1, Selects: true, Publishes: true}
	all, all2 := []OldAddress{{1, 1, true}, {3, 3, false}}, []OldAddress{{1, 1, true}, {2, 2, true}, {3, 3, true}}
	ours, others := Old{There: true, Ours: true}, Old{There: true}
	many := make([]OldAddress, OldRoom+1)
	for _, c := range []struct {
		name      string
		service   Service
		at        Old
		verb      Verb
		addresses []OldAddress
		refused   string
	}{
		{"they are made", service, Old{}, Create, all, ""},
		{"they are updated", service, ours, Update, all, ""},
		{"others' are taken over", service, others, Update, all, ""},
		{"others' are taken over as they are", service, Old{There: true, Addresses: all}, Update, all, ""},
		{"nothing new", service, Old{There: true, Ours: true, Addresses: all}, Update, all, "they are written, and do not change"},
		{"made, and there", service, ours, Create, all, "the name is used"},
		{"updated, and not there", service, Old{}, Update, all, "there are none"},
		{"not ready, said to be", service, ours, Update, []OldAddress{{1, 1, true}, {3, 3, true}}, "nothing that the view shows wants address 3 of pod 3 like that"},
		{"being deleted", service, ours, Update, append(slices.Clone(all), OldAddress{2, 2, true}), "nothing that the view shows wants address 2 of pod 2 like that"},
		{"being deleted, and not ready", service, ours, Update, append(slices.Clone(all), OldAddress{2, 2, false}), "nothing that the view shows wants address 2 of pod 2 like that"},
		{"ended", service, ours, Update, append(slices.Clone(all), OldAddress{4, 4, true}), "nothing that the view shows wants address 4 of pod 4 like that"},
		{"not selected", service, ours, Update, append(slices.Clone(all), OldAddress{6, 6, true}), "nothing that the view shows wants address 6 of pod 6 like that"},
		{"published", publishes, ours, Update, all2, ""},
		{"published as not ready", publishes, ours, Update, all, "nothing that the view shows wants address 3 of pod 3 like that"},
		{"one is left out", service, ours, Update, all[:1], "address 3 of pod 3 is wanted, and left out"},
		{"too many", service, ours, Update, many, "they are to hold 1001 addresses, and have room for 1000"},
		{"open", service, Old{There: true, Ours: true, Open: true}, Update, all, "nobody knows yet what became of the last request for the Endpoints"},
		{"no selector", Service{UID: 1}, others, Update, all, "the service has no selector: its Endpoints are somebody else's"},
		{"no service", Service{}, Old{}, Create, nil, "there is no service"},
		{"they go with the service", Service{}, ours, Remove, nil, ""},
		{"they go without it", service, ours, Remove, nil, "the service is there"},
		{"they go, as it has no selector", Service{UID: 1}, ours, Remove, nil, "the service is there"},
		{"somebody else's go", Service{}, others, Remove, nil, "they are not the controller's"},
		{"none go", Service{}, Old{}, Remove, nil, "they are not the controller's"},
	} {
		if got := (View{Service: c.service, Pods: pods}).OldRefuses(c.at, c.verb, c.addresses); got != c.refused {
			t.Errorf("%s: refused because %q, want %q", c.name, got, c.refused)
		}
	}
}

// Goal: in every view that a controller may have, what is wanted is allowed, once it is written nothing is, and no address is ready of a pod that is
// not, nor, unless that is published, of one that is being deleted or has ended. Method: all views of the small worlds in which pods change.
func TestOldWanted(t *testing.T) {
	views := 0
	for _, d := range []Domain{{Pods: 1, Room: 2, Bounds: Bounds{Services: 2, Pods: 1}}, {Pods: 1, Room: 2, Bounds: Bounds{Pods: 3}}, {Pods: 1, Room: 2, Publishes: true, Bounds: Bounds{Pods: 2}}} {
		m := New(d)
		m.AlwaysStep, m.Eventually = nil, nil
		m.Always = []machine.Property[State]{{Name: "Endpoints are a function of the view", Holds: func(s State) bool {
			v := s.View()
			views++
			if v.Service.UID == 0 || !v.Service.Selects {
				return v.OldRefuses(Old{}, Create, v.OldWanted()) != ""
			}
			wanted := v.OldWanted()
			for _, a := range wanted {
				p := v.Pods[slices.IndexFunc(v.Pods, func(p Pod) bool { return p.UID == a.Pod })]
				if p.Phase != Alive || p.Leaving && !v.Service.Publishes || a.Ready != (p.Ready || v.Service.Publishes) {
					return false
				}
			}
			return v.OldRefuses(Old{}, Create, wanted) == "" && v.OldRefuses(Old{There: true, Ours: true, Addresses: wanted}, Update, wanted) != ""
		}}}
		out := machine.Explore(m, machine.Options{})
		if out.Violation != nil {
			t.Fatalf("%+v: %s\n%s", d, out.Violation.Property, out.Violation.Path.Words(m))
		}
	}
	if views < 1000 {
		t.Errorf("%d views are too few", views)
	}
}
