package election

import (
	"errors"
	"time"
)

// Config is for how long what holds.
type Config struct {
	// LeaseDuration is how long the others wait for a holder of whom they see nothing; it is written into the lease, in seconds.
	LeaseDuration time.Duration
	// RenewDeadline is how long a leader acts after it sent the last renewal that took place.
	RenewDeadline time.Duration
	// RetryPeriod is the time between two looks, or two renewals.
	RetryPeriod time.Duration
}

// Default are upstream's.
var Default = Config{LeaseDuration: 15 * time.Second, RenewDeadline: 10 * time.Second, RetryPeriod: 2 * time.Second}

// jitter is upstream's JitterFactor, which bounds the RetryPeriod.
const jitter = 1.2

// Validate says what is wrong with a Config, as upstream does.
func (c Config) Validate() error {
	switch {
	case c.LeaseDuration <= c.RenewDeadline:
		return errors.New("leaseDuration must be greater than renewDeadline")
	case float64(c.RenewDeadline) <= jitter*float64(c.RetryPeriod):
		return errors.New("renewDeadline must be greater than retryPeriod*JitterFactor")
	case c.LeaseDuration < 1:
		return errors.New("leaseDuration must be greater than zero")
	case c.RenewDeadline < 1:
		return errors.New("renewDeadline must be greater than zero")
	case c.RetryPeriod < 1:
		return errors.New("retryPeriod must be greater than zero")
	case c.LeaseDuration%time.Second != 0:
		// Upstream: cuts it off, and so promises the others less than it was told.
		return errors.New("leaseDuration must be a whole number of seconds, as the lease has it")
	}
	return nil
}
