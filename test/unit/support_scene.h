/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small x86-64 objects from a list of what is in them, and pairs of such objects on their
 * way through the diff room.
 */
#ifndef MKP_TEST_SCENE_H
#define MKP_TEST_SCENE_H

#include "diff/select.h"

#define SCENE_RELOCS 6

struct scene_reloc {
	uint64_t place; /* in the thing */
	uint32_t type;	/* R_X86_64_... */
	const char
		*to; /* symbol, or section for its section symbol; NULL ends the list */
	int64_t addend;
};

/** Something in a section: it comes right behind what came before in the same section. */
struct scene_thing {
	const char *section; /* NULL: an undefined symbol */
	const char *name;    /* NULL: no symbol */
	uint8_t bind, type;  /* STB_LOCAL is 0 */
	const void *bytes;   /* NULL: zeros */
	uint64_t size;
	struct scene_reloc relocs[SCENE_RELOCS];
};

struct scene {
	struct mkp_object *object;
	struct mkp_graph *graph;
};

/** Builds object and graph from @count things; sections are named and flagged as in C. */
void scene_init(struct scene *scene, const struct scene_thing *things, size_t count);
void scene_deinit(struct scene *scene);

/** The atom whose primary symbol has this name; fails if there is none. */
uint32_t scene_atom(const struct scene *scene, const char *name);

/** Two scenes compared. */
struct scene_pair {
	struct scene orig, patched;
	struct mkp_diff *diff;
	struct mkp_selection *selection;
};

void scene_pair_init(struct scene_pair *pair, const struct scene_thing *orig,
		     size_t nr_orig, const struct scene_thing *patched,
		     size_t nr_patched);
void scene_pair_deinit(struct scene_pair *pair);

#define SCENE_PAIR(pair, orig, patched)                                                  \
	scene_pair_init(pair, orig, MKP_ARRAY_SIZE(orig), patched,                       \
			MKP_ARRAY_SIZE(patched))

/** State of a patched atom, and the name of its twin, "" if it has none. */
enum mkp_state scene_state(const struct scene_pair *pair, const char *name);
const char *scene_twin(const struct scene_pair *pair, const char *name);
bool scene_included(const struct scene_pair *pair, const char *name);

#endif
