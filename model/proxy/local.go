package proxy

// local reports whether an action may be taken alone; see [machine.Machine]. These may:
//
//   - The proxy starts. It knows nothing then, and before that it is part of nothing.
//   - It lists what cannot change any more. Nothing is done before all is listed.
//   - It hears what became of its rules, if nothing can keep that from it any more. Before it has heard it does nothing.
//
// What is claimed to be reached sometimes of a proxy that is down, or of a write, is true of the state in which the action is taken.
func local(s State, a Action) bool {
	switch l := s.Left; a.Kind {
	case Start:
		return true
	case ListServices:
		return l.Crashes == 0 && l.Services == 0
	case ListSlices:
		return l.Crashes == 0 && l.Slices == 0
	case Answer:
		return l.Crashes == 0 && (l.Failures == 0 || s.Write.Way == Failed) // only the answer to what was carried out is lost
	}
	return false
}
