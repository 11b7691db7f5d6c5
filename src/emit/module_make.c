// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Makefile and the Kbuild file of an emitted directory. People call the one, kbuild
 * reads the other (it takes Kbuild if there are both: scripts/Kbuild.include,
 * kbuild-file).
 */
#include <stdio.h>

#include "emit/module_private.h"

static void write_make_variables(const struct mkp_module *module, FILE *stream)
{
	fputs("# SPDX-License-Identifier: GPL-2.0\n#\n"
	      "#   make        builds the live patch\n"
	      "#   make clean  removes what that made\n#\n"
	      "# KDIR is where the kernel's headers are, MKPATCH the mkpatch command",
	      stream);
	fputs(module->standalone
		      ? ".\n\n"
		      : ",\n# MKPATCH_CORE where the core module was built.\n\n",
	      stream);
	fprintf(stream, "NAME := %s\n", module->name);
	if (module->release)
		fprintf(stream, "RELEASE := %s\n", module->release);
	else
		fputs("RELEASE := $(shell uname -r)\n", stream);
	fputs("KDIR ?= /lib/modules/$(RELEASE)/build\nMKPATCH ?= mkpatch\n", stream);
	if (!module->standalone)
		fputs("MKPATCH_CORE ?= /usr/src/mkpatch-core\n", stream);
	/* Not include/config/kernel.release: Debian 12's headers say "6.1.192" there. */
	fputs("\nKDIR_RELEASE = $(shell sed -n 's/.* UTS_RELEASE \"\\(.*\\)\"$$/\\1/p' "
	      "\\\n"
	      "\t$(KDIR)/include/generated/utsrelease.h 2>/dev/null)\n",
	      stream);
}

/*
 * The module must not be left behind unfinished: the loader takes weak symbols that
 * nothing provides for address 0, so it would load, and jump there.
 */
static void write_all_rule(const struct mkp_module *module, FILE *stream)
{
	fputs("\n.PHONY: all\nall: check-kernel", stream);
	fputs(module->standalone ? "\n" : " check-core\n", stream);
	fputs("\t@$(MAKE) --no-print-directory -C $(KDIR) M=$(CURDIR)", stream);
	if (!module->standalone)
		fputs(" \\\n\t\tKBUILD_EXTRA_SYMBOLS=$(abspath "
		      "$(MKPATCH_CORE))/Module.symvers",
		      stream);
	fputs(" \\\n\t\tCONFIG_DEBUG_INFO_BTF_MODULES= modules\n"
	      "\t@$(MKPATCH) finalize $(NAME).ko || { rm -f $(NAME).ko; exit 1; }\n",
	      stream);
}

static void write_kernel_check(const struct mkp_module *module, FILE *stream)
{
	fputs("\n.PHONY: check-kernel\ncheck-kernel:\n"
	      "\t@test -n \"$(KDIR_RELEASE)\" || { \\\n"
	      "\t\techo \"$(NAME): no kernel headers in $(KDIR);\" \\\n"
	      "\t\t\t\"install those of $(RELEASE), or say where: make KDIR=DIR\" >&2; "
	      "exit 1; }\n",
	      stream);
	if (module->release)
		fputs("\t@test \"$(KDIR_RELEASE)\" = \"$(RELEASE)\" || { \\\n"
		      "\t\techo \"$(NAME): made for Linux $(RELEASE), but $(KDIR)\" \\\n"
		      "\t\t\t\"is $(KDIR_RELEASE)\" >&2; exit 1; }\n",
		      stream);
}

static void write_core_check(FILE *stream)
{
	fputs("\n.PHONY: check-core\ncheck-core:\n"
	      "\t@test -f $(MKPATCH_CORE)/Module.symvers || { \\\n"
	      "\t\techo \"$(NAME): no $(MKPATCH_CORE)/Module.symvers: the core module "
	      "is\" \\\n"
	      "\t\t\t\"not built there\" >&2; \\\n"
	      "\t\techo \"  build it (make -C $(MKPATCH_CORE) KDIR=$(KDIR)), or say "
	      "where it is\""
	      " \\\n\t\t\t\"(make MKPATCH_CORE=DIR)\" >&2; \\\n"
	      "\t\techo \"  or make a patch that needs no core: mkpatch --standalone\" "
	      ">&2; "
	      "exit 1; }\n",
	      stream);
}

