package soak

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/stage"
	"github.com/crest-hpa/crest/test/world"
)

const (
	// lookEvery is the time between two answers of a workload, and between
	// two looks at how it truly is.
	lookEvery   = 400 * time.Millisecond
	scrapeEvery = 2 * time.Second
)

// watcher notes what happens on a stage.
type watcher struct {
	stage     *stage.Stage
	namespace string
	workloads []Workload
	scraper   *scraper
	journal   *journal
}

// watch notes until the context ends.
func (w *watcher) watch(ctx context.Context) {
	var all sync.WaitGroup
	for _, workload := range w.workloads {
		all.Go(func() { every(ctx, lookEvery, func() { w.read(ctx, workload) }) })
	}
	all.Go(func() { every(ctx, lookEvery, func() { w.look(ctx) }) })
	all.Go(func() { every(ctx, scrapeEvery, func() { w.scrape(ctx) }) })
	all.Wait()
}

// every does something again and again until the context ends.
func every(ctx context.Context, pause time.Duration, do func()) {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		do()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// read notes one answer.
func (w *watcher) read(ctx context.Context, workload Workload) {
	got := w.stage.Read(ctx, w.namespace, stage.Max, workload.on(w.namespace).Selector())
	if ctx.Err() != nil {
		return
	}
	a := answerOf(workload.Name, got)
	if a.OK() {
		a.World = w.bounds(a)
	}
	w.journal.answer(a)
}

// answerOf is what is checked of an answer.
func answerOf(workload string, got stage.Answer) Answer {
	a := Answer{
		Workload: workload, At: got.At, Done: got.At.Add(got.Took),
		Code: got.Code, Message: got.Message, Items: len(got.Items),
	}
	if !got.OK() {
		return a
	}
	a.Source, a.Container = got.Label("source"), got.Label("container")
	a.Adjusted, a.Held = got.Label("adjusted"), got.Label("reason")
	a.Measured = got.Value()
	if measured, err := strconv.ParseFloat(got.Label("measured"), 64); err == nil {
		a.Measured = measured
	}
	a.End = got.Items[0].Timestamp.Time
	a.Begin = a.End
	if window := got.Items[0].WindowSeconds; window != nil {
		a.Begin = a.End.Add(-time.Duration(*window) * time.Second)
	}
	return a
}

// bounds are what the source of an answer could have measured.
func (w *watcher) bounds(a Answer) Bounds {
	from, to := a.span()
	if a.Source == "metrics-server" {
		return boundsOfSights(w.journal.sights(a.Workload, from, to), a.Container == "")
	}
	var tracks []*world.Track
	for _, t := range w.stage.World.Tracks(from, to) {
		if t.Namespace == w.namespace && t.Owner.Name == a.Workload {
			tracks = append(tracks, t)
		}
	}
	return boundsOfTracks(tracks, from, to)
}

// look notes how all workloads truly are.
func (w *watcher) look(ctx context.Context) {
	replicas, err := w.replicas(ctx)
	if err != nil {
		return // the next look will tell
	}
	now := time.Now()
	for _, workload := range w.workloads {
		truth, err := w.stage.World.Truth(now, w.namespace, workload.Name)
		if err != nil {
			continue
		}
		w.journal.sight(Sight{
			Workload: workload.Name, At: now,
			Load: float64(truth.Load / perPod), Replicas: replicas[workload.Name],
			Pods: truth.Pods, Serving: truth.Serving,
			Max: float64(truth.Max), Average: float64(truth.PodAverage),
		})
	}
}

// replicas is how many Pods each workload is told to have.
func (w *watcher) replicas(ctx context.Context) (map[string]int, error) {
	replicas := map[string]int{}
	apps := w.stage.Cluster.Client().AppsV1()
	deployments, err := apps.Deployments(w.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing the Deployments: %w", err)
	}
	for i := range deployments.Items {
		replicas[deployments.Items[i].Name] = int(*deployments.Items[i].Spec.Replicas)
	}
	sets, err := apps.StatefulSets(w.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing the StatefulSets: %w", err)
	}
	for i := range sets.Items {
		replicas[sets.Items[i].Name] = int(*sets.Items[i].Spec.Replicas)
	}
	return replicas, nil
}

// scrape notes what the adapter says of itself; nothing while it is away.
func (w *watcher) scrape(ctx context.Context) {
	if s, err := w.scraper.scrape(ctx); err == nil {
		w.journal.scrape(s)
	}
}
