package world

// Cores is an amount of CPU: CPU seconds per second.
type Cores float64

// CPUSeconds is CPU time.
type CPUSeconds float64

// RPS is a load in requests per second.
type RPS float64

// Percent is a utilization: 100 is the whole CPU request.
type Percent float64

// percentOf is usage as a percentage of request; 0 when nothing is requested.
func percentOf(usage, request Cores) Percent {
	if request == 0 {
		return 0
	}
	return Percent(100 * usage / request)
}
