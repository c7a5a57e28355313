package garbage

// local reports whether an action may be taken alone; see [machine.Machine]. One may: that a late request is lost which would be refused
// whenever it landed, as neither UIDs nor versions come again. That it lands then comes to the same. It is claimed, though, that sometimes
// an object is created anew for which a late deletion is on its way; so that deletion stays until this is so, or can be no more.
func local(s State, a Action) bool {
	if a.Kind != Drop {
		return false
	}
	w, o := s.Late[a.Object], s.Objects[a.Object]
	refused := o.UID != w.UID || o.Version != w.Version
	anew := o.UID != 0 && o.UID != w.UID || s.Changes == 0
	return refused && (w.Verb != Collect || anew)
}
