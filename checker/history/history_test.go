package history_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/checker/history"
	"orrery/checker/history/historytest"
	"orrery/impl/trace"
)

// Goal: what is asked of a history is answered from its lines, and nothing is lost between file and index.

const small = `
held 3 /registry/pods/default/a uid=u1 json={"metadata":{"labels":{"app":"web","tier":"1"}},"spec":{"nodeName":"n1","hostNetwork":true}}
held 4 /registry/pods/other/c uid=u3
{"t":0,"p":"r","phase":{"name":"setup"}}
1 a update pods/default/a rv=3
2 log 5 /registry/pods/default/a prev=3 uid=u1
3 a ok rv=5
4 b create pods/default/b
5 log 6 /registry/pods/default/b uid=u2
{"t":6,"p":"r","phase":{"name":"safety"}}
7 c get pods/default/a
8 c unknown
9 b ok rv=6
10 log 8 /registry/pods/default/a prev=5 uid=u1 deleted
11 d delete pods/default/a
12 log 9 /registry/nodes/n1 uid=u9
`

func TestOperationsAreJoined(t *testing.T) {
	h := historytest.Parse(small)
	require.Len(t, h.Operations, 4)
	update, create, get, lost := h.Operations[0], h.Operations[1], h.Operations[2], h.Operations[3]
	require.Equal(t, [2]int64{1, 3}, [2]int64{update.Start, update.End})
	require.True(t, update.OK() && update.Before(create) && !create.Before(get))
	require.Equal(t, history.Never, get.End, "an unknown outcome has no end")
	require.Equal(t, trace.Unknown, lost.Outcome())
	require.Zero(t, lost.ReturnLine)
	require.Equal(t, int64(2), update.CallLine)
	require.Same(t, h.Lines[1].Call, update.Call)

	h.Header.Mode = trace.Simulated
	h = history.New(h.Header, h.Lines)
	require.Equal(t, [2]int64{2, 4}, [2]int64{h.Operations[0].Start, h.Operations[0].End}, "in simulation lines are the clock")
}

func TestPhasesCoverTheirLines(t *testing.T) {
	h := historytest.Parse(small)
	require.Equal(t, []history.Phase{{Name: "setup", From: 1, To: 6}, {Name: "safety", From: 7, To: int64(len(h.Lines))}}, h.Phases)
	safety, ok := h.Phase(trace.Safety)
	require.True(t, ok)
	require.Equal(t, "safety", h.Line(safety.From).Phase.Name)
	_, ok = h.Phase(trace.End)
	require.False(t, ok)
	require.Nil(t, h.Line(0))
	require.Nil(t, h.Line(99))
}

func TestLogKnowsEveryState(t *testing.T) {
	log := historytest.Parse(small).Log
	require.Equal(t, [2]int64{4, 9}, [2]int64{log.Start, log.End()})
	live := func(prefix string, revision int64) string {
		var all []string
		for _, v := range log.Live(prefix, revision) {
			all = append(all, v.Object.Name+"@"+strings.TrimSpace(string(rune('0'+v.Revision))))
		}
		require.Equal(t, len(all), log.Count(prefix, revision), "%s at %d", prefix, revision)
		return strings.Join(all, " ")
	}
	for _, c := range []struct {
		prefix   string
		revision int64
		want     string
	}{
		{"/registry/pods/default/", 4, "a@3"},
		{"/registry/pods/", 4, "a@3 c@4"},
		{"/registry/pods/default/", 5, "a@5"},
		{"/registry/pods/default/", 6, "a@5 b@6"},
		{"/registry/pods/default/", 7, "a@5 b@6"},
		{"/registry/pods/default/", 8, "b@6"},
		{"/registry/", 9, "n1@9 b@6 c@4"},
		{"/registry/pods/none/", 9, ""},
	} {
		require.Equal(t, c.want, live(c.prefix, c.revision), "%s at %d", c.prefix, c.revision)
	}
	chain := log.Of(history.ObjectName{Resource: "pods", Namespace: "default", Name: "a"})
	require.Len(t, chain, 3)
	require.Equal(t, [2]int64{5, 5}, [2]int64{chain[0].Until(), chain[0].After.Revision})
	require.Equal(t, history.Never, chain[2].Until())
	require.Same(t, chain[1], chain[2].Before)
	require.Nil(t, history.At(chain, 8))
	require.Nil(t, history.At(chain, 2), "before it was held")
	require.Same(t, chain[1], log.Entry(5))
	require.Nil(t, log.Entry(7))
	require.Equal(t, int64(0), chain[0].Seq())
	require.Equal(t, int64(3), chain[1].Seq())

	for _, c := range []struct{ resource, namespace, want string }{
		{"pods", "", "/registry/pods/"}, {"pods", "default", "/registry/pods/default/"}, {"nodes", "", "/registry/nodes/"},
	} {
		prefix, ok := log.Prefix(c.resource, c.namespace)
		require.True(t, ok)
		require.Equal(t, c.want, prefix)
	}
	_, ok := log.Prefix("secrets", "")
	require.False(t, ok)
	require.Equal(t, int64(8), log.NextChange("/registry/pods/default/", 6))
	require.Equal(t, history.Never, log.NextChange("/registry/pods/default/", 8))
	require.Len(t, log.All("pods"), 5)
}

