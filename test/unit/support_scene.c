// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support_elfgen.h"
#include "support_scene.h"

#define MAX_SECTIONS 64

struct builder {
	struct elfgen *gen;
	const struct scene_thing *things;
	size_t count;
	const char *names[MAX_SECTIONS]; /* of sections, by index in the file */
	uint32_t symbols[MAX_SECTIONS];	 /* section symbols */
	uint32_t relas[MAX_SECTIONS];
	char *rela_names[MAX_SECTIONS];
	uint32_t nr_sections;
	uint64_t at[ELFGEN_MAX];      /* of a thing: offset in its section */
	uint32_t section[ELFGEN_MAX]; /* index in the file, 0: none */
	uint32_t symbol[ELFGEN_MAX];
};

static bool starts_with(const char *name, const char *start)
{
	return !strncmp(name, start, strlen(start));
}

static uint64_t flags_of(const char *name)
{
	if (starts_with(name, ".text") || starts_with(name, ".init.text") ||
	    starts_with(name, ".altinstr_replacement"))
		return SHF_ALLOC | SHF_EXECINSTR;
	if (starts_with(name, ".rodata.str"))
		return SHF_ALLOC | SHF_MERGE | SHF_STRINGS;
	if (starts_with(name, ".rodata.cst"))
		return SHF_ALLOC | SHF_MERGE;
	if (starts_with(name, ".data") || starts_with(name, ".bss"))
		return SHF_ALLOC | SHF_WRITE;
	return SHF_ALLOC;
}

static uint32_t find_section(const struct builder *builder, const char *name)
{
	for (uint32_t i = 1; i <= builder->nr_sections; i++)
		if (!strcmp(builder->names[i], name))
			return i;
	return 0;
}

/* One section: the bytes of all things in it. */
static void add_section(struct builder *builder, const char *name)
{
	uint8_t bytes[4096] = { 0 };
	uint64_t size = 0;
	bool bss = starts_with(name, ".bss");
	uint32_t index;

	for (size_t i = 0; i < builder->count; i++) {
		const struct scene_thing *thing = &builder->things[i];

		if (!thing->section || strcmp(thing->section, name))
			continue;
		assert_true(size + thing->size <= sizeof(bytes));
		builder->at[i] = size;
		if (thing->bytes)
			memcpy(bytes + size, thing->bytes, thing->size);
		size += thing->size;
	}
	index = elfgen_add(builder->gen, name, bss ? SHT_NOBITS : SHT_PROGBITS,
			   flags_of(name), bss ? NULL : bytes, size);
	assert_true(index < MAX_SECTIONS);
	builder->gen->sections[index].header.sh_entsize =
		starts_with(name, ".rodata.str")
			? 1
			: (starts_with(name, ".rodata.cst") ? 8 : 0);
	builder->names[index] = name;
	builder->nr_sections = index;
}

static void add_sections(struct builder *builder)
{
	for (size_t i = 0; i < builder->count; i++) {
		const char *name = builder->things[i].section;

		if (!name)
			continue;
		if (!find_section(builder, name))
			add_section(builder, name);
		builder->section[i] = find_section(builder, name);
	}
	for (uint32_t i = 1; i <= builder->nr_sections; i++) {
		size_t size = strlen(builder->names[i]) + 6;

		builder->rela_names[i] = malloc(size);
		assert_non_null(builder->rela_names[i]);
		strcpy(builder->rela_names[i], ".rela");
		strcat(builder->rela_names[i], builder->names[i]);
		builder->relas[i] = elfgen_add(builder->gen, builder->rela_names[i],
					       SHT_RELA, SHF_INFO_LINK, NULL, 0);
		builder->gen->sections[builder->relas[i]].header.sh_info = i;
	}
}

static void add_symbols(struct builder *builder, bool local)
{
	for (size_t i = 0; i < builder->count; i++) {
		const struct scene_thing *thing = &builder->things[i];

		if (thing->name && (thing->bind == STB_LOCAL && thing->section) == local)
			builder->symbol[i] = elfgen_symbol(
				builder->gen, thing->name,
				thing->section ? thing->bind : STB_GLOBAL, thing->type,
				(uint16_t)builder->section[i], builder->at[i],
				thing->section ? thing->size : 0);
	}
}

