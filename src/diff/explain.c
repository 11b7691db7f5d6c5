// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cause chains. Comparison keeps the first difference of each pair (struct mkp_cause) and
 * selection the edge that brought each element in. Both are followed here: from a caller
 * to the callee that can not be redirected, from a function to the part that was split
 * off it or to the entry of a table that describes it, from a reference to the string,
 * constant or switch table that it leads to, until what differs is content.
 */
#include "diff/explain.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "diff/names.h"

/* Of one chain: callees, parts, tables and values may go on for long. */
#define MAX_STEPS 12

/* Bytes of a string that are shown. */
#define MAX_STRING 160

struct chain {
	const struct mkp_explainer *explainer;
	struct mkp_report_step steps[MAX_STEPS];
	size_t count;
};

/* Where the next step goes; NULL: the chain is as long as may be. */
static struct mkp_report_step *next_step(struct chain *chain, const char *kind,
					 const char *name)
{
	struct mkp_report_step *step;

	if (chain->count == MAX_STEPS)
		return NULL;
	step = &chain->steps[chain->count++];
	*step = (struct mkp_report_step){ .kind = kind, .name = name };
	return step;
}

#define CHECK_TEXT(text) ((text) ? NULL : mkp_error_nomem())

/* ---- Content -------------------------------------------------------------------------
 */

static const char *kind_of(const struct mkp_graph *graph, uint32_t atom)
{
	const struct mkp_atom *it = &graph->atoms[atom];

	if (mkp_explain_is_code(graph, it))
		return "code";
	switch ((enum mkp_atom_kind)it->kind) {
	case MKP_ATOM_STRING:
		return "string";
	case MKP_ATOM_CONST:
		return "constant";
	case MKP_ATOM_ENTRY:
		return "table-entry";
	default:
		return it->class == MKP_CLASS_RODATA ? "constant" : "data";
	}
}

/* Both sides of two atoms. */
static struct mkp_error *show_sides(const struct chain *chain, uint32_t orig,
				    uint32_t patched, const uint64_t places[2],
				    struct mkp_report_step *step)
{
	struct mkp_error *error = mkp_explain_side(chain->explainer, MKP_SIDE_ORIG, orig,
						   places[MKP_SIDE_ORIG],
						   &step->sides[MKP_SIDE_ORIG]);

	return error ? error
		     : mkp_explain_side(chain->explainer, MKP_SIDE_PATCHED, patched,
					places[MKP_SIDE_PATCHED],
					&step->sides[MKP_SIDE_PATCHED]);
}

static struct mkp_error *explain_content(struct chain *chain, uint32_t orig,
					 uint32_t patched, const struct mkp_cause *cause);

/* Text that a reference leads to; it ends within its atom. */
static const char *string_of(const struct mkp_graph *graph, const struct mkp_ref *ref,
			     size_t *ret_length)
{
	const struct mkp_atom *atom = &graph->atoms[ref->target];
	const char *text = (const char *)mkp_atom_data(graph, atom) + ref->offset;

	*ret_length = strnlen(text, atom->size - (uint64_t)ref->offset);
	return text;
}

/* As much of a string as tells the difference at @at, as a side. */
static struct mkp_error *show_string(const struct chain *chain, const char *text,
				     size_t length, size_t at,
				     struct mkp_report_side *ret_side)
{
	size_t begin = length > MAX_STRING && at > MAX_STRING / 2 ? at - MAX_STRING / 2
								  : 0;
	size_t left = length - begin;
	bool cut = left > MAX_STRING;

	ret_side->there = true;
	ret_side->offset = begin;
	ret_side->text = mkp_explain_text(
		chain->explainer, "%s\"%.*s\"%s", begin ? "..." : "",
		(int)(cut ? MAX_STRING : left), text + begin, cut ? "..." : "");
	return CHECK_TEXT(ret_side->text);
}

