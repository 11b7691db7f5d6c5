// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writing the payload.
 *
 * Included atoms are laid out in the order of the patched object, in sections of the same
 * names, each at an offset congruent to its old one modulo the section's alignment. Code
 * keeps the padding in front of it, which on some kernels is part of the function.
 *
 * Each reference becomes a relocation again: against the symbol of the copy, against the
 * section symbol where the copy has none, or against an undefined symbol. The field
 * itself is cleared, since the module loader refuses to relocate a field that is not
 * zero.
 */
#include "emit/payload.h"

#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "elf/writer.h"
#include "emit/finalize.h"

struct place {
	uint32_t section; /* handle; 0: not placed */
	uint32_t symbol;  /* handle; 0: none */
	uint64_t offset;
};

struct payload {
	const struct mkp_selection *selection;
	const struct mkp_graph *graph;
	const struct mkp_bindings *bindings;
	struct mkp_writer *writer;
	uint32_t *sections;   /* [input sections] handles; 0: not made yet */
	struct place *places; /* [patched atoms] of the copies */
	uint32_t *originals;  /* [patched atoms] symbols that stand for the kernel's own,
			       * or  for what another object carries */
	const char *object;   /* "vmlinux" or a module */
	struct mkp_payload_counts counts;
};

#define KEPT_FLAGS (SHF_WRITE | SHF_ALLOC | SHF_EXECINSTR | SHF_MERGE | SHF_STRINGS)

static struct mkp_error *get_section(struct payload *payload, uint32_t input,
				     uint32_t *ret_handle)
{
	const struct mkp_section *section = &payload->graph->object->sections[input];
	const struct mkp_writer_section header = {
		.name = section->name,
		.type = section->type,
		.flags = section->flags & KEPT_FLAGS,
		.align = section->align,
		.entsize = section->entsize,
	};
	struct mkp_error *error = NULL;

	if (!payload->sections[input])
		error = mkp_writer_add_section(payload->writer, &header,
					       &payload->sections[input]);
	if (!error)
		*ret_handle = payload->sections[input];
	return error;
}

static struct mkp_error *place_atom(struct payload *payload, uint32_t atom)
{
	const struct mkp_graph *graph = payload->graph;
	const struct mkp_atom *it = &graph->atoms[atom];
	const struct mkp_section *section = &graph->object->sections[it->section];
	uint64_t prefix = it->prefix, start = it->start - prefix;
	struct place *place = &payload->places[atom];
	const uint8_t *data = section->data ? section->data + start : NULL;
	/* The kernel reads a table as an array: no hole between two of its entries. */
	bool follows = it->kind == MKP_ATOM_ENTRY && payload->sections[it->section];
	uint64_t align = follows ? 1 : section->align;
	uint64_t phase = it->kind == MKP_ATOM_ENTRY ? 0 : start & (align - 1);
	uint64_t offset;
	struct mkp_error *error = get_section(payload, it->section, &place->section);

	if (!error)
		error = mkp_writer_append(payload->writer, place->section, data,
					  it->size + prefix, align, phase, &offset);
	if (!error)
		place->offset = offset + prefix;
	return error;
}

/* The record in the second table, in step with the first. */
static struct mkp_error *place_companion(struct payload *payload, uint32_t atom)
{
	const struct mkp_graph *graph = payload->graph;
	const struct mkp_special_section *special;
	const struct mkp_section *section;
	uint32_t handle;
	uint64_t offset;
	struct mkp_error *error;

	if (graph->atoms[atom].kind != MKP_ATOM_ENTRY)
		return NULL;
	special = mkp_graph_special(graph, &graph->atoms[atom]);
	if (!special->companion)
		return NULL;
	section = &graph->object->sections[special->companion];
	error = get_section(payload, special->companion, &handle);
	if (error)
		return error;
	return mkp_writer_append(payload->writer, handle,
				 section->data + (uint64_t)(atom - special->first_atom) *
							 special->companion_size,
				 special->companion_size, 1, 0, &offset);
}

static struct mkp_error *name_atom(struct payload *payload, uint32_t atom)
{
	const struct mkp_atom *it = &payload->graph->atoms[atom];
	const struct mkp_symbol *symbol = mkp_atom_symbol(payload->graph, it);
	struct place *place = &payload->places[atom];
	const struct mkp_writer_symbol row = {
		.name = symbol->name,
		.bind = STB_LOCAL,
		.type = symbol->type,
		.section = place->section,
		.value = place->offset,
		.size = symbol->size,
	};

	if (!it->symbol)
		return mkp_writer_section_symbol(payload->writer, place->section,
						 &place->symbol);
	return mkp_writer_add_symbol(payload->writer, &row, &place->symbol);
}

