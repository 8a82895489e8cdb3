package scale

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
)

// store is etcd, as the API server keeps its objects there.
type store struct {
	client *clientv3.Client
	// encode writes an object as the API server does: in protobuf, with its kind in front.
	encode runtime.Serializer
}

func openStore(url string) (*store, error) {
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{url}})
	if err != nil {
		return nil, fmt.Errorf("connecting to etcd: %w", err)
	}
	return &store{client: client, encode: protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)}, nil
}

func (s *store) close() { _ = s.client.Close() }

// put writes an object; the API server, and whoever watches there, sees it at once.
func (s *store) put(ctx context.Context, resource schema.GroupVersionResource, o interface {
	runtime.Object
	metav1.Object
},
) error {
	text, err := runtime.Encode(scheme.Codecs.EncoderForVersion(s.encode, resource.GroupVersion()), o)
	if err != nil {
		return fmt.Errorf("encoding %s %s: %w", resource.Resource, o.GetName(), err)
	}
	key := "/registry/" + resource.Resource + "/" + o.GetNamespace() + "/" + o.GetName()
	if _, err := s.client.Put(ctx, key, string(text)); err != nil {
		return fmt.Errorf("writing %s: %w", key, err)
	}
	return nil
}
