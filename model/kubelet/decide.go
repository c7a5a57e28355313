package kubelet

// Decide is what the machine's kubelet does in a view: one call at a time, beside it the status. It is one of the orders that
// [View.Refuses] allows, and nearly that of impl/kubelet, which stops a sandbox only once the status before was answered:
//
//	what the view shows                      what is done
//	another UID than the API's, or no pod    it is torn down, and nothing else is begun
//	a pod that is being deleted              its containers are stopped, then its sandbox; the API shows its end; records, final delete
//	a pod in a terminal phase                what runs is stopped, its sandbox too; the records stay
//	any other                                what is in the wrong sandbox is stopped or removed; then sandbox, create, start
func (v View) Decide() (p Plan) {
	if !v.Listed || v.Stale {
		return p
	}
	p.Report = v.news()
	call := func(c Call, some bool) {
		if some {
			p.Calls = []Call{c}
		}
	}
	switch {
	case len(v.Strangers) > 0:
		s := v.Strangers[0]
		call(tearDown(s.UID, s.Sandbox, s.Records, true))
	case v.UID == 0:
	case v.Leaving && v.Phase.Terminal() && v.gone():
		p.Finish = true
	case v.Leaving || v.Phase.Terminal():
		call(tearDown(v.UID, v.Sandbox, v.records(), v.Leaving && v.Phase.Terminal()))
	default:
		call(v.run())
	}
	return p
}

func (v View) records() (records []Record) {
	for _, c := range v.Containers {
		records = append(records, c.Record)
	}
	return records
}

// gone: nothing of the pod is left in the runtime.
func (v View) gone() bool {
	for _, c := range v.Containers {
		if c.Record.Stage != None || c.Record.Beside {
			return false
		}
	}
	return v.Sandbox.Number == 0
}

// tearDown is the next call towards the end of a pod: every container is told to stop, and has stopped, before the sandbox is stopped; and
// what is left is removed if it may be.
func tearDown(uid uint8, sandbox Sandbox, records []Record, remove bool) (Call, bool) {
	running := false
	for i, r := range records {
		if r.MayRun() && !r.Told {
			return Call{Stop, uid, uint8(i), r.Sandbox, r.Attempt}, true
		}
		running = running || r.MayRun()
	}
	switch {
	case running || sandbox.Number == 0:
		return Call{}, false
	case sandbox.Ready:
		return Call{Verb: StopSandbox, UID: uid, Sandbox: sandbox.Number}, true
	}
	return Call{Verb: RemoveSandbox, UID: uid, Sandbox: sandbox.Number}, remove
}

// run is the next call that brings a wanted pod forward.
func (v View) run() (Call, bool) {
	waits := false
	for i, c := range v.Containers {
		about := Call{UID: v.UID, Sandbox: c.Record.Sandbox, Container: uint8(i), Attempt: c.Record.Attempt}
		switch {
		case c.Record.Stage == Created && (!v.inside(c) || c.outdated()): // it never ran, and never can (K18) or must not
			about.Verb = Remove
			return about, true
		case c.Record.MayRun() && (!v.inside(c) || c.Record.Beside):
			waits = true
			if about.Verb = Stop; !c.Record.Told {
				return about, true
			}
		}
	}
	due := v.Due()
	switch {
	case waits || len(due) == 0:
		return Call{}, false
	case !v.Sandbox.Ready:
		return Call{Verb: RunSandbox, UID: v.UID, Sandbox: v.Sandbox.Number + 1}, true
	}
	c := v.Containers[due[0]]
	next := Call{Verb: Create, UID: v.UID, Sandbox: v.Sandbox.Number, Container: uint8(due[0]), Attempt: c.attempt()}
	if c.Record.Stage == Created {
		next.Verb, next.Attempt = Start, c.Record.Attempt
	}
	return next, true
}

// news is what the API should show and does not; nil: it shows it.
func (v View) news() *Report {
	if v.UID == 0 || v.Phase.Terminal() && v.gone() {
		return nil // all that is known of a pod that has ended is what the API shows
	}
	var r Report
	changed := false
	for _, c := range v.Containers {
		next := c.status()
		r.Statuses, changed = append(r.Statuses, next), changed || next != c.Shown
	}
	r.Phase = v.phase(r.Statuses)
	if !changed && r.Phase == v.Phase {
		return nil
	}
	return &r
}

// status is what the API should show of a container.
func (c Container) status() Status {
	s := c.Shown
	switch stage := c.Record.Stage; {
	case stage == Alive || stage == Stopping:
		return Status{Alive, max(s.Restarts, c.Record.Attempt)}
	case stage.Ended():
		return Status{stage, max(s.Restarts, c.Record.Attempt)}
	case c.Record.Last.Stage != None:
		return Status{c.Record.Last.Stage, max(s.Restarts, c.Record.Last.Attempt)}
	case s.Stage == Alive:
		// No record is left of the process that the API shows. A reader who has seen it run is shown that it ended (row 93).
		s.Stage = EndedBadly
	}
	return s
}

// phase is the pod's. One that is being deleted ends whatever its policy, once nothing of it runs nor can be started.
func (v View) phase(statuses []Status) Phase {
	if v.Phase.Terminal() {
		return v.Phase // row 78
	}
	waiting, well := false, true
	for i, s := range statuses {
		if !v.Containers[i].Init {
			waiting, well = waiting || s.Stage == None, well && s.Stage == EndedWell
		}
	}
	switch ends := v.quiet() && !v.startable() && (v.finished() || v.Leaving); {
	case ends && well:
		return Succeeded
	case ends:
		return Failed
	case waiting:
		return Pending
	}
	return Running
}
