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

/** A piece of a payload and where the module has it. */
struct mkp_verify_piece {
	struct mkp_verify_payload *payload;
	struct mkp_verify_place from, to;
	uint64_t size;
	uint32_t skip;	  /* bit n: a relocation at offset n is proved already */
	const char *name; /* for people */
};

/** The whole comparison. */
struct mkp_verify_match {
	struct mkp_verify *verify;
	struct mkp_verify_payload *payloads;
	size_t nr_payloads;
	struct mkp_verify_piece *queue; /* pieces to compare; those before `done` are */
	size_t nr_queue, cap_queue, done;
};

struct mkp_error *mkp_verify_enqueue(struct mkp_verify_match *match,
				     const struct mkp_verify_piece *piece) MKP_MUST_CHECK;

/** Puts the entries of tables that speak of code that was paired into the queue. */
struct mkp_error *mkp_verify_pair_tables(struct mkp_verify_match *match,
					 struct mkp_verify_payload *payload)
	MKP_MUST_CHECK;

/** "foo.constprop.0" and "foo.constprop.12" are the same but for a number. */
bool mkp_verify_same_name(const char *a, const char *b);

/**
 * Whether a symbol of an image is the one that @symbol of the payload stands for, as far
 * as binding, kind, source file, code and the symbols beside it tell. *@ret_why is NULL,
 * or why not.
 */
struct mkp_error *mkp_verify_is_meant(const struct mkp_verify_payload *payload,
				      const struct mkp_symbol *symbol,
				      const struct mkp_verify_image *image,
				      uint32_t image_symbol,
				      const char **ret_why) MKP_MUST_CHECK;

#endif
