package account

import "orrery/model/machine"

// OneGenerated is row 106 (T01), and not only at quiescence: the name of a generated token follows from the account's.
var OneGenerated = machine.Property[State]{Name: "an account has at most one token that nobody asked for", Holds: func(s State) bool {
	n := 0
	for _, c := range s.Secrets {
		if c.UID != 0 && c.Generated && c.For == s.Account {
			n++
		}
	}
	return n <= 1
}}

// justified are the claims about what is decided.
func justified(d Domain) []machine.StepProperty[State, Action] {
	return []machine.StepProperty[State, Action]{
		step("the view justifies what is decided", func(s State, a Action, _ State) bool {
			return a.Kind != Work || s.View(d).Refuses([]Effect{a.effect()}) == ""
		}),
		// Row 40.
		step("nothing is decided about an object while the last request for it is open", func(s State, a Action, _ State) bool {
			return a.Kind != Work || s.Writes[a.Object].Way == None
		}),
	}
}

// The claims about what is carried out, at that moment, and about what is accepted.
var (
	// CreatesInActive is the second half of row 103.
	CreatesInActive = step("nothing is created in a namespace that is not active", func(s State, a Action, after State) bool {
		_, hit := carriedOut(s, a, after)
		return !hit || s.Phase == Active || s.there(a.Object)
	})
	SameObject = step("a decision about a secret is not carried out on another of its name", func(s State, a Action, after State) bool {
		w, hit := carriedOut(s, a, after)
		return !hit || w.Verb != Fill && w.Verb != Purge || w.UID == s.Secrets[a.Object-firstSecret].UID
	})
	// FillsOnce keeps a token that somebody uses from being replaced.
	FillsOnce = effect("a secret that has a token is not filled again", Fill, func(s State, _ Write, o int) bool {
		return !s.Secrets[o-firstSecret].Filled
	})
	// PurgesOrphans is row 104 (T03): what somebody uses is not deleted. A secret that does not say which UID its account has says nothing of
	// which account it outlived.
	PurgesOrphans = effect("a secret is purged only if its account is gone, or was at some time since the secret was made", Purge,
		func(s State, _ Write, o int) bool {
			c := s.Secrets[o-firstSecret]
			if c.For != 0 {
				return c.For != s.Account
			}
			return s.Alone[o-firstSecret]
		})
	// AcceptsLiving is row 105 (T06), with the bound for how late an authenticator may be.
	AcceptsLiving = step("a token is accepted only within its time, by its audience, and if its account and what it is bound to were there when time last passed, or since",
		func(s State, a Action, _ State) bool {
			if a.Kind != Accept {
				return true
			}
			t := s.Token
			if t.Foreign || t.Secret == 0 && t.Left == 0 {
				return false
			}
			for _, uid := range []uint8{t.Account, t.Pod, t.Secret} {
				if uid != 0 && s.Lived&(1<<uid) == 0 {
					return false
				}
			}
			return true
		})
)

// eventually is what must come of it once the faults have ended.
func eventually(d Domain) []machine.Property[State] {
	return []machine.Property[State]{
		// Row 103 (T05).
		{Name: "an active namespace has its default account and the right map", Holds: func(s State) bool {
			return s.Phase != Active || s.Account != 0 && s.Map == Right
		}},
		// Rows 104 and 106.
		{Name: "every secret that is to hold a token has one, of an account that is there", Holds: func(s State) bool {
			for _, c := range s.Secrets {
				if c.UID != 0 && (!c.Filled || c.For != s.Account) {
					return false
				}
			}
			return true
		}},
		// Row 106.
		{Name: "an account has a token that nobody asked for if, and only if, that is the policy", Holds: func(s State) bool {
			return s.Phase != Active || s.Secrets[0].Generated == d.Generates
		}},
		// Row 103; the rest of row 108 is the namespace controller's.
		{Name: "a namespace that is being deleted is gone", Holds: func(s State) bool { return s.Phase != Terminating }},
		// Row 105.
		{Name: "a token is accepted if, and only if, it is good", Holds: func(s State) bool {
			t := s.Token
			good := t.Account != 0 && t.Account == s.Account && !t.Foreign && (t.Secret != 0 || t.Left > 0) && (t.Pod == 0 || t.Pod == s.Pod) &&
				(t.Secret == 0 || t.Secret == s.Secrets[0].UID || t.Secret == s.Secrets[1].UID)
			return s.accepts() == good
		}},
		// Row 119: who has nothing to do does nothing.
		{Name: "the controller rests", Holds: func(s State) bool {
			return s.Up && len(decisions(d, s, nil)) == 0 && s.Writes == [objects]Write{} && s.Late == [objects]Write{}
		}},
	}
}

