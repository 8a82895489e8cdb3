# syntax=docker/dockerfile:1
# Both bases can be replaced, for a mirror or to pin a digest.
ARG BUILD_BASE=docker.io/library/golang:1.26
ARG RUN_BASE=gcr.io/distroless/static-debian12:nonroot

# The compiler runs on the builder's platform and cross-compiles.
FROM --platform=$BUILDPLATFORM ${BUILD_BASE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN ["go", "mod", "download"]
COPY cmd/ cmd/
COPY pkg/ pkg/
ARG TARGETOS=linux
ARG TARGETARCH
ARG VERSION=devel
ENV CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH}
RUN ["sh", "-c", "go build -ldflags \"-s -w -X main.version=${VERSION}\" -o /out/crest-adapter ./cmd/crest-adapter"]

FROM ${RUN_BASE}
COPY --from=build /out/crest-adapter /crest-adapter
USER 65532:65532
ENTRYPOINT ["/crest-adapter"]
