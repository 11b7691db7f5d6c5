# SPDX-License-Identifier: GPL-2.0-or-later
#
#   make             the mkpatch command, in build/
#   make demo        sets everything up and shows the main job on a stock kernel
#   make check       sets everything up and passes all tests
#   make check-fast  the tests that need no kernel
#   make check-ibt   patches to a stock kernel with IBT, Linux 6.12
#   make lint        the house rules
#   make bench       what a diff costs, and how that grows
#   make install     DESTDIR= PREFIX=/usr/local
#
# V=1 shows the commands, WERROR=1 makes warnings errors, SAN=1 builds with ASan and
# UBSan (in build/san/), O=DIR builds elsewhere.

VERSION := $(shell cat VERSION)
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
INCLUDEDIR ?= $(PREFIX)/include
SRCDIR ?= $(PREFIX)/src
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/site-functions

CC ?= gcc
PKG_CONFIG ?= pkg-config
INSTALL ?= install
CFLAGS ?= -O2 -g
O ?= build$(if $(SAN),/san)$(if $(COVERAGE),/coverage)

ifeq ($(origin CC),default)
CC := gcc
endif

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wwrite-strings -Wformat=2 -Wpointer-arith -Wvla \
	-Wcast-qual -Wundef $(if $(WERROR),-Werror)
PACKAGES := libelf libdw json-c libxxhash liblzma libzstd zlib
# Debian's libzydis has no pkg-config file.
mkp_cflags := -std=gnu11 -D_GNU_SOURCE -DMKP_VERSION='"$(VERSION)"' -Isrc -Iinclude \
	-I$(O) -ffile-prefix-map=$(CURDIR)/= $(WARNINGS) \
	$(shell $(PKG_CONFIG) --cflags $(PACKAGES))
mkp_libs := $(shell $(PKG_CONFIG) --libs $(PACKAGES)) -lZydis -lZycore

# Of xxhash, the header alone is used.
mkp_ldflags := -Wl,--as-needed

ifdef SAN
mkp_cflags += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
mkp_ldflags += -fsanitize=address,undefined
endif
ifdef COVERAGE
mkp_cflags += --coverage -O0
mkp_ldflags += --coverage
endif

