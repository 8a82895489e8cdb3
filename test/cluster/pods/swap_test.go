package pods

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAVolumesFilesAreReplacedAllAtOnce(t *testing.T) {
	dir := t.TempDir()
	write := func(files map[string]file) {
		t.Helper()
		if err := swap(dir, files); err != nil {
			t.Fatal(err)
		}
	}
	write(map[string]file{"tls.crt": {"one", 0o644}, "tls.key": {"one", 0o400}, "sub/gone": {"x", 0o644}})
	before, err := os.Readlink(filepath.Join(dir, dataLink))
	if err != nil {
		t.Fatal(err)
	}
	write(map[string]file{"tls.crt": {"two", 0o644}, "tls.key": {"two", 0o400}, "new": {"x", 0o644}})

	for name, want := range map[string]string{"tls.crt": "two", "tls.key": "two", "new": "x"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(text) != want {
			t.Errorf("%s is %q, %v; want %q", name, text, err, want)
		}
		if target, err := os.Readlink(filepath.Join(dir, name)); err != nil || target != dataLink+"/"+name {
			t.Errorf("%s leads to %q, %v; want through %s", name, target, err, dataLink)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "tls.key")); err != nil || info.Mode().Perm() != 0o400 {
		t.Errorf("the key's mode: %v, %v", info, err)
	}
	for _, gone := range []string{"sub", before} {
		if _, err := os.Lstat(filepath.Join(dir, gone)); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", gone, err)
		}
	}
}
