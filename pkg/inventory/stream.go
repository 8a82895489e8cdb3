package inventory

import (
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

// stream is a watch that tells its feed from when on, and until when, it tells
// of changes.
type stream struct {
	source watch.Interface
	feed   *feed
	events chan watch.Event

	stop    sync.Once
	stopped chan struct{}
}

// stream passes a watch on. One that begins with all objects (KEP-3157) tells
// of changes only once it has sent them; any other, current, does so at once.
func (f *feed) stream(source watch.Interface, current bool) *stream {
	s := &stream{source: source, feed: f, events: make(chan watch.Event), stopped: make(chan struct{})}
	if current {
		f.opened(s)
	}
	go s.pass()
	return s
}

// ResultChan implements watch.Interface.
func (s *stream) ResultChan() <-chan watch.Event { return s.events }

// Stop implements watch.Interface.
func (s *stream) Stop() {
	s.stop.Do(func() {
		close(s.stopped)
		s.feed.ended(s)
		s.source.Stop()
	})
}

func (s *stream) isStopped() bool {
	select {
	case <-s.stopped:
		return true
	default:
		return false
	}
}

// pass hands the events on until the watch ends or is stopped.
func (s *stream) pass() {
	defer close(s.events)
	defer s.feed.ended(s)
	for event := range s.source.ResultChan() {
		select {
		case s.events <- event:
		case <-s.stopped:
			return
		}
		if completes(event) {
			s.feed.opened(s)
		}
	}
}

// completes says that an event is the bookmark after the last of all objects.
func completes(event watch.Event) bool {
	if event.Type != watch.Bookmark {
		return false
	}
	object, err := meta.Accessor(event.Object)
	return err == nil && object.GetAnnotations()[metav1.InitialEventsAnnotationKey] == "true"
}
