// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A linked kernel has most tables as sections, too. Some lie inside of another section,
 * between symbols: static branches in .data or .rodata, ftrace's call sites in .init.data
 * (include/asm-generic/vmlinux.lds.h).
 */
#include "survey/survey.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "diff/graph.h"
#include "diff/section_class.h"
#include "elf/order.h"
#include "elf/structures.h"

/* Entries of tables are not larger. */
#define MAX_ENTRY 96

/* A table's place, and the offsets of the relocations there, ascending. */
struct place {
	const struct mkp_section *section;
	uint64_t start; /* in the section */
	uint64_t size;
	struct mkp_reloc *relocs; /* owned; nothing but offsets */
	size_t count;
};

/* ---- relocations ---- */

static int compare_offsets(const void *a, const void *b)
{
	uint64_t x = ((const struct mkp_reloc *)a)->offset;
	uint64_t y = ((const struct mkp_reloc *)b)->offset;

	return (x > y) - (x < y);
}

/* The relocations of a linked file stand behind their section. */
static const struct mkp_section *linked_relocs(const struct mkp_object *object,
					       const struct mkp_section *section)
{
	uint32_t index = (uint32_t)(section - object->sections);
	const struct mkp_section *rela =
		&object->sections[index + 1 < object->nr_sections ? index + 1 : 0];

	return rela->type == SHT_RELA && rela->info == index ? rela
							     : &object->sections[0];
}

/* In a vmlinux with relocations (CONFIG_X86_NEED_RELOCS) their offsets are addresses. */
static struct mkp_error *read_linked(const struct mkp_object *object, struct place *place)
{
	const struct mkp_section *rela = linked_relocs(object, place->section);
	size_t count = rela->data ? rela->size / sizeof(Elf64_Rela) : 0;
	uint64_t start = place->section->address + place->start;
	struct mkp_error *error = mkp_array_create(count, sizeof(*place->relocs),
						   &place->relocs);

	for (size_t i = 0; i < count && !error; i++) {
		Elf64_Rela raw;

		memcpy(&raw, rela->data + i * sizeof(raw), sizeof(raw));
		raw.r_offset = mkp_object_get64(object, raw.r_offset);
		if (raw.r_offset >= start && raw.r_offset - start < place->size)
			place->relocs[place->count++].offset = raw.r_offset - start;
	}
	if (!error && place->count)
		qsort(place->relocs, place->count, sizeof(*place->relocs),
		      compare_offsets);
	return error;
}

static struct mkp_error *read_relocs(const struct mkp_object *object, struct place *place)
{
	const struct mkp_section *section = place->section;
	struct mkp_error *error;

	if (object->type != ET_REL)
		return read_linked(object, place);
	error = mkp_array_create(section->nr_relocs, sizeof(*place->relocs),
				 &place->relocs);
	for (uint32_t i = 0; i < section->nr_relocs && !error; i++)
		place->relocs[place->count++] = object->relocs[section->first_reloc + i];
	return error;
}

/* Whether each entry of @size bytes has the same relocations, and at least one. */
static bool repeats(const struct place *place, uint64_t size)
{
	size_t per_entry = 0;

	while (per_entry < place->count && place->relocs[per_entry].offset < size)
		per_entry++;
	if (!per_entry || place->count % per_entry ||
	    place->count / per_entry != place->size / size)
		return false;
	for (size_t i = per_entry; i < place->count; i++)
		if (place->relocs[i].offset != place->relocs[i - per_entry].offset + size)
			return false;
	return true;
}

/* The shortest period of the relocations; 0: they have none, or there is one entry. */
static uint64_t find_period(const struct place *place)
{
	for (uint64_t size = 2; size <= MAX_ENTRY && size < place->size; size++)
		if (!(place->size % size) && repeats(place, size))
			return size;
	return 0;
}

/* ---- verdicts ---- */

/* "12", "12 or 16" */
static const char *list_sizes(struct mkp_arena *arena, const struct mkp_special_row *row)
{
	const char *text = "";

	for (int i = 0; text && i < MKP_SPECIAL_MAX_SIZES && row->sizes[i]; i++)
		text = mkp_arena_printf(arena, "%s%s%u", text, i ? " or " : "",
					row->sizes[i]);
	return text;
}

static bool has_size(const struct mkp_special_row *row, uint64_t size)
{
	for (int i = 0; i < MKP_SPECIAL_MAX_SIZES && row->sizes[i]; i++)
		if (row->sizes[i] == size)
			return true;
	return false;
}

static struct mkp_error *judge_row(struct mkp_survey *survey, const struct place *place,
				   const struct mkp_special_row *row,
				   struct mkp_survey_table *table)
{
	const struct mkp_special_relocs relocs = {
		.relocs = place->relocs,
		.count = place->count,
		.size = place->size,
		.entsize = table->within ? 0 : place->section->entsize,
	};
	const char *trouble = NULL;
	uint64_t size = 0;

