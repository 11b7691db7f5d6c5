// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changes of strings, constants and variables.
 *
 * What is left out, by rule: bytes that no symbol covers and nothing in code refers to
 * (padding); bytes that a relocation overwrites; a string in place of one with the same
 * text.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "mutant.h"

/* The text that code refers to by a relocation; NULL: something else. */
static const char *text_of(const struct object *object, const struct reloc *reloc)
{
	struct place to = reloc_target(object, reloc);

	if ((reloc->type != R_X86_64_32S && reloc->type != R_X86_64_64) || !to.section ||
	    !is_code(object, reloc->section) || !is_string_section(object, to.section) ||
	    to.offset >= object->sections[to.section].sh_size ||
	    !function_around(object, reloc->section, reloc->offset))
		return NULL;
	return (const char *)object->bytes + object->sections[to.section].sh_offset +
	       to.offset;
}

static struct mutant *mutate_user(const struct object *object, struct mutants *mutants,
				  const struct reloc *reloc)
{
	return add_mutant(mutants, function_around(object, reloc->section, reloc->offset),
			  reloc->section, reloc->offset);
}

/* Whether two references to one read-only section lead to different things there. */
static bool read_apart(const struct object *object, const struct reloc *a,
		       const struct reloc *b)
{
	struct place x = reloc_target(object, a), y = reloc_target(object, b);
	const Elf64_Shdr *section = &object->sections[x.section];
	const uint8_t *bytes = object->bytes + section->sh_offset;

	if (x.section != y.section || x.offset == y.offset ||
	    x.offset >= section->sh_size || y.offset >= section->sh_size)
		return false;
	if (is_string_section(object, x.section))
		return strcmp((const char *)bytes + x.offset,
			      (const char *)bytes + y.offset);
	return bytes[x.offset] != bytes[y.offset];
}

static bool is_rodata_field(const struct object *object, const struct reloc *reloc)
{
	struct place to = reloc_target(object, reloc);

	return to.section && section_is(object, to.section, ".rodata") &&
	       is_code(object, reloc->section) &&
	       function_around(object, reloc->section, reloc->offset);
}

/* Two references of one function to one section of constants trade their addends, and
 * nothing else. */
void collect_addends_swapped(const struct object *object, struct mutants *mutants)
{
	const struct reloc *last = NULL;

	for (size_t i = 0; i < object->nr_relocs; i++) {
		const struct reloc *reloc = &object->relocs[i];
		struct mutant *mutant;

		if (!is_rodata_field(object, reloc))
			continue;
		if (last && last->section == reloc->section &&
		    last->type == reloc->type && last->symbol == reloc->symbol &&
		    read_apart(object, last, reloc) &&
		    function_around(object, last->section, last->offset) ==
			    function_around(object, reloc->section, reloc->offset)) {
			mutant = mutate_user(object, mutants, reloc);
			edit_reloc(mutant, reloc, reloc->symbol, reloc->type,
				   last->addend);
			edit_reloc(mutant, last, last->symbol, last->type, reloc->addend);
		}
		last = reloc;
	}
}

/* Two strings of one function are put for each other. */
void collect_strings_swapped(const struct object *object, struct mutants *mutants)
{
	const struct reloc *last = NULL;

	for (size_t i = 0; i < object->nr_relocs; i++) {
		const struct reloc *reloc = &object->relocs[i];
		const char *text = text_of(object, reloc);
		struct mutant *mutant;

		if (!text)
			continue;
		if (last && last->section == reloc->section &&
		    last->type == reloc->type && strcmp(text, text_of(object, last)) &&
		    function_around(object, last->section, last->offset) ==
			    function_around(object, reloc->section, reloc->offset)) {
			mutant = mutate_user(object, mutants, reloc);
			edit_reloc(mutant, reloc, last->symbol, last->type, last->addend);
			edit_reloc(mutant, last, reloc->symbol, reloc->type,
				   reloc->addend);
		}
		last = reloc;
	}
}

void collect_strings_shifted(const struct object *object, struct mutants *mutants)
{
	for (size_t i = 0; i < object->nr_relocs; i++) {
		const struct reloc *reloc = &object->relocs[i];
		const char *text = text_of(object, reloc);

		if (text && *text)
			edit_reloc(mutate_user(object, mutants, reloc), reloc,
				   reloc->symbol, reloc->type, reloc->addend + 1);
	}
}

