// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From relocations to references.
 *
 * A relocation says `symbol + addend`; for a local target assemblers choose the section
 * symbol, and if the field is relative the addend counts from the field, while the value
 * in the instruction counts from the instruction's end. So in code the instructions are
 * decoded first, to learn for each relative field how far its instruction's end is; then
 * the true target offset is known, and with it the atom.
 *
 * Between two functions of one section the assembler resolves direct branches itself and
 * leaves no relocation. Such a displacement is a reference like any other.
 */
#include <string.h>

#include "base/array.h"
#include "diff/graph.h"

struct builder {
	struct mkp_graph *graph;
	const struct mkp_graph *like;	   /* or NULL */
	const struct mkp_special_row *row; /* of the section, if it is a table; or NULL */
	struct mkp_code_scan scan;	   /* of the atom at hand */
	uint32_t atom;
};

static struct mkp_error *add_ref(struct builder *builder, const struct mkp_ref *ref)
{
	struct mkp_graph *graph = builder->graph;
	struct mkp_error *error = mkp_array_reserve(
		&graph->refs, &graph->cap_refs, (size_t)graph->nr_refs + 1, sizeof(*ref));

	if (error)
		return error;
	graph->refs[graph->nr_refs++] = *ref;
	graph->atoms[builder->atom].nr_refs++;
	return NULL;
}

/* Finds target and offset of a place in a section of the object. */
static void aim_at_place(const struct mkp_graph *graph, uint32_t section, uint64_t place,
			 struct mkp_ref *ref)
{
	ref->target = mkp_graph_atom_at(graph, section, place);
	if (ref->target != MKP_NO_ATOM)
		ref->offset = (int64_t)(place - graph->atoms[ref->target].start);
}

/*
 * Pointers may lie outside of what they are made from (`array - 1`, an end of a section),
 * so a symbol with a name always means its own atom. A section symbol says nothing but a
 * place; if nothing is there, the nearest atom of the section stands for it.
 */
static void aim(const struct mkp_graph *graph, const struct mkp_reloc *reloc,
		struct mkp_ref *ref)
{
	const struct mkp_symbol *symbol = &graph->object->symbols[reloc->symbol];
	uint32_t atom = graph->symbol_atom[reloc->symbol];
	uint64_t place = symbol->value + (uint64_t)reloc->addend + ref->to_end;

	if (atom != MKP_NO_ATOM) {
		ref->target = atom;
		ref->offset = (int64_t)(place - graph->atoms[atom].start);
		if (graph->atoms[atom].kind == MKP_ATOM_EXTERN)
			ref->offset -= (int64_t)symbol->value;
		return;
	}
	if (!mkp_symbol_section(graph->object, symbol)) {
		/* The assembler knew the absolute symbol: it left its number, no name. */
		ref->offset = (int64_t)place;
		return;
	}
	aim_at_place(graph, symbol->section, place, ref);
	if (ref->target == MKP_NO_ATOM &&
	    graph->section_atoms[symbol->section] <
		    graph->section_atoms[symbol->section + 1]) {
		ref->target = graph->section_atoms[symbol->section];
		ref->offset = (int64_t)(place - graph->atoms[ref->target].start);
	}
}

/* Whether a field of a table's entry points to no bytes at all: what lies there belongs
 * to somebody else. */
static bool is_empty_range(const struct builder *builder, const struct mkp_atom *atom,
			   uint64_t place)
{
	const struct mkp_special_row *row = builder->row;
	const uint8_t *data = mkp_atom_data(builder->graph, atom);

	if (!row || !data)
		return false;
	for (size_t i = 0; i < MKP_SPECIAL_MAX_SIZES; i++)
		if (row->length_at[i] && row->length_of == place &&
		    row->sizes[i] == atom->size)
			return !data[row->length_at[i]];
	return false;
}

/* An entry that points behind its code, which may be where the next function starts. */
static bool points_behind(const struct builder *builder, uint64_t place)
{
	const struct mkp_special_row *row = builder->row;

	return row && (row->flags & MKP_SPECIAL_BEHIND) && row->code_field == place;
}

static void aim_behind(const struct mkp_graph *graph, const struct mkp_reloc *reloc,
		       struct mkp_ref *ref)
{
	const struct mkp_symbol *symbol = &graph->object->symbols[reloc->symbol];

	if (!mkp_symbol_section(graph->object, symbol))
		return;
	aim_at_place(graph, symbol->section, symbol->value + (uint64_t)reloc->addend - 1,
		     ref);
	ref->offset++;
}

