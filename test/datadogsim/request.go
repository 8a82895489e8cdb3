package datadogsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim/query"
)

// request is a decoded timeseries request.
type request struct {
	from, to time.Time // from inclusive, to exclusive
	interval time.Duration
	texts    []string
	queries  []query.Query
}

// wireRequest is the JSON of a request. Numbers are pointers to tell a missing
// one from 0.
type wireRequest struct {
	Data *struct {
		Type       string `json:"type"`
		Attributes *struct {
			From     *int64        `json:"from"`
			To       *int64        `json:"to"`
			Interval *int64        `json:"interval"`
			Queries  []wireQuery   `json:"queries"`
			Formulas []wireFormula `json:"formulas"`
		} `json:"attributes"`
	} `json:"data"`
}

type wireQuery struct {
	DataSource string `json:"data_source"`
	Name       string `json:"name"`
	Query      string `json:"query"`
}

type wireFormula struct {
	Formula string `json:"formula"`
}

// decodeRequest reads the body of a request; any error is the client's.
func decodeRequest(body []byte) (request, error) {
	var wire wireRequest
	if err := json.Unmarshal(body, &wire); err != nil {
		return request{}, fmt.Errorf("Invalid JSON: %w", err) //nolint:staticcheck // Sent as it stands.
	}
	if wire.Data == nil || wire.Data.Type != "timeseries_request" || wire.Data.Attributes == nil {
		return request{}, errors.New(`data.type must be "timeseries_request" with attributes`)
	}
	a := wire.Data.Attributes
	if a.From == nil || a.To == nil || *a.From < 0 || *a.From >= *a.To {
		return request{}, errors.New("from and to must be milliseconds, from before to")
	}
	if a.Interval != nil && *a.Interval <= 0 {
		return request{}, errors.New("interval must be a positive number of milliseconds")
	}
	if len(a.Queries) == 0 {
		return request{}, errors.New("queries must not be empty")
	}
	r := request{from: time.UnixMilli(*a.From), to: time.UnixMilli(*a.To)}
	if a.Interval != nil {
		r.interval = time.Duration(*a.Interval) * time.Millisecond
	}
	names := make(map[string]int, len(a.Queries))
	for i, q := range a.Queries {
		if err := r.add(q); err != nil {
			return request{}, err
		}
		names[q.Name] = i
	}
	return r.formulas(a.Formulas, names)
}

func (r *request) add(q wireQuery) error {
	if q.DataSource != "metrics" {
		return fmt.Errorf("data_source %q is not supported: only metrics is", q.DataSource)
	}
	parsed, err := query.Parse(q.Query)
	if err != nil {
		return fmt.Errorf("Error parsing query %q: %w", q.Query, err) //nolint:staticcheck // Sent as it stands.
	}
	r.texts = append(r.texts, q.Query)
	r.queries = append(r.queries, parsed)
	return nil
}

// formulas replaces the queries by the formulas over them, where there are
// any. A formula can only be the name of a query.
func (r request) formulas(formulas []wireFormula, names map[string]int) (request, error) {
	if len(formulas) == 0 {
		return r, nil
	}
	picked := make([]query.Query, 0, len(formulas))
	for _, f := range formulas {
		i, ok := names[f.Formula]
		if !ok {
			return request{}, fmt.Errorf("formula %q is not the name of a query: this simulator computes nothing else", f.Formula)
		}
		picked = append(picked, r.queries[i])
	}
	r.queries = picked
	return r, nil
}
