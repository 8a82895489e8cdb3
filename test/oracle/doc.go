// Package oracle holds no code but a test: what Crest sends to Datadog and
// reads from its answers must agree with the models of Datadog's own client,
// and its queries with the grammar that the simulator parses. It stands alone
// because those models take minutes to compile.
package oracle
