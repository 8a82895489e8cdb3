package datadogsim

import (
	"encoding/json"
	"math"
	"strconv"
)

// encode renders an answer as the service does. Written by hand, because it
// must be fast for thousands of series and able to render what no JSON
// library would.
func (a answer) encode(numbersAsStrings bool) []byte {
	e := encoder{quote: numbersAsStrings}
	e.text = append(e.text, `{"data":{"id":"0","type":"timeseries_response","attributes":{"series":[`...)
	for i, r := range a.rows {
		e.comma(i)
		e.text = append(e.text, `{"group_tags":[`...)
		for j, tag := range r.tags {
			e.comma(j)
			e.string(tag)
		}
		e.text = append(e.text, `],"query_index":`...)
		e.number(strconv.Itoa(r.query))
		e.text = append(append(append(e.text, `,"unit":`...), r.unit...), '}')
	}
	e.text = append(e.text, `],"times":[`...)
	for i, at := range a.times {
		e.comma(i)
		e.number(strconv.FormatInt(at, 10))
	}
	e.text = append(e.text, `],"values":[`...)
	for i, r := range a.rows {
		if a.rowMissing && i == len(a.rows)-1 {
			break
		}
		e.comma(i)
		e.row(r.cells)
	}
	e.text = append(e.text, `]}}}`...)
	return e.text
}

type encoder struct {
	text  []byte
	quote bool // numbers as strings
}

func (e *encoder) comma(i int) {
	if i > 0 {
		e.text = append(e.text, ',')
	}
}

func (e *encoder) string(s string) {
	quoted, err := json.Marshal(s)
	if err != nil {
		// A string always has a JSON form.
		panic(err)
	}
	e.text = append(e.text, quoted...)
}

func (e *encoder) number(text string) {
	if e.quote {
		text = `"` + text + `"`
	}
	e.text = append(e.text, text...)
}

// row renders a nil row as null, as the service may.
func (e *encoder) row(cells []cell) {
	if cells == nil {
		e.text = append(e.text, "null"...)
		return
	}
	e.text = append(e.text, '[')
	for i, c := range cells {
		e.comma(i)
		switch {
		case !c.ok:
			e.text = append(e.text, "null"...)
		case math.IsNaN(c.value):
			e.text = append(e.text, "NaN"...)
		default:
			e.number(strconv.FormatFloat(c.value, 'g', -1, 64))
		}
	}
	e.text = append(e.text, ']')
}
