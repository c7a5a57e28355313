package history

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// parser reads a label selector: "a=b,c!=d,e in (f,g),h notin (),j,!k,l>5". It takes what upstream takes, and nothing else.
//
// Upstream: apimachinery pkg/labels/selector.go of v0.37, oddities included: a NUL ends a token and is lost, and at the
// beginning of one it ends the text.
type parser struct{ tokens []token }

// token is a word, a symbol, or, if empty, the end.
type token struct {
	text string
	word bool
}

const (
	blanks  = " \t\r\n"
	symbols = "=!(),><"
)

func parseLabels(text string) (all []requirement, err error) {
	p := &parser{scan(text)}
	if len(p.tokens) == 0 {
		return nil, nil
	}
	for {
		r, err := p.requirement()
		if err != nil {
			return nil, err
		}
		all = append(all, r)
		switch t := p.next(); t.text {
		case "":
			return all, nil
		case ",":
		default:
			return nil, fmt.Errorf("%q follows where a comma should", t.text)
		}
	}
}

func scan(text string) (tokens []token) {
	for {
		text = strings.TrimLeft(text, blanks)
		if text == "" || text[0] == 0 {
			return tokens
		}
		size := strings.IndexAny(text, blanks+symbols+"\x00")
		word := size != 0
		switch {
		case size < 0:
			size = len(text)
		case strings.HasPrefix(text, "==") || strings.HasPrefix(text, "!="):
			size = 2
		case size == 0:
			size = 1
		}
		tokens = append(tokens, token{text[:size], word})
		text = strings.TrimPrefix(text[size:], "\x00")
	}
}

func (p *parser) peek() token {
	if len(p.tokens) == 0 {
		return token{}
	}
	return p.tokens[0]
}

func (p *parser) next() token {
	t := p.peek()
	if len(p.tokens) > 0 {
		p.tokens = p.tokens[1:]
	}
	return t
}

func (p *parser) requirement() (requirement, error) {
	key, op := p.next(), "exists"
	if key == (token{text: "!"}) {
		key, op = p.next(), "absent"
	}
	if !key.word || !isKey(key.text) {
		return requirement{}, fmt.Errorf("%q is no label", key.text)
	}
	if t := p.peek(); op == "absent" || t.text == "" || t.text == "," {
		return requirement{key.text, op, nil}, nil
	}
	values, err := []string(nil), error(nil)
	switch op = p.next().text; op {
	case "in", "notin":
		values, err = p.set()
	case "=", "==", "!=", ">", "<":
		values, err = p.value()
	default:
		return requirement{}, fmt.Errorf("%q is no operator", op)
	}
	if err != nil {
		return requirement{}, err
	}
	for _, v := range values {
		if _, wrong := strconv.ParseInt(v, 10, 64); !isValue(v) || wrong != nil && (op == ">" || op == "<") {
			return requirement{}, fmt.Errorf("%q is no value of %s", v, key.text)
		}
	}
	switch op {
	case "=", "==":
		op = "in"
	case "!=":
		op = "notin"
	}
	return requirement{key.text, op, values}, nil
}

// value reads one value, which may be empty.
func (p *parser) value() ([]string, error) {
	if t := p.peek(); t.text == "" || t.text == "," {
		return []string{""}, nil
	}
	t := p.next()
	if !t.word {
		return nil, fmt.Errorf("%q is no value", t.text)
	}
	return []string{t.text}, nil
}

// set reads "(a,b)", where every value may be empty.
func (p *parser) set() (values []string, err error) {
	if t := p.next(); t.text != "(" {
		return nil, fmt.Errorf("%q: a set must be in parentheses", t.text)
	}
	for {
		value := ""
		if p.peek().word {
			value = p.next().text
		}
		values = append(values, value)
		switch t := p.next(); t.text {
		case ")":
			return values, nil
		case ",":
		default:
			return nil, fmt.Errorf("%q follows a value of a set", t.text)
		}
	}
}

// The forms of keys and values (apimachinery pkg/api/validate/content).
const (
	longestName   = 63
	longestPrefix = 253
)

var (
	nameForm   = regexp.MustCompile(`^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$`)
	prefixForm = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
)

func isKey(text string) bool {
	prefix, name, prefixed := strings.Cut(text, "/")
	if !prefixed {
		return isName(text)
	}
	return len(prefix) <= longestPrefix && prefixForm.MatchString(prefix) && isName(name)
}

func isName(text string) bool { return len(text) <= longestName && nameForm.MatchString(text) }

func isValue(text string) bool { return text == "" || isName(text) }

// parseFields reads a field selector: "a=b,c==d,e!=f", where a backslash takes the meaning from a comma, an equals sign or
// a backslash in a value.
//
// Upstream: apimachinery pkg/fields/selector.go of v0.37.
func parseFields(text string) (all []requirement, err error) {
	for _, term := range splitTerms(text) {
		if term == "" {
			continue
		}
		key, op, value := term, "", ""
		for i := range term {
			if strings.HasPrefix(term[i:], "!=") {
				key, op, value = term[:i], "notin", term[i+2:]
				break
			}
			if term[i] == '=' {
				key, op, value = term[:i], "in", strings.TrimPrefix(term[i+1:], "=")
				break
			}
		}
		if op == "" {
			return nil, fmt.Errorf("%q: only =, == and != select by field", term)
		}
		if value, err = unescape(value); err != nil {
			return nil, err
		}
		if key != "" || value != "" { // upstream takes "=" for everything
			all = append(all, requirement{key, op, []string{value}})
		}
	}
	return all, nil
}

// splitTerms splits at the commas that no backslash precedes.
func splitTerms(text string) []string {
	var terms []string
	begin, escaped := 0, false
	for i, c := range text {
		switch {
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
		case c == ',':
			terms = append(terms, text[begin:i])
			begin = i + 1
		}
	}
	return append(terms, text[begin:])
}

func unescape(text string) (string, error) {
	if !strings.ContainsAny(text, `\,=`) {
		return text, nil
	}
	var value strings.Builder
	escaped := false
	for _, c := range text {
		special := strings.ContainsRune(`\,=`, c)
		switch {
		case !escaped && c == '\\':
			escaped = true
			continue
		case escaped != special:
			return "", fmt.Errorf("%q: a backslash must precede a comma, an equals sign or a backslash, and nothing else", text)
		}
		escaped = false
		value.WriteRune(c)
	}
	if escaped {
		return "", fmt.Errorf("%q ends in a backslash", text)
	}
	return value.String(), nil
}
