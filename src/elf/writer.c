// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Building an object in memory; writer_finish.c makes the file.
 */
#include "elf/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "elf/writer_private.h"

struct mkp_error *mkp_writer_create(uint16_t machine, uint32_t eflags, int big_endian,
				    struct mkp_writer **ret_writer)
{
	struct mkp_writer *writer;
	struct mkp_error *error = mkp_array_create(1, sizeof(*writer), &writer);

	if (error)
		return error;
	mkp_arena_init(&writer->arena);
	writer->machine = machine;
	writer->eflags = eflags;
	writer->big_endian = big_endian;
	error = mkp_array_reserve(&writer->sections, &writer->sections_capacity, 1,
				  sizeof(*writer->sections));
	if (!error)
		error = mkp_array_reserve(&writer->symbols, &writer->symbols_capacity, 1,
					  sizeof(*writer->symbols));
	if (error) {
		mkp_writer_destroy(writer);
		return error;
	}
	writer->sections[writer->nr_sections++] = (struct writer_section){ 0 };
	writer->symbols[writer->nr_symbols++] = (struct mkp_writer_symbol){ .name = "" };
	*ret_writer = writer;
	return NULL;
}

void mkp_writer_destroy(struct mkp_writer *writer)
{
	if (!writer)
		return;
	for (size_t i = 0; i < writer->nr_sections; i++) {
		struct writer_rela *rela = writer->sections[i].relas;

		for (; rela; rela = rela->next)
			free(rela->relocs);
		free(writer->sections[i].data);
	}
	free(writer->sections);
	free(writer->symbols);
	mkp_arena_deinit(&writer->arena);
	free(writer);
}

static struct mkp_error *check_section(const struct mkp_writer *writer, uint32_t handle)
{
	if (handle && handle < writer->nr_sections)
		return NULL;
	return mkp_error_create(MKP_ERROR_INTERNAL, "writer has no section %" PRIu32,
				handle);
}

static bool is_power_of_two(uint64_t value)
{
	return value && !(value & (value - 1));
}

struct mkp_error *mkp_writer_add_section(struct mkp_writer *writer,
					 const struct mkp_writer_section *section,
					 uint32_t *ret_handle)
{
	struct writer_section added = { .header = *section };
	struct mkp_error *error;

	if (!added.header.align)
		added.header.align = 1;
	if (!is_power_of_two(added.header.align))
		return mkp_error_create(MKP_ERROR_INTERNAL,
					"section %s: alignment %" PRIu64, section->name,
					section->align);
	added.header.name = mkp_arena_strdup(&writer->arena, section->name);
	if (!added.header.name)
		return mkp_error_nomem();
	error = mkp_array_reserve(&writer->sections, &writer->sections_capacity,
				  writer->nr_sections + 1, sizeof(*writer->sections));
	if (error)
		return error;
	*ret_handle = (uint32_t)writer->nr_sections;
	writer->sections[writer->nr_sections++] = added;
	return NULL;
}

/* Where bytes go that must be congruent to @phase, and where they end. */
static struct mkp_error *find_place(const struct writer_section *section, uint64_t size,
				    uint64_t align, uint64_t phase, uint64_t *ret_offset,
				    uint64_t *ret_end)
{
	uint64_t offset, end;

	if (!is_power_of_two(align))
		return mkp_error_create(MKP_ERROR_INTERNAL,
					"section %s: alignment %" PRIu64,
					section->header.name, align);
	if (__builtin_add_overflow(section->size, (phase - section->size) & (align - 1),
				   &offset) ||
	    __builtin_add_overflow(offset, size, &end))
		return mkp_error_create(MKP_ERROR_INTERNAL, "section %s: too large",
					section->header.name);
	*ret_offset = offset;
	*ret_end = end;
	return NULL;
}

struct mkp_error *mkp_writer_append(struct mkp_writer *writer, uint32_t section,
				    const void *bytes, uint64_t size, uint64_t align,
				    uint64_t phase, uint64_t *ret_offset)
{
	struct mkp_error *error = check_section(writer, section);
	struct writer_section *to;
	uint64_t offset = 0, end = 0;

	if (error)
		return error;
	to = &writer->sections[section];
	error = find_place(to, size, align, phase, &offset, &end);
	if (error)
		return error;
	if (to->header.type != SHT_NOBITS) {
		error = mkp_array_reserve(&to->data, &to->capacity, end, 1);
		if (error)
			return error;
		if (end > to->size)
			memset(to->data + to->size, 0, end - to->size);
		if (bytes && size)
			memcpy(to->data + offset, bytes, size);
	}
	to->size = end;
	if (align > to->header.align)
		to->header.align = align;
	*ret_offset = offset;
	return NULL;
}

void mkp_writer_patch(struct mkp_writer *writer, uint32_t section, uint64_t offset,
		      const void *bytes, size_t size)
{
	memcpy(writer->sections[section].data + offset, bytes, size);
}

