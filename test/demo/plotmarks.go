package main

import (
	"fmt"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// stretch is one span of time, in seconds, in one color.
type stretch struct {
	from, to float64
	color    color.RGBA
}

// background fills stretches over the whole height of a plot.
type background []stretch

// bands are the stretches in which one source answers.
func bands(answers []Answer, end float64) background {
	var all background
	for _, a := range answers {
		at, fill := a.At.Seconds(), a.band().color
		if at > end {
			break
		}
		switch last := len(all) - 1; {
		case last < 0:
			all = append(all, stretch{from: 0, color: fill})
		case all[last].color != fill:
			all[last].to = at
			all = append(all, stretch{from: at, color: fill})
		}
	}
	if len(all) > 0 {
		all[len(all)-1].to = end
	}
	return all
}

// Plot implements plot.Plotter.
func (b background) Plot(c draw.Canvas, l *plot.Plot) {
	x, _ := l.Transforms(&c)
	for _, s := range b {
		area := vg.Rectangle{Min: vg.Point{X: x(s.from), Y: c.Min.Y}, Max: vg.Point{X: x(s.to), Y: c.Max.Y}}
		c.SetColor(s.color)
		c.Fill(area.Path())
	}
}

// marks are lines where steps begin.
type marks struct {
	begins []float64 // seconds
	ends   []float64
	names  []string
	// names stand at height, in the units of the plot; nowhere if 0.
	height float64
}

// marks finds where the steps begin and end.
func (p picture) marks(height float64) marks {
	m := marks{height: height}
	for _, step := range p.steps {
		begin, end := -1.0, 0.0
		for _, s := range p.samples {
			if s.Step != step.Number {
				continue
			}
			if begin < 0 {
				begin = s.At.Seconds()
			}
			end = s.At.Seconds()
		}
		if begin >= 0 {
			m.begins, m.ends = append(m.begins, begin), append(m.ends, end)
			m.names = append(m.names, fmt.Sprintf("%d  %s", step.Number, step.Name))
		}
	}
	return m
}

// Plot implements plot.Plotter.
func (m marks) Plot(c draw.Canvas, l *plot.Plot) {
	x, y := l.Transforms(&c)
	style := label(12, ink, font.Font{Weight: boldWeight})
	style.XAlign = draw.XCenter
	for i, begin := range m.begins {
		if i > 0 {
			c.StrokeLine2(draw.LineStyle{Color: ink, Width: 0.6, Dashes: []vg.Length{1, 3}}, x(begin), c.Min.Y, x(begin), c.Max.Y)
		}
		if m.height > 0 {
			c.FillText(style, vg.Point{X: x((begin + m.ends[i]) / 2), Y: y(m.height)}, m.names[i])
		}
	}
}

// remark is a short text at a point of a plot.
type remark struct {
	x, y float64
	text string
}

type remarks []remark

// remarks say what the answer does while it is held, where there is room.
func (p picture) remarks() remarks {
	var all remarks
	var from *Answer
	for i, a := range p.answers {
		held := a.Failure == "" && a.Held()
		if held && from == nil {
			from = &p.answers[i]
		}
		if from == nil || held && i < len(p.answers)-1 {
			continue
		}
		if begin, end := from.At.Seconds(), a.At.Seconds(); end-begin > 6 && end <= p.end() {
			why := "after the start"
			if from.Fallback() {
				why = "the average reads " + p.answers[i-1].Measured
			}
			all = append(all, remark{(begin + end) / 2, 97, "held: " + why})
		}
		from = nil
	}
	return all
}

// Plot implements plot.Plotter.
func (r remarks) Plot(c draw.Canvas, l *plot.Plot) {
	x, y := l.Transforms(&c)
	style := label(10, ink, font.Font{Style: italic})
	style.XAlign = draw.XCenter
	for _, at := range r {
		c.FillText(style, vg.Point{X: x(at.x), Y: y(at.y)}, at.text)
	}
}
