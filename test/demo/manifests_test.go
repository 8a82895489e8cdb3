package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/crest-hpa/crest/test/stage"
	"github.com/crest-hpa/crest/test/world"
)

// The story's numbers and the manifests speak of the same objects.
func TestTheManifestsAreThoseOfTheStory(t *testing.T) {
	for name, parts := range map[string][]string{
		item:          {"name: item", "namespace: shop", "replicas: 6", "cpu: 700m", fmt.Sprintf("cpu: %.0fm", 1000*proxyRequest)},
		cart:          {"name: cart", "namespace: shop", "replicas: 3", "restartPolicy: Always"},
		item + "-hpa": {"namespace: shop", fmt.Sprintf("value: %q", fmt.Sprint(target)), "matchLabels: {deployment: item}"},
		cart + "-hpa": {"namespace: shop", fmt.Sprintf("value: %q", fmt.Sprint(target)), "matchLabels: {hpa: cart}"},
	} {
		text, err := manifests.ReadFile("manifests/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range parts {
			if !strings.Contains(string(text), part) {
				t.Errorf("%s.yaml lacks %q", name, part)
			}
		}
	}
}

func TestTheLoadIsCommandedByHand(t *testing.T) {
	shop := &Shop{stage: &stage.Stage{World: world.New(world.Options{})}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /load", shop.setLoad)
	for query, want := range map[string]int{
		"rps=12300&traffic=small": http.StatusNoContent,
		"rps=100":                 http.StatusNoContent,
		"rps=many":                http.StatusBadRequest,
		"rps=-1":                  http.StatusBadRequest,
		"rps=100&traffic=huge":    http.StatusBadRequest,
	} {
		t.Run(query, func(t *testing.T) {
			answer := httptest.NewRecorder()
			mux.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/load?"+query, nil))
			if answer.Code != want {
				t.Errorf("it answers %d, want %d: %s", answer.Code, want, answer.Body)
			}
		})
	}
}

func TestExitCodes(t *testing.T) {
	for name, c := range map[string]struct {
		err         error
		interrupted bool
		want        int
	}{
		"0 when all held":                       {nil, false, 0},
		"0 when it was kept until Ctrl-C":       {nil, true, 0},
		"1 when a check did not hold":           {ErrChecks, false, 1},
		"1 when one did not and it was kept":    {ErrChecks, true, 1},
		"1 when a component failed":             {errors.New("etcd ended"), false, 1},
		"130 when Ctrl-C ended it in the story": {context.Canceled, true, 130},
	} {
		t.Run(name, func(t *testing.T) {
			if got := exitCode(c.err, c.interrupted); got != c.want {
				t.Errorf("the exit code is %d, want %d", got, c.want)
			}
		})
	}
}
