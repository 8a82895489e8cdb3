package query

import (
	"fmt"
	"strings"
)

// scanner walks over the text of a query.
type scanner struct {
	text string
	at   int
}

func (s *scanner) spaces() {
	for s.at < len(s.text) && strings.IndexByte(" \t\r\n", s.text[s.at]) >= 0 {
		s.at++
	}
}

// peek is the next byte that is not a space; 0 at the end.
func (s *scanner) peek() byte {
	s.spaces()
	if s.at == len(s.text) {
		return 0
	}
	return s.text[s.at]
}

// take consumes the byte c if it comes next.
func (s *scanner) take(c byte) bool {
	if s.peek() != c || c == 0 {
		return false
	}
	s.at++
	return true
}

func (s *scanner) expect(c byte) error {
	if !s.take(c) {
		return s.errorf("expected %q", c)
	}
	return nil
}

// run consumes the longest run of bytes that belong to a name.
func (s *scanner) run(belongs func(byte) bool) string {
	s.spaces()
	start := s.at
	for s.at < len(s.text) && belongs(s.text[s.at]) {
		s.at++
	}
	return s.text[start:s.at]
}

// word consumes the keyword w, in any case, if it comes next as a whole word.
func (s *scanner) word(w string) bool {
	s.spaces()
	end := s.at + len(w)
	if end > len(s.text) || !strings.EqualFold(s.text[s.at:end], w) {
		return false
	}
	if end < len(s.text) && (valueByte(s.text[end]) || s.text[end] == ':') {
		return false
	}
	s.at = end
	return true
}

// Error says where and why a query could not be read.
type Error struct {
	Text   string
	Offset int // in bytes
	Reason string
}

func (e *Error) Error() string {
	return fmt.Sprintf("Rule 'scope_expr' didn't match at '%s' (offset %d): %s", e.near(), e.Offset, e.Reason)
}

// near is the start of the text that was not understood.
func (e *Error) near() string {
	const most = 20
	rest := e.Text[e.Offset:]
	if len(rest) > most {
		rest = rest[:most]
	}
	return rest
}

func (s *scanner) errorf(format string, args ...any) error {
	return &Error{Text: s.text, Offset: s.at, Reason: fmt.Sprintf(format, args...)}
}

func letter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
func digit(c byte) bool  { return '0' <= c && c <= '9' }

func metricByte(c byte) bool { return letter(c) || digit(c) || c == '_' || c == '.' }
func keyByte(c byte) bool    { return metricByte(c) || c == '-' || c == '/' }
func valueByte(c byte) bool  { return keyByte(c) || c == ':' || c == '*' || c == '@' || c == '+' }
