package datadog

import "strings"

// The names that may stand in the text of a query. None of them can hold what
// ends a value there: a comma, a parenthesis, a brace, a quote or a space.

func isLower(c byte) bool  { return 'a' <= c && c <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return isLower(c) || 'A' <= c && c <= 'Z' }

// consistsOf says that s is not empty and that each of its bytes is an ASCII
// letter, a digit or one of others.
func consistsOf(s, others string) bool {
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && !isDigit(c) && strings.IndexByte(others, c) < 0 {
			return false
		}
	}
	return s != ""
}

func isTagKey(s string) bool     { return consistsOf(s, "_-./") && isLetter(s[0]) }
func isTagValue(s string) bool   { return consistsOf(s, "_-./:") }
func isMetricName(s string) bool { return consistsOf(s, "_.") && isLetter(s[0]) }
func isHost(s string) bool       { return consistsOf(s, "-.") }

// isKubernetesName says whether a namespace, a workload or a container can
// have this name: a DNS-1123 subdomain of at most 253 characters. What an HPA
// or a selector names may be anything; what exists is always one of these.
func isKubernetesName(s string) bool {
	const longest = 253
	if s == "" || len(s) > longest {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isLower(c) && !isDigit(c) && c != '-' && c != '.' {
			return false
		}
	}
	return isAlphanumeric(s[0]) && isAlphanumeric(s[len(s)-1])
}

func isAlphanumeric(c byte) bool { return isLower(c) || isDigit(c) }

// isKeyword says that a name is also a word of Datadog's filters, which knows
// them in either case.
func isKeyword(s string) bool {
	return s == "and" || s == "or" || s == "not" || s == "in"
}
