# Both bases can be replaced, by a mirror or a digest.
ARG BUILD_BASE=golang:1.26
ARG RUN_BASE=gcr.io/distroless/static-debian12:nonroot

# The compiler runs on the builder's platform and compiles for the target's.
FROM --platform=$BUILDPLATFORM ${BUILD_BASE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN ["go", "mod", "download"]
COPY cmd/ cmd/
COPY pkg/ pkg/
ARG TARGETOS=linux
ARG TARGETARCH
ARG VERSION=devel
ENV CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH} GOFLAGS="'-ldflags=-s -w -X main.version=${VERSION}'"
# In exec form, so that a base without a shell does as well.
RUN ["go", "build", "-o", "/out/crest-adapter", "./cmd/crest-adapter"]

# No shell, no package manager: one static binary and the certificates of public CAs.
FROM ${RUN_BASE}
LABEL org.opencontainers.image.title="Crest" \
      org.opencontainers.image.description="An HPA that follows a Pod's hottest container" \
      org.opencontainers.image.source="https://github.com/crest-hpa/crest" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /out/crest-adapter /crest-adapter
USER 65532:65532
ENTRYPOINT ["/crest-adapter"]
