package trace

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func part(name string, lines ...string) Part {
	return Part{name, strings.NewReader(`{"format":"orrery-trace/1","process":"` + name + `"}` + "\n" + strings.Join(lines, ""))}
}

func merge(t *testing.T, parts ...Part) (text string, notes []string, err error) {
	var out strings.Builder
	w, err := NewWriter(&out, Header{Scenario: "merged"})
	require.NoError(t, err)
	notes, err = Merge(w, parts...)
	return out.String(), notes, err
}

func TestMergeOrdersByTimeAndThenByPart(t *testing.T) {
	text, notes, err := merge(t,
		part("a", `{"t":1,"p":"a"}`+"\n", `{"t":5,"p":"a"}`+"\n", `{"t":5,"p":"a2"}`+"\n"),
		part("b", `{"t":1,"p":"b"}`+"\n", `{"t":2,"p":"b"}`+"\n", `{"t":5,"p":"b2"}`+"\n", `{"t":9,"p":"b"}`+"\n"),
		part("c"),
	)
	require.NoError(t, err)
	require.Empty(t, notes)
	_, lines, _ := strings.Cut(text, "\n")
	require.Equal(t, `{"n":1,"t":1,"p":"a"}
{"n":2,"t":1,"p":"b"}
{"n":3,"t":2,"p":"b"}
{"n":4,"t":5,"p":"a"}
{"n":5,"t":5,"p":"a2"}
{"n":6,"t":5,"p":"b2"}
{"n":7,"t":9,"p":"b"}
`, lines)
}

func TestMergeDropsWhatAKillTore(t *testing.T) {
	text, notes, err := merge(t,
		part("a", `{"t":1,"p":"a"}`+"\n", `{"t":5,"p"`),
		part("b", `{"t":2,"p":"b"}`+"\n"),
		Part{"c", strings.NewReader("")},
		Part{"d", strings.NewReader(`{"form`)},
	)
	require.NoError(t, err)
	require.Equal(t, 3, strings.Count(text, "\n"))
	require.Equal(t, []string{
		"c: trace: line 1: the first line is no header of an orrery trace: the file is empty; dropped, as its process was killed while writing it",
		"d: trace: line 1: the last line is not complete; dropped, as its process was killed while writing it",
		"a: trace: line 3: the last line is not complete; dropped, as its process was killed while writing it",
	}, notes)
}

func TestMergeForgivesNothingElse(t *testing.T) {
	_, _, err := merge(t, part("a", `{"t":1,"p":"a"}`+"\n"), part("b", `{"t":2,"p":"b"}`+"\n", "x\n", `{"t":3,"p":"b"}`+"\n"))
	require.EqualError(t, err, "b: trace: line 3: invalid character 'x' looking for beginning of value")
	_, _, err = merge(t, part("a", `{"t":2,"p":"a"}`+"\n", `{"t":1,"p":"a"}`+"\n"))
	require.ErrorIs(t, err, ErrOutOfOrder)
	_, _, err = merge(t, Part{"a", strings.NewReader(`{"format":"orrery-trace/9"}` + "\n")})
	require.ErrorIs(t, err, ErrFormat)
}

// However lines are dealt to parts, merging gives all of them back, each part's in its own order.
func TestMergeLosesNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		parts := make([]Part, rapid.IntRange(1, 4).Draw(rt, "parts"))
		total := 0
		for i := range parts {
			now := int64(0)
			var text strings.Builder
			for range rapid.IntRange(0, 10).Draw(rt, "lines") {
				now += int64(rapid.IntRange(0, 2).Draw(rt, "pause"))
				buf, err := encodeLine(Line{Time: now, Process: string(rune('a' + i)), Step: &Step{Key: strings.Repeat("x", text.Len()%7)}})
				require.NoError(rt, err)
				text.Write(buf)
				total++
			}
			parts[i] = part(string(rune('a'+i)), text.String())
		}
		text, _, err := merge(t, parts...)
		require.NoError(rt, err)
		lines, err := readAll(strings.NewReader(text))
		require.NoError(rt, err)
		require.Len(rt, lines, total)
	})
}

func TestDigestDependsOnTheSetAlone(t *testing.T) {
	a := Ref{Resource: "pods", Namespace: "n", Name: "a", UID: "1", Revision: 4}
	b := Ref{Resource: "pods", Namespace: "n", Name: "b", UID: "2", Revision: 5}
	require.Equal(t, DigestOf([]Ref{a, b}), DigestOf([]Ref{b, a}))
	require.NotEqual(t, DigestOf([]Ref{a}), DigestOf([]Ref{a, a}))
	require.NotEqual(t, DigestOf(nil), DigestOf([]Ref{a}))
	for _, other := range []Ref{
		{Resource: "pod", Namespace: "sn", Name: "a", UID: "1", Revision: 4},
		{Resource: "pods", Namespace: "n", Name: "a", UID: "1", Revision: 5},
		{Resource: "pods", Namespace: "n", Name: "a", UID: "3", Revision: 4},
		{Resource: "pods", Namespace: "m", Name: "a", UID: "1", Revision: 4},
		{Resource: "pods", Namespace: "n", Name: "c", UID: "1", Revision: 4},
	} {
		require.NotEqual(t, DigestOf([]Ref{a}), DigestOf([]Ref{other}))
	}
	require.Equal(t, "2cf24dba5fb0a30e26e83b2a", HashOf([]byte("hello")), "the hash is part of the format")
	require.Equal(t, "e3b0c44298fc1c149afbf4c8", DigestOf(nil))
}

func TestSimulatedSinksShareOneOrder(t *testing.T) {
	var out strings.Builder
	w, err := NewWriter(&out, Header{Mode: Simulated})
	require.NoError(t, err)
	now := time.Unix(0, 5)
	a, b := w.Sink("a", func() time.Time { return now }), w.Sink("b", func() time.Time { return now })
	b.Emit(Line{})
	a.Emit(Line{})
	now = time.Unix(0, 4)
	b.Emit(Line{})
	require.ErrorContains(t, w.Flush(), "its time 4 is before 5")
	require.Contains(t, out.String(), `{"n":1,"t":5,"p":"b"}`+"\n"+`{"n":2,"t":5,"p":"a"}`)
}
