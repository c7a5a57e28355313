package history

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Selector says which versions of objects a list or watch with these label and field selectors is about. It never
// selects a deletion: ask it of the version before.
type Selector struct {
	labels []requirement
	fields []requirement
}

// requirement is one condition on one label or field.
type requirement struct {
	key    string
	op     string // in, notin, exists, absent
	values []string
}

// ParseSelector reads the two selectors as a request carries them; empty ones select everything.
func ParseSelector(labels, fields string) (Selector, error) {
	l, err := parseRequirements(labels)
	if err != nil {
		return Selector{}, fmt.Errorf("label selector %q: %w", labels, err)
	}
	f, err := parseRequirements(fields)
	if err != nil {
		return Selector{}, fmt.Errorf("field selector %q: %w", fields, err)
	}
	for _, r := range f {
		if r.op != "in" && r.op != "notin" {
			return Selector{}, fmt.Errorf("field selector %q: only =, == and != select by field", fields)
		}
	}
	return Selector{l, f}, nil
}

// All reports whether it selects everything.
func (s Selector) All() bool { return len(s.labels) == 0 && len(s.fields) == 0 }

// Matches reports whether a version is selected. What cannot be decoded matches nothing but the empty selector.
func (s Selector) Matches(v *Version) bool {
	if v == nil || v.Deleted {
		return false
	}
	if s.All() {
		return true
	}
	object := v.fields()
	if object == nil {
		return false
	}
	for _, r := range s.labels {
		value, ok := lookup(object, "metadata", "labels", r.key)
		if !r.holds(value, ok) {
			return false
		}
	}
	for _, r := range s.fields {
		// A field that is not set has its empty value.
		value, _ := lookup(object, strings.Split(r.key, ".")...)
		if !r.holds(value, true) {
			return false
		}
	}
	return true
}

// fields is the object, decoded once for all selectors; nil: it cannot be.
func (v *Version) fields() map[string]any {
	if v.decoded == nil {
		v.decoded = map[string]any{}
		if json.Unmarshal(v.JSON, &v.decoded) != nil {
			v.decoded = map[string]any{}
		}
	}
	if len(v.decoded) == 0 {
		return nil
	}
	return v.decoded
}

func (r requirement) holds(value string, present bool) bool {
	switch r.op {
	case "in":
		return present && slices.Contains(r.values, value)
	case "notin":
		return !present || !slices.Contains(r.values, value)
	case "exists":
		return present
	}
	return !present
}

// lookup follows a path into JSON; what it finds is text, as selectors compare it.
func lookup(object map[string]any, path ...string) (string, bool) {
	for _, step := range path[:len(path)-1] {
		next, ok := object[step].(map[string]any)
		if !ok {
			return "", false
		}
		object = next
	}
	switch v := object[path[len(path)-1]].(type) {
	case nil:
		return "", false
	case string:
		return v, true
	default:
		text, err := json.Marshal(v)
		return string(text), err == nil
	}
}

// parseRequirements reads "a=b,c!=d,e in (f,g),h notin (i),j,!k".
func parseRequirements(text string) ([]requirement, error) {
	var all []requirement
	for _, term := range splitTerms(text) {
		r, err := parseRequirement(strings.TrimSpace(term))
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// splitTerms splits at the commas outside parentheses.
func splitTerms(text string) []string {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	var terms []string
	depth, begin := 0, 0
	for i, c := range text {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				terms = append(terms, text[begin:i])
				begin = i + 1
			}
		}
	}
	return append(terms, text[begin:])
}

func parseRequirement(term string) (requirement, error) {
	if term == "" {
		return requirement{}, fmt.Errorf("an empty requirement")
	}
	for _, op := range []struct{ text, op string }{{" notin ", "notin"}, {" in ", "in"}} {
		key, set, ok := strings.Cut(term, op.text)
		if !ok {
			continue
		}
		set = strings.TrimSpace(set)
		if !strings.HasPrefix(set, "(") || !strings.HasSuffix(set, ")") {
			return requirement{}, fmt.Errorf("%q: the set must be in parentheses", term)
		}
		values := strings.Split(set[1:len(set)-1], ",")
		for i := range values {
			values[i] = strings.TrimSpace(values[i])
		}
		return requirement{strings.TrimSpace(key), op.op, values}, nil
	}
	for _, op := range []struct{ text, op string }{{"!=", "notin"}, {"==", "in"}, {"=", "in"}} {
		if key, value, ok := strings.Cut(term, op.text); ok {
			return requirement{strings.TrimSpace(key), op.op, []string{strings.TrimSpace(value)}}, nil
		}
	}
	if key, ok := strings.CutPrefix(term, "!"); ok {
		return requirement{strings.TrimSpace(key), "absent", nil}, nil
	}
	if strings.ContainsAny(term, " ()") {
		return requirement{}, fmt.Errorf("%q is no requirement", term)
	}
	return requirement{term, "exists", nil}, nil
}
