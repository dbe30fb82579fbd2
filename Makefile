# release-runtime: `make help` lists the targets, CONTRIBUTING.md explains them.
.DEFAULT_GOAL := all

# dev (build/bin), release (build/release), asan, coverage, fuzz: each mode has objects of its own, so that they never mix.
MODE ?= dev
B := build/$(if $(filter release,$(MODE)),release/obj,$(MODE))
BIN_dev := build/bin
BIN_release := build/release
BIN := $(or $(BIN_$(MODE)),$(B)/bin)
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
VERSION := $(shell cat VERSION)
PROGRAMS := healthd migrate cronrun
PYTHON ?= /usr/bin/python3
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
comma := ,

# --- Flags -----------------------------------------------------------------------------------------------------------
# The user's CC, CPPFLAGS, CFLAGS, LDFLAGS and LDLIBS are added to ours and come last.
PKGS := libevent_core libevent_openssl libpq hiredis libcurl libcares openssl libseccomp libpcre2-8
CFLAGS ?= -O2 -g
ARCH := $(shell uname -m)
SAN_asan := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SAN_fuzz := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SAN_coverage := --coverage
SAN := $(SAN_$(MODE))
ifeq ($(MODE),fuzz)
override CC := $(or $(FUZZ_CC),clang)
endif
FORTIFY := $(if $(SAN)$(filter -O0 -Og,$(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
WARN := -Wall -Wextra -Wformat=2 -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wvla -Wimplicit-fallthrough $(if $(CI),-Werror)
HARDEN := -fstack-protector-strong -fstack-clash-protection -fPIE $(FORTIFY) \
	$(if $(filter x86_64,$(ARCH)),-fcf-protection) \
	$(if $(filter aarch64,$(ARCH)),-mbranch-protection=standard)
RR_CPPFLAGS := -D_GNU_SOURCE -I. -DRR_VERSION='"$(VERSION)"' $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
RR_CFLAGS := -std=gnu17 $(WARN) $(HARDEN) -ffile-prefix-map=$(CURDIR)=. $(SAN)
RR_LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(SAN)
RR_LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm
COMPILE = $(CC) $(RR_CPPFLAGS) $(CPPFLAGS) $(RR_CFLAGS) $(CFLAGS)
LINK = $(CC) $(RR_CFLAGS) $(CFLAGS) $(RR_LDFLAGS) $(LDFLAGS)

# The release build: static, with scripts/release-libs' own libpq and libcurl, the rest from the distribution's archives.
# What asks for names of hosts, users and modules goes to images/static/ instead of into glibc and the machine.
RELEASE_LIBS := build/release/libs
WRAPPED := $(shell sed -n 's/.*__wrap_\([a-z_]*\).*/\1/p' images/static/names.h)
ifeq ($(MODE),release)
LIBS_MARK := $(shell cksum 2>/dev/null <$(RELEASE_LIBS)/VERSIONS)
RR_CPPFLAGS := -I$(RELEASE_LIBS)/include -DRR_RELEASE $(RR_CPPFLAGS)
RR_CFLAGS += -ffunction-sections -fdata-sections
RR_LDFLAGS := -static-pie -Wl,-z,relro,-z,now $(if $(filter x86_64,$(ARCH)),-Wl$(comma)-z$(comma)pack-relative-relocs) \
	-Wl,--gc-sections $(WRAPPED:%=-Wl,--wrap=%) $(if $(CI),-Wl$(comma)--fatal-warnings)
RR_LIBS := $(addprefix $(RELEASE_LIBS)/lib/,libcurl.a libpq.a libpgcommon_shlib.a libpgport_shlib.a) \
	-levent_openssl -levent_core -lhiredis -lcares -lseccomp -lpcre2-8 -lssl $(shell pkg-config --static --libs libcrypto 2>/dev/null) -lm
endif

# --- Sources ---------------------------------------------------------------------------------------------------------
# common/*/*.c make librr.a; PROGRAM/*.c and PROGRAM/ROOM/*.c with it make bin/PROGRAM.
COMMON_OBJ := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard common/*/*.c)))
LIB := $(B)/librr.a
STATIC_OBJ := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard images/static/*.c)))
prog_obj = $(patsubst %.c,$(B)/%.o,$(sort $(wildcard $(1)/*.c $(1)/*/*.c)))
part_obj = $(filter-out %/main.o,$(call prog_obj,$(1)))
BUILDABLE := $(foreach p,$(PROGRAMS),$(if $(wildcard $(p)/main.c),$(BIN)/$(p))) \
	$(if $(filter release,$(MODE)),$(BIN)/release-runtime $(BIN)/VERSIONS)

