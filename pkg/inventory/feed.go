package inventory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// feed is how objects of one sort are followed: by a list, and then by a watch,
// which the API server ends every few minutes and the informer opens again. An
// informer goes on with the objects that it saw last, whatever becomes of its
// calls; the feed knows since when these may be out of date, and why. A
// connection that has died counts too: client-go's HTTP/2 health check ends the
// watches on it within 45 s.
type feed struct {
	// what is followed, such as "Pods"; unknown is what is not known without
	// them, such as "which of them are Ready".
	what, unknown string
	// maxAge is for how long objects are believed that may be out of date.
	maxAge time.Duration
	now    func() time.Time
	log    logr.Logger

	// why the last call failed; nil if it did not.
	why atomic.Pointer[string]
	// behind is since when changes may have been missed; nil while a watch
	// tells of them, and before the first call.
	behind atomic.Pointer[time.Time]

	// mu serializes all changes. open is the watch that tells of changes, if
	// there is one; said is what was logged since one was, by the call.
	mu   sync.Mutex
	open *stream
	said map[string]string
}

func newFeed(o *Options, what, unknown string) *feed {
	return &feed{what: what, unknown: unknown, maxAge: o.MaxAge, now: o.Now, log: o.Log}
}

// listWatch makes of a client's calls what an informer follows. client says
// whether it can list by watching (KEP-3157), which fakes cannot.
func (f *feed) listWatch(list cache.ListWithContextFunc, watch cache.WatchFuncWithContext, client any) cache.ListerWatcher {
	return cache.ToListWatcherWithWatchListSemantics(&cache.ListWatch{
		ListWithContextFunc:  f.listing(list),
		WatchFuncWithContext: f.watching(watch),
	}, client)
}

func (f *feed) listing(list cache.ListWithContextFunc) cache.ListWithContextFunc {
	return func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		var asked time.Time
		var objects runtime.Object
		err := f.reach(ctx, "listing", func() (err error) {
			asked = f.now()
			f.ask(asked)
			objects, err = list(ctx, options)
			return err
		})
		if err != nil {
			f.fail(ctx, "listing", err)
			return nil, err
		}
		if page, err := meta.ListAccessor(objects); err == nil && page.GetContinue() == "" && ctx.Err() == nil {
			f.listed(asked)
		}
		return objects, nil
	}
}

func (f *feed) watching(open cache.WatchFuncWithContext) cache.WatchFuncWithContext {
	return func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
		var w watch.Interface
		err := f.reach(ctx, "watching", func() (err error) {
			f.ask(f.now())
			w, err = open(ctx, options)
			return err
		})
		initial := options.SendInitialEvents != nil && *options.SendInitialEvents
		switch {
		case err != nil && initial && (apierrors.IsInvalid(err) || apierrors.IsBadRequest(err)):
			return nil, err // an old API server cannot do this; the informer lists next
		case err != nil:
			f.fail(ctx, "watching", err)
			return nil, err
		}
		return f.stream(w, !initial), nil
	}
}

// ask notes when the first call was made: nothing is known since then.
func (f *feed) ask(at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open == nil {
		f.behind.CompareAndSwap(nil, &at)
	}
}

// listed notes that all objects are known as they were when they were asked for.
func (f *feed) listed(asked time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open == nil {
		f.behind.Store(&asked)
	}
}

// opened notes that a watch tells of changes from now on.
func (f *feed) opened(s *stream) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.isStopped() {
		return
	}
	f.open = s
	f.behind.Store(nil)
	f.said = nil
	if f.why.Swap(nil) != nil {
		f.log.Info("The API server lets Crest follow the cluster again", "what", f.what)
	}
}

// ended notes that a watch tells of no more changes.
func (f *feed) ended(s *stream) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open == s {
		now := f.now()
		f.open = nil
		f.behind.Store(&now)
	}
}

// forget is for a kind that is not served any more: nothing is missed of it.
func (f *feed) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open, f.said = nil, nil
	f.behind.Store(nil)
	f.why.Store(nil)
}

// fail notes why a call failed. It is logged when it begins and when it
// changes; an informer makes two sorts of calls in turn. A connection that ends, and a version that the API server does not
// remember, are not worth it: the informer asks again.
func (f *feed) fail(ctx context.Context, verb string, err error) {
	if ctx.Err() != nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		return
	}
	why := fmt.Sprintf("%s %s fails: %v", verb, f.what, err)
	if apierrors.IsForbidden(err) {
		why += `; let Crest's ServiceAccount "list" and "watch" them`
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.why.Store(&why)
	if f.said[verb] == why {
		return
	}
	if f.said == nil {
		f.said = map[string]string{}
	}
	f.said[verb] = why
	f.log.Info("The API server does not let Crest follow the cluster", "what", f.what, "error", err.Error())
}

// pending says why there is no list yet.
func (f *feed) pending() string {
	if why := f.why.Load(); why != nil {
		return *why
	}
	return f.what + " are being listed"
}

// stale says why what was seen last is not believed any more; it is empty
// while it is.
func (f *feed) stale(now time.Time) string {
	behind := f.behind.Load()
	if behind == nil || now.Sub(*behind) <= f.maxAge {
		return ""
	}
	why := "the API server does not answer; can it be reached from Crest's Pod"
	if said := f.why.Load(); said != nil {
		why = *said
	}
	return fmt.Sprintf("Crest has not been able to follow %s since %s (%s), so it is not known %s, and the HPA keeps its replicas; %s",
		f.what, behind.UTC().Format(time.RFC3339), now.Sub(*behind).Round(time.Second), f.unknown, why)
}

// lag is for how long changes may have been missed; 0 while a watch is open.
func (f *feed) lag(now time.Time) time.Duration {
	if behind := f.behind.Load(); behind != nil {
		return max(0, now.Sub(*behind))
	}
	return 0
}
