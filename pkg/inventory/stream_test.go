package inventory

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
)

// everything asks to list by watching.
func everything() metav1.ListOptions {
	yes := true
	return metav1.ListOptions{SendInitialEvents: &yes}
}

// fed is a feed of what source sends.
func fed(t *testing.T, source watch.Interface, options metav1.ListOptions) (*feed, watch.Interface) {
	t.Helper()
	f := &feed{what: "Pods", unknown: "which of them are Ready", maxAge: maxAge, now: time.Now, log: logr.Discard()}
	w, err := f.watching(func(context.Context, metav1.ListOptions) (watch.Interface, error) { return source, nil })(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	return f, w
}

func bookmark(annotations map[string]string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Annotations: annotations}}
}

func TestAListByWatchingIsCompleteAfterItsBookmark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := watch.NewFake()
		f, w := fed(t, source, everything())
		steps := []struct {
			name string
			send func()
			lags bool
		}{
			{"nothing was sent", func() {}, true},
			{"a Pod", func() { source.Add(&corev1.Pod{}) }, true},
			{"any bookmark", func() { source.Action(watch.Bookmark, bookmark(nil)) }, true},
			{"the bookmark after the last Pod", func() {
				source.Action(watch.Bookmark, bookmark(map[string]string{metav1.InitialEventsAnnotationKey: "true"}))
			}, false},
			{"a Pod that changes", func() { source.Modify(&corev1.Pod{}) }, false},
		}
		for i, step := range steps {
			go step.send()
			if i > 0 {
				<-w.ResultChan()
			}
			time.Sleep(time.Minute)
			if lags := f.lag(time.Now()) > 0; lags != step.lags {
				t.Errorf("after %s: behind is %v, want %v", step.name, lags, step.lags)
			}
		}
		w.Stop()
		time.Sleep(time.Second)
		if f.lag(time.Now()) != time.Second {
			t.Errorf("a second after its end it is behind by %s", f.lag(time.Now()))
		}
	})
}

func TestAWatchThatIsStoppedIsNotReadToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := watch.NewRaceFreeFake()
		f, w := fed(t, source, metav1.ListOptions{})
		for range 10 {
			source.Add(&corev1.Pod{})
		}
		synctest.Wait()
		w.Stop()
		w.Stop()
		synctest.Wait()
		if _, more := <-w.ResultChan(); more {
			t.Error("it hands on what nobody waits for")
		}
		if f.behind.Load() == nil {
			t.Error("it is taken to be open")
		}
	}) // a goroutine that is left would end the test with a panic
}

func TestAWatchThatWasStoppedDoesNotCountAsOpenLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := watch.NewFake()
		f, w := fed(t, source, everything())
		w.Stop()
		s, ok := w.(*stream)
		if !ok {
			t.Fatalf("a %T", w)
		}
		f.opened(s) // as when its bookmark was handed on at the same moment
		if f.behind.Load() == nil {
			t.Error("nothing would ever say again that it is out of date")
		}
	})
}

func TestAnAPIServerThatCannotListByWatchingIsNoTrouble(t *testing.T) {
	cases := map[string]struct {
		err     error
		trouble bool
	}{
		"it does not know how": {apierrors.NewInvalid(schema.GroupKind{Kind: "ListOptions"}, "", nil), false},
		"it cannot understand": {apierrors.NewBadRequest("unknown"), false},
		"it may not":           {apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "", errBadKey), true},
		"it is not there":      {apierrors.NewInternalError(errBadKey), true},
		"it has forgotten":     {apierrors.NewResourceExpired("too old"), false},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			f := &feed{what: "Pods", now: time.Now, log: logr.Discard()}
			refuse := func(context.Context, metav1.ListOptions) (watch.Interface, error) { return nil, test.err }
			if _, err := f.watching(refuse)(t.Context(), everything()); err == nil {
				t.Error("the informer would not hear of it")
			}
			if got := f.why.Load() != nil; got != test.trouble {
				t.Errorf("trouble = %v, want %v", got, test.trouble)
			}
		})
	}
}

func TestAPageIsNotTheWholeList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &feed{what: "Pods", now: time.Now, log: logr.Discard()}
		next := "more"
		list := f.listing(func(context.Context, metav1.ListOptions) (runtime.Object, error) {
			return &corev1.PodList{ListMeta: metav1.ListMeta{Continue: next}}, nil
		})
		ask := func() time.Duration {
			t.Helper()
			if _, err := list(t.Context(), metav1.ListOptions{}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			return f.lag(time.Now())
		}
		if got := ask() + ask(); got != 3*time.Second {
			t.Errorf("pages make it younger: %s", got)
		}
		next = ""
		if got := ask(); got != time.Second {
			t.Errorf("the last page leaves it %s behind", got)
		}
	})
}

func TestRefusalsOfBothCallsInTurnAreLoggedOnceEach(t *testing.T) {
	lines := 0
	f := &feed{what: "Pods", now: time.Now, log: funcr.New(func(string, string) { lines++ }, funcr.Options{})}
	refusal := func(verb string) error {
		return apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "", errors.New("cannot "+verb+" resource"))
	}
	watching := f.watching(func(context.Context, metav1.ListOptions) (watch.Interface, error) { return nil, refusal("watch") })
	listing := f.listing(func(context.Context, metav1.ListOptions) (runtime.Object, error) { return nil, refusal("list") })
	for range 10 {
		if _, err := watching(t.Context(), everything()); err == nil {
			t.Fatal("the informer would not hear of it")
		}
		if _, err := listing(t.Context(), metav1.ListOptions{}); err == nil {
			t.Fatal("the informer would not hear of it")
		}
	}
	if lines != 2 {
		t.Errorf("%d lines were logged, want 2", lines)
	}
}
