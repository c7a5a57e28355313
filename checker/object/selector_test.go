package object_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/checker/object"
)

func TestSelects(t *testing.T) {
	for _, test := range []struct {
		selector string
		labels   map[string]string
		want     bool
	}{
		{`{"app":"web"}`, map[string]string{"app": "web", "x": "y"}, true},
		{`{"app":"web"}`, map[string]string{"app": "db"}, false},
		{`{"app":"web"}`, nil, false},
		{`{"matchLabels":"text"}`, map[string]string{"matchLabels": "text"}, true},
		{`{"matchLabels":{"app":"web"}}`, map[string]string{"app": "web"}, true},
		{`{"matchLabels":{"app":"web"}}`, map[string]string{"app": "db"}, false},
		{`{"matchExpressions":[{"key":"app","operator":"In","values":["web","db"]}]}`, map[string]string{"app": "db"}, true},
		{`{"matchExpressions":[{"key":"app","operator":"In","values":["web"]}]}`, nil, false},
		{`{"matchExpressions":[{"key":"app","operator":"NotIn","values":["web"]}]}`, nil, true},
		{`{"matchExpressions":[{"key":"app","operator":"NotIn","values":["web"]}]}`, map[string]string{"app": "web"}, false},
		{`{"matchExpressions":[{"key":"app","operator":"Exists"}]}`, map[string]string{"app": ""}, true},
		{`{"matchExpressions":[{"key":"app","operator":"Exists"}]}`, nil, false},
		{`{"matchExpressions":[{"key":"app","operator":"DoesNotExist"}]}`, nil, true},
		{`{"matchExpressions":[{"key":"app","operator":"DoesNotExist"}]}`, map[string]string{"app": ""}, false},
		{`{"matchLabels":{"a":"b"},"matchExpressions":[{"key":"app","operator":"Exists"}]}`, map[string]string{"app": ""}, false},
		{`{}`, map[string]string{"app": "web"}, false},
	} {
		var o object.Object
		require.NoError(t, json.Unmarshal([]byte(`{"spec":{"selector":`+test.selector+`}}`), &o), test.selector)
		require.Equal(t, test.want, o.Selects(test.labels), "%s of %v", test.selector, test.labels)
	}
}