static bool leads_into_string(const struct mkp_graph *graph, const struct mkp_ref *ref)
{
	const struct mkp_atom *atom = &graph->atoms[ref->target];

	return atom->kind == MKP_ATOM_STRING && mkp_atom_data(graph, atom) &&
	       (uint64_t)ref->offset < atom->size;
}

static struct mkp_error *explain_strings(struct chain *chain, const struct mkp_ref *orig,
					 const struct mkp_ref *patched)
{
	const struct mkp_diff *diff = chain->explainer->diff;
	struct mkp_report_step *step = next_step(chain, "string", NULL);
	size_t length_a, length_b, at = 0;
	const char *a = string_of(diff->orig, orig, &length_a);
	const char *b = string_of(diff->patched, patched, &length_b);
	struct mkp_error *error;

	if (!step)
		return NULL;
	step->text = "the strings differ";
	while (at < length_a && at < length_b && a[at] == b[at])
		at++;
	error = show_string(chain, a, length_a, at, &step->sides[MKP_SIDE_ORIG]);
	return error ? error
		     : show_string(chain, b, length_b, at,
				   &step->sides[MKP_SIDE_PATCHED]);
}

/* Constants and the like, which are compared by what is in them. */
static struct mkp_error *explain_values(struct chain *chain, uint32_t orig,
					uint32_t patched)
{
	const struct mkp_explainer *explainer = chain->explainer;
	const struct mkp_graph *graph = explainer->diff->patched;
	struct mkp_cause cause = { 0 };
	struct mkp_report_step *step;

	if (!mkp_content_equal(explainer->diff, orig, patched, 0, &cause))
		return explain_content(chain, orig, patched, &cause);
	if (graph->atoms[patched].class == MKP_CLASS_RODATA ||
	    graph->atoms[patched].kind != MKP_ATOM_OBJECT)
		return NULL;
	step = next_step(chain, "call-site", mkp_atom_name(graph, patched));
	if (!step)
		return NULL;
	step->text = mkp_explain_text(explainer,
				      "%s belongs to another place in the code than %s "
				      "of the original",
				      mkp_atom_name(graph, patched),
				      mkp_atom_name(explainer->diff->orig, orig));
	return CHECK_TEXT(step->text);
}

/* Two things of one name that are not each other's counterpart. */
static struct mkp_error *explain_identity(struct chain *chain, uint32_t orig,
					  uint32_t patched)
{
	const struct mkp_diff *diff = chain->explainer->diff;
	const char *name = mkp_atom_name(diff->patched, patched);
	uint32_t twin = diff->to_orig[patched];
	struct mkp_report_step *step;

	if (twin == orig ||
	    mkp_name_canonical_hash(name) !=
		    mkp_name_canonical_hash(mkp_atom_name(diff->orig, orig)))
		return NULL;
	step = next_step(chain, "identity", name);
	if (!step)
		return NULL;
	step->text = twin == MKP_NO_ATOM
			     ? mkp_explain_text(chain->explainer,
						"%s is none of the original's (%s)", name,
						mkp_tier_name(diff->tier[patched]))
			     : mkp_explain_text(chain->explainer,
						"%s is the original's %s (paired by %s)",
						name, mkp_atom_name(diff->orig, twin),
						mkp_tier_name(diff->tier[patched]));
	return CHECK_TEXT(step->text);
}

/* The same place, referred to in two ways. */
static struct mkp_error *explain_types(struct chain *chain, const struct mkp_ref *orig,
				       const struct mkp_ref *patched)
{
	const struct mkp_arch *arch = chain->explainer->diff->patched->arch;
	struct mkp_report_step *step = next_step(chain, "relocation", NULL);

	if (!step)
		return NULL;
	step->text = "the kinds of relocation differ";
	step->sides[MKP_SIDE_ORIG].there = true;
	step->sides[MKP_SIDE_ORIG].offset = orig->place;
	step->sides[MKP_SIDE_ORIG].text = mkp_arch_reloc_name(arch, orig->type);
	step->sides[MKP_SIDE_PATCHED].there = true;
	step->sides[MKP_SIDE_PATCHED].offset = patched->place;
	step->sides[MKP_SIDE_PATCHED].text = mkp_arch_reloc_name(arch, patched->type);
	return NULL;
}

