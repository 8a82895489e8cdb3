package services

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"sync"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"
	"k8s.io/client-go/tools/cache"
)

// Proxy forwards connections until its Stop.
type Proxy struct {
	services corelisters.ServiceLister
	slices   discoverylisters.EndpointSliceLister
	dial     func(published string) (string, bool)
	stop     context.CancelFunc
	all      sync.WaitGroup

	changed    chan struct{}
	forwarders map[string]*forwarder // by address and port; touched by follow alone
	problems   func(error)
}

// Run begins to forward, and returns once it knows all Services. dial is the address of this
// machine behind one in an EndpointSlice; false for what does not run here. problems is told of
// an address that could not be listened on.
func Run(ctx context.Context, client kubernetes.Interface, dial func(string) (string, bool), problems func(error)) (*Proxy, error) {
	factory := informers.NewSharedInformerFactory(client, 0)
	services, endpoints := factory.Core().V1().Services(), factory.Discovery().V1().EndpointSlices()
	p := &Proxy{
		services: services.Lister(), slices: endpoints.Lister(), dial: dial, problems: problems,
		changed: make(chan struct{}, 1), forwarders: map[string]*forwarder{},
	}
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { p.look() }, UpdateFunc: func(any, any) { p.look() }, DeleteFunc: func(any) { p.look() },
	}
	for _, informer := range []cache.SharedIndexInformer{services.Informer(), endpoints.Informer()} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return nil, fmt.Errorf("following the Services: %w", err)
		}
	}
	following, stop := context.WithCancel(context.WithoutCancel(ctx))
	p.stop = stop
	factory.Start(following.Done())
	if !cache.WaitForCacheSync(ctx.Done(), services.Informer().HasSynced, endpoints.Informer().HasSynced) {
		stop()
		return nil, fmt.Errorf("following the Services: %w", context.Cause(ctx))
	}
	p.look()
	p.all.Go(func() {
		p.follow(following)
		factory.Shutdown()
	})
	return p, nil
}

// Stop ends all connections.
func (p *Proxy) Stop() {
	p.stop()
	p.all.Wait()
}

// look has follow look again.
func (p *Proxy) look() {
	select {
	case p.changed <- struct{}{}:
	default: // it will, after this change
	}
}

func (p *Proxy) follow(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			for _, f := range p.forwarders {
				f.close()
			}
			return
		case <-p.changed:
			if err := p.sync(ctx); err != nil {
				p.problems(err)
			}
		}
	}
}

// sync makes the listeners those of the Services that have endpoints now.
func (p *Proxy) sync(ctx context.Context) error {
	wanted, err := p.wanted()
	if err != nil {
		return err
	}
	for address, f := range p.forwarders {
		if len(wanted[address]) == 0 {
			f.shut()
			delete(p.forwarders, address)
		}
	}
	var errs []error
	for _, address := range slices.Sorted(maps.Keys(wanted)) {
		f := p.forwarders[address]
		if f == nil {
			if f, err = listen(ctx, address); err != nil {
				errs = append(errs, err)
				continue
			}
			p.forwarders[address] = f
		}
		f.lead(wanted[address])
	}
	return errors.Join(errs...)
}

// wanted are the addresses to dial, by the address to listen on.
func (p *Proxy) wanted() (map[string][]string, error) {
	all, err := p.services.List(labels.Everything())
	if err != nil {
		return nil, fmt.Errorf("listing the Services: %w", err)
	}
	wanted := map[string][]string{}
	for _, s := range all {
		if s.Spec.ClusterIP == "" || s.Spec.ClusterIP == corev1.ClusterIPNone {
			continue
		}
		found, err := p.slices.EndpointSlices(s.Namespace).List(labels.SelectorFromSet(labels.Set{discoveryv1.LabelServiceName: s.Name}))
		if err != nil {
			return nil, fmt.Errorf("listing the endpoints of the Service %s/%s: %w", s.Namespace, s.Name, err)
		}
		for _, port := range s.Spec.Ports {
			if to := p.endpoints(found, port.Name); len(to) > 0 {
				wanted[join(s.Spec.ClusterIP, port.Port)] = to
			}
		}
	}
	return wanted, nil
}

// endpoints are the addresses that serve a port: the ready ones or, if there are none, those
// that end and still serve.
func (p *Proxy) endpoints(found []*discoveryv1.EndpointSlice, port string) []string {
	var ready, ending []string
	for _, slice := range found {
		for _, e := range slice.Endpoints {
			ip, here := p.dial(e.Addresses[0])
			number, named := portOf(slice, port)
			if !here || !named {
				continue
			}
			switch c := e.Conditions; {
			case c.Ready == nil || *c.Ready:
				ready = append(ready, join(ip, number))
			case c.Serving != nil && *c.Serving:
				ending = append(ending, join(ip, number))
			}
		}
	}
	if len(ready) > 0 {
		return ready
	}
	return ending
}

func portOf(slice *discoveryv1.EndpointSlice, name string) (int32, bool) {
	for _, p := range slice.Ports {
		if p.Port != nil && (p.Name == nil && name == "" || p.Name != nil && *p.Name == name) {
			return *p.Port, true
		}
	}
	return 0, false
}

func join(ip string, port int32) string { return net.JoinHostPort(ip, strconv.Itoa(int(port))) }
