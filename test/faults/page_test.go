package faults

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/crest-hpa/crest/test/datadogsim"
)

// root is the root of the repository.
var root = filepath.Join("..", "..")

// notShown is the heading under which the page lists what no test injects.
const notShown = "## Not shown yet"

// reference is a test that the page names: `pkg/datadog.TestName`, or with one
// of its cases, `pkg/datadog.TestName/the case`.
var reference = regexp.MustCompile("`((?:pkg|test)/[a-z0-9/]+)\\.((?:Test|Fuzz)\\w+)(?:/([^`]+))?`")

// page is the text of docs/faults.md: what is shown, and what is not.
func page(t *testing.T) (shown, rest string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", "faults.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown, rest, found := strings.Cut(string(text), notShown)
	if !found {
		t.Fatalf("docs/faults.md has no heading %q", notShown)
	}
	return shown, rest
}

// rows are the rows of the tables of a text, without their heads: its cells.
func rows(text string) [][]string {
	var found [][]string
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		isHead := i+1 < len(lines) && strings.HasPrefix(lines[i+1], "| ---")
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| ---") || isHead {
			continue
		}
		found = append(found, strings.Split(strings.Trim(line, "| "), " | "))
	}
	return found
}

func TestEachTestThatThePageNamesExists(t *testing.T) {
	shown, rest := page(t)
	packages := map[string]map[string][]string{}
	for _, match := range reference.FindAllStringSubmatch(shown+rest, -1) {
		folder, name, sub := match[1], match[2], match[3]
		if packages[folder] == nil {
			packages[folder] = testsIn(t, folder)
		}
		cases, exists := packages[folder][name]
		switch {
		case !exists:
			t.Errorf("docs/faults.md names %s.%s, which does not exist", folder, name)
		case sub != "" && !slices.Contains(cases, sub):
			t.Errorf("docs/faults.md names the case %q of %s.%s, which does not exist", sub, folder, name)
		}
	}
}

func TestEachFaultOfThePageIsShownByATest(t *testing.T) {
	shown, rest := page(t)
	found := rows(shown)
	if len(found) < 40 {
		t.Errorf("docs/faults.md has %d rows, so it is not read as it should be", len(found))
	}
	for _, cells := range found {
		if len(cells) != 3 {
			t.Errorf("the row %q has %d cells, want three", cells[0], len(cells))
		}
		if !reference.MatchString(cells[len(cells)-1]) {
			t.Errorf("no test shows the fault %q: move it to %q", cells[0], notShown)
		}
	}
	for _, cells := range rows(rest) {
		if len(cells) != 2 {
			t.Errorf("the row %q has %d cells, want two", cells[0], len(cells))
		}
	}
}

func TestThePageKnowsEachFaultOfTheHarness(t *testing.T) {
	shown, _ := page(t)
	kinds := kubeletFaults(t)
	for _, kind := range datadogsim.Kinds() {
		kinds = append(kinds, string(kind))
	}
	for _, kind := range kinds {
		if !slices.ContainsFunc(rows(shown), func(cells []string) bool { return strings.Contains(cells[0], "`"+kind+"`") }) {
			t.Errorf("no row of docs/faults.md is about the fault `%s`", kind)
		}
	}
}

// testsIn are the tests of a package, and the names of their cases.
func testsIn(t *testing.T, folder string) map[string][]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var functions []*ast.FuncDecl
	tables := map[string][]string{} // of the package's variables
	for _, file := range files {
		for _, declared := range parsed(t, file).Decls {
			switch d := declared.(type) {
			case *ast.FuncDecl:
				functions = append(functions, d)
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if v, ok := spec.(*ast.ValueSpec); ok && d.Tok == token.VAR {
						tables[v.Names[0].Name] = casesIn(v)
					}
				}
			}
		}
	}
	found := map[string][]string{}
	for _, f := range functions {
		cases := casesIn(f)
		ast.Inspect(f, func(n ast.Node) bool {
			if used, ok := n.(*ast.Ident); ok {
				cases = append(cases, tables[used.Name]...)
			}
			return true
		})
		found[f.Name.Name] = cases
	}
	return found
}

// casesIn are the keys of tables in some code, and the names given to Run.
func casesIn(node ast.Node) []string {
	var names []string
	add := func(e ast.Expr) {
		if literal, ok := e.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if name, err := strconv.Unquote(literal.Value); err == nil {
				names = append(names, name)
			}
		}
	}
	ast.Inspect(node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			add(n.Key)
		case *ast.CallExpr:
			if called, ok := n.Fun.(*ast.SelectorExpr); ok && called.Sel.Name == "Run" && len(n.Args) > 0 {
				add(n.Args[0])
			}
		}
		return true
	})
	return names
}

// kubeletFaults are the constants of world.KubeletFaultKind, which has no list
// of its own.
func kubeletFaults(t *testing.T) []string {
	t.Helper()
	var kinds []string
	ast.Inspect(parsed(t, filepath.Join(root, "test", "world", "kubeletfault.go")), func(n ast.Node) bool {
		if d, ok := n.(*ast.GenDecl); ok && d.Tok == token.CONST {
			for _, spec := range d.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok {
					kinds = append(kinds, v.Names[0].Name)
				}
			}
		}
		return true
	})
	if len(kinds) < 4 || !strings.HasPrefix(kinds[0], "Kubelet") {
		t.Fatalf("the faults of kubelets are said to be %q", kinds)
	}
	return kinds
}

func parsed(t *testing.T, file string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(fmt.Errorf("reading the tests that docs/faults.md names: %w", err))
	}
	return f
}
