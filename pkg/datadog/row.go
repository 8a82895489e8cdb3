package datadog

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// row is the values of one series, one for each time; none is NaN, which JSON
// cannot spell. Nine tenths of an answer are such values, and one that decodes
// itself costs neither reflection nor an allocation for each of them.
type row []float64

// UnmarshalJSON reads an array of numbers and nulls. encoding/json has seen
// before that the text is JSON.
func (r *row) UnmarshalJSON(text []byte) error {
	rest, isArray := bytes.CutPrefix(text, []byte("["))
	if !isArray {
		return fmt.Errorf("a row of values begins with %q instead of a bracket", text[0])
	}
	values := make(row, 0, bytes.Count(rest, []byte(","))+1)
	for {
		end := 0
		for end < len(rest) && rest[end] != ',' && rest[end] != ']' {
			end++
		}
		if end == len(rest) {
			return errors.New("a row of values does not end")
		}
		item := bytes.TrimSpace(rest[:end])
		if len(item) == 0 && len(values) == 0 && rest[end] == ']' {
			break
		}
		value, err := number(item)
		if err != nil {
			return err
		}
		values = append(values, value)
		if rest[end] == ']' {
			break
		}
		rest = rest[end+1:]
	}
	*r = values
	return nil
}

// number is a JSON number, or NaN for null.
func number(item []byte) (float64, error) {
	if string(item) == "null" {
		return math.NaN(), nil
	}
	if len(item) == 0 || item[0] != '-' && !isDigit(item[0]) {
		return 0, fmt.Errorf("a value is %.20q instead of a number or null", item)
	}
	value, err := strconv.ParseFloat(string(item), 64)
	if err != nil {
		return 0, fmt.Errorf("a value is %.20q: %w", item, err)
	}
	return value, nil
}
