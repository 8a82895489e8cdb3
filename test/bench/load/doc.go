// Package load asks an HTTPS server so many questions at once, over HTTP/2, and notes how long each answer took.
//
//	clients.go   clients, each with a connection of its own and one question at a time
//	plan.go      what is asked, how often, and where it ends
//	measured.go  what came of it
package load
