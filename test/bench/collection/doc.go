// Package collection measures what one collection from Datadog costs the process that makes it.
//
//	collection.go    the experiment
//	recording.go     Datadog: what its simulator has answered once, served as bytes
//	client.go        the process that collects, built, started and read
//	client/          that process: Crest's Datadog client, or plain net/http and encoding/json
//	measurement/     what that process tells
package collection
