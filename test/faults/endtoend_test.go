package faults

import (
	"go/ast"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// endToEnd is the package whose tables break Datadog under a real HPA, and
// datadogsSections are the sections of the page that it is about.
const endToEnd = "test/e2e/faults"

var datadogsSections = []string{"Datadog's network", "Datadog's answers", "Part of the data"}

func TestThePageKnowsEachFaultThatIsShownEndToEnd(t *testing.T) {
	shown, _ := page(t)
	tests := testsIn(t, endToEnd)
	tables := rowTables(t, endToEnd)
	for test, cases := range tests {
		if !strings.HasPrefix(test, "Test") || test == "TestMain" {
			continue
		}
		if !strings.Contains(shown, "`"+endToEnd+"."+test) {
			t.Errorf("docs/faults.md does not name %s.%s", endToEnd, test)
		}
		for _, name := range cases {
			if slices.Contains(tables, name) && !strings.Contains(shown, "`"+endToEnd+"."+test+"/"+name+"`") {
				t.Errorf("docs/faults.md does not name the case %q of %s.%s", name, endToEnd, test)
			}
		}
	}
}

func TestEachFaultOfDatadogOnThePageIsShownEndToEnd(t *testing.T) {
	shown, _ := page(t)
	for _, title := range datadogsSections {
		_, section, found := strings.Cut(shown, "\n## "+title+"\n")
		if !found {
			t.Fatalf("docs/faults.md has no section %q", title)
		}
		section, _, _ = strings.Cut(section, "\n## ")
		for _, cells := range rows(section) {
			if !strings.Contains(cells[len(cells)-1], "`test/e2e") {
				t.Errorf("%s: no test shows through an HPA what happens when %q", title, cells[0])
			}
		}
	}
}

// rowTables are the names of the rows in the tables of a package: the keys of
// its variables whose type is map[string]row.
func rowTables(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		ast.Inspect(parsed(t, file), func(n ast.Node) bool {
			table, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			if kind, ok := table.Type.(*ast.MapType); ok {
				if value, ok := kind.Value.(*ast.Ident); ok && value.Name == "row" {
					names = append(names, casesIn(table)...)
				}
			}
			return true
		})
	}
	if len(names) < 40 {
		t.Fatalf("the rows of the tables of %s are said to be %q", folder, names)
	}
	return names
}
