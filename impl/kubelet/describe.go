package kubelet

import "orrery/impl/trace"

// Describe names each effect in the trace: [control.Described].

func (e SetUp) Describe() (string, trace.Ref)         { return "set up volumes", e.ref("") }
func (e RunSandbox) Describe() (string, trace.Ref)    { return "run sandbox", e.ref("") }
func (e StopSandbox) Describe() (string, trace.Ref)   { return "stop sandbox", e.ref(e.ID) }
func (e RemoveSandbox) Describe() (string, trace.Ref) { return "remove sandbox", e.ref(e.ID) }
func (e EnsureImage) Describe() (string, trace.Ref)   { return "ensure image", e.ref(e.Container) }
func (e Create) Describe() (string, trace.Ref) {
	return "create container", e.ref(e.Config.Metadata.Name)
}
func (e Start) Describe() (string, trace.Ref)  { return "start container", e.ref(e.Container) }
func (e Stop) Describe() (string, trace.Ref)   { return "stop container", e.ref(e.Container) }
func (e Remove) Describe() (string, trace.Ref) { return "remove container", e.ref(e.Container) }
func (e RunProbe) Describe() (string, trace.Ref) {
	return string(e.Kind) + " probe", e.ref(e.Container)
}
func (e RunHook) Describe() (string, trace.Ref) { return "preStop hook", e.ref(e.Container) }
func (e CleanUp) Describe() (string, trace.Ref) { return "clean up", trace.Ref{UID: string(e.UID)} }
func (e Say) Describe() (string, trace.Ref)     { return "record events", e.ref("") }

// ref names the pod, and by Key the container or sandbox.
func (r PodRef) ref(part string) trace.Ref {
	return trace.Ref{Resource: "pods", Namespace: r.Namespace, Name: r.Name, UID: string(r.UID), Key: part}
}
