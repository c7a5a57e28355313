package control

// Blind takes the ledger away from a loop.
func Blind(l *Loop) { l.blind = true }
