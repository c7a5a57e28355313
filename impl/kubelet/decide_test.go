package kubelet

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/kubelet/runtime"
)

// onNode is what is on the node of the pod "web" with the UID "u": one sandbox, ready, and the containers as given.
func onNode(containers ...runtime.Container) *Observed {
	o := &Observed{Runtime: "fake", Memory: Memory{UID: "u"}}
	p := runtime.Pod{UID: "u", Namespace: "default", Name: "web", Sandboxes: []runtime.Sandbox{{ID: "s", Ready: true, IPs: []string{"10.88.0.2"}}}, Containers: containers}
	p.Sort()
	o.Pods = []runtime.Pod{p}
	return o
}

// attempt is one of the container "app", in the sandbox "s" and as its spec says now.
func attempt(pod *corev1.Pod, n uint32, state runtime.State) runtime.Container {
	return runtime.Container{ID: fmt.Sprintf("app-%d", n), Sandbox: "s", Name: "app", Attempt: n, State: state, Created: epoch, Started: epoch,
		Annotations: map[string]string{runtime.AnnotationHash: hashContainer(&pod.Spec.Containers[0])}}
}

// decided is a decision as text: its effects, when to look again, and the status.
func decided(pod *corev1.Pod, d Decision) string {
	w := &world{}
	for _, batch := range d.Batches {
		for _, e := range batch {
			w.note(control.Effect{Other: e}, nil)
		}
	}
	if !d.Again.IsZero() {
		w.steps = append(w.steps, "again after "+d.Again.Sub(epoch).String())
	}
	if d.Finish {
		w.steps = append(w.steps, "finish")
	}
	if d.Status != nil {
		shown := pod.DeepCopy()
		shown.Status = *d.Status
		w.steps = append(w.steps, statusLine(shown))
	}
	return strings.Join(w.steps, "; ")
}

