package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"text/template"
	"time"
)

// Machine is what the numbers of a page were measured on.
type Machine struct {
	CPUs      int
	MemoryGiB int
	Model, Go string
}

// Write fills a page: its template writes {{goals}} where all goals belong, {{tables "name"}} where the tables of an
// experiment do, and {{machine}} for where they come from.
func Write(w io.Writer, text string, measured map[string]Measured, order []string, m Machine) error {
	page, err := template.New("page").Option("missingkey=error").Funcs(template.FuncMap{
		"goals":   func() string { return goals(measured, order) },
		"machine": m.String,
		"tables": func(name string) (string, error) {
			found, ok := measured[name]
			if !ok {
				return "", fmt.Errorf("there is no experiment %q", name)
			}
			return found.markdown(), nil
		},
	}).Parse(text)
	if err != nil {
		return fmt.Errorf("reading the template of the page: %w", err)
	}
	if err := page.Execute(w, nil); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

func (m Machine) String() string {
	return fmt.Sprintf("%d CPUs (%s), %d GiB of memory, %s", m.CPUs, m.Model, m.MemoryGiB, m.Go)
}

// goals is one table of what was to be reached.
func goals(measured map[string]Measured, order []string) string {
	t := Table{Columns: []string{"what", "goal", "measured", ""}}
	for _, name := range order {
		for _, g := range measured[name].Goals {
			t.Add(g.What, g.Want, g.Got, g.verdict())
		}
	}
	return t.markdown()
}

func (g Goal) verdict() string {
	if g.Reached {
		return "reached"
	}
	return "**missed**"
}

// markdown is all tables of an experiment, and when it was run.
func (m Measured) markdown() string {
	var b strings.Builder
	for _, t := range m.Tables {
		if t.Caption != "" {
			fmt.Fprintf(&b, "%s\n\n", t.Caption)
		}
		fmt.Fprintf(&b, "%s\n", t.markdown())
	}
	fmt.Fprintf(&b, "<sub>Measured at %s on %s, in %s.</sub>\n", m.At.Format(time.RFC3339), m.Commit, m.Took)
	return b.String()
}

func (t Table) markdown() string {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(t.Columns)
	line(strings.Split(strings.Repeat("--- ", len(t.Columns))[:4*len(t.Columns)-1], " "))
	for _, r := range t.Rows {
		line(r)
	}
	return b.String()
}

// Text is what was found, for a terminal.
func (m Measured) Text() string {
	var b strings.Builder
	for _, t := range m.Tables {
		fmt.Fprintf(&b, "\n%s\n", t.Caption)
		w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		for _, r := range append([][]string{t.Columns}, t.Rows...) {
			_, _ = fmt.Fprintf(w, "  %s\n", strings.Join(r, "\t"))
		}
		_ = w.Flush() // a strings.Builder takes everything
	}
	b.WriteByte('\n')
	for _, g := range m.Goals {
		fmt.Fprintf(&b, "  %s: %s, goal %s: %s\n", g.What, g.Got, g.Want, strings.Trim(g.verdict(), "*"))
	}
	return b.String()
}
