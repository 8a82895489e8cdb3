// Package kinds decodes what the chart renders of other projects' kinds, by their own types.
package kinds
