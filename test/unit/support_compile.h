/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects that a compiler or an assembler makes on the spot, from source that the test
 * holds, and pairs of them on their way through the diff room.
 */
#ifndef MKP_TEST_COMPILE_H
#define MKP_TEST_COMPILE_H

#include "diff/select.h"
#include "elf/lines.h"
#include "elf/types.h"

struct compiled {
	char *path; /* of the object file, owned */
	struct mkp_object *object;
	struct mkp_graph *graph;
	struct mkp_types *types;
	struct mkp_lines *lines;
};

/** @command is a compiler with its options; its input is @source, which may hold "#line 1
 * "name"" for files of other names. Fails if it does not compile. */
void compiled_init(struct compiled *compiled, const char *command, const char *source);
void compiled_deinit(struct compiled *compiled);

/** The atom whose primary symbol has this name; fails if there is none. */
uint32_t compiled_atom(const struct compiled *compiled, const char *name);

/** The entry of a function or a type that has this name; fails if there is none. */
void compiled_entry(const struct compiled *compiled, uint16_t tag, const char *name,
		    struct mkp_die *ret_die);

/** Two of them compared, as far as mkp_select(). */
struct compiled_pair {
	struct compiled orig, patched;
	struct mkp_diff *diff;
	struct mkp_selection *selection;
};

/** @ignored: a function that a rule leaves as it is, or NULL. */
void compiled_pair_init(struct compiled_pair *pair, const char *command, const char *orig,
			const char *patched, const char *ignored);
void compiled_pair_deinit(struct compiled_pair *pair);

#endif
