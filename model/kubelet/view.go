package kubelet

import "fmt"

// Policy is a pod's restart policy.
type Policy uint8

// The restart policies.
const (
	Always Policy = iota
	OnFailure
	Never
)

func (p Policy) String() string { return [...]string{"Always", "OnFailure", "Never"}[p] }

// Phase is a pod's phase as the API shows it.
type Phase uint8

// The phases. The last two are terminal.
const (
	Pending Phase = iota
	Running
	Succeeded
	Failed
)

func (p Phase) String() string { return [...]string{"Pending", "Running", "Succeeded", "Failed"}[p] }

// Terminal: no container of the pod runs, nor will one.
func (p Phase) Terminal() bool { return p == Succeeded || p == Failed }

// Stage is where a container is in its life. In a status, None says that it waits.
type Stage uint8

// The stages.
const (
	None       Stage = iota
	Created          // there is a record, and no process yet
	Alive            // there is a process
	Stopping         // likewise, and it was sent TERM
	EndedWell        // its process has exited with 0
	EndedBadly       // or with another code, or it could not be started
)

func (g Stage) String() string {
	return [...]string{"none", "created", "alive", "stopping", "ended well", "ended badly"}[g]
}

// Ended: there was a process, and it has exited.
func (g Stage) Ended() bool { return g == EndedWell || g == EndedBadly }

// Record is the newest attempt to run a container, as the runtime has it.
type Record struct {
	Stage Stage
	// Attempt counts from 0. Sandbox is the number of the sandbox in which it was made.
	Attempt, Sandbox uint16
	// Told: it was told to stop by a kubelet that is still there, so that KILL follows.
	Told bool
	// Beside: an older attempt still runs beside this one.
	Beside bool
	// Last is the newest attempt that ended before this one, until this one runs: how it ended is known from a record of its own.
	Last Ending
}

// Ending is how an attempt ended.
type Ending struct {
	Stage            Stage // None: there was none
	Attempt, Sandbox uint16
}

// MayRun: there is a process of the container.
func (r Record) MayRun() bool { return r.Stage == Alive || r.Stage == Stopping || r.Beside }

// Sandbox is the newest sandbox of a pod. Number 0: there is none.
type Sandbox struct {
	Number uint16
	Ready  bool
}

// Status is what the API shows of a container: the stage of the newest attempt that was begun, and how many attempts came before it.
type Status struct {
	Stage    Stage
	Restarts uint16
}

// Container is one container of the pod's spec, with what the API shows of it and what the runtime has.
type Container struct {
	Init   bool
	Shown  Status
	Record Record
	// Unfit: it may be stopped for a reason of which this model knows nothing: a probe or a hook has failed, or its definition has changed.
	Unfit bool
}

// Stranger is what the runtime has under the name of the pod, and of another UID than the API's.
type Stranger struct {
	UID     uint8
	Sandbox Sandbox
	Records []Record
}

// View is what is decided from: the pod of one name as the cache shows it, with the kubelet's own writes over it, and what the runtime had
// of that name at the last look.
type View struct {
	// Listed: the API's pods and the runtime have each been listed in this life of the kubelet.
	Listed bool
	// Stale: the look is older than the end of the kubelet's last call on the pods of this name.
	Stale bool

	// UID 0: the API has no pod of that name on this node. What follows is about the pod, then.
	UID        uint8
	Policy     Policy
	Leaving    bool
	Phase      Phase
	Sandbox    Sandbox
	Containers []Container // as in the spec, the init containers first
	// Rejected: the node cannot take the pod, of which nothing was begun. This model does not say when.
	Rejected bool
	// Limited: the pod may be active for so long only, after which it is stopped and has failed. This model does not say when.
	Limited bool

	Strangers []Stranger
}

// Verb is what a call asks the runtime to do.
type Verb uint8

// The verbs.
const (
	RunSandbox Verb = iota + 1
	StopSandbox
	RemoveSandbox
	Create
	Start
	Stop
	Remove
)

func (v Verb) String() string {
	return [...]string{"nothing", "run sandbox", "stop sandbox", "remove sandbox", "create", "start", "stop", "remove"}[v]
}

// Call is one call to the runtime: about the sandbox of that number, or the attempt of a container that was made in it.
type Call struct {
	Verb             Verb
	UID              uint8
	Container        uint8
	Sandbox, Attempt uint16
}

