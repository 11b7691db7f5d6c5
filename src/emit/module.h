/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The emitted directory apart from the payload: module source, Makefile, Kbuild.
 *
 *   Makefile  `make KDIR=...` runs kbuild, then `mkpatch finalize` on the result
 *   Kbuild    the objects: <name>-main.o from <name>.c, and <name>-payload.o, which is
 *             payload.o_shipped, or one for each object of the patch, with a number; no
 *             module can be called like one of them, for the '-'
 *   <name>.c  what is replaced, readable; registers it
 *   core_abi.h  only for the kmod-core flavour
 */
#ifndef MKP_EMIT_MODULE_H
#define MKP_EMIT_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "diff/author.h"

/** One function that the patch replaces. */
struct mkp_module_function {
	const char *old_name;	/* as the running kernel calls it, "foo.constprop.0" */
	const char *new_symbol; /* global symbol of the payload, a C identifier */
	uint64_t position;	/* livepatch position (old_sympos), 0 = unique */
	uint64_t old_size, new_size; /* bytes */
	const char *source;	     /* "fs/proc/cmdline.c:8", or NULL */
	const char *reason;	     /* one line: what differs; or NULL */
};

struct mkp_module_object {
	const char *name; /* NULL for vmlinux */
	const struct mkp_module_function *functions;
	size_t nr_functions;
	/* By enum mkp_author_kind: symbols of the payload, or NULL. */
	const char *callbacks[MKP_AUTHOR_NR_CALLBACKS];
};

/** A system state (struct klp_state), or a shadow variable with its size. */
struct mkp_module_number {
	const char *name;
	uint64_t id, value;
};

/** A line of .modinfo. */
struct mkp_module_info {
	const char *key; /* a C identifier */
	const char *value;
};

/** What the module source says. Everything is borrowed. */
struct mkp_module {
	const char *name;	   /* a valid module name */
	const char *version;	   /* of the patch set, for people to read; NULL: "0" */
	const char *description;   /* MODULE_DESCRIPTION */
	const char *release;	   /* kernel release that it is for, NULL: not known */
	const char *const *inputs; /* base names of the original and patched objects, in
				    * pairs: for the comment */
	size_t nr_inputs; /* pairs, as many as there are payloads; 0 stands for 1 */
	bool standalone;  /* kernel livepatch interface alone, without kmod-core */
	bool replace;	  /* atomic replace of earlier patches */
	const struct mkp_module_object *objects;
	size_t nr_objects;
	const char *const *namespaces; /* export namespaces to import */
	size_t nr_namespaces;
	const struct mkp_module_number *states, *shadows;
	size_t nr_states, nr_shadows;
	const struct mkp_module_info *infos;
	size_t nr_infos;
};

/** The longest module name that we emit; a kernel takes MODULE_NAME_LEN - 1 = 55. */
#define MKP_MODULE_NAME_MAX 55

/**
 * Makes a module name of @text: characters other than [A-Za-z0-9_] become '_', a leading
 * digit gets a '_', at most MKP_MODULE_NAME_MAX characters. malloc'ed.
 */
struct mkp_error *mkp_module_name(const char *text, char **ret_name) MKP_MUST_CHECK;

/**
 * Writes one file each to @stream. Strings of the inputs are escaped. Errors: writing
 * failed; MKP_ERROR_USAGE if the name, an object, a new symbol, a namespace or the
 * release has characters that it can not have, or there is nothing to replace.
 */
struct mkp_error *mkp_module_write_source(const struct mkp_module *module,
					  FILE *stream) MKP_MUST_CHECK;
struct mkp_error *mkp_module_write_makefile(const struct mkp_module *module,
					    FILE *stream) MKP_MUST_CHECK;
struct mkp_error *mkp_module_write_kbuild(const struct mkp_module *module,
					  FILE *stream) MKP_MUST_CHECK;

/** Name of the file of a payload: payload.o_shipped, or payload-1.o_shipped and so on if
 * there are several; malloc'ed. */
struct mkp_error *mkp_module_payload_name(const struct mkp_module *module, size_t index,
					  char **ret_name) MKP_MUST_CHECK;

/** Writes core_abi.h, which the source of the kmod-core flavour includes. */
struct mkp_error *mkp_module_write_abi(FILE *stream) MKP_MUST_CHECK;

/** Writes mkpatch/livepatch.h, which a patched kernel source may include. */
struct mkp_error *mkp_author_header_write(FILE *stream) MKP_MUST_CHECK;

#endif