.PHONY: all
all: $(BUILDABLE)

# Objects are made anew when the compiler, a flag or the release build's libraries changed.
FLAGS_FILE := $(B)/flags
$(shell mkdir -p $(B); printf '%s\n' '$(subst ','\'',$(filter-out -Werror -Wl$(comma)--fatal-warnings,$(COMPILE) $(LINK)))' $(LIBS_MARK) >$(FLAGS_FILE).now.$$PPID; \
	cmp -s $(FLAGS_FILE).now.$$PPID $(FLAGS_FILE) && rm -f $(FLAGS_FILE).now.$$PPID || mv $(FLAGS_FILE).now.$$PPID $(FLAGS_FILE))

$(LIB): $(COMMON_OBJ)
	@rm -f $@
	$(Q)ar rcsD $@ $^

$(B)/%.o: %.c $(FLAGS_FILE)
	@mkdir -p $(@D)
	@echo "  CC $<"
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

# A test that goes on after a failure fails at its next assertion.
$(B)/tests/%.o: RR_CFLAGS += -Wno-unused-result

# A program's objects but main.o, for its tests: what a test defines itself (a fake clock) is not taken from here.
part_lib = $(B)/lib$(1).a
define program
$(call part_lib,$(1)): $(call part_obj,$(1))
	@rm -f $$@
	$(Q)ar rcsD $$@ $$^

$(BIN)/$(1): $(call prog_obj,$(1)) $(LIB)
	@mkdir -p $$(@D)
	@echo "  LD $$@"
	$(Q)$$(LINK) -o $$@ $$^ $(RR_LIBS) $(LDLIBS)
endef
ifneq ($(MODE),release)
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))
else
include scripts/release.mk
endif

