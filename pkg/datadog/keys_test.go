package datadog

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestKeysComeFromFilesOrValues(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, test := range map[string]struct {
		source keySource
		want   string
		says   string
	}{
		"a value":                            {keySource{what: "API key", value: "0123abcd"}, "0123abcd", ""},
		"a file, with space around the key":  {keySource{what: "API key", file: write("good", " 0123abcd\r\n")}, "0123abcd", ""},
		"a file wins over a value":           {keySource{what: "API key", file: write("wins", "0123abcd"), value: "other"}, "0123abcd", ""},
		"a file that is not there":           {keySource{what: "API key", file: filepath.Join(dir, "absent")}, "", filepath.Join(dir, "absent")},
		"a file that is empty":               {keySource{what: "application key", file: write("empty", "\n")}, "", "application key in " + filepath.Join(dir, "empty") + " is empty"},
		"a file with two lines":              {keySource{what: "API key", file: write("two", "0123abcd\n4567efgh")}, "", "has a character in it that no key has"},
		"a value that no header can carry":   {keySource{what: "API key", value: "0123\x00abcd"}, "", "the environment has a character"},
		"a value of nothing but white space": {keySource{what: "API key", value: " "}, "", "is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := test.source.read()
			if test.says == "" {
				if err != nil || got != test.want {
					t.Fatalf("got %q and %v", got, err)
				}
				return
			}
			failure := (*Error)(nil)
			if !errors.As(err, &failure) || failure.Code != CodeKeys || !strings.Contains(failure.Text, test.says) {
				t.Fatalf("got %v, want %q", err, test.says)
			}
			if strings.Contains(failure.Text, "0123") || strings.Contains(failure.Text, "4567") {
				t.Errorf("the message holds what is in the key: %s", failure.Text)
			}
		})
	}
}
