package refine

import (
	"orrery/impl/trace"
	"orrery/model/kubelet"
)

// life is what a look showed of one UID, in the words of the model.
type life struct {
	sandbox kubelet.Sandbox
	// names are those of the containers, in the order in which the look has them, and records their newest attempts.
	names   []string
	records map[string]kubelet.Record
	unknown map[string]bool // the runtime cannot tell of the newest attempt whether it runs
}

// looked is a look by UID.
func looked(look *trace.Look) (lives map[string]*life, uids []string) {
	lives = map[string]*life{}
	of := func(uid string) *life {
		if lives[uid] == nil {
			lives[uid] = &life{records: map[string]kubelet.Record{}, unknown: map[string]bool{}}
			uids = append(uids, uid)
		}
		return lives[uid]
	}
	sandboxes := map[string]uint16{}
	for _, s := range look.Seen {
		if s.Container == "" {
			sandboxes[s.ID] = sandbox(s)
			of(s.UID).add(kubelet.Sandbox{Number: sandbox(s), Ready: s.State == "ready"})
		}
	}
	for _, s := range look.Seen {
		if s.Container != "" {
			of(s.UID).put(s, sandboxes[s.Sandbox])
		}
	}
	return lives, uids
}

// sandbox is the number that the model gives a sandbox. 0 would be none.
func sandbox(s trace.Seen) uint16 { return number(s.Attempt) + 1 }

func (l *life) add(s kubelet.Sandbox) {
	if s.Number > l.sandbox.Number {
		l.sandbox = s
	}
}

// put adds an attempt of a container: the newest is its record.
func (l *life) put(s trace.Seen, sandbox uint16) {
	next := kubelet.Record{Stage: stage(s), Attempt: number(s.Attempt), Sandbox: sandbox}
	old, there := l.records[s.Container]
	if !there {
		l.names = append(l.names, s.Container)
	}
	if there && old.Attempt > next.Attempt {
		old, next = next, old
	} else {
		l.unknown[s.Container] = s.State == "unknown"
	}
	next.Beside = next.Beside || old.MayRun()
	l.records[s.Container] = next
}

// mayRun: there may be a process of the attempt.
func mayRun(s trace.Seen) bool { return s.Container != "" && stage(s) == kubelet.Alive }

func stage(s trace.Seen) kubelet.Stage {
	switch s.State {
	case "created":
		return kubelet.Created
	case "exited":
		return ended(s.ExitCode)
	}
	return kubelet.Alive
}

// stranger is the pod of a UID that the API does not want on the node.
func (l *life) stranger(uid uint8) kubelet.Stranger {
	s := kubelet.Stranger{UID: uid, Sandbox: l.sandbox}
	for _, name := range l.names {
		s.Records = append(s.Records, l.records[name])
	}
	return s
}