# --- Unit tests: tests/unit/ROOM/test_MODULE.c, each a program of its own ------------------------------------------------
UNIT_SRC := $(sort $(wildcard tests/unit/*/test_*.c))
UNIT_BIN := $(UNIT_SRC:%.c=$(B)/%)
room = $(word 3,$(subst /, ,$(1)))
define unit_test
$(B)/$(basename $(1)): $(B)/$(basename $(1)).o $(if $(filter $(PROGRAMS),$(call room,$(1))),$(call part_lib,$(call room,$(1)))) \
	$(if $(filter static,$(call room,$(1))),$(STATIC_OBJ)) $(LIB)
	@echo "  LD $$@"
	$(Q)$$(LINK) -o $$@ $$^ -lcmocka $(RR_LIBS) $(LDLIBS)
endef
$(foreach t,$(UNIT_SRC),$(eval $(call unit_test,$(t))))
MEMORY_TESTS := $(shell grep -l '"tests/unit/fakes/fake_memory.h"' $(UNIT_SRC))
MEMORY_CALLS := $(shell sed -n 's/^.*__real_\([a-z]*\)(.*);$$/\1/p' tests/unit/fakes/fake_memory.h | sort -u)
$(MEMORY_TESTS:%.c=$(B)/%): RR_LDFLAGS += $(MEMORY_CALLS:%=-Wl,--wrap=%)

.PHONY: unit-build unit
unit-build: $(UNIT_BIN)
unit: unit-build
	@$(PYTHON) tests/run --unit $(MODE)

# --- Fuzz targets: tests/fuzz/fuzz_NAME.c; the objects of the program whose headers it includes are linked too ------------
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_BIN := $(FUZZ_SRC:%.c=$(B)/%)
included = $(foreach p,$(PROGRAMS),$(if $(shell grep -l '^.include "$(p)/' $(1)),$(p)))
define fuzz_target
$(B)/$(basename $(1)): $(B)/$(basename $(1)).o $(foreach p,$(call included,$(1)),$(call part_lib,$(p))) $(LIB)
	@echo "  LD $$@"
	$(Q)$$(LINK) -fsanitize=fuzzer -o $$@ $$^ $(if $(shell grep -l '<pg_query.h>' $(1)),-lpg_query) $(RR_LIBS) $(LDLIBS)
endef
ifeq ($(MODE),fuzz)
$(foreach t,$(FUZZ_SRC),$(eval $(call fuzz_target,$(t))))
endif

.PHONY: fuzz-build fuzz fuzz-smoke
fuzz-build: $(FUZZ_BIN)
fuzz:
	@FUZZ_SECONDS=$${FUZZ_SECONDS:-3600} FUZZ_SEED=$${FUZZ_SEED:-0} $(PYTHON) tests/run --only fuzz
fuzz-smoke:
	@$(PYTHON) tests/run --only fuzz

# --- The splitter's oracle: PostgreSQL's own parser (libpg_query) -------------------------------------------------------
ORACLE := $(B)/tests/oracle/oracle_split
$(ORACLE): $(ORACLE).o $(call part_lib,migrate) $(LIB)
	@echo "  LD $@"
	$(Q)$(LINK) -o $@ $^ -lpg_query $(RR_LIBS) $(LDLIBS)

.PHONY: oracle-build oracle
oracle-build: $(ORACLE)
oracle: oracle-build
	@tests/oracle/run.sh $(ORACLE)

# --- Cron expressions: cronie's and robfig's own code on N generated schedules; a stored table of their answers is a unit test ---
.PHONY: conformance conformance-table
conformance: $(B)/tests/unit/cronrun/test_cron_answers
	@tests/oracle/cron/answers.sh $(or $(N),20000) $(or $(SEED),1) >build/conformance.txt
	@CRON_ANSWERS=build/conformance.txt $<
conformance-table:
	@tests/oracle/cron/answers.sh 4000 2 >build/conformance.txt
	@mv build/conformance.txt tests/oracle/cron/answers.txt

# --- The splitter's speed, in figures ------------------------------------------------------------------------------------
SPEED := $(B)/tests/bench/speed_lexer
$(SPEED): $(SPEED).o $(call part_lib,migrate) $(LIB)
	@echo "  LD $@"
	$(Q)$(LINK) -o $@ $^ $(RR_LIBS) $(LDLIBS)

.PHONY: bench-lexer
bench-lexer: $(SPEED)
	@$(SPEED)

# --- Times of schedules: how fast the next one is found ---------------------------------------------------------------------
SPEED_NEXT := $(B)/tests/bench/speed_next
$(SPEED_NEXT): $(SPEED_NEXT).o $(call part_lib,cronrun) $(LIB)
	@echo "  LD $@"
	$(Q)$(LINK) -o $@ $^ $(RR_LIBS) $(LDLIBS)

# --- The pages of healthd and of cronrun's daemon, to look at ------------------------------------------------------------------
STATUS_PAGE := $(B)/tests/page/status_page
CRON_PAGE := $(B)/tests/page/cron_page
$(STATUS_PAGE): $(STATUS_PAGE).o $(call part_lib,healthd) $(LIB)
$(CRON_PAGE): $(CRON_PAGE).o $(call part_lib,cronrun) $(LIB)
$(STATUS_PAGE) $(CRON_PAGE):
	@echo "  LD $@"
	$(Q)$(LINK) -o $@ $^ $(RR_LIBS) $(LDLIBS)

# Pictures of them in docs/, at three widths, light and dark; needs chromium, which `make deps` does not install.
.PHONY: page-shots
page-shots: $(STATUS_PAGE) $(CRON_PAGE)
	@tests/page/shots $(STATUS_PAGE) outage docs/status 1500 1500 2200
	@tests/page/shots $(CRON_PAGE) night docs/cronrun 1640 1780 2720

# Their accessibility by axe-core; needs chromium and npm.
.PHONY: page-axe
page-axe: $(STATUS_PAGE) $(CRON_PAGE)
	@tests/page/axe $(STATUS_PAGE) outage well starting
	@tests/page/axe $(CRON_PAGE) night well fresh empty many

# --- Checks --------------------------------------------------------------------------------------------------------------
.PHONY: deps check check-asan scenarios acceptance mutants chart-mutants coverage seeds lint analyze bench
deps:
	@scripts/deps check

check: deps
	@$(PYTHON) tests/run

check-asan: deps
	@$(PYTHON) tests/run --only unit-asan,scenarios-migrate-asan,scenarios-healthd-asan,scenarios-cronrun-asan,scenarios-all-asan

scenarios: all
	@$(PYTHON) tests/run --only scenarios

# What the release promises, at full size, with what was measured; ONLY="leaks race" chooses points.
acceptance: deps all
	@$(PYTHON) tests/acceptance/run $(ONLY)

# Breaks lines of the product in a copy of the tree and tells which of them no test notices.
mutants:
	@$(PYTHON) tests/mutants/run

# Values of the chart with one thing wrong, N of them in the order that SEED gives: refused by the path, or harmless.
chart-mutants:
	@$(PYTHON) tests/chart/mutants.py $(or $(N),5000) $(or $(SEED),1)

# Files that call themselves pure: every line of them is reached by a unit test.
coverage:
	@$(PYTHON) scripts/check-coverage

# What the five systems under chart/examples ask for, row by row, and which test shows it.
seeds:
	@$(PYTHON) scripts/seeds

lint:
	@$(PYTHON) tests/run --only lint

# gcc's own analyser; slow, and its findings want a reader.
analyze:
	$(Q)for f in $(sort $(wildcard common/*/*.c $(PROGRAMS:%=%/*.c) $(PROGRAMS:%=%/*/*.c))); do \
		echo "  ANALYZE $$f"; $(COMPILE) -fanalyzer -O1 -c -o /dev/null $$f || exit 1; done
	@scripts/check-tidy --analyze

