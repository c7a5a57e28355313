package store

import (
	"fmt"
	"testing"
)

// take goes through actions that must be enabled.
func take(t *testing.T, s State, actions ...Action) State {
	t.Helper()
	for _, a := range actions {
		next, ok := Next(s, a)
		if !ok {
			t.Fatalf("%#v is not enabled in %+v", a, s)
		}
		s = next
	}
	return s
}

// Goal: the answers, which no property of a state speaks of. Method: one short life of two keys, all questions at its end.
func TestAnswers(t *testing.T) {
	s := take(t, Init()[0], Put{"a", "1", 0, nil}, Put{"a", "2", 2, nil}, Put{"b", "1", 0, nil}, Delete{"a", 3}, Compact{4})
	a2 := Change{3, "a", "2", false, 2, 2}
	b, gone := Change{4, "b", "1", false, 4, 1}, Change{5, "a", "", true, 0, 0}
	for _, c := range []struct {
		action Action
		want   Answer
	}{
		{Get{"a", 0}, Answer{Revision: 5}},
		{Get{"a", 4}, Answer{Revision: 5, Held: []Change{a2}}},
		{Get{"a", 3}, Answer{Failure: Compacted}},
		{Get{"a", 6}, Answer{Failure: Future}},
		{List{Prefix: "", Revision: 4, Limit: 1}, Answer{Revision: 5, Held: []Change{a2}, Count: 2}},
		{List{Prefix: "", From: "a\x00", Revision: 4, Limit: 1}, Answer{Revision: 5, Held: []Change{b}, Count: 1}},
		{List{Prefix: "b"}, Answer{Revision: 5, Held: []Change{b}, Count: 1}},
		{Count{""}, Answer{Revision: 5, Count: 1}},
		{Put{"b", "2", 3, nil}, Answer{Revision: 5, Held: []Change{b}}},
		{Put{"b", "2", 4, nil}, Answer{Revision: 6, Succeeded: true}},
		{Put{"c", "1", 0, []Guard{{"b", 4}, {"a", 0}}}, Answer{Revision: 6, Succeeded: true}},
		{Put{"c", "1", 0, []Guard{{"b", 4}, {"a", 5}}}, Answer{Revision: 5, Guards: []int64{4, 0}}},
		{Put{"b", "2", 4, []Guard{{"b", 3}}}, Answer{Revision: 5, Held: []Change{b}, Guards: []int64{4}}},
		{Delete{"b", 4}, Answer{Revision: 6, Succeeded: true, Held: []Change{b}}},
		{Delete{"b", 0}, Answer{Revision: 5, Held: []Change{b}}},
		{Delete{"a", 0}, Answer{Revision: 5, Succeeded: true}},
		{Compact{4}, Answer{Failure: Compacted}},
		{Compact{6}, Answer{Failure: Future}},
		{Compact{5}, Answer{Revision: 5}},
	} {
		if got := AnswerTo(s, c.action); fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", c.want) {
			t.Errorf("%#v\n got %+v\nwant %+v", c.action, got, c.want)
		}
	}
	for _, c := range []struct {
		after    int64
		change   *Change
		replaced *Change
	}{
		{2, nil, nil}, // below the compaction
		{3, &b, nil},  // at it
		{4, &gone, &a2},
	} {
		got := AnswerTo(take(t, s, Open{0, "", c.after}), Deliver{0})
		if (got.Failure == Compacted) != (c.change == nil) || !equal(got.Change, c.change) || !equal(got.Replaced, c.replaced) {
			t.Errorf("a watch after %d is told %+v", c.after, got)
		}
	}
	if got := AnswerTo(take(t, s, Open{0, "", 4}, Compact{5}), Deliver{0}); got.Failure != Compacted {
		t.Errorf("a change whose previous version is compacted is told as %+v", got)
	}
}

func equal(a, b *Change) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// Goal: states are values. Method: two futures of one state do not meet.
func TestNextModifiesNothing(t *testing.T) {
	s := take(t, Init()[0], Put{"a", "1", 0, nil}, Open{0, "", 0}, Open{1, "a", 0}, Deliver{0})
	before := fmt.Sprint(s)
	left := take(t, s, Put{"a", "left", 2, nil}, Deliver{0}, Deliver{1}, Stop{1})
	picture := fmt.Sprint(left)
	take(t, s, Delete{"a", 2}, Deliver{0}, Notice{0, 3}, Open{7, "", 0}, Compact{3})
	if fmt.Sprint(s) != before || fmt.Sprint(left) != picture {
		t.Errorf("modified: %v, %v", s, left)
	}
}
