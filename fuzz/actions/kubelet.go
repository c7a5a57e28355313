package actions

import (
	"slices"
	"strings"

	"orrery/checker/history"
	"orrery/impl/trace"
	"orrery/model/kubelet"
)

var kubeletTable = table{
	model: "kubelet",
	rows: []row{
		{kubelet.Bind, "Bind", "a pod is given a node", changes("pods", change.placed)},
		{kubelet.Delete, "Delete", "a pod on a node is being deleted", changes("pods", change.leaves, change.onNode)},
		{kubelet.Force, "Force", "a pod on a node is gone by the request of another than a kubelet", changes("pods", change.goes, change.onNode, change.byOther)},
		{kubelet.Impose, "Impose", "a pod on a node has ended by the request of another than a kubelet", changes("pods", change.ends, change.onNode, change.byOther)},
		{kubelet.End, "End", "a container exits that was not told to, and neither was its sandbox", ended(func(e exit) bool { return e.undisturbed() && !e.succeeded() })},
		{kubelet.Die, "Die", "a sandbox exits that was not told to, and a container runs on in it", died},
		{kubelet.Tidy, "Tidy", "a container's record is removed, and no kubelet has asked for it", tidied},
		{kubelet.Succeed, "Succeed", "an init container exits with 0", ended(func(e exit) bool { return e.undisturbed() && e.succeeded() })},
		{kubelet.Obey, "Obey", "a container exits with 0 after it was told to stop", ended(func(e exit) bool { return e.told() && e.ExitCode == 0 })},
		{kubelet.Kill, "Kill", "a container exits with another code after it was told to stop, and the kubelet has not exited since", ended(func(e exit) bool { return e.watched() && e.ExitCode != 0 })},
		{kubelet.Boot, "Boot", "a kubelet's process starts", lives(kubeletLife, "start")},
		{kubelet.ListPods, "ListPods", "a kubelet's list of pods is answered", listPods.heard},
		{kubelet.ListRuntime, "ListRuntime", "a kubelet decides for the first time in its life", firstLook},
		{kubelet.See, "See", "a kubelet's watch tells of a pod", seen("pods", theKubelet)},
		{kubelet.Look, "Look", "a kubelet decides with another look at the runtime than before", nextLook},
		{kubelet.Work, "Work", "a kubelet's step for a pod plans a call or a write", worked},
		{kubelet.Arrive, "Arrive", "a container is created or started, as the kubelet's last step for the pod has asked", carried(true)},
		{kubelet.GiveUp, "GiveUp", "a container is not started, and the kubelet that wanted it goes on", uncarried(abandoned)},
		{kubelet.Land, "Land", "a container is created or started, as an older step for the pod has asked, or one before a crash", carried(false)},
		{kubelet.Drop, "Drop", "a container is not started as long as the call for it is the newest, and the kubelet goes on or has crashed", uncarried(lostCall)},
		{kubelet.WriteArrives, "WriteArrives", "a kubelet's request, which is answered, changes a pod", byKubelets.arrived},
		{kubelet.WriteUnheard, "WriteUnheard", "it is given up, and had changed the pod", byKubelets.unheard},
		{kubelet.WriteGivenUp, "WriteGivenUp", "it is given up, and changes the pod later", byKubelets.open},
		{kubelet.WriteLands, "WriteLands", "a pod is changed as only requests of kubelets can have that were given up, or whose issuer had crashed", byKubelets.landed},
		{kubelet.WriteDropped, "WriteDropped", "such a request changes nothing", byKubelets.dropped},
		{kubelet.Crash, "Crash", "a kubelet's process exits", lives(kubeletLife, "exit")},
		{kubelet.Reboot, "Reboot", "a kubelet's process exits, and before it starts all its containers do, as nobody has seen", rebooted},
		{kubelet.Heal, "Heal", "the phase heal begins", healed},
	},
	exceptions: []exception{
		{"Impose", Nowhere, "no component but kubelets, and no user, says that a pod has ended"},
		{"Die", Nowhere, "no fault kills the process of a sandbox alone; and the simulated runtime does not tell what becomes of sandboxes"},
		{"Tidy", Rare, "the API must show how a container has ended, and no kubelet have removed it"},
		{"Obey", Story, "the programs of the simulated runtime end with 143 when they are told to, unless they were about to end anyway"},
		{"GiveUp", Rare, "few calls are lost, and few of them start a container"},
		{"WriteUnheard", Rare, fewRequests},
		{"WriteGivenUp", Rare, fewRequests},
		{"WriteLands", Rare, fewRequests},
		{"Land", Nowhere, "a simulated call is carried out at once or never; a real kubelet would have to be killed between a call and its end"},
		{"Drop", Rare, "few calls are lost, and few of them start a container"},
	},
}

const theKubelet = "kubelet"

// byKubelets are their requests that change pods.
var byKubelets requests = func(_ *run, op *history.Operation) bool {
	return op.Writes() && op.Resource == "pods" && isKubelet(op.Process)
}

var listPods requests = func(_ *run, op *history.Operation) bool {
	return op.Verb == "list" && op.Resource == "pods" && isKubelet(op.Process)
}

// byOther: another than a kubelet has made the change.
func (c change) byOther() bool { return c.by() != "" && !isKubelet(c.by()) }

func kubeletLife(_ *run, l *trace.Life) bool { return l.Name == theKubelet || isKubelet(l.Name) }

// isPod reports whether a kubelet's key is that of a pod: NAMESPACE/NAME, and nothing appended.
func isPod(key string) bool { return strings.Count(key, "/") == 1 }

// calls are the verbs of effects that are calls to the runtime, as the model has them.
var calls = []string{"run sandbox", "stop sandbox", "remove sandbox", "create container", "start container", "stop container", "remove container"}

func worked(r *run, at func(int64)) {
	for _, l := range r.Steps {
		if l.Step.Component == theKubelet && isPod(l.Step.Key) && slices.ContainsFunc(l.Step.Plan, func(e trace.Effect) bool {
			return slices.Contains(calls, e.Verb) || r.operations[e.Call] != nil
		}) {
			at(l.Seq)
		}
	}
}

// runtimeView is what a kubelet's view is called that shows the runtime; its numbers begin anew with each life.
const runtimeView = "runtime"

// looks calls f for every step of a kubelet, with the one before it in the same life; nil: it is the first.
func (r *run) looks(f func(l, last *trace.Line)) {
	lasts := map[string]*trace.Line{}
	for _, l := range r.Steps {
		if l.Step.Component != theKubelet {
			continue
		}
		last := lasts[l.Process]
		if last != nil && r.life(l.Process, last.Seq) != r.life(l.Process, l.Seq) {
			last = nil
		}
		f(l, last)
		lasts[l.Process] = l
	}
}

func firstLook(r *run, at func(int64)) {
	r.looks(func(l, last *trace.Line) {
		if last == nil && l.Step.View[runtimeView] > 0 {
			at(l.Seq)
		}
	})
}

func nextLook(r *run, at func(int64)) {
	r.looks(func(l, last *trace.Line) {
		if last != nil && l.Step.View[runtimeView] > last.Step.View[runtimeView] {
			at(l.Seq)
		}
	})
}
