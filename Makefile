# Builds rpc and rpcd and everything around them. `make help` lists the targets.

CC ?= cc
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
SANITIZER ?=
COVERAGE ?=
UNIT_OPTIMIZE ?=
V ?= 0

# What runs the end-to-end tests: the system's Python, which sees the distribution's pytest.
PYTHON ?= /usr/bin/python3
FUZZ_SECONDS ?= 60
FUZZ_RUNS ?= 0
FUZZ_JOBS ?= 1
FUZZ_TARGETS ?=
FUZZ_BUILD ?= $(BUILD)/fuzz
fuzz_targets := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
PYTEST_ARGS ?=
E2E_ONLY ?=
JOBS ?= $(shell nproc)

VERSION := $(shell cat VERSION)

ifeq ($(V),1)
Q :=
else
Q := @
endif

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla \
            -Wformat=2 -Wwrite-strings -Wcast-qual -Werror
OPTIMIZE ?= -O2 -g
HARDEN := -fstack-protector-strong -fPIE
CPPFLAGS += -D_GNU_SOURCE -DRPC_VERSION='"$(VERSION)"' -Isrc -Iruntime -Igrammar -I$(BUILD)/generated
CFLAGS += -std=c17 $(WARNINGS) $(OPTIMIZE) $(HARDEN)
LDFLAGS += -pie -Wl,-z,relro,-z,now
is_clang := $(findstring clang,$(shell $(CC) --version))
ifneq ($(SANITIZER),)
CFLAGS += -fsanitize=$(SANITIZER) -fno-sanitize-recover=all -fno-omit-frame-pointer
# What sanitizers add hides from gcc how large numbers can get, so it warns of text cut off.
CFLAGS += $(if $(is_clang),,-Wno-format-truncation)
LDFLAGS += -fsanitize=$(SANITIZER)
else
CPPFLAGS += -D_FORTIFY_SOURCE=2
endif

