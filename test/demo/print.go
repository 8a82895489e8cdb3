package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// printer writes the story for a terminal.
type printer struct {
	out   io.Writer
	color bool
}

// The colors, as SGR codes.
const (
	bold    = "1"
	dim     = "2"
	red     = "31"
	green   = "32"
	yellow  = "33"
	magenta = "35"
)

func (p *printer) paint(code, text string) string {
	if !p.color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// line writes one line. A terminal that is gone is no reason to stop.
func (p *printer) line(text string) { _, _ = fmt.Fprintln(p.out, text) }

func (p *printer) opening() {
	p.line(p.paint(bold, "Crest: an HPA follows the hottest container"))
	p.line("Simulated: the load, how much CPU it costs each container, and Datadog's API. All else is real:")
	p.line("etcd, kube-apiserver, the HPA controller, the scheduler, metrics-server, and Crest as its chart installs it.")
	p.line("")
}

// progress is a writer for what is told while everything starts.
func (p *printer) progress(began time.Time) io.Writer { return &progressWriter{p, began} }

type progressWriter struct {
	printer *printer
	began   time.Time
}

func (w *progressWriter) Write(text []byte) (int, error) {
	for line := range strings.Lines(string(text)) {
		w.printer.line(w.printer.paint(dim, fmt.Sprintf("%5.1fs  %s", time.Since(w.began).Seconds(), strings.TrimRight(line, "\n"))))
	}
	return len(text), nil
}

// step begins a step: its prose and the head of its table.
func (p *printer) step(s *Step, prose string) {
	p.line("")
	p.line(p.paint(bold, fmt.Sprintf("%d. %s", s.Number, title(s.Name))))
	for line := range strings.Lines(prose) {
		p.line("   " + strings.TrimRight(line, "\n"))
	}
	p.line("")
	p.line(p.paint(dim, head))
}

func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// The table's columns. The services' utilizations and the load are the world's;
// the answer, its source and the replicas are what Crest and the HPA make of it.
const (
	columns = "%5s  %-8s %8s │ %5s %11s %7s │ %7s  %-14s %-30s │ %6s  %s"
)

var head = fmt.Sprintf(columns, "time", "step", "load/s", "app", "istio-proxy", "Pod avg", "answer", "source", "of what", "item", "cart")

// row writes one sample.
func (p *printer) row(s *Step, now Sample) { p.line(p.format(s, now)) }

func (p *printer) format(s *Step, now Sample) string {
	v := now.Item
	answer, source := "none", ""
	if v.Answer.Failure == "" && v.Answer.Source != "" {
		answer, source = fmt.Sprintf("%.1f %%", v.Answer.Value), v.Answer.Source
	}
	text := fmt.Sprintf(columns,
		clock(now.At), fmt.Sprintf("%d %s", s.Number, s.Name), thousands(v.Load),
		percent(v.App), percent(v.Proxy), percent(v.Average),
		answer, source, ofWhat(v.Answer), replicas(v), note(now.Cart))
	switch source {
	case datadog:
		return strings.Replace(text, source, p.paint(magenta, source), 1)
	case metricsServer:
		return strings.Replace(text, source, p.paint(yellow, source), 1)
	}
	return p.paint(red, text)
}

// ofWhat says what an answer is, in a few words.
func ofWhat(a Answer) string {
	what := a.Container
	if what == "" {
		what = "Pod average"
	}
	switch {
	case a.Failure != "":
		return shortened(a.Failure, 30)
	case a.Source == "":
		return ""
	case a.Held():
		return "held, " + a.Measured + " measured"
	case a.Adjusted != "":
		return what + ", " + a.Adjusted + " from " + a.Measured
	case a.Settling():
		return what + ", Ready Pods only"
	}
	return what
}

// replicas are the Ready Pods and, where it differs, how many are wanted.
func replicas(v View) string {
	if v.Ready == v.Replicas {
		return strconv.Itoa(v.Replicas)
	}
	return fmt.Sprintf("%d→%d", v.Ready, v.Replicas)
}

// note is a service in short: the answer and the replicas.
func note(v View) string {
	if v.Answer.Failure != "" || v.Answer.Source == "" {
		return "none, " + replicas(v)
	}
	return fmt.Sprintf("%3.0f %%, %s", v.Answer.Value, replicas(v))
}

// checks writes what a step has shown.
func (p *printer) checks(checks []Check) {
	p.line("")
	for _, c := range checks {
		mark := p.paint(green, "✓")
		if !c.OK {
			mark = p.paint(red, "✗")
		}
		p.line(fmt.Sprintf("   %s %s %s", mark, c.What, p.paint(dim, "("+c.Detail+")")))
	}
}

// quote writes a command and what it printed.
func (p *printer) quote(command, printed string) {
	p.line("")
	p.line("   $ " + command)
	for line := range strings.Lines(printed) {
		p.line("   " + strings.TrimRight(line, "\n"))
	}
}

func percent(v float64) string { return fmt.Sprintf("%.0f %%", v) }

// clock is a time since the beginning, as 1:05.
func clock(d time.Duration) string {
	seconds := int(d.Seconds())
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}

// thousands is a number with a comma before its last three digits.
func thousands(v float64) string {
	n := int(v + 0.5)
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}

// shortened is at most that many characters of one line.
func shortened(text string, most int) string {
	line, _, _ := strings.Cut(text, "\n")
	if runes := []rune(line); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return line
}

// failed counts failed answers, and quotes the first.
func failed(answers []Answer) string {
	failures := failures(answers)
	if len(failures) == 0 {
		return fmt.Sprintf("0 of %d, read every %s", len(answers), readEvery)
	}
	return fmt.Sprintf("%d of %d; the first at %s: %s", len(failures), len(answers), clock(failures[0].At), failures[0].Failure)
}
