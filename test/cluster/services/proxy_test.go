package services

import (
	"slices"
	"strings"
	"testing"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/utils/ptr"
)

func TestConnectionsGoToReadyEndpointsAndElseToThoseThatStillServe(t *testing.T) {
	endpoint := func(ip string, ready, serving bool) discoveryv1.Endpoint {
		return discoveryv1.Endpoint{
			Addresses:  []string{ip},
			Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(ready), Serving: ptr.To(serving)},
		}
	}
	tests := map[string]struct {
		endpoints []discoveryv1.Endpoint
		port      string
		want      []string
	}{
		"ready ones":                           {[]discoveryv1.Endpoint{endpoint("here-1", true, true), endpoint("here-2", true, true)}, "https", []string{"1:10250", "2:10250"}},
		"one that is not ready is left out":    {[]discoveryv1.Endpoint{endpoint("here-1", false, false), endpoint("here-2", true, true)}, "https", []string{"2:10250"}},
		"one that ends is, beside a ready one": {[]discoveryv1.Endpoint{endpoint("here-1", false, true), endpoint("here-2", true, true)}, "https", []string{"2:10250"}},
		"one that ends, if there is no other":  {[]discoveryv1.Endpoint{endpoint("here-1", false, true), endpoint("here-2", false, false)}, "https", []string{"1:10250"}},
		"one of another machine":               {[]discoveryv1.Endpoint{endpoint("there-1", true, true)}, "https", nil},
		"another port":                         {[]discoveryv1.Endpoint{endpoint("here-1", true, true)}, "metrics", nil},
	}
	p := &Proxy{dial: func(ip string) (string, bool) { return strings.CutPrefix(ip, "here-") }}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			slice := &discoveryv1.EndpointSlice{
				Endpoints: test.endpoints,
				Ports:     []discoveryv1.EndpointPort{{Name: ptr.To("https"), Port: ptr.To(int32(10250))}},
			}
			if got := p.endpoints([]*discoveryv1.EndpointSlice{slice}, test.port); !slices.Equal(got, test.want) {
				t.Errorf("they go to %q, want %q", got, test.want)
			}
		})
	}
}