/* Where two references that do not mean the same lead. */
static struct mkp_error *explain_targets(struct chain *chain, const struct mkp_ref *orig,
					 const struct mkp_ref *patched)
{
	const struct mkp_diff *diff = chain->explainer->diff;
	bool value_a, value_b;

	if (orig->target == MKP_NO_ATOM || patched->target == MKP_NO_ATOM)
		return NULL;
	if (leads_into_string(diff->orig, orig) &&
	    leads_into_string(diff->patched, patched))
		return explain_strings(chain, orig, patched);
	value_a = mkp_atom_is_value(diff->orig, &diff->orig->atoms[orig->target]);
	value_b = mkp_atom_is_value(diff->patched,
				    &diff->patched->atoms[patched->target]);
	if (value_a && value_b && orig->offset == patched->offset)
		return explain_values(chain, orig->target, patched->target);
	if (value_a || value_b)
		return NULL;
	if (diff->to_orig[patched->target] != orig->target)
		return explain_identity(chain, orig->target, patched->target);
	return orig->offset == patched->offset && orig->type != patched->type
		       ? explain_types(chain, orig, patched)
		       : NULL;
}

/* What has no symbol is told by its place in the section. */
static uint64_t unnamed_start(const struct mkp_graph *graph, uint32_t atom)
{
	return graph->atoms[atom].symbol ? 0 : graph->atoms[atom].start;
}

static const char *content_text(const struct mkp_cause *cause)
{
	switch (cause->kind) {
	case MKP_CAUSE_SIZE:
		return "is where one of them ends";
	case MKP_CAUSE_TARGET:
		return "refers to something that is not the same";
	case MKP_CAUSE_MISSING:
		return cause->patched_ref == MKP_NO_REF ? "no longer refers to anything"
							: "refers to something, where "
							  "the original does not";
	default:
		return "is the first difference";
	}
}

static struct mkp_error *explain_content(struct chain *chain, uint32_t orig,
					 uint32_t patched, const struct mkp_cause *cause)
{
	const struct mkp_diff *diff = chain->explainer->diff;
	struct mkp_report_step *step = next_step(chain, kind_of(diff->patched, patched),
						 mkp_atom_name(diff->patched, patched));
	uint64_t places[2] = { cause->place, cause->place };
	struct mkp_error *error = NULL;

	if (!step)
		return NULL;
	step->text = mkp_explain_text(
		chain->explainer, "%s+%#llx %s", mkp_atom_name(diff->patched, patched),
		(unsigned long long)(cause->place +
				     unnamed_start(diff->patched, patched)),
		content_text(cause));
	if (!step->text)
		return mkp_error_nomem();
	if (cause->kind == MKP_CAUSE_BYTES && !strcmp(step->kind, "code"))
		error = mkp_explain_past_branches(chain->explainer, orig, patched,
						  places);
	if (!error && places[1] != cause->place) {
		step->text = mkp_explain_text(
			chain->explainer, "%s; but for where branches lead, +%#llx is",
			step->text, (unsigned long long)places[1]);
		error = CHECK_TEXT(step->text);
	}
	if (!error)
		error = show_sides(chain, orig, patched, places, step);
	if (!error && cause->kind == MKP_CAUSE_TARGET)
		error = explain_targets(chain, &diff->orig->refs[cause->orig_ref],
					&diff->patched->refs[cause->patched_ref]);
	return error;
}

/* ---- Tables --------------------------------------------------------------------------
 */

/* The code that an entry describes; NULL: none. */
static const struct mkp_ref *entry_code(const struct mkp_graph *graph, uint32_t entry)
{
	const struct mkp_atom *it = &graph->atoms[entry];

	return mkp_atom_ref_at(graph, it, mkp_graph_special(graph, it)->row->code_field);
}

