package account

// Names is how many names of secrets there are: that of the account's generated token, and one that users choose. Objects that the controller
// writes are numbered: the account, the map, then secrets.
const Names = 2

const (
	theAccount = iota
	theMap
	firstSecret
	objects = firstSecret + Names
)

// lifetime is for how many ticks a bound token is good.
const lifetime = 2

// State is the world of one namespace with its default account, one controller and one authenticator.
type State struct {
	// Phase is the namespace's; what follows is what it holds. Account and Pod are UIDs; 0: there is none.
	Phase   Phase
	Account uint8
	Map     Content
	Secrets [Names]StoredSecret
	Pod     uint8
	NextUID uint8

	// Token is one that somebody has. Known are the UIDs that the authenticator's cache shows.
	Token Held
	Known Shown

	// Alone: at some time since that secret was made the account was not there. Lived are the UIDs of all that was there since time last passed,
	// a bit for each. They are there to be judged.
	Alone [Names]bool
	Lived uint16

	// Up is whether the controller runs; what follows is what it knows, and nothing if it does not.
	Up          bool
	SeenPhase   Phase
	SeenAccount SeenAccount
	SeenMap     SeenMap
	SeenSecrets [Names]SeenSecret
	Writes      [objects]Write

	// Late are requests on their way whose issuer is gone or has given them up.
	Late [objects]Write

	// Changes, Tokens, Losses and Crashes are how many of each are left. Healed: none are, for good.
	Changes, Tokens, Losses, Crashes uint8
	Healed                           bool
}

// Phase is where a namespace is in its life.
type Phase uint8

// The phases of a namespace.
const (
	Gone Phase = iota
	Active
	Terminating
)

func (p Phase) String() string { return [...]string{"gone", "active", "terminating"}[p] }

// StoredSecret is a secret as the store holds it.
type StoredSecret struct {
	UID, For          uint8
	Filled, Generated bool
}

// Held is a token that somebody has: the UIDs that it names, and for how many ticks it is good. A token from a secret is bound to it and good
// for ever, the others to a pod or to nothing. Foreign: it is for another audience. Account 0: there is no token.
type Held struct {
	Account, Pod, Secret uint8
	Left                 uint8
	Foreign              bool
}

// Shown are the UIDs that the authenticator's cache shows.
type Shown struct {
	Account, Pod uint8
	Secrets      [Names]uint8
}

// SeenAccount is the account as the controller's cache shows it. Behind: the store holds another. Live: it was read live since the cache last
// showed something new of it or of a secret.
type SeenAccount struct {
	UID          uint8
	Behind, Live bool
}

// SeenMap is the map, as the controller's cache shows it.
type SeenMap struct {
	Content
	Behind bool
}

// SeenSecret is a secret, as the controller's cache shows it.
type SeenSecret struct {
	StoredSecret
	Behind bool
}

// Write is one request of the controller's. It stays in the ledger until the cache shows a later version of its object, so that every decision
// sees it.
type Write struct {
	Verb Verb
	Way  Way
	// Stale: the object has changed since the version that the request requires, if it requires one. UID is that of the object that was decided
	// about, For that of the account whose token it is.
	Stale    bool
	UID, For uint8
}

// Way is how far a request has come.
type Way uint8

// The ways of a request.
const (
	None     Way = iota
	Sent         // on its way to the server
	Answered     // carried out or refused; the cache does not show yet what the object is like now
	Open         // not answered: it may have been carried out, or may still be
)

// View is the controller's.
func (s State) View(d Domain) View {
	open := func(o int) bool { return s.Writes[o].Way != None }
	v := View{Active: s.SeenPhase == Active, Generates: d.Generates, Map: Map{s.SeenMap.Content, open(theMap)},
		Accounts: []Account{{UID: s.SeenAccount.UID, Live: s.SeenAccount.Live, Open: open(theAccount)}}}
	for i, c := range s.SeenSecrets {
		v.Secrets = append(v.Secrets, Secret{UID: c.UID, For: c.For, Filled: c.Filled, Generated: c.Generated, Open: open(firstSecret + i)})
	}
	return v
}

