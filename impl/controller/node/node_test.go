package node_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"orrery/impl/control"
	"orrery/impl/control/controltest"
	"orrery/impl/controller/node"
	"orrery/impl/trace"
)

// Goal: what is decided in one situation, effect by effect. Method: scripts; a world of kubelets that renew their leases, in which every
// decision is printed, with the time since the script began.
//
//	node NAME [zone=Z]                 registers a node, which is ready and linked
//	pod NAME NODE [KEY[=SECONDS]]...   a pod that runs on it, with a toleration for each NoExecute taint, for ever or for so long; "-": for none
//	cut|link NODE                      its kubelet falls silent, or is back
//	report NODE STATUS                 its kubelet says whether it is ready
//	taint|untaint NODE KEY EFFECT      by a user
//	unregister NODE, delete POD, create POD NODE
//	deaf, hear                         the controller's watches hang, or go on
//	lose WHAT...                       what becomes of the next writes: each is heard, lost, unheard, late or refused
//	hang WHAT..., go                   the same, and after them the API answers nothing, or goes on
//	land                               what is late arrives
//	restart                            the controller
//	wait DURATION                      time passes
//	show                               what there is
//	wants                              what the loop still wants
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/stories", func(t *testing.T, path string) {
		config := node.DefaultConfig()
		if filepath.Base(path) == "no-evictions.txt" {
			config.EvictionRate = 0
		}
		s := &script{world: newWorld(config), t: t, last: map[string]string{}}
		s.proc.Config = func(c *control.Config) { c.Trace = s }
		s.proc.Start()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s.out.Reset()
			for _, line := range append([]string{d.Cmd + " " + words(d)}, strings.Split(d.Input, "\n")...) {
				if fields := strings.Fields(line); len(fields) > 0 {
					s.perform(fields[0], fields[1:])
				}
			}
			if s.out.Len() == 0 {
				return "nothing\n"
			}
			return s.out.String()
		})
	})
}

func words(d *datadriven.TestData) string {
	var all []string
	for _, arg := range d.CmdArgs {
		all = append(all, strings.TrimSuffix(arg.Key+"="+strings.Join(arg.Vals, ","), "="))
	}
	return strings.Join(all, " ")
}

type script struct {
	*world
	t     *testing.T
	out   strings.Builder
	deaf  bool
	hangs bool // the API answers nothing after the last of the fates
	hung  bool // it does not
	fates []controltest.Fate
	last  map[string]string // of each key
	reads bool              // the last decision is to read
}

// Emit prints what was decided to be done, the same but once.
func (s *script) Emit(line trace.Line) {
	step := line.Step
	s.reads = false
	if len(step.Plan) == 0 {
		return
	}
	text := fmt.Sprintf("%s: %s\n", step.Key, step.Why)
	for _, e := range step.Plan {
		s.reads = s.reads || e.Verb == "get"
		what := e.Object.Resource
		if e.Subresource != "" {
			what += "/" + e.Subresource
		}
		if what == "events" {
			continue
		}
		text += fmt.Sprintf("  %s %s %s", e.Verb, what, e.Object.Name)
		if e.Object.UID != "" {
			text += fmt.Sprintf(" if %s %s", e.Object.UID, e.ResourceVersion)
		}
		text += "\n"
	}
	if s.last[step.Key] != text {
		s.last[step.Key] = text
		fmt.Fprintf(&s.out, "%v %s", s.api.Now.Sub(start), text)
	}
}