/* "entry 3 of __ex_table, for f+0x12" */
static const char *entry_text(const struct chain *chain, int side, uint32_t entry,
			      const char *only)
{
	const struct mkp_graph *graph = mkp_explain_graph(chain->explainer, side);
	const struct mkp_special_section *special = mkp_graph_special(
		graph, &graph->atoms[entry]);
	const struct mkp_ref *code = entry_code(graph, entry);

	if (code && code->target == MKP_NO_ATOM)
		code = NULL;
	return mkp_explain_text(chain->explainer, "%s: %sentry %u of %s, for %s+%#llx",
				special->row->what, only, entry - special->first_atom,
				graph->object->sections[special->section].name,
				code ? mkp_atom_name(graph, code->target) : "nothing",
				code ? (unsigned long long)code->offset : 0);
}

/* The bytes of the field that @place of an entry is in. */
static const char *find_field(const struct mkp_graph *graph, uint32_t entry,
			      uint64_t place, uint64_t *ret_begin, uint64_t *ret_end)
{
	const struct mkp_special_section *special = mkp_graph_special(
		graph, &graph->atoms[entry]);
	uint64_t begin = place, end = place + 1;
	const char *name = mkp_arch_special_field(graph->arch, special->row,
						  special->entry_size, place);

	while (name && begin > 0 &&
	       mkp_arch_special_field(graph->arch, special->row, special->entry_size,
				      begin - 1) == name)
		begin--;
	while (name && end < special->entry_size &&
	       mkp_arch_special_field(graph->arch, special->row, special->entry_size,
				      end) == name)
		end++;
	*ret_begin = begin;
	*ret_end = end;
	return name;
}

/* Two entries for the same place of the code. */
static struct mkp_error *explain_entries(struct chain *chain, uint32_t orig,
					 uint32_t patched)
{
	const struct mkp_explainer *explainer = chain->explainer;
	const struct mkp_diff *diff = explainer->diff;
	const struct mkp_special_section *special = mkp_graph_special(
		diff->patched, &diff->patched->atoms[patched]);
	struct mkp_cause cause = { 0 };
	struct mkp_report_step *step;
	struct mkp_error *error;
	uint64_t begin, end;

	if (mkp_content_equal(explainer->diff, orig, patched, 0, &cause))
		return NULL;
	step = next_step(chain, "table-entry", special->row->what);
	if (!step)
		return NULL;
	step->field = find_field(diff->patched, patched, cause.place, &begin, &end);
	step->text = entry_text(chain, MKP_SIDE_PATCHED, patched, "");
	error = CHECK_TEXT(step->text);
	if (!error)
		error = mkp_explain_field(explainer, MKP_SIDE_ORIG, orig, begin, end,
					  &step->sides[MKP_SIDE_ORIG]);
	if (!error)
		error = mkp_explain_field(explainer, MKP_SIDE_PATCHED, patched, begin,
					  end, &step->sides[MKP_SIDE_PATCHED]);
	for (int side = 0; side < 2 && !error; side++)
		error = mkp_explain_frames(
			explainer, side,
			entry_code(mkp_explain_graph(explainer, side),
				   side == MKP_SIDE_ORIG ? orig : patched),
			&step->sides[side]);
	if (!error && cause.kind == MKP_CAUSE_TARGET)
		error = explain_targets(chain, &diff->orig->refs[cause.orig_ref],
					&diff->patched->refs[cause.patched_ref]);
	return error;
}

/* An entry that one object has alone, and the code that it describes. */
static struct mkp_error *explain_lone_entry(struct chain *chain, int side, uint32_t entry)
{
	const struct mkp_graph *graph = mkp_explain_graph(chain->explainer, side);
	const struct mkp_ref *code = entry_code(graph, entry);
	struct mkp_report_step *step;

