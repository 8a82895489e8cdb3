package utilization

// FromMeans reads the selection from mean usages, one a container, as Datadog
// gives them: mean usage over mean request. A container that has no usage is
// left out where it is not required, such as one too young (see Required); else
// the error is an *IncompleteError.
func (s *Shape) FromMeans(usages map[string]Usage, required func(container string) bool) (*Reading, error) {
	r := s.reading()
	var missing []string
	for _, p := range s.selected {
		u, ok := usages[p.name]
		switch {
		case ok:
			r.add(ContainerReading{p.name, PercentOf(u.Mean, p.meanRequest()), u.Pods}, *u.Span)
		case required(p.name):
			missing = append(missing, p.name)
		default:
			r.LeftOut = append(r.LeftOut, LeftOut{p.name, NotYetReported, "is too young to have been reported"})
		}
	}
	if len(missing) == 0 && len(r.Containers) == 0 {
		missing = s.Containers()
	}
	if len(missing) > 0 {
		return nil, &IncompleteError{Missing: missing}
	}
	sortLeftOut(r.LeftOut)
	r.Average, r.AverageKnown = s.averageOfMeans(usages, r)
	r.Measured = r.Containers[0].Pods
	for _, c := range r.Containers {
		r.Measured = min(r.Measured, c.Pods)
	}
	return r, nil
}

// averageOfMeans is the Pod average of usages that end with the maximum's: one
// of different times would be off by what the load did in between, and a skew
// made of it by as much.
func (s *Shape) averageOfMeans(usages map[string]Usage, r *Reading) (Percent, bool) {
	for _, c := range r.Containers {
		if !usages[c.Name].End.Equal(r.Span.End) {
			return 0, false
		}
	}
	var usage, request Nanocores
	for _, p := range s.all {
		u, ok := usages[p.name]
		if !ok || !u.End.Equal(r.Span.End) {
			return 0, false
		}
		usage += u.Mean * Nanocores(p.pods)
		request += p.request
	}
	return PercentOf(usage, request), true
}
