package kubelet

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// The kubelet's effects on its own node. Each is one value that says all there is to do; the node performs it, looks at
// the runtime again, and the loop decides anew with what was found. None is needed twice for its effect.
type (
	// SetUp makes the pod's directories and the content of its volumes what they should be; where what the volumes refer
	// to is Missing, that is only noted.
	SetUp struct {
		PodRef
		Missing string
		Hash    string
		Volumes []Volume
	}
	// RunSandbox makes the pod's network and whatever else its containers share.
	RunSandbox struct {
		PodRef
		Config *cri.PodSandboxConfig
	}
	// StopSandbox ends whatever runs in a sandbox and takes its network away.
	StopSandbox struct {
		PodRef
		ID string
	}
	// RemoveSandbox forgets a sandbox and its containers.
	RemoveSandbox struct {
		PodRef
		ID string
	}
	// EnsureImage looks whether the image for one attempt is here, and pulls it if policy and absence say so.
	EnsureImage struct {
		PodRef
		Container, Image, Path string
		Attempt                uint32
		Policy                 corev1.PullPolicy
	}
	// Create makes a container, after writing the files that are to be mounted into it.
	Create struct {
		PodRef
		Sandbox, Path string
		Files         []File
		Config        *cri.ContainerConfig
		In            *cri.PodSandboxConfig
	}
	// Start starts a created container.
	Start struct {
		PodRef
		ID, Container, Path string
	}
	// Stop begins to stop a container: TERM now, KILL after Grace.
	Stop struct {
		PodRef
		ID, Container, Path string
		Grace               time.Duration
		Message             string // of the Event
	}
	// Remove forgets a container and its log.
	Remove struct {
		PodRef
		ID, Container string
		Attempt       uint32
	}
	// RunProbe asks a container how it is.
	RunProbe struct {
		PodRef
		ID, Container, Path string
		Kind                ProbeKind
		Probe               *corev1.Probe
		Host                string
		Ports               []corev1.ContainerPort
	}
	// RunHook runs the postStart or the preStop hook of a container.
	RunHook struct {
		PodRef
		Kind                HookKind
		ID, Container, Path string
		Handler             *corev1.LifecycleHandler
		Host                string
		Ports               []corev1.ContainerPort
		Timeout             time.Duration
	}
	// RequestToken asks the API for a token of the pod's account. Have: there is one that is still good.
	RequestToken struct {
		PodRef
		Account string
		Ask     TokenAsk
		Have    bool
	}
	// CleanUp removes what lies on disk of a pod that is gone.
	CleanUp struct{ UID types.UID }
	// Say records Events about a pod.
	Say struct {
		PodRef
		Notes []Note
	}
)

// File is one file that is written for a container.
type File struct {
	Path string
	Data string
	Mode uint32
}

// Note is one Event to be recorded; Path is the fieldPath of its object.
type Note struct{ Type, Reason, Path, Message string }

func (r PodRef) pod() PodRef { return r }

// onPod is implemented by every effect on a pod.
type onPod interface{ pod() PodRef }
