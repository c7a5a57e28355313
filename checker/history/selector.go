package history

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"orrery/checker/object"
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
	op     string // in, notin, exists, absent, >, <
	values []string
}

// ParseSelector reads the two selectors as a request carries them; empty ones select everything.
func ParseSelector(labels, fields string) (Selector, error) {
	l, err := parseLabels(labels)
	if err != nil {
		return Selector{}, fmt.Errorf("label selector %q: %w", labels, err)
	}
	f, err := parseFields(fields)
	if err != nil {
		return Selector{}, fmt.Errorf("field selector %q: %w", fields, err)
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
	content, err := v.Content()
	if err != nil || content == nil {
		return false
	}
	for _, r := range s.labels {
		value, ok := content.Metadata.Labels[r.key]
		if !r.holds(value, ok) {
			return false
		}
	}
	for _, r := range s.fields {
		if !r.holds(v.field(content, r.key), true) {
			return false
		}
	}
	return true
}

// field is the value by which an object is selected; that of the few that most selectors name is at hand.
func (v *Version) field(content *object.Object, key string) string {
	switch {
	case key == "metadata.name":
		return content.Metadata.Name
	case key == "metadata.namespace":
		return content.Metadata.Namespace
	case key == "spec.nodeName" && v.Object.Resource == "pods":
		return content.Spec.NodeName
	}
	return fieldOf(v.Object.Resource, v.fields(), key)
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
	case "absent":
		return !present
	}
	is, err := strconv.ParseInt(value, 10, 64)
	bound, _ := strconv.ParseInt(r.values[0], 10, 64) // a number: the parser has seen to it
	return present && err == nil && (r.op == ">" && is > bound || r.op == "<" && is < bound)
}

// fieldOf is the value by which an object can be selected: that of its JSON, where a field that is not set has its empty
// value, but for the few that have another name or a value that JSON leaves out.
//
// Upstream: ToSelectableFields of pkg/registry/core/pod, node and event, and the conversions of pkg/apis/core/v1.
func fieldOf(resource string, object map[string]any, key string) string {
	empty := ""
	switch resource + " " + key {
	case "pods spec.host":
		key = "spec.nodeName"
	case "pods spec.hostNetwork", "nodes spec.unschedulable":
		empty = "false"
	case "replicationcontrollers status.replicas", "replicasets status.replicas":
		empty = "0"
	case "events source":
		if component, ok := lookup(object, "source", "component"); ok && component != "" {
			return component
		}
		key = "reportingComponent"
	}
	if value, ok := lookup(object, strings.Split(key, ".")...); ok {
		return value
	}
	return empty
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
