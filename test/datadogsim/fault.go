package datadogsim

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim/query"
)

// FaultKind is a way in which the service fails its clients.
type FaultKind string

// Faults of the transport. Their scope says which requests are struck: those
// whose filters name the namespace, the workload and the container.
const (
	// Refuse closes the listener; connections are refused. It has no scope.
	Refuse FaultKind = "refuse"
	// Hang accepts a request and never answers.
	Hang FaultKind = "hang"
	// Slow answers after Delay.
	Slow FaultKind = "slow"
	// Reset cuts the connection in the middle of the body.
	Reset FaultKind = "reset"
	// Status answers Code, with Body or with what the service says; a 429
	// announces Delay as the time until its limit is reset, unless that is 0.
	Status FaultKind = "status"
)

// Faults of the body of a 200. Their scope says which requests are struck.
const (
	// ErrorsString answers {"errors": "a string"} and no data.
	ErrorsString FaultKind = "errors-string"
	// ErrorsBesideData adds such a string to a full answer.
	ErrorsBesideData FaultKind = "errors-beside-data"
	// ErrorsArray answers {"errors": ["…"]}, which is the wrong type in a 200.
	ErrorsArray FaultKind = "errors-array"
	// NumbersAsStrings quotes every number.
	NumbersAsStrings FaultKind = "numbers-as-strings"
	// NullData answers {"data": null}.
	NullData FaultKind = "null-data"
	// NoContent answers 204.
	NoContent FaultKind = "no-content"
	// HTMLPage answers the page of some proxy.
	HTMLPage FaultKind = "html-page"
	// Truncated ends the JSON in the middle, and the answer without an error.
	Truncated FaultKind = "truncated"
	// Huge pads the answer with spaces to Size bytes.
	Huge FaultKind = "huge"
)

// Faults of the data. Their scope says which series are struck, in every
// request.
const (
	// Missing leaves the series out.
	Missing FaultKind = "missing"
	// Untagged takes the workload's tags from the series: it reads N/A.
	Untagged FaultKind = "untagged"
	// AgentsGone ends the points of Hosts, or of a Fraction of all hosts, at
	// Since.
	AgentsGone FaultKind = "agents-gone"
	// Frozen ends the points at Since.
	Frozen FaultKind = "frozen"
	// TwoClusters reports every series twice, as two clusters of one name do.
	TwoClusters FaultKind = "two-clusters"
	// Coarser widens the buckets to Width, or four times. It has no scope.
	Coarser FaultKind = "coarser"
	// Empty answers no series at all. It has no scope.
	Empty FaultKind = "empty"
	// Shuffled puts the series in a random order. It has no scope.
	Shuffled FaultKind = "shuffled"
	// Doubled repeats rows.
	Doubled FaultKind = "doubled"
	// Foreign adds rows of namespaces nobody asked for.
	Foreign FaultKind = "foreign"
	// NullTail makes the newest bucket null.
	NullTail FaultKind = "null-tail"
	// NullRows makes whole rows null.
	NullRows FaultKind = "null-rows"
	// Absurd replaces every value by Value: negative, enormous, not a number.
	Absurd FaultKind = "absurd"
	// RowsLong adds a value to rows, beyond the times.
	RowsLong FaultKind = "rows-long"
	// RowsShort takes the newest value from rows.
	RowsShort FaultKind = "rows-short"
	// RowsMissing answers one row of values less than series. It has no scope.
	RowsMissing FaultKind = "rows-missing"
	// TimesInSeconds gives times in seconds. It has no scope.
	TimesInSeconds FaultKind = "times-in-seconds"
	// TimesShifted adds Shift to the times. It has no scope.
	TimesShifted FaultKind = "times-shifted"
	// DateShifted adds Shift to the Date header. It has no scope.
	DateShifted FaultKind = "date-shifted"
)

// Kinds lists every kind of fault.
func Kinds() []FaultKind {
	return []FaultKind{
		Refuse, Hang, Slow, Reset, Status,
		ErrorsString, ErrorsBesideData, ErrorsArray, NumbersAsStrings, NullData, NoContent, HTMLPage, Truncated, Huge,
		Missing, Untagged, AgentsGone, Frozen, TwoClusters, Coarser, Empty, Shuffled, Doubled, Foreign, NullTail,
		NullRows, Absurd, RowsLong, RowsShort, RowsMissing, TimesInSeconds, TimesShifted, DateShifted,
	}
}

