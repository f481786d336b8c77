# SPDX-License-Identifier: Apache-2.0
#
# make demo    install what is missing, build, and watch the tools work (Ctrl-C ends it; DEMO_SECONDS=10 too)
# make test    install what the tests need, build, lint, test
# make build   release binaries in .build/release
# make install PREFIX=/usr/local DESTDIR=

PREFIX ?= /usr/local
DESTDIR ?=
TOOLS = kwatch natswatch wfilter wfanout
SWIFT ?= swift
RELEASE = -c release --static-swift-stdlib -Xswiftc -gnone --disable-local-rpath
BUILT = .build/release

.PHONY: all demo test test-one lint build install bench clean kube-apiserver dependencies test-dependencies

all: build

demo: build
	@scripts/demo.sh $(BUILT)

dependencies:
	@scripts/install-dependencies.sh build

test-dependencies:
	@scripts/install-dependencies.sh build test
	@scripts/install-nats-server.sh >/dev/null

build: dependencies
	$(SWIFT) build $(RELEASE)

test: test-dependencies lint
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --no-parallel

# The tests of one library or tool, with no more built than they need: make test-one T=Filter
test-one:
	WATCHUTILS_ONLY=$(T) $(SWIFT) build --build-tests
	WATCHUTILS_ONLY=$(T) $(SWIFT) test --skip-build

lint:
	@scripts/lint.sh

# The cluster tests run against a real API server. It is built once, outside the checkout, and found by the tests.
kube-apiserver:
	@scripts/build-kube-apiserver.sh
	@scripts/install-kubectl.sh

bench: build
	@scripts/bench.sh $(BUILT)

install: build
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man7
	for tool in $(TOOLS); do install -s -m 755 $(BUILT)/$$tool $(DESTDIR)$(PREFIX)/bin/; done
	install -m 644 man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 644 man/*.7 $(DESTDIR)$(PREFIX)/share/man/man7/
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
	  $(DESTDIR)$(PREFIX)/share/zsh/vendor-completions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	for tool in $(TOOLS); do \
	  $(BUILT)/$$tool --generate-completion-script bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$tool; \
	  $(BUILT)/$$tool --generate-completion-script zsh >$(DESTDIR)$(PREFIX)/share/zsh/vendor-completions/_$$tool; \
	  $(BUILT)/$$tool --generate-completion-script fish >$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/$$tool.fish; \
	done

clean:
	$(SWIFT) package clean
