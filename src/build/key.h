/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys: what a stage's result depends on, as one short text. A result is taken again only
 * if its key is the same.
 */
#ifndef MKP_BUILD_KEY_H
#define MKP_BUILD_KEY_H

#include <stddef.h>

#include "base/error.h"

struct mkp_key; /* opaque */

#define MKP_KEY_TEXT 33 /* 32 hexadecimal digits and a NUL byte */

struct mkp_error *mkp_key_create(struct mkp_key **ret_key) MKP_MUST_CHECK;
void mkp_key_destroy(struct mkp_key *key);

void mkp_key_add_bytes(struct mkp_key *key, const void *bytes, size_t size);
/** Text and its end, so that "a", "bc" is not "ab", "c". NULL is not "". */
void mkp_key_add_text(struct mkp_key *key, const char *text);
/** The content of a file. */
struct mkp_error *mkp_key_add_file(struct mkp_key *key, const char *path) MKP_MUST_CHECK;

void mkp_key_finish(const struct mkp_key *key, char ret_text[MKP_KEY_TEXT]);

#endif
