/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * manifest.json of an emitted directory: what the patch replaces, what it binds to and
 * what it carries, for tools that come after. Schema mkpatch.manifest/1.
 */
#ifndef MKP_EMIT_MANIFEST_H
#define MKP_EMIT_MANIFEST_H

#include <stdio.h>

#include "emit/bind.h"
#include "emit/module.h"

#define MKP_MANIFEST_NAME "manifest.json"

/** What the manifest is made of; all borrowed. */
struct mkp_manifest {
	const struct mkp_module *module;
	const struct mkp_selection *selection;
	const struct mkp_bindings *bindings;
	const struct mkp_report *report;
};

struct mkp_error *mkp_manifest_write(const struct mkp_manifest *manifest,
				     FILE *stream) MKP_MUST_CHECK;

#endif
