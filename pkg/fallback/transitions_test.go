package fallback_test

import (
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/fallback"
)

// outcome is what a Datadog collection meant, at the edge of what counts.
type outcome struct {
	name   string
	before func(*fallback.State)
	seen   fallback.Observation
}

// outcomes are all of them. A good sample is at most half of maxAge old, or a
// moment more, and so late.
var outcomes = []outcome{
	{"no collection", nil, was(fallback.Idle)},
	{"no collection since the threshold", func(s *fallback.State) { s.Failures, s.Tried = 2, true }, was(fallback.Idle)},
	{"a first failure", nil, was(fallback.Failed)},
	{"a second failure", func(s *fallback.State) { s.Failures, s.Tried = 1, true }, was(fallback.Failed)},
	{"the known sample", nil, was(fallback.Unchanged)},
	{"no sample", nil, was(fallback.Missing)},
	{"a silent container", nil, was(fallback.Silent)},
	{"a good sample", nil, good(datadogMaxAge / 2)},
	{"a second good sample", func(s *fallback.State) { s.Recoveries = 1 }, good(datadogMaxAge / 2)},
	{"a late sample", func(s *fallback.State) { s.Recoveries = 1 }, good(datadogMaxAge/2 + 1)},
}

// start is a state, at the edge of what is fresh.
type start struct {
	name  string
	state fallback.State
}

// starts are all of them; a source that answers has had a sample.
var starts = []start{
	{"from the start", fallback.State{}},
	{"from none, Datadog never", fallback.State{Since: old(time.Hour), Tried: true}},
	{"from none, Datadog fresh", fallback.State{Since: old(time.Hour), Tried: true, Met: true, Datadog: old(datadogMaxAge)}},
	{"from none, Datadog stale", fallback.State{Since: old(time.Hour), Tried: true, Met: true, Datadog: old(datadogMaxAge + 1)}},
	{"from Datadog, fresh", fallback.State{Source: fallback.Datadog, Since: old(time.Hour), Tried: true, Met: true, Datadog: old(datadogMaxAge)}},
	{"from Datadog, stale", fallback.State{Source: fallback.Datadog, Since: old(time.Hour), Tried: true, Met: true, Datadog: old(datadogMaxAge + 1)}},
	{"from Datadog, stale after good ones", fallback.State{Source: fallback.Datadog, Since: old(time.Hour), Tried: true, Met: true, Recoveries: 9, Datadog: old(datadogMaxAge + 1)}},
	{"from metrics-server, Datadog never", fallback.State{Source: fallback.MetricsServer, Since: old(time.Hour), Tried: true}},
	{"from metrics-server, Datadog fresh", fallback.State{Source: fallback.MetricsServer, Since: old(time.Hour), Tried: true, Met: true, Datadog: old(datadogMaxAge)}},
	{"from metrics-server, Datadog stale", fallback.State{Source: fallback.MetricsServer, Since: old(time.Hour), Tried: true, Met: true, Datadog: old(datadogMaxAge + 1)}},
}

// move is the source after the decision, and why; the zero value stays.
type move struct {
	to  fallback.Source
	why fallback.Reason
}

// moves are the decisions with metrics-server fresh, and without it.
type moves struct{ with, without move }

var (
	stay      = move{}
	first     = move{fallback.Datadog, fallback.DatadogGood}
	recovered = move{fallback.Datadog, fallback.DatadogRecovered}
	failing   = move{fallback.MetricsServer, fallback.DatadogFailing}
	stale     = move{fallback.MetricsServer, fallback.DatadogStale}
	without   = move{fallback.MetricsServer, fallback.DatadogWithoutSample}
	silent    = move{fallback.MetricsServer, fallback.ContainerSilent}
	nobody    = move{fallback.None, fallback.NoSource}
)

