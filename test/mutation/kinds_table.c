// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changes of tables that describe code, with the entries of Linux 6.1 on x86-64. What
 * they say is part of what the function at hand does, so that function must be named.
 *
 * What is left out, by rule: entries whose code no function covers; a key in place of
 * itself.
 */
#include <stdlib.h>
#include <string.h>

#include "mutant.h"

struct table {
	const struct object *object;
	struct mutants *mutants;
	uint32_t section;
	uint64_t entry; /* offset of the entry at hand */
	uint32_t who;	/* the function that it describes */
};

typedef void entry_visitor(const struct table *table);

/* Calls @visit for each entry of the tables of a name, of @size bytes, code at the start.
 */
static void visit_table(const struct object *object, struct mutants *mutants,
			const char *name, uint64_t size, entry_visitor *visit)
{
	struct table table = { .object = object, .mutants = mutants };

	for (table.section = 1; table.section < object->nr_sections; table.section++) {
		const Elf64_Shdr *section = &object->sections[table.section];

		if (section->sh_type != SHT_PROGBITS ||
		    strcmp(section_name(object, table.section), name) != 0)
			continue;
		for (table.entry = 0; table.entry + size <= section->sh_size;
		     table.entry += size) {
			const struct reloc *code = reloc_at(object, table.section,
							    table.entry);
			struct place at = { 0 };

			if (code)
				at = reloc_target(object, code);
			/* Counted from the field, not from the end of an instruction. */
			if (at.section && is_pc_relative(code))
				at.offset -= 4;
			table.who = at.section ? function_around(object, at.section,
								 at.offset)
					       : 0;
			if (table.who)
				visit(&table);
		}
	}
}

/* Bits of a byte of the entry change. */
static void flip(const struct table *table, uint64_t field, uint8_t bits)
{
	const Elf64_Shdr *section = &table->object->sections[table->section];
	uint64_t at = table->entry + field;

	if (is_relocated(table->object, table->section, at, 1))
		return;
	edit_byte(
		table->object, add_mutant(table->mutants, table->who, table->section, at),
		table->section, at, table->object->bytes[section->sh_offset + at] ^ bits);
}

/* What a field points to moves. */
static void move(const struct table *table, uint64_t field, int64_t by)
{
	const struct reloc *reloc = reloc_at(table->object, table->section,
					     table->entry + field);

	if (reloc)
		edit_reloc(add_mutant(table->mutants, table->who, table->section,
				      reloc->offset),
			   reloc, reloc->symbol, reloc->type, reloc->addend + by);
}

/* A field points to what that field of another entry does. */
static void take_other(const struct table *table, uint64_t field, uint64_t size)
{
	const struct object *object = table->object;
	const struct reloc *mine = reloc_at(object, table->section, table->entry + field);
	uint64_t count = object->sections[table->section].sh_size / size;

	for (uint64_t i = 0; mine && i < count; i++) {
		uint64_t other = (table->entry / size + i) % count * size;
		const struct reloc *its = reloc_at(object, table->section, other + field);

		if (!its || its->symbol == mine->symbol)
			continue;
		edit_reloc(add_mutant(table->mutants, table->who, table->section,
				      mine->offset),
			   mine, its->symbol, its->type, its->addend);
		return;
	}
}

/* struct bug_entry: address, file, line (2 bytes), flags (2 bytes). */
static void change_bug_flags(const struct table *table)
{
	flip(table, 10, 1);
	flip(table, 11, 1);
}

void collect_bug_flags(const struct object *object, struct mutants *mutants)
{
	visit_table(object, mutants, "__bug_table", 12, change_bug_flags);
}

static void change_bug_line(const struct table *table)
{
	flip(table, 8, 1);
	flip(table, 9, 1);
}

void collect_bug_lines(const struct object *object, struct mutants *mutants)
{
	visit_table(object, mutants, "__bug_table", 12, change_bug_line);
}

