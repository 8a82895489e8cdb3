package pods

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// mounts are the paths of a Pod's volumes in its containers, and where they are on this machine.
type mounts map[string]string

// rewrite is text with each path below a mount as the path on this machine. A mount is
// found where a path begins, and as a whole: /etc/crest is not part of /etc/crest-keys.
func (m mounts) rewrite(text string) string {
	// Of two mounts, one below the other, the deeper one is meant.
	paths := slices.SortedFunc(maps.Keys(m), func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	var out strings.Builder
	for i := 0; i < len(text); {
		path := m.at(text, i, paths)
		if path == "" {
			out.WriteByte(text[i])
			i++
			continue
		}
		out.WriteString(m[path])
		i += len(path)
	}
	return out.String()
}

// at is which of the paths stands at text[i]; empty if none.
func (m mounts) at(text string, i int, paths []string) string {
	if i > 0 && (text[i-1] == '/' || ofName(text[i-1])) {
		return ""
	}
	for _, path := range paths {
		rest, found := strings.CutPrefix(text[i:], path)
		if found && (rest == "" || !ofName(rest[0])) {
			return path
		}
	}
	return ""
}

// ofName says whether a byte may be part of a file's name in a text.
func ofName(b byte) bool {
	return b == '-' || b == '_' || b == '.' || '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}
