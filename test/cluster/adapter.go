package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Where the plain manifests in deploy/ put the adapter.
const (
	AdapterNamespace = "crest-system"
	AdapterName      = "crest" // of its ServiceAccount, its Service and its Deployment
	adapterPort      = 10250
)

// AdapterOptions say how to run an adapter.
type AdapterOptions struct {
	// Config is the adapter's configuration file, as text. Empty: it gets no --config.
	Config string

	// Env are more environment variables, as "DD_API_KEY=…"; nothing else is inherited.
	Env []string

	// Args are more flags.
	Args []string

	// Name is the name of the process and of its files and log. Empty: crest-adapter,
	// crest-adapter-2, ….
	Name string

	// Service is whose name its certificate has, a Service in AdapterNamespace with the port
	// 10250. Empty: AdapterName, to which the APIService leads.
	Service string

	// ServiceIP is the address to listen on. Empty: the ClusterIP of the Service, so
	// that the API server's aggregator reaches it. Another one (FreeIP) is a replica to which
	// only tests speak.
	ServiceIP string

	// Binary is the program to run. Empty: BuildAdapter builds the repository's.
	Binary string
}

// InstallAdapter applies the manifests in deploy/ (namespace, account, permissions, Service,
// APIService) and starts the adapter as a process that has the ServiceAccount's token and
// nothing more. It returns once the adapter is ready and, unless it listens elsewhere than on
// the Service's address or is another Service's, external.metrics.k8s.io answers through the API server. After an
// error nothing that it started runs on.
func (c *Cluster) InstallAdapter(ctx context.Context, options AdapterOptions) (*Adapter, error) {
	a, err := c.installAdapter(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("installing the adapter: %w", err)
	}
	return a, nil
}

func (c *Cluster) installAdapter(ctx context.Context, options AdapterOptions) (*Adapter, error) {
	if options.Binary == "" {
		binary, err := BuildAdapter(ctx, c.options.Progress)
		if err != nil {
			return nil, err
		}
		options.Binary = binary
	}
	if err := c.ApplyManifests(ctx); err != nil {
		return nil, err
	}
	a := &Adapter{cluster: c, options: options, registered: options.ServiceIP == "" && options.Service == ""}
	if a.options.Name == "" {
		a.options.Name = c.adapterName()
	}
	if a.options.Service == "" {
		a.options.Service = AdapterName
	}
	if options.ServiceIP == "" {
		ip, err := c.ServiceIP(ctx, AdapterNamespace, a.options.Service)
		if err != nil {
			return nil, err
		}
		a.options.ServiceIP = ip
		if err := c.publishEndpoint(ctx, AdapterNamespace, a.options.Service, "https", adapterPort); err != nil {
			return nil, err
		}
	}
	if err := a.writeFiles(ctx); err != nil {
		return nil, err
	}
	if err := a.Start(ctx); err != nil {
		return nil, err
	}
	c.progress(a.options.Name + " answers at " + a.BaseURL())
	return a, nil
}

// notInstalled are the kinds in deploy/ in whose place the harness runs a process.
var notInstalled = []string{"Deployment", "ConfigMap"}

// ApplyManifests applies the files in deploy/ with the cluster's CA in the APIService, but
// without the Deployment and its configuration.
func (c *Cluster) ApplyManifests(ctx context.Context) error {
	root, err := repository()
	if err != nil {
		return err
	}
	objects, err := readManifests(filepath.Join(root, "deploy"))
	if err != nil {
		return err
	}
	objects = slices.DeleteFunc(objects, func(o *unstructured.Unstructured) bool {
		return slices.Contains(notInstalled, o.GetKind())
	})
	if err := c.withCA(objects); err != nil {
		return err
	}
	return c.applier.apply(ctx, objects)
}

// readManifests reads the objects of the files that dir's kustomization lists, namespaces first.
func readManifests(dir string) ([]*unstructured.Unstructured, error) {
	files, err := readKustomization(filepath.Join(dir, "kustomization.yaml"))
	if err != nil {
		return nil, err
	}
	var objects []*unstructured.Unstructured
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			return nil, fmt.Errorf("reading a manifest: %w", err)
		}
		found, err := Objects(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		objects = append(objects, found...)
	}
	if len(objects) == 0 {
		return nil, errors.New("no manifest in " + dir)
	}
	slices.SortStableFunc(objects, func(a, b *unstructured.Unstructured) int {
		return order(a) - order(b)
	})
	return objects, nil
}

// readKustomization reads which files "kubectl apply -k" would apply.
func readKustomization(file string) ([]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading which manifests there are: %w", err)
	}
	var kustomization struct{ Resources []string }
	if err := yaml.Unmarshal(text, &kustomization); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return kustomization.Resources, nil
}

func order(o *unstructured.Unstructured) int {
	if o.GetKind() == "Namespace" {
		return 0
	}
	return 1
}

// adapterName is the name of the next adapter that has none.
func (c *Cluster) adapterName() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.adapters++
	if c.adapters == 1 {
		return "crest-adapter"
	}
	return fmt.Sprintf("crest-adapter-%d", c.adapters)
}
