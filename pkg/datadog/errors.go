package datadog

import (
	"strconv"
	"strings"
	"unicode"
)

// Code is what became of a question, in one word: the label of
// crest_datadog_requests_total and what a caller branches on. An answer with
// an HTTP status other than 200 has that status for its code: "403", "429".
type Code string

const (
	// CodeOK is an answer that was understood.
	CodeOK Code = "200"
	// CodeTimeout is no answer, or not all of it, within the timeout.
	CodeTimeout Code = "timeout"
	// CodeDNS is a host name that does not resolve.
	CodeDNS Code = "dns"
	// CodeRefused is a connection that the other end refuses.
	CodeRefused Code = "refused"
	// CodeTLS is a certificate or handshake that is not accepted.
	CodeTLS Code = "tls"
	// CodeNetwork is any other failure of the connection.
	CodeNetwork Code = "network"
	// CodeCanceled is a call that Crest gave up itself, when it stops.
	CodeCanceled Code = "canceled"
	// CodeTooLarge is a body beyond the limit.
	CodeTooLarge Code = "too_large"
	// CodeUndecodable is a 200 whose body is not what the API documents.
	CodeUndecodable Code = "undecodable"
	// CodeRejected is a 200 whose body carries an error.
	CodeRejected Code = "rejected"
	// CodeInterval is an answer in wider buckets than were asked for.
	CodeInterval Code = "interval"
	// CodeEmpty is an answer without any usable series of ours.
	CodeEmpty Code = "empty"

	// The following were never asked, and so are not counted as requests.

	// CodeKeys is a key that cannot be read.
	CodeKeys Code = "keys"
	// CodeBudget is a call that the announced rate limit forbids.
	CodeBudget Code = "budget"
	// CodeUnaskable is a workload that cannot be asked about.
	CodeUnaskable Code = "unaskable"
)

func statusCode(status int) Code { return Code(strconv.Itoa(status)) }

// Error is why a batch has no usage. Its text is made for the events of an
// HPA: what happened, what Datadog says, what to do; it holds no key.
type Error struct {
	Code Code
	// Text is the whole message.
	Text string
	// Err is the cause, if it was another error. Its text may hold what the
	// message must not; print the Error.
	Err error
}

func (e *Error) Error() string { return e.Text }

func (e *Error) Unwrap() error { return e.Err }

// Empty says that Datadog answered, but has nothing about what was asked for.
func (e *Error) Empty() bool { return e.Code == CodeEmpty }

// longestQuote bounds what is repeated of somebody else's text, in characters.
const longestQuote = 200

// quote makes somebody else's text fit to be repeated in a message: one line,
// without control characters, bounded, and without any of the secrets.
func quote(text string, secrets ...string) string {
	text = redact(text, secrets...)
	clean := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, text)
	clean = strings.Join(strings.Fields(clean), " ")
	if runes := []rune(clean); len(runes) > longestQuote {
		return strings.TrimSpace(string(runes[:longestQuote])) + "…"
	}
	return clean
}

// redact takes the secrets out of a text.
func redact(text string, secrets ...string) string {
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "[redacted]")
		}
	}
	return text
}