bench: all release
	@for b in $(sort $(wildcard tests/bench/bench_*)); do echo "== $$b"; BIN_DIR=$(BIN) $$b || exit 1; done

# The release build. ROUNDS: of detection (200); ONLY=faults, detection, speed, cost or loss for a part.
.PHONY: bench-healthd
bench-healthd: release
	@BIN_DIR=$(abspath build/release) tests/bench/bench_healthd --rounds $(or $(ROUNDS),200) --probes 100000 $(if $(ONLY),--only $(ONLY))

# ROUNDS=9 for more rounds; ONLY=files,large for some of the rows.
.PHONY: bench-migrate
bench-migrate: release
	@tests/bench/bench_migrate --rounds $(or $(ROUNDS),5) $(if $(ONLY),--only $(ONLY))

# ROUNDS: of `true` (200); RUNS, STARTS, EXPRESSIONS, PINGS: see tests/bench/bench_cronrun; ONLY=overhead,memory for some of the rows.
.PHONY: bench-cronrun
bench-cronrun: release $(SPEED_NEXT)
	@tests/bench/bench_cronrun --rounds $(or $(ROUNDS),200) $(if $(ONLY),--only $(ONLY))

# An hour each under 10,000 slow clients, and beside servers whose answers are cut (SECONDS=120 for less); an idle machine.
.PHONY: soak-healthd
soak-healthd: all
	@cd tests/scenarios && BIN_DIR=$(abspath $(BIN)) RR_SOAK_SECONDS=$(or $(SECONDS),3600) $(PYTHON) -m pytest -q -s healthd/test_healthd_soak.py

# The splitter on ten million inputs (RUNS=), by SEED, with JOBS beside each other; KEEP=1 adds what they reach to the seeds.
.PHONY: soak-splitter
soak-splitter:
	@$(MAKE) --no-print-directory -s MODE=fuzz build/fuzz/tests/fuzz/fuzz_lexer build/fuzz/tests/fuzz/fuzz_split
	@$(PYTHON) tests/fuzz/soak $(if $(RUNS),--runs $(RUNS)) $(if $(SEED),--seed $(SEED)) $(if $(JOBS),--jobs $(JOBS)) $(if $(KEEP),--keep)

