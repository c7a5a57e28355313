// Package fuzz is where what runs and what must be true meet: the random machines that drive an implementation and its
// model side by side and compare every answer. Apart from main.go only this room may import both.
//
// The machines are tests:
//
//	storemachine_test.go     impl/store/memory and impl/store/etcd (a real etcd) against model/store
//	storejudge_test.go       the same stores as recorded, against the checkers
//	transportmachine_test.go an API server that is asked over HTTP against one that is asked in process
//	selector                 the selectors of the API server and of the checkers against upstream's
//	actions                  which actions of the models a recorded run has taken
//	exploration              the models, explored; and a path of a model as a script that takes the real component along it
//
// Each is shown to see by planted bugs that it must find.
//
// **Not done**: what brings a whole cluster up is not here but in package scenario.
//
// Sources: rapid, for state machines; Anvil, for a model held against the real store.
package fuzz
