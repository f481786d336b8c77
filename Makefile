# SPDX-License-Identifier: Apache-2.0
#
# make demo          install missing Debian packages, build, and run a demo; Ctrl-C or DEMO_SECONDS=10 ends it
# make test          install the packages that the tests need, check formats, build, run all tests
# make test-one T=wfilter   run the tests of one tool or library, and build only the parts that they need
# make build         build release binaries in .build/release
# make install       copy the result of `make build` to PREFIX (/usr/local) below DESTDIR; `make uninstall` removes it
# make deb tarball   build packages in .build/packages; `make check-deb check-tarball` try them in a clean Debian
# make dependencies  install the Debian packages that a build needs
# make sanitize fuzz coverage bench    see CONTRIBUTING.md

PREFIX ?= /usr/local
DESTDIR ?=
TOOLS ?= kwatch natswatch wfilter wfanout
SWIFT ?= swift
BUILT = .build/release

.PHONY: all demo test test-one lint build install uninstall deb tarball check-deb check-tarball bench clean kube-apiserver \
  dependencies test-dependencies check-dependencies sanitize fuzz fuzz-build coverage

all: build

# Without BoringSSL, which takes a third of the build time. `make build` reuses the result and adds TLS.
demo: dependencies
	@echo 'make demo: building without TLS; for wfanout --tls-cert, run make build afterwards' >&2
	@WATCHUTILS_TLS=no SWIFT='$(SWIFT)' scripts/build-release.sh $(TOOLS)
	@scripts/demo.sh $(BUILT)

dependencies:
	@scripts/install-dependencies.sh build demo

check-dependencies:
	@scripts/install-dependencies.sh --check build

test-dependencies:
	@scripts/install-dependencies.sh build test
	@scripts/install-nats-server.sh >/dev/null

build: check-dependencies
	@SWIFT='$(SWIFT)' scripts/build-release.sh $(TOOLS)

test: test-dependencies lint
	$(SWIFT) build --build-tests
	@scripts/test.sh

test-one:
	WATCHUTILS_ONLY=$(T) $(SWIFT) build --build-tests
	WATCHUTILS_ONLY=$(T) $(SWIFT) test --skip-build --no-parallel

lint:
	@scripts/lint.sh

# No other build compiles the fuzz targets.
fuzz-build:
	for target in $$(sed -n 's/^    fuzz("\([a-z-]*\)".*/\1/p' Package.swift); do FUZZ=1 $(SWIFT) build --target $$target || exit; done

# The cluster tests run against a real API server. It is built once, and kept in a cache outside the checkout.
kube-apiserver:
	@scripts/build-kube-apiserver.sh
	@scripts/install-kubectl.sh

bench: build
	@scripts/bench.sh $(BUILT)

sanitize fuzz coverage: test-dependencies
	@scripts/$@.sh

install uninstall:
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' scripts/install.sh $@ $(BUILT)

deb tarball: check-dependencies
	@SWIFT='$(SWIFT)' scripts/build-release.sh --small $(TOOLS)
	@scripts/package.sh $@ .build/small/release .build/packages

check-deb: deb
	@scripts/check-deb.sh .build/packages/watchutils_*.deb
	@scripts/check-units.sh .build/packages/watchutils_*.deb

check-tarball: tarball
	@scripts/check-tarball.sh .build/packages/watchutils-*.tar.gz

clean:
	$(SWIFT) package clean
