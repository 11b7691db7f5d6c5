/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The patched objects beside the module that was made of them.
 */
#ifndef MKP_VERIFY_PAYLOAD_H
#define MKP_VERIFY_PAYLOAD_H

#include "verify/private.h"

struct mkp_verify_payload {
	struct mkp_object *object;
	struct mkp_verify_map code, data;
	/* [symbols] where each is in the module; section 0: not known yet. */
	struct mkp_verify_place *places;
	/* [sections] the same for what has no symbol: where the section's start is. */
	struct mkp_verify_place *chunks;
};

/** "foo.constprop.0" and "foo.constprop.12" are the same but for a number. */
bool mkp_verify_same_name(const char *a, const char *b);

/**
 * Whether a symbol of an image is the one that @symbol of the payload stands for, as far
 * as binding, kind, source file and the symbols beside it tell. NULL, or why not.
 */
const char *mkp_verify_is_meant(const struct mkp_verify_payload *payload,
				const struct mkp_symbol *symbol,
				const struct mkp_verify_image *image,
				uint32_t image_symbol);

#endif
