package inventory

import (
	"crypto/sha256"
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

// templateKey tells one template from another, in less room than its text.
type templateKey [sha256.Size]byte

// key is the hash of all parts, none of which can hold a comma or an equals
// sign.
func (t *template) key() templateKey {
	text := append([]byte(t.namespace+","+t.labels.String()), ',')
	for _, c := range t.containers {
		text = append(append(text, ',', ','), c.Name...)
		text = strconv.AppendInt(append(text, '='), int64(c.Request), 10)
	}
	return sha256.Sum256(text)
}

// templates are those of the Pods that are kept; one that no Pod has any more
// is forgotten. The zero value has none.
type templates struct {
	mu    sync.Mutex
	byKey map[templateKey]weak.Pointer[template]
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
		s.byKey = map[templateKey]weak.Pointer[template]{}
	}
	s.byKey[key] = weak.Make(t)
	runtime.AddCleanup(t, s.forget, key)
	return t
}

// forget drops a template that is gone, unless another took its place.
func (s *templates) forget(key templateKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byKey[key].Value() == nil {
		delete(s.byKey, key)
	}
}
