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
	// maxMessages is shared by the containers of a pod.
	maxMessages = 12 << 10
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
		switch {
		case message == "":
		case c.Message == "":
			c.Message = message
		default:
			c.Message += ": " + message
		}
	}
}

// readMessage is what a container has written where its spec says, or the end of its log if it has failed, has written nothing, and its policy
// says so. What is no text is replaced: the API would not keep it as it is.
func (l *Local) readMessage(ref PodRef, c *runtime.Container) string {
	message := ""
	if c.Annotations[runtime.AnnotationMessagePath] != "" {
		message = readTail(l.Config.messageFile(ref.UID, c.Name, c.Attempt), maxMessage)
	}
	if message == "" && c.ExitCode != 0 && c.Annotations[runtime.AnnotationMessagePolicy] == string(corev1.TerminationMessageFallbackToLogsOnError) {
		message = lastOfLog(filepath.Join(l.Config.LogDir(ref), c.LogPath))
	}
	return strings.ToValidUTF8(message, "\uFFFD")
}

// readTail is the end of a file, empty if it cannot be read.
//
// Upstream: shows an error in its place; here what the runtime says of the container stands alone.
func readTail(path string, limit int64) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return ""
	} else if _, err := file.Seek(max(info.Size()-limit, 0), io.SeekStart); err != nil {
		return ""
	}
	data, err := io.ReadAll(io.LimitReader(file, limit))
	if err != nil {
		return ""
	}
	return string(data)
}

// lastOfLog is the end of a container's log.
func lastOfLog(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	var end tail
	lines := int64(maxMessageLines)
	if err := logs.Copy(&end, file, logs.Options{TailLines: &lines}); err != nil {
		return ""
	}
	return string(end)
}

// tail keeps the last bytes of what is written to it.
type tail []byte

func (t *tail) Write(p []byte) (int, error) {
	*t = append(*t, p...)
	*t = (*t)[max(len(*t)-maxMessageLogs, 0):]
	return len(p), nil
}
