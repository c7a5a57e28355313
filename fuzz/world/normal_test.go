package world

import (
	"regexp"
	"strings"
)

// changing is what differs from run to run, and what stands for it in a transcript, in this order.
var changing = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "UID"},
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), "TIME"},
	{regexp.MustCompile(`\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000`), "TIME"},
	{regexp.MustCompile(`\bsha256:[0-9a-f]{64}`), "sha256:DIGEST"},
	{regexp.MustCompile(`\bcontainerd://[0-9a-f]{64}`), "containerd://ID"},
	{regexp.MustCompile(`\b[0-9a-f]{64}\b`), "ID"},
	{regexp.MustCompile(`\b10\.88\.\d+\.\d+\b`), "POD-IP"},
	{regexp.MustCompile(`(resourceVersion"?: )"\d+"`), `$1"RV"`},
	// Names that the server chose: the alphabet has no vowels.
	{regexp.MustCompile(`\b(web|kube-api-access)-[bcdfghjklmnpqrstvwxz2456789]{5}\b`), "$1-xxxxx"},
	{regexp.MustCompile(`(?m)^(\s+(cpu|memory|ephemeral-storage|hugepages-\w+):\s+)\d+\w*$`), "${1}N"},
	// Ages: how long ago, in a column of its own or in brackets.
	{regexp.MustCompile(`\b\d+\w* \(x\d+ over \d+\w*\)`), "AGE (xN over AGE)"},
	{regexp.MustCompile(`\(\d+[a-z]\w* ago\)`), "(AGE ago)"},
	{regexp.MustCompile(`(?m)(^|  )(\d+[smh](\d+s)?|<invalid>)(  |$)`), "${1}AGE$4"},
	// The width of a column is that of what was replaced.
	{regexp.MustCompile(`(\S)   *`), "$1  "},
	{regexp.MustCompile(`(?m)[ \t]+$`), ""},
}

func normal(out string, facts []string) string {
	out = strings.NewReplacer(facts...).Replace(out)
	for _, c := range changing {
		out = c.pattern.ReplaceAllString(out, c.with)
	}
	return out
}