	step = next_step(chain, "table-entry",
			 mkp_graph_special(graph, &graph->atoms[entry])->row->what);
	if (!step)
		return NULL;
	step->text = entry_text(chain, side, entry,
				side == MKP_SIDE_ORIG ? "only the original has "
						      : "only the patched object has ");
	if (!step->text)
		return mkp_error_nomem();
	if (!code || code->target == MKP_NO_ATOM || code->offset < 0)
		return NULL;
	return mkp_explain_side(chain->explainer, side, code->target,
				(uint64_t)code->offset, &step->sides[side]);
}

static struct mkp_error *explain_table(struct chain *chain, const struct mkp_cause *cause)
{
	if (cause->part != MKP_NO_ATOM && cause->orig_part != MKP_NO_ATOM)
		return explain_entries(chain, cause->orig_part, cause->part);
	if (cause->part != MKP_NO_ATOM)
		return explain_lone_entry(chain, MKP_SIDE_PATCHED, cause->part);
	if (cause->orig_part != MKP_NO_ATOM)
		return explain_lone_entry(chain, MKP_SIDE_ORIG, cause->orig_part);
	return NULL;
}

/* ---- Functions -----------------------------------------------------------------------
 */

static struct mkp_error *explain_section(struct chain *chain, uint32_t patched)
{
	const struct mkp_diff *diff = chain->explainer->diff;
	const struct mkp_atom *atoms[2] = { &diff->orig->atoms[diff->to_orig[patched]],
					    &diff->patched->atoms[patched] };
	struct mkp_report_step *step = next_step(chain, "section",
						 mkp_atom_name(diff->patched, patched));

	if (!step)
		return NULL;
	step->text = mkp_explain_text(chain->explainer,
				      "%s moved to a section of another kind",
				      mkp_atom_name(diff->patched, patched));
	if (!step->text)
		return mkp_error_nomem();
	for (int i = 0; i < 2; i++) {
		const struct mkp_graph *graph = mkp_explain_graph(chain->explainer, i);

		step->sides[i].there = true;
		step->sides[i].text = mkp_explain_text(
			chain->explainer, "%s (%s)",
			graph->object->sections[atoms[i]->section].name,
			mkp_class_name(atoms[i]->class));
		if (!step->sides[i].text)
			return mkp_error_nomem();
	}
	return NULL;
}

/* What is in front of the entry: kCFI's hash of the type. */
static struct mkp_error *explain_prefix(struct chain *chain, uint32_t patched)
{
	const struct mkp_diff *diff = chain->explainer->diff;
	const uint32_t atoms[2] = { diff->to_orig[patched], patched };
	struct mkp_report_step *step = next_step(chain, "prefix",
						 mkp_atom_name(diff->patched, patched));

	if (!step)
		return NULL;
	step->text = "the hash of the type, in front of the entry, differs";
	for (int i = 0; i < 2; i++) {
		const struct mkp_graph *graph = mkp_explain_graph(chain->explainer, i);
		const struct mkp_atom *it = &graph->atoms[atoms[i]];
		const uint8_t *data = graph->object->sections[it->section].data;

		step->sides[i].there = data && it->prefix;
		if (!step->sides[i].there)
			continue;
		step->sides[i].bytes = mkp_explain_bytes(
			chain->explainer, data + it->start - it->prefix, it->prefix);
		if (!step->sides[i].bytes)
			return mkp_error_nomem();
	}
	return NULL;
}

static struct mkp_error *explain_change(struct chain *chain, uint32_t patched);

static struct mkp_error *explain_part(struct chain *chain, uint32_t part)
{
	const struct mkp_diff *diff = chain->explainer->diff;
	const char *name = mkp_atom_name(diff->patched, part);
	struct mkp_report_step *step = next_step(chain, "part", name);

	if (!step)
		return NULL;
	step->text = mkp_explain_text(
		chain->explainer, "its part %s, which was split off, %s", name,
		diff->state[part] == MKP_STATE_CHANGED ? "changed" : "is new");
	if (!step->text)
		return mkp_error_nomem();
	return explain_change(chain, part);
}

