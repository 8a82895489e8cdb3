package world

import (
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/labels"
)

// Service is a group of Pods that share a load, and what that costs them.
// Maps are keyed by container name; a container in none of them idles at
// [DefaultIdle].
type Service struct {
	Namespace, Name string
	// Selector picks the Pods of Namespace by their labels. It must not be
	// empty. A Pod that two services select belongs to the first by name.
	Selector map[string]string
	// Load is the requests/s of all Pods together. [World.SetLoad] and
	// [World.SetLoadFunc] change it.
	Load RPS
	// Cost is the CPU seconds of one request.
	Cost map[string]CPUSeconds
	// Idle is what a container uses at no load, and while its Pod is not
	// Ready or is terminating.
	Idle map[string]Cores
	// Hung, where set, takes the place of Idle in a Pod that is Running but
	// not Ready.
	Hung map[string]Cores
	// Limit, where set, is the most a container can use.
	Limit map[string]Cores
	// Startup is used on top of everything else by a container that has just
	// started.
	Startup Burst
}

// Burst is extra CPU at the start of a container.
type Burst struct {
	Cores map[string]Cores
	For   time.Duration
}

// DefaultIdle is the usage of a container that no service describes.
const DefaultIdle Cores = 0.001

func (s Service) validate() error {
	if s.Namespace == "" || s.Name == "" {
		return errors.New("world: a service needs a namespace and a name")
	}
	if len(s.Selector) == 0 {
		return fmt.Errorf("world: service %s/%s needs a selector", s.Namespace, s.Name)
	}
	return nil
}

// service is a Service with its load as a function of time.
type service struct {
	Service
	selector labels.Selector
	load     func(time.Time) RPS
}

func newService(s Service) *service {
	return &service{
		Service:  s,
		selector: labels.SelectorFromSet(s.Selector),
		load:     func(time.Time) RPS { return s.Load },
	}
}

// condition is what decides, besides the service, how busy a container is.
type condition struct {
	serving bool // the Pod is Running, Ready and not terminating
	hung    bool // the Pod is Running and not Ready
	share   RPS  // the load of a Pod that serves
	age     time.Duration
}

// usage is how much CPU one container uses. A nil service is allowed.
func (s *service) usage(container string, c condition) Cores {
	if s == nil {
		return DefaultIdle
	}
	usage, known := s.Idle[container]
	if hung, ok := s.Hung[container]; ok && c.hung {
		usage, known = hung, true
	}
	if cost, ok := s.Cost[container]; ok {
		known = true
		if c.serving {
			usage += Cores(float64(cost) * float64(c.share))
		}
	}
	if !known {
		usage = DefaultIdle
	}
	if c.age < s.Startup.For {
		usage += s.Startup.Cores[container]
	}
	if limit, ok := s.Limit[container]; ok {
		usage = min(usage, limit)
	}
	return usage
}
