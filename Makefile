# The targets a person or CI calls carry a description; `make help` lists them.
SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
DOCKER   ?= docker
IMAGE    ?= ghcr.io/crest-hpa/crest
# Both bases can come from a mirror: make image BUILD_BASE=mirror.example.com/golang:1.26
BASES     = $(if $(BUILD_BASE),--build-arg BUILD_BASE=$(BUILD_BASE)) $(if $(RUN_BASE),--build-arg RUN_BASE=$(RUN_BASE))
FUZZTIME ?= 20s
BENCH    ?= .
PACKAGES ?= ./...
DURATION ?= 2m
SEED     ?= 0
# cgo only where the race detector needs it: one build cache then serves builds, tests and lint.
export CGO_ENABLED ?= 0

GOLANGCI_LINT := .cache/bin/golangci-lint
HELM_DOCS     := .cache/bin/helm-docs
HELM_DOCS_FLAGS := --chart-search-root charts --sort-values-order file --log-level warning
STEPS         := .ci/steps
# The packages that show the adapter at work; the others test the harness itself.
END_TO_END    := /(e2e|bench|chart)(/|$$)

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z][a-z-]*:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Use

.PHONY: build
build: ## Build the adapter into bin/
	$(GO) build -ldflags '-X main.version=$(VERSION)' -o bin/ ./cmd/...

.PHONY: image
image: ## Build the image IMAGE:VERSION; BUILD_BASE and RUN_BASE replace the base images
	$(DOCKER) build --pull --tag $(IMAGE):$(VERSION) --build-arg VERSION=$(VERSION) $(BASES) .

# For both architectures, pushed with a list of what is in it and a statement of how it was made
# (SBOM and provenance, which registries keep beside the image), and the chart that installs it.
.PHONY: release
release: ## Build and push image and chart of the tag that is checked out; see CONTRIBUTING.md
	@git describe --exact-match --tags >/dev/null || { echo 'no tag is checked out: a release is built from its tag'; exit 1; }
	@grep -qx 'appVersion: $(VERSION)' charts/crest/Chart.yaml || { echo 'charts/crest/Chart.yaml does not say appVersion: $(VERSION)'; exit 1; }
	$(DOCKER) buildx build --pull --platform linux/amd64,linux/arm64 --tag $(IMAGE):$(VERSION) --build-arg VERSION=$(VERSION) $(BASES) \
	  --sbom=true --provenance=mode=max --push .
	helm package charts/crest --version $(VERSION:v%=%) --destination bin
	helm push bin/crest-$(VERSION:v%=%).tgz oci://$(dir $(IMAGE))charts

.PHONY: demo
demo: harness ## Watch an HPA follow the hottest container; KEEP=1 leaves the control plane up
	cd test && $(GO) build -o .bin/ ./demo && exec .bin/demo $(if $(KEEP),-keep)

.PHONY: soak
soak: harness ## Break things at random for DURATION (2m) and check what always holds; SEED=N replays
	cd test && $(GO) build -o .bin/ ./cmd/soak && exec .bin/soak -duration $(DURATION) -seed $(SEED)

##@ Check

.PHONY: test
test: ## Run all tests: unit and component with the race detector, costs, the harness's own, the chart, fuzzing, end to end, a soak
	@$(STEPS) test-unit bench-quick test-harness test-chart test-fuzz test-faults+test-defaults test-soak

.PHONY: test-unit
test-unit:
	CGO_ENABLED=1 $(GO) test -race ./...

# Go's cache of results knows the files of one module, and these tests read the other's (deploy/, recorded
# answers) and start programs: hence -count=1, here and below.
.PHONY: test-harness
test-harness: harness
	cd test && $(GO) test -count=1 $$($(GO) list ./... | grep -vE '$(END_TO_END)')

# The chart, the manifests and the Dockerfile, as far as no cluster is needed.
.PHONY: test-chart
test-chart:
	cd test && $(GO) test -count=1 ./chart
	cd test/static && $(GO) test -count=1 ./...

# End to end, in two lanes of about the same length that run side by side: one at an interval of a second,
# in which each control plane has much to do, and one that mostly waits, for the intervals of a default installation.
.PHONY: test-faults
test-faults: harness
	cd test && $(GO) test -v -p 1 -count=1 -timeout 45m ./e2e ./e2e/faults ./e2e/outages

.PHONY: test-defaults
test-defaults: harness
	cd test && $(GO) test -v -p 1 -count=1 -timeout 45m $$($(GO) list ./e2e/... ./chart/live | grep -vE '/e2e(/faults|/outages)?$$')

# What reads text that others write. FuzzURL runs its seeds only: with it the API server library is compiled once more.
.PHONY: test-fuzz
test-fuzz:
	@$(MAKE) --no-print-directory fuzz FUZZTIME=10s PACKAGES='./pkg/config ./pkg/datadog ./pkg/fallback ./pkg/provider ./pkg/resourcemetrics'

# Always the same one: what it breaks is a change's fault.
.PHONY: test-soak
test-soak:
	@$(MAKE) --no-print-directory soak DURATION=2m SEED=7