/* Why an atom whose state is changed is that. */
static struct mkp_error *explain_change(struct chain *chain, uint32_t patched)
{
	const struct mkp_diff *diff = chain->explainer->diff;
	const struct mkp_cause *cause = &diff->cause[patched];

	if (diff->state[patched] != MKP_STATE_CHANGED ||
	    diff->to_orig[patched] == MKP_NO_ATOM)
		return NULL;
	switch (cause->kind) {
	case MKP_CAUSE_NONE:
		return NULL;
	case MKP_CAUSE_PART:
		return explain_part(chain, cause->part);
	case MKP_CAUSE_TABLE:
		return explain_table(chain, cause);
	case MKP_CAUSE_SECTION:
		return explain_section(chain, patched);
	case MKP_CAUSE_PREFIX:
		return explain_prefix(chain, patched);
	case MKP_CAUSE_SIZE:
	case MKP_CAUSE_BYTES:
	case MKP_CAUSE_TARGET:
	case MKP_CAUSE_MISSING:
		break;
	}
	return explain_content(chain, diff->to_orig[patched], patched, cause);
}

/* A function that is replaced because @callee can not be redirected. */
static struct mkp_error *explain_callee(struct chain *chain, uint32_t callee)
{
	const struct mkp_diff *diff = chain->explainer->diff;
	const char *name = mkp_atom_name(diff->patched, callee);
	struct mkp_report_step *step = next_step(chain, "callee", name);
	MKP_CLEANUP_FREE char *why = NULL;
	struct mkp_error *error;

	if (!step)
		return NULL;
	error = mkp_unhookable_describe(diff, diff->to_orig[callee], &why);
	if (error)
		return error;
	step->text = mkp_explain_text(
		chain->explainer, "calls %s, which %s and can not be redirected: %s",
		name,
		diff->state[callee] == MKP_STATE_CHANGED ? "changed"
							 : "calls what changed",
		why);
	return CHECK_TEXT(step->text);
}

static struct mkp_error *explain_request(struct chain *chain, uint32_t patched)
{
	struct mkp_report_step *step = next_step(
		chain, "asked", mkp_atom_name(chain->explainer->diff->patched, patched));

	if (step)
		step->text = mkp_explain_text(
			chain->explainer,
			"%s is the same, replaced because the author says so",
			mkp_atom_name(chain->explainer->diff->patched, patched));
	return !step || step->text ? NULL : mkp_error_nomem();
}

/* Callees first: the chain from a function to the change that it is replaced for. */
static struct mkp_error *explain_function(struct chain *chain, uint32_t patched)
{
	const struct mkp_selection *selection = chain->explainer->selection;
	const struct mkp_diff *diff = chain->explainer->diff;
	struct mkp_error *error = NULL;

	while (!error && diff->state[patched] == MKP_STATE_SAME &&
	       diff->mark[patched] != MKP_MARK_INCLUDED) {
		uint32_t callee = selection->edges[patched].by;

		if (selection->roles[patched] == MKP_ROLE_NONE || callee == MKP_NO_ATOM ||
		    chain->count == MAX_STEPS)
			return NULL;
		error = explain_callee(chain, callee);
		patched = callee;
	}
	if (error)
		return error;
	return diff->state[patched] == MKP_STATE_SAME ? explain_request(chain, patched)
						      : explain_change(chain, patched);
}

struct mkp_error *mkp_explain(const struct mkp_explainer *explainer,
			      uint32_t patched_atom,
			      struct mkp_explanation *ret_explanation)
{
	struct chain chain = { .explainer = explainer };
	struct mkp_error *error = explain_function(&chain, patched_atom);
	struct mkp_report_step *steps;

