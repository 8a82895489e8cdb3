// Package config is the adapter's configuration file: its keys, their defaults,
// and everything that can be wrong with it.
//
//	file ─ Load ─► AdapterConfiguration ─ ApplyEnvironment ─► Datadog's keys, the site
//
// A file is read strictly. A key that does not exist or that is written twice, a
// value of the wrong type and a value that cannot work are errors, and Load
// reports all of them at once in an InvalidError, each with the path of its key
// and what would be right. A key that is absent, or has no value, keeps its
// default.
//
// The package knows text, not behaviour: the packages that do the work have
// options of their own, and package app converts from one to the other.
package config
