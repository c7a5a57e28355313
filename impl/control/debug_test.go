package control_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/control/controltest"
	"orrery/impl/trace"
)

type printer struct{ p *controltest.Process }

func (pr printer) Emit(l trace.Line) {
	b, _ := json.Marshal(l.Step.Plan)
	fmt.Println(l.Step.Key, l.Step.View, l.Step.Own, string(b), l.Step.Why)
	pr.p.Emit(l)
}

func TestDebug(t *testing.T) {
	seed, err := strconv.Atoi(os.Getenv("SEED"))
	if err != nil {
		return
	}
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	w := newWorld(nil)
	w.proc.Config = func(c *control.Config) { c.Trace = printer{w.proc} }
	w.proc.Start()
	r, _ := api.ByName("pods")
	_ = r
	last := ""
	for i := range 400 {
		var cs string
		w.step(func(l string, n int) int { k := random.IntN(n); cs += fmt.Sprintf(" %s=%d", l, k); return k })
		_, pods := w.api.List(r)
		s := ""
		for _, p := range pods {
			s += " " + p.GetName() + "@" + p.GetResourceVersion() + fmt.Sprint(len(p.GetOwnerReferences()), p.GetDeletionTimestamp() != nil, p.GetLabels()["app"])
		}
		if s != last {
			fmt.Println(i, cs, "store:", s, "late", len(w.proc.Late), w.spare)
			last = s
		}
		if w.violation() != "" {
			fmt.Println(i, cs, w.violation())
			return
		}
	}
}
