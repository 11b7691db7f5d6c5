/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Content of code and data of a module, without addresses: see facts.h for what it is.
 */
#ifndef MKP_VERIFY_CONTENT_H
#define MKP_VERIFY_CONTENT_H

#include "verify/facts.h"
#include "verify/private.h"

struct mkp_contents; /* opaque */

/** Reads the contents of all functions that are replaced, all callbacks, and all that
 * they lead to. */
struct mkp_error *mkp_contents_create(const struct mkp_verify *verify,
				      struct mkp_contents **ret_contents) MKP_MUST_CHECK;
void mkp_contents_destroy(struct mkp_contents *contents);

/** Of a function that is replaced, or a callback, that begins at @place. */
struct mkp_content mkp_contents_of(const struct mkp_contents *contents,
				   const struct mkp_verify_place *place);

/** Calls @visit with each function and each variable that others lead to. */
typedef struct mkp_error *mkp_contents_visit_fn(void *data, uint32_t symbol,
						struct mkp_content content);
struct mkp_error *mkp_contents_visit(const struct mkp_contents *contents,
				     mkp_contents_visit_fn *visit,
				     void *data) MKP_MUST_CHECK;

#endif