/* objtool and stack traces go by the symbol in front of an entry. */
static struct mkp_error *name_prefix(struct payload *payload, uint32_t atom)
{
	const struct mkp_atom *it = &payload->graph->atoms[atom];
	const struct mkp_symbol *symbol =
		&payload->graph->object->symbols[it->prefix_symbol];
	const struct place *place = &payload->places[atom];
	const struct mkp_writer_symbol row = {
		.name = symbol->name,
		.bind = STB_LOCAL,
		.type = symbol->type,
		.section = place->section,
		.value = place->offset - it->prefix,
		.size = symbol->size,
	};
	uint32_t handle;

	return it->prefix_symbol ? mkp_writer_add_symbol(payload->writer, &row, &handle)
				 : NULL;
}

static struct mkp_error *place_atoms(struct payload *payload)
{
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < payload->graph->nr_atoms && !error; i++) {
		if (!mkp_is_included(payload->selection, i))
			continue;
		error = place_atom(payload, i);
		if (!error)
			error = place_companion(payload, i);
		if (!error)
			error = name_atom(payload, i);
		if (!error)
			error = name_prefix(payload, i);
	}
	return error;
}

/* A second, global name for what the module source refers to. */
static struct mkp_error *name_for_source(struct payload *payload,
					 char *const *new_symbols)
{
	struct mkp_error *error = NULL;
	uint32_t handle;

	for (uint32_t i = 0; i < mkp_nr_named(payload->selection) && !error; i++) {
		uint32_t atom = payload->selection->queue[i];
		const struct mkp_writer_symbol row = {
			.name = new_symbols[i],
			.bind = STB_GLOBAL,
			.type = STT_FUNC,
			.section = payload->places[atom].section,
			.value = payload->places[atom].offset,
			.size = payload->graph->atoms[atom].size,
		};

		error = mkp_writer_add_symbol(payload->writer, &row, &handle);
	}
	return error;
}

/* The name by which the objects of a patch know something that @object adds. */
static char *shared_name(const char *object, const char *name)
{
	char *text;

	return asprintf(&text, "shared_%s_%s", object, name) < 0 ? NULL : text;
}

static struct mkp_error *name_shared_atom(struct payload *payload, uint32_t atom)
{
	const struct mkp_symbol *symbol = mkp_atom_symbol(payload->graph,
							  &payload->graph->atoms[atom]);
	MKP_CLEANUP_FREE char *name = shared_name(payload->object, symbol->name);
	const struct mkp_writer_symbol row = {
		.name = name,
		.bind = STB_GLOBAL,
		.type = symbol->type,
		.section = payload->places[atom].section,
		.value = payload->places[atom].offset,
		.size = symbol->size,
	};
	uint32_t handle;

	if (!name)
		return mkp_error_nomem();
	return mkp_writer_add_symbol(payload->writer, &row, &handle);
}

static struct mkp_error *name_shared(struct payload *payload)
{
	const struct mkp_selection *selection = payload->selection;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < payload->graph->nr_atoms && !error; i++)
		if (selection->nr_shared && selection->shared[i])
			error = name_shared_atom(payload, i);
	return error;
}

/*
 * The undefined symbol for the kernel's own. Something may be referred to in both ways: a
 * changed function is called in its new form, and its address is that of the old one.
 */
static struct mkp_error *name_target(struct payload *payload, uint32_t atom)
{
	const struct mkp_binding *binding = &payload->bindings->atoms[atom];
	struct mkp_writer_symbol row = { .name = binding->name,
					 .section = MKP_SHN_UNDEF };
	MKP_CLEANUP_FREE char *name = NULL;
	struct mkp_error *error = NULL;

	if (payload->originals[atom])
		return NULL;
	row.bind = binding->weak ? STB_WEAK : STB_GLOBAL;
	if (binding->kind == MKP_BIND_LIVEPATCH) {
		error = mkp_klp_name_format(binding->object, binding->provider,
					    binding->name, binding->position, &name);
		row.name = name;
		row.bind = STB_WEAK;
	}
	if (binding->kind == MKP_BIND_SHARED) {
		name = shared_name(binding->provider, binding->name);
		row.name = name;
		error = name ? NULL : mkp_error_nomem();
	}
	if (error)
		return error;
	return mkp_writer_add_symbol(payload->writer, &row, &payload->originals[atom]);
}

/*
 * Hints for objtool go by sections: it takes no other symbol for some of them (v6.12,
 * tools/objtool/check.c, add_dead_ends()).
 */
static struct mkp_error *aim_by_section(struct payload *payload, uint32_t ref,
					struct mkp_writer_reloc *reloc)
{
	const struct mkp_graph *graph = payload->graph;
	const struct mkp_atom *from = &graph->atoms[graph->ref_atom[ref]];
	const struct place *to = &payload->places[graph->refs[ref].target];

