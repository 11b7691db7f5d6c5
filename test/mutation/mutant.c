// SPDX-License-Identifier: GPL-2.0-or-later
#include "mutant.h"

#include <stdlib.h>
#include <string.h>

const struct kind kinds[] = {
	/* What other tools were seen to load without a word, and to behave wrongly. */
	{ "rodata-addends-swapped", collect_addends_swapped, false },
	{ "strings-swapped", collect_strings_swapped, false },
	{ "call-target", collect_calls, false },
	{ "call-of-clone", collect_clones, false },
	{ "cold-part", collect_cold, false },
	{ "inlined-in-cold-caller", collect_inlined_cold, false },
	/* Code */
	{ "immediate", collect_immediates, false },
	{ "condition", collect_conditions, false },
	{ "jump-distance", collect_jumps, false },
	{ "register", collect_registers, false },
	{ "member-offset", collect_offsets, false },
	{ "percpu-offset", collect_percpu, false },
	{ "pcrel-addend", collect_pcrel, false },
	{ "variable", collect_symbols, false },
	{ "functions-exchanged", collect_exchanged, false },
	/* Data */
	{ "string-shifted", collect_strings_shifted, false },
	{ "string-byte", collect_string_bytes, false },
	{ "initial-value", collect_initial_values, false },
	{ "constant", collect_constants, false },
	{ "pointer", collect_pointers, false },
	{ "label", collect_labels, false },
	/* Tables */
	{ "bug-flags", collect_bug_flags, false },
	{ "fixup-address", collect_fixups, false },
	{ "fixup-type", collect_fixup_types, false },
	{ "static-key", collect_static_keys, false },
	{ "static-branch-bit", collect_static_branches, false },
	{ "static-branch-target", collect_static_targets, false },
	{ "static-call-key", collect_static_calls, false },
	{ "alternative-feature", collect_features, false },
	{ "alternative-code", collect_replacements, false },
	{ "paravirt-type", collect_paravirt, false },
	{ "lock-prefix", collect_locks, false },
	/* Nothing that would behave differently */
	{ "unchanged-binding", collect_bindings, true },
	{ "unchanged-call-type", collect_plt, true },
	{ "unchanged-bug-line", collect_bug_lines, true },
};

const size_t nr_kinds = sizeof(kinds) / sizeof(kinds[0]);

struct mutant *add_mutant(struct mutants *mutants, uint32_t who, uint32_t section,
			  uint64_t offset)
{
	struct mutant *mutant;

	if (mutants->count == mutants->capacity) {
		mutants->capacity = mutants->capacity * 2 + 64;
		mutants->list = realloc(mutants->list,
					mutants->capacity * sizeof(*mutants->list));
		if (!mutants->list)
			die("memory");
	}
	mutant = &mutants->list[mutants->count++];
	*mutant = (struct mutant){
		.who = { who },
		.section = section,
		.offset = offset,
	};
	return mutant;
}

struct edit *add_edit(struct mutant *mutant, size_t at, const void *bytes, size_t size)
{
	struct edit *edit = &mutant->edits[mutant->nr_edits++];

	edit->at = at;
	edit->size = size;
	memcpy(edit->bytes, bytes, size);
	return edit;
}

void edit_byte(const struct object *object, struct mutant *mutant, uint32_t section,
	       uint64_t offset, uint8_t value)
{
	add_edit(mutant, object->sections[section].sh_offset + offset, &value, 1);
}

void edit_reloc(struct mutant *mutant, const struct reloc *reloc, uint32_t symbol,
		uint32_t type, int64_t addend)
{
	const Elf64_Rela raw = {
		.r_offset = reloc->offset,
		.r_info = ELF64_R_INFO((uint64_t)symbol, type),
		.r_addend = addend,
	};

	add_edit(mutant, reloc->at, &raw, sizeof(raw));
}
