// Package oracle holds no code but a test: what the simulator understands and
// answers must agree with the models of Datadog's own client. It stands alone
// because those models take minutes to compile.
package oracle