// sometimes are the states without which the rest would say little.
var sometimes = []machine.Property[State]{
	{Name: "the account was created anew, and the cache shows the old one", Holds: func(s State) bool {
		return s.SeenAccount.UID != 0 && s.Account != 0 && s.SeenAccount.UID != s.Account
	}},
	{Name: "a secret is shown whose account is not shown yet, and is there", Holds: func(s State) bool {
		return s.Account != 0 && s.SeenAccount.UID == 0 && s.SeenSecrets[1].UID != 0 && !s.Alone[1]
	}},
	{Name: "a secret has the token of an account that is gone, and the account was created anew", Holds: func(s State) bool {
		return anySecret(s, func(c StoredSecret) bool { return c.For != 0 && s.Account != 0 && c.For != s.Account })
	}},
	{Name: "a generated token is of an account that is gone", Holds: func(s State) bool {
		return anySecret(s, func(c StoredSecret) bool { return c.Generated && c.For != s.Account })
	}},
	{Name: "a creation is on its way into a namespace that is being deleted", Holds: func(s State) bool {
		return s.Phase == Terminating && s.Writes[theAccount].Verb == Create && s.Writes[theAccount].Way == Sent
	}},
	{Name: "a deletion is on its way, and its secret was created anew", Holds: func(s State) bool {
		w, uid := s.Writes[firstSecret+1], s.Secrets[1].UID
		return w.Verb == Purge && uid != 0 && w.UID != uid
	}},
	{Name: "the map is being repaired", Holds: func(s State) bool { return s.Writes[theMap].Verb == Repair }},
	{Name: "a bound token is accepted", Holds: func(s State) bool { return s.accepts() && s.Token.Pod != 0 }},
	{Name: "a token from a secret is accepted", Holds: func(s State) bool { return s.accepts() && s.Token.Secret != 0 }},
	{Name: "a token is not accepted as its pod was created anew", Holds: func(s State) bool {
		return !s.accepts() && s.Token.Left > 0 && s.Token.Account == s.Account && s.Pod != 0 && s.Token.Pod != 0 && s.Token.Pod != s.Pod
	}},
	{Name: "a token is not accepted as its account was created anew", Holds: func(s State) bool {
		return !s.accepts() && s.Token.Left > 0 && s.Account != 0 && s.Token.Account != s.Account
	}},
	{Name: "a request is late", Holds: func(s State) bool { return s.Late != [objects]Write{} }},
}

// tempting are what one might believe.
var tempting = []machine.Property[State]{
	{Name: "an account that the cache does not show is not there", Holds: func(s State) bool {
		return !s.Up || s.SeenAccount.UID != 0 || s.Account == 0
	}},
	{Name: "who has a token that is accepted has an account", Holds: func(s State) bool { return !s.accepts() || s.Token.Account == s.Account }},
	{Name: "a secret that is about to be purged has no account", Holds: func(s State) bool {
		w, c := s.Writes[firstSecret+1], s.Secrets[1]
		return w.Verb != Purge || w.Way != Sent || w.Stale || c.For != 0 || s.Account == 0
	}},
}

func anySecret(s State, is func(StoredSecret) bool) bool {
	for _, c := range s.Secrets {
		if c.UID != 0 && is(c) {
			return true
		}
	}
	return false
}

func step(name string, holds func(State, Action, State) bool) machine.StepProperty[State, Action] {
	return machine.StepProperty[State, Action]{Name: name, Holds: holds}
}

// effect is a claim about the object that a request of that verb changes, at the moment at which it does.
func effect(name string, verb Verb, holds func(s State, w Write, object int) bool) machine.StepProperty[State, Action] {
	return step(name, func(s State, a Action, after State) bool {
		w, hit := carriedOut(s, a, after)
		return !hit || w.Verb != verb || holds(s, w, a.Object)
	})
}

// carriedOut is the request that a step carries out, if it does one.
func carriedOut(s State, a Action, after State) (w Write, hit bool) {
	switch a.Kind {
	case Arrive:
		w = s.Writes[a.Object]
	case Land:
		w = s.Late[a.Object]
	default:
		return w, false
	}
	return w, s.Account != after.Account || s.Map != after.Map || s.Secrets != after.Secrets
}