	table->what = row->what;
	table->covered = "row";
	table->structure = row->structure;
	if (place->count)
		size = mkp_special_find_size(row, &relocs, &trouble);
	/* The linker pads, and not all that it links has kept its relocations. */
	if (trouble && survey->object->type != ET_REL && !table->entry)
		return NULL;
	if (size) {
		table->entry = size;
	} else if (trouble && table->entry) {
		trouble = mkp_arena_printf(&survey->arena,
					   "its entries have %" PRIu64
					   " bytes, mkpatch knows %s",
					   table->entry, list_sizes(&survey->arena, row));
		if (!trouble)
			return mkp_error_nomem();
	}
	table->trouble = trouble;
	return NULL;
}

static struct mkp_error *judge(struct mkp_survey *survey, const struct place *place,
			       struct mkp_survey_table *table)
{
	const struct mkp_special_row *row = mkp_arch_special(survey->arch, table->name);
	enum mkp_class class = mkp_section_class(survey->arch, place->section);

	table->size = place->size;
	table->entry = find_period(place);
	if (row)
		return judge_row(survey, place, row, table);
	table->what = mkp_class_name(class);
	table->covered = "class";
	/* What has no content is made by the linker, for the kernel to fill. */
	if (class == MKP_CLASS_UNKNOWN && place->section->type != SHT_NOBITS) {
		table->covered = NULL;
		table->trouble = "what is it for?";
	}
	return NULL;
}

static struct mkp_error *add_table(struct mkp_survey *survey, struct place *place,
				   const char *name, const char *within)
{
	struct mkp_survey_table table = { .name = name, .within = within };
	struct mkp_error *error = read_relocs(survey->object, place);

	if (!error)
		error = judge(survey, place, &table);
	free(place->relocs);
	if (!error)
		error = mkp_array_reserve(&survey->tables, &survey->capacity,
					  survey->nr_tables + 1, sizeof(table));
	if (!error)
		survey->tables[survey->nr_tables++] = table;
	return error;
}

/* ---- sections ---- */

/* Code, data and strings are in every file and say nothing about a kernel. */
static bool is_ordinary(enum mkp_class class)
{
	switch (class) {
	case MKP_CLASS_SPECIAL:
	case MKP_CLASS_COMPANION:
	case MKP_CLASS_AUX:
	case MKP_CLASS_REGISTER:
	case MKP_CLASS_ONCE:
	case MKP_CLASS_UNKNOWN:
		return false;
	default:
		return true;
	}
}

static struct mkp_error *add_sections(struct mkp_survey *survey)
{
	const struct mkp_object *object = survey->object;
	struct mkp_error *error = NULL;

	for (uint32_t i = 1; i < object->nr_sections && !error; i++) {
		const struct mkp_section *section = &object->sections[i];
		struct place place = { .section = section, .size = section->size };

		if (section->size &&
		    !is_ordinary(mkp_section_class(survey->arch, section)))
			error = add_table(survey, &place, section->name, NULL);
	}
	return error;
}

/* ---- tables between symbols ---- */

static const struct mkp_symbol *find_symbol(const struct mkp_object *object,
					    const char *prefix, const char *name)
{
	char text[64];
	size_t count = 0;
	const struct mkp_index_entry *entry;

	snprintf(text, sizeof(text), "%s%s", prefix, name);
	entry = mkp_index_find(&object->names, mkp_hash_string(text), &count);
	for (size_t i = 0; i < count; i++)
		if (!strcmp(object->symbols[entry[i].id].name, text))
			return &object->symbols[entry[i].id];
	return NULL;
}

/* From __start_NAME to __stop_NAME of one section. */
static bool find_bounds(const struct mkp_object *object, const char *name,
			struct place *ret_place)
{
	const struct mkp_symbol *start = find_symbol(object, "__start_", name);
	const struct mkp_symbol *stop = find_symbol(object, "__stop_", name);
	const struct mkp_section *section = start ? mkp_symbol_section(object, start)
						  : NULL;

	if (!section || !stop || start->value < section->address ||
	    stop->value <= start->value || stop->value - section->address > section->size)
		return false;
	*ret_place = (struct place){
		.section = section,
		.start = start->value - section->address,
		.size = stop->value - start->value,
	};
	return true;
}

static struct mkp_error *add_bounded(struct mkp_survey *survey)
{
	const struct mkp_object *object = survey->object;
	struct mkp_error *error = NULL;

