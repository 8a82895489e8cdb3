package cluster

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
)

// tokenLife is how long a ServiceAccount's token is valid: longer than any test.
const tokenLife = 24 * time.Hour

// ServiceIP is a Service's ClusterIP: a loopback address, on which a process can listen.
func (c *Cluster) ServiceIP(ctx context.Context, namespace, name string) (string, error) {
	s, err := c.client.CoreV1().Services(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("asking for the Service %s/%s: %w", namespace, name, err)
	}
	return s.Spec.ClusterIP, nil
}

// TokenFor is a fresh token of a ServiceAccount, from the TokenRequest API. It waits a
// moment for a ServiceAccount that does not exist yet.
func (c *Cluster) TokenFor(ctx context.Context, namespace, account string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request := &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: ptr.To(int64(tokenLife.Seconds()))},
	}
	var token string
	err := poll(ctx, func(ctx context.Context) error {
		answer, err := c.client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, account, request, metav1.CreateOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return permanent{err}
		}
		if err == nil {
			token = answer.Status.Token
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("asking for a token of the ServiceAccount %s/%s: %w", namespace, account, err)
	}
	return token, nil
}

// accountKubeconfig writes a kubeconfig with a ServiceAccount's token, so that a process has
// the account's permissions and no others.
func (c *Cluster) accountKubeconfig(ctx context.Context, namespace, account, file string) (string, error) {
	token, err := c.TokenFor(ctx, namespace, account)
	if err != nil {
		return "", err
	}
	return c.writeKubeconfig(file, identity{token: token})
}

// servingPair signs the certificate of <service>.<namespace>.svc, the name that the
// aggregator verifies.
func (c *Cluster) servingPair(namespace, service, ip string) (keyPair, error) {
	name := service + "." + namespace + ".svc"
	return c.keys.cluster.server(certificate{name: name, dns: []string{name, "localhost"}, ips: []string{ip}})
}

// ServingCertificate is a new serving certificate for a Service, its key, and the CA that
// signed it, all PEM.
func (c *Cluster) ServingCertificate(namespace, service string) (cert, key, ca []byte, err error) {
	name := service + "." + namespace + ".svc"
	pair, err := c.keys.cluster.server(certificate{name: name, dns: []string{name}})
	return pair.cert, pair.key, c.keys.cluster.pem, err
}

// endpointAddress stands for the process in an EndpointSlice, where loopback addresses are
// refused. The aggregator only wants to see that there is an endpoint; it dials the ClusterIP.
const endpointAddress = "192.0.2.1" // of RFC 5737: never anybody's

// publishEndpoint makes the Service count as having a ready endpoint.
func (c *Cluster) publishEndpoint(ctx context.Context, namespace, service, portName string, port int32) error {
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace,
			Name:      service + "-process",
			Labels: map[string]string{
				discoveryv1.LabelServiceName: service,
				discoveryv1.LabelManagedBy:   "crest-test-harness",
			},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{endpointAddress}}},
		Ports:       []discoveryv1.EndpointPort{{Name: ptr.To(portName), Port: ptr.To(port)}},
	}
	_, err := c.client.DiscoveryV1().EndpointSlices(namespace).Create(ctx, slice, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("publishing an endpoint of the Service %s/%s: %w", namespace, service, err)
	}
	return nil
}

// withCA gives the APIServices among objects the cluster's CA.
func (c *Cluster) withCA(objects []*unstructured.Unstructured) error {
	bundle := base64.StdEncoding.EncodeToString(c.keys.cluster.pem)
	for _, o := range objects {
		if o.GetKind() != "APIService" {
			continue
		}
		if err := unstructured.SetNestedField(o.Object, bundle, "spec", "caBundle"); err != nil {
			return fmt.Errorf("setting the caBundle of %s: %w", o.GetName(), err)
		}
	}
	return nil
}

var apiServices = schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}

// apiAvailable says why the aggregated API is not available: nil when the aggregator says
// that it is, and its discovery answers through the API server.
func (c *Cluster) apiAvailable(ctx context.Context, group, version string) error {
	name := version + "." + group
	o, err := c.applier.dynamic.Resource(apiServices).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("asking for the APIService %s: %w", name, err)
	}
	if err := available(o); err != nil {
		return fmt.Errorf("the APIService %s is not available: %w", name, err)
	}
	if _, err := c.client.Discovery().RESTClient().Get().AbsPath("/apis", group, version).DoRaw(ctx); err != nil {
		return fmt.Errorf("discovery of %s/%s: %w", group, version, err)
	}
	return nil
}

func available(apiService *unstructured.Unstructured) error {
	conditions, _, err := unstructured.NestedSlice(apiService.Object, "status", "conditions")
	if err != nil {
		return fmt.Errorf("reading its conditions: %w", err)
	}
	for _, item := range conditions {
		condition, ok := item.(map[string]any)
		if !ok || condition["type"] != "Available" {
			continue
		}
		if condition["status"] == "True" {
			return nil
		}
		return fmt.Errorf("%v: %v", condition["reason"], strings.TrimSpace(fmt.Sprint(condition["message"])))
	}
	return fmt.Errorf("the aggregator has not looked yet")
}
