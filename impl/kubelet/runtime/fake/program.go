package fake

import (
	"strconv"
	"time"
)

// Program is what a process does: end by itself with Code once it has run for Runs (0: never), and answer TERM.
type Program struct {
	Runs time.Duration
	Code int32
	// IgnoresTerm: only KILL ends it. Otherwise it ends TermAfter the TERM, with TermCode.
	IgnoresTerm bool
	TermAfter   time.Duration
	TermCode    int32
	// Refuses: it cannot even be started.
	Refuses string
}

const (
	codeTerm = 143 // 128 + SIGTERM
	codeKill = 137 // 128 + SIGKILL
	// codeNotStarted is of what could not be started, codeUnknown of what ended unseen. Upstream: containerd's CRI, v2.4.
	codeNotStarted = 128
	codeUnknown    = 255
)

// Parse reads a Program from the command of a container; an unknown word is a program that cannot be started, as an
// unknown executable cannot.
func Parse(command []string) Program {
	p := Program{TermCode: codeTerm}
	for i := 0; i < len(command); i++ {
		word := func() string {
			if i+1 < len(command) {
				i++
				return command[i]
			}
			return ""
		}
		switch command[i] {
		case "run", "serve": // serve is what the test server of the real images does
		case "ignore-term":
			p.IgnoresTerm = true
		case "exit":
			code, err := strconv.Atoi(word())
			if err != nil {
				return Program{Refuses: "exit wants a code"}
			}
			p.Code = int32(code)
			if p.Runs == 0 {
				p.Runs = time.Nanosecond
			}
		case "after":
			d, err := time.ParseDuration(word())
			if err != nil || d <= 0 {
				return Program{Refuses: "after wants a duration"}
			}
			p.Runs = d
		case "term-after":
			d, err := time.ParseDuration(word())
			if err != nil || d < 0 {
				return Program{Refuses: "term-after wants a duration"}
			}
			p.TermAfter = d
		default:
			return Program{Refuses: "exec: \"" + command[i] + "\": executable file not found in $PATH"}
		}
	}
	return p
}
