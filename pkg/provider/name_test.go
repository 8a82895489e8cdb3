package provider

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"
)

func FuzzNamesAreThoseThatKubernetesAccepts(f *testing.F) {
	for _, seed := range []string{
		"", "a", "item", "item.v2", "-a", "a-", "a..b", ".a", "a.", "A", "a_b", "ä", "a-.b", "1",
		strings.Repeat("a", 63), strings.Repeat("a", 64), strings.Repeat("a", 253), strings.Repeat("a", 254),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if got, want := isSubdomain(name), len(validation.IsDNS1123Subdomain(name)) == 0; got != want {
			t.Errorf("isSubdomain(%q) is %v, Kubernetes says %v", name, got, want)
		}
		if got, want := isLabel(name), len(validation.IsDNS1123Label(name)) == 0; got != want {
			t.Errorf("isLabel(%q) is %v, Kubernetes says %v", name, got, want)
		}
	})
}
