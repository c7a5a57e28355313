package verdict

// Report is what all checkers together found in one run.
type Report struct {
	Results []Named
}

// Named is the result of one checker.
type Named struct {
	Checker string
	// Skipped names the checker whose findings make this one's judgement pointless; its Result is empty.
	Skipped string
	Result
}

// Verdict joins those of all checkers. A report of nothing is Unknown.
func (r Report) Verdict() Verdict {
	if len(r.Results) == 0 {
		return Unknown
	}
	v := Ok
	for _, n := range r.Results {
		v = v.And(n.Verdict())
	}
	return v
}

// First is the first finding of the first checker that has one.
func (r Report) First() (checker string, f Finding, ok bool) {
	for _, n := range r.Results {
		if len(n.Findings) > 0 {
			return n.Checker, n.Findings[0], true
		}
	}
	return "", Finding{}, false
}

// Unjudged is what the first checker that does not know says of why; empty: all know.
func (r Report) Unjudged() string {
	for _, n := range r.Results {
		if len(n.Unknown) > 0 {
			return n.Checker + ": " + n.Unknown[0]
		}
	}
	return ""
}
