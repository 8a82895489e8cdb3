package dockerfile_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/opencontainers/go-digest"
)

const file = "../../../Dockerfile"

func TestTheLinterFindsNothing(t *testing.T) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, arguments := range map[string]map[string]string{
		"as it is":        nil,
		"behind a mirror": {"BUILD_BASE": "mirror.example.com/golang:1", "RUN_BASE": "mirror.example.com/static@sha256:" + strings.Repeat("0", 64)},
	} {
		t.Run(name, func(t *testing.T) {
			for _, problem := range lint(t, text, arguments) {
				t.Error(problem)
			}
		})
	}
}

// Without this the test above would pass with a linter that finds nothing anywhere.
func TestTheLinterFindsWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"a key in the image":       {"FROM scratch\nENV DD_API_KEY=secret\n", "SecretsUsedInArgOrEnv: "},
		"a name that is not there": {"FROM scratch\nUSER $NOBODY\n", "UndefinedVar: "},
		"no instruction":           {"FROM scratch\nRUM a\n", "unknown instruction: RUM"},
	} {
		t.Run(name, func(t *testing.T) {
			if found := strings.Join(lint(t, []byte(c.text), nil), "\n"); !strings.Contains(found, c.want) {
				t.Errorf("%q is not among what is found: %s", c.want, found)
			}
		})
	}
}

// offline knows each image, and nothing of it.
type offline struct{}

func (offline) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	return ref, digest.FromString(ref), []byte(`{"architecture": "amd64", "os": "linux", "config": {}}`), nil
}

// lint returns what the linter says: a line for each warning, with the rule's name, and the error, if there is one.
func lint(t *testing.T, text []byte, arguments map[string]string) (problems []string) {
	t.Helper()
	results, err := dockerfile2llb.DockerfileLint(t.Context(), text, dockerfile2llb.ConvertOpt{
		Config:       dockerui.Config{BuildArgs: arguments},
		SourceMap:    &llb.SourceMap{Definition: &llb.Definition{}, Filename: "Dockerfile", Data: text},
		MetaResolver: offline{},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, warning := range results.Warnings {
		problems = append(problems, warning.RuleName+": "+warning.Detail)
	}
	if results.Error != nil {
		problems = append(problems, results.Error.Message)
	}
	return problems
}
