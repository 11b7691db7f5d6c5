/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MUTATION_MUTANT_H
#define MUTATION_MUTANT_H

#include "object.h"

#define MAX_EDITS 2
#define MAX_EDIT  32

struct edit {
	size_t at; /* in the file */
	size_t size;
	uint8_t bytes[MAX_EDIT];
};

/* One change to an object, and what a report on it has to name. */
struct mutant {
	struct edit edits[MAX_EDITS];
	unsigned int nr_edits;
	/* A function or variable; 0: who[1] and from, to count alone. */
	uint32_t who[2];
	/* The place that changed, for messages. */
	uint32_t section;
	uint64_t offset;
	/* What refers to these bytes, as good an answer as who[0]; nothing if 0. */
	uint32_t data;
	uint64_t from, to;
};

struct mutants {
	struct mutant *list;
	size_t count, capacity;
};

/* A kind of change. */
struct kind {
	const char *name;
	/* Appends each change of the kind that can be made in the object. */
	void (*collect)(const struct object *object, struct mutants *mutants);
	/* That the processor can not tell from what was there: to be found unchanged. */
	bool neutral;
};

extern const struct kind kinds[];
extern const size_t nr_kinds;

struct mutant *add_mutant(struct mutants *mutants, uint32_t who, uint32_t section,
			  uint64_t offset);
struct edit *add_edit(struct mutant *mutant, size_t at, const void *bytes, size_t size);
/* One byte of a section. */
void edit_byte(const struct object *object, struct mutant *mutant, uint32_t section,
	       uint64_t offset, uint8_t value);
/* A relocation gets the meaning of another symbol and addend. */
void edit_reloc(struct mutant *mutant, const struct reloc *reloc, uint32_t symbol,
		uint32_t type, int64_t addend);

/* kinds_code.c */
void collect_calls(const struct object *object, struct mutants *mutants);
void collect_plt(const struct object *object, struct mutants *mutants);
void collect_clones(const struct object *object, struct mutants *mutants);
void collect_cold(const struct object *object, struct mutants *mutants);
void collect_immediates(const struct object *object, struct mutants *mutants);
void collect_conditions(const struct object *object, struct mutants *mutants);
void collect_jumps(const struct object *object, struct mutants *mutants);
void collect_registers(const struct object *object, struct mutants *mutants);
void collect_offsets(const struct object *object, struct mutants *mutants);
void collect_percpu(const struct object *object, struct mutants *mutants);
void collect_pcrel(const struct object *object, struct mutants *mutants);
void collect_symbols(const struct object *object, struct mutants *mutants);
void collect_exchanged(const struct object *object, struct mutants *mutants);
void collect_bindings(const struct object *object, struct mutants *mutants);

/* kinds_inlined.c */
void collect_inlined_cold(const struct object *object, struct mutants *mutants);

/* kinds_data.c */
void collect_addends_swapped(const struct object *object, struct mutants *mutants);
void collect_strings_swapped(const struct object *object, struct mutants *mutants);
void collect_strings_shifted(const struct object *object, struct mutants *mutants);
void collect_string_bytes(const struct object *object, struct mutants *mutants);
void collect_initial_values(const struct object *object, struct mutants *mutants);
void collect_constants(const struct object *object, struct mutants *mutants);
void collect_pointers(const struct object *object, struct mutants *mutants);
void collect_labels(const struct object *object, struct mutants *mutants);

/* kinds_table.c */
void collect_bug_flags(const struct object *object, struct mutants *mutants);
void collect_bug_lines(const struct object *object, struct mutants *mutants);
void collect_fixups(const struct object *object, struct mutants *mutants);
void collect_fixup_types(const struct object *object, struct mutants *mutants);
void collect_static_keys(const struct object *object, struct mutants *mutants);
void collect_static_branches(const struct object *object, struct mutants *mutants);
void collect_static_targets(const struct object *object, struct mutants *mutants);
void collect_static_calls(const struct object *object, struct mutants *mutants);
void collect_features(const struct object *object, struct mutants *mutants);
void collect_replacements(const struct object *object, struct mutants *mutants);
void collect_paravirt(const struct object *object, struct mutants *mutants);
void collect_locks(const struct object *object, struct mutants *mutants);

#endif
