package object

import (
	"encoding/json"
	"slices"
)

// Selector is how an owner chooses its pods: the map of labels of a ReplicationController or Service, or the matchLabels and
// matchExpressions of a ReplicaSet.
type Selector struct {
	Labels      map[string]string
	Expressions []Expression
}

// Expression is one requirement of a selector: the operator is In, NotIn, Exists or DoesNotExist.
type Expression struct {
	Key      string   `json:"key"`
	Operator string   `json:"operator"`
	Values   []string `json:"values"`
}

// UnmarshalJSON reads either form. A label may be named matchLabels: its value is text then.
func (s *Selector) UnmarshalJSON(data []byte) error {
	var whole struct {
		MatchLabels      map[string]string `json:"matchLabels"`
		MatchExpressions []Expression      `json:"matchExpressions"`
	}
	if err := json.Unmarshal(data, &whole); err == nil && (whole.MatchLabels != nil || whole.MatchExpressions != nil) {
		s.Labels, s.Expressions = whole.MatchLabels, whole.MatchExpressions
		return nil
	}
	return json.Unmarshal(data, &s.Labels)
}

// Any reports whether the selector says anything.
func (s *Selector) Any() bool { return len(s.Labels)+len(s.Expressions) > 0 }

// Selects reports whether the owner o chooses what has those labels. An owner without a selector chooses nothing.
func (o *Object) Selects(labels map[string]string) bool {
	s := o.Spec.Selector
	for key, value := range s.Labels {
		if have, ok := labels[key]; !ok || have != value {
			return false
		}
	}
	for _, e := range s.Expressions {
		value, ok := labels[e.Key]
		holds := false
		switch e.Operator {
		case "In":
			holds = ok && slices.Contains(e.Values, value)
		case "NotIn":
			holds = !ok || !slices.Contains(e.Values, value)
		case "Exists":
			holds = ok
		case "DoesNotExist":
			holds = !ok
		}
		if !holds {
			return false
		}
	}
	return s.Any()
}
