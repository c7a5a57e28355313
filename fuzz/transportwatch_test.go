package fuzz

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"pgregory.net/rapid"

	"orrery/impl/api"
	"orrery/impl/client"
)

// transportWatch is one watch, open on both sides.
//
// Where bookmarks come depends on time, and is not compared, but for the one that ends the initial events. A watch that
// wants none cannot tell when it has seen everything: that is what reference is for, the same watch in process with
// bookmarks, which counts the events that are due.
type transportWatch struct {
	req                      api.Request
	local, remote, reference *reader
	at                       int64 // everything up to here was compared
}

// reader is one stream, and how far it has come.
type reader struct {
	stream client.Stream
	cancel context.CancelFunc
	at     int64 // nothing that comes may be at or below
	begun  bool  // the initial events, which come in the order of keys, are over
}

// watch opens a watch on both sides, and reads what is there to be read.
func (m *transportMachine) watch(t *rapid.T) {
	if len(m.watches) >= mostWatches {
		m.unwatch(t)
	}
	req := m.drawWatch(t)
	m.begin()
	w := &transportWatch{req: req}
	var errs [2]error
	w.local, errs[0] = m.openReader(m.local.server, req)
	w.remote, errs[1] = m.openReader(m.http, req)
	if errs[0] != nil || errs[1] != nil {
		w.close()
		want, got := answerText(api.Response{}, errs[0]), answerText(api.Response{}, errs[1])
		if want != got {
			t.Fatalf("the watches differ: %s\n in process %s\n over HTTP  %s", requestText(req), want, got)
		}
		return
	}
	if !req.Bookmarks {
		marked := req
		marked.Bookmarks = true
		var err error
		if w.reference, err = m.openReader(m.local.server, marked); err != nil {
			t.Fatalf("the reference: %v", err)
		}
	}
	if !w.local.begun {
		w.at = -1
	} else {
		w.at = w.local.at
	}
	m.watches = append(m.watches, w)
	m.catchUp(t)
}

func (m *transportMachine) openReader(transport client.Transport, req api.Request) (*reader, error) {
	running, cancel := context.WithCancel(m.ctx)
	stream, err := transport.Watch(running, req)
	if err != nil {
		cancel()
		return nil, err
	}
	r := &reader{stream: stream, cancel: cancel}
	if after, err := api.ParseResourceVersion(req.ResourceVersion); err == nil && after > 0 && !req.InitialEvents {
		r.at, r.begun = after, true
	}
	return r, nil
}

func (r *reader) close() {
	if r != nil {
		r.stream.Close()
		r.cancel()
	}
}

func (w *transportWatch) close() {
	w.local.close()
	w.remote.close()
	w.reference.close()
}

// unwatch closes one watch.
func (m *transportMachine) unwatch(t *rapid.T) {
	if len(m.watches) == 0 {
		return
	}
	n := rapid.IntRange(0, len(m.watches)-1).Draw(t, "watch")
	m.watches[n].close()
	m.watches = slices.Delete(m.watches, n, n+1)
}

func (m *transportMachine) closeAll() {
	for _, w := range m.watches {
		w.close()
	}
	m.watches = nil
}

// catchUp reads every watch up to the stores' revision, and compares what it was told.
//
// It comes after every request, so that no reader is ever further behind than the caches' window reaches.
func (m *transportMachine) catchUp(t *rapid.T) {
	t.Helper()
	m.watches = slices.DeleteFunc(m.watches, func(w *transportWatch) bool {
		if w.at >= m.revision {
			return false
		}
		want, got, ended := m.deliveries(w)
		if !slices.Equal(want, got) || m.late {
			t.Fatalf("the watches differ: %s up to revision %d\n in process %q\n over HTTP  %q", requestText(w.req), m.revision, want, got)
		}
		w.at = m.revision
		if ended {
			w.close()
		}
		return ended
	})
}

// deliveries reads a watch on both sides up to the stores' revision.
func (m *transportMachine) deliveries(w *transportWatch) (want, got []string, ended bool) {
	if w.reference == nil {
		want, ended = m.read(w.local, m.revision, -1)
		got, _ = m.read(w.remote, m.revision, -1)
		return want, got, ended
	}
	due, ended := m.read(w.reference, m.revision, -1)
	due = slices.DeleteFunc(due, func(text string) bool { return strings.HasPrefix(text, initialEnd) })
	want, _ = m.read(w.local, m.revision, len(due))
	got, _ = m.read(w.remote, m.revision, len(due))
	if !slices.Equal(due, want) {
		want = append(want, fmt.Sprintf("but with bookmarks %q", due))
	}
	return want, got, ended
}

const initialEnd = "the initial events end at "

// read takes events until the stream has come to a revision, or, where most is not negative, until it has taken so many.
// One that does not come is told as an error, and so is what comes where it must not.
func (m *transportMachine) read(r *reader, revision int64, most int) (told []string, ended bool) {
	late := time.AfterFunc(m.within, r.stream.Close)
	defer late.Stop()
	for most < 0 || len(told) < most {
		event, err := r.stream.Recv()
		switch {
		case err != nil && !late.Stop():
			m.late = true
			return append(told, "nothing in time"), true
		case errors.Is(err, io.EOF):
			return append(told, "the end"), true
		case err != nil:
			return append(told, "broken off: "+err.Error()), true
		}
		if status, ok := event.Object.(*metav1.Status); ok {
			told = append(told, fmt.Sprint(event.Type, " ", statusText(*status)))
			continue
		}
		obj, ok := event.Object.(api.Object)
		if !ok {
			return append(told, fmt.Sprintf("%s of a %T", event.Type, event.Object)), true
		}
		at := api.MustResourceVersion(obj)
		if event.Type == watch.Bookmark {
			if at > revision {
				told = append(told, fmt.Sprint("a bookmark ahead of the store, at ", at))
			}
			if obj.GetAnnotations()[metav1.InitialEventsAnnotationKey] != "" {
				told = append(told, fmt.Sprint(initialEnd, at))
			}
			r.at, r.begun = at, true
			if at >= revision {
				return told, false
			}
			continue
		}
		if r.begun && at <= r.at {
			told = append(told, fmt.Sprintf("after revision %d comes", r.at))
		}
		text, err := json.Marshal(obj)
		told = append(told, fmt.Sprintf("%s %T %s %v", event.Type, obj, text, err))
		if r.begun {
			r.at = at
			if at >= revision {
				return told, false
			}
		}
	}
	return told, false
}