// Goal: what is decided in situations that no story comes to, because they take an older kubelet, somebody else's hand in the
// runtime, or two things at one time. Method: the pod as the API has it, and what is on the node, each changed by the case.
func TestDecide(t *testing.T) {
	const now = 20 * time.Second // since everything began
	for _, c := range []struct {
		name string
		spec string
		in   func(pod *corev1.Pod) *Observed
		want string
	}{
		{"an attempt beside a newer one is stopped", "", func(pod *corev1.Pod) *Observed {
			return onNode(attempt(pod, 1, runtime.Running), attempt(pod, 0, runtime.Running))
		}, "stop app grace 30s; Running app=running,ready,restarts=1"},
		{"but not twice", "", func(pod *corev1.Pod) *Observed {
			o := onNode(attempt(pod, 1, runtime.Running), attempt(pod, 0, runtime.Running))
			o.Stops = map[string]Stopping{"app-0": {Deadline: epoch.Add(30 * time.Second)}}
			o.Memory.Volumes = volumesHash(t, pod)
			return o
		}, "again after 40s; Running app=running,ready,restarts=1"},
		{"volumes that could not be set up are tried again with a delay", "", func(*corev1.Pod) *Observed {
			o := onNode()
			o.Memory.VolumesFailed = Failure{Reason: "FailedMount", Message: "no space", At: epoch.Add(15 * time.Second), Level: 1}
			return o
		}, "again after 25s; Pending app=ContainerCreating"},
		{"an attempt whose record says nothing of its backoff has the one of its number", "", func(pod *corev1.Pod) *Observed {
			c := attempt(pod, 2, runtime.Exited)
			c.ExitCode, c.Finished = 1, epoch.Add(10*time.Second)
			o := onNode(c)
			o.Memory.Volumes = volumesHash(t, pod)
			return o
		}, "again after 30s; Running app=CrashLoopBackOff,restarts=2"},
		{"one whose record is gone has the one of what the API shows", "", func(pod *corev1.Pod) *Observed {
			pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "app", RestartCount: 1, ContainerID: "fake://app-1", State: corev1.ContainerState{
				Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, FinishedAt: metav1.NewTime(epoch.Add(10 * time.Second))}}}}
			o := onNode()
			o.Memory.Volumes = volumesHash(t, pod)
			return o
		}, "again after 30s; Running app=CrashLoopBackOff,restarts=1"},
		{"also where the API shows it waiting already", "", func(pod *corev1.Pod) *Observed {
			pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "app", RestartCount: 1, ContainerID: "fake://app-1",
				State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}},
				LastTerminationState: corev1.ContainerState{
					Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, FinishedAt: metav1.NewTime(epoch.Add(10 * time.Second))}}}}
			o := onNode()
			o.Memory.Volumes = volumesHash(t, pod)
			return o
		}, "again after 30s; Running app=CrashLoopBackOff,restarts=1"},
		{"nobody can say what a container does that was never shown", "", func(pod *corev1.Pod) *Observed {
			return onNode(attempt(pod, 0, runtime.Unknown))
		}, "stop app grace 30s; Pending app=ContainerStateUnknown"},
		{"a hook is waited for as long as the grace lasts", "deleted", func(pod *corev1.Pod) *Observed {
			o := onNode(attempt(pod, 0, runtime.Running))
			o.Hooks = map[string]HookRun{"app-0": {Begun: epoch.Add(10 * time.Second)}}
			return o
		}, "again after 40s; Running app=running,ready"},
		{"a container that the pod does not have is stopped with it", "deleted", func(pod *corev1.Pod) *Observed {
			c := attempt(pod, 0, runtime.Running)
			c.Name = "debug"
			return onNode(c)
		}, "stop debug grace 30s; Pending app=ContainerCreating"},
		{"a pod of another UID has the grace of its record, or the usual one", "another UID", func(pod *corev1.Pod) *Observed {
			a, b := attempt(pod, 0, runtime.Running), attempt(pod, 0, runtime.Running)
			a.Name, a.Annotations = "a", map[string]string{runtime.AnnotationGracePeriod: "3"}
			b.Name = "b"
			return onNode(a, b)
		}, "stop a grace 3s; stop b grace 30s; Pending app=ContainerCreating"},
		{"but nothing is done to it before it is known what the last call did", "another UID", func(pod *corev1.Pod) *Observed {
			o := onNode(attempt(pod, 0, runtime.Running))
			o.Uncertain = true
			return o
		}, "Pending app=ContainerCreating"},
		{"containers that have lost their sandbox are removed one by one", "another UID", func(pod *corev1.Pod) *Observed {
			o := onNode(attempt(pod, 1, runtime.Exited), attempt(pod, 0, runtime.Exited))
			o.Pods[0].Sandboxes = nil
			return o
		}, "remove container app; remove container app; Pending app=ContainerCreating"},
	} {
		t.Run(c.name, func(t *testing.T) {
			pod := podFrom(t, "{metadata: {uid: u}, spec: {containers: [{name: app, command: [run]}]}}")
			switch c.spec {
			case "deleted":
				grace, at := int64(30), metav1.NewTime(epoch.Add(30*time.Second))
				pod.DeletionGracePeriodSeconds, pod.DeletionTimestamp = &grace, &at
			case "another UID":
				pod.UID = "new"
			}
			seen := c.in(pod)
			require.Equal(t, c.want, decided(pod, decide(&Defaults, Input{Pod: pod, Seen: seen}, epoch.Add(now))))
		})
	}
}

// volumesHash is what is remembered of volumes that are as they should be.
func volumesHash(t *testing.T, pod *corev1.Pod) string {
	_, hash, err := newPass(&Defaults, Input{Pod: pod}, epoch).volumes()
	require.NoError(t, err)
	return hash
}

// A pod in the node's network has the node's address; one that has lost its sandbox none, which its hook is told too.
func TestAddresses(t *testing.T) {
	cfg := Defaults
	cfg.Address = "10.0.0.1"
	for spec, want := range map[string]string{
		"{hostNetwork: true, containers: [{name: app}]}": "10.0.0.1",
		"{containers: [{name: app}]}":                    "10.88.0.2",
	} {
		pod := podFrom(t, "{metadata: {uid: u}, spec: "+spec+"}")
		status := decide(&cfg, Input{Pod: pod, Seen: onNode(attempt(pod, 0, runtime.Running))}, epoch).Status
		require.Equal(t, want, status.PodIP)
		require.Equal(t, []corev1.PodIP{{IP: want}}, status.PodIPs)
		require.Equal(t, "10.0.0.1", status.HostIP)
	}
	pod := podFrom(t, "{metadata: {uid: u}, spec: {containers: [{name: app, lifecycle: {preStop: {httpGet: {port: 80}}}}]}}")
	pod.DeletionTimestamp = &metav1.Time{Time: epoch}
	seen := onNode(attempt(pod, 0, runtime.Running))
	hook := func() RunHook {
		return decideHook(&cfg, Input{Pod: pod, Seen: seen}, "app", epoch).Batches[0][0].(RunHook)
	}
	require.Equal(t, "10.88.0.2", hook().Host)
	seen.Pods[0].Sandboxes[0].Ready = false
	require.Empty(t, hook().Host)
}