// unscoped are the kinds that strike an answer, or the listener, as a whole.
var unscoped = []FaultKind{
	Refuse, Coarser, Empty, Shuffled, RowsMissing, TimesInSeconds, TimesShifted, DateShifted,
}

// ofRequests says whether the scope of a kind is about requests.
func (k FaultKind) ofRequests() bool {
	return slices.Index(Kinds(), k) <= slices.Index(Kinds(), Huge)
}

// Fault is one failure. Faults are composable: all that are set strike, in the
// order in which they were set.
type Fault struct {
	Kind FaultKind
	// Namespace, Workload and Container are the scope; empty fields match all.
	Namespace, Workload, Container string
	// Requests is how many requests are struck before the fault ends by
	// itself; 0 means until [Sim.ClearFaults].
	Requests int

	Code     int           // of Status; 500 if 0
	Body     string        // of Status
	Delay    time.Duration // of Slow and of Status 429
	Size     int           // of Huge; 64 MiB if 0
	Hosts    []string      // of AgentsGone
	Fraction float64       // of AgentsGone
	Since    time.Time     // of AgentsGone and Frozen; when it was set, if zero
	Width    time.Duration // of Coarser
	Value    float64       // of Absurd
	Shift    time.Duration // of TimesShifted and DateShifted
}

// fault is a Fault that is set.
type fault struct {
	Fault
	left int // requests; counts down if Requests > 0
}

func (f Fault) validate() error {
	scoped := f.Namespace != "" || f.Workload != "" || f.Container != ""
	switch {
	case !slices.Contains(Kinds(), f.Kind):
		return fmt.Errorf("datadogsim: no fault is called %q: there are %q", f.Kind, Kinds())
	case scoped && slices.Contains(unscoped, f.Kind):
		return fmt.Errorf("datadogsim: fault %s strikes the whole answer: it takes no namespace, workload or container", f.Kind)
	case f.Kind == Refuse && f.Requests != 0:
		return errors.New("datadogsim: fault refuse cannot count requests: it never sees one")
	case f.Kind == Slow && f.Delay <= 0:
		return errors.New("datadogsim: fault slow needs a delay")
	case f.Kind == AgentsGone && len(f.Hosts) == 0 && (f.Fraction <= 0 || f.Fraction > 1):
		return errors.New("datadogsim: fault agents-gone needs hosts, or a fraction from 0 to 1")
	case f.Requests < 0:
		return errors.New("datadogsim: a fault cannot strike a negative number of requests")
	}
	return nil
}

// SetFault adds faults to those that are set.
func (s *Sim) SetFault(faults ...Fault) error {
	for _, f := range faults {
		if err := f.validate(); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		if f.Since.IsZero() {
			f.Since = s.options.Now()
		}
		s.faults = append(s.faults, &fault{Fault: f, left: f.Requests})
		if f.Kind == Refuse && s.door != nil {
			if err := s.door.shut(); err != nil {
				return err
			}
		}
	}
	return nil
}

// ClearFaults ends every fault. After [Refuse] it listens again at the same
// address, which fails if another process has taken the port.
func (s *Sim) ClearFaults() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
	select {
	case <-s.closed:
		return nil
	default:
	}
	if s.door != nil {
		return s.door.open()
	}
	return nil
}

// strike takes the faults that a request meets.
func (s *Sim) strike(r request) []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	var struck []Fault
	s.faults = slices.DeleteFunc(s.faults, func(f *fault) bool {
		if f.Kind.ofRequests() && !f.mentionedIn(r) {
			return false
		}
		struck = append(struck, f.Fault)
		f.left--
		return f.left == 0
	})
	return struck
}

// mentionedIn says whether a request asks about the scope of the fault.
func (f Fault) mentionedIn(r request) bool {
	for _, name := range []string{f.Namespace, f.Workload, f.Container} {
		if name != "" && !slices.ContainsFunc(r.queries, func(q query.Query) bool { return query.Mentions(q.Filter, name) }) {
			return false
		}
	}
	return true
}

// strikes says whether a series is in the scope of the fault.
func (f Fault) strikes(s *source) bool {
	return (f.Namespace == "" || f.Namespace == s.track.Namespace) &&
		(f.Workload == "" || f.Workload == s.track.Owner.Name) &&
		(f.Container == "" || f.Container == s.track.Container)
}
