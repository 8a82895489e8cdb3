package reaction

import (
	"fmt"
	"math"
	"time"
)

// jump is what was seen of one subject whose proxy got hot.
type jump struct {
	at  time.Time
	lag time.Duration
	// pods is how many there were.
	pods int
	// measured is when the first span of data that shows it ended; shown is when an HPA that asked first got it.
	measured, shown time.Time
	// changes are those of the replicas since the jump, oldest first.
	changes []change
}

// path is where the time of a jump went. The first four are one after the other.
type path struct {
	// measured is from the jump to the end of the first span of data that shows it.
	measured time.Duration
	// visible is the lag; less where a bucket counts as complete before its last points have come.
	visible time.Duration
	// collected is from there until an HPA that asks would get them.
	collected time.Duration
	// synced is from there until the HPA has raised the replicas.
	synced time.Duration

	// enough is from the jump until there are so many replicas that the HPA would ask for no more.
	enough time.Duration
	// first and peak are the replicas after the first change, and the most of all.
	first, peak int
}

// acted is from the jump to the first change of the replicas.
func (p path) acted() time.Duration { return p.measured + p.visible + p.collected + p.synced }

// needed is how many of the Pods that a jump needs bring it to the target.
func needed(pods int) int { return int(math.Ceil(float64(pods) * hot / target)) }

// enough is how many replicas there must be so that the HPA asks for no more.
func enough(pods int) int { return int(math.Ceil(float64(pods) * hot / acts)) }

// path takes a jump apart. The looks were a second apart: the HPA may have got the data up to that much earlier, and
// then it is the sync that took no time.
func (j jump) path() (path, error) {
	var p path
	for _, c := range j.changes {
		p.peak = max(p.peak, c.replicas)
		if p.first == 0 && c.replicas > j.pods {
			p.first = c.replicas
			p.synced = max(0, c.at.Sub(j.shown))
			seen := c.at.Add(-p.synced).Sub(j.at)
			p.measured = min(max(0, j.measured.Sub(j.at)), seen)
			p.visible = min(j.lag, seen-p.measured)
			p.collected = seen - p.measured - p.visible
		}
		if p.enough == 0 && c.replicas >= enough(j.pods) {
			p.enough = c.at.Sub(j.at)
		}
	}
	if p.enough == 0 {
		return path{}, fmt.Errorf("there were at most %d replicas, and %d are enough", p.peak, enough(j.pods))
	}
	return p, nil
}
