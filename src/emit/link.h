/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the objects of one patch refer to in each other.
 */
#ifndef MKP_EMIT_LINK_H
#define MKP_EMIT_LINK_H

#include "emit/patch.h"

struct mkp_linker; /* opaque */

struct mkp_error *mkp_linker_create(struct mkp_patch *const *patches, size_t nr_patches,
				    struct mkp_linker **ret_linker) MKP_MUST_CHECK;
void mkp_linker_destroy(struct mkp_linker *linker);

/** Takes the names that a patch defines, once it is selected; in the order of the
 * patches. Copies them: what is the same in both objects of a patch may be closed
 * afterwards. */
struct mkp_error *mkp_linker_add(struct mkp_linker *linker, size_t index) MKP_MUST_CHECK;

/**
 * Fills the links of all that are still open, and lets each carry what the others need of
 * it. Names that two of them add to the same module or to vmlinux are findings.
 */
struct mkp_error *mkp_linker_run(struct mkp_linker *linker) MKP_MUST_CHECK;

#endif
