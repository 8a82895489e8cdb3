// Package process reads what a process of this machine needs, as the kernel counts it: resident memory in bytes and
// CPU time.
package process
