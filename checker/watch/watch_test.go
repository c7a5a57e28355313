package watch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"orrery/checker/history"
	"orrery/checker/verdict"
	"orrery/impl/trace"
)

// names of the guarantees in the scripts.
var names = map[error]string{
	ErrFilter: "Filter", ErrOrdered: "Ordered", ErrUnique: "Unique", ErrAtomic: "Atomic", ErrReliable: "Reliable", ErrResumable: "Resumable",
	ErrBookmarkable: "Bookmarkable", ErrContent: "Content", ErrIsCreate: "IsCreate", ErrInitial: "Initial", ErrBackwards: "Backwards",
}

// Goal: each guarantee accepts what keeps it and rejects what breaks it, and only it. Method: scripts. Each `log` replaces
// the store's log; each `judge` is one run over it, a line for each thing that a client saw:
//
//	2 put a app=x         the log: a pod a in the namespace n, with labels; its UID is that of its name and creation
//	3 delete a
//	watch 1 [k=v ...]     opens a watch after a revision, of pods; layer=store, labels=, fields=, namespace=, initial, client=
//	ADDED a 2 [k=v ...]   what it is told; uid=, hash=, was=<revision replaced>, initialEnd
//	list 5 [k=v ...]      a list that answered this revision; rv=, client=
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		var log []trace.Line
		header := trace.Header{Format: trace.Format, Revision: 1}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "log":
				log, header.Initial = scriptLog(t, d.Input), nil
				header.Revision = 1
				if d.HasArg("start") {
					d.ScanArgs(t, "start", &header.Revision)
					log, header.Initial = split(log, header.Revision)
				}
				return ""
			case "judge":
				h := history.New(header, number(append(append([]trace.Line(nil), log...), scriptRun(t, d.Input)...)))
				require.Empty(t, h.Stray)
				return report(Checker{}.Check(context.Background(), h, verdict.DefaultLimits), len(log))
			}
			t.Fatalf("no such command: %s", d.Cmd)
			return ""
		})
	})
}

// report prints what was found, with lines counted from the first after the log.
func report(r verdict.Result, log int) string {
	var b strings.Builder
	for _, f := range r.Findings {
		name := names[f.Guarantee]
		if name == "" {
			name = f.Guarantee.Error()
		}
		fmt.Fprintf(&b, "%s (row %d), line %d: %s\n", name, f.Row, f.Line-int64(log), f.Text)
		for _, n := range f.Nearest {
			fmt.Fprintf(&b, "  allowed: %s\n", n)
		}
	}
	for _, u := range r.Unknown {
		fmt.Fprintf(&b, "unknown: %s\n", u)
	}
	if b.Len() == 0 {
		return "ok"
	}
	return b.String()
}

func number(lines []trace.Line) []trace.Line {
	for i := range lines {
		lines[i].Seq = int64(i + 1)
		lines[i].Time = int64(i + 1)
	}
	return lines
}

func scriptLog(t *testing.T, input string) []trace.Line {
	var lines []trace.Line
	current := map[string]trace.Revision{}
	for _, text := range strings.Split(input, "\n") {
		words := strings.Fields(text)
		revision, err := strconv.ParseInt(words[0], 10, 64)
		require.NoError(t, err)
		name := words[2]
		before, existed := current[name]
		r := trace.Revision{Revision: revision, Key: "/registry/pods/n/" + name, Resource: "pods", Namespace: "n", Name: name, Hash: fmt.Sprintf("h%d", revision)}
		if existed {
			r.Created, r.Previous, r.UID = before.Created, before.Revision, before.UID
		} else {
			r.Created, r.UID = revision, fmt.Sprintf("%s%d", name, revision)
		}
		if words[1] == "delete" {
			r.Deleted = true
			delete(current, name)
		} else {
			labels := map[string]string{}
			for _, l := range words[3:] {
				key, value, _ := strings.Cut(l, "=")
				labels[key] = value
			}
			r.Object, err = json.Marshal(map[string]any{"metadata": map[string]any{"name": name, "labels": labels}})
			require.NoError(t, err)
			current[name] = r
		}
		lines = append(lines, trace.Line{Revision: &r})
	}
	return lines
}

// split makes what the log holds at a revision the header's, and leaves what comes after.
func split(log []trace.Line, revision int64) (after []trace.Line, initial []trace.Revision) {
	state := map[string]trace.Revision{}
	for _, l := range log {
		switch r := l.Revision; {
		case r.Revision > revision:
			after = append(after, l)
		case r.Deleted:
			delete(state, r.Key)
		default:
			state[r.Key] = *r
		}
	}
	for _, l := range log {
		if r := state[l.Revision.Key]; r.Revision == l.Revision.Revision {
			initial = append(initial, r)
		}
	}
	return after, initial
}

