package sim

import (
	"orrery/impl/apiserver/request"
)

// Repair has an API server look once for addresses that no Service has, as it does by itself every minute in a real cluster; false: it is
// at it already, or does not run.
func (w *World) Repair(s *Server) bool {
	if !s.running() || s.repairing {
		return false
	}
	s.repairing = true
	s.repair(s.leaks.Pass(s))
	return true
}

// repair goes on until a pass needs the store, or is over.
func (s *Server) repair(pass *request.Machine) {
	op, result := pass.Next()
	if result != nil { // one that failed is made up for by the next
		s.repairing = false
		return
	}
	s.ask(op, func(a request.Answer) {
		pass.Done(a)
		s.repair(pass)
	})
}
