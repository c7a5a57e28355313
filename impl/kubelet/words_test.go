package kubelet

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"orrery/impl/kubelet/runtime"
	"orrery/impl/kubelet/runtime/fake"
)

// Goal: the last words of a container are what upstream's policies and limits make of its file and its log. Method: files as a runtime and a
// process leave them, and an exited container.
func TestLastWords(t *testing.T) {
	lines := func(n int, text string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "2026-01-01T00:00:00Z stderr F %s%d\n", text, i)
		}
		return b.String()
	}
	const file, fallback = corev1.TerminationMessageReadFile, corev1.TerminationMessageFallbackToLogsOnError
	for _, c := range []struct {
		name, message, log string
		path               string
		policy             corev1.TerminationMessagePolicy
		code               int32
		runtime            string
		want               string
	}{
		{"what was written", "bye", lines(1, "log"), "/dev/termination-log", file, 1, "", "bye"},
		{"nothing was", "", lines(1, "log"), "/dev/termination-log", file, 1, "", ""},
		{"the log of one that failed", "", lines(2, "log"), "/dev/termination-log", fallback, 1, "", "log0\nlog1\n"},
		{"the log of one that has no file", "", lines(1, "log"), "", fallback, 1, "", "log0\n"},
		{"not of one that ended well", "", lines(1, "log"), "/dev/termination-log", fallback, 0, "", ""},
		{"nor of one that has said something", "bye", lines(1, "log"), "/dev/termination-log", fallback, 1, "", "bye"},
		{"there is no log", "", "", "/dev/termination-log", fallback, 1, "", ""},
		{"after what the runtime says", "bye", "", "/dev/termination-log", file, 1, "out of memory", "out of memory: bye"},
		{"4096 bytes from the end", "x" + strings.Repeat("y", 4096), "", "/dev/termination-log", file, 1, "", strings.Repeat("y", 4096)},
		{"80 lines", "", lines(100, ""), "/dev/termination-log", fallback, 1, "", numbers(20, 100)},
		{"2048 bytes of them from the end", "", lines(1, "x"+strings.Repeat("y", 2046)), "/dev/termination-log", fallback, 1, "", strings.Repeat("y", 2046) + "0\n"},
		{"what is no text", "a\xff\xfeb", "", "/dev/termination-log", file, 1, "", "a\uFFFDb"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := Defaults
			cfg.RootDir, cfg.LogsDir = t.TempDir(), t.TempDir()
			local := &Local{Config: cfg, Runtime: fake.New(epoch), Now: func() time.Time { return epoch }, Disk: true}
			local.Connect(nil)
			ref := PodRef{"default", "web", "u"}
			one := runtime.Container{ID: "x", Name: "app", State: runtime.Exited, ExitCode: c.code, LogPath: "app/0.log", Message: c.runtime,
				Annotations: map[string]string{runtime.AnnotationMessagePath: c.path, runtime.AnnotationMessagePolicy: string(c.policy)}}
			put := func(path, text string) {
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
				require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
			}
			if c.log != "" {
				put(filepath.Join(cfg.LogDir(ref), one.LogPath), c.log)
			}
			if c.path != "" {
				put(cfg.messageFile(ref.UID, "app", 0), c.message)
			}
			for range 2 { // the second look finds the words that the first has read
				pod := runtime.Pod{UID: "u", Namespace: "default", Name: "web", Containers: []runtime.Container{one}}
				local.lastWords(&pod)
				require.Equal(t, c.want, pod.Containers[0].Message)
			}
		})
	}
}

func numbers(from, to int) (text string) {
	for i := from; i < to; i++ {
		text += fmt.Sprintln(i)
	}
	return text
}

// Goal: the containers of a pod share 12 KiB for their last words. Method: pods of one and of four containers whose words are longer than a
// quarter, and of a character that a cut would go through.
func TestLastWordsAreShared(t *testing.T) {
	for _, c := range []struct {
		more    string
		message string
		want    int
	}{
		{"", strings.Repeat("x", 4096), 4096},
		{", {name: b}, {name: c}, {name: d}", strings.Repeat("x", 4096), 3072},
		{", {name: b}, {name: c}, {name: d}", "x" + strings.Repeat("\u00e9", 2000), 3071},
	} {
		pod := podFrom(t, "{metadata: {uid: u}, spec: {restartPolicy: Never, containers: [{name: app}"+c.more+"]}}")
		one := attempt(pod, 0, runtime.Exited)
		one.Message = c.message
		status := decide(&Defaults, Input{Pod: pod, Seen: onNode(one)}, epoch).Status
		require.Len(t, status.ContainerStatuses[0].State.Terminated.Message, c.want)
	}
}
