package verdict

import "fmt"

// Verdict is what a judge says about a run.
type Verdict int

// The verdicts, from the weakest to the one that beats the others.
const (
	Ok Verdict = iota
	Unknown
	Illegal
)

// And joins the verdicts of two judges.
func (v Verdict) And(w Verdict) Verdict { return max(v, w) }

// ExitCode is 0, 1 for Illegal, 2 for Unknown.
func (v Verdict) ExitCode() int {
	switch v {
	case Ok:
		return 0
	case Illegal:
		return 1
	}
	return 2
}

func (v Verdict) String() string {
	switch v {
	case Ok:
		return "ok"
	case Illegal:
		return "illegal"
	case Unknown:
		return "unknown"
	}
	return fmt.Sprintf("Verdict(%d)", int(v))
}