# Builds the control plane and the adapter that the end-to-end tests start.
.PHONY: harness
harness:
	cd test && $(GO) run ./cmd/build

.PHONY: verify
verify: ## Check what no test runs: lint (with vet), modules, generated documents, sleeps
	@$(STEPS) verify-sleep verify-modules verify-docs verify-chart verify-deploy lint

# A package's tests may share one function that makes the bubble.
.PHONY: verify-sleep
verify-sleep:
	@sleepy=$$(for file in $$(grep -rlE --include='*_test.go' 'time\.Sleep\(' cmd pkg test || true); do \
	  grep -qs '"testing/synctest"' $${file%/*}/*_test.go || echo $$file; \
	done); \
	if [[ -n $$sleepy ]]; then \
	  printf '%s\n' "$$sleepy" 'sleep without testing/synctest: wait for a condition, or run in a bubble'; exit 1; \
	fi

.PHONY: verify-modules
verify-modules:
	@$(GO) mod tidy -diff || { echo 'go.mod is not tidy: run "make update-modules"'; exit 1; }
	@(cd test && $(GO) mod tidy -diff) || { echo 'test/go.mod is not tidy: run "make update-modules"'; exit 1; }
	@(cd test/static && $(GO) mod tidy -diff) || { echo 'test/static/go.mod is not tidy: run "make update-modules"'; exit 1; }
	@.ci/module-versions verify

.PHONY: verify-docs
verify-docs:
	$(GO) test -run Doc ./pkg/config ./pkg/app

# What the values say of themselves, against the chart's README.
.PHONY: verify-chart
verify-chart: $(HELM_DOCS)
	@diff -u charts/crest/README.md <($(HELM_DOCS) $(HELM_DOCS_FLAGS) --dry-run) \
	  || { echo 'charts/crest/README.md is not what its template and values.yaml say: run "make update-chart"'; exit 1; }

.PHONY: verify-deploy
verify-deploy:
	cd test && $(GO) test -count=1 ./chart -run TestDeploy

# It runs all analyzers of "go vet", and more of them than vet itself does.
.PHONY: lint
lint: $(GOLANGCI_LINT) ## Run golangci-lint over both modules
	$(GOLANGCI_LINT) run ./...
	cd test && ../$(GOLANGCI_LINT) run --config ../.golangci.yml ./...
	cd test/static && ../../$(GOLANGCI_LINT) run --config ../../.golangci.yml ./...

$(GOLANGCI_LINT): go.tool.mod go.tool.sum
	@echo 'building golangci-lint; the first time takes minutes'
	$(GO) build -modfile=go.tool.mod -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

$(HELM_DOCS): go.tool.mod go.tool.sum
	$(GO) build -modfile=go.tool.mod -o $@ github.com/norwoodj/helm-docs/cmd/helm-docs

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (20s); PACKAGES=... chooses
	@for package in $$($(GO) list $(PACKAGES)); do \
	  for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	    echo "=== $$package $$target"; \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package; \
	  done; \
	done

# Everything, beside its floors, in one go; the machine should have nothing else to do meanwhile.
.PHONY: bench
bench: harness ## Measure speed and size on a real control plane and write docs/performance.md; ONLY=REGEXP chooses
	cd test && $(GO) build -o .bin/ ./bench ./bench/floor && exec .bin/bench $(if $(ONLY),-only '$(ONLY)')

# Only what cannot be noise. The race detector allocates, and so is not with it.
.PHONY: bench-quick
bench-quick: ## Check costs: allocations, calls, and how they grow; and the tests of the benchmarks
	$(GO) test -count=1 -run '^TestCost' ./pkg/...
	cd test && $(GO) test -count=1 ./bench/...

.PHONY: bench-code
bench-code: ## Run the benchmarks beside the code; BENCH=REGEXP and PACKAGES choose
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem $(PACKAGES)

##@ Change

.PHONY: update
update: update-modules update-docs update-chart update-deploy update-format ## Bring all that "make verify" compares up to date

.PHONY: update-modules
update-modules:
	cd test && $(GO) mod tidy
	.ci/module-versions update
	$(GO) mod tidy
	cd test && $(GO) mod tidy
	cd test/static && $(GO) mod tidy

.PHONY: update-docs
update-docs:
	$(GO) test -run Doc ./pkg/config ./pkg/app -update

.PHONY: update-chart
update-chart: $(HELM_DOCS)
	$(HELM_DOCS) $(HELM_DOCS_FLAGS)
	cd test && $(GO) test ./chart -run Golden -update

.PHONY: update-deploy
update-deploy:
	cd test && $(GO) test ./chart -run TestDeploy -update

.PHONY: update-format
update-format: $(GOLANGCI_LINT)
	$(GOLANGCI_LINT) fmt ./...
	cd test && ../$(GOLANGCI_LINT) fmt --config ../.golangci.yml ./...

.PHONY: clean
clean: ## Remove what was built here; Go's own caches stay
	rm -rf bin .cache test/.bin test/out
