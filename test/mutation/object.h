/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An object file as the mutators see it: bytes, and where things are in them. Read with
 * nothing of mkpatch, so that its mistakes are not made twice. The objects are those of a
 * compiler, on a little-endian machine like ours: what is malformed is
 * test/cli/malformed's subject.
 */
#ifndef MUTATION_OBJECT_H
#define MUTATION_OBJECT_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reloc {
	size_t at;	  /* of its Elf64_Rela in the file */
	uint32_t section; /* that it is applied to */
	uint32_t symbol, type;
	uint64_t offset;
	int64_t addend;
};

struct object {
	const char *path;
	uint8_t *bytes;
	size_t size;
	Elf64_Shdr *sections;
	uint32_t nr_sections;
	const char *section_names;
	Elf64_Sym *symbols;
	uint32_t nr_symbols;
	size_t symbols_at; /* in the file */
	const char *symbol_names;
	uint32_t *sized; /* functions and variables by section and address */
	uint32_t nr_sized;
	struct reloc *relocs; /* of sections that are loaded, by section and offset */
	size_t nr_relocs;
	uint32_t *first_reloc; /* [nr_sections + 1] */
};

struct place {
	uint32_t section; /* 0: nowhere in this object */
	uint64_t offset;
};

void die(const char *what) __attribute__((noreturn));
void *allocate(size_t count, size_t size);

void object_read(struct object *object, const char *path);
void object_free(struct object *object);

const char *section_name(const struct object *object, uint32_t section);
const char *symbol_name(const struct object *object, uint32_t symbol);
bool section_is(const struct object *object, uint32_t section, const char *prefix);
bool is_code(const struct object *object, uint32_t section);
bool is_string_section(const struct object *object, uint32_t section);

/* The function or variable around a place; 0: none. */
uint32_t symbol_around(const struct object *object, uint32_t section, uint64_t offset);
/* The same if it is a function. */
uint32_t function_around(const struct object *object, uint32_t section, uint64_t offset);

bool is_pc_relative(const struct reloc *reloc);
/* Where it points to, taking the end of a pc-relative field for the end of its
 * instruction. */
struct place reloc_target(const struct object *object, const struct reloc *reloc);
/* The relocation at exactly this place, or NULL. */
const struct reloc *reloc_at(const struct object *object, uint32_t section,
			     uint64_t offset);
/* Whether a relocation changes one of @size bytes. */
bool is_relocated(const struct object *object, uint32_t section, uint64_t offset,
		  size_t size);

/* The same number for the same @seed. */
uint64_t random_number(uint64_t seed);

#endif