struct mkp_error *mkp_module_write_makefile(const struct mkp_module *module, FILE *stream)
{
	struct mkp_error *error;

	error = mkp_module_validate(module);
	if (error)
		return error;
	write_make_variables(module, stream);
	write_all_rule(module, stream);
	write_kernel_check(module, stream);
	if (!module->standalone)
		write_core_check(stream);
	fputs("\n.PHONY: clean\nclean:\n"
	      "\trm -rf *.o *.ko *.mod *.mod.c .*.cmd .*.o .*.d .tmp_versions \\\n"
	      "\t\tmodules.order Module.symvers\n",
	      stream);
	return mkp_module_finish(stream);
}

static size_t nr_payloads(const struct mkp_module *module)
{
	return module->nr_inputs ? module->nr_inputs : 1;
}

/* "-payload.o", or "-payload-2.o" if there are several. */
static void write_payload_object(const struct mkp_module *module, size_t index,
				 FILE *stream)
{
	fprintf(stream, "%s-payload", module->name);
	if (nr_payloads(module) > 1)
		fprintf(stream, "-%zu", index + 1);
	fputs(".o", stream);
}

struct mkp_error *mkp_module_payload_name(const struct mkp_module *module, size_t index,
					  char **ret_name)
{
	char *name;
	int length = nr_payloads(module) > 1
			     ? asprintf(&name, "payload-%zu.o_shipped", index + 1)
			     : asprintf(&name, "payload.o_shipped");

	if (length < 0)
		return mkp_error_nomem();
	*ret_name = name;
	return NULL;
}

static void write_objects(const struct mkp_module *module, FILE *stream)
{
	fprintf(stream, "%s-main.o", module->name);
	for (size_t i = 0; i < nr_payloads(module); i++) {
		fputc(' ', stream);
		write_payload_object(module, i, stream);
	}
	fputc('\n', stream);
}

static struct mkp_error *write_payload_rules(const struct mkp_module *module,
					     FILE *stream)
{
	struct mkp_error *error = NULL;

	fputs("\n# The new code is compiled already.\n"
	      "quiet_cmd_mkpatch_payload = COPY [M]  $@\n"
	      "      cmd_mkpatch_payload = cat $< > $@\n",
	      stream);
	for (size_t i = 0; i < nr_payloads(module) && !error; i++) {
		MKP_CLEANUP_FREE char *name = NULL;

		error = mkp_module_payload_name(module, i, &name);
		if (error)
			break;
		fputs("\n$(obj)/", stream);
		write_payload_object(module, i, stream);
		fprintf(stream,
			": $(src)/%s FORCE\n\t$(call if_changed,mkpatch_payload)\n",
			name);
	}
	return error;
}

/*
 * A static pattern rule for the main object, because kbuild finds the module that an
 * object belongs to by the stem, $* (scripts/Makefile.lib, modname-multi; v5.4 to v6.12),
 * and a plain rule has none. A rule of our own for the payload: kbuild's "_shipped" rule
 * leaves no .cmd file, which modpost wants to read for srcversion.
 */
struct mkp_error *mkp_module_write_kbuild(const struct mkp_module *module, FILE *stream)
{
	const char *name = module->name;
	struct mkp_error *error;

	error = mkp_module_validate(module);
	if (error)
		return error;
	fprintf(stream,
		"# SPDX-License-Identifier: GPL-2.0\n"
		"# What kbuild reads; the Makefile beside this starts it.\n\n"
		"obj-m := %s.o\n%s-y := ",
		name, name);
	write_objects(module, stream);
	fputs("targets += ", stream);
	write_objects(module, stream);
	fprintf(stream,
		"\n# The whole module is %s.o, so this one needs another name.\n"
		"$(obj)/%s-main.o: $(obj)/%%.o: $(src)/%s.c FORCE\n"
		"\t$(call if_changed_rule,cc_o_c)\n",
		name, name, name);
	error = write_payload_rules(module, stream);
	return error ? error : mkp_module_finish(stream);
}