# Very many runs that want one lock while its store and network break, and locks that are lost: SECONDS each (240: twenty minutes in all).
.PHONY: soak-cronrun
soak-cronrun: all
	@cd tests/scenarios && BIN_DIR=$(abspath $(BIN)) RR_SOAK_SECONDS=$(or $(SECONDS),240) $(PYTHON) -m pytest -q -s cronrun/test_cronrun_soak.py

.PHONY: format
format:
	@scripts/check-format --fix

# --- The test cluster: a Kubernetes of one node in namespaces of its own, on this machine -------------------------------------
.PHONY: cluster-up cluster-down e2e e2e-smoke
cluster-up:
	@scripts/deps e2e
	@tests/cluster/build
	@[ ! -e build/images/migrate.tar ] || tests/cluster/images/migrations build/cluster/images >/dev/null
	@tests/cluster/up

cluster-down:
	@tests/cluster/down

# The stories on it, or on the cluster of KUBECONFIG; K=word chooses, KEEP=1 leaves the cluster up.
# e2e-smoke: the shortest tour of all. With E2E_BUILT=1 images that are in build/ already are taken as they are.
e2e:
	@scripts/deps $(if $(E2E_BUILT),cluster,e2e)
	@tests/cluster/e2e

e2e-smoke:
	@SMOKE=1 $(MAKE) --no-print-directory e2e

# What the last run of all stories measured becomes the page in docs/.
.PHONY: evidence
evidence:
	@grep -q ', 0 failed, 0 skipped$$' build/cluster/evidence.md && ! grep -q '^Not measured' build/cluster/evidence.md || \
		{ echo 'evidence: first make e2e, all stories of it, none failed' >&2; exit 1; }
	@cp build/cluster/evidence.md docs/evidence.md

# --- Documents: printed by the programs from their option rows -------------------------------------------------------------
.PHONY: docs check-docs
docs: all
	@scripts/docs $(BIN)
	@scripts/chart-docs
check-docs: all
	@scripts/docs --check $(BIN)
	@scripts/check-events $(BIN) $(B)
	@scripts/chart-docs --check

# --- Demo ------------------------------------------------------------------------------------------------------------------
.PHONY: demo
demo:
	@scripts/deps demo
	@$(MAKE) --no-print-directory -s -j"$$(nproc)" all
	@KEEP='$(KEEP)' scripts/demo

# --- Images ----------------------------------------------------------------------------------------------------------------
# The programs' own, as archives for `docker load` and its kin: no engine is needed.
.PHONY: images
images: release
	@scripts/deps images
	@scripts/images

# The stand-in for a system in the stories on a cluster: Debian packages, as root; rebuilt only when its sources changed.
.PHONY: cluster-images
cluster-images:
	@tests/cluster/images/build build/cluster/images/standin.tar

# --- Release ---------------------------------------------------------------------------------------------------------------
.PHONY: release
release:
	@scripts/deps release
	@scripts/release-libs $(RELEASE_LIBS)
	@$(MAKE) --no-print-directory MODE=release all
	@scripts/release-table build/release

.PHONY: install uninstall dist clean help
install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR)/man1 \
		$(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR)
	install -m 755 $(PROGRAMS:%=$(BIN)/%) $(DESTDIR)$(BINDIR)
	install -m 644 $(PROGRAMS:%=docs/man/%.1) $(DESTDIR)$(MANDIR)/man1
	for p in $(PROGRAMS); do \
		install -m 644 docs/completion/$$p.bash $(DESTDIR)$(BASHDIR)/$$p && \
		install -m 644 docs/completion/$$p.zsh $(DESTDIR)$(ZSHDIR)/_$$p && \
		install -m 644 docs/completion/$$p.fish $(DESTDIR)$(FISHDIR)/$$p.fish || exit 1; done

uninstall:
	rm -f $(PROGRAMS:%=$(DESTDIR)$(BINDIR)/%) $(PROGRAMS:%=$(DESTDIR)$(MANDIR)/man1/%.1) \
		$(PROGRAMS:%=$(DESTDIR)$(BASHDIR)/%) $(PROGRAMS:%=$(DESTDIR)$(ZSHDIR)/_%) \
		$(PROGRAMS:%=$(DESTDIR)$(FISHDIR)/%.fish)

