package config_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/crest-hpa/crest/pkg/config"
)

// What stands between these two lines of the page is generated.
const (
	begin = "<!-- generated from pkg/config: make update-docs -->\n"
	end   = "<!-- end of what is generated -->\n"
)

// TestDocumentation compares docs/configuration.md with the structs: each key, its
// default and the comment that stands at its field.
func TestDocumentation(t *testing.T) {
	page := filepath.Join("..", "..", "docs", "configuration.md")
	was, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := bytes.Cut(was, []byte(begin))
	_, after, found2 := bytes.Cut(rest, []byte(end))
	if !found || !found2 {
		t.Fatalf("%s lacks the lines\n%s%s", page, begin, end)
	}
	is := string(before) + begin + reference(t) + end + string(after)
	if is == string(was) {
		return
	}
	if !*update {
		t.Fatalf(`%s is not what pkg/config says: run "make update-docs"`, page)
	}
	if err := os.WriteFile(page, []byte(is), 0o644); err != nil {
		t.Fatal(err)
	}
}

// reference is a table for the top of the file and one for each section.
func reference(t *testing.T) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "types.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	defaults := config.Default()
	d := documenter{t: t, comments: comments(file)}
	d.section("The top of the file", "", reflect.ValueOf(defaults))
	d.section("datadog", "datadog.", reflect.ValueOf(defaults.Datadog))
	d.section("fallback", "fallback.", reflect.ValueOf(defaults.Fallback))
	d.section("workloads[]", "workloads[].", reflect.ValueOf(config.Workload{}))
	d.section("certificate", "certificate.", reflect.ValueOf(defaults.Certificate))
	d.text.WriteString("\n")
	return d.text.String()
}

type documenter struct {
	t        *testing.T
	text     strings.Builder
	comments map[string]string // by TYPE.FIELD
}

func (d *documenter) section(title, prefix string, values reflect.Value) {
	fmt.Fprintf(&d.text, "\n### %s\n\n| key | default | what it is |\n| --- | --- | --- |\n", title)
	of := values.Type()
	for i := range of.NumField() {
		comment := d.comments[of.Name()+"."+of.Field(i).Name]
		if comment == "" {
			d.t.Errorf("%s.%s has no comment to document it", of.Name(), of.Field(i).Name)
		}
		key := prefix + of.Field(i).Tag.Get("yaml")
		fmt.Fprintf(&d.text, "| `%s` | %s | %s |\n", key, defaultOf(key, values.Field(i)), comment)
	}
}

// defaultOf is the table's cell. Those that another key or the environment decides
// are in words.
func defaultOf(key string, value reflect.Value) string {
	if strings.HasPrefix(key, "workloads[].") {
		return "required"
	}
	switch key {
	case "datadog.site":
		return "`DD_SITE`, else `" + config.DefaultSite + "`"
	case "fallback.mode":
		return "`PodAverage`; `MaxContainer` while `datadog.enabled` is `false`"
	case "apiVersion", "kind", "datadog.clusterName":
		return "required"
	}
	_, isDuration := value.Interface().(config.Duration)
	switch {
	case value.Kind() == reflect.Slice:
		return "as above"
	case value.Kind() == reflect.Struct && !isDuration:
		return "below"
	case value.Kind() == reflect.String && value.Len() == 0:
		return "`\"\"`"
	}
	return fmt.Sprintf("`%v`", value.Interface())
}

// comments are those of the fields of each struct, on one line each.
func comments(file *ast.File) map[string]string {
	found := map[string]string{}
	ast.Inspect(file, func(node ast.Node) bool {
		named, ok := node.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if fields, ok := named.Type.(*ast.StructType); ok {
			for _, f := range fields.Fields.List {
				found[named.Name.Name+"."+f.Names[0].Name] = strings.Join(strings.Fields(f.Doc.Text()), " ")
			}
		}
		return false
	})
	return found
}

// TestDocumentationShowsTheDefaults reads the example of docs/configuration.md: it
// must be the default configuration of a named cluster.
func TestDocumentationShowsTheDefaults(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	example, _, _ := strings.Cut(rest, "```")
	want := config.Default()
	want.Datadog.Site, want.Datadog.ClusterName = config.DefaultSite, "prod-tokyo"
	if got := parse(t, example); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