/* struct exception_table_entry: instruction, fixup, kind and register. */
static void change_fixup(const struct table *table)
{
	move(table, 4, 1);
}

void collect_fixups(const struct object *object, struct mutants *mutants)
{
	visit_table(object, mutants, "__ex_table", 12, change_fixup);
}

static void change_fixup_type(const struct table *table)
{
	flip(table, 8, 1);
}

void collect_fixup_types(const struct object *object, struct mutants *mutants)
{
	visit_table(object, mutants, "__ex_table", 12, change_fixup_type);
}

/* struct jump_entry: code, target, key with the branch's direction in its lowest bit. */
static void change_static_key(const struct table *table)
{
	take_other(table, 8, 16);
}

void collect_static_keys(const struct object *object, struct mutants *mutants)
{
	visit_table(object, mutants, "__jump_table", 16, change_static_key);
}

static void change_static_branch(const struct table *table)
{
	const struct reloc *key = reloc_at(table->object, table->section,
					   table->entry + 8);

	if (key)
		move(table, 8, key->addend & 1 ? -1 : 1);
}

void collect_static_branches(const struct object *object, struct mutants *mutants)
{
	visit_table(object, mutants, "__jump_table", 16, change_static_branch);
}

static void change_static_target(const struct table *table)
{
	move(table, 4, 2);
}

void collect_static_targets(const struct object *object, struct mutants *mutants)
{
	visit_table(object, mutants, "__jump_table", 16, change_static_target);
}

/* struct static_call_site: code, key with flags in its lowest bits. */
static void change_static_call(const struct table *table)
{
	take_other(table, 4, 8);
	move(table, 4, 1);
}

void collect_static_calls(const struct object *object, struct mutants *mutants)
{
	visit_table(object, mutants, ".static_call_sites", 8, change_static_call);
}

/* struct alt_instr: code, replacement, feature, length of both. */
static void change_feature(const struct table *table)
{
	flip(table, 8, 1);
	flip(table, 9, 0x80);
	flip(table, 11, 1);
}

void collect_features(const struct object *object, struct mutants *mutants)
{
	visit_table(object, mutants, ".altinstructions", 12, change_feature);
}

static void change_replacement(const struct table *table)
{
	const struct object *object = table->object;
	const struct reloc *reloc = reloc_at(object, table->section, table->entry + 4);
	const uint8_t *entry = object->bytes +
			       object->sections[table->section].sh_offset + table->entry;
	uint64_t length = entry[11], at;
	struct place to;

	if (!reloc || !length)
		return;
	to = reloc_target(object, reloc);
	at = to.offset - 4 + length / 2;
	if (to.section && !is_relocated(object, to.section, at, 1))
		edit_byte(object, add_mutant(table->mutants, table->who, to.section, at),
			  to.section, at,
			  object->bytes[object->sections[to.section].sh_offset + at] ^ 1);
}

void collect_replacements(const struct object *object, struct mutants *mutants)
{
	visit_table(object, mutants, ".altinstructions", 12, change_replacement);
}

/* struct paravirt_patch_site: code, type, length. */
static void change_paravirt(const struct table *table)
{
	flip(table, 8, 1);
}

void collect_paravirt(const struct object *object, struct mutants *mutants)
{
	visit_table(object, mutants, ".parainstructions", 16, change_paravirt);
}

/* Which instruction of the function has a lock prefix that may become a NOP. */
static void change_lock(const struct table *table)
{
	const struct reloc *reloc = reloc_at(table->object, table->section, table->entry);
	const Elf64_Sym *function = &table->object->symbols[table->who];
	struct place to = reloc_target(table->object, reloc);

	/* The entry still describes this function. */
	if (to.offset - 4 + 1 < function->st_value + function->st_size)
		move(table, 0, 1);
}

void collect_locks(const struct object *object, struct mutants *mutants)
{
	visit_table(object, mutants, ".smp_locks", 4, change_lock);
}
