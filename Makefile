# release-runtime: see `make help`.
.DEFAULT_GOAL := all

MODE ?= dev
B := build/$(MODE)
BIN := $(if $(filter dev,$(MODE)),build/bin,$(B)/bin)
CC ?= cc
PKGS := libevent_core libevent_openssl libpq hiredis libcurl libcares openssl
VERSION := $(shell cat VERSION)

WARN := -Wall -Wextra -Wformat=2 -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wvla -Wimplicit-fallthrough
ARCH := $(shell uname -m)
HARDEN := -fstack-protector-strong -fstack-clash-protection -fPIE \
	$(if $(filter x86_64,$(ARCH)),-fcf-protection) $(if $(filter aarch64,$(ARCH)),-mbranch-protection=standard)
SAN := $(if $(filter asan,$(MODE)),-fsanitize=address$(comma)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
comma := ,
CFLAGS ?= -O2 -g
RR_CFLAGS := -std=gnu17 -D_GNU_SOURCE -I. -DRR_VERSION='"$(VERSION)"' $(WARN) $(HARDEN) \
	-ffile-prefix-map=$(CURDIR)=. $(if $(filter asan,$(MODE)),$(SAN),-D_FORTIFY_SOURCE=3) \
	$(shell pkg-config --cflags $(PKGS) 2>/dev/null)
RR_LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(SAN)
RR_LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm

V ?= 0
Q := $(if $(filter 1,$(V)),,@)
PROGRAMS := healthd migrate cronrun

COMMON_SRC := $(sort $(wildcard common/*/*.c))
COMMON_OBJ := $(COMMON_SRC:%.c=$(B)/%.o)
LIB := $(B)/librr.a
prog_obj = $(patsubst %.c,$(B)/%.o,$(sort $(wildcard $(1)/*.c)))
BUILDABLE := $(foreach p,$(PROGRAMS),$(if $(wildcard $(p)/main.c),$(BIN)/$(p)))

.PHONY: all unit clean
all: $(BUILDABLE)

$(LIB): $(COMMON_OBJ)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $<"
	$(Q)$(CC) $(CPPFLAGS) $(RR_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

define program
$(BIN)/$(1): $(call prog_obj,$(1)) $(LIB)
	@mkdir -p $$(@D)
	@echo "  LD $$@"
	$(Q)$(CC) $(CFLAGS) $(RR_LDFLAGS) $(LDFLAGS) -o $$@ $$^ $(RR_LIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

# Unit tests: tests/unit/ROOM/test_MODULE.c, each a program of its own.
UNIT_SRC := $(sort $(wildcard tests/unit/*/test_*.c))
UNIT_BIN := $(UNIT_SRC:%.c=$(B)/%)
room = $(word 3,$(subst /, ,$(1)))
define unit_test
$(B)/$(basename $(1)): $(B)/$(basename $(1)).o \
		$(filter-out %/main.o,$(if $(filter $(PROGRAMS),$(call room,$(1))),$(call prog_obj,$(call room,$(1))))) $(LIB)
	@echo "  LD $$@"
	$(Q)$(CC) $(CFLAGS) $(RR_LDFLAGS) $(LDFLAGS) -o $$@ $$^ -lcmocka $(RR_LIBS)
endef
$(foreach t,$(UNIT_SRC),$(eval $(call unit_test,$(t))))

unit: $(UNIT_BIN)
	@set -e; for t in $(UNIT_BIN); do echo "== $$t"; $$t; done

clean:
	rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)
