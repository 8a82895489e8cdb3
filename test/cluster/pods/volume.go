package pods

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// resync is how often volumes are compared with what they come from.
const resync = time.Second

// volume is a directory of a Pod on this machine.
type volume struct {
	spec  corev1.Volume
	dir   string
	files map[string]file // as they were written last
}

// makeVolumes makes the directories, which are empty, and knows where containers see them.
func (w *worker) makeVolumes(pod *corev1.Pod) error {
	dirs := map[string]string{}
	for _, v := range pod.Spec.Volumes {
		dir := filepath.Join(w.dir, v.Name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("making the volume %s: %w", v.Name, err)
		}
		dirs[v.Name] = dir
		w.volumes = append(w.volumes, &volume{spec: v, dir: dir})
	}
	for _, c := range pod.Spec.Containers {
		for _, m := range c.VolumeMounts {
			path := filepath.Join(dirs[m.Name], m.SubPath)
			if other, taken := w.mounts[m.MountPath]; taken && other != path {
				return fmt.Errorf("two containers mount different volumes at %s, which is not played here", m.MountPath)
			}
			w.mounts[m.MountPath] = path
		}
	}
	return nil
}

// fill brings all volumes up to date.
func (w *worker) fill(ctx context.Context) error {
	for _, v := range w.volumes {
		files, err := w.files(ctx, &v.spec)
		if err != nil {
			return fmt.Errorf("filling the volume %s: %w", v.spec.Name, err)
		}
		if maps.Equal(files, v.files) {
			continue
		}
		if err := swap(v.dir, files); err != nil {
			return err
		}
		v.files = files
	}
	return nil
}

// mount fills the volumes for the first time: it waits for what is not there yet, and lets
// the Pod's status say what that is. It returns false when ctx ended before.
func (w *worker) mount(ctx context.Context) bool {
	return every(ctx, resync, func() bool {
		err := w.fill(ctx)
		if err != nil {
			w.wait(err)
		}
		return err == nil
	})
}

// renew keeps the volumes up to date until ctx ends. While the API server is away, they stay.
func (w *worker) renew(ctx context.Context) {
	every(ctx, resync, func() bool {
		_ = w.fill(ctx) // as long as the containers run, what is missing now stays as it was
		return false
	})
}

// every calls step now, and then at each interval, until it answers true. False: ctx ended
// before.
func every(ctx context.Context, interval time.Duration, step func() bool) bool {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if ctx.Err() == nil && step() {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-ticker.C:
		}
	}
}
