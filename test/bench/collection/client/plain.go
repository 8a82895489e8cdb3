package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/crest-hpa/crest/test/bench/collection/measurement"
)

// plain asks the same questions and reads the answers into plain structs. It checks nothing and keeps nothing.
type plain struct{ task measurement.Task }

// answer is the plainest of structs for an answer.
type answer struct {
	Data struct {
		Attributes struct {
			Series []struct {
				GroupTags  []string `json:"group_tags"`
				QueryIndex int      `json:"query_index"`
			} `json:"series"`
			Times  []int64      `json:"times"`
			Values [][]*float64 `json:"values"`
		} `json:"attributes"`
	} `json:"data"`
}

func (p *plain) warmUp(ctx context.Context) error {
	_, err := p.ask(ctx, p.task.Questions[0])
	return err
}

func (p *plain) collect(ctx context.Context, m *measurement.Measurement) (any, error) {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		errs  []error
		turns = make(chan struct{}, measurement.AtOnce)
	)
	for _, question := range p.task.Questions[1:] {
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			series, err := p.ask(ctx, question)
			mu.Lock()
			defer mu.Unlock()
			m.Series, errs = m.Series+series, append(errs, err)
		})
	}
	wg.Wait()
	return nil, errors.Join(errs...)
}

// ask puts one question and counts the series of its answer.
func (p *plain) ask(ctx context.Context, question string) (series int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.task.URL+"/api/v2/query/timeseries", strings.NewReader(question))
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close() //nolint:errcheck // what was read is what counts
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err
	}
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("the answer is %s", response.Status)
	}
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return 0, err
	}
	return len(a.Data.Attributes.Series), nil
}
