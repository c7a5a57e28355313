package kubelet

import (
	"strings"

	"orrery/impl/control"
	"orrery/impl/trace"
)

// Describe names each effect in the trace: [control.Described].

func (e SetUp) Describe() (string, trace.Ref) { return "set up volumes", e.ref("") }
func (e RunSandbox) Describe() (string, trace.Ref) {
	return "run sandbox", e.made("", e.Config.Metadata.Attempt)
}
func (e StopSandbox) Describe() (string, trace.Ref)   { return "stop sandbox", e.ref(e.ID) }
func (e RemoveSandbox) Describe() (string, trace.Ref) { return "remove sandbox", e.ref(e.ID) }
func (e EnsureImage) Describe() (string, trace.Ref)   { return "ensure image", e.ref(e.Container) }
func (e Create) Describe() (string, trace.Ref) {
	return "create container", e.made(e.Config.Metadata.Name, e.Config.Metadata.Attempt)
}
func (e Start) Describe() (string, trace.Ref)  { return "start container", e.one(e.Container, e.ID) }
func (e Stop) Describe() (string, trace.Ref)   { return "stop container", e.one(e.Container, e.ID) }
func (e Remove) Describe() (string, trace.Ref) { return "remove container", e.one(e.Container, e.ID) }
func (e RunProbe) Describe() (string, trace.Ref) {
	return string(e.Kind) + " probe", e.ref(e.Container)
}
func (e RunHook) Describe() (string, trace.Ref)      { return string(e.Kind) + " hook", e.ref(e.Container) }
func (e RequestToken) Describe() (string, trace.Ref) { return "request token", e.ref(e.Account) }
func (e CleanUp) Describe() (string, trace.Ref)      { return "clean up", trace.Ref{UID: string(e.UID)} }
func (e Follow) Describe() (string, trace.Ref)       { return "follow references", trace.Ref{} }
func (e Say) Describe() (string, trace.Ref)          { return "record events", e.ref("") }

// ref names the pod, and by Key the container or sandbox.
func (r PodRef) ref(part string) trace.Ref {
	return trace.Ref{Resource: "pods", Namespace: r.Namespace, Name: r.Name, UID: string(r.UID), Key: part}
}

// made names what is to be made by the number of the attempt as well, one what there is of a container by its ID.
func (r PodRef) made(part string, attempt uint32) trace.Ref {
	ref := r.ref(part)
	ref.Attempt = int(attempt)
	return ref
}

func (r PodRef) one(container, id string) trace.Ref {
	ref := r.ref(container)
	ref.ID = id
	return ref
}

// Look names in the trace what the node had under a name of pods: [control.Looking]. What is decided under other keys is no call that
// changes a pod.
func (k *Kubelet) Look(v *control.View, key control.Key) *trace.Look {
	parts := strings.Split(string(key), "/")
	if len(parts) != 2 {
		return nil
	}
	look := &trace.Look{}
	static := k.static(v, parts[0], parts[1])
	if static != nil {
		look.Static = string(static.UID)
	}
	o, _ := v.Get(sourceRuntime, parts[0], parts[1]).(*Observed)
	if o == nil {
		return look
	}
	if static == nil && len(o.Pods) > 0 && k.apart(v, parts[0], parts[1]) {
		look.Static = o.Pods[0].UID
	}
	look.Stale = o.Uncertain
	for _, p := range o.Pods {
		for _, s := range p.Sandboxes {
			state := "dead"
			if s.Ready {
				state = "ready"
			}
			look.Seen = append(look.Seen, trace.Seen{UID: p.UID, Attempt: int(s.Attempt), ID: s.ID, State: state})
		}
		for _, c := range p.Containers {
			look.Seen = append(look.Seen, trace.Seen{UID: p.UID, Container: c.Name, Attempt: int(c.Attempt), ID: c.ID, Sandbox: c.Sandbox,
				State: string(c.State), ExitCode: int(c.ExitCode)})
		}
	}
	return look
}
