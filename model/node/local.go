package node

// local reports whether an action may be taken alone; see [machine.Machine]. One may: that a late request is lost which would be refused
// whenever it landed, as its object has changed. That it lands then comes to the same. Two claims look at late requests: a doubt that is late
// excuses a controller that crashes ([NoneReady]), and so stays as long as it may; and sometimes an object is created anew for which a
// request is on its way, which stays until this is so, or can be no more.
func local(s State, a Action) bool {
	if a.Kind != Drop {
		return false
	}
	w, uid := s.Late[a.Object], s.uid(a.Object)
	anew := uid != 0 && uid != w.UID || s.Changes == 0
	return w.Stale && anew && (w.Verb != Doubt || s.Crashes == 0)
}