dist:
	@mkdir -p build
	git archive --prefix=release-runtime-$(VERSION)/ HEAD | gzip -9n >build/release-runtime-$(VERSION).tar.gz
	@echo build/release-runtime-$(VERSION).tar.gz

clean:
	rm -rf build

help:
	@echo 'all          build the programs into build/bin (MODE=asan, MODE=coverage: build/MODE/bin)'
	@echo 'deps         install what demo and check need (Debian; asks first on a terminal, says how to undo it)'
	@echo 'demo         the whole story on throwaway servers; KEEP=1 leaves them running'
	@echo 'check        everything below, on the normal and the sanitised build; ends with one line of counts'
	@echo 'check-asan   unit tests and scenarios on the build with address and undefined-behaviour sanitisers'
	@echo 'unit         unit tests (MODE=asan for the sanitised ones)'
	@echo 'scenarios    pytest scenarios against real servers (K=word chooses)'
	@echo 'oracle       the splitter against the parser of PostgreSQL, on the SQL files of its source package'
	@echo 'conformance  cron expressions against the code of cronie and robfig, on N generated ones by SEED (needs Go)'
	@echo 'acceptance   what the release promises, at full size, with what was measured (ONLY="leaks race" chooses)'
	@echo 'mutants      breaks N lines of the product, chosen by SEED, and tells which of them no test notices'
	@echo 'chart-mutants  gives the chart N values with one thing wrong, and tells which it takes amiss'
	@echo 'coverage     every line of the files that call themselves pure is reached by a unit test, or says why not'
	@echo 'seeds        what the five example systems ask for, row by row, and which test shows it'
	@echo 'cluster-up   a Kubernetes of one node on this machine (tests/cluster/in kubectl ...); cluster-down ends it'
	@echo 'e2e          the stories on that cluster, or on the one of KUBECONFIG (K=word chooses, KEEP=1 leaves it up)'
	@echo 'e2e-smoke    a few of the stories: node, install, hook, sidecar, cron jobs, outage'
	@echo 'evidence     what the last make e2e measured becomes docs/evidence.md'
	@echo 'fuzz         each fuzz target for FUZZ_SECONDS (an hour); fuzz-smoke: thirty seconds'
	@echo 'lint         format, clang-tidy, shellcheck, include rules, sizes'
	@echo 'analyze      gcc -fanalyzer, and clang'"'"'s path-sensitive checks'
	@echo 'bench        measurements; wants an idle machine (bench-lexer: the splitter alone; bench-migrate: migrate beside a libpq loop and its peers; bench-healthd: healthd beside its peers; bench-cronrun: cronrun beside tini, flock, timeout, supercronic)'
	@echo 'soak-healthd an hour of healthd under 10,000 slow clients, and one beside servers whose answers are cut (SECONDS=120 for less)'
	@echo 'soak-splitter  ten million inputs for the splitter, half of them beside the parser of PostgreSQL (RUNS=100000 for less, KEEP=1 keeps the new ones)'
	@echo 'soak-cronrun very many runs that want one lock while its store and network break, and locks that are lost (SECONDS=30 each for less)'
	@echo 'page-shots   pictures of both pages for docs/ (needs chromium); page-axe: their accessibility (npm, too)'
	@echo 'format       clang-format over all sources'
	@echo 'docs         regenerate man pages, completions and option tables; check-docs fails on drift'
	@echo 'release      static files in build/release, and one with all three (Debian: fetches libpq and libcurl as source)'
	@echo 'images       the programs as images in build/images, for docker load and its kin; needs no engine'
	@echo 'cluster-images  the image that plays application, PostgreSQL, Redis and jobs in the stories (as root)'
	@echo 'install      into $$(DESTDIR)$$(PREFIX), /usr/local by default; uninstall'
	@echo 'dist         source archive in build/'
	@echo 'clean        remove build/'
	@echo
	@echo 'V=1 shows the commands. CC, CFLAGS, LDFLAGS, PREFIX and DESTDIR are respected.'

-include $(shell find $(B) -name '*.d' 2>/dev/null)
