package main

import (
	"math"
	"time"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

const (
	boldWeight = xfont.WeightBold
	italic     = xfont.StyleItalic
)

// panel is one of several plots with a common time axis.
type panel struct {
	*plot.Plot
	// share of the height of the page.
	share float64
}

// panels are the utilizations, the replicas and the load, from above.
func (p picture) panels() ([]panel, error) {
	utilization, err := p.utilization()
	if err != nil {
		return nil, err
	}
	replicas, err := p.replicas()
	if err != nil {
		return nil, err
	}
	load, err := p.load()
	if err != nil {
		return nil, err
	}
	for _, upper := range []*plot.Plot{utilization, replicas} {
		upper.X.Tick.Marker = plot.TickerFunc(unlabeled)
	}
	load.X.Label.Text = "minutes:seconds since the story began"
	return []panel{{utilization, 0.57}, {replicas, 0.22}, {load, 0.21}}, nil
}

// end is the right edge of all panels, in seconds.
func (p picture) end() float64 { return p.samples[len(p.samples)-1].At.Seconds() }

// blank is a plot with the time axis and the marks of the steps.
func (p picture) blank(y string, top float64) *plot.Plot {
	l := plot.New()
	l.BackgroundColor = paper
	l.X.Min, l.X.Max = 0, p.end()
	l.Y.Min, l.Y.Max = 0, top
	l.Y.Label.Text = y
	for _, a := range []*plot.Axis{&l.X, &l.Y} {
		a.Label.TextStyle.Font = label(11, ink, font.Font{}).Font
		a.Label.TextStyle.Color = ink
		a.Tick.Label.Font = label(10, ink, font.Font{}).Font
		a.Tick.Label.Color = ink
		a.Color, a.Tick.Color = faint, faint
		a.Padding = 0
	}
	l.X.Tick.Marker = plot.TickerFunc(minutes)
	return l
}

// minutes marks every quarter of a minute.
func minutes(from, to float64) []plot.Tick {
	var ticks []plot.Tick
	for at := math.Ceil(from/15) * 15; at <= to; at += 15 {
		ticks = append(ticks, plot.Tick{Value: at, Label: clock(time.Duration(at) * time.Second)})
	}
	return ticks
}

// unlabeled is minutes for all panels but the lowest.
func unlabeled(from, to float64) []plot.Tick {
	ticks := minutes(from, to)
	for i := range ticks {
		ticks[i].Label = ""
	}
	return ticks
}

// every marks multiples of some number.
func every(step float64) plot.Ticker {
	return plot.TickerFunc(func(from, to float64) []plot.Tick {
		var ticks []plot.Tick
		for at := math.Ceil(from/step) * step; at <= to; at += step {
			ticks = append(ticks, plot.Tick{Value: at, Label: thousands(at)})
		}
		return ticks
	})
}

func (p picture) utilization() (*plot.Plot, error) {
	l := p.blank("item: % of the CPU request", 112)
	l.Y.Tick.Marker = every(20)
	grid := plotter.NewGrid()
	grid.Vertical.Width, grid.Horizontal.Color = 0, faint
	goal := plotter.XYs{{X: 0, Y: target}, {X: p.end(), Y: target}}
	l.Add(bands(p.answers, p.end()), grid, p.marks(104))
	for _, add := range []struct {
		look look
		data plotter.XYs
		kind plotter.StepKind
	}{
		{targetLook, goal, plotter.NoStep},
		{appLook, p.series(func(s Sample) float64 { return s.Item.App }), plotter.NoStep},
		{averageLook, p.series(func(s Sample) float64 { return s.Item.Average }), plotter.NoStep},
		{proxyLook, p.series(func(s Sample) float64 { return s.Item.Proxy }), plotter.NoStep},
		{answerLook, p.answered(), plotter.PostStep},
	} {
		if err := addLine(l, add.look, add.data, add.kind); err != nil {
			return nil, err
		}
	}
	l.Add(p.remarks())
	return l, nil
}

func (p picture) replicas() (*plot.Plot, error) {
	top := math.Ceil(float64(most(p.samples, itemReplicas))/4)*4 + 2
	l := p.blank("replicas", top)
	l.Y.Tick.Marker = every(4)
	l.Add(bands(p.answers, p.end()), p.marks(0))
	if err := addLine(l, itemLook, p.series(func(s Sample) float64 { return float64(s.Item.Replicas) }), plotter.PostStep); err != nil {
		return nil, err
	}
	err := addLine(l, cartLook, p.series(func(s Sample) float64 { return float64(s.Cart.Replicas) }), plotter.PostStep)
	return l, err
}

func (p picture) load() (*plot.Plot, error) {
	l := p.blank("requests/s", 15000)
	l.Y.Tick.Marker = every(5000)
	line, err := plotter.NewLine(p.series(func(s Sample) float64 { return s.Item.Load }))
	if err != nil {
		return nil, err
	}
	line.Color, line.FillColor, line.Width = loadLook.color, shade, vg.Points(1)
	l.Add(line, p.marks(0))
	return l, nil
}

// series is one line over time.
func (p picture) series(of func(Sample) float64) plotter.XYs {
	points := make(plotter.XYs, 0, len(p.samples))
	for _, s := range p.samples {
		points = append(points, plotter.XY{X: s.At.Seconds(), Y: of(s)})
	}
	return points
}

// answered is the line of the answers; one that failed has no value, and the
// last one stays, as it does for the HPA.
func (p picture) answered() plotter.XYs {
	var points plotter.XYs
	for _, a := range p.answers {
		if at := a.At.Seconds(); a.Failure == "" && at >= 0 && at <= p.end() {
			points = append(points, plotter.XY{X: at, Y: a.Value})
		}
	}
	return points
}

// addLine adds a line, if there is anything to draw.
func addLine(l *plot.Plot, k look, data plotter.XYs, kind plotter.StepKind) error {
	if len(data) == 0 {
		return nil
	}
	line, err := plotter.NewLine(data)
	if err != nil {
		return err
	}
	line.Color, line.Width, line.Dashes, line.StepStyle = k.color, k.width, k.dashes, kind
	l.Add(line)
	return nil
}
