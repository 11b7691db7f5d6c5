/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a patch module says of itself in .modinfo, for `mkpatch info` and for
 * whoever finds it on a machine: the kernel that it was made for, what it was
 * made from, what it fixes, what its author decided, whether it can go again.
 */
#ifndef MKP_EMIT_METADATA_H
#define MKP_EMIT_METADATA_H

#include "base/arena.h"
#include "elf/object.h"
#include "emit/emit.h"
#include "emit/module.h"
#include "report/report.h"

/** All borrowed. */
struct mkp_metadata {
	const struct mkp_module *module;
	const struct mkp_emit_part *parts; /* their reports have the overrides */
	size_t nr_parts;
	const struct mkp_object *vmlinux; /* NULL: not known, or no ELF file */
	const char *const *fixes;	  /* "CVE-2026-1234" */
	size_t nr_fixes;
	const char *const *sources; /* source patches, "NAME xxh128:HASH" */
	size_t nr_sources;
};

/** How many lines there are at most. */
size_t mkp_metadata_count(const struct mkp_metadata *metadata);

/** Writes them to @lines, values into @arena; *@ret_count of them. */
struct mkp_error *mkp_metadata_fill(const struct mkp_metadata *metadata,
				    struct mkp_arena *arena,
				    struct mkp_module_info *lines,
				    size_t *ret_count) MKP_MUST_CHECK;

#endif
