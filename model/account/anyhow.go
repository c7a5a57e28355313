package account

// anyhow are the states in which a world begins that no history need have led to (row 123): the namespace is active or being deleted, and the
// account, the map and the secrets are there or not. The map is wrong; secrets say the UID of an account that is gone, and have its token, or
// have none, or have one and do not say whose; and somebody has a token of an account that is gone, in which the authenticator believes.
//
// Some states have nobody who makes them right, and so are left out: what is in a namespace that is gone; a second token that nobody asked
// for, or one that the policy does not want; and a secret of a user's under the name of the generated one.
func anyhow(d Domain) (begins []State) {
	s := Init(Domain{Changes: d.Changes, Tokens: d.Tokens, Losses: d.Losses, Crashes: d.Crashes})
	s.NextUID = former + 1
	for _, s.Phase = range []Phase{Active, Terminating} {
		for s.Account = range uint8(2) {
			for s.Map = Absent; s.Map <= Wrong; s.Map++ {
				for _, s.Secrets[0] = range s.generated(d) {
					for _, s.Secrets[1] = range s.asked() {
						begins = append(begins, s.presented(d)...)
					}
				}
			}
		}
	}
	for i, s := range begins {
		for secret, c := range s.Secrets {
			s.Alone[secret] = c.UID != 0 && s.Account == 0
		}
		begins[i] = s.started()
	}
	return begins
}

// The UIDs that there are at first: 1 is the account's, and former that of one that had the name.
const (
	pod = iota + 2
	secret
	another
	former
)

// generated is what there may be under the name of the generated secret.
func (s State) generated(d Domain) []StoredSecret {
	all := []StoredSecret{{}, {UID: secret, For: former, Filled: true, Generated: true}}
	if d.Generates && s.Account != 0 {
		all = append(all, StoredSecret{UID: secret, For: s.Account, Filled: true, Generated: true}, StoredSecret{UID: secret, Filled: true, Generated: true},
			StoredSecret{UID: secret, For: s.Account, Generated: true})
	}
	return all
}

// asked is what there may be under the name that users choose.
func (s State) asked() []StoredSecret {
	all := []StoredSecret{{}}
	for _, account := range []uint8{0, 1, former} {
		for _, filled := range []bool{false, true} {
			all = append(all, StoredSecret{UID: another, For: account, Filled: filled})
		}
	}
	return all
}

// presented are the states with every token that somebody may have, and with an authenticator that is up to date or believes in it. As tokens
// have nothing to do with the map, nor with who asked for a secret, these are right in worlds with tokens.
func (s State) presented(d Domain) (all []State) {
	switch {
	case d.Tokens == 0:
		return []State{s}
	case s.Map != Right || s.Secrets[0].UID != 0:
		return nil
	}
	for _, s.Token = range []Held{{}, {Account: 1, Pod: pod, Left: lifetime}, {Account: former, Left: lifetime}, {Account: 1, Secret: another}} {
		for _, s.Pod = range []uint8{0, pod} {
			s.Lived, s.Known = s.lives(), s.shown()
			all = append(all, s)
			s.Known = Shown{Account: s.Token.Account, Pod: s.Token.Pod, Secrets: [Names]uint8{0, s.Token.Secret}}
			all = append(all, s)
		}
	}
	return all
}