void collect_string_bytes(const struct object *object, struct mutants *mutants)
{
	for (size_t i = 0; i < object->nr_relocs; i++) {
		const struct reloc *reloc = &object->relocs[i];
		const char *text = text_of(object, reloc);
		struct place to = reloc_target(object, reloc);
		size_t at;

		if (!text || !*text)
			continue;
		at = random_number(i) % strlen(text);
		edit_byte(object, mutate_user(object, mutants, reloc), to.section,
			  to.offset + at, (uint8_t)(text[at] == 'x' ? 'y' : 'x'));
	}
}

static bool holds_variables(const struct object *object, uint32_t section)
{
	return object->sections[section].sh_type == SHT_PROGBITS &&
	       (section_is(object, section, ".data") ||
		section_is(object, section, ".rodata") ||
		section_is(object, section, ".init.data"));
}

static bool is_variable(const struct object *object, uint32_t symbol)
{
	const Elf64_Sym *it = &object->symbols[symbol];

	return ELF64_ST_TYPE(it->st_info) == STT_OBJECT &&
	       holds_variables(object, it->st_shndx);
}

static void set_data(const struct object *object, struct mutant *mutant, uint32_t symbol)
{
	const Elf64_Sym *it = &object->symbols[symbol];

	mutant->data = it->st_shndx;
	mutant->from = it->st_value;
	mutant->to = it->st_value + it->st_size;
}

/* One bit of a variable or of a constant with a name. */
void collect_initial_values(const struct object *object, struct mutants *mutants)
{
	for (uint32_t i = 0; i < object->nr_sized; i++) {
		uint32_t symbol = object->sized[i];
		const Elf64_Sym *it = &object->symbols[symbol];
		struct mutant *mutant;
		uint64_t at;

		if (!is_variable(object, symbol))
			continue;
		at = it->st_value + random_number(i) % it->st_size;
		if (is_relocated(object, it->st_shndx, at, 1))
			continue;
		mutant = add_mutant(mutants, symbol, it->st_shndx, at);
		set_data(object, mutant, symbol);
		edit_byte(object, mutant, it->st_shndx, at,
			  object->bytes[object->sections[it->st_shndx].sh_offset + at] ^
				  1);
	}
}

/* A constant without a name, by way of the code that refers to it. */
void collect_constants(const struct object *object, struct mutants *mutants)
{
	for (size_t i = 0; i < object->nr_relocs; i++) {
		const struct reloc *reloc = &object->relocs[i];
		struct place to = reloc_target(object, reloc);
		const Elf64_Shdr *section = &object->sections[to.section];

		if (!to.section || !is_code(object, reloc->section) ||
		    !function_around(object, reloc->section, reloc->offset) ||
		    !section_is(object, to.section, ".rodata") ||
		    is_string_section(object, to.section) ||
		    to.offset >= section->sh_size ||
		    symbol_around(object, to.section, to.offset) ||
		    is_relocated(object, to.section, to.offset, 1))
			continue;
		edit_byte(object, mutate_user(object, mutants, reloc), to.section,
			  to.offset, object->bytes[section->sh_offset + to.offset] ^ 1);
	}
}

/* An absolute address in a variable, of a function's first instruction or of something in
 * one. */
static bool is_pointer(const struct object *object, const struct reloc *reloc, bool label)
{
	struct place to = reloc_target(object, reloc);
	uint32_t symbol = symbol_around(object, reloc->section, reloc->offset);
	uint32_t function;

	if (reloc->type != R_X86_64_64 || !to.section || !is_code(object, to.section) ||
	    !is_variable(object, symbol))
		return false;
	function = function_around(object, to.section, to.offset);
	return function && (object->symbols[function].st_value != to.offset) == label;
}

static void collect_pointers_of(const struct object *object, struct mutants *mutants,
				bool label)
{
	const struct reloc *last = NULL;

	for (size_t i = 0; i < object->nr_relocs; i++) {
		const struct reloc *reloc = &object->relocs[i];
		uint32_t symbol;
		struct mutant *mutant;
		struct place a, b;

		if (!is_pointer(object, reloc, label))
			continue;
		a = reloc_target(object, reloc);
		b = last ? reloc_target(object, last) : a;
		if (a.section != b.section || a.offset != b.offset) {
			symbol = symbol_around(object, reloc->section, reloc->offset);
			mutant = add_mutant(mutants, symbol, reloc->section,
					    reloc->offset);
			set_data(object, mutant, symbol);
			edit_reloc(mutant, reloc, last->symbol, last->type, last->addend);
		}
		last = reloc;
	}
}

void collect_pointers(const struct object *object, struct mutants *mutants)
{
	collect_pointers_of(object, mutants, false);
}

void collect_labels(const struct object *object, struct mutants *mutants)
{
	collect_pointers_of(object, mutants, true);
}
