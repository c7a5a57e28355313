package kubelet

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/kubelet/logs"
	"orrery/impl/kubelet/runtime"
)

// Upstream: pkg/kubelet/container/runtime.go.
const (
	maxMessage      = 4 << 10
	maxMessageLogs  = 2 << 10
	maxMessageLines = 80
)

// lastWords fills in the termination messages of the containers that have ended. Each is read once.
func (l *Local) lastWords(pod *runtime.Pod) {
	if !l.Disk {
		return
	}
	for i := range pod.Containers {
		c := &pod.Containers[i]
		if c.State != runtime.Exited {
			continue
		}
		l.mu.Lock()
		message, known := l.messages[c.ID]
		l.mu.Unlock()
		if !known {
			message = l.readMessage(PodRef{pod.Namespace, pod.Name, types.UID(pod.UID)}, c)
			l.mu.Lock()
			l.messages[c.ID] = message
			l.mu.Unlock()
		}
		if message != "" {
			c.Message = message
		}
	}
}

func (l *Local) readMessage(ref PodRef, c *runtime.Container) string {
	if c.Annotations[runtime.AnnotationMessagePath] == "" {
		return ""
	}
	message := readHead(l.Config.messageFile(ref.UID, c.Name, c.Attempt))
	if message != "" || c.ExitCode == 0 || c.Annotations[runtime.AnnotationMessagePolicy] != string(corev1.TerminationMessageFallbackToLogsOnError) {
		return message
	}
	file, err := os.Open(filepath.Join(l.Config.LogDir(ref), c.LogPath))
	if err != nil {
		return ""
	}
	defer file.Close()
	var b strings.Builder
	tail := int64(maxMessageLines)
	limit := int64(maxMessageLogs)
	if err := logs.Copy(&b, file, logs.Options{TailLines: &tail, LimitBytes: &limit}); err != nil {
		return ""
	}
	return b.String()
}

func readHead(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxMessage))
	if err != nil {
		return ""
	}
	return string(data)
}
