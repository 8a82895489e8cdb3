package defaults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/stage"
)

// look is what was seen of a workload at one moment: what its HPA gets, and
// how many replicas it has made of that.
type look struct {
	stage.Answer
	replicas int // 0 where nobody could tell
}

// diary is what was seen of each workload, every second.
type diary struct {
	mu    sync.Mutex
	looks map[string][]look // by namespace/name
}

// follow looks at the workloads until the end of the test, through the API
// server as the HPA does, and tells what it sees every 15 seconds. It never
// asks twice, so an answer that fails is seen.
func follow(t *testing.T, s *stage.Stage, workloads []stage.Workload) *diary {
	t.Helper()
	d := &diary{looks: map[string][]look{}}
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	t.Cleanup(func() { stop(); all.Wait() })
	for _, w := range workloads {
		all.Go(func() {
			ticker := time.NewTicker(time.Second)
			defer ticker.Stop()
			for i := 0; ctx.Err() == nil; i++ {
				l := lookAt(ctx, s, w)
				if ctx.Err() != nil {
					return
				}
				d.add(w, l)
				if i%15 == 0 {
					t.Logf("%s: %.150s", name(w), l)
				}
				select {
				case <-ctx.Done():
				case <-ticker.C:
				}
			}
		})
	}
	return d
}

func lookAt(ctx context.Context, s *stage.Stage, w stage.Workload) look {
	client := s.Cluster.Client()
	l := look{Answer: stage.ReadFrom(ctx, client.RESTClient(), w.Namespace, stage.Max, w.Selector())}
	if d, err := client.AppsV1().Deployments(w.Namespace).Get(ctx, w.Name, metav1.GetOptions{}); err == nil {
		l.replicas = int(*d.Spec.Replicas)
	}
	return l
}

// String is the look for a log.
func (l look) String() string {
	if !l.OK() {
		return fmt.Sprintf("%d replicas, %s", l.replicas, l.Answer)
	}
	text := fmt.Sprintf("%d replicas, %.1f from %s", l.replicas, l.Value(), l.Label("source"))
	if adjusted := l.Label("adjusted"); adjusted != "" {
		text += fmt.Sprintf(", %s %s from %s", adjusted, l.Label("reason"), l.Label("measured"))
	}
	return text
}

func (d *diary) add(w stage.Workload, l look) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.looks[name(w)] = append(d.looks[name(w)], l)
}

// since are the looks from a moment on, oldest first.
func (d *diary) since(w stage.Workload, moment time.Time) []look {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := d.looks[name(w)]
	first, _ := slices.BinarySearchFunc(all, moment, func(l look, m time.Time) int { return l.At.Compare(m) })
	return slices.Clone(all[first:])
}

// newest is the last look.
func (d *diary) newest(w stage.Workload) (look, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := d.looks[name(w)]
	if len(all) == 0 {
		return look{}, errors.New("not seen yet")
	}
	return all[len(all)-1], nil
}

// turned is how long after a moment the answers about a workload first came
// from a source.
func (d *diary) turned(w stage.Workload, moment time.Time, source string) (time.Duration, error) {
	looks := d.since(w, moment)
	for _, l := range looks {
		if l.Label("source") == source {
			return l.At.Add(l.Took).Sub(moment), nil
		}
	}
	if len(looks) == 0 {
		return 0, fmt.Errorf("%s: not seen since", name(w))
	}
	return 0, fmt.Errorf("%s: no answer comes from %s: %s", name(w), source, looks[len(looks)-1])
}

// name is that of a workload in the whole cluster.
func name(w stage.Workload) string { return w.Namespace + "/" + w.Name }