func scriptRun(t *testing.T, input string) []trace.Line {
	var lines []trace.Line
	var open *trace.Watch
	for n, text := range strings.Split(input, "\n") {
		words := strings.Fields(text)
		args := map[string]string{}
		for _, w := range words[1:] {
			if key, value, ok := strings.Cut(w, "="); ok {
				args[key] = value
			} else {
				args[w] = w
			}
		}
		client := args["client"]
		if client == "" {
			client = "c"
		}
		switch words[0] {
		case "watch":
			open = &trace.Watch{ID: fmt.Sprintf("w%d", n+1), Client: client, Layer: trace.API, Resource: "pods", Namespace: args["namespace"],
				Labels: args["labels"], Fields: args["fields"], ResourceVersion: words[1], InitialEvents: args["initial"] != ""}
			if words[1] == "none" {
				open.ResourceVersion = ""
			}
			if args["layer"] == "store" {
				open.Layer, open.Resource, open.Key = trace.Store, "", "/registry/pods/"
			}
			lines = append(lines, trace.Line{Watch: open})
		case "list":
			revision, err := strconv.ParseInt(words[1], 10, 64)
			require.NoError(t, err)
			id := fmt.Sprintf("l%d", n+1)
			lines = append(lines,
				trace.Line{Call: &trace.Call{ID: id, Client: client, Layer: trace.API, Verb: "list", Resource: "pods", ResourceVersion: args["rv"]}},
				trace.Line{Return: &trace.Return{ID: id, Outcome: trace.OK, Revision: revision}})
		default:
			lines = append(lines, trace.Line{Event: scriptEvent(t, open, words, args)})
		}
	}
	return lines
}

func scriptEvent(t *testing.T, w *trace.Watch, words []string, args map[string]string) *trace.Event {
	e := &trace.Event{Watch: w.ID, Type: words[0], InitialEnd: args["initialEnd"] != ""}
	var err error
	switch words[0] {
	case bookmark:
		e.Object.Revision, err = strconv.ParseInt(words[1], 10, 64)
	case "END", "ERROR":
	default:
		e.Object = trace.Ref{Resource: "pods", Namespace: "n", Name: words[1], UID: args["uid"], Hash: args["hash"]}
		if w.Layer == trace.Store {
			e.Object = trace.Ref{Key: w.Key + "n/" + words[1], Hash: args["hash"]}
		}
		e.Object.Revision, err = strconv.ParseInt(words[2], 10, 64)
		if was := args["was"]; was != "" {
			e.Previous = &trace.Ref{Key: e.Object.Key, Hash: "h" + was}
			e.Previous.Revision, err = strconv.ParseInt(was, 10, 64)
		}
	}
	require.NoError(t, err)
	return e
}

// Time that runs out is said, and never Ok.
func TestOutOfTime(t *testing.T) {
	h := history.New(trace.Header{Revision: 1}, number(append(scriptLog(t, "2 put a"), scriptRun(t, "watch 1\nADDED a 2")...)))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.Equal(t, verdict.Unknown, Checker{}.Check(ctx, h, verdict.DefaultLimits).Verdict())
	require.Equal(t, verdict.Ok, Checker{}.Check(context.Background(), h, verdict.DefaultLimits).Verdict())
}

// The texts are what a reader of a verdict sees: each is there once, and has its row.
func TestGuarantees(t *testing.T) {
	require.Len(t, rows, len(names))
	for g := range rows {
		require.NotEmpty(t, names[g], g)
		require.False(t, errors.Is(g, context.Canceled))
	}
}

// A long run is judged in time that grows with its length: twenty watches, each of ten thousand changes.
func BenchmarkWatches(b *testing.B) {
	var log, run strings.Builder
	for r := 2; r < 10_002; r++ {
		fmt.Fprintf(&log, "%d put p%d app=x\n", r, r%500)
	}
	t := &testing.T{}
	lines := scriptLog(t, strings.TrimSpace(log.String()))
	for w := range 20 {
		fmt.Fprintf(&run, "watch 1 labels=app=x client=c%d\n", w)
		for _, l := range lines {
			kind := modified
			if l.Revision.Previous == 0 {
				kind = added
			}
			fmt.Fprintf(&run, "%s %s %d\n", kind, l.Revision.Name, l.Revision.Revision)
		}
	}
	h := history.New(trace.Header{Revision: 1}, number(append(lines, scriptRun(t, strings.TrimSpace(run.String()))...)))
	b.ResetTimer()
	for b.Loop() {
		if r := (Checker{}).Check(context.Background(), h, verdict.DefaultLimits); r.Verdict() != verdict.Ok {
			b.Fatal(report(r, 0))
		}
	}
}
