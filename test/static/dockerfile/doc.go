// Package dockerfile lints the Dockerfile as "docker build --check" does, without a builder and without the network.
package dockerfile
