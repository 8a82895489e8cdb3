package datadog

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// The body of POST /api/v2/query/timeseries:
// https://docs.datadoghq.com/api/latest/metrics/#query-timeseries-data-across-multiple-products

type requestBody struct {
	Data requestData `json:"data"`
}

type requestData struct {
	Type       string            `json:"type"`
	Attributes requestAttributes `json:"attributes"`
}

type requestAttributes struct {
	// From (inclusive) and To (exclusive) are milliseconds since the epoch,
	// Interval is milliseconds.
	From     int64          `json:"from"`
	To       int64          `json:"to"`
	Interval int64          `json:"interval"`
	Queries  []requestQuery `json:"queries"`
}

type requestQuery struct {
	DataSource string `json:"data_source"`
	Name       string `json:"name"`
	Query      string `json:"query"`
}

// Body is the request as JSON. Its queries are in the order of Texts, to
// which the query_index of an answer refers.
func (q Query) Body() ([]byte, error) {
	attributes := requestAttributes{
		From:     q.From.UnixMilli(),
		To:       q.To.UnixMilli(),
		Interval: q.scope.Step.Milliseconds(),
		Queries:  []requestQuery{},
	}
	for i, text := range q.Texts() {
		attributes.Queries = append(attributes.Queries, requestQuery{
			DataSource: "metrics",
			Name:       aggregators[i%queriesOfKind] + strconv.Itoa(i/queriesOfKind),
			Query:      text,
		})
	}
	body, err := json.Marshal(requestBody{Data: requestData{Type: "timeseries_request", Attributes: attributes}})
	if err != nil {
		return nil, fmt.Errorf("encoding the query: %w", err)
	}
	return body, nil
}
