package api

// local reports whether an action may be taken alone; see [machine.Machine]. These may:
//
//   - A client hears an answer that nothing can keep from it any more, and may ask for something else from then on. If there are two
//     writers, it is the first idle one who asks, and so the first may not be idle sooner than the second.
//   - The reader hears a list, but for a further page, of which it is claimed that it is sometimes older than what is stored by then.
//   - A write is lost that would do nothing whenever it landed, as the version on which it was decided is gone. That it lands then comes to
//     the same.
//
// What is claimed to be reached sometimes of an answer or of a late write is true of the state in which the action is taken.
func local(d Domain, s State, a Action) bool {
	last := a.Call != 0 || d.Writers == 1
	switch c := s.Calls[a.Call]; a.Kind {
	case Hear:
		return s.Losses == 0 && last
	case HearList:
		return s.Losses == 0 && s.Reader.Read.From != Exact
	case Drop:
		return last && c.On != 0 && c.On != s.stored(c.Request.Name).Version
	}
	return false
}