	for (const struct mkp_special_row *row = survey->arch->special;
	     row->section && !error; row++) {
		const char *name = row->section + strspn(row->section, ".");
		struct place place;

		/* "__jump_table", but "__mcount_loc" without the underscores. */
		if (!mkp_object_find_section(object, row->section) &&
		    (find_bounds(object, name, &place) ||
		     find_bounds(object, name + strspn(name, "_"), &place)))
			error = add_table(survey, &place, row->section,
					  place.section->name);
	}
	return error;
}

/* ---- companions ---- */

static struct mkp_survey_table *find_table(const struct mkp_survey *survey,
					   const char *name)
{
	for (size_t i = 0; i < survey->nr_tables; i++)
		if (!strcmp(survey->tables[i].name, name))
			return &survey->tables[i];
	return NULL;
}

/* They have one record for each entry of their table. */
static void judge_companions(struct mkp_survey *survey)
{
	for (const struct mkp_special_row *row = survey->arch->special; row->section;
	     row++) {
		const struct mkp_survey_table *of;
		struct mkp_survey_table *table;
		uint64_t entries;

		if (!row->companion)
			continue;
		of = find_table(survey, row->section);
		table = find_table(survey, row->companion);
		if (!of || !table)
			continue;
		table->structure = row->companion_structure;
		entries = of->size / (of->entry ? of->entry : row->sizes[0]);
		if (entries && !(table->size % entries))
			table->entry = table->size / entries;
	}
}

/* ---- the debug data's word ---- */

static struct mkp_error *compare(struct mkp_survey *survey,
				 struct mkp_survey_table *table)
{
	const struct mkp_special_row *row = mkp_arch_special(survey->arch, table->name);
	uint64_t size = table->structure_size;
	bool known = table->entry ? table->entry == size : !row || has_size(row, size);

	if (!size || known)
		return NULL;
	if (table->entry)
		table->trouble = mkp_arena_printf(
			&survey->arena,
			"struct %s has %" PRIu64 " bytes by the %s, %" PRIu64
			" by the table's content",
			table->structure, size, survey->debug, table->entry);
	else
		table->trouble = mkp_arena_printf(&survey->arena,
						  "struct %s has %" PRIu64
						  " bytes by the %s, mkpatch knows %s",
						  table->structure, size, survey->debug,
						  list_sizes(&survey->arena, row));
	return table->trouble ? NULL : mkp_error_nomem();
}

/* The structure of this name, or the first without one; there is room for all. */
static struct mkp_structure *find_structure(struct mkp_structure *list, const char *name)
{
	while (list->name && strcmp(list->name, name) != 0)
		list++;
	return list;
}

/* Those of the tables that are there, each once. */
static size_t list_structures(const struct mkp_survey *survey, struct mkp_structure *list)
{
	size_t count = 0;

	for (size_t i = 0; i < survey->nr_tables; i++) {
		const char *name = survey->tables[i].structure;
		struct mkp_structure *it = name ? find_structure(list, name) : NULL;

		if (!it || it->name)
			continue;
		it->name = name;
		count++;
	}
	return count;
}

static struct mkp_error *add_structures(struct mkp_survey *survey)
{
	MKP_CLEANUP_FREE struct mkp_structure *list = NULL;
	struct mkp_error *error = mkp_array_create(survey->nr_tables + 1, sizeof(*list),
						   &list);

	if (!error)
		error = mkp_structures_find(survey->object, list,
					    list_structures(survey, list),
					    &survey->debug);
	for (size_t i = 0; i < survey->nr_tables && !error; i++) {
		struct mkp_survey_table *table = &survey->tables[i];

		if (!table->structure)
			continue;
		table->structure_size = find_structure(list, table->structure)->size;
		error = compare(survey, table);
	}
	return error;
}

/* ---- all of it ---- */

struct mkp_error *mkp_survey_init(struct mkp_survey *survey,
				  const struct mkp_object *object)
{
	struct mkp_error *error;

	*survey = (struct mkp_survey){ .object = object,
				       .arch = mkp_arch_find(object->machine) };
	if (!survey->arch)
		return mkp_error_create(MKP_ERROR_UNSUPPORTED,
					"%s: machine %u is not supported", object->path,
					object->machine);
	mkp_arena_init(&survey->arena);
	error = add_sections(survey);
	if (!error && object->type != ET_REL)
		error = add_bounded(survey);
	if (!error) {
		judge_companions(survey);
		error = add_structures(survey);
	}
	if (error)
		mkp_survey_deinit(survey);
	return error;
}

void mkp_survey_deinit(struct mkp_survey *survey)
{
	free(survey->tables);
	mkp_arena_deinit(&survey->arena);
	*survey = (struct mkp_survey){ 0 };
}

size_t mkp_survey_nr_gaps(const struct mkp_survey *survey)
{
	size_t gaps = 0;

	for (size_t i = 0; i < survey->nr_tables; i++)
		gaps += survey->tables[i].trouble != NULL;
	return gaps;
}