// transitions is the whole decision: every source, every age of its samples,
// every outcome, every threshold at its edge.
var transitions = map[string]moves{
	"from the start: no collection":                     {stay, stay},
	"from the start: no collection since the threshold": {failing, stay},
	"from the start: a first failure":                   {failing, stay},
	"from the start: a second failure":                  {failing, stay},
	"from the start: the known sample":                  {without, stay},
	"from the start: no sample":                         {without, stay},
	"from the start: a silent container":                {silent, stay},
	"from the start: a good sample":                     {first, first},
	"from the start: a second good sample":              {first, first},
	"from the start: a late sample":                     {first, first},

	"from none, Datadog never: no collection":                     {without, stay},
	"from none, Datadog never: no collection since the threshold": {failing, stay},
	"from none, Datadog never: a first failure":                   {failing, stay},
	"from none, Datadog never: a second failure":                  {failing, stay},
	"from none, Datadog never: the known sample":                  {without, stay},
	"from none, Datadog never: no sample":                         {without, stay},
	"from none, Datadog never: a silent container":                {silent, stay},
	"from none, Datadog never: a good sample":                     {first, first},
	"from none, Datadog never: a second good sample":              {first, first},
	"from none, Datadog never: a late sample":                     {first, first},

	"from none, Datadog fresh: no collection":                     {recovered, recovered},
	"from none, Datadog fresh: no collection since the threshold": {failing, stay},
	"from none, Datadog fresh: a first failure":                   {failing, stay},
	"from none, Datadog fresh: a second failure":                  {failing, stay},
	"from none, Datadog fresh: the known sample":                  {recovered, recovered},
	"from none, Datadog fresh: no sample":                         {recovered, recovered},
	"from none, Datadog fresh: a silent container":                {recovered, recovered},
	"from none, Datadog fresh: a good sample":                     {recovered, recovered},
	"from none, Datadog fresh: a second good sample":              {recovered, recovered},
	"from none, Datadog fresh: a late sample":                     {recovered, recovered},

	"from none, Datadog stale: no collection":                     {stale, stay},
	"from none, Datadog stale: no collection since the threshold": {failing, stay},
	"from none, Datadog stale: a first failure":                   {failing, stay},
	"from none, Datadog stale: a second failure":                  {failing, stay},
	"from none, Datadog stale: the known sample":                  {stale, stay},
	"from none, Datadog stale: no sample":                         {stale, stay},
	"from none, Datadog stale: a silent container":                {silent, stay},
	"from none, Datadog stale: a good sample":                     {recovered, recovered},
	"from none, Datadog stale: a second good sample":              {recovered, recovered},
	"from none, Datadog stale: a late sample":                     {recovered, recovered},

	"from Datadog, fresh: no collection":                     {stay, stay},
	"from Datadog, fresh: no collection since the threshold": {failing, nobody},
	"from Datadog, fresh: a first failure":                   {stay, stay},
	"from Datadog, fresh: a second failure":                  {failing, nobody},
	"from Datadog, fresh: the known sample":                  {stay, stay},
	"from Datadog, fresh: no sample":                         {stay, stay},
	"from Datadog, fresh: a silent container":                {stay, stay},
	"from Datadog, fresh: a good sample":                     {stay, stay},
	"from Datadog, fresh: a second good sample":              {stay, stay},
	"from Datadog, fresh: a late sample":                     {stay, stay},

	"from Datadog, stale: no collection":                     {stale, nobody},
	"from Datadog, stale: no collection since the threshold": {failing, nobody},
	"from Datadog, stale: a first failure":                   {failing, nobody},
	"from Datadog, stale: a second failure":                  {failing, nobody},
	"from Datadog, stale: the known sample":                  {stale, nobody},
	"from Datadog, stale: no sample":                         {stale, nobody},
	"from Datadog, stale: a silent container":                {silent, nobody},
	"from Datadog, stale: a good sample":                     {stay, stay},
	"from Datadog, stale: a second good sample":              {stay, stay},
	"from Datadog, stale: a late sample":                     {stay, stay},

	"from Datadog, stale after good ones: no collection":                     {stale, nobody},
	"from Datadog, stale after good ones: no collection since the threshold": {failing, nobody},
	"from Datadog, stale after good ones: a first failure":                   {failing, nobody},
	"from Datadog, stale after good ones: a second failure":                  {failing, nobody},
	"from Datadog, stale after good ones: the known sample":                  {stale, nobody},
	"from Datadog, stale after good ones: no sample":                         {stale, nobody},
	"from Datadog, stale after good ones: a silent container":                {silent, nobody},
	"from Datadog, stale after good ones: a good sample":                     {stay, stay},
	"from Datadog, stale after good ones: a second good sample":              {stay, stay},
	"from Datadog, stale after good ones: a late sample":                     {stay, stay},

	"from metrics-server, Datadog never: no collection":                     {stay, nobody},
	"from metrics-server, Datadog never: no collection since the threshold": {stay, nobody},
	"from metrics-server, Datadog never: a first failure":                   {stay, nobody},
	"from metrics-server, Datadog never: a second failure":                  {stay, nobody},
	"from metrics-server, Datadog never: the known sample":                  {stay, nobody},
	"from metrics-server, Datadog never: no sample":                         {stay, nobody},
	"from metrics-server, Datadog never: a silent container":                {stay, nobody},
	"from metrics-server, Datadog never: a good sample":                     {first, first},
	"from metrics-server, Datadog never: a second good sample":              {first, first},
	"from metrics-server, Datadog never: a late sample":                     {first, first},

	"from metrics-server, Datadog fresh: no collection":                     {stay, recovered},
	"from metrics-server, Datadog fresh: no collection since the threshold": {stay, nobody},
	"from metrics-server, Datadog fresh: a first failure":                   {stay, nobody},
	"from metrics-server, Datadog fresh: a second failure":                  {stay, nobody},
	"from metrics-server, Datadog fresh: the known sample":                  {stay, recovered},
	"from metrics-server, Datadog fresh: no sample":                         {stay, recovered},
	"from metrics-server, Datadog fresh: a silent container":                {stay, recovered},
	"from metrics-server, Datadog fresh: a good sample":                     {stay, recovered},
	"from metrics-server, Datadog fresh: a second good sample":              {recovered, recovered},
	"from metrics-server, Datadog fresh: a late sample":                     {stay, recovered},

	"from metrics-server, Datadog stale: no collection":                     {stay, nobody},
	"from metrics-server, Datadog stale: no collection since the threshold": {stay, nobody},
	"from metrics-server, Datadog stale: a first failure":                   {stay, nobody},
	"from metrics-server, Datadog stale: a second failure":                  {stay, nobody},
	"from metrics-server, Datadog stale: the known sample":                  {stay, nobody},
	"from metrics-server, Datadog stale: no sample":                         {stay, nobody},
	"from metrics-server, Datadog stale: a silent container":                {stay, nobody},
	"from metrics-server, Datadog stale: a good sample":                     {stay, recovered},
	"from metrics-server, Datadog stale: a second good sample":              {recovered, recovered},
	"from metrics-server, Datadog stale: a late sample":                     {stay, recovered},
}