// Resources of a container can be told to another one of the pod.
func TestResourcesOfAnotherContainer(t *testing.T) {
	cfg := Defaults
	cfg.Capacity = corev1.ResourceList{"memory": resource.MustParse("8Gi")}
	pod := podFrom(t, "{metadata: {uid: u}, spec: {containers: [{name: app}, {name: other, resources: {limits: {cpu: 1500m}, requests: {memory: 1Gi}}}]}}")
	p := newPass(&cfg, Input{Pod: pod}, epoch)
	for from, want := range map[corev1.ResourceFieldSelector]string{
		{ContainerName: "other", Resource: "limits.cpu"}:      "2",
		{ContainerName: "other", Resource: "requests.memory"}: "1073741824",
		{ContainerName: "other", Resource: "limits.memory"}:   "8589934592", // the node's
		{Resource: "requests.memory"}:                         "0",
	} {
		value, err := p.resourceField(&from, &pod.Spec.Containers[0])
		require.NoError(t, err)
		require.Equal(t, want, value, "%v", from)
	}
	_, err := p.resourceField(&corev1.ResourceFieldSelector{ContainerName: "none", Resource: "limits.cpu"}, &pod.Spec.Containers[0])
	require.EqualError(t, err, "container none not found")
}

// Goal: a node takes what it has room for, in upstream's words where it has not. Method: a node with 2 processors, 1 Gi of
// memory and room for 3 pods, of which one is taken by a pod with half of everything.
func TestAdmit(t *testing.T) {
	cfg := Defaults
	cfg.Capacity = corev1.ResourceList{"cpu": resource.MustParse("2"), "memory": resource.MustParse("1Gi"), "pods": resource.MustParse("3")}
	there := podFrom(t, "{metadata: {name: there, uid: there}, spec: {containers: [{name: app, resources: {requests: {cpu: 1, memory: 512Mi}}}]}}")
	there.Status.StartTime = &metav1.Time{Time: epoch}
	more := func(n int) (others []*corev1.Pod) {
		for i := range n {
			small := podFrom(t, "{spec: {containers: [{name: app}]}}")
			small.UID, small.Status.StartTime = types.UID(fmt.Sprint(i)), there.Status.StartTime
			others = append(others, small)
		}
		return others
	}
	for _, c := range []struct {
		name, spec string
		others     []*corev1.Pod
		want       *Rejection
	}{
		{"it fits", "{containers: [{name: app, resources: {requests: {cpu: 1, memory: 512Mi}}}]}", nil, nil},
		{"too much memory", "{containers: [{name: app, resources: {requests: {memory: 513Mi}}}]}", nil,
			&Rejection{"OutOfmemory", "Node didn't have enough resource: memory, requested: 537919488, used: 536870912, capacity: 1073741824"}},
		{"an init container asks for more than the others together", "{initContainers: [{name: init, resources: {requests: {cpu: 1500m}}}], containers: [{name: app, resources: {requests: {cpu: 1}}}]}", nil,
			&Rejection{"OutOfcpu", "Node didn't have enough resource: cpu, requested: 1500, used: 1000, capacity: 2000"}},
		{"a sidecar asks beside all of them", "{initContainers: [{name: side, restartPolicy: Always, resources: {requests: {cpu: 600m}}}, {name: init, resources: {requests: {cpu: 300m}}}], containers: [{name: app, resources: {requests: {cpu: 500m}}}]}", nil,
			&Rejection{"OutOfcpu", "Node didn't have enough resource: cpu, requested: 1100, used: 1000, capacity: 2000"}},
		{"the last place", "{containers: [{name: app}]}", more(1), nil},
		{"too many pods", "{containers: [{name: app}]}", more(2),
			&Rejection{"OutOfpods", "Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3"}},
		{"of a resource that the node does not name it has none", "{containers: [{name: app, resources: {requests: {ephemeral-storage: 1Gi}}}]}", nil, nil},
	} {
		pod := podFrom(t, "{metadata: {uid: new}, spec: "+c.spec+"}")
		require.Equal(t, c.want, admit(&cfg, pod, append(c.others, there, pod)), c.name)
	}
}