	if (from->kind != MKP_ATOM_ENTRY ||
	    !graph->atoms[graph->refs[ref].target].symbol ||
	    !(mkp_graph_special(graph, from)->row->flags & MKP_SPECIAL_OPTIONAL))
		return NULL;
	reloc->addend += (int64_t)to->offset;
	return mkp_writer_section_symbol(payload->writer, to->section, &reloc->symbol);
}

/* A reference inside of the module is none to the kernel. */
static void count(struct payload *payload, enum mkp_binding_kind kind)
{
	if (kind == MKP_BIND_LIVEPATCH)
		payload->counts.livepatch++;
	else if (kind != MKP_BIND_SHARED)
		payload->counts.normal++;
}

static struct mkp_error *add_reloc(struct payload *payload, uint32_t ref)
{
	const struct mkp_graph *graph = payload->graph;
	const struct mkp_ref *it = &graph->refs[ref];
	const struct place *from = &payload->places[graph->ref_atom[ref]];
	const struct place *to = &payload->places[it->target];
	bool carried = payload->selection->fates[ref] == MKP_FATE_CARRIED;
	struct mkp_writer_reloc reloc = {
		.offset = from->offset + it->place,
		.addend = it->offset - it->to_end,
		.type = it->type,
	};
	static const uint8_t zeros[8];
	struct mkp_error *error = NULL;

	if (carried && !graph->atoms[it->target].symbol)
		reloc.addend += (int64_t)to->offset;
	if (!carried) {
		error = name_target(payload, it->target);
		count(payload, payload->bindings->atoms[it->target].kind);
	}
	reloc.symbol = carried ? to->symbol : payload->originals[it->target];
	if (!error && carried)
		error = aim_by_section(payload, ref, &reloc);
	if (!error && it->width <= sizeof(zeros))
		mkp_writer_patch(payload->writer, from->section, reloc.offset, zeros,
				 it->width);
	return error ? error
		     : mkp_writer_add_reloc(payload->writer, from->section, &reloc,
					    /* livepatch= */ NULL);
}

static struct mkp_error *add_relocs(struct payload *payload)
{
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < payload->graph->nr_refs && !error; i++)
		if (payload->selection->fates[i] > MKP_FATE_NOTHING)
			error = add_reloc(payload, i);
	return error;
}

/* Imports that nothing refers to, but that have to be among the symbols: bind.c. */
static struct mkp_error *name_imports(struct payload *payload)
{
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < payload->graph->nr_atoms && !error; i++)
		if (payload->bindings->atoms[i].kind == MKP_BIND_EXPORT)
			error = name_target(payload, i);
	return error;
}

/* Without it linkers ask for an executable stack. */
static struct mkp_error *add_stack_note(struct payload *payload)
{
	const struct mkp_writer_section note = {
		.name = ".note.GNU-stack",
		.type = SHT_PROGBITS,
		.align = 1,
	};
	uint32_t handle;

	return mkp_writer_add_section(payload->writer, &note, &handle);
}

static struct mkp_error *write_payload(struct payload *payload, char *const *new_symbols,
				       const char *path)
{
	const struct mkp_object *object = payload->graph->object;
	struct mkp_error *error;

	error = mkp_array_create(object->nr_sections, sizeof(uint32_t),
				 &payload->sections);
	if (!error)
		error = mkp_array_create(payload->graph->nr_atoms, sizeof(struct place),
					 &payload->places);
	if (!error)
		error = mkp_array_create(payload->graph->nr_atoms, sizeof(uint32_t),
					 &payload->originals);
	if (!error)
		error = mkp_writer_create(object->machine, object->eflags,
					  object->big_endian, &payload->writer);
	if (!error)
		error = place_atoms(payload);
	/* From here on every included atom has its place and symbol. */
	if (!error)
		error = name_for_source(payload, new_symbols);
	if (!error)
		error = name_shared(payload);
	if (!error)
		error = add_relocs(payload);
	if (!error)
		error = name_imports(payload);
	if (!error)
		error = add_stack_note(payload);
	if (!error)
		error = mkp_writer_finish(payload->writer, path);
	return error;
}

struct mkp_error *mkp_payload_write(const struct mkp_selection *selection,
				    const struct mkp_bindings *bindings,
				    const char *object, char *const *new_symbols,
				    const char *path,
				    struct mkp_payload_counts *ret_counts)
{
	struct payload payload = {
		.selection = selection,
		.graph = selection->diff->patched,
		.bindings = bindings,
		.object = object ? object : "vmlinux",
	};
	struct mkp_error *error = write_payload(&payload, new_symbols, path);

	mkp_writer_destroy(payload.writer);
	free(payload.sections);
	free(payload.places);
	free(payload.originals);
	if (!error)
		*ret_counts = payload.counts;
	return error;
}
