package verdict

// NoVerdict is the exit status of a command that could not judge at all, which is no verdict.
const NoVerdict = 3

// Error is what a command returns that has judged, and did not find [Ok]. It has been told: there is nothing left to print.
type Error struct{ Verdict Verdict }

// Error is the verdict's word.
func (e *Error) Error() string { return "the verdict is " + e.Verdict.String() }

// Err is nil for Ok, and an Error otherwise.
func (v Verdict) Err() error {
	if v == Ok {
		return nil
	}
	return &Error{v}
}
