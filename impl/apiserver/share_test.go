package apiserver

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/impl/apiserver/request"
)

// Goal: whoever asks is answered by a read that began after he asked, and those who ask while one is under way share the
// next. Method: reads that end only when the test lets them.
func TestSharedReadsBeginAfterTheyWereAskedFor(t *testing.T) {
	begun, end := make(chan int), make(chan struct{})
	number := 0
	s := &shared{keys: map[string]*reads{}, read: func(string) request.Answer {
		number++ // reads of one key never overlap
		begun <- number
		<-end
		return request.Answer{Revision: int64(number)}
	}}
	first := s.join("/a")
	require.Equal(t, 1, <-begun)
	second, third := s.join("/a"), s.join("/a")
	require.NotSame(t, first, second, "a read that has begun answers nobody who comes later")
	require.Same(t, second, third)

	end <- struct{}{}
	<-first.done
	require.EqualValues(t, 1, first.answer.Revision)
	require.Equal(t, 2, <-begun)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.get(canceled, "/a").Err, context.Canceled)
	end <- struct{}{}
	<-second.done
	require.EqualValues(t, 2, second.answer.Revision)
	require.Equal(t, 3, <-begun, "he who gave up had asked too")
	end <- struct{}{}
}

// Goal: the same under load, over several keys. Method: the store is a counter that only grows; an answer is never below
// what the counter was when it was asked for.
func TestSharedReadsAreFresh(t *testing.T) {
	const askers, times = 16, 200
	var counter atomic.Int64
	s := &shared{keys: map[string]*reads{}, read: func(string) request.Answer { return request.Answer{Revision: counter.Load()} }}
	var asking sync.WaitGroup
	for i := range askers {
		asking.Go(func() {
			for range times {
				before := counter.Add(1)
				if got := s.get(t.Context(), fmt.Sprint("/", i%2)).Revision; got < before {
					t.Errorf("got %d, asked at %d", got, before)
				}
			}
		})
	}
	asking.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	require.LessOrEqual(t, len(s.keys), 2)
}
