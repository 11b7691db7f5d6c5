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
	const char *object;    /* NULL: vmlinux */
	const char *release;   /* NULL: not known */
	bool standalone;
	const struct mkp_author *author;  /* what the source says; without findings */
	const struct mkp_object *vmlinux; /* NULL: not known, or no ELF file */
	const char *const *fixes;	  /* what it fixes, "CVE-2026-1234" */
	size_t nr_fixes;
};

/** Writes the output directory, whole or not at all, and the counts of relocations and
 * the output's name into the report, whose rows of replaced functions must be in the
 * order of the selection and come first. */
struct mkp_error *mkp_emit(const struct mkp_emit_options *options,
			   const struct mkp_selection *selection,
			   const struct mkp_bindings *bindings,
			   struct mkp_report *report) MKP_MUST_CHECK;

#endif
