// SPDX-License-Identifier: GPL-2.0-or-later
#include "object.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void die(const char *what)
{
	fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

void *allocate(size_t count, size_t size)
{
	void *memory = calloc(count + 1, size);

	if (!memory)
		die("memory");
	return memory;
}

uint64_t random_number(uint64_t seed)
{
	/* splitmix64 */
	seed = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
	seed = (seed ^ seed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	seed = (seed ^ seed >> 27) * UINT64_C(0x94d049bb133111eb);
	return seed ^ seed >> 31;
}

const char *section_name(const struct object *object, uint32_t section)
{
	return object->section_names + object->sections[section].sh_name;
}

const char *symbol_name(const struct object *object, uint32_t symbol)
{
	return object->symbol_names + object->symbols[symbol].st_name;
}

bool section_is(const struct object *object, uint32_t section, const char *prefix)
{
	return !strncmp(section_name(object, section), prefix, strlen(prefix));
}

bool is_code(const struct object *object, uint32_t section)
{
	return object->sections[section].sh_flags & SHF_EXECINSTR;
}

bool is_string_section(const struct object *object, uint32_t section)
{
	const uint64_t flags = SHF_ALLOC | SHF_MERGE | SHF_STRINGS;

	return (object->sections[section].sh_flags & flags) == flags;
}

bool is_pc_relative(const struct reloc *reloc)
{
	return reloc->type == R_X86_64_PC32 || reloc->type == R_X86_64_PLT32;
}

struct place reloc_target(const struct object *object, const struct reloc *reloc)
{
	const Elf64_Sym *symbol = &object->symbols[reloc->symbol];

	if (!symbol->st_shndx || symbol->st_shndx >= SHN_LORESERVE)
		return (struct place){ 0 };
	return (struct place){ symbol->st_shndx,
			       symbol->st_value + (uint64_t)reloc->addend +
				       (is_pc_relative(reloc) ? 4 : 0) };
}

/* The first relocation of a section from @offset on, as an index. */
static size_t first_reloc_from(const struct object *object, uint32_t section,
			       uint64_t offset)
{
	size_t low = object->first_reloc[section],
	       high = object->first_reloc[section + 1];

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (object->relocs[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct reloc *reloc_at(const struct object *object, uint32_t section,
			     uint64_t offset)
{
	size_t at = first_reloc_from(object, section, offset);

	if (at == object->first_reloc[section + 1] || object->relocs[at].offset != offset)
		return NULL;
	return &object->relocs[at];
}

bool is_relocated(const struct object *object, uint32_t section, uint64_t offset,
		  size_t size)
{
	size_t at = first_reloc_from(object, section, offset < 8 ? 0 : offset - 7);

	for (; at < object->first_reloc[section + 1]; at++) {
		const struct reloc *reloc = &object->relocs[at];
		uint64_t width = reloc->type == R_X86_64_64 ||
						 reloc->type == R_X86_64_PC64
					 ? 8
					 : 4;

		if (reloc->offset >= offset + size)
			return false;
		if (reloc->offset + width > offset)
			return true;
	}
	return false;
}

uint32_t symbol_around(const struct object *object, uint32_t section, uint64_t offset)
{
	uint32_t low = 0, high = object->nr_sized;
	const Elf64_Sym *symbol;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		symbol = &object->symbols[object->sized[middle]];
		if (symbol->st_shndx < section ||
		    (symbol->st_shndx == section && symbol->st_value <= offset))
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return 0;
	symbol = &object->symbols[object->sized[low - 1]];
	if (symbol->st_shndx != section || offset - symbol->st_value >= symbol->st_size)
		return 0;
	return object->sized[low - 1];
}

uint32_t function_around(const struct object *object, uint32_t section, uint64_t offset)
{
	uint32_t symbol = symbol_around(object, section, offset);

	return ELF64_ST_TYPE(object->symbols[symbol].st_info) == STT_FUNC ? symbol : 0;
}

static int compare_sized(const void *a, const void *b, void *context)
{
	const struct object *object = context;
	const uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	const Elf64_Sym *x = &object->symbols[i], *y = &object->symbols[k];

	if (x->st_shndx != y->st_shndx)
		return x->st_shndx < y->st_shndx ? -1 : 1;
	if (x->st_value != y->st_value)
		return x->st_value < y->st_value ? -1 : 1;
	return (i > k) - (i < k);
}

static void sort_symbols(struct object *object)
{
	object->sized = allocate(object->nr_symbols, sizeof(*object->sized));
	for (uint32_t i = 1; i < object->nr_symbols; i++) {
		const Elf64_Sym *symbol = &object->symbols[i];
		unsigned int type = ELF64_ST_TYPE(symbol->st_info);

		if ((type == STT_FUNC || type == STT_OBJECT) && symbol->st_size &&
		    symbol->st_shndx && symbol->st_shndx < SHN_LORESERVE)
			object->sized[object->nr_sized++] = i;
	}
	qsort_r(object->sized, object->nr_sized, sizeof(*object->sized), compare_sized,
		object);
}

static int compare_relocs(const void *a, const void *b)
{
	const struct reloc *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static bool is_loaded_rela(const struct object *object, const Elf64_Shdr *section)
{
	return section->sh_type == SHT_RELA &&
	       (object->sections[section->sh_info].sh_flags & SHF_ALLOC);
}

static void add_relocs(struct object *object, const Elf64_Shdr *section)
{
	for (size_t at = 0; at < section->sh_size; at += sizeof(Elf64_Rela)) {
		struct reloc *reloc = &object->relocs[object->nr_relocs++];
		Elf64_Rela raw;

		memcpy(&raw, object->bytes + section->sh_offset + at, sizeof(raw));
		reloc->at = section->sh_offset + at;
		reloc->section = section->sh_info;
		reloc->symbol = ELF64_R_SYM(raw.r_info);
		reloc->type = ELF64_R_TYPE(raw.r_info);
		reloc->offset = raw.r_offset;
		reloc->addend = raw.r_addend;
	}
}

static void read_relocs(struct object *object)
{
	size_t count = 0;

	for (uint32_t i = 1; i < object->nr_sections; i++)
		if (is_loaded_rela(object, &object->sections[i]))
			count += object->sections[i].sh_size / sizeof(Elf64_Rela);
	object->relocs = allocate(count, sizeof(*object->relocs));
	for (uint32_t i = 1; i < object->nr_sections; i++)
		if (is_loaded_rela(object, &object->sections[i]))
			add_relocs(object, &object->sections[i]);
	qsort(object->relocs, count, sizeof(*object->relocs), compare_relocs);
	object->first_reloc = allocate(object->nr_sections + 1,
				       sizeof(*object->first_reloc));
	for (size_t i = 0; i < count; i++)
		object->first_reloc[object->relocs[i].section + 1]++;
	for (uint32_t i = 0; i < object->nr_sections; i++)
		object->first_reloc[i + 1] += object->first_reloc[i];
}

static void read_file(struct object *object, const char *path)
{
	FILE *stream = fopen(path, "rb");
	long size;

	if (!stream || fseek(stream, 0, SEEK_END) || (size = ftell(stream)) <= 0)
		die(path);
	rewind(stream);
	object->path = path;
	object->size = (size_t)size;
	object->bytes = allocate(object->size, 1);
	if (fread(object->bytes, 1, object->size, stream) != object->size)
		die(path);
	fclose(stream);
}

void object_read(struct object *object, const char *path)
{
	Elf64_Ehdr header;

	*object = (struct object){ 0 };
	read_file(object, path);
	memcpy(&header, object->bytes, sizeof(header));
	object->nr_sections = header.e_shnum;
	object->sections = allocate(object->nr_sections, sizeof(Elf64_Shdr));
	memcpy(object->sections, object->bytes + header.e_shoff,
	       object->nr_sections * sizeof(Elf64_Shdr));
	object->section_names = (const char *)object->bytes +
				object->sections[header.e_shstrndx].sh_offset;
	for (uint32_t i = 1; i < object->nr_sections; i++) {
		const Elf64_Shdr *section = &object->sections[i];

		if (section->sh_type != SHT_SYMTAB)
			continue;
		object->symbols_at = section->sh_offset;
		object->nr_symbols = section->sh_size / sizeof(Elf64_Sym);
		object->symbols = allocate(object->nr_symbols, sizeof(Elf64_Sym));
		memcpy(object->symbols, object->bytes + section->sh_offset,
		       section->sh_size);
		object->symbol_names = (const char *)object->bytes +
				       object->sections[section->sh_link].sh_offset;
	}
	if (!object->nr_symbols)
		die("no symbols");
	sort_symbols(object);
	read_relocs(object);
}

void object_free(struct object *object)
{
	free(object->bytes);
	free(object->sections);
	free(object->symbols);
	free(object->sized);
	free(object->relocs);
	free(object->first_reloc);
}