func TestSelectors(t *testing.T) {
	v := historytest.Parse(small).Log.Initial[0]
	for _, c := range []struct {
		labels, fields string
		want           bool
	}{
		{"", "", true},
		{"app=web", "", true},
		{"app==web,tier!=2", "", true},
		{"app=db", "", false},
		{"app!=db", "", true},
		{"none!=x", "", true},
		{"app in (db, web)", "", true},
		{"app notin (db,web)", "", false},
		{"none notin (x)", "", true},
		{"app", "", true},
		{"!app", "", false},
		{"none", "", false},
		{"!none", "", true},
		{"tier>0,tier<2", "", true},
		{"tier>1", "", false},
		{"app in(web),app notin()", "", true},
		{"app in (db, web),!none", "spec.nodeName=n1", true},
		{"", "spec.nodeName!=n1", false},
		{"", "spec.nodeName=", false},
		{"", "status.phase=", true},
		{"", "spec.hostNetwork=true", true},
		{"", `spec.host=n1,spec.nodeName!=a\,b`, true},
		{"", "spec.nodeName.deeper=x", false},
	} {
		s, err := history.ParseSelector(c.labels, c.fields)
		require.NoError(t, err)
		require.Equal(t, c.want, s.Matches(v), "labels %q fields %q", c.labels, c.fields)
		require.False(t, s.Matches(nil))
		require.Equal(t, c.labels+c.fields == "", s.All())
	}
	for _, c := range []struct{ labels, fields, want string }{
		{"a,,b", "", `label selector "a,,b": "," is no label`},
		{"a in b", "", `label selector "a in b": "b": a set must be in parentheses`},
		{"a b", "", `label selector "a b": "b" is no operator`},
		{"a in (b", "", `label selector "a in (b": "" follows a value of a set`},
		{"a=b c", "", `label selector "a=b c": "c" follows where a comma should`},
		{"a=-", "", `label selector "a=-": "-" is no value of a`},
		{"a>x", "", `label selector "a>x": "x" is no value of a`},
		{"", `a=b\c`, `field selector "a=b\\c": "b\\c": a backslash must precede a comma, an equals sign or a backslash, and nothing else`},
		{"", "a", `field selector "a": "a": only =, == and != select by field`},
	} {
		_, err := history.ParseSelector(c.labels, c.fields)
		require.EqualError(t, err, c.want)
	}
}

func TestSaveAndLoad(t *testing.T) {
	h := historytest.Parse(small)
	for _, name := range []string{"a.jsonl", "a.jsonl.zst"} {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, history.Save(path, h.Header, h.Lines))
		again, err := history.Load(path)
		require.NoError(t, err)
		require.Equal(t, h.Lines, again.Lines)
		require.Equal(t, h.Header, again.Header)
	}
}

func TestLoadNamesWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		return path
	}
	_, err := history.Load(filepath.Join(dir, "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = history.Load(write("empty", ""))
	require.ErrorIs(t, err, trace.ErrNoHeader)
	_, err = history.Load(write("bad", `{"format":"orrery-trace/1"}`+"\n"+`{"t":1}`+"\n"))
	require.EqualError(t, err, filepath.Join(dir, "bad")+": trace: line 2: no process is named")
	_, err = history.Load(write("plain.zst", `{"format":"orrery-trace/1"}`+"\n"))
	require.ErrorContains(t, err, "plain.zst")
	require.Error(t, history.Save(filepath.Join(dir, "none", "x"), trace.Header{}, nil))
	require.ErrorIs(t, history.Save(filepath.Join(dir, "x"), trace.Header{}, []trace.Line{{Time: 2, Process: "a"}, {Time: 1, Process: "a"}}), trace.ErrOutOfOrder)
}
