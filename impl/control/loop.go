package control

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
)

// Loop is ring 2: see the package comment.
type Loop struct{}

// New makes a loop; it panics on a Config that cannot be meant.
func New(config Config) *Loop { panic("being written") }

// ObserveList takes over the whole content of a source at rv. An error refuses a list older than what was seen.
func (l *Loop) ObserveList(source string, rv int64, objects []metav1.Object) error { panic("being written") }

// Observe takes over one WatchEvent (ADDED, MODIFIED, DELETED, BOOKMARK). An error refuses one that goes back.
func (l *Loop) Observe(source string, event api.WatchEvent) error { panic("being written") }

// Work reconciles the first key that is due; false: none is.
func (l *Loop) Work(now time.Time) bool { panic("being written") }

// Next hands out one effect to be performed; false: none may be sent now.
func (l *Loop) Next(now time.Time) (Effect, bool) { panic("being written") }

// Done tells the answer to an effect that Next handed out.
func (l *Loop) Done(now time.Time, id string, answer Answer) { panic("being written") }

// Due is when time alone will let Work or Next do something; false: only an observation or an answer will.
func (l *Loop) Due() (time.Time, bool) { panic("being written") }

// Wants lists what the loop still wants, and why, in a fixed order; empty: all is as desired.
func (l *Loop) Wants() []Want { panic("being written") }
