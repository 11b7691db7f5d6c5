/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Content of code and data of a module, without addresses: see facts.h for what it is.
 */
#ifndef MKP_VERIFY_CONTENT_H
#define MKP_VERIFY_CONTENT_H

#include "verify/facts.h"
#include "verify/private.h"

struct mkp_contents; /* opaque; what is looked up again and again */

struct mkp_error *mkp_contents_create(const struct mkp_verify *verify,
				      struct mkp_contents **ret_contents) MKP_MUST_CHECK;
void mkp_contents_destroy(struct mkp_contents *contents);

/**
 * The content of what begins at @place. @visit (may be NULL) is called with each function
 * and each variable in it but the first.
 */
struct mkp_error *mkp_contents_of(struct mkp_contents *contents,
				  const struct mkp_verify_place *place,
				  struct mkp_error *(*visit)(void *data, uint32_t symbol),
				  void *data,
				  struct mkp_content *ret_content) MKP_MUST_CHECK;

#endif
