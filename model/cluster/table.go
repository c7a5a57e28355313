package cluster

import (
	"orrery/model/endpoints"
	"orrery/model/replication"
	"orrery/model/scheduler"
)

// tables say for everything that a component can know what it decides. They are filled by asking the component's own package, once for all
// states: a view is made for each thing that can be known, and the answer kept. What a view does not depend on, such as UIDs and who else
// controls a pod, is left out.
type tables struct {
	// replication holds a bit for each effect that is allowed: see [effect]; and one if a live read is all that lacks.
	replication [1 << 13]uint16
	// scheduler holds a bit for each choice that is allowed: see [choice].
	scheduler [1 << 9]uint8
	kubelet   [1 << 8]work
	// endpoints holds what the slice is to say of a pod, but for the UID.
	endpoints [1 << 13]Entry
	// rules are those that a slice asks for, by its index.
	rules  [1 << 15]Rules
	absent Rules // likewise, if there is no slice
}

func newTables(d Domain) *tables {
	t := new(tables)
	t.fillReplication(d)
	t.fillScheduler(d)
	t.fillKubelet(d.Policy)
	t.fillEndpoints()
	t.fillRules()
	return t
}

// effect is the bit of an effect of the replication controller.
func effect(verb Verb, pod int) uint16 { return 1 << (int(verb-Create)*Names + pod) }

const lacksLook uint16 = 1 << 12

// effects are what a view of the replication controller's allows.
func effects(v replication.View) (allowed uint16) {
	for verb := Create; verb <= Release; verb++ {
		for i := range v.Pods {
			if v.Refuses([]replication.Effect{{Verb: replication.Verb(verb), Pod: i}}) == "" {
				allowed |= effect(verb, i)
			}
		}
	}
	return allowed
}

// What a live read may have shown.
const (
	notRead = iota
	same
	another
)

// replicationKey is what the controller's decision depends on, in 13 bits.
func replicationKey(owner Owner, seen *[Names]Pod, live Owner, looked bool) int {
	key := int(owner.replicas())
	switch {
	case looked && live.uid() == owner.uid():
		key |= same << 2
	case looked:
		key |= another << 2
	}
	for i, p := range seen {
		code := int(p) // absent, or spent
		if p.is(there) {
			code = 2 | int(p&matches/matches)
			if p.controlled(owner) {
				code += 2
			} else if p.owner() != 0 {
				code += 4
			}
		}
		key |= code << (4 + 3*i)
	}
	return key
}

func (t *tables) fillReplication(d Domain) {
	cases := []Pod{0, spent}
	for owner := range uint8(3) {
		cases = append(cases, (1 | there).withOwner(owner), (1 | there | matches).withOwner(owner))
	}
	for replicas := range max(d.Replicas, d.Most, 1) + 1 {
		owner := ownerOf(1, uint8(replicas))
		forEach(cases, func(seen [Names]Pod) {
			none := effects(replicationView(owner, seen, 0, false))
			good := effects(replicationView(owner, seen, owner, true))
			if good&^none != 0 {
				none |= lacksLook
			}
			t.replication[replicationKey(owner, &seen, 0, false)] = none
			t.replication[replicationKey(owner, &seen, owner, true)] = good
			t.replication[replicationKey(owner, &seen, 0, true)] = effects(replicationView(owner, seen, 0, true))
		})
	}
}

// forEach is told every combination of pods.
func forEach(cases []Pod, do func([Names]Pod)) {
	for _, a := range cases {
		for _, b := range cases {
			for _, c := range cases {
				do([Names]Pod{a, b, c})
			}
		}
	}
}

// choice is the bit of a choice of the scheduler.
func choice(pod int, node uint8) uint8 { return 1 << (pod*Nodes + int(node) - 1) }

// choices are what a view of the scheduler's allows, but for having a pod wait.
func choices(v scheduler.View) (allowed uint8) {
	for i := range v.Pods {
		for n := range v.Nodes {
			if v.Refuses(scheduler.Choice{Pod: i, Node: n + 1}) == "" {
				allowed |= choice(i, uint8(n+1))
			}
		}
	}
	return allowed
}

// schedulerKey is what the scheduler's decision depends on, in 9 bits.
func schedulerKey(seen *[Names]Pod) (key int) {
	for i, p := range seen {
		key |= int(p&there/there|p&nodeField>>10) << (3 * i)
	}
	return key
}

func (t *tables) fillScheduler(d Domain) {
	cases := []Pod{0}
	for n := range uint8(d.Nodes + 1) {
		cases = append(cases, there.withNode(n))
	}
	forEach(cases, func(seen [Names]Pod) { t.scheduler[schedulerKey(&seen)] = choices(schedulerView(d, seen)) })
}

func (t *tables) fillEndpoints() {
	for i := range t.endpoints {
		if p := Pod(i) << 3; p.to(Endpoints) == p {
			view := endpoints.View{Service: endpoints.Service{UID: serviceUID, Selects: true}, Pods: []endpoints.Pod{endpointsPod(0, p)}}
			t.endpoints[i] = sliceOf(view.Wanted()).entry(0)
		}
	}
}

// slice is what the slice is to hold for those pods.
func (t *tables) slice(pods [Names]Pod) Slice {
	z := sliceThere
	for i, p := range pods {
		if e := t.endpoints[p.to(Endpoints)>>3]; e != 0 {
			z = z.with(i, e|Entry(p.uid()))
		}
	}
	return z
}

func (t *tables) fillRules() {
	t.absent = rulesOf(proxyView(0).Wanted())
	entries := []Entry{0}
	for a := range uint8(Nodes * Names) {
		for c := Unready; c <= Draining; c++ {
			entries = append(entries, entryOf(a+1, c))
		}
	}
	for _, a := range entries {
		for _, b := range entries {
			for _, c := range entries {
				z := sliceThere.with(0, a).with(1, b).with(2, c)
				t.rules[z.index()] = rulesOf(proxyView(z).Wanted())
			}
		}
	}
}

// of are the rules that a slice asks for.
func (t *tables) of(z Slice) Rules {
	if z&sliceThere == 0 {
		return t.absent
	}
	return t.rules[z.index()]
}
