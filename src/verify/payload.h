/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The patched objects beside the module that was made of them.
 */
#ifndef MKP_VERIFY_PAYLOAD_H
#define MKP_VERIFY_PAYLOAD_H

#include "verify/private.h"

/** What no symbol covers, up to the next such place. */
struct mkp_verify_chunk {
	struct mkp_verify_place from;
	struct mkp_verify_place to; /* in the module; section 0: not known yet */
};

struct mkp_verify_payload {
	struct mkp_object *object;
	struct mkp_verify_map code, data;
	/* [symbols] where each is in the module; section 0: not known yet. */
	struct mkp_verify_place *places;
	struct mkp_verify_chunk *chunks; /* sorted by place */
	size_t nr_chunks, cap_chunks;
	struct mkp_verify_place *sites; /* sorted: see mkp_verify_sites_create() */
	size_t nr_sites, cap_sites;
};

/** A piece of a payload and where the module has it. */
struct mkp_verify_piece {
	struct mkp_verify_payload *payload;
	struct mkp_verify_place from, to;
	uint64_t size;
	uint32_t skip;	  /* bit n: a relocation at offset n is proved already */
	uint32_t nothing; /* bit n: one at offset n is of nothing, and may be missing */
	const char *name; /* for people */
};

/** What one of the payloads defines: a function, or anything global. */
struct mkp_verify_definition {
	struct mkp_verify_payload *payload;
	uint32_t symbol;
};

/** A table of the module, sorted by the code that its entries speak of. */
struct mkp_verify_table {
	struct mkp_verify_entry *entries; /* owned; NULL: not read yet, or empty */
	size_t nr_entries;
	bool known;
};

/** The whole comparison. */
struct mkp_verify_match {
	struct mkp_verify *verify;
	struct mkp_verify_payload *payloads;
	size_t nr_payloads;
	struct mkp_verify_definition *definitions; /* of all of them, by name */
	size_t nr_definitions, cap_definitions;
	/* Those of section S with the Nth size of its row: S * MKP_SPECIAL_MAX_SIZES + N.
	 */
	struct mkp_verify_table *tables;
	struct mkp_index sections;	/* hash of a name -> section of the module */
	struct mkp_verify_piece *queue; /* pieces to compare; those before `done` are */
	size_t nr_queue, cap_queue, done;
	/* Hash of a name and of the place of its new code -> number in
	 * verify->functions. */
	struct mkp_index functions;
};

struct mkp_error *mkp_verify_enqueue(struct mkp_verify_match *match,
				     const struct mkp_verify_piece *piece) MKP_MUST_CHECK;

/** Sorts what the payloads define, once all of them are read. */
struct mkp_error *mkp_verify_definitions_create(struct mkp_verify_match *match)
	MKP_MUST_CHECK;

/** How many functions the payloads call so; *@ret_first: one of them, if there are. */
size_t mkp_verify_find_functions(const struct mkp_verify_match *match, const char *name,
				 const struct mkp_verify_definition **ret_first);

/** What a payload defines for all by this name, or NULL. */
const struct mkp_verify_definition *mkp_verify_find_global(
	const struct mkp_verify_match *match, const char *name);

/** What mkp_verify_pair_tables() needs of the module, read once for all payloads. */
struct mkp_error *mkp_verify_tables_create(struct mkp_verify_match *match) MKP_MUST_CHECK;
void mkp_verify_tables_destroy(struct mkp_verify_match *match);

/** Puts the entries of tables that speak of code that was paired into the queue. */
struct mkp_error *mkp_verify_pair_tables(struct mkp_verify_match *match,
					 struct mkp_verify_payload *payload)
	MKP_MUST_CHECK;

/**
 * Finds where what has no symbol begins: each section, and in code each place that a
 * relocation leads to. The code of alternatives stands piece by piece behind each other,
 * and a module has only those that it needs.
 */
struct mkp_error *mkp_verify_chunks_create(
	const struct mkp_arch *arch, struct mkp_verify_payload *payload) MKP_MUST_CHECK;

/** The chunk that a place lies in, and where it ends; NULL: the place is in none. */
struct mkp_verify_chunk *mkp_verify_chunk_at(const struct mkp_verify_payload *payload,
					     const struct mkp_verify_place *place,
					     uint64_t *ret_end);

/**
 * Finds the jumps of static branches that objtool makes NOPs of, since v5.19 where bit 1
 * of the key says so (tools/objtool/check.c, handle_jump_alt()). An object that objtool
 * has not seen has the jump, the module the NOP.
 */
struct mkp_error *mkp_verify_sites_create(
	const struct mkp_arch *arch, struct mkp_verify_payload *payload) MKP_MUST_CHECK;
bool mkp_verify_is_site(const struct mkp_verify_payload *payload,
			const struct mkp_verify_place *place);

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
