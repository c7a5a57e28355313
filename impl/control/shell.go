package control

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/client"
)

// Shell is what a loop is connected to in the real world.
type Shell struct {
	Transport client.Transport
	// Perform performs the effects that are not API requests. It must return when ctx ends.
	Perform func(ctx context.Context, effect Effect) Answer
	// Feeds keep the local sources fed, each in a goroutine of its own, until ctx ends.
	Feeds []func(ctx context.Context, list func(source string, rv int64, objects []metav1.Object) error)
}

// Run serves the loop until ctx ends: one reflector per API source, one goroutine per effect in flight.
func Run(ctx context.Context, loop *Loop, shell Shell) { panic("being written") }