// accepts reports whether the authenticator accepts the token that somebody has.
func (s State) accepts() bool { return s.Token.Account != 0 && s.known().Accepts(s.Token.full()) }

// known is what the authenticator's cache shows. UIDs tell objects of a kind apart, and time is counted from now.
func (s State) known() Known {
	k := Known{Now: 1, Objects: []Object{{OfAccount, 0, s.Known.Account}, {OfPod, 0, s.Known.Pod}}}
	for _, uid := range s.Known.Secrets {
		k.Objects = append(k.Objects, Object{OfSecret, 0, uid})
	}
	return k
}

// full is the token as an authenticator reads it.
func (t Held) full() Token {
	full := Token{Account: Object{OfAccount, 0, t.Account}, Audiences: []int{0}, Until: 1 + int(t.Left)}
	switch {
	case t.Foreign:
		full.Audiences = []int{1}
	case t.Pod != 0:
		full.Bound = Object{OfPod, 0, t.Pod}
	case t.Secret != 0:
		full.Bound, full.Until = Object{OfSecret, 0, t.Secret}, 0
	}
	return full
}

// shown is what an authenticator that is up to date shows.
func (s State) shown() Shown {
	now := Shown{Account: s.Account, Pod: s.Pod}
	for i, c := range s.Secrets {
		now.Secrets[i] = c.UID
	}
	return now
}

// lives are the UIDs of all that a token may depend on.
func (s State) lives() (uids uint16) {
	now := s.shown()
	for _, uid := range append([]uint8{now.Account, now.Pod}, now.Secrets[:]...) {
		uids |= 1 << uid
	}
	return uids
}

// Init is a namespace that was just made, or that has had its account and map for long; the controller has just started.
func Init(d Domain) State {
	s := State{Phase: Active, NextUID: 1, Changes: d.Changes, Tokens: d.Tokens, Losses: d.Losses, Crashes: d.Crashes}
	if d.Settled {
		s.Account, s.Map = s.newUID(), Right
	}
	if d.Pod {
		s.Pod = s.newUID()
	}
	s.Lived, s.Known = s.lives(), s.shown()
	return s.started()
}

// started is the state after the controller has listed everything.
func (s State) started() State {
	s.Up, s.SeenPhase, s.SeenAccount, s.SeenMap = true, s.Phase, SeenAccount{UID: s.Account}, SeenMap{Content: s.Map}
	for i, c := range s.Secrets {
		s.SeenSecrets[i] = SeenSecret{StoredSecret: c}
	}
	return s
}

// Encode writes everything that tells states apart.
func (s State) Encode(b []byte) []byte {
	secret := func(c StoredSecret) {
		b = append(b, c.UID|bit(c.Filled)<<5|bit(c.Generated)<<6, c.For)
	}
	for i := range Names {
		secret(s.Secrets[i])
		secret(s.SeenSecrets[i].StoredSecret)
		b = append(b, s.Known.Secrets[i]|bit(s.SeenSecrets[i].Behind)<<7|bit(s.Alone[i])<<6)
	}
	for o := range objects {
		for _, w := range []Write{s.Writes[o], s.Late[o]} {
			b = append(b, byte(w.Verb)|byte(w.Way)<<3|bit(w.Stale)<<5, w.UID, w.For)
		}
	}
	t := s.Token
	return append(b, byte(s.Phase)|byte(s.SeenPhase)<<2|byte(s.Map)<<4|byte(s.SeenMap.Content)<<6, s.Account, s.SeenAccount.UID, s.Pod, s.NextUID,
		t.Account, t.Pod, t.Secret, t.Left|bit(t.Foreign)<<4, s.Known.Account, s.Known.Pod, byte(s.Lived), byte(s.Lived>>8),
		s.Changes|s.Tokens<<4, s.Losses|s.Crashes<<4,
		bit(s.Up)|bit(s.Healed)<<1|bit(s.SeenAccount.Behind)<<2|bit(s.SeenAccount.Live)<<3|bit(s.SeenMap.Behind)<<4)
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}
