/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * manifest.json of an emitted directory: what the patch replaces, what it binds to and
 * what it carries, for tools that come after. Schema mkpatch.manifest/1. `inputs` has the
 * objects that were compared; `original` and `patched` are those of the first.
 */
#ifndef MKP_EMIT_MANIFEST_H
#define MKP_EMIT_MANIFEST_H

#include <stdio.h>

#include "emit/emit.h"
#include "emit/module.h"

#define MKP_MANIFEST_NAME "manifest.json"

/** What the manifest is made of; all borrowed. */
struct mkp_manifest {
	const struct mkp_module *module;
	const struct mkp_emit_part *parts;
	size_t nr_parts;
};

struct mkp_error *mkp_manifest_write(const struct mkp_manifest *manifest,
				     FILE *stream) MKP_MUST_CHECK;

#endif
