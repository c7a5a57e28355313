package kubelet

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// notesOf are the Events that a change of status is worth: a container that begins to wait for a reason of its own.
//
// Upstream: pkg/kubelet/events/event.go has the reasons.
func notesOf(old, next *corev1.PodStatus, pod *corev1.Pod) []Note {
	notes := containerNotes(old.InitContainerStatuses, next.InitContainerStatuses, "spec.initContainers", pod)
	notes = append(notes, containerNotes(old.ContainerStatuses, next.ContainerStatuses, "spec.containers", pod)...)
	if next.Phase == corev1.PodFailed && old.Phase != corev1.PodFailed && next.Reason != "" {
		note := Note{Type: corev1.EventTypeWarning, Reason: next.Reason, Message: next.Message}
		if next.Reason == deadlineReason {
			note.Type = corev1.EventTypeNormal
		}
		notes = append(notes, note)
	}
	return notes
}

func containerNotes(old, next []corev1.ContainerStatus, path string, pod *corev1.Pod) []Note {
	var notes []Note
	for _, s := range next {
		if s.State.Waiting == nil || reasonIn(old, s.Name) == s.State.Waiting.Reason {
			continue
		}
		warn := func(reason, format string, args ...any) {
			notes = append(notes, Note{corev1.EventTypeWarning, reason, path + "{" + s.Name + "}", fmt.Sprintf(format, args...)})
		}
		switch w := s.State.Waiting; w.Reason {
		case "CrashLoopBackOff":
			warn("BackOff", "Back-off restarting failed container %s in pod %s_%s(%s)", s.Name, pod.Name, pod.Namespace, pod.UID)
		case "CreateContainerConfigError":
			warn("Failed", "Error: %s", w.Message)
		case "ImagePullBackOff":
			notes = append(notes, Note{corev1.EventTypeNormal, "BackOff", path + "{" + s.Name + "}", fmt.Sprintf("Back-off pulling image %q", s.Image)})
			warn("Failed", "Error: %s", w.Reason)
		case errImagePull, "InvalidImageName":
			warn("Failed", "Error: %s", w.Reason)
		}
	}
	return notes
}

func reasonIn(statuses []corev1.ContainerStatus, name string) string {
	for _, s := range statuses {
		if s.Name == name && s.State.Waiting != nil {
			return s.State.Waiting.Reason
		}
	}
	return ""
}
