/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the objects of one patch refer to in each other.
 */
#ifndef MKP_EMIT_LINK_H
#define MKP_EMIT_LINK_H

#include "emit/patch.h"

/**
 * Fills the links of all, and lets each carry what the others need of it. Names that two
 * of them add to the same module or to vmlinux are findings.
 */
struct mkp_error *mkp_link_patches(struct mkp_patch *const *patches,
				   size_t nr_patches) MKP_MUST_CHECK;

#endif
