package provider

// The longest names, after RFC 1123.
const (
	longestSubdomain = 253
	longestLabel     = 63
)

// isSubdomain says whether an object can have this name. It is
// validation.IsDNS1123Subdomain without its regular expression, which would be
// most of the time of a read.
func isSubdomain(name string) bool {
	if len(name) > longestSubdomain {
		return false
	}
	begin := 0
	for i := range len(name) {
		if name[i] == '.' {
			if !isLabelText(name[begin:i]) {
				return false
			}
			begin = i + 1
		}
	}
	return isLabelText(name[begin:])
}

// isLabel says whether a container can have this name, as
// validation.IsDNS1123Label does.
func isLabel(name string) bool { return len(name) <= longestLabel && isLabelText(name) }

// isLabelText is lower-case letters and digits, with dashes between them.
func isLabelText(s string) bool {
	if s == "" || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
