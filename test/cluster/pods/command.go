package pods

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	resourcehelper "k8s.io/kubernetes/pkg/api/v1/resource"
	"k8s.io/kubernetes/pkg/fieldpath"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"
)

// accountPath is where a Pod finds its ServiceAccount.
const accountPath = "/var/run/secrets/kubernetes.io/serviceaccount"

// command is what a container is to run now: environment variables from ConfigMaps and Secrets
// are read at each start, as by a kubelet.
func (w *worker) command(ctx context.Context, c *corev1.Container) (Command, error) {
	pod := w.latest()
	out := Command{Name: pod.Name + "." + c.Name, Path: w.options.Program}
	if len(c.Command) > 0 && path.Base(c.Command[0]) != filepath.Base(out.Path) {
		return Command{}, fmt.Errorf("exec: %q: not found: the image has one program, %s, and no shell", c.Command[0], filepath.Base(out.Path))
	}
	env, err := w.environment(ctx, pod, c)
	if err != nil {
		return Command{}, err
	}
	args := c.Args
	if len(c.Command) > 1 {
		args = append(append([]string(nil), c.Command[1:]...), c.Args...)
	}
	for _, arg := range args {
		out.Args = append(out.Args, w.mounts.rewrite(expansion.Expand(arg, expansion.MappingFuncFor(env))))
	}
	for name, value := range env {
		out.Env = append(out.Env, name+"="+value)
	}
	if mounted(c, accountPath) {
		file, err := w.kubeconfig(pod)
		if err != nil {
			return Command{}, err
		}
		out.Args = append(out.Args, "--kubeconfig="+file)
	}
	return out, nil
}

func mounted(c *corev1.Container, at string) bool {
	for _, m := range c.VolumeMounts {
		if m.MountPath == at {
			return true
		}
	}
	return false
}

// kubeconfig is a file that says what the in-cluster configuration would: see the package's
// documentation.
func (w *worker) kubeconfig(pod *corev1.Pod) (string, error) {
	account := w.mounts[accountPath]
	config := clientcmdapi.NewConfig()
	config.Clusters["cluster"] = &clientcmdapi.Cluster{Server: w.options.Server, CertificateAuthority: filepath.Join(account, "ca.crt")}
	config.AuthInfos["account"] = &clientcmdapi.AuthInfo{TokenFile: filepath.Join(account, "token")}
	config.Contexts["pod"] = &clientcmdapi.Context{Cluster: "cluster", AuthInfo: "account", Namespace: pod.Namespace}
	config.CurrentContext = "pod"
	file := filepath.Join(w.dir, "kubeconfig")
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		return "", fmt.Errorf("writing the Pod's kubeconfig: %w", err)
	}
	return file, nil
}

// environment is that of a container. A variable may refer to those before it.
func (w *worker) environment(ctx context.Context, pod *corev1.Pod, c *corev1.Container) (map[string]string, error) {
	env, err := w.apiServer()
	if err != nil {
		return nil, err
	}
	for _, from := range c.EnvFrom {
		files, err := w.from(ctx, from)
		if err != nil {
			return nil, err
		}
		for key, f := range files {
			env[from.Prefix+key] = f.text
		}
	}
	for _, v := range c.Env {
		if v.ValueFrom == nil {
			env[v.Name] = w.mounts.rewrite(expansion.Expand(v.Value, expansion.MappingFuncFor(env)))
			continue
		}
		value, found, err := w.valueFrom(ctx, pod, c, v.ValueFrom)
		if err != nil {
			return nil, fmt.Errorf("the environment variable %s: %w", v.Name, err)
		}
		if found {
			env[v.Name] = value
		}
	}
	return env, nil
}

// apiServer is what every Pod is told of the Service kubernetes.
func (w *worker) apiServer() (map[string]string, error) {
	u, err := url.Parse(w.options.Server)
	if err != nil {
		return nil, fmt.Errorf("reading the API server's address: %w", err)
	}
	return map[string]string{"KUBERNETES_SERVICE_HOST": u.Hostname(), "KUBERNETES_SERVICE_PORT": u.Port()}, nil
}

func (w *worker) from(ctx context.Context, from corev1.EnvFromSource) (map[string]file, error) {
	readable := int32(0o644)
	switch {
	case from.ConfigMapRef != nil:
		return w.configMap(ctx, from.ConfigMapRef.Name, nil, &readable, from.ConfigMapRef.Optional)
	case from.SecretRef != nil:
		return w.secret(ctx, from.SecretRef.Name, nil, &readable, from.SecretRef.Optional)
	}
	return nil, nil
}

// valueFrom is the value of a variable; false if it has none, and needs none.
func (w *worker) valueFrom(ctx context.Context, pod *corev1.Pod, c *corev1.Container, from *corev1.EnvVarSource) (string, bool, error) {
	readable := int32(0o644)
	var files map[string]file
	var err error
	switch {
	case from.FieldRef != nil:
		value, err := w.field(pod, from.FieldRef.FieldPath)
		return value, true, err
	case from.ResourceFieldRef != nil:
		value, err := resourcehelper.ExtractContainerResourceValue(from.ResourceFieldRef, c)
		return value, true, err
	case from.ConfigMapKeyRef != nil:
		ref := from.ConfigMapKeyRef
		files, err = w.configMap(ctx, ref.Name, []corev1.KeyToPath{{Key: ref.Key, Path: ref.Key}}, &readable, ref.Optional)
	case from.SecretKeyRef != nil:
		ref := from.SecretKeyRef
		files, err = w.secret(ctx, ref.Name, []corev1.KeyToPath{{Key: ref.Key, Path: ref.Key}}, &readable, ref.Optional)
	default:
		return "", false, fmt.Errorf("its source is of a kind that is not played here")
	}
	for _, f := range files {
		return f.text, true, err
	}
	return "", false, err
}

// field is a field of the Pod as the downward API names it. The Pod's own address is the one
// on this machine.
func (w *worker) field(pod *corev1.Pod, name string) (string, error) {
	switch name {
	case "status.podIP", "status.podIPs":
		return w.ip, nil
	case "status.hostIP", "status.hostIPs":
		return w.options.HostIP, nil
	case "spec.nodeName":
		return pod.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return pod.Spec.ServiceAccountName, nil
	}
	return fieldpath.ExtractFieldPathAsString(pod, name)
}
