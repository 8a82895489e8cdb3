package datadogsim

import "github.com/crest-hpa/crest/test/world"

// metric is one metric that the agents send for every container.
type metric struct {
	// unit is the JSON of its unit in an answer.
	unit string
	// value is a point, from the container and its usage since the last check.
	value func(t *world.Track, usage world.Cores) (float64, bool)
}

const nanocoreUnit = `[{"family":"cpu","scale_factor":1e-9,"name":"nanocore","short_name":"ncores","plural":"nanocores"},null]`

// metrics are those that exist, by name.
var metrics = map[string]metric{
	"kubernetes.cpu.usage.total": {nanocoreUnit, nanocores},
	"container.cpu.usage":        {nanocoreUnit, nanocores},
	"kubernetes.cpu.requests": {"null", func(t *world.Track, _ world.Cores) (float64, bool) {
		return float64(t.Request), t.Request > 0
	}},
}

func nanocores(_ *world.Track, usage world.Cores) (float64, bool) { return float64(usage) * 1e9, true }
