package kubelet

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/control"
	"orrery/impl/kubelet/runtime"
)

// Bounds of the feed.
const (
	relistTimeout = time.Minute
	// maxHints is how many changed pods may be waiting to be looked at; what is lost is seen by the next list.
	maxHints = 256
	// rewatch is the pause before the runtime's events are asked for again.
	rewatch = time.Second
)

// feeds keep the local sources fed: the runtime is listed again and again, and a pod of which the runtime tells that it
// changed is looked at at once. The list is the truth, the events are only quick. What pods refer to is read from the API.
func (l *Local) feeds(shell control.Shell) []func(context.Context, func(string, int64, []metav1.Object) error) {
	hints := make(chan string, maxHints)
	connected := make(chan struct{})
	return []func(context.Context, func(string, int64, []metav1.Object) error){
		func(ctx context.Context, list func(string, int64, []metav1.Object) error) {
			l.Connect(list)
			close(connected)
			l.relist(ctx, hints)
		},
		func(ctx context.Context, _ func(string, int64, []metav1.Object) error) {
			<-connected
			l.examine(ctx)
		},
		func(ctx context.Context, _ func(string, int64, []metav1.Object) error) { l.watch(ctx, hints) },
		func(ctx context.Context, _ func(string, int64, []metav1.Object) error) {
			<-connected
			l.refer(ctx, shell.Transport, shell.Log)
		},
		func(ctx context.Context, _ func(string, int64, []metav1.Object) error) {
			<-connected
			l.readManifests(ctx, shell.Log)
		},
	}
}

// readManifests reads the static pods' files again and again.
func (l *Local) readManifests(ctx context.Context, logf func(string, ...any)) {
	if l.Config.Manifests == "" {
		return
	}
	files, told := Manifests{Config: l.Config, Log: logf}, ""
	for ctx.Err() == nil {
		pods, err := files.Read()
		switch {
		case err == nil:
			l.Ask(pods)
			told = ""
		case err.Error() != told && logf != nil:
			told = err.Error()
			logf("the files of static pods cannot be read: %v", err)
		}
		sleep(ctx, l.Config.Relist)
	}
}

func (l *Local) relist(ctx context.Context, hints <-chan string) {
	ticker := time.NewTicker(l.Config.Relist)
	defer ticker.Stop()
	for ctx.Err() == nil {
		listing, cancel := context.WithTimeout(ctx, relistTimeout)
		_ = l.Relist(listing) // the loop has been told that the runtime is down
		cancel()
		for waiting := true; waiting; {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				waiting = false
			case uid := <-hints:
				looking, cancel := context.WithTimeout(ctx, lookTimeout)
				_ = l.Look(looking, uid) // the next list will show it
				cancel()
			}
		}
	}
}

// examine looks at the machine at every heartbeat, and soon again where the runtime did not answer.
func (l *Local) examine(ctx context.Context) {
	for ctx.Err() == nil {
		looking, cancel := context.WithTimeout(ctx, lookTimeout)
		err := l.Examine(looking)
		cancel()
		pause := l.Config.Heartbeat
		if err != nil {
			pause = min(pause, l.Config.Relist)
		}
		sleep(ctx, pause)
	}
}

func (l *Local) watch(ctx context.Context, hints chan<- string) {
	for ctx.Err() == nil {
		_ = l.Runtime.Changes(ctx, func(uid string) {
			select {
			case hints <- uid:
			default:
			}
		})
		sleep(ctx, rewatch)
	}
}

func sleep(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// Pods implements the server's Source.
func (l *Local) Pods() []runtime.Pod {
	l.mu.Lock()
	defer l.mu.Unlock()
	var pods []runtime.Pod
	for _, name := range l.names() {
		pods = append(pods, l.observed[name].Pods...)
	}
	return pods
}

// shellOf is what the loop runs in.
func (l *Local) shellOf(shell control.Shell) control.Shell {
	shell.Perform, shell.Feeds = l.Perform, l.feeds(shell)
	return shell
}
