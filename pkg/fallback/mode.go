package fallback

// Mode is what the fallback serves.
type Mode string

// The modes.
const (
	// PodAverage is the Pod average from metrics-server.
	PodAverage Mode = "PodAverage"
	// CalibratedPodAverage is the Pod average times the skew remembered
	// from Datadog; without one, as MaxContainer.
	CalibratedPodAverage Mode = "CalibratedPodAverage"
	// MaxContainer is the maximum over containers, from metrics-server.
	MaxContainer Mode = "MaxContainer"
)

// Modes are all of them, the default first.
func Modes() []Mode { return []Mode{PodAverage, CalibratedPodAverage, MaxContainer} }

// ScaleDown is whether the fallback alone may shrink a workload.
type ScaleDown string

// When the fallback may shrink a workload.
const (
	// Auto: while it serves a maximum, or while the remembered skew is known
	// and balanced, that is, when the requests have been tuned, and
	// metrics-server's own sample is balanced too.
	Auto ScaleDown = "auto"
	// Always and Never: whatever is known.
	Always ScaleDown = "always"
	Never  ScaleDown = "never"
)

// ScaleDowns are all of them, the default first.
func ScaleDowns() []ScaleDown { return []ScaleDown{Auto, Always, Never} }

// Skew is what is known of a workload's skew.
type Skew uint8

// What can be known of a skew.
const (
	// SkewUnknown: nothing is remembered.
	SkewUnknown Skew = iota
	// SkewBalanced: the Pod average stands for the maximum.
	SkewBalanced
	// SkewUnbalanced: the Pod average hides the hottest container.
	SkewUnbalanced
)

// Serves is the mode that is in force for a selection: a container that
// Datadog never reports makes it MaxContainer whatever is configured, and so
// does calibration without a remembered skew.
func (p Policy) Serves(s State, skew Skew) Mode {
	switch {
	case s.Silent,
		p.Mode == CalibratedPodAverage && skew == SkewUnknown:
		return MaxContainer
	}
	return p.Mode
}

// MayShrink says whether the fallback alone may lower the replicas of a
// selection in the mode that is in force. A Pod average is never above the
// maximum, so a change of source alone can look like idleness. It is believed
// where two samples agree that it stands for the maximum: those remembered of
// Datadog, and metrics-server's own of this moment, since a container may have
// become hot after Datadog went.
func (p Policy) MayShrink(s State, remembered, current Skew) bool {
	switch p.ScaleDown {
	case Always:
		return true
	case Never:
		return false
	case Auto:
	}
	return p.Serves(s, remembered) == MaxContainer || remembered == SkewBalanced && current == SkewBalanced
}