func (s *script) perform(cmd string, args []string) {
	switch cmd {
	case "node":
		labels := map[string]string{}
		for _, arg := range args[1:] {
			labels[corev1.LabelTopologyZone] = strings.TrimPrefix(arg, "zone=")
		}
		if !slices.Contains(s.names, args[0]) {
			s.names = append(s.names, args[0])
		}
		s.register(args[0], labels)
	case "pod":
		var tolerations []corev1.Toleration
		for _, arg := range args[2:] {
			if arg == "-" {
				continue
			}
			key, seconds, timed := strings.Cut(arg, "=")
			tol := corev1.Toleration{Key: "node.kubernetes.io/" + key, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute}
			if timed {
				n, err := strconv.ParseInt(seconds, 10, 64)
				require.NoError(s.t, err)
				tol.TolerationSeconds = &n
			}
			tolerations = append(tolerations, tol)
		}
		s.bind(args[0], args[1], tolerations...)
	case "cut", "link":
		s.linked[args[0]] = cmd == "link"
	case "report":
		s.report(args[0], corev1.ConditionStatus(args[1]))
	case "taint", "untaint":
		s.taint(args[0], "node.kubernetes.io/"+args[1], corev1.TaintEffect(args[2]), cmd == "taint")
	case "unregister":
		s.delete("nodes", "", args[0], nil)
	case "delete":
		s.delete("pods", "d", args[0], nil)
	case "deaf", "hear":
		s.deaf = cmd == "deaf"
	case "go":
		s.hangs, s.hung = false, false
	case "lose", "hang":
		s.hangs = cmd == "hang"
		for _, arg := range args {
			s.fates = append(s.fates, map[string]controltest.Fate{"heard": controltest.Answered, "refused": controltest.Refused, "lost": controltest.Lost, "unheard": controltest.Unheard, "late": controltest.Late}[arg])
		}
	case "land":
		s.proc.Land(0)
	case "restart":
		s.proc.Start()
	case "wait":
		s.wait(args[0])
	case "show":
		s.out.WriteString(s.words())
	case "wants":
		for _, w := range s.proc.Loop.Wants() {
			fmt.Fprintf(&s.out, "%s: %s\n", w.Key, w.Why)
		}
	default:
		s.t.Fatal(errors.New("unknown command " + cmd))
	}
	s.settle()
}

func (s *script) wait(text string) {
	d, err := time.ParseDuration(text)
	require.NoError(s.t, err)
	for end := s.api.Now.Add(d); s.api.Now.Before(end); {
		s.pass(end)
		s.settle()
	}
}

// settle lets all be done that can be done now, in order; the fates that are due befall the first writes.
func (s *script) settle() {
	first := func(string, int) int { return 0 }
	for range 10_000 {
		switch {
		case !s.deaf && s.proc.Observe(first), s.proc.Work():
		case s.proc.Flying() > 0 && !s.hung:
			fate := controltest.Answered
			if !s.reads && len(s.fates) > 0 {
				fate, s.fates = s.fates[0], s.fates[1:]
				s.hung = s.hangs && len(s.fates) == 0
			}
			s.proc.Perform(0, fate)
		default:
			s.kubelets()
			if len(s.proc.Behind()) == 0 || s.deaf {
				return
			}
		}
	}
	s.t.Fatal("no rest")
}

// Goal: a live read says nothing of the time after it. Method: a node and its lease are read because of a pod, before its grace period has ended. The
// answer about the node takes until after that, and in between its kubelet has renewed the lease, which the cache does not show yet.
func TestAReadThatWasLongUnderWay(t *testing.T) {
	w := newWorld(machineConfig(), "n")
	w.register("n", nil)
	w.bind("p", "n")
	w.taint("n", "maintenance", corev1.TaintEffectNoExecute, true)
	w.proc.Start()
	first := func(string, int) int { return 0 }
	for w.proc.Observe(first) || w.proc.Work() {
	}
	require.Equal(t, 2, w.proc.Flying(), "the node and its lease are read, as the pod does not tolerate the taint")
	w.proc.Perform(1, controltest.Answered)
	w.api.Now = start.Add(20 * time.Second)
	w.renew("n")
	w.api.Now = start.Add(26 * time.Second)
	w.proc.Perform(0, controltest.Answered)
	for w.proc.Work() || w.proc.Flying() > 0 { // and the watches hang
		if w.proc.Flying() > 0 {
			w.proc.Perform(0, controltest.Answered)
		}
	}
	require.Equal(t, corev1.ConditionTrue, ready(w.node("n")))
}
