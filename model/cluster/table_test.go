package cluster

import (
	"slices"
	"testing"

	"orrery/model/endpoints"
	"orrery/model/kubelet"
	"orrery/model/proxy"
)

// everyPod is told of pods, with every value of each field that some component looks at, and more than one of those that none does.
func everyPod(do func(Pod)) {
	do(0)
	do(1)
	do(2)
	for _, uid := range []Pod{1, 2} {
		for flags := range Pod(16) {
			p := uid | there | flags&1*matches | flags>>1&1*ended | flags>>2&1*leaving
			for owner := range uint8(3) {
				for shown := Waiting; shown <= Down; shown++ {
					for node := range uint8(Nodes + 1) {
						for _, address := range []uint8{0, 1, 4} {
							if flags < 8 {
								do(p.withOwner(owner).withShown(shown).withNode(node).withAddress(address))
							}
						}
					}
				}
			}
		}
	}
}

// Goal: what a component does not see makes no difference to what it decides. Method: each package is asked about a pod as it is, and
// about what is seen of it, beside others of every sort.
func TestSeen(t *testing.T) {
	d := Domain{Nodes: 2, Room: 1, Most: 2}
	owner := ownerOf(1, 1)
	mine, orphan := (1 | there | matches).withOwner(1), 1|there|matches
	everyPod(func(p Pod) {
		for _, beside := range [][2]Pod{{0, 0}, {mine, 0}, {mine, mine}, {orphan, spent}} {
			whole, seen := [Names]Pod{beside[0], p, beside[1]}, [Names]Pod{beside[0], p.to(Replication), beside[1]}
			for _, looked := range []bool{false, true} {
				if a, b := effects(replicationView(owner, whole, owner, looked)), effects(replicationView(owner, seen, owner, looked)); a != b {
					t.Errorf("replication: %v, seen as %v beside %v: %b and %b", p, seen[1], beside, a, b)
				}
			}
		}
		for _, beside := range [][2]Pod{{0, 0}, {there, there.withNode(1)}, {there.withNode(1), there.withNode(2)}} {
			whole, seen := [Names]Pod{beside[0], p, beside[1]}, [Names]Pod{beside[0], p.to(Scheduler), beside[1]}
			if a, b := choices(schedulerView(d, whole)), choices(schedulerView(d, seen)); a != b {
				t.Errorf("scheduler: %v, seen as %v beside %v: %b and %b", p, seen[1], beside, a, b)
			}
		}
		if a, b := endpointsView([Names]Pod{p}, 0).Wanted(), endpointsView([Names]Pod{p.to(Endpoints)}, 0).Wanted(); !slices.Equal(a, b) {
			t.Errorf("endpoints: %v, seen as %v: %v and %v", p, p.to(Endpoints), a, b)
		}
		for c := Kubelet1; c <= Kubelet2; c++ {
			for stage := None; p.node() == c.node() && stage <= Rests; stage++ {
				for _, l := range []Life{lifeOf(p.uid(), stage, 0), lifeOf(7, stage, 0)} {
					if a, b := kubeletWork(kubelet.Always, p, l), kubeletWork(kubelet.Always, p.to(c), l); a != b {
						t.Errorf("kubelet: %v, seen as %v, and %v: %+v and %+v", p, p.to(c), l, a, b)
					}
				}
			}
		}
	})
}

// Goal: what the tables say is allowed by the packages that were asked, also where they were asked about one thing at a time. Method: they
// are asked again, about all of it.
func TestTables(t *testing.T) {
	for _, policy := range []kubelet.Policy{kubelet.Always, kubelet.OnFailure, kubelet.Never} {
		tab := newTables(Domain{Nodes: 2, Policy: policy})
		for key, k := range tab.kubelet {
			if k.refused {
				t.Errorf("%v: a kubelet does what is refused, of %08b: %+v", policy, key, k)
			}
		}
	}
	tab := newTables(Domain{Nodes: 2})
	seen := []Pod{0}
	everyPod(func(p Pod) {
		if q := p.to(Endpoints); !slices.Contains(seen, q) {
			seen = append(seen, q)
		}
	})
	forEach(seen, func(pods [Names]Pod) {
		want := tab.slice(pods)
		for _, at := range []Slice{0, sliceThere, want, want &^ 0xff} {
			v, e := endpointsView(pods, at), endpoints.Effect{Verb: endpoints.Update, Endpoints: endpointsOf(want)}
			if at == 0 {
				e.Verb = endpoints.Create
			}
			if got := v.Refuses([]endpoints.Effect{e}); (got == "") != (at != want) {
				t.Fatalf("%v, slice %v: to write %v: %q", pods, at, want, got)
			}
		}
	})
	for index, r := range tab.rules {
		if r == 0 {
			continue // no slice has that index
		}
		z := sliceAt(index)
		if got := proxyView(z).Refuses(proxy.Plan{Verb: proxy.Replace, Rules: listOf(r)}); got != "" || z.index() != index {
			t.Fatalf("%v: rules %v: %q", z, r, got)
		}
	}
}

// sliceAt is a slice with that index.
func sliceAt(index int) Slice {
	i := Slice(index)
	return sliceThere | i&31<<3 | i&(31<<5)<<6 | i&(31<<10)<<9
}