func (c Call) String() string {
	switch c.Verb {
	case RunSandbox, StopSandbox, RemoveSandbox:
		return fmt.Sprintf("%v %d of UID %d", c.Verb, c.Sandbox, c.UID)
	}
	return fmt.Sprintf("%v attempt %d of container %d of UID %d", c.Verb, c.Attempt, c.Container, c.UID)
}

// Report is a status to be written.
type Report struct {
	Phase    Phase
	Statuses []Status
}

// Plan is what a kubelet does at once for the pods of one name.
type Plan struct {
	Calls  []Call
	Report *Report // nil: the status stays
	// Finish: the pod is removed from the API for good.
	Finish bool
}

// Wanted: the pod is to be run.
func (v View) Wanted() bool { return v.UID != 0 && !v.Leaving && !v.Phase.Terminal() }

// quiet: no container of the pod may run.
func (v View) quiet() bool {
	for _, c := range v.Containers {
		if c.Record.MayRun() {
			return false
		}
	}
	return true
}

// inside: the newest attempt of a container belongs to the sandbox that is ready.
func (v View) inside(c Container) bool {
	return v.Sandbox.Ready && c.Record.Stage != None && c.Record.Sandbox == v.Sandbox.Number
}

// startable: a container was made that a call on its way may yet start. In a sandbox that was stopped nothing can be started.
func (v View) startable() bool {
	for _, c := range v.Containers {
		if c.Record.Stage == Created && v.inside(c) {
			return true
		}
	}
	return false
}

// ran: the API knows of a process of the container. Its record may be gone, as somebody has tidied up (K04).
func (c Container) ran() bool { return c.Shown.Stage != None }

// outdated: an attempt that is only created, and that the API shows as begun. A create that was given up has made it once more, after its
// record had been tidied up, and it must not be started again (K05). See testdata/create.txt.
func (c Container) outdated() bool {
	return c.Record.Stage == Created && c.ran() && c.Record.Attempt <= c.Shown.Restarts
}

// recorded: the runtime's record says more than the API.
func (c Container) recorded() bool { return c.Record.Stage != None && !c.outdated() }

// ended is how the last attempt of a container ended, if it did. One of which no record is left, and which the API shows as running, has
// ended badly.
func (c Container) ended() Stage {
	switch {
	case c.Record.Stage.Ended():
		return c.Record.Stage
	case c.recorded() || !c.ran():
		return None
	case c.Shown.Stage == EndedWell:
		return EndedWell
	}
	return EndedBadly
}

// attempt is the number of the next attempt: more than any that the runtime or the API knows (row 83).
func (c Container) attempt() uint16 {
	next := uint16(0)
	if c.recorded() {
		next = c.Record.Attempt + 1
	}
	if c.ran() {
		next = max(next, c.Shown.Restarts+1)
	}
	return next
}

// over: a container is never to be started again (row 82).
func (v View) over(c Container) bool {
	switch ended := c.ended(); {
	case !ended.Ended():
		return false
	case c.Init:
		return v.Policy == Never
	default:
		return v.Policy == Never || v.Policy == OnFailure && ended == EndedWell
	}
}

// finished: the pod has come to its end: an init container has failed for good, or all others are over.
func (v View) finished() bool {
	for _, c := range v.Containers {
		if c.Init && v.Policy == Never && c.ended() == EndedBadly {
			return true
		}
	}
	for _, c := range v.Containers {
		if !c.Init && !v.over(c) {
			return false
		}
	}
	return true
}

// initialized: in the present sandbox a container was made that comes after all init containers.
func (v View) initialized() bool {
	for _, c := range v.Containers {
		if !c.Init && v.inside(c) {
			return true
		}
	}
	return false
}

// initDone: an init container has succeeded, and in this sandbox unless its record is gone: a new network may need it again. What the policy
// forbids to start again stays done.
func (v View) initDone(c Container) bool {
	return c.ended() == EndedWell && (v.Policy == Never || !c.recorded() || v.inside(c))
}

// Due are the containers that should be running now and are not: an init container alone, after those before it (row 85).
func (v View) Due() (due []int) {
	if !v.Wanted() || v.finished() {
		return nil
	}
	initialized := v.initialized()
	for i, c := range v.Containers {
		rests := c.Record.MayRun() || v.over(c)
		switch {
		case c.Init && (initialized || v.initDone(c)):
		case c.Init && rests:
			return nil
		case c.Init:
			return []int{i}
		case !rests:
			due = append(due, i)
		}
	}
	return due
}