	if (error)
		return error;
	steps = mkp_arena_alloc(explainer->arena, (chain.count + 1) * sizeof(*steps));
	if (!steps)
		return mkp_error_nomem();
	for (size_t i = 0; i < chain.count; i++) {
		steps[i] = chain.steps[i];
		steps[i].name = mkp_arena_strdup(explainer->arena, steps[i].name);
		if (chain.steps[i].name && !steps[i].name)
			return mkp_error_nomem();
	}
	*ret_explanation = (struct mkp_explanation){ steps, chain.count };
	return NULL;
}

/* ---- Inclusion -----------------------------------------------------------------------
 */

/* The element that brought @atom in; MKP_NO_ATOM: it is where the way began. */
static uint32_t brought_by(const struct mkp_selection *selection, uint32_t atom)
{
	const struct mkp_edge *edge = &selection->edges[atom];

	if (selection->roles[atom] == MKP_ROLE_REPLACED)
		return MKP_NO_ATOM;
	switch (edge->because) {
	case MKP_BECAUSE_REFERRED:
	case MKP_BECAUSE_TABLE:
		return edge->by;
	default:
		return MKP_NO_ATOM;
	}
}

struct mkp_error *mkp_explainer_init(struct mkp_explainer *explainer,
				     struct mkp_diff *diff,
				     const struct mkp_selection *selection,
				     struct mkp_arena *arena)
{
	struct mkp_error *error;

	*explainer = (struct mkp_explainer){
		.diff = diff,
		.selection = selection,
		.lines = { diff->orig_lines, diff->patched_lines },
		.arena = arena,
	};
	error = mkp_array_create(diff->patched->nr_atoms, sizeof(uint32_t),
				 &explainer->roots);
	/* What brought an element in stands before it. */
	for (uint32_t i = 0; i < selection->nr_included && !error; i++) {
		uint32_t atom = selection->queue[i], by = brought_by(selection, atom);

		explainer->roots[atom] = by == MKP_NO_ATOM ? atom : explainer->roots[by];
	}
	return error;
}

void mkp_explainer_deinit(struct mkp_explainer *explainer)
{
	free(explainer->roots);
}

static struct mkp_error *add_link(const struct mkp_explainer *explainer, uint32_t atom,
				  struct mkp_report_link *ret_link)
{
	const struct mkp_selection *selection = explainer->selection;
	const struct mkp_graph *graph = selection->diff->patched;
	MKP_CLEANUP_FREE char *because = NULL;
	struct mkp_error *error = mkp_edge_describe(selection, atom, &because);

	if (error)
		return error;
	if (graph->atoms[atom].symbol)
		ret_link->name = mkp_explain_text(explainer, "%s",
						  mkp_atom_name(graph, atom));
	else
		ret_link->name = mkp_explain_text(
			explainer, "%s+%#llx", mkp_atom_name(graph, atom),
			(unsigned long long)graph->atoms[atom].start);
	ret_link->because = mkp_arena_strdup(explainer->arena, because);
	return ret_link->name && ret_link->because ? NULL : mkp_error_nomem();
}

struct mkp_error *mkp_explain_inclusion(const struct mkp_explainer *explainer,
					uint32_t patched_atom,
					const struct mkp_report_link **ret_links,
					size_t *ret_count)
{
	const struct mkp_selection *selection = explainer->selection;
	uint32_t root = explainer->roots[patched_atom];
	uint32_t by = brought_by(selection, patched_atom);
	struct mkp_report_link *links = mkp_arena_alloc(
		explainer->arena, MKP_EXPLAIN_MAX_LINKS * sizeof(*links));
	struct mkp_error *error = NULL;
	size_t count = 0;

	if (!links)
		return mkp_error_nomem();
	while (by != MKP_NO_ATOM && !error) {
		if (count == MKP_EXPLAIN_MAX_LINKS - 1)
			by = root;
		error = add_link(explainer, by, &links[count++]);
		by = brought_by(selection, by);
	}
	if (!error) {
		*ret_links = links;
		*ret_count = count;
	}
	return error;
}