# Sources per room. What rpcd links is base, table, engine and runtime: no parser.
SHARED_ROOMS := base table engine
COMPILER_ROOMS := syntax model certificate check emit cli
RUNTIME_ROOMS := loop net filter http file proxy balance limit log status
shared_sources := $(foreach room,$(SHARED_ROOMS),$(wildcard src/$(room)/*.c))
compiler_sources := $(foreach room,$(COMPILER_ROOMS),$(wildcard src/$(room)/*.c))
runtime_sources := $(wildcard runtime/*.c) $(foreach room,$(RUNTIME_ROOMS),$(wildcard runtime/$(room)/*.c))

generated_sources := $(BUILD)/generated/config_lexer.c $(BUILD)/generated/config_parser.c
generated_tables := $(BUILD)/generated/known_directives.inc $(BUILD)/generated/known_variables.inc \
                    $(BUILD)/generated/rule_examples.inc
generated := $(generated_sources) $(generated_tables)

objects = $(patsubst %.c,$(BUILD)/%.o,$(1))
shared_objects := $(call objects,$(shared_sources))
parser_objects := $(patsubst $(BUILD)/generated/%.c,$(BUILD)/generated/%.o,$(generated_sources))
compiler_objects := $(call objects,$(compiler_sources)) $(parser_objects)
runtime_objects := $(call objects,$(runtime_sources))

COMPILER_LIBS := -ljansson -lpcre2-8 -lssl -lcrypto -lxxhash
RUNTIME_LIBS := -lnghttp2 -lpcre2-8 -lssl -lcrypto -lcares -lz -lxxhash -lcrypt

.PHONY: all
all: $(BUILD)/rpc $(BUILD)/rpcd ## build rpc and rpcd

$(BUILD)/rpc: $(compiler_objects) $(shared_objects)
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(COMPILER_LIBS)

$(BUILD)/rpcd: $(runtime_objects) $(shared_objects)
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(RUNTIME_LIBS)

$(BUILD)/%.o: %.c | $(generated)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(cover) -MMD -MP -c -o $@ $<

# Code written by flex and bison is theirs; our warnings do not apply to it.
$(BUILD)/generated/%.o: $(BUILD)/generated/%.c
	@echo "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(filter-out -W%,$(CFLAGS)) $(cover) -MMD -MP -c -o $@ $<

$(BUILD)/generated/config_parser.c: grammar/config.y
	@mkdir -p $(@D)
	@echo "  BISON $<"
	$(Q)bison -Werror -Wcounterexamples --header=$(BUILD)/generated/config_parser.h -o $@ $<

$(BUILD)/generated/config_lexer.c: grammar/config.l $(BUILD)/generated/config_parser.c
	@mkdir -p $(@D)
	@echo "  FLEX  $<"
	$(Q)flex --header-file=$(BUILD)/generated/config_lexer.h -o $@ $<

$(BUILD)/generated/known_directives.inc: grammar/nginx-directives.tsv scripts/known-directives.awk
	@mkdir -p $(@D)
	$(Q)LC_ALL=C awk -f scripts/known-directives.awk $< > $@.tmp && mv $@.tmp $@

$(BUILD)/generated/known_variables.inc: grammar/nginx-variables.tsv scripts/known-variables.awk
	@mkdir -p $(@D)
	$(Q)LC_ALL=C awk -f scripts/known-variables.awk $< > $@.tmp && mv $@.tmp $@

# Written again when an example comes, changes or goes: folders change with what is in them.
rule_examples := $(wildcard docs/rules/examples/*/*.conf)
$(BUILD)/generated/rule_examples.inc: $(rule_examples) $(wildcard docs/rules/examples docs/rules/examples/*) scripts/rule-examples.awk
	@mkdir -p $(@D)
	$(Q)LC_ALL=C awk -f scripts/rule-examples.awk $(sort $(rule_examples)) > $@.tmp && mv $@.tmp $@

# Everything but the two main files, for unit tests and fuzz targets.
library_objects := $(filter-out $(BUILD)/src/cli/main.o,$(compiler_objects)) $(shared_objects)
runtime_library_objects := $(filter-out $(BUILD)/runtime/main.o,$(runtime_objects)) $(shared_objects)

$(BUILD)/librpc.a: $(library_objects)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/librpcd.a: $(runtime_library_objects)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# Unit tests: one program per file. Those of runtime rooms link the runtime, the others the
# compiler. A failing test does not keep the others from running.
unit_sources := $(wildcard tests/unit/*/test_*.c)
unit_programs := $(patsubst %.c,$(BUILD)/%,$(unit_sources))
runtime_unit_programs := $(filter $(foreach room,$(RUNTIME_ROOMS),$(BUILD)/tests/unit/$(room)/%),$(unit_programs))
compiler_unit_programs := $(filter-out $(runtime_unit_programs),$(unit_programs))

$(compiler_unit_programs): $(BUILD)/tests/unit/%: tests/unit/%.c $(BUILD)/librpc.a tests/unit/unit.h
	@mkdir -p $(@D)
	@echo "  TEST  $<"
	$(Q)$(CC) $(CPPFLAGS) -I. -Itests/unit $(CFLAGS) $(UNIT_OPTIMIZE) $(LDFLAGS) -MMD -MP \
	    -o $@ $< $(BUILD)/librpc.a $(COMPILER_LIBS) -lcunit

$(runtime_unit_programs): $(BUILD)/tests/unit/%: tests/unit/%.c $(BUILD)/librpcd.a tests/unit/unit.h
	@mkdir -p $(@D)
	@echo "  TEST  $<"
	$(Q)$(CC) $(CPPFLAGS) -I. -Itests/unit $(CFLAGS) $(UNIT_OPTIMIZE) $(LDFLAGS) -MMD -MP \
	    -o $@ $< $(BUILD)/librpcd.a $(RUNTIME_LIBS) -lcunit

.PHONY: check-unit
check-unit: $(unit_programs) ## run the unit tests
	@printf '%s\n' $(unit_programs) | xargs -P $(JOBS) -n 1 scripts/run-unit

.PHONY: check-golden
check-golden: $(BUILD)/rpc ## run the golden tests (configuration in, expected text out)
	$(Q)RPC_BUILD=$(BUILD) $(PYTHON) tests/golden/run.py
	$(Q)RPC_BUILD=$(BUILD) $(PYTHON) tests/golden/rules.py

.PHONY: directive-reference
directive-reference: ## write docs/directives.md, what rpcd runs
	$(Q)LC_ALL=C awk -f scripts/directive-reference.awk grammar/directives.def > docs/directives.md

.PHONY: rule-pages
rule-pages: $(BUILD)/rpc ## write docs/rules, a page for each rule of rpc lint
	$(Q)RPC_BUILD=$(BUILD) $(PYTHON) tests/golden/rules.py --update

.PHONY: golden-update
golden-update: $(BUILD)/rpc ## rewrite the expectations of the golden tests
	$(Q)RPC_BUILD=$(BUILD) $(PYTHON) tests/golden/run.py --update

.PHONY: check-corpus
check-corpus: $(BUILD)/rpc ## hold rpc lint against configurations whose faults are known
	$(Q)RPC_BUILD=$(BUILD) $(PYTHON) tests/corpus/score.py

.PHONY: check-format
check-format: $(BUILD)/rpc ## hold docs/table-format.md against tables, by a reader written from it
	$(Q)RPC_BUILD=$(BUILD) $(PYTHON) tests/format/run.py

# Bytes are compared with those of the other of gcc and clang, whichever builds here.
other_rpc = $(BUILD)/$(if $(is_clang),gcc,asan)/rpc

.PHONY: check-reproducible
check-reproducible: $(BUILD)/rpc ## compile in folders, locales and by builds of both compilers; compare bytes
	$(Q)$(MAKE) --no-print-directory $(if $(is_clang),BUILD=$(BUILD)/gcc CC=gcc,$(ASAN)) $(other_rpc)
	$(Q)$(PYTHON) tests/format/reproducible.py $(BUILD)/rpc $(other_rpc)

.PHONY: check-e2e
check-e2e: all ## run the end-to-end tests (E2E_ONLY names files, PYTEST_ARGS='-k reload -x' chooses)
	$(Q)scripts/fetch-nginx $(PEERS)
	$(Q)RPC_BUILD=$(BUILD) RPC_PEERS=$(PEERS) $(PYTHON) -m pytest -n $(E2E_JOBS) --dist loadfile $(or $(E2E_ONLY),tests/e2e) $(PYTEST_ARGS)

# Most of their time is spent waiting, so there may be more at once than there are cores.
E2E_JOBS ?= $(shell echo $$(($(JOBS) + 1)))

# Where a reference nginx is unpacked when none is installed; shared by all builds.
PEERS ?= build/peers

.PHONY: check-code
check-code: ## check the direction of includes, the absence of banned functions, and docs/directives.md
	$(Q)scripts/check-includes
	$(Q)scripts/check-banned
	$(Q)LC_ALL=C awk -f scripts/directive-reference.awk grammar/directives.def | cmp - docs/directives.md || \
	    { echo "docs/directives.md is not what grammar/directives.def says: make directive-reference"; exit 1; }

# Sanitizers: one build by clang, in a folder of its own, for unit, golden and end-to-end tests and for
# fuzz targets. It has all warnings, too, and what libFuzzer wants to know of where a run went. To make
# what only tests do faster would take longer than it saves.
ASAN := BUILD=$(BUILD)/asan CC=clang SANITIZER=address,undefined COVERAGE=-fsanitize=fuzzer-no-link \
        OPTIMIZE='-O1 -gline-tables-only' UNIT_OPTIMIZE=-O0 FUZZ_BUILD=$(FUZZ_BUILD)

# How code is instrumented for fuzzing. What tables are compared with is known to the mutations; learning
# it would take half of the time. Targets are not what is to be covered, but where they include what is.
cover := $(COVERAGE)
ifneq ($(COVERAGE),)
$(BUILD)/src/table/%.o: private cover += -fno-sanitize-coverage=trace-cmp
$(BUILD)/tests/fuzz/%.o: private cover :=
$(BUILD)/tests/fuzz/fuzz_session_store.o: private cover := $(COVERAGE)
endif

# Inputs that make the engine work to its limit are found soon, and are to take a moment only.
limited_objects := $(patsubst %.c,$(BUILD)/%.o,$(shell grep -l ENGINE_EFFORT_LIMIT src/engine/*.c))
limited = $(filter-out $(limited_objects),$(1)) $(limited_objects:$(BUILD)/%=$(BUILD)/limited/%)

$(BUILD)/limited/%.o: %.c | $(generated)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -D'ENGINE_EFFORT_LIMIT=((uint64_t)1 << 18)' $(CFLAGS) $(cover) -MMD -MP -c -o $@ $<

$(BUILD)/limited/librpc.a: $(call limited,$(library_objects))
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/limited/librpcd.a: $(call limited,$(runtime_library_objects))
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# Which side a target links is said on its first line: "fuzz: compiler", "fuzz: runtime" or both.
$(FUZZ_BUILD)/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/limited/librpc.a $(BUILD)/limited/librpcd.a
	@mkdir -p $(@D)
	@echo "  FUZZ  $@"
	$(Q)libraries=; \
	case "$$(head -1 tests/fuzz/fuzz_$*.c)" in \
	*compiler*) libraries='$(BUILD)/limited/librpc.a $(COMPILER_LIBS)' ;; esac; \
	case "$$(head -1 tests/fuzz/fuzz_$*.c)" in \
	*runtime*) libraries="$(BUILD)/limited/librpcd.a $$libraries $(RUNTIME_LIBS)" ;; esac; \
	$(CC) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< $$libraries
.SECONDARY: $(patsubst %,$(BUILD)/tests/fuzz/fuzz_%.o,$(fuzz_targets))

.PHONY: fuzz-programs
fuzz-programs: $(patsubst %,$(FUZZ_BUILD)/fuzz_%,$(fuzz_targets))

.PHONY: fuzz-build
fuzz-build: asan ## build the fuzz targets
	$(Q)$(MAKE) --no-print-directory $(ASAN) fuzz-programs

# Tables do not outlive a change of their format, so those to start from are compiled here.
.PHONY: fuzz-seeds
fuzz-seeds: $(BUILD)/rpc
	$(Q)scripts/fuzz-seeds $< $(FUZZ_BUILD)/seeds

.PHONY: fuzz
fuzz: fuzz-build fuzz-seeds ## fuzz FUZZ_TARGETS (all) for FUZZ_SECONDS, or FUZZ_RUNS times when set, in FUZZ_JOBS processes
	$(Q)scripts/run-fuzz --seconds $(FUZZ_SECONDS) --runs $(FUZZ_RUNS) --jobs $(FUZZ_JOBS) $(FUZZ_BUILD) \
	    $(or $(FUZZ_TARGETS),$(fuzz_targets))

.PHONY: check-fuzz
check-fuzz: fuzz-build fuzz-seeds ## replay the kept corpus of every fuzz target, then fuzz it for seconds
	$(Q)scripts/run-fuzz --seconds 5 --targets-at-once $(JOBS) $(FUZZ_BUILD) $(fuzz_targets)

.PHONY: asan
asan: ## build rpc and rpcd with clang under AddressSanitizer and UBSan
	$(Q)$(MAKE) --no-print-directory $(ASAN) all

.PHONY: check-asan
check-asan: ## run unit, golden and end-to-end tests under AddressSanitizer and UBSan
	$(Q)scripts/run-checks --build $(BUILD) asan

.PHONY: asan-unit asan-golden asan-e2e
asan-unit asan-golden asan-e2e: asan-%:
	$(Q)$(MAKE) --no-print-directory $(ASAN) check-$*

# Not part of `check`: it takes as long as it is told to.
SOAK_SECONDS ?= 600
.PHONY: soak
soak: test-deps asan ## everything at once for SOAK_SECONDS, under AddressSanitizer, processes being killed
	$(Q)RPC_BUILD=$(BUILD)/asan $(PYTHON) tests/soak/soak.py --seconds $(SOAK_SECONDS)

.PHONY: check-clang
check-clang: ## build with clang, warnings being errors
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/clang CC=clang all

# Every kind of test, one after the other; a kind that fails does not keep the others from running.
.PHONY: check
check: deps test-deps ## run all tests, also under sanitizers, and say how many of each kind ran
	$(Q)scripts/run-checks --build $(BUILD) code build unit golden corpus format e2e asan reproducible fuzz

.PHONY: demo
demo: deps ## build, lint, compile and serve a sample, and show real responses
	$(Q)scripts/install-packages demo
	$(Q)$(MAKE) --no-print-directory all
	$(Q)scripts/demo.sh $(BUILD)

# Micro-benchmarks.
bench_programs := $(patsubst %.c,$(BUILD)/%,$(wildcard bench/*.c))

$(bench_programs): $(BUILD)/bench/%: bench/%.c $(BUILD)/librpcd.a
	@mkdir -p $(@D)
	@echo "  BENCH $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< $(BUILD)/librpcd.a $(RUNTIME_LIBS)

.PHONY: bench-build
bench-build: $(bench_programs) ## build the micro-benchmarks

.PHONY: bench
bench: all $(bench_programs) ## measure side by side with what else is installed
	$(Q)scripts/fetch-nginx $(PEERS)
	$(Q)RPC_BUILD=$(BUILD) RPC_PEERS=$(PEERS) $(PYTHON) bench/run.py
	@echo
	$(Q)RPC_BUILD=$(BUILD) RPC_PEERS=$(PEERS) $(PYTHON) bench/scale.py
	@echo
	$(Q)$(BUILD)/bench/parse
	@echo
	$(Q)$(BUILD)/bench/limit

.PHONY: deps
deps: ## install what building needs (Debian, Ubuntu), when missing
	$(Q)scripts/install-packages build

.PHONY: test-deps
test-deps: ## install what testing needs (Debian, Ubuntu), when missing
	$(Q)scripts/install-packages test

.PHONY: lint-deps
lint-deps: ## install what format and lint-code need (Debian, Ubuntu), when missing
	$(Q)scripts/install-packages lint

c_files := $(shell find src runtime tests bench -name '*.[ch]' 2>/dev/null | LC_ALL=C sort)

.PHONY: format
format: ## format the C sources with clang-format
	clang-format -i $(c_files)

.PHONY: lint-code
lint-code: $(generated) check-code ## check the C sources with clang-format, clang-tidy and cppcheck
	clang-format --dry-run --Werror $(c_files)
	printf '%s\n' $(filter-out tests/%,$(filter %.c,$(c_files))) | xargs -P $(JOBS) -I{} \
	    clang-tidy --quiet {} -- $(CPPFLAGS) -std=c17
	cppcheck --quiet --error-exitcode=1 --std=c11 --language=c --inline-suppr --force \
	    --enable=warning,portability --suppressions-list=.cppcheck-suppressions \
	    -Isrc -Iruntime -Igrammar -I$(BUILD)/generated -DRPC_VERSION='"$(VERSION)"' -D_GNU_SOURCE \
	    src runtime

SHARE := $(DESTDIR)$(PREFIX)/share
INSTALL ?= install

.PHONY: install
install: all ## install programs, manual pages, completion, unit and samples (DESTDIR, PREFIX)
	$(INSTALL) -D -m 755 $(BUILD)/rpc $(DESTDIR)$(PREFIX)/bin/rpc
	$(INSTALL) -D -m 755 $(BUILD)/rpcd $(DESTDIR)$(PREFIX)/sbin/rpcd
	for page in docs/man/*.[1-8]; do \
	    $(INSTALL) -D -m 644 $$page $(SHARE)/man/man$${page##*.}/$${page##*/} || exit 1; done
	$(INSTALL) -D -m 644 completion/rpc.bash $(SHARE)/bash-completion/completions/rpc
	$(INSTALL) -D -m 644 completion/rpcd.bash $(SHARE)/bash-completion/completions/rpcd
	$(INSTALL) -D -m 644 completion/_rpc $(SHARE)/zsh/site-functions/_rpc
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|/usr/local|$(PREFIX)|g' packaging/rpcd.service > $(DESTDIR)$(PREFIX)/lib/systemd/system/rpcd.service
	for sample in $$(find samples -type f); do \
	    $(INSTALL) -D -m 644 $$sample $(SHARE)/rpc/$$sample || exit 1; done
	for page in README.md $$(find docs -name '*.md' -o -name '*.svg' -o -name '*.json' -o -path 'docs/rules/examples/*.conf'); do \
	    $(INSTALL) -D -m 644 $$page $(SHARE)/doc/rpc/$${page#docs/} || exit 1; done

# The builds inside this one (asan, clang, gcc) track their own headers.
-include $(shell find $(BUILD) \( -path $(BUILD)/asan -o -path $(BUILD)/clang -o -path $(BUILD)/gcc \) -prune -o -name '*.d' -print 2>/dev/null)

.PHONY: clean
clean: ## remove everything that was built
	rm -rf $(BUILD)

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16