static struct mkp_error *add_reloc(struct builder *builder, uint32_t index,
				   const struct mkp_code_field *field, bool code)
{
	const struct mkp_graph *graph = builder->graph;
	const struct mkp_reloc *reloc = &graph->object->relocs[index];
	const struct mkp_reloc_info *info = graph->arch->reloc(reloc->type);
	const struct mkp_atom *atom = &graph->atoms[builder->atom];
	struct mkp_ref ref = {
		.place = reloc->offset - atom->start,
		.target = MKP_NO_ATOM,
		.reloc = index,
		.type = reloc->type,
	};

	if (!info)
		return mkp_error_create(
			MKP_ERROR_UNSUPPORTED, "section %s, offset %#llx: %s %u",
			graph->object->sections[atom->section].name,
			(unsigned long long)reloc->offset,
			mkp_arch_reloc_name(graph->arch, reloc->type), reloc->type);
	ref.width = info->width;
	if (info->flags & MKP_RELOC_NONE)
		ref.flags |= MKP_REF_NOTHING;
	if (info->flags & MKP_RELOC_BRANCH)
		ref.flags |= MKP_REF_BRANCH;
	if (info->flags & MKP_RELOC_PCREL) {
		ref.flags |= MKP_REF_PCREL;
		if (field) {
			ref.to_end = field->to_end;
			ref.flags |= field->branch ? MKP_REF_BRANCH : 0;
		} else if (code) {
			ref.to_end = info->width;
			ref.flags |= MKP_REF_INEXACT;
		}
	}
	if (is_empty_range(builder, atom, ref.place))
		ref.flags |= MKP_REF_NOTHING;
	else if (points_behind(builder, ref.place))
		aim_behind(graph, reloc, &ref);
	else
		aim(graph, reloc, &ref);
	return add_ref(builder, &ref);
}

/* A displacement without relocation that leaves its function. */
static struct mkp_error *add_displacement(struct builder *builder,
					  const struct mkp_code_field *field)
{
	const struct mkp_graph *graph = builder->graph;
	const struct mkp_atom *atom = &graph->atoms[builder->atom];
	struct mkp_ref ref = {
		.place = field->offset,
		.target = MKP_NO_ATOM,
		.reloc = MKP_NO_RELOC,
		.width = field->width,
		.to_end = field->to_end,
		.flags = MKP_REF_PCREL | (field->branch ? MKP_REF_BRANCH : 0),
	};

	if (field->target >= 0 && (uint64_t)field->target < atom->size)
		return NULL;
	if (graph->arch->branch_reloc)
		ref.type = graph->arch->branch_reloc(field->width);
	aim_at_place(graph, atom->section, atom->start + (uint64_t)field->target, &ref);
	return ref.target == MKP_NO_ATOM ? NULL : add_ref(builder, &ref);
}

/* A function that has its section for itself, so that no branch leaves it without a
 * relocation. */
static bool is_alone(const struct mkp_graph *graph, const struct mkp_atom *atom)
{
	return atom->kind == MKP_ATOM_FUNC && !atom->start &&
	       atom->size == graph->object->sections[atom->section].size;
}

/* The function of the other graph that has the same name and the same bytes, or NULL. */
static const struct mkp_atom *find_like(const struct builder *builder,
					const struct mkp_atom *atom)
{
	const struct mkp_graph *graph = builder->graph, *like = builder->like;
	const char *name = graph->object->symbols[atom->symbol].name;
	const struct mkp_index_entry *it;
	size_t count;

	if (!like || !is_alone(graph, atom))
		return NULL;
	it = mkp_index_find(&like->object->names, mkp_hash_string(name), &count);
	for (; count; it++, count--) {
		uint32_t index = like->symbol_atom[it->id];
		const struct mkp_atom *twin = &like->atoms[index];

		if (index != MKP_NO_ATOM && twin->symbol == it->id &&
		    twin->size == atom->size && is_alone(like, twin) &&
		    !memcmp(mkp_atom_data(like, twin), mkp_atom_data(graph, atom),
			    atom->size))
			return twin;
	}
	return NULL;
}

/* The same relocations at the same places: whatever they refer to, the fields are the
 * same. */
static bool has_places(const struct mkp_ref *refs, const struct mkp_reloc *relocs,
		       uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (relocs[i].offset != refs[i].place || relocs[i].type != refs[i].type)
			return false;
	return true;
}

/* Finds the fields of the atom's instructions: those that @nr_relocs relocations are at,
 * and those that need none. */
