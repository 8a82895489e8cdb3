package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// InvalidError says everything that is wrong with a configuration.
type InvalidError struct {
	// File is where the configuration stands; empty when it is not in a file.
	File string
	// Problems are at least one: first what cannot be read, then what cannot
	// work, each in the order of the keys.
	Problems field.ErrorList
}

// Error is one line for each problem, after a line that counts them.
func (e *InvalidError) Error() string {
	var b strings.Builder
	b.WriteString("the configuration")
	if e.File != "" {
		b.WriteString(" in " + e.File)
	}
	if n := len(e.Problems); n == 1 {
		b.WriteString(" has a problem:")
	} else {
		b.WriteString(" has " + strconv.Itoa(n) + " problems:")
	}
	for _, problem := range e.Problems {
		b.WriteString("\n  " + problem.Error())
	}
	return b.String()
}

// Load reads the configuration file of this name. A configuration that is wrong
// is an InvalidError.
func Load(file string) (AdapterConfiguration, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return AdapterConfiguration{}, fmt.Errorf("reading the configuration: %w", err)
	}
	c, err := Parse(data)
	var invalid *InvalidError
	switch {
	case errors.As(err, &invalid):
		invalid.File = file
		return AdapterConfiguration{}, invalid
	case err != nil:
		return AdapterConfiguration{}, fmt.Errorf("reading the configuration in %s: %w", file, err)
	}
	return c, nil
}

// Parse reads a configuration from YAML, of which JSON is a part. The error is an
// InvalidError, unless the text is not one document of YAML at all.
func Parse(data []byte) (AdapterConfiguration, error) {
	document, err := parseDocument(data)
	if err != nil {
		return AdapterConfiguration{}, err
	}
	c := defaults()
	problems := decode(document, &c)
	c.complete()
	problems = append(problems, without(c.Validate(), problems)...)
	if len(problems) > 0 {
		return AdapterConfiguration{}, &InvalidError{Problems: problems}
	}
	return c, nil
}

// Encode is the configuration as a file that Parse reads as this configuration.
func Encode(c AdapterConfiguration) ([]byte, error) {
	data, err := yaml.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encoding the configuration: %w", err)
	}
	return data, nil
}

// parseDocument is the one document of the text; the zero node when the text is empty.
func parseDocument(data []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, second yaml.Node
	if err := decoder.Decode(&document); err != nil {
		if errors.Is(err, io.EOF) {
			return &document, nil
		}
		return nil, fmt.Errorf("this is not YAML: %w", err)
	}
	switch err := decoder.Decode(&second); {
	case errors.Is(err, io.EOF):
		return &document, nil
	case err != nil:
		return nil, fmt.Errorf("this is not YAML: %w", err)
	default:
		return nil, fmt.Errorf("line %d begins a second document; the file must hold one", second.Line)
	}
}

// without leaves out what concerns a key that is reported already: a value that
// could not be read is not also missing.
func without(list, reported field.ErrorList) field.ErrorList {
	var kept field.ErrorList
	for _, problem := range list {
		if !concerns(reported, problem.Field) {
			kept = append(kept, problem)
		}
	}
	return kept
}

func concerns(reported field.ErrorList, path string) bool {
	for _, r := range reported {
		rest, below := strings.CutPrefix(path, r.Field)
		if below && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return true
		}
	}
	return false
}