lib_sources := $(sort $(foreach room,base elf arch report image diff survey match check emit verify set build, \
	$(wildcard src/$(room)/*.c)))
cmd_sources := src/main.c $(sort $(wildcard src/cmd/*.c))
unit_sources := $(sort $(filter-out test/unit/support_%,$(wildcard test/unit/*.c)))
unit_support := $(sort $(wildcard test/unit/support_*.c))

lib_objects := $(lib_sources:%.c=$(O)/%.o)
cmd_objects := $(cmd_sources:%.c=$(O)/%.o)
support_objects := $(unit_support:%.c=$(O)/%.o)
unit_programs := $(unit_sources:%.c=$(O)/%)

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2))

.PHONY: all
all: $(O)/mkpatch

$(O)/mkpatch: $(cmd_objects) $(O)/libmkpatch.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(mkp_ldflags) $(LDFLAGS) -o $@ $^ $(mkp_libs)

$(O)/libmkpatch.a: $(lib_objects)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcsD $@ $^

$(O)/%.o: %.c VERSION
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(mkp_cflags) -MMD -MP -c -o $@ $<

# These travel inside the program (.incbin), which -MMD does not see.
$(O)/src/build/probes.o: src/build/probes.mk
$(O)/src/emit/module_abi.o: include/mkpatch/core_abi.h include/mkpatch/livepatch.h

$(O)/test/unit/%.o: mkp_cflags += -Itest/unit $(shell $(PKG_CONFIG) --cflags cmocka 2>/dev/null)
$(unit_programs): $(O)/test/unit/%: $(O)/test/unit/%.o $(support_objects) $(O)/libmkpatch.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(mkp_ldflags) $(LDFLAGS) -o $@ $^ $(mkp_libs) -lcmocka

.PHONY: unit-programs
unit-programs: $(unit_programs)

# mkpatch behind another main(), which calls it again and again: test/cli/malformed.
$(O)/test/cli/mutate: $(O)/test/cli/mutate.o $(O)/test/cli/mkpatch_main.o \
		$(filter-out $(O)/src/main.o,$(cmd_objects)) $(O)/libmkpatch.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(mkp_ldflags) $(LDFLAGS) -o $@ $^ $(mkp_libs)

$(O)/test/cli/mkpatch_main.o: $(O)/src/main.o
	$(Q)mkdir -p $(@D)
	$(Q)objcopy --redefine-sym main=mkpatch_main $< $@

# Changes objects in one place each: test/mutation/run.
mutation_objects := $(patsubst %.c,$(O)/%.o,$(sort $(wildcard test/mutation/*.c)))
$(O)/test/mutation/inject: $(mutation_objects)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(mkp_ldflags) $(LDFLAGS) -o $@ $^ $(mkp_libs)

$(O)/test/bench/measure: $(O)/test/bench/measure.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(mkp_ldflags) $(LDFLAGS) -o $@ $^

-include $(lib_objects:.o=.d) $(cmd_objects:.o=.d) $(support_objects:.o=.d)
-include $(unit_programs:%=%.d)
-include $(mutation_objects:.o=.d)

.PHONY: demo check check-fast check-ibt corpus lint coverage bench
demo:
	$(Q)scripts/demo

check:
	$(Q)scripts/check

check-fast:
	$(Q)scripts/check --fast

check-ibt:
	$(Q)test/kernel/run --kernel 6.12

# Real fixes, hours the first time: docs/corpus.md.
corpus: all
	$(Q)test/corpus/run --from 6.1.176-1 --to 6.1.187-1 --limit 64 --seed 11
	$(Q)test/corpus/run --from 6.1.176-1 --to 6.1.187-1 --limit 64 --seed 21 \
		--among "kernel mm fs net block security drivers"
	$(Q)test/corpus/behaviour/run
	$(Q)test/corpus/run --from 6.12.111-1~deb12u1 --to 6.12.113-1~deb12u1 --limit 32 --seed 11

lint:
	$(Q)scripts/lint

coverage:
	$(Q)scripts/coverage

bench:
	$(Q)test/bench/run

.PHONY: install uninstall
core_src = $(DESTDIR)$(SRCDIR)/mkpatch-core-$(VERSION)
install: all
	$(INSTALL) -D -m 755 $(O)/mkpatch $(DESTDIR)$(BINDIR)/mkpatch
	$(INSTALL) -d $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man7 \
		$(DESTDIR)$(INCLUDEDIR)/mkpatch
	$(INSTALL) -m 644 man/*.1 $(DESTDIR)$(MANDIR)/man1/
	$(INSTALL) -m 644 man/*.7 $(DESTDIR)$(MANDIR)/man7/
	$(INSTALL) -m 644 include/mkpatch/*.h $(DESTDIR)$(INCLUDEDIR)/mkpatch/
	$(INSTALL) -D -m 644 contrib/completion/mkpatch.bash $(DESTDIR)$(BASHCOMPDIR)/mkpatch
	$(INSTALL) -D -m 644 contrib/completion/_mkpatch $(DESTDIR)$(ZSHCOMPDIR)/_mkpatch
	$(INSTALL) -d $(core_src)/include/mkpatch
	$(INSTALL) -m 644 kmod-core/*.[ch] kmod-core/Makefile kmod-core/Kbuild $(core_src)/
	sed 's/#MODULE_VERSION#/$(VERSION)/' kmod-core/dkms.conf.in > $(core_src)/dkms.conf
	$(INSTALL) -m 644 include/mkpatch/core_abi.h $(core_src)/include/mkpatch/
	ln -sfn mkpatch-core-$(VERSION) $(DESTDIR)$(SRCDIR)/mkpatch-core

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/mkpatch $(DESTDIR)$(MANDIR)/man1/mkpatch*.1 \
		$(DESTDIR)$(MANDIR)/man7/mkpatch*.7
	rm -f $(DESTDIR)$(BASHCOMPDIR)/mkpatch $(DESTDIR)$(ZSHCOMPDIR)/_mkpatch
	rm -rf $(DESTDIR)$(INCLUDEDIR)/mkpatch $(core_src) \
		$(DESTDIR)$(SRCDIR)/mkpatch-core

.PHONY: clean
clean:
	rm -rf build
