package inventory

import (
	"runtime"
	"strconv"
	"sync"
	"weak"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// template is what the Pods of one ReplicaSet have in common. It is kept once
// for all of them: it is most of what is kept of a Pod, and there may be
// 50,000. It is immutable.
type template struct {
	namespace  string
	labels     labels.Set
	containers []utilization.Container
}

// key tells one template from another: none of its parts can hold a comma or
// an equals sign.
func (t *template) key() string {
	key := append([]byte(t.namespace+","+t.labels.String()), ',')
	for _, c := range t.containers {
		key = append(append(key, ',', ','), c.Name...)
		key = strconv.AppendInt(append(key, '='), int64(c.Request), 10)
	}
	return string(key)
}

// templates are those of the Pods that are kept; one that no Pod has any more
// is forgotten. The zero value has none.
type templates struct {
	mu    sync.Mutex
	byKey map[string]weak.Pointer[template]
}

// share returns the template that is kept already, or keeps this one.
func (s *templates) share(t *template) *template {
	key := t.key()
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept := s.byKey[key].Value(); kept != nil {
		return kept
	}
	if s.byKey == nil {
		s.byKey = map[string]weak.Pointer[template]{}
	}
	s.byKey[key] = weak.Make(t)
	runtime.AddCleanup(t, s.forget, key)
	return t
}

// forget drops a template that is gone, unless another took its place.
func (s *templates) forget(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byKey[key].Value() == nil {
		delete(s.byKey, key)
	}
}
