package command

import (
	"regexp"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// Goal: stock kubectl works. Method: a script of commands against a server over the store in memory, and what kubectl
// prints; what differs from run to run is replaced.

var changing = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "UID"},
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), "TIME"},
	{regexp.MustCompile(`(?m)(CreationTimestamp:  ).*$`), "${1}TIME"},
	{regexp.MustCompile(`\b(AGE|\d+(\.\d+)?m?s\b) *`), "AGE  "},
	{regexp.MustCompile(`(?m)^(\s*"?resourceVersion"?: )"\d+"`), `$1"RV"`},
	{regexp.MustCompile(`(?m)[ \t]+$`), ""},
}

func TestKubectl(t *testing.T) {
	c := newCluster(t)
	c.start()
	datadriven.RunTest(t, "testdata/kubectl.txt", func(t *testing.T, d *datadriven.TestData) string {
		if d.Cmd != "kubectl" {
			t.Fatalf("%s: no such command", d.Pos)
		}
		// The whole line is kubectl's, as a shell would have it; quotes keep words together.
		line, input, _ := strings.Cut(d.Input, "\n")
		out, err := c.kubectl(input, words(line)...)
		for _, r := range changing {
			out = r.pattern.ReplaceAllString(out, r.with)
		}
		out = strings.ReplaceAll(out, c.address, "ADDRESS")
		if err != nil {
			out += "(" + err.Error() + ")\n"
		}
		return out
	})
}

// words splits a line at spaces that are not within single quotes.
func words(line string) (all []string) {
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			all = append(all, part)
		} else {
			all = append(all, strings.Fields(part)...)
		}
	}
	return all
}