// Goal: what the kubelet writes of its own Node, and when. Method: the Node as it is, and the machine as it is.
func TestNode(t *testing.T) {
	cfg := Defaults
	cfg.Node, cfg.Hostname, cfg.Labels = "n1", "host", map[string]string{"zone": "a"}
	cfg.Info = corev1.NodeSystemInfo{OperatingSystem: "linux", Architecture: "amd64"}
	well := &Machine{Status: runtime.Status{Ready: true, NetworkReady: true}}
	labels := map[string]string{"kubernetes.io/hostname": "host", "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
		"beta.kubernetes.io/os": "linux", "beta.kubernetes.io/arch": "amd64", "zone": "a"}

	req, expect, _ := decideNode(&cfg, nil, well, epoch)
	require.Equal(t, api.Create, req.Verb)
	node := expect.(*corev1.Node)
	require.Equal(t, labels, node.Labels)

	bare := node.DeepCopy()
	bare.Labels = nil
	req, expect, again := decideNode(&cfg, bare, well, epoch)
	require.Equal(t, api.Update, req.Verb)
	require.Empty(t, req.Subresource)
	require.Equal(t, labels, expect.(*corev1.Node).Labels)
	require.Equal(t, epoch.Add(cfg.Heartbeat), again)
	changed := node.DeepCopy()
	changed.Labels["zone"], changed.Labels["mine"] = "b", "yes"
	_, expect, _ = decideNode(&cfg, changed, well, epoch)
	require.Equal(t, "a", expect.(*corev1.Node).Labels["zone"])
	require.Equal(t, "yes", expect.(*corev1.Node).Labels["mine"], "labels of others stay")

	req, _, again = decideNode(&cfg, node, well, epoch.Add(time.Minute))
	require.Nil(t, req, "nothing has changed")
	require.Equal(t, epoch.Add(cfg.Report), again)
	unreported := node.DeepCopy()
	unreported.Status.Conditions = nil
	req, _, _ = decideNode(&cfg, unreported, well, epoch.Add(time.Minute))
	require.Equal(t, "status", req.Subresource, "a node that has never reported does so at once")

	for want, machine := range map[string]*Machine{
		"container runtime is down: away":                                                                        {Down: "away"},
		"container runtime not ready: RuntimeReady=false reason:R message:M":                                     {Status: runtime.Status{NetworkReady: true, Reason: "R", Message: "M"}},
		"container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:no config": {Status: runtime.Status{Ready: true, NetworkReason: "NetworkPluginNotReady", NetworkMessage: "no config"}},
	} {
		_, expect, _ := decideNode(&cfg, node, machine, epoch.Add(time.Minute))
		conditions := expect.(*corev1.Node).Status.Conditions
		require.Equal(t, corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionFalse, Reason: "KubeletNotReady", Message: want,
			LastHeartbeatTime: metav1.NewTime(epoch.Add(time.Minute)), LastTransitionTime: metav1.NewTime(epoch.Add(time.Minute))}, conditions[len(conditions)-1])
	}
}

// A Lease that somebody has made without a time is renewed at once.
func TestLeaseWithoutATime(t *testing.T) {
	cfg := Defaults
	cfg.Node = "n1"
	var lease coordinationv1.Lease
	require.NoError(t, yaml.UnmarshalStrict([]byte("{metadata: {name: n1, namespace: kube-node-lease}, spec: {holderIdentity: other}}"), &lease))
	req, expect, again := decideLease(&cfg, nil, &lease, epoch)
	require.Equal(t, api.Update, req.Verb)
	spec := expect.(*coordinationv1.Lease).Spec
	require.Equal(t, "n1", *spec.HolderIdentity)
	require.Equal(t, epoch, spec.RenewTime.UTC())
	require.Equal(t, epoch.Add(cfg.LeaseRenewal), again)
}
