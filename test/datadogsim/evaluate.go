package datadogsim

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim/query"
)

// answer is the answer to a request before it becomes JSON.
type answer struct {
	times []int64 // the start of each bucket, Unix milliseconds, ascending
	rows  []row
	// rowMissing leaves the values of the last row out.
	rowMissing bool
}

// row is one series of an answer; cells[i] belongs to times[i].
type row struct {
	tags  []string // "key:value"
	query int
	unit  string // JSON
	cells []cell
}

// cell is a value, or null if it is not ok.
type cell struct {
	value float64
	ok    bool
}

// evaluation answers one request. Queries that differ only in how they
// aggregate in space share the work of the rollup.
type evaluation struct {
	request request
	window  window
	sources []*source
	rolled  map[rollupKey]map[*source][]float64
}

type rollupKey struct {
	metric string
	rollup query.Rollup
	fill   query.Fill
	limit  time.Duration
}

// group is a series under construction.
type group struct {
	key     string
	tags    []string
	buckets []bucket
}

// evaluate computes every query; times are sparse: only the moments at which
// some series has a value.
func (e *evaluation) evaluate() answer {
	e.rolled = make(map[rollupKey]map[*source][]float64)
	perQuery := make([][]*group, len(e.request.queries))
	grids := make([]grid, len(e.request.queries))
	seen := make(map[int64]bool)
	for i, q := range e.request.queries {
		grids[i] = newGrid(e.request, q)
		perQuery[i] = e.groups(q, grids[i])
		for _, g := range perQuery[i] {
			for b := range g.buckets {
				if g.buckets[b].n > 0 {
					seen[grids[i].start(b).UnixMilli()] = true
				}
			}
		}
	}
	var a answer
	for at := range seen {
		a.times = append(a.times, at)
	}
	slices.Sort(a.times)
	for i, q := range e.request.queries {
		for _, g := range perQuery[i] {
			a.rows = append(a.rows, g.row(i, q, grids[i], a.times))
		}
	}
	return a
}

// groups filters, rolls up, groups and aggregates for one query.
func (e *evaluation) groups(q query.Query, g grid) []*group {
	m, known := metrics[q.Metric]
	if !known {
		return nil
	}
	rollup := e.rollup(q, g, m)
	matches := e.matcher(q.Filter)
	byKey := make(map[string]*group)
	var key []byte
	for _, s := range e.sources {
		if !matches(s) {
			continue
		}
		values := rollup(s)
		if values == nil {
			continue
		}
		key = groupKey(key[:0], s, q.By)
		found := byKey[string(key)]
		if found == nil {
			found = newGroup(string(key), g.n)
			byKey[found.key] = found
		}
		for b, v := range values {
			if !math.IsNaN(v) {
				found.buckets[b].add(v)
			}
		}
	}
	groups := make([]*group, 0, len(byKey))
	for _, found := range byKey {
		groups = append(groups, found)
	}
	slices.SortFunc(groups, func(a, b *group) int { return cmp.Compare(a.key, b.key) })
	return groups
}

// rollup rolls a source up, once for all queries that want the same.
func (e *evaluation) rollup(q query.Query, g grid, m metric) func(*source) []float64 {
	key := rollupKey{q.Metric, q.Rollup, q.Fill, q.FillLimit}
	if e.rolled[key] == nil {
		e.rolled[key] = make(map[*source][]float64)
	}
	known := e.rolled[key]
	return func(s *source) []float64 {
		values, ok := known[s]
		if !ok {
			values = g.rollup(e.window, s, m, q.Rollup.Method)
			if values != nil && q.Fill != query.FillNull {
				g.fill(values, q)
			}
			known[s] = values
		}
		return values
	}
}

// matcher remembers what the filter said of a combination of tags: a thousand
// workloads in a filter would else be compared with every container.
func (e *evaluation) matcher(f query.Filter) func(*source) bool {
	if f == nil {
		return func(*source) bool { return true }
	}
	keys := query.Keys(f)
	known := make(map[string]bool)
	var combination []byte
	return func(s *source) bool {
		combination = groupKey(combination[:0], s, keys)
		match, ok := known[string(combination)]
		if !ok {
			match = f.Match(s.tag)
			known[string(combination)] = match
		}
		return match
	}
}

// separator stands between the tags of a key; no tag contains it.
const separator = "\x00"

// groupKey appends "key:value" for each key. A series without the tag belongs
// to the group N/A.
func groupKey(into []byte, s *source, keys []string) []byte {
	for i, key := range keys {
		if i > 0 {
			into = append(into, separator...)
		}
		value, ok := s.tag(key)
		if !ok {
			value = "N/A"
		}
		into = append(append(append(into, key...), ':'), value...)
	}
	return into
}

func newGroup(key string, buckets int) *group {
	g := &group{key: key, tags: []string{}, buckets: make([]bucket, buckets)}
	if key != "" {
		g.tags = strings.Split(key, separator)
	}
	return g
}

// row reads the group's buckets at the times of the answer.
func (g *group) row(index int, q query.Query, buckets grid, times []int64) row {
	r := row{tags: g.tags, query: index, unit: metrics[q.Metric].unit, cells: make([]cell, len(times))}
	for i, at := range times {
		offset := time.UnixMilli(at).Sub(buckets.first)
		b := int(offset / buckets.width)
		if offset < 0 || offset%buckets.width != 0 || b >= len(g.buckets) || g.buckets[b].n == 0 {
			continue
		}
		r.cells[i] = cell{g.buckets[b].value(q.Aggregator), true}
	}
	return r
}
