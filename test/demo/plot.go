package main

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"io"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// picture is what a story looks like from afar.
type picture struct {
	steps   []*Step
	samples []Sample
	answers []Answer
}

// The size of the picture, and the resolution of the PNG.
const (
	width  = 13 * vg.Inch
	height = 8.5 * vg.Inch
	dpi    = 120
)

// save draws the picture into a directory, as SVG and as PNG.
func (p picture) save(dir string) error {
	panels, err := p.panels()
	if err != nil {
		return fmt.Errorf("drawing the story: %w", err)
	}
	svg := vgsvg.New(width, height)
	png := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi))
	paint(draw.New(svg), panels)
	paint(draw.New(png), panels)
	return errors.Join(
		writeTo(filepath.Join(dir, svgFile), anyFont{svg}),
		writeTo(filepath.Join(dir, pngFile), vgimg.PngCanvas{Canvas: png}),
	)
}

// paint puts the title, the legend and the panels onto a page.
func paint(page draw.Canvas, panels []panel) {
	page.SetColor(paper)
	page.Fill(page.Path())
	page = draw.Crop(page, 14, -18, 10, -12)
	page.FillText(label(17, ink, font.Font{Weight: boldWeight}), vg.Point{X: page.Min.X + 6, Y: page.Max.Y - 18},
		"The HPA follows the hottest container, through an outage of Datadog")
	drawLegend(draw.Crop(page, 6, 0, page.Max.Y-page.Min.Y-54, -26))
	page = draw.Crop(page, 0, 0, 0, -58)

	var left vg.Length // of the data, the same in all panels
	for _, p := range panels {
		left = max(left, p.DataCanvas(page).Min.X-page.Min.X)
	}
	top, all := page.Max.Y, page.Max.Y-page.Min.Y
	for _, p := range panels {
		c := page
		c.Max.Y = top
		c.Min.Y = top - all*vg.Length(p.share)
		top = c.Min.Y
		c.Min.X += left - (p.DataCanvas(c).Min.X - c.Min.X)
		p.Draw(draw.Crop(c, 0, 0, 6, 0))
	}
}

// label is the style of a text.
func label(size vg.Length, c color.RGBA, f font.Font) draw.TextStyle {
	f.Typeface, f.Variant = "Liberation", "Sans"
	return draw.TextStyle{Color: c, Font: font.From(f, size), Handler: plot.DefaultTextHandler}
}

// anyFont is an SVG that is readable where the font is not installed.
type anyFont struct{ io.WriterTo }

func (f anyFont) WriteTo(w io.Writer) (int64, error) {
	var svg bytes.Buffer
	if _, err := f.WriterTo.WriteTo(&svg); err != nil {
		return 0, err
	}
	text := bytes.ReplaceAll(svg.Bytes(), []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;"))
	n, err := w.Write(text)
	return int64(n), err
}

// writeTo writes a drawing as a file, whole or not at all.
func writeTo(path string, drawing io.WriterTo) error {
	file, err := os.Create(path + ".new")
	if err != nil {
		return fmt.Errorf("writing the picture: %w", err)
	}
	_, err = drawing.WriteTo(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("writing the picture: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("writing the picture: %w", err)
	}
	return nil
}
