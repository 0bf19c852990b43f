# What a checkout does. `make run` needs Swift; what else is missing is installed (Debian, by name).

SWIFT_WANTED := 6.2
PACKAGES_BUILD := libssl-dev libc-ares-dev libcurl4-openssl-dev libhyperscan-dev libnghttp2-dev libsqlite3-dev libzstd-dev zlib1g-dev pkg-config curl make git python3-venv
PACKAGES_BENCH := nginx-light haproxy wrk nghttp2-client strace valgrind gcc util-linux
PACKAGES_TEST := faketime openssl varnish
PACKAGES_HARDEN := chromium testssl.sh slowhttptest bsdextrautils dnsutils

# make run: another configuration, a folder for state, another address (more than one: LISTEN="a:1 b:2").
CONFIG ?=
DATA ?=
LISTEN ?=
# make fuzz: seconds for each target, and the targets (default: all).
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?=
# make bench: benchmarks whose name holds this.
FILTER ?=
# make perf: arguments for perf/compare.
PERF_ARGUMENTS ?= --markdown --json

.DEFAULT_GOAL := help
.PHONY: help deps deps-build swift build run test bench fuzz perf harden

help:
	@echo "make run      build and serve on 127.0.0.1:8787 with a built-in mock (CONFIG=file DATA=folder LISTEN=address:port)"
	@echo "make build    build the release binary, .build/release/sluice"
	@echo "make test     everything that can fail, in under 20 minutes"
	@echo "make bench    in-process benchmarks of the hot paths (FILTER=text)"
	@echo "make perf     Sluice beside nginx and HAProxy, 25 minutes (PERF_ARGUMENTS=...)"
	@echo "make fuzz     every fuzz target for FUZZ_SECONDS ($(FUZZ_SECONDS)) seconds (FUZZ_TARGETS=\"name ...\")"
	@echo "make harden   the long forms of all of it, about 5 hours; output to perf/results/"
	@echo "make deps     install the Debian packages all of these need"

# Installs what is missing of the packages $(1); asks for nothing when nothing is.
define install
@missing=; for package in $(1); do \
    dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; \
done; \
[ -z "$$missing" ] && exit 0; \
command -v apt-get >/dev/null || { echo "no apt-get here: install what Debian calls$$missing"; exit 1; }; \
if [ "$$(id -u)" = 0 ]; then root=env; else root="sudo env"; fi; \
command -v $${root%% *} >/dev/null || { echo "as root: apt-get install$$missing"; exit 1; }; \
echo "installing$$missing"; \
$$root DEBIAN_FRONTEND=noninteractive apt-get -qq update && \
$$root DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $$missing >/dev/null
endef

deps: swift
	$(call install,$(PACKAGES_BUILD) $(PACKAGES_BENCH) $(PACKAGES_TEST))

deps-build: swift
	$(call install,$(PACKAGES_BUILD))

swift:
	@found=$$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9.]*\).*/\1/p'); \
	[ -n "$$found" ] && [ "$$(printf '%s\n' $(SWIFT_WANTED) $$found | sort -V | head -1)" = $(SWIFT_WANTED) ] && exit 0; \
	echo "Swift $(SWIFT_WANTED) or later is needed (found: $${found:-none}); get it from https://www.swift.org/install/linux/"; \
	exit 1

build: deps-build
	swift build -c release --product sluice

run: build
	@exec .build/release/sluice serve $(if $(CONFIG),--config '$(CONFIG)') $(if $(DATA),--data '$(DATA)') $(foreach address,$(LISTEN),--listen '$(address)')

test: deps
	@Tests/run

bench: deps-build
	swift build -c release --product benchmarks
	@.build/release/benchmarks $(if $(FILTER),--filter '$(FILTER)')

perf: deps build
	perf/compare $(PERF_ARGUMENTS)

fuzz: deps-build
	@Fuzz/run --seconds $(FUZZ_SECONDS) $(FUZZ_TARGETS)

harden: deps build
	$(call install,$(PACKAGES_HARDEN))
	@.ci/harden
