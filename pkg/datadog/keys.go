package datadog

import (
	"fmt"
	"os"
	"strings"
)

// keys are what Datadog wants to know us by.
type keys struct {
	api, app string
}

// secrets are what no message may repeat.
func (k keys) secrets() []string { return []string{k.api, k.app} }

// keySource is where a key comes from: a file or, without one, a value.
type keySource struct {
	what, file, value string
}

func (o *Options) keySources() (api, app keySource) {
	return keySource{what: "API key", file: o.APIKeyFile, value: o.APIKey},
		keySource{what: "application key", file: o.AppKeyFile, value: o.AppKey}
}

// readKeys reads both keys anew: a file that a Secret is mounted as changes
// when the key is rotated, and two small files a collection cost nothing.
func readKeys(api, app keySource) (keys, error) {
	apiKey, err := api.read()
	if err != nil {
		return keys{}, err
	}
	appKey, err := app.read()
	if err != nil {
		return keys{}, err
	}
	return keys{api: apiKey, app: appKey}, nil
}

// read is the key, without the space around it. The error names where the key
// should be, never what is there.
func (s keySource) read() (string, error) {
	where, content := "the environment", s.value
	if s.file != "" {
		where = s.file
		read, err := os.ReadFile(s.file)
		if err != nil {
			return "", &Error{Code: CodeKeys, Text: fmt.Sprintf("the Datadog %s cannot be read: %v", s.what, err), Err: err}
		}
		content = string(read)
	}
	key := strings.TrimSpace(content)
	if key == "" {
		return "", &Error{Code: CodeKeys, Text: fmt.Sprintf("the Datadog %s in %s is empty", s.what, where)}
	}
	// What cannot stand in a header would be refused by net/http, in a
	// message that names neither the key nor the file.
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return "", &Error{Code: CodeKeys, Text: fmt.Sprintf("the Datadog %s in %s has a character in it that no key has", s.what, where)}
		}
	}
	return key, nil
}
