package query

import (
	"errors"
	"slices"
	"strconv"
	"time"
)

// ErrFunctions is what the service answers to a query that is more than one
// plain metric query: functions and arithmetic belong into formulas.
var ErrFunctions = errors.New("Functions are not supported in metrics data source field. Use the formulas payload.") //nolint:revive,staticcheck // The service's own words.

// Parse reads a metric query. The error is an [*Error] or [ErrFunctions].
func Parse(text string) (Query, error) {
	s := &scanner{text: text}
	q := Query{Aggregator: Avg}
	if err := s.head(&q); err != nil {
		return Query{}, err
	}
	var err error
	if q.Filter, err = parseFilter(s); err != nil {
		return Query{}, err
	}
	if s.word("by") {
		if q.By, err = s.grouping(); err != nil {
			return Query{}, err
		}
	}
	for s.take('.') {
		if err := s.modifier(&q); err != nil {
			return Query{}, err
		}
	}
	switch s.peek() {
	case 0:
		return q, nil
	case '+', '-', '*', '/':
		return Query{}, ErrFunctions
	default:
		return Query{}, s.errorf("unexpected text after the query")
	}
}

// head reads "aggregator:metric{", where the aggregator may be missing.
func (s *scanner) head(q *Query) error {
	name := s.run(metricByte)
	if s.peek() == '(' || name == "" && s.peek() != 0 && s.peek() != '{' {
		return ErrFunctions
	}
	if s.take(':') {
		var ok bool
		if q.Aggregator, ok = aggregator(name); !ok {
			return s.errorf("%q is not one of the aggregators avg, sum, min, max", name)
		}
		name = s.run(metricByte)
	}
	if name == "" || !letter(name[0]) {
		return s.errorf("expected the name of a metric")
	}
	q.Metric = name
	return s.expect('{')
}

func aggregator(name string) (Aggregator, bool) {
	switch a := Aggregator(name); a {
	case Avg, Sum, Min, Max:
		return a, true
	default:
		return "", false
	}
}

// grouping reads "{tag,tag}".
func (s *scanner) grouping() ([]string, error) {
	if err := s.expect('{'); err != nil {
		return nil, err
	}
	var by []string
	for {
		key := s.run(keyByte)
		if key == "" || !letter(key[0]) {
			return nil, s.errorf("expected a tag to group by")
		}
		if slices.Contains(by, key) {
			return nil, s.errorf("grouped twice by %q", key)
		}
		by = append(by, key)
		if !s.take(',') {
			return by, s.expect('}')
		}
	}
}

// modifier reads what follows a "." after the query.
func (s *scanner) modifier(q *Query) error {
	name := s.run(letterOrUnderscore)
	if err := s.expect('('); err != nil {
		return err
	}
	switch {
	case name == "rollup" && q.Rollup == (Rollup{}):
		return s.rollup(q)
	case name == "fill" && q.Fill == FillDefault:
		return s.fill(q)
	default:
		return s.errorf("modifier %q is unknown or repeated", name)
	}
}

func letterOrUnderscore(c byte) bool { return letter(c) || c == '_' }

// rollup reads "avg,30)", "avg)" or "30)".
func (s *scanner) rollup(q *Query) error {
	q.Rollup.Method = Avg
	if !digit(s.peek()) {
		var ok bool
		name := s.run(letterOrUnderscore)
		if q.Rollup.Method, ok = aggregator(name); !ok {
			return s.errorf("%q is not one of the rollup methods avg, sum, min, max", name)
		}
		if !s.take(',') {
			return s.expect(')')
		}
	}
	var err error
	if q.Rollup.Every, err = s.duration(); err != nil {
		return err
	}
	return s.expect(')')
}

// fill reads "null)" or "linear,60)".
func (s *scanner) fill(q *Query) error {
	name := s.run(letterOrUnderscore)
	switch f := Fill(name); f {
	case FillNull, FillZero, FillLast, FillLinear:
		q.Fill = f
	default:
		return s.errorf("%q is not one of the fills null, zero, last, linear", name)
	}
	if s.take(',') {
		var err error
		if q.FillLimit, err = s.duration(); err != nil {
			return err
		}
	}
	return s.expect(')')
}

// duration reads a positive whole number of seconds, at most ten years.
func (s *scanner) duration() (time.Duration, error) {
	const tenYears = 10 * 365 * 24 * 3600
	n, err := strconv.Atoi(s.run(digit))
	if err != nil || n < 1 || n > tenYears {
		return 0, s.errorf("expected a number of seconds from 1 to %d", tenYears)
	}
	return time.Duration(n) * time.Second, nil
}
