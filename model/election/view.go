package election

import "fmt"

// Verb is what a candidate does about the lease.
type Verb uint8

// The verbs.
const (
	Read Verb = iota
	Take      // name oneself: acquire or renew
	Give      // name nobody
)

// View is what a candidate knows when it decides.
type View struct {
	// Known: the lease was read, or written, and nothing has gone wrong since.
	Known bool
	// Holder is whom the lease names, and Self the candidate; 0: nobody.
	Holder, Self int
	// Since is for how long the lease has been known as it is, by the candidate's own clock, and Held for how long its record says
	// that it is held after it was seen.
	Since, Held int
	// Ending: the candidate was told to end. Acts: something may act for it.
	Ending, Acts bool
}

// Refuses is why a candidate may not do that; empty: it may.
func (v View) Refuses(verb Verb) string {
	switch {
	case verb == Read:
		return ""
	case !v.Known:
		return "it does not know the lease as it is"
	case verb == Give && !v.Ending:
		return "it was not told to end"
	case verb == Give && v.Acts:
		return "something may still act for it"
	case verb == Give && v.Holder != v.Self:
		return fmt.Sprintf("candidate %d holds the lease", v.Holder)
	case verb == Take && v.Ending:
		return "it was told to end"
	case verb == Take && v.Holder != 0 && v.Holder != v.Self && v.Since < v.Held:
		return fmt.Sprintf("candidate %d holds the lease, and was seen to %d ago: it may lead for less than %d after that", v.Holder, v.Since, v.Held)
	}
	return ""
}
