package scheduler

// local reports whether an action may be taken alone; see [machine.Machine]. Two may:
//
//   - The scheduler hears an answer that nothing can keep from it any more, if its view stays the same: the bind was carried out; or it
//     must look what became of the first one; or the cache has passed it. (A bind that has surely failed frees room, and so does not
//     commute with the choices for other pods.)
//   - A bind is lost that would be refused whenever it landed, as versions only grow. That it lands then comes to the same.
//
// What is claimed to be reached sometimes of an answer or of a late bind is true of the state in which the action is taken.
func local(s State, a Action) bool {
	switch w := s.Writes[a.Pod]; a.Kind {
	case Answer:
		return s.Crashes == 0 && s.Losses == 0 && (w.Way == Done || w.Again || s.passed(a.Pod))
	case Drop:
		return s.Late[a.Pod].Version < s.Pods[a.Pod].Version
	}
	return false
}