// metrics are all that can have happened to metrics-server, at the edge of
// what is fresh: an outcome, and the age of the sample before it.
var metrics = map[string]struct {
	before time.Time
	seen   fallback.Observation
	fresh  bool
}{
	"a good sample":              {time.Time{}, good(metricsMaxAge), true},
	"no read, fresh":             {old(metricsMaxAge), was(fallback.Idle), true},
	"a failure, fresh":           {old(metricsMaxAge), was(fallback.Failed), true},
	"the known sample, fresh":    {old(metricsMaxAge), was(fallback.Unchanged), true},
	"no sample, fresh":           {old(metricsMaxAge), was(fallback.Missing), true},
	"a silent container, fresh":  {old(metricsMaxAge), was(fallback.Silent), true},
	"no read, stale":             {old(metricsMaxAge + 1), was(fallback.Idle), false},
	"a failure, stale":           {old(metricsMaxAge + 1), was(fallback.Failed), false},
	"the known sample, stale":    {old(metricsMaxAge + 1), was(fallback.Unchanged), false},
	"no sample, stale":           {old(metricsMaxAge + 1), was(fallback.Missing), false},
	"a silent container, stale":  {old(metricsMaxAge + 1), was(fallback.Silent), false},
	"no sample, and never a one": {time.Time{}, was(fallback.Missing), false},
}

func TestEveryTransition(t *testing.T) {
	if len(transitions) != len(starts)*len(outcomes) {
		t.Errorf("the table has %d rows of %d", len(transitions), len(starts)*len(outcomes))
	}
	for _, from := range starts {
		for _, o := range outcomes {
			name := from.name + ": " + o.name
			row, ok := transitions[name]
			if !ok {
				t.Errorf("the table has no row %q", name)
			}
			for beside, ms := range metrics {
				want := row.without
				if ms.fresh {
					want = row.with
				}
				t.Run(name+"; metrics-server: "+beside, func(t *testing.T) {
					before := from.state
					before.MetricsServer = ms.before
					if o.before != nil {
						o.before(&before)
					}
					decide(t, policy, before, fallback.Health{Datadog: o.seen, MetricsServer: ms.seen}, want)
				})
			}
		}
	}
}

// decide fails the test unless Next moves as wanted and says so in the state.
func decide(t *testing.T, p fallback.Policy, before fallback.State, h fallback.Health, want move) {
	t.Helper()
	got, reason := p.Next(before, h, noon)
	wanted := before
	if want != stay {
		wanted.Source, wanted.Since, wanted.Reason = want.to, noon, want.why
	}
	if reason != want.why || got.Source != wanted.Source || got.Since != wanted.Since || got.Reason != wanted.Reason {
		t.Errorf("%q: from %v to %v (%q since %v), want %v because of %q", reason, before.Source, got.Source, got.Reason, got.Since, wanted.Source, want.why)
	}
	if want.to == fallback.Datadog && !got.Met {
		t.Error("Datadog is the source, and not met")
	}
	if left := want != stay && before.Source == fallback.Datadog; left && got.Recoveries != 0 {
		t.Errorf("of %d good samples from before Datadog was left %d count for its return", before.Recoveries, got.Recoveries)
	}
}