static bool is_place(const struct mkp_writer *writer, uint32_t section)
{
	return section < writer->nr_sections || section == MKP_SHN_ABS ||
	       section == MKP_SHN_LIVEPATCH;
}

struct mkp_error *mkp_writer_add_symbol(struct mkp_writer *writer,
					const struct mkp_writer_symbol *symbol,
					uint32_t *ret_handle)
{
	struct mkp_writer_symbol added = *symbol;
	struct mkp_error *error;

	if (!is_place(writer, symbol->section))
		return mkp_error_create(MKP_ERROR_INTERNAL,
					"symbol %s: writer has no section %" PRIu32,
					symbol->name, symbol->section);
	added.name = mkp_arena_strdup(&writer->arena, symbol->name ? symbol->name : "");
	if (!added.name)
		return mkp_error_nomem();
	error = mkp_array_reserve(&writer->symbols, &writer->symbols_capacity,
				  writer->nr_symbols + 1, sizeof(*writer->symbols));
	if (error)
		return error;
	if (symbol->type == STT_SECTION && symbol->section < writer->nr_sections)
		writer->sections[symbol->section].symbol = (uint32_t)writer->nr_symbols;
	*ret_handle = (uint32_t)writer->nr_symbols;
	writer->symbols[writer->nr_symbols++] = added;
	return NULL;
}

struct mkp_error *mkp_writer_section_symbol(struct mkp_writer *writer, uint32_t section,
					    uint32_t *ret_handle)
{
	const struct mkp_writer_symbol symbol = {
		.name = "", .bind = STB_LOCAL, .type = STT_SECTION, .section = section
	};
	struct mkp_error *error = check_section(writer, section);

	if (error)
		return error;
	if (!writer->sections[section].symbol)
		return mkp_writer_add_symbol(writer, &symbol, ret_handle);
	*ret_handle = writer->sections[section].symbol;
	return NULL;
}

struct mkp_error *mkp_livepatch_section_name(const char *object, const char *section,
					     char **ret_name)
{
	/* The kernel takes the object's name to end at the next dot. */
	const char *dot = *section == '.' ? "" : ".";
	char *name;

	if (asprintf(&name, ".klp.rela.%s%s%s", object, dot, section) < 0)
		return mkp_error_nomem();
	*ret_name = name;
	return NULL;
}

static struct mkp_error *name_rela(struct mkp_writer *writer, const char *section,
				   struct writer_rela *rela)
{
	MKP_CLEANUP_FREE char *name = NULL;
	struct mkp_error *error;

	if (!rela->livepatch) {
		rela->name = mkp_arena_printf(&writer->arena, ".rela%s", section);
		return rela->name ? NULL : mkp_error_nomem();
	}
	error = mkp_livepatch_section_name(rela->livepatch, section, &name);
	if (error)
		return error;
	rela->livepatch = mkp_arena_strdup(&writer->arena, rela->livepatch);
	rela->name = mkp_arena_strdup(&writer->arena, name);
	return rela->livepatch && rela->name ? NULL : mkp_error_nomem();
}

static bool is_same_object(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* There are few for one section: one, and one for each object that it refers to. */
static struct mkp_error *get_rela(struct mkp_writer *writer, uint32_t section,
				  const char *livepatch, struct writer_rela **ret_rela)
{
	struct writer_section *of = &writer->sections[section];
	struct writer_rela **link = &of->relas, *rela;
	struct mkp_error *error;

	while (*link && !is_same_object((*link)->livepatch, livepatch))
		link = &(*link)->next;
	if (!*link) {
		rela = mkp_arena_alloc(&writer->arena, sizeof(*rela));
		if (!rela)
			return mkp_error_nomem();
		rela->livepatch = livepatch;
		error = name_rela(writer, of->header.name, rela);
		if (error)
			return error;
		*link = rela;
	}
	*ret_rela = *link;
	return NULL;
}

struct mkp_error *mkp_writer_add_reloc(struct mkp_writer *writer, uint32_t section,
				       const struct mkp_writer_reloc *reloc,
				       const char *livepatch)
{
	struct mkp_error *error = check_section(writer, section);
	struct writer_rela *rela = NULL;

	if (!error && reloc->symbol >= writer->nr_symbols)
		error = mkp_error_create(MKP_ERROR_INTERNAL,
					 "writer has no symbol %" PRIu32, reloc->symbol);
	if (!error)
		error = get_rela(writer, section, livepatch, &rela);
	if (!error)
		error = mkp_array_reserve(&rela->relocs, &rela->capacity,
					  rela->nr_relocs + 1, sizeof(*rela->relocs));
	if (error)
		return error;
	rela->relocs[rela->nr_relocs] = (struct writer_reloc){ *reloc,
							       .order = rela->nr_relocs };
	rela->nr_relocs++;
	return NULL;
}
