package refine

import (
	"fmt"

	"orrery/checker/rules"
	"orrery/impl/trace"
	"orrery/model/proxy"
)

// proxies judges the steps of a proxy: which rules it put into its kernel, and when it ended flows. Which flows those are a trace does not tell.
func proxies(j *judge, s *step) opinion {
	for _, e := range s.Plan {
		if e.Verb != "apply rules" && e.Verb != "flush flows" {
			continue
		}
		w, err := rules.Of(j.h.Log, s.View["services"], s.View["endpointslices"], e.Object.Name)
		if err != nil || s.Look == nil {
			return opinion{any: true}
		}
		o := opinion{any: true, known: true, allowed: fmt.Sprintf("have the rules %s:\n%s", w.Hash, w)}
		if o.why = refusesRules(w, s.Look.Rules, e); o.why == "" {
			o.why = j.believes(e.Object.Name, s)
		}
		return o
	}
	return opinion{}
}

// believes is why a proxy cannot know what it says that it knows of its kernel (row 115): those were not the last rules of the node; empty: they were.
func (j *judge) believes(node string, s *step) string {
	for ; j.told < len(j.h.Rules) && j.h.Rules[j.told].Seq < s.line.Seq; j.told++ {
		j.applied[j.h.Rules[j.told].Rules.Node] = j.h.Rules[j.told].Rules.Hash
	}
	last := j.applied[node]
	if known := s.Look.Rules; known != "" && known != last {
		return fmt.Sprintf("it believes that the kernel holds the rules %s, and the last that were applied are %q", known, last)
	}
	return ""
}

// refusesRules is why the model refuses an effect; empty: it does not. known is the hash of the rules that the kernel was known to hold.
func refusesRules(w *rules.Wanted, known string, e trace.Effect) string {
	view := w.View
	if view.Sure = known != ""; known == w.Hash {
		view.Kernel = w.Rules
	} else {
		view.Kernel = []proxy.Rule{{}} // others, which the trace does not tell
	}
	if e.Verb == "flush flows" {
		return view.Refuses(proxy.Plan{Verb: proxy.Flush})
	}
	why := view.Refuses(proxy.Plan{Verb: proxy.Replace, Rules: w.Rules})
	if why == "" && e.Object.Hash != w.Hash {
		why = fmt.Sprintf("the rules are %s, and those that are wanted %s", e.Object.Hash, w.Hash)
	}
	return why
}
