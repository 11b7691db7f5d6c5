/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Emit: writes the directory of a module source from what was selected and bound.
 */
#ifndef MKP_EMIT_EMIT_H
#define MKP_EMIT_EMIT_H

#include "diff/author.h"
#include "emit/bind.h"

struct mkp_emit_options {
	const char *name;      /* module name, valid (mkp_module_name()) */
	const char *directory; /* output */
	const char *release;   /* NULL: not known */
	bool standalone;
	bool stacked; /* leaves earlier patches as they are: no atomic replace */
	const struct mkp_object *vmlinux; /* NULL: not known, or no ELF file */
	const char *const *fixes;	  /* what it fixes, "CVE-2026-1234" */
	size_t nr_fixes;
	const char *const *sources; /* the source patches, "NAME xxh128:HASH", in order */
	size_t nr_sources;
};

/** One object of the patch; several may be parts of one module or of vmlinux. */
struct mkp_emit_part {
	const char *object; /* the module, as the kernel spells it; NULL: vmlinux */
	const struct mkp_selection *selection;
	const struct mkp_bindings *bindings;
	const struct mkp_author *author; /* what its source says; without findings */
	/* Has the rows of its functions, of which those that are replaced come first, in
	 * the order of the selection. Gets the counts of relocations and the output. */
	struct mkp_report *report;
};

/** Writes the output directory, whole or not at all. */
struct mkp_error *mkp_emit(const struct mkp_emit_options *options,
			   const struct mkp_emit_part *parts,
			   size_t nr_parts) MKP_MUST_CHECK;

#endif
