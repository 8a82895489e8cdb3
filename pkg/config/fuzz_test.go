package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/crest-hpa/crest/pkg/config"
)

// FuzzParse: no text makes Parse panic, and a configuration that it reads, once
// written, is read as the same.
func FuzzParse(f *testing.F) {
	mistakes, err := os.ReadFile(filepath.Join("testdata", "every-mistake.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	whole, err := config.Encode(config.Default())
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{
		"", named, string(whole), string(mistakes),
		named + "  apiKeyFile: \"\\0\\x85\\n # \"\n  appKeyFile: |\n    a\n",
		head + "datadog: &a {clusterName: a, b: *a}",
		head + "datadog: {enabled: false, interval: 1h0m1s}\nworkloads: [{key: a, apiVersion: a/v1, kind: B, tag: c}]\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		first, err := config.Parse(text)
		if err != nil {
			return
		}
		written, err := config.Encode(first)
		if err != nil {
			t.Fatal(err)
		}
		second, err := config.Parse(written)
		if err != nil {
			t.Fatalf("%v\n%s", err, written)
		}
		if !reflect.DeepEqual(first, second) {
			t.Fatalf("got %+v\nwant %+v", second, first)
		}
	})
}
