package pods

import "testing"

func TestPathsOfAContainerBecomePathsOfThisMachine(t *testing.T) {
	m := mounts{"/etc/crest": "/run/a", "/etc/crest/keys": "/run/b", "/var/run": "/run/c"}
	tests := map[string]struct{ text, want string }{
		"a flag":                               {"--config=/etc/crest/config.yaml", "--config=/run/a/config.yaml"},
		"the deeper of two mounts":             {"/etc/crest/keys/api-key", "/run/b/api-key"},
		"a directory alone":                    {"/etc/crest", "/run/a"},
		"each path of a text":                  {"a: /etc/crest/x\nb: \"/var/run/y\", /etc/crest", "a: /run/a/x\nb: \"/run/c/y\", /run/a"},
		"another directory that begins alike":  {"/etc/crest-keys/a /etc/crest.d /etc/crest_2", "/etc/crest-keys/a /etc/crest.d /etc/crest_2"},
		"a path that only ends like a mount":   {"/opt/etc/crest", "/opt/etc/crest"},
		"a relative path is none of a mount's": {"my/etc/crest", "my/etc/crest"},
		"nothing":                              {"", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := m.rewrite(test.text); got != test.want {
				t.Errorf("%q becomes %q, want %q", test.text, got, test.want)
			}
		})
	}
}
