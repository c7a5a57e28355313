package election

// Candidates is how many there are. They are numbered from 1, so that 0 is nobody, and Gone is one that is no more.
const (
	Candidates = 2
	Gone       = Candidates + 1
)

// State is the world of one lease.
type State struct {
	// Holder is whom the lease names.
	Holder uint8
	All    [Candidates]Candidate
	// Late are writes on their way whose issuer is gone or has given them up.
	Late [Candidates]Write
	// Effects is whether something is on its way that a candidate did while it led, or one before it of that number.
	Effects [Candidates]bool

	// Crashes, Losses and Changes are how many of each are left. Healed: none are, for good.
	Crashes, Losses, Changes uint8
	Healed                   bool
}

// Candidate is one process.
type Candidate struct {
	Up bool
	// Known, Seen and Since are what it knows of the lease; see [View]. Fresh: the lease is still so.
	Known, Fresh bool
	Seen, Since  uint8
	// Leads: something acts for it; and for how long it has, from when it sent the write that this rests on, by its own clock.
	Leads bool
	Led   uint8
	// Asked: it has looked or renewed since the last tick, and waits for the next.
	Asked  bool
	Ending Ending
	// Request is the one that it waits for.
	Request Request
}

// Ending is how far a candidate has come to its end.
type Ending uint8

// The stages of an end.
const (
	Stays   Ending = iota
	Told           // it was told to end; something may act for it
	Stopped        // nothing does
)

// Request is one request, from when it is sent until its answer is heard.
type Request struct {
	Way  Way
	Verb Verb
	// Of a read that was answered: whom it shows, and whether that is the version that the candidate knew before.
	Shown uint8
	Same  bool
	// Fresh: of a write on its way, the lease is as it requires; of an answer, the lease is as it shows.
	Fresh bool
	// Age is for how long it has been under way, by the candidate's clock.
	Age uint8
}

// Way is how far a request has come.
type Way uint8

// The ways of a request.
const (
	None    Way = iota
	Sent        // on its way
	Done        // carried out, and the answer is on its way
	Refused     // refused, likewise
)

// Write is a write that nobody waits for.
type Write struct {
	Way    Way // Sent, or none
	Holder uint8
	Fresh  bool
}

// view is a candidate's.
func (s State) view(d Domain, i int) View {
	c := s.All[i]
	return View{Known: c.Known, Holder: int(c.Seen), Self: i + 1, Since: int(c.Since), Held: int(d.LeaseDuration),
		Ending: c.Ending != Stays, Acts: c.Ending == Told}
}

// acts: something acts for the candidate.
func (s State) acts(i int) bool { return s.All[i].Up && s.All[i].Leads && s.All[i].Ending != Stopped }

// Init is a world in which nobody knows anything, and the lease names nobody.
func Init(d Domain) State {
	s := State{Crashes: d.Crashes, Losses: d.Losses, Changes: d.Changes}
	for i := range s.All {
		s.All[i].Up = true
	}
	return s
}

// anyhow are the states in which a world begins (row 123): the lease is nobody's, or of somebody who is gone, and perhaps a write of that one is
// on its way.
func anyhow(d Domain) []State {
	free := Init(d)
	held, late := free, free
	held.Holder = Gone
	late.Holder = Gone
	late.Late[0] = Write{Way: Sent, Holder: Gone, Fresh: true}
	return []State{free, held, late}
}

// Encode writes everything that tells states apart.
func (s State) Encode(b []byte) []byte {
	b = append(b, s.Holder|bit(s.Healed)<<7, s.Crashes, s.Losses, s.Changes)
	for i, c := range s.All {
		r, l := c.Request, s.Late[i]
		b = append(b, bit(c.Up)|bit(c.Known)<<1|bit(c.Fresh)<<2|bit(c.Leads)<<3|bit(c.Asked)<<4|byte(c.Ending)<<5|bit(s.Effects[i])<<7,
			c.Seen, c.Since, c.Led, byte(r.Way)|byte(r.Verb)<<2|bit(r.Same)<<4|bit(r.Fresh)<<5, r.Shown, r.Age, byte(l.Way)|l.Holder<<2|bit(l.Fresh)<<7)
	}
	return b
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}
