package control

// Blind takes the ledger away from a loop.
func Blind(l *Loop) { l.blind = true }

// MaxRemembered is how many names of deleted objects a cache remembers.
const MaxRemembered = maxRemembered
