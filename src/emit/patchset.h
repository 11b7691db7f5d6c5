/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From pairs of objects to the source of one module: the steps of patch.h for all of
 * them, with what they refer to in each other, then emit. The order of the objects is
 * that of everything written.
 *
 * A changed function of one object may call a function, or use a variable, that another
 * object of the patch adds: the reference is linked inside of the module, and the other
 * object carries it. A reference to what the kernel has, replaced or not, leads to the
 * kernel's own, as ever, so that all tasks see old or new code together.
 *
 * What is refused in one object refuses all. An object without a change, of which the
 * others need nothing, takes no part any more.
 */
#ifndef MKP_EMIT_PATCHSET_H
#define MKP_EMIT_PATCHSET_H

#include "emit/patch.h"

/** Called when a patch is through; an error ends the run. */
struct mkp_patchset_steps {
	struct mkp_error *(*step)(void *data, size_t done, size_t total);
	void *data;
};

/**
 * Selects and checks all. Of several, those of which nothing at all differs are
 * closed on the way: only their report is left. @steps may be NULL.
 */
struct mkp_error *mkp_patchset_compare(
	struct mkp_patch *const *patches, size_t nr_patches,
	const struct mkp_patchset_steps *steps) MKP_MUST_CHECK;

/** mkp_patch_bind() for those that have something to do; a target for each patch. */
struct mkp_error *mkp_patchset_bind(
	struct mkp_patch *const *patches, const struct mkp_target *targets,
	size_t nr_patches, const struct mkp_patchset_steps *steps) MKP_MUST_CHECK;

/** Whether this one has something to bind and to emit. */
bool mkp_patchset_takes_part(const struct mkp_patch *patch);

/**
 * Writes one module for all; nothing may be refused. Name, directory, release and flavour
 * are those of the first patch's options.
 */
struct mkp_error *mkp_patchset_emit(struct mkp_patch *const *patches,
				    const struct mkp_target *targets,
				    size_t nr_patches) MKP_MUST_CHECK;

/** MKP_STATUS_REFUSED if any is; else MKP_STATUS_UNCHANGED if all are; else
 * MKP_STATUS_PATCH: there is something to bind and to emit. */
enum mkp_report_status mkp_patchset_status(struct mkp_patch *const *patches,
					   size_t nr_patches);

#endif
