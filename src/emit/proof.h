/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the code of the image says about the original object (match room), put to use: it
 * decides positions that names leave open, and what a patch relies on must be the same.
 */
#ifndef MKP_EMIT_PROOF_H
#define MKP_EMIT_PROOF_H

#include "check/check.h"
#include "match/match.h"

struct mkp_proof {
	const struct mkp_check_context *context;
	const struct mkp_match *match; /* NULL: nothing is known, nothing is said */
	uint8_t *seen;		       /* owned; [original atoms] */
};

struct mkp_error *mkp_proof_init(struct mkp_proof *proof,
				 const struct mkp_check_context *context,
				 const struct mkp_match *match) MKP_MUST_CHECK;
void mkp_proof_deinit(struct mkp_proof *proof);

/**
 * Looks at an atom of the original that the patch replaces or refers to, and that
 * @found is what names say about. Settles what they leave open, and reports what differs.
 */
struct mkp_error *mkp_proof_apply(struct mkp_proof *proof, uint32_t orig_atom,
				  const struct mkp_image_query *query,
				  const struct mkp_need *need,
				  struct mkp_image_match *found) MKP_MUST_CHECK;

/** Reports what differs besides: an error if it is inlined in what is replaced. */
struct mkp_error *mkp_proof_report_rest(const struct mkp_proof *proof) MKP_MUST_CHECK;

#endif
