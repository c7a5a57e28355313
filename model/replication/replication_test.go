package replication

import (
	"testing"

	"orrery/model/machine"
)

func TestTry(t *testing.T) {
	for _, d := range []Domain{{Replicas: 1, Most: 2, Changes: 1}, {Replicas: 2, Most: 2, Changes: 2}, {Replicas: 1, Most: 2, Changes: 2, Losses: 1}, {Replicas: 1, Most: 1, Changes: 1, Crashes: 1, Losses: 1}} {
		m := New(d)
		out := machine.Explore(m, machine.Options{Workers: 2})
		t.Logf("%+v %+v", d, out.Report)
		if out.Violation != nil {
			t.Errorf("%+v: %s\n%s", d, out.Violation.Property, out.Violation.Path.Words(m))
		}
	}
}
