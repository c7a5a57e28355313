package fuzz

import (
	"fmt"
	"runtime"
)

// failingTB is a rapid.TB for properties that are expected to fail: it keeps what is said instead of failing a test. Check
// has to run in a goroutine of its own, as FailNow ends it.
type failingTB struct {
	name   string
	text   string
	failed bool
}

func (f *failingTB) Helper()                           {}
func (f *failingTB) Name() string                      { return f.name }
func (f *failingTB) Log(args ...any)                   {}
func (f *failingTB) Logf(format string, args ...any)   {}
func (f *failingTB) Skip(args ...any)                  { f.FailNow() }
func (f *failingTB) Skipf(format string, args ...any)  { f.FailNow() }
func (f *failingTB) SkipNow()                          { f.FailNow() }
func (f *failingTB) Error(args ...any)                 { f.say(fmt.Sprint(args...)) }
func (f *failingTB) Errorf(format string, args ...any) { f.say(fmt.Sprintf(format, args...)) }
func (f *failingTB) Fatal(args ...any)                 { f.say(fmt.Sprint(args...)); f.FailNow() }
func (f *failingTB) Fatalf(format string, args ...any) { f.Errorf(format, args...); f.FailNow() }
func (f *failingTB) Fail()                             { f.failed = true }
func (f *failingTB) Failed() bool                      { return f.failed }
func (f *failingTB) FailNow()                          { f.failed = true; runtime.Goexit() }

func (f *failingTB) say(text string) {
	f.failed = true
	f.text += text + "\n"
}
