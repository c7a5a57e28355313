package sometimes

import (
	"orrery/checker/history"
	"orrery/checker/requests"
)

// States of the real world only: in the other nothing is sent. Every real run must reach them.
const (
	answered = "a request to a service was answered"
	closed   = "a request to a service was refused, as it had no endpoint"
	settled  = "a request to a service was answered when all had settled"
)

// wire are those of them that a run reached.
func wire(h *history.History) (names []string) {
	counts := requests.Count(h)
	for _, s := range []struct {
		name string
		n    int
	}{{answered, counts.Answered}, {closed, counts.Closed}, {settled, counts.Settled}} {
		if s.n > 0 {
			names = append(names, s.name)
		}
	}
	return names
}
