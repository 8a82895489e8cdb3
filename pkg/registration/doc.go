// Package registration knows the one object that leads kube-apiserver to an
// aggregated API: its APIService. A cluster has one for external metrics, and
// it may belong to another adapter; what belongs to another is looked at and
// never changed.
//
// Watch follows the object and keeps its caBundle. Check and Unregister are
// what an installation asks for once.
package registration
