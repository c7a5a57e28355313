package account

import (
	"fmt"

	"orrery/model/machine"
)

// Machine is the machine of the package comment, within a domain.
type Machine = machine.Machine[State, Action]

// New returns the machine within a domain.
func New(d Domain) *Machine {
	m := &Machine{
		Name:    "account",
		Init:    []State{Init(d)},
		Enabled: func(s State, actions []Action) []Action { return Enabled(d, s, actions) },
		Next:    func(s State, a Action) (State, bool) { return after(d, s, a), true },
		Encode:  func(b []byte, s State) []byte { return s.Encode(b) },
		Within:  within,
		Classes: Classes, Fair: Fair,
		Always:     []machine.Property[State]{OneGenerated},
		AlwaysStep: append(justified(d), CreatesInActive, SameObject, FillsOnce, PurgesOrphans, AcceptsLiving),
		Sometimes:  sometimes,
		Eventually: eventually(d),
		Tempting:   tempting,
		Action:     Action.String,
		Changes:    Changes,
	}
	if d.Anyhow { // a token that does not say whose it is was not filled here, and an authenticator that believes in what is gone is too late
		m.Init, m.AlwaysStep = anyhow(d), append(justified(d), CreatesInActive, SameObject, PurgesOrphans)
	}
	return m
}

// mostUIDs is more than a world with few changes needs: only a controller that creates without end uses them up.
const mostUIDs = 10

func within(s State) bool { return s.NextUID < mostUIDs }

// Changes are what a step changed, in words.
func Changes(before, after State) (lines []string) {
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if before.Phase != after.Phase {
		say("namespace: %v", after.Phase)
	}
	if before.Account != after.Account {
		say("account: %s", uid(after.Account))
	}
	if before.Map != after.Map {
		say("map: %v", after.Map)
	}
	if before.Pod != after.Pod {
		say("pod: %s", uid(after.Pod))
	}
	for i := range Names {
		if before.Secrets[i] != after.Secrets[i] {
			say("secret %d: %v", i, after.Secrets[i])
		}
	}
	if before.Token != after.Token {
		say("token: %+v", after.Token)
	}
	if before.Known != after.Known {
		say("the authenticator's cache: %+v", after.Known)
	}
	if after.Up {
		if before.SeenPhase != after.SeenPhase {
			say("the controller's cache: namespace: %v", after.SeenPhase)
		}
		if c := after.SeenAccount; before.SeenAccount != c {
			say("the controller's cache: account: %s%s%s", uid(c.UID), mark(c.Behind, " (there is a later version)"), mark(c.Live, ", read live"))
		}
		if c := after.SeenMap; before.SeenMap != c {
			say("the controller's cache: map: %v%s", c.Content, mark(c.Behind, " (there is a later version)"))
		}
		for i, c := range after.SeenSecrets {
			if before.SeenSecrets[i] != c {
				say("the controller's cache: secret %d: %v%s", i, c.StoredSecret, mark(c.Behind, " (there is a later version)"))
			}
		}
	}
	for o := range objects {
		if w := after.Writes[o]; before.Writes[o] != w {
			say("request for %s: %v", name(o), w)
		}
		if w := after.Late[o]; before.Late[o] != w {
			say("late request for %s: %v", name(o), w)
		}
	}
	return lines
}

func uid(uid uint8) string {
	if uid == 0 {
		return "none"
	}
	return fmt.Sprintf("UID %d", uid)
}

func (c StoredSecret) String() string {
	if c.UID == 0 {
		return "none"
	}
	text := uid(c.UID) + mark(c.Generated, ", generated") + mark(c.Filled, ", with a token")
	if c.For != 0 {
		text += fmt.Sprintf(", for the account with UID %d", c.For)
	}
	return text
}

func (w Write) String() string {
	way := [...]string{"none", "on its way", "answered", "of unknown outcome"}[w.Way]
	if w.Way == None {
		return way
	}
	return fmt.Sprintf("%v, %s%s", w.Verb, way, mark(w.Stale, " (there is a later version)"))
}

func mark(yes bool, text string) string {
	if yes {
		return text
	}
	return ""
}
