package pods

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/pkg/fieldpath"
)

// files are those of a volume, at this moment. No files, and no error, are an empty directory.
func (w *worker) files(ctx context.Context, v *corev1.Volume) (map[string]file, error) {
	switch {
	case v.EmptyDir != nil:
		return nil, nil
	case v.ConfigMap != nil:
		return w.configMap(ctx, v.ConfigMap.Name, v.ConfigMap.Items, v.ConfigMap.DefaultMode, v.ConfigMap.Optional)
	case v.Secret != nil:
		return w.secret(ctx, v.Secret.SecretName, v.Secret.Items, v.Secret.DefaultMode, v.Secret.Optional)
	case v.DownwardAPI != nil:
		return w.downward(v.DownwardAPI.Items, v.DownwardAPI.DefaultMode)
	case v.Projected != nil:
		all := map[string]file{}
		for i := range v.Projected.Sources {
			files, err := w.projected(ctx, &v.Projected.Sources[i], v.Projected.DefaultMode)
			if err != nil {
				return nil, err
			}
			maps.Copy(all, files)
		}
		return all, nil
	}
	return nil, fmt.Errorf("the volume %s is of a kind that is not played here", v.Name)
}

func (w *worker) projected(ctx context.Context, s *corev1.VolumeProjection, mode *int32) (map[string]file, error) {
	switch {
	case s.ConfigMap != nil:
		return w.configMap(ctx, s.ConfigMap.Name, s.ConfigMap.Items, mode, s.ConfigMap.Optional)
	case s.Secret != nil:
		return w.secret(ctx, s.Secret.Name, s.Secret.Items, mode, s.Secret.Optional)
	case s.DownwardAPI != nil:
		return w.downward(s.DownwardAPI.Items, mode)
	case s.ServiceAccountToken != nil:
		token, err := w.token(ctx, s.ServiceAccountToken)
		// The kubelet gives the file to the user of the containers.
		return map[string]file{s.ServiceAccountToken.Path: {text: token, mode: 0o600}}, err
	}
	return nil, fmt.Errorf("a projected volume has a source that is not played here")
}

// configMap has the containers' paths in its texts replaced: it is where a configuration names
// the files of the other volumes.
func (w *worker) configMap(ctx context.Context, name string, items []corev1.KeyToPath, mode *int32, optional *bool) (map[string]file, error) {
	found, err := w.options.Client.CoreV1().ConfigMaps(w.namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, missing(err, optional, "ConfigMap", name)
	}
	data := map[string]string{}
	for key, text := range found.Data {
		data[key] = w.mounts.rewrite(text)
	}
	for key, bytes := range found.BinaryData {
		data[key] = string(bytes)
	}
	return w.pick(data, items, mode, optional, "ConfigMap "+name)
}

func (w *worker) secret(ctx context.Context, name string, items []corev1.KeyToPath, mode *int32, optional *bool) (map[string]file, error) {
	found, err := w.options.Client.CoreV1().Secrets(w.namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, missing(err, optional, "Secret", name)
	}
	data := map[string]string{}
	for key, bytes := range found.Data {
		data[key] = string(bytes)
	}
	return w.pick(data, items, mode, optional, "Secret "+name)
}

// missing is the error of an object that could not be read; nil where it may be absent.
func missing(err error, optional *bool, kind, name string) error {
	if apierrors.IsNotFound(err) && optional != nil && *optional {
		return nil
	}
	return fmt.Errorf("reading the %s %s: %w", kind, name, err)
}

// pick makes files of all keys, or of those that items name.
func (w *worker) pick(data map[string]string, items []corev1.KeyToPath, mode *int32, optional *bool, of string) (map[string]file, error) {
	if len(items) == 0 {
		for _, key := range slices.Sorted(maps.Keys(data)) {
			items = append(items, corev1.KeyToPath{Key: key, Path: key})
		}
	}
	files := map[string]file{}
	for _, item := range items {
		text, found := data[item.Key]
		if !found && optional != nil && *optional {
			continue
		}
		if !found {
			return nil, fmt.Errorf("the %s has no key %s", of, item.Key)
		}
		allowed, err := w.mode(item.Mode, mode)
		if err != nil {
			return nil, fmt.Errorf("%w: the key %s of the %s", err, item.Key, of)
		}
		files[item.Path] = file{text: text, mode: allowed}
	}
	return files, nil
}

// mode is that of a file, after the kubelet has given it to the Pod's fsGroup. A file that
// the Pod's user could not read is an error, since this process may be another user, who can.
func (w *worker) mode(own, common *int32) (fs.FileMode, error) {
	mode := fs.FileMode(0o644)
	for _, m := range []*int32{common, own} {
		if m != nil {
			mode = fs.FileMode(uint32(*m)) & fs.ModePerm
		}
	}
	security := w.security
	if security.FSGroup != nil {
		return mode | 0o440, nil
	}
	if security.RunAsUser != nil && *security.RunAsUser != 0 && mode&0o004 == 0 {
		return 0, fmt.Errorf("user %d may not read a file of root with mode %04o, and the Pod has no fsGroup", *security.RunAsUser, mode)
	}
	return mode | 0o400, nil
}

func (w *worker) downward(items []corev1.DownwardAPIVolumeFile, common *int32) (map[string]file, error) {
	files := map[string]file{}
	for _, item := range items {
		if item.FieldRef == nil {
			return nil, fmt.Errorf("%s of a downward API volume is not a field, and not played here", item.Path)
		}
		text, err := fieldpath.ExtractFieldPathAsString(w.latest(), item.FieldRef.FieldPath)
		if err != nil {
			return nil, fmt.Errorf("reading a field for a volume: %w", err)
		}
		mode, err := w.mode(item.Mode, common)
		if err != nil {
			return nil, fmt.Errorf("%w: %s of a downward API volume", err, item.Path)
		}
		files[item.Path] = file{text: text, mode: mode}
	}
	return files, nil
}
