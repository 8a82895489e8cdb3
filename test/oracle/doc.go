// Package oracle holds no code but tests: what Crest sends to Datadog and
// reads from its answers, and what the simulator understands and answers, must
// agree with the models of Datadog's own client; and Crest's queries with the
// grammar that the simulator parses. It stands alone, for both, because those
// models take minutes to compile.
package oracle
