package config

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a text that no formatting, logging or encoding shows; only Reveal
// does. The zero value is the empty text.
type Secret struct {
	// text is behind a pointer because fmt prints the unexported fields of an
	// enclosing struct without asking their methods.
	text *string
}

// NewSecret keeps a text secret.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: &text}
}

// Reveal is the text itself, for the one place that sends it.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Empty says that there is no text.
func (s Secret) Empty() bool { return s.text == nil }

// String says whether there is a text.
func (s Secret) String() string {
	if s.Empty() {
		return ""
	}
	return redacted
}

// Format is String under every verb of package fmt.
func (s Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, s.String()) }

// MarshalText is String, for encoders such as those of JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalYAML is String.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }

// LogValue is String, for package log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalLog is String, for logr.
func (s Secret) MarshalLog() any { return s.String() }
