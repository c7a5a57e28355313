package historytest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"orrery/checker/history"
	"orrery/impl/trace"
)

// Parse reads a history. A mistake in it is a panic.
func Parse(text string) *history.History {
	p := &parser{header: trace.Header{Format: trace.Format, Mode: trace.Real, Scenario: "test"}, open: map[string]*trace.Call{}}
	for n, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, " #")
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		if err := p.line(line); err != nil {
			panic(fmt.Sprintf("historytest: line %d: %s: %v", n+1, line, err))
		}
	}
	return history.New(p.header, p.lines)
}

type parser struct {
	header trace.Header
	lines  []trace.Line
	open   map[string]*trace.Call // the last call of each client
	calls  int
}

func (p *parser) line(text string) error {
	if text[0] == '{' {
		var l trace.Line
		err := json.Unmarshal([]byte(text), &l)
		p.lines = append(p.lines, l)
		return err
	}
	if rest, ok := strings.CutPrefix(text, "header "); ok {
		return json.Unmarshal([]byte(rest), &p.header)
	}
	words := strings.Fields(text)
	if len(words) < 3 {
		return fmt.Errorf("too short")
	}
	if words[0] == "held" {
		r, err := revision(words[1:])
		p.header.Initial = append(p.header.Initial, r)
		p.header.Revision = max(p.header.Revision, r.Revision)
		return err
	}
	time, err := strconv.ParseInt(words[0], 10, 64)
	if err != nil {
		return err
	}
	l := trace.Line{Time: time, Process: words[1]}
	switch words[2] {
	case "ok", "failed", "unknown":
		l.Return, err = p.answer(words[1], words[2:])
	default:
		if words[1] == "log" {
			r, wrong := revision(words[2:])
			l.Revision, err = &r, wrong
		} else {
			l.Call, err = p.call(words[1], words[2:])
		}
	}
	p.lines = append(p.lines, l)
	return err
}

// name splits "pods/default/a" and "nodes/a".
func name(text string) (resource, namespace, name string) {
	parts := strings.Split(text, "/")
	switch len(parts) {
	case 1:
		return parts[0], "", ""
	case 2:
		return parts[0], "", parts[1]
	}
	return parts[0], parts[1], parts[2]
}

func revision(words []string) (trace.Revision, error) {
	number, err := strconv.ParseInt(words[0], 10, 64)
	if err != nil {
		return trace.Revision{}, err
	}
	r := trace.Revision{Revision: number, Key: words[1]}
	r.Resource, r.Namespace, r.Name = name(strings.TrimPrefix(r.Key, "/registry/"))
	return r, options(words[2:], map[string]any{
		"prev": &r.Previous, "deleted": &r.Deleted, "uid": &r.UID, "hash": &r.Hash, "json": &r.Object, "created": &r.Created,
	})
}

func (p *parser) call(client string, words []string) (*trace.Call, error) {
	p.calls++
	c := &trace.Call{ID: fmt.Sprint(p.calls), Client: client, Verb: words[0], Layer: trace.API}
	p.open[client] = c
	target := ""
	if len(words) > 1 {
		target = words[1]
	}
	if strings.HasPrefix(target, "/") || c.Verb == "compact" {
		c.Layer, c.Key = trace.Store, strings.TrimPrefix(target, "-")
	} else {
		c.Resource, c.Namespace, c.Name = name(target)
	}
	if c.Verb == "list" && c.Name != "" {
		c.Namespace, c.Name = c.Name, ""
	}
	grace, guards := int64(-1), ""
	err := options(words[2:], map[string]any{
		"expect": &c.Expected, "hash": &c.Hash, "at": &c.At, "rv": &c.ResourceVersion, "uid": &c.UID, "match": &c.Match, "labels": &c.Labels,
		"fields": &c.Fields, "limit": &c.Limit, "continue": &c.Continue, "body": &c.Body, "sub": &c.Subresource, "dry": &c.DryRun, "grace": &grace,
		"guards": &guards,
	})
	if err == nil {
		c.Guards, err = refs(guards, "")
	}
	if grace >= 0 {
		c.Grace = &grace
	}
	return c, err
}

func (p *parser) answer(client string, words []string) (*trace.Return, error) {
	call := p.open[client]
	if call == nil {
		return nil, fmt.Errorf("%s called nothing", client)
	}
	r := &trace.Return{ID: call.ID, Outcome: trace.Outcome(words[0])}
	words = words[1:]
	if len(words) > 0 && !strings.Contains(words[0], "=") && words[0] != "swapped" {
		r.Reason, words = words[0], words[1:]
	}
	var object int64
	var uid, listed, guards string
	named := call.Name
	err := options(words, map[string]any{
		"rv": &object, "uid": &uid, "rev": &r.Revision, "swapped": &r.Succeeded, "count": &r.Count, "items": &listed, "continue": &r.Continue, "name": &named,
		"guards": &guards,
	})
	if err != nil {
		return nil, err
	}
	ref := trace.Ref{Resource: call.Resource, Namespace: call.Namespace, Name: named, Key: call.Key, UID: uid}
	if ref.Revision = object; object != 0 {
		r.Object = &ref
	}
	if r.Guards, err = refs(guards, ""); err != nil {
		return nil, err
	}
	resource := ""
	if call.Layer == trace.API {
		resource = call.Resource
	}
	r.Items, err = refs(listed, resource)
	return r, err
}

// refs reads "a@5,b@6": keys of the store, or, where a resource is given, names of its objects.
func refs(text, resource string) (all []trace.Ref, err error) {
	for item := range strings.SplitSeq(text, ",") {
		where, at, ok := strings.Cut(item, "@")
		if !ok {
			continue
		}
		ref := trace.Ref{Key: where}
		if resource != "" {
			ref = trace.Ref{Resource: resource}
			_, ref.Namespace, ref.Name = name(resource + "/" + where)
		}
		if ref.Revision, err = strconv.ParseInt(at, 10, 64); err != nil {
			return nil, err
		}
		all = append(all, ref)
	}
	return all, nil
}

// options reads name=value into pointers; a bool is set by its name alone.
func options(words []string, into map[string]any) (err error) {
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		switch to := into[key].(type) {
		case *string:
			*to = value
		case *bool:
			*to = true
		case *int64:
			if *to, err = strconv.ParseInt(value, 10, 64); err != nil {
				return err
			}
		case *json.RawMessage:
			*to = json.RawMessage(value)
		default:
			return fmt.Errorf("there is no %q", key)
		}
	}
	return nil
}
