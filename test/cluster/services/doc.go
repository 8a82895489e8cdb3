// Package services plays kube-proxy: what connects to a Service's ClusterIP and port reaches
// one of its ready endpoints, as the EndpointSlices name them. A ClusterIP is an address of
// this machine here, so a listener on it does.
//
// As with kube-proxy a connection goes to an endpoint at random, and lives on when the
// endpoint has become unready; where no endpoint is ready, those that still serve while they end are
// taken; and where there are none at all, connections are refused. Unlike with kube-proxy the client's
// address is lost on the way.
package services
