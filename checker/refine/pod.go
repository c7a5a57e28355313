package refine

import (
	"encoding/json"
	"math"

	"orrery/model/kubelet"
)

// pod is what a kubelet's model needs to know of a stored pod, or of one that a kubelet wants stored.
type pod struct {
	Metadata struct {
		UID               string `json:"uid"`
		ResourceVersion   string `json:"resourceVersion"`
		Generation        int64  `json:"generation"`
		DeletionTimestamp string `json:"deletionTimestamp"`
	} `json:"metadata"`
	Spec struct {
		NodeName       string      `json:"nodeName"`
		RestartPolicy  string      `json:"restartPolicy"`
		ActiveDeadline *int64      `json:"activeDeadlineSeconds"`
		InitContainers []container `json:"initContainers"`
		Containers     []container `json:"containers"`
	} `json:"spec"`
	Status struct {
		Phase                 string            `json:"phase"`
		Reason                string            `json:"reason"`
		InitContainerStatuses []containerStatus `json:"initContainerStatuses"`
		ContainerStatuses     []containerStatus `json:"containerStatuses"`
	} `json:"status"`
}

type container struct {
	Name          string          `json:"name"`
	RestartPolicy string          `json:"restartPolicy"`
	LivenessProbe json.RawMessage `json:"livenessProbe"`
	StartupProbe  json.RawMessage `json:"startupProbe"`
	Lifecycle     struct {
		PostStart json.RawMessage `json:"postStart"`
	} `json:"lifecycle"`
}

// sidecar: as an init container, it is started before the main containers, and runs beside them.
func (c container) sidecar() bool { return c.RestartPolicy == "Always" }

type containerStatus struct {
	Name         string         `json:"name"`
	RestartCount int64          `json:"restartCount"`
	ContainerID  string         `json:"containerID"`
	State        containerState `json:"state"`
	LastState    containerState `json:"lastState"`
}

// containerState: where none is set, the container waits.
type containerState struct {
	Running    *struct{} `json:"running"`
	Terminated *struct {
		ExitCode int `json:"exitCode"`
	} `json:"terminated"`
}

func (p *pod) policy() kubelet.Policy {
	switch p.Spec.RestartPolicy {
	case "OnFailure":
		return kubelet.OnFailure
	case "Never":
		return kubelet.Never
	}
	return kubelet.Always
}

func (p *pod) phase() kubelet.Phase {
	switch p.Status.Phase {
	case "Running", "Unknown":
		return kubelet.Running
	case "Succeeded":
		return kubelet.Succeeded
	case "Failed":
		return kubelet.Failed
	}
	return kubelet.Pending
}

// status is what the pod's status says of a container; false: nothing.
func (p *pod) status(init bool, name string) (containerStatus, bool) {
	list := p.Status.ContainerStatuses
	if init {
		list = p.Status.InitContainerStatuses
	}
	for _, s := range list {
		if s.Name == name {
			return s, true
		}
	}
	return containerStatus{}, false
}

// shown is a container's status in the words of the model: one that waits is where its last attempt is. One that has an ID was there, and
// if nothing tells how it ended, that was badly.
func (s containerStatus) shown() kubelet.Status {
	next := kubelet.Status{Restarts: number(s.RestartCount)}
	switch {
	case s.State.Running != nil:
		next.Stage = kubelet.Alive
	case s.State.Terminated != nil:
		next.Stage = ended(s.State.Terminated.ExitCode)
	case s.LastState.Terminated != nil:
		next.Stage = ended(s.LastState.Terminated.ExitCode)
	case s.ContainerID != "":
		next.Stage = kubelet.EndedBadly
	}
	return next
}

// after is the status that follows another. One that waits, and does not say how it ended, says nothing new; if it ran, it does not even say
// that it ended.
func (s containerStatus) after(shown kubelet.Status) kubelet.Status {
	next := s.shown()
	if s.State.Running != nil || s.State.Terminated != nil {
		return next
	}
	switch {
	case shown.Stage == kubelet.Alive:
		next.Stage = kubelet.None
	case s.LastState.Terminated == nil:
		next.Stage = shown.Stage
	}
	return next
}

func ended(code int) kubelet.Stage {
	if code == 0 {
		return kubelet.EndedWell
	}
	return kubelet.EndedBadly
}

// number is a count as the model has it. There is none of so many.
func number[N int | int64](n N) uint16 { return uint16(min(max(n, 0), math.MaxUint16-1)) }
