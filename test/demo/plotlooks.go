package main

import (
	"image/color"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// hex is an opaque color, as 0xRRGGBB.
func hex(c uint32) color.RGBA {
	return color.RGBA{R: uint8(c >> 16), G: uint8(c >> 8), B: uint8(c), A: 255}
}

// The colors of the page, and of what fills an area.
var (
	paper = hex(0xffffff)
	ink   = hex(0x2d323c)
	faint = hex(0xdee0e6)
	shade = hex(0xeceff4)
)

// look is how one line looks, and its name in the legend.
type look struct {
	name   string
	color  color.RGBA
	width  vg.Length
	dashes []vg.Length
}

var (
	proxyLook   = look{"istio-proxy", hex(0xe25f3b), 2.2, nil}
	appLook     = look{"app", hex(0x268cc8), 2.2, nil}
	averageLook = look{"Pod average", hex(0x7d8597), 2.2, []vg.Length{5, 3}}
	answerLook  = look{"Crest's answer", hex(0x14161e), 1.8, nil}
	targetLook  = look{"target 70 %", hex(0x2c965a), 1.4, []vg.Length{2, 3}}
	itemLook    = look{"replicas of item", hex(0x14161e), 2.2, nil}
	cartLook    = look{"replicas of cart", hex(0x966e3c), 1.8, nil}
	loadLook    = look{"load", hex(0x7d8597), 1, nil}
)

// band is who answers during some time.
type band struct {
	name  string
	color color.RGBA
}

var (
	datadogBand  = band{"Datadog", hex(0xf3eefc)}
	settlingBand = band{"metrics-server's maximum, while Pods are new", hex(0xfff6cd)}
	fallbackBand = band{"metrics-server, Datadog is away", hex(0xffe4c8)}
	nobodyBand   = band{"no answer", hex(0xfabebe)}
)

func (a Answer) band() band {
	switch {
	case a.Failure != "":
		return nobodyBand
	case a.Fallback():
		return fallbackBand
	case a.Settling():
		return settlingBand
	}
	return datadogBand
}

// drawLegend writes two rows: the lines, and who answers.
func drawLegend(c draw.Canvas) {
	style := label(10.5, ink, font.Font{})
	style.YAlign = draw.YCenter
	y := c.Max.Y - 6
	x := c.Min.X
	for _, l := range []look{proxyLook, appLook, averageLook, answerLook, targetLook, cartLook} {
		c.StrokeLine2(draw.LineStyle{Color: l.color, Width: l.width, Dashes: l.dashes}, x, y, x+24, y)
		c.FillText(style, vg.Point{X: x + 29, Y: y}, l.name)
		x += 29 + style.Width(l.name) + 20
	}
	y -= 16
	x = c.Min.X
	const lead = "who answers:"
	c.FillText(style, vg.Point{X: x, Y: y}, lead)
	x += style.Width(lead) + 10
	for _, b := range []band{datadogBand, settlingBand, fallbackBand, nobodyBand} {
		box := vg.Rectangle{Min: vg.Point{X: x, Y: y - 5}, Max: vg.Point{X: x + 18, Y: y + 5}}
		c.SetColor(b.color)
		c.Fill(box.Path())
		c.SetLineStyle(draw.LineStyle{Color: faint, Width: 0.5})
		c.Stroke(box.Path())
		c.FillText(style, vg.Point{X: x + 23, Y: y}, b.name)
		x += 23 + style.Width(b.name) + 20
	}
}
