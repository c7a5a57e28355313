package sim

import "fmt"

// Kind is what happens in a step.
type Kind uint8

// The kinds of steps, in the order in which they are listed. So the first step of the list is always the one nearest to the
// end of what is under way: whoever takes the first one only, runs a cluster in which everything is quick.
const (
	Hear    Kind = iota // an API server hears the store's answer
	Commit              // the store carries an operation out
	Answer              // a process hears the answer to a request, or that there will be none
	Reach               // a request that waits for a watch cache goes on, or has waited for too long
	Arrive              // a request reaches its API server
	Feed                // an API server's caches observe the store's next change
	Deliver             // a watch delivers its next event
	Hangup              // a watch ends, because its server or its connection is gone
	Done                // a component hears what became of a call to its own machine
	Perform             // a call to the machine is made
	Look                // a kubelet looks at its runtime, or a proxy at its kernel
	Ask                 // a component asks for a list or a watch
	Stand               // a candidate asks for the lease, renews it, or finds that it leads no more
	Work                // a component decides for one key, and sends what it decides
	Tick                // time goes on to when something is due
)

var kinds = [...]string{"hear", "commit", "answer", "reach", "arrive", "feed", "deliver", "hangup", "done", "perform", "look", "ask", "stand", "work", "tick"}

// String is the kind's word in scripts.
func (k Kind) String() string { return kinds[k] }

// Step is one thing that may happen now. It is valid until the next Take.
type Step struct {
	Kind Kind
	// actor and item say whose step it is: positions in the World's lists.
	actor, item int32
}

// Describe names a step in words that do not depend on what happened before, so that a script can ask for it.
func (w *World) Describe(s Step) string {
	switch s.Kind {
	case Hear, Commit:
		op := w.ops[s.actor]
		return fmt.Sprintf("%v %s %s %s", s.Kind, op.server.Name, op.op.Kind, op.op.Key)
	case Answer, Reach, Arrive:
		return fmt.Sprintf("%v %s", s.Kind, w.calls[s.actor].words())
	case Feed:
		return fmt.Sprintf("%v %s", s.Kind, w.Servers[s.actor].Name)
	case Tick:
		return s.Kind.String()
	}
	p := w.Processes[s.actor]
	if what := p.program.words(s.Kind, int(s.item)); what != "" {
		return fmt.Sprintf("%v %s %s", s.Kind, p.Name, what)
	}
	return fmt.Sprintf("%v %s", s.Kind, p.Name)
}