static struct mkp_error *scan_atom(struct builder *builder,
				   const struct mkp_reloc *relocs, uint32_t nr_relocs)
{
	const struct mkp_graph *graph = builder->graph;
	const struct mkp_atom *atom = &graph->atoms[builder->atom];
	const struct mkp_atom *twin = find_like(builder, atom);
	const struct mkp_ref *refs = twin ? builder->like->refs + twin->first_ref : NULL;
	struct mkp_error *error = NULL;

	if (!twin || nr_relocs != twin->nr_refs || !has_places(refs, relocs, nr_relocs))
		return graph->arch->scan_code(mkp_atom_data(graph, atom), atom->size,
					      &builder->scan);
	builder->scan.complete = !twin->undecoded;
	for (uint32_t i = 0; i < nr_relocs && !error; i++) {
		const struct mkp_code_field field = {
			.offset = (uint32_t)refs[i].place,
			.width = refs[i].width,
			.to_end = refs[i].to_end,
			.branch = refs[i].flags & MKP_REF_BRANCH,
		};

		if ((refs[i].flags & (MKP_REF_PCREL | MKP_REF_INEXACT)) == MKP_REF_PCREL)
			error = mkp_code_scan_add(&builder->scan, &field);
	}
	return error;
}

/* How many relocations from @next on are in the atom. */
static uint32_t count_relocs(const struct mkp_reloc *relocs, uint32_t next, uint32_t end,
			     const struct mkp_atom *atom)
{
	uint32_t first = next;

	while (next < end && relocs[next].offset < atom->start + atom->size)
		next++;
	return next - first;
}

/* Merges the atom's relocations from *@next on with the fields of its instructions. */
static struct mkp_error *build_atom(struct builder *builder, uint32_t *next, uint32_t end)
{
	const struct mkp_graph *graph = builder->graph;
	const struct mkp_atom *atom = &graph->atoms[builder->atom];
	const struct mkp_section *section = &graph->object->sections[atom->section];
	const struct mkp_reloc *relocs = graph->object->relocs;
	bool code = section->flags & SHF_EXECINSTR;
	struct mkp_error *error = NULL;
	size_t f = 0;

	end = *next + count_relocs(relocs, *next, end, atom);
	builder->scan.count = 0;
	builder->scan.complete = true;
	if (code && graph->arch->scan_code && mkp_atom_data(graph, atom))
		error = scan_atom(builder, relocs + *next, end - *next);
	graph->atoms[builder->atom].undecoded = !builder->scan.complete;
	while (!error && (f < builder->scan.count || *next < end)) {
		uint64_t place = *next < end ? relocs[*next].offset - atom->start
					     : UINT64_MAX;
		const struct mkp_code_field *field = &builder->scan.fields[f];

		if (f < builder->scan.count && field->offset < place) {
			error = add_displacement(builder, field);
			f++;
			continue;
		}
		if (f >= builder->scan.count || field->offset != place)
			field = NULL;
		error = add_reloc(builder, (*next)++, field,
				  code && graph->arch->scan_code);
		if (field &&
		    (*next >= end || relocs[*next].offset != relocs[*next - 1].offset))
			f++;
	}
	return error;
}

static struct mkp_error *build_section(struct builder *builder, uint32_t section)
{
	struct mkp_graph *graph = builder->graph;
	const struct mkp_section *header = &graph->object->sections[section];
	uint32_t next = header->first_reloc, end = next + header->nr_relocs;
	uint32_t first = graph->section_atoms[section];
	struct mkp_error *error = NULL;

	builder->row = NULL;
	if (first < graph->section_atoms[section + 1] &&
	    graph->atoms[first].kind == MKP_ATOM_ENTRY)
		builder->row = mkp_graph_special(graph, &graph->atoms[first])->row;
	for (uint32_t i = first; i < graph->section_atoms[section + 1] && !error; i++) {
		/* What is in no atom (padding) refers to nothing that counts. */
		while (next < end &&
		       graph->object->relocs[next].offset < graph->atoms[i].start)
			next++;
		builder->atom = i;
		graph->atoms[i].first_ref = graph->nr_refs;
		error = build_atom(builder, &next, end);
	}
	return error;
}

static struct mkp_error *map_refs(struct mkp_graph *graph)
{
	struct mkp_error *error = mkp_array_create(graph->nr_refs, sizeof(uint32_t),
						   &graph->ref_atom);

	for (uint32_t i = 0; i < graph->nr_atoms && !error; i++)
		for (uint32_t k = 0; k < graph->atoms[i].nr_refs; k++)
			graph->ref_atom[graph->atoms[i].first_ref + k] = i;
	return error;
}

struct mkp_error *mkp_graph_build_refs(struct mkp_graph *graph,
				       const struct mkp_graph *like)
{
	struct builder builder = { .graph = graph, .like = like };
	struct mkp_error *error = NULL;

	for (uint32_t s = 1; s < graph->object->nr_sections && !error; s++)
		error = build_section(&builder, s);
	mkp_code_scan_deinit(&builder.scan);
	return error ? error : map_refs(graph);
}
