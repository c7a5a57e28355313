package replication

// local reports whether an action may be taken alone; see [machine.Machine]. Two may:
//
//   - The controller hears an answer that nothing can keep from it any more. Before it has heard all answers it decides nothing, and if it
//     sees the pod first, then what it has seen stays as it is when it hears.
//   - A request is lost that would be refused whenever it landed, as versions only grow. That it lands then comes to the same.
//
// No property is about what the controller knows but where it decides. What is claimed to be reached sometimes of an answer or of a late
// request is true of the state in which the action is taken; and that the cache shows another pod than there is may come true as the
// controller hears, and does not cease to be.
func local(s State, a Action) bool {
	switch a.Kind {
	case Answer:
		return s.Crashes == 0 && (s.Losses == 0 || s.Writes[a.Pod].Way == Refused) // only the answer to what was carried out is lost
	case Drop:
		late := s.Late[a.Pod]
		return late.Verb != Create && late.Version < s.Pods[a.Pod].Version
	}
	return false
}
