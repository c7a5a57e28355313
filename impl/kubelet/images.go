package kubelet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/distribution/reference"
	corev1 "k8s.io/api/core/v1"

	"orrery/impl/kubelet/runtime"
)

// pullTimeout bounds one attempt to fetch an image.
const pullTimeout = 2 * time.Minute

// ensureImage sees to it that an image is here, as the policy says. The failure has upstream's reasons and messages.
//
// Upstream: pkg/kubelet/images/image_manager.go.
func (l *Local) ensureImage(ctx context.Context, e EnsureImage) Failure {
	ctx, cancel := context.WithTimeout(ctx, pullTimeout)
	defer cancel()
	image, err := withTag(e.Image)
	if err != nil {
		message := fmt.Sprintf("Failed to apply default image tag %q: %v", e.Image, err)
		l.warn(e.PodRef, "InspectFailed", e.Path, "%s", message)
		return Failure{Reason: "InvalidImageName", Message: message, Level: 1}
	}
	ref, err := l.Runtime.ImageRef(ctx, image)
	switch {
	case errors.Is(err, runtime.ErrUnavailable):
		return Failure{Reason: "ImageInspectError", Message: err.Error(), Level: 1}
	case err != nil:
		message := fmt.Sprintf("Failed to inspect image %q: %v", e.Image, err)
		l.warn(e.PodRef, "InspectFailed", e.Path, "%s", message)
		return Failure{Reason: "ImageInspectError", Message: message, Level: 1}
	case ref == "" && e.Policy == corev1.PullNever:
		message := fmt.Sprintf("Container image %q is not present with pull policy of Never", e.Image)
		l.warn(e.PodRef, "ErrImageNeverPull", e.Path, "%s", message)
		return Failure{Reason: "ErrImageNeverPull", Message: message, Level: 1}
	case ref != "" && e.Policy != corev1.PullAlways:
		l.notes(e.PodRef, Note{corev1.EventTypeNormal, "Pulled", e.Path,
			fmt.Sprintf("Container image %q already present on machine and can be accessed by the pod", e.Image)})
		return Failure{}
	}
	return l.pull(ctx, e, image)
}

func (l *Local) pull(ctx context.Context, e EnsureImage, image string) Failure {
	l.notes(e.PodRef, Note{corev1.EventTypeNormal, "Pulling", e.Path, fmt.Sprintf("Pulling image %q", e.Image)})
	began := l.Now()
	if _, err := l.Runtime.PullImage(ctx, image); err != nil {
		message := fmt.Sprintf("Failed to pull image %q: %v", e.Image, err)
		l.warn(e.PodRef, "Failed", e.Path, "%s", message)
		return Failure{Reason: errImagePull, Message: err.Error(), Level: 1}
	}
	took := l.Now().Sub(began).Truncate(time.Millisecond)
	l.notes(e.PodRef, Note{corev1.EventTypeNormal, "Pulled", e.Path, fmt.Sprintf("Successfully pulled image %q in %v (%v including waiting).", e.Image, took, took)})
	return Failure{}
}

// withTag gives an image that names neither tag nor digest the tag latest.
func withTag(image string) (string, error) {
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return "", fmt.Errorf("couldn't parse image name %q: %v", image, err)
	}
	if reference.IsNameOnly(named) {
		return image + ":latest", nil
	}
	return image, nil
}

func (l *Local) imageChecked(o *Observed, e EnsureImage, f Failure) {
	m := o.remembered(e.UID)
	if f.Level > 0 {
		f.At = l.Now()
		if old := m.Images[e.Container]; old.Image == e.Image {
			f.Level = min(old.Level+1, maxBackoffLevel)
		}
	}
	if m.Images == nil {
		m.Images = map[string]ImageCheck{}
	}
	m.Images[e.Container] = ImageCheck{Image: e.Image, Attempt: e.Attempt, Failure: f}
}