static uint32_t target_symbol(const struct builder *builder, const char *name)
{
	uint32_t section = find_section(builder, name);

	if (section)
		return builder->symbols[section];
	for (size_t i = 0; i < builder->count; i++)
		if (builder->things[i].name && !strcmp(builder->things[i].name, name))
			return builder->symbol[i];
	fail_msg("nothing is called %s", name);
	return 0;
}

static void add_relocs(struct builder *builder)
{
	for (size_t i = 0; i < builder->count; i++) {
		const struct scene_reloc *reloc = builder->things[i].relocs;

		for (; reloc < builder->things[i].relocs + SCENE_RELOCS && reloc->to;
		     reloc++)
			elfgen_reloc(builder->gen, builder->relas[builder->section[i]],
				     builder->at[i] + reloc->place,
				     target_symbol(builder, reloc->to), reloc->type,
				     reloc->addend);
	}
}

void scene_init(struct scene *scene, const struct scene_thing *things, size_t count)
{
	struct builder builder = { .things = things, .count = count };

	assert_true(count < ELFGEN_MAX);
	builder.gen = elfgen_create(/* big_endian= */ false);
	builder.gen->header.e_machine = EM_X86_64;
	add_sections(&builder);
	elfgen_symbol(builder.gen, "case.c", STB_LOCAL, STT_FILE, SHN_ABS, 0, 0);
	for (uint32_t i = 1; i <= builder.nr_sections; i++)
		builder.symbols[i] = elfgen_symbol(builder.gen, "", STB_LOCAL,
						   STT_SECTION, (uint16_t)i, 0, 0);
	add_symbols(&builder, /* local= */ true);
	add_symbols(&builder, /* local= */ false);
	add_relocs(&builder);
	elfgen_tables(builder.gen);
	elfgen_build(builder.gen);
	scene->object = elfgen_assert_open(builder.gen);
	assert_null(mkp_graph_create(scene->object, NULL, &scene->graph));
	elfgen_destroy(builder.gen);
	for (uint32_t i = 1; i <= builder.nr_sections; i++)
		free(builder.rela_names[i]);
}

void scene_deinit(struct scene *scene)
{
	mkp_graph_destroy(scene->graph);
	mkp_object_destroy(scene->object);
}

uint32_t scene_atom(const struct scene *scene, const char *name)
{
	for (uint32_t i = 0; i < scene->graph->nr_atoms; i++)
		if (scene->graph->atoms[i].symbol &&
		    !strcmp(mkp_atom_name(scene->graph, i), name))
			return i;
	fail_msg("no atom is called %s", name);
	return MKP_NO_ATOM;
}

void scene_pair_init(struct scene_pair *pair, const struct scene_thing *orig,
		     size_t nr_orig, const struct scene_thing *patched, size_t nr_patched)
{
	scene_init(&pair->orig, orig, nr_orig);
	scene_init(&pair->patched, patched, nr_patched);
	assert_null(mkp_diff_create(pair->orig.graph, pair->patched.graph, &pair->diff));
	assert_null(mkp_correlate(pair->diff));
	assert_null(mkp_compare(pair->diff, NULL, NULL));
	assert_null(mkp_select(pair->diff, &pair->selection));
}

void scene_pair_deinit(struct scene_pair *pair)
{
	mkp_selection_destroy(pair->selection);
	mkp_diff_destroy(pair->diff);
	scene_deinit(&pair->patched);
	scene_deinit(&pair->orig);
}

enum mkp_state scene_state(const struct scene_pair *pair, const char *name)
{
	return pair->diff->state[scene_atom(&pair->patched, name)];
}

const char *scene_twin(const struct scene_pair *pair, const char *name)
{
	uint32_t twin = pair->diff->to_orig[scene_atom(&pair->patched, name)];

	return twin == MKP_NO_ATOM ? "" : mkp_atom_name(pair->orig.graph, twin);
}

bool scene_included(const struct scene_pair *pair, const char *name)
{
	return mkp_is_included(pair->selection, scene_atom(&pair->patched, name));
}
