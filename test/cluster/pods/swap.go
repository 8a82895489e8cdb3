package pods

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// file is one file of a volume.
type file struct {
	text string
	mode fs.FileMode
}

// dataLink is the link in a volume through which all its files are reached, by the kubelet's name.
const dataLink = "..data"

// swap replaces all files of a volume at once, as the kubelet does: each is a link into
// ..data, and that is a link to a directory of its own, which one rename changes. What reads two
// files of a volume, as a certificate and its key, relies on it.
func swap(volume string, files map[string]file) error {
	fresh, err := os.MkdirTemp(volume, "..")
	if err != nil {
		return fmt.Errorf("making a directory in a volume: %w", err)
	}
	if err := os.Chmod(fresh, 0o755); err != nil {
		return fmt.Errorf("opening a directory of a volume: %w", err)
	}
	for name, f := range files {
		if err := put(filepath.Join(fresh, name), f); err != nil {
			return err
		}
	}
	link := filepath.Join(volume, dataLink)
	old, err := os.Readlink(link)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the link of a volume: %w", err)
	}
	next := link + "_next"
	if err := os.Symlink(filepath.Base(fresh), next); err != nil {
		return fmt.Errorf("linking the files of a volume: %w", err)
	}
	if err := os.Rename(next, link); err != nil {
		return fmt.Errorf("replacing the files of a volume: %w", err)
	}
	if err := linkTops(volume, files); err != nil || old == "" {
		return err
	}
	if err := os.RemoveAll(filepath.Join(volume, old)); err != nil {
		return fmt.Errorf("removing old files of a volume: %w", err)
	}
	return nil
}

func put(path string, f file) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("making a directory in a volume: %w", err)
	}
	if err := os.WriteFile(path, []byte(f.text), 0o600); err != nil {
		return fmt.Errorf("writing a file of a volume: %w", err)
	}
	if err := os.Chmod(path, f.mode); err != nil {
		return fmt.Errorf("setting the mode of a file of a volume: %w", err)
	}
	return nil
}

// linkTops makes a link for what is new at the top of the volume, and removes the others.
func linkTops(volume string, files map[string]file) error {
	tops := map[string]bool{}
	for name := range maps.Keys(files) {
		top, _, _ := strings.Cut(name, "/")
		tops[top] = true
	}
	present, err := os.ReadDir(volume)
	if err != nil {
		return fmt.Errorf("listing a volume: %w", err)
	}
	for _, entry := range present {
		name := entry.Name()
		if strings.HasPrefix(name, "..") || tops[name] {
			delete(tops, name)
			continue
		}
		if err := os.Remove(filepath.Join(volume, name)); err != nil {
			return fmt.Errorf("removing a link of a volume: %w", err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(tops)) {
		if err := os.Symlink(filepath.Join(dataLink, name), filepath.Join(volume, name)); err != nil {
			return fmt.Errorf("linking a file of a volume: %w", err)
		}
	}
	return nil
}
