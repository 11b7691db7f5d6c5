// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Selection starts from the changed functions and follows references. For each of them
 * the question is whether the running kernel has what is meant:
 *
 *   - what is the same on both sides stays where it is; the reference leads there;
 *   - what is new is carried;
 *   - values (strings, constants, switch tables, state of one call site) are carried: a
 *     copy is as good, and the kernel's own has no name by which it could be found. Of
 *     many tables in one piece only what is read is followed (reach.h);
 *   - a changed function is carried anyway. A call to it goes to the new code directly.
 *     Its *address*, though, may be stored and outlive the patch: it stays that of the
 *     old function, which ftrace redirects for as long as the patch is enabled;
 *   - data that changed is left to the checks. Only a constant that nothing outside of
 * the patch reads can be carried in its new form.
 *
 * A part that was split off a function (.cold) goes with it, changed or not: the two jump
 * into each other's middle.
 *
 * With each function come the entries of special sections that describe its code, and
 * with those what they refer to.
 */
#include "diff/select.h"

#include <stdio.h>

#include "base/array.h"
#include "diff/names.h"

/* Why a function comes along that did not change: for @by. */
static enum mkp_because why_the_same(const struct mkp_diff *diff, uint32_t by)
{
	return diff->patched->atoms[by].kind == MKP_ATOM_FUNC ? MKP_BECAUSE_CALLER
							      : MKP_BECAUSE_READER;
}

static void include(struct mkp_selection *selection, uint32_t atom,
		    enum mkp_because because, uint32_t by, uint32_t ref)
{
	struct mkp_edge *edge = &selection->edges[atom];

	if (mkp_is_included(selection, atom))
		return;
	/* It is the same, and comes along only for what it calls or reads. */
	if (selection->roles[atom] == MKP_ROLE_UNHOOKED &&
	    selection->diff->state[atom] == MKP_STATE_SAME)
		*edge = (struct mkp_edge){ why_the_same(selection->diff, edge->by),
					   edge->by, MKP_NO_REF };
	else
		*edge = (struct mkp_edge){ because, by, ref };
	selection->queue[selection->nr_included++] = atom;
}

static bool is_in_patch(const struct mkp_selection *selection, uint32_t atom)
{
	uint32_t whole = mkp_whole_function(selection->diff->patched, atom);

	return selection->roles[whole] != MKP_ROLE_NONE;
}

static enum mkp_ref_fate function_fate(const struct mkp_selection *selection,
				       uint32_t from, const struct mkp_ref *ref)
{
	const struct mkp_diff *diff = selection->diff;
	const struct mkp_graph *graph = diff->patched;
	bool entry = graph->atoms[from].kind == MKP_ATOM_ENTRY;
	uint32_t function = mkp_whole_function(graph, ref->target);

	if (diff->state[ref->target] == MKP_STATE_NEW)
		return MKP_FATE_CARRIED;
	if (!is_in_patch(selection, ref->target))
		return MKP_FATE_ORIGINAL;
	/* Into the middle, as switch tables do, or described by a table: the new code. */
	if ((ref->flags & MKP_REF_BRANCH) || ref->offset || entry ||
	    function != ref->target || selection->roles[function] == MKP_ROLE_UNHOOKED)
		return MKP_FATE_CARRIED;
	return MKP_FATE_ORIGINAL;
}

/* Whether a referrer of a constant goes away with the patch. */
static bool referrer_is_replaced(const struct mkp_selection *selection, uint32_t atom)
{
	const struct mkp_diff *diff = selection->diff;
	const struct mkp_atom *it = &diff->patched->atoms[atom];

	if (it->kind == MKP_ATOM_ENTRY && it->owner != MKP_NO_ATOM)
		return referrer_is_replaced(selection, it->owner);
	return it->kind == MKP_ATOM_FUNC &&
	       (diff->state[atom] == MKP_STATE_NEW || is_in_patch(selection, atom));
}

bool mkp_is_local_constant(const struct mkp_diff *diff, const struct mkp_graph *graph,
			   uint32_t atom)
{
	const struct mkp_atom *it = &graph->atoms[atom];
	const bool *visible = graph == diff->orig ? diff->orig_visible
						  : diff->patched_visible;

	return it->class == MKP_CLASS_RODATA && it->kind == MKP_ATOM_OBJECT &&
	       !visible[atom];
}

bool mkp_constant_is_private(const struct mkp_selection *selection, uint32_t patched_atom)
{
	const struct mkp_diff *diff = selection->diff;
	const struct mkp_graph *graph = diff->patched;
	uint32_t orig = diff->to_orig[patched_atom];

	if (!mkp_is_local_constant(diff, graph, patched_atom) ||
	    (orig != MKP_NO_ATOM && !mkp_is_local_constant(diff, diff->orig, orig)))
		return false;
	for (uint32_t i = graph->incoming_first[patched_atom];
	     i < graph->incoming_first[patched_atom + 1]; i++) {
		uint32_t from = graph->ref_atom[graph->incoming[i]];

		if (from != patched_atom && !referrer_is_replaced(selection, from))
			return false;
	}
	return true;
}

static bool is_carried_table(const struct mkp_selection *selection,
			     const struct mkp_special_row *row)
{
	return !(row->flags & MKP_SPECIAL_DROP) &&
	       !(selection->relinked && (row->flags & MKP_SPECIAL_OBJTOOL));
}

/* Whether an entry comes along with the code that refers to it. */
static bool is_carried_entry(const struct mkp_selection *selection, uint32_t from,
			     uint32_t entry)
{
	const struct mkp_graph *graph = selection->diff->patched;
	const struct mkp_atom *it = &graph->atoms[entry];

	return it->owner != MKP_NO_ATOM &&
	       mkp_whole_function(graph, it->owner) == mkp_whole_function(graph, from) &&
	       is_carried_table(selection, mkp_graph_special(graph, it)->row);
}

static enum mkp_ref_fate ref_fate(const struct mkp_selection *selection, uint32_t from,
				  const struct mkp_ref *ref)
{
	const struct mkp_diff *diff = selection->diff;
	const struct mkp_graph *graph = diff->patched;
	const struct mkp_atom *target;

	if ((ref->flags & MKP_REF_NOTHING) || ref->target == MKP_NO_ATOM)
		return MKP_FATE_NOTHING;
	target = &graph->atoms[ref->target];
	if (mkp_atom_is_value(graph, target))
		return MKP_FATE_CARRIED;
	/* Code that hands an entry of its own over: lea to its WARN's record, v6.19. */
	if (target->kind == MKP_ATOM_ENTRY)
		return is_carried_entry(selection, from, ref->target) ? MKP_FATE_CARRIED
								      : MKP_FATE_ORIGINAL;
	if (target->kind == MKP_ATOM_EXTERN)
		return MKP_FATE_ORIGINAL;
	if (target->kind == MKP_ATOM_FUNC)
		return function_fate(selection, from, ref);
	if (diff->state[ref->target] == MKP_STATE_NEW ||
	    (diff->state[ref->target] == MKP_STATE_CHANGED &&
	     mkp_constant_is_private(selection, ref->target)))
		return MKP_FATE_CARRIED;
	return MKP_FATE_ORIGINAL;
}

static void read_stretch(struct mkp_selection *selection, uint32_t ref);

static void follow_ref(struct mkp_selection *selection, uint32_t atom, uint32_t ref)
{
	const struct mkp_graph *graph = selection->diff->patched;
	uint32_t target = graph->refs[ref].target;

	if (selection->fates[ref] != MKP_FATE_UNDECIDED)
		return;
	selection->fates[ref] = ref_fate(selection, atom, &graph->refs[ref]);
	if (selection->fates[ref] != MKP_FATE_CARRIED)
		return;
	include(selection, target, MKP_BECAUSE_REFERRED, atom, ref);
	if (mkp_atom_is_stretch(&graph->atoms[target]))
		read_stretch(selection, ref);
}

/* Follows what a reference reads of constants without symbols. The tables of other
 * functions that are there come along as bytes and lead nowhere. */
static void read_stretch(struct mkp_selection *selection, uint32_t ref)
{
	const struct mkp_graph *graph = selection->diff->patched;
	uint32_t stretch = graph->refs[ref].target;
	const struct mkp_atom *it = &graph->atoms[stretch];
	uint64_t start, end;
	struct mkp_error *error = mkp_reach_window(graph, ref, &selection->reaches,
						   &start, &end);

	/* Without memory: not proved to be less than all. */
	if (error || start == end) {
		if (selection->whole[stretch])
			start = end = it->size;
		else
			start = 0, end = it->size;
		selection->whole[stretch] = true;
	}
	mkp_error_destroy(error);
	for (uint32_t i = mkp_reach_first_ref(graph, it, start);
	     i < it->first_ref + it->nr_refs && graph->refs[i].place < end; i++)
		follow_ref(selection, stretch, i);
}

static void follow_refs(struct mkp_selection *selection, uint32_t atom)
{
	const struct mkp_atom *it = &selection->diff->patched->atoms[atom];

	/* Of a stretch what is read is followed. */
	if (mkp_atom_is_stretch(it))
		return;
	for (uint32_t i = it->first_ref; i < it->first_ref + it->nr_refs; i++)
		follow_ref(selection, atom, i);
}

static void follow_entries(struct mkp_selection *selection, uint32_t atom)
{
	const struct mkp_graph *graph = selection->diff->patched;

	for (uint32_t i = graph->entries_first[atom]; i < graph->entries_first[atom + 1];
	     i++) {
		uint32_t entry = graph->entries[i];
		const struct mkp_special_section *special = mkp_graph_special(
			graph, &graph->atoms[entry]);

		if (is_carried_table(selection, special->row))
			include(selection, entry, MKP_BECAUSE_TABLE, atom, MKP_NO_REF);
	}
}

static struct mkp_error *create_arrays(struct mkp_selection *selection)
{
	const struct mkp_graph *graph = selection->diff->patched;
	struct mkp_error *error = mkp_array_create(
		graph->nr_atoms, sizeof(*selection->edges), &selection->edges);

	if (!error)
		error = mkp_array_create(graph->nr_atoms, 1, &selection->roles);
	if (!error)
		error = mkp_array_create(graph->nr_atoms, 1, &selection->shared);
	if (!error)
		error = mkp_array_create(graph->nr_atoms, 1, &selection->whole);
	if (!error)
		error = mkp_array_create(graph->nr_refs, 1, &selection->fates);
	if (!error)
		error = mkp_array_create(graph->nr_atoms, sizeof(*selection->queue),
					 &selection->queue);
	return error;
}

static enum mkp_because why_replaced(const struct mkp_selection *selection, uint32_t atom)
{
	const struct mkp_diff *diff = selection->diff;

	if (diff->state[atom] == MKP_STATE_CHANGED)
		return MKP_BECAUSE_CHANGED;
	return diff->mark[atom] == MKP_MARK_INCLUDED
		       ? MKP_BECAUSE_ASKED
		       : why_the_same(diff, selection->edges[atom].by);
}

static void include_replaced(struct mkp_selection *selection)
{
	const struct mkp_graph *graph = selection->diff->patched;

	for (uint32_t i = 0; i < graph->nr_atoms; i++)
		if (selection->roles[i] == MKP_ROLE_REPLACED)
			include(selection, i, why_replaced(selection, i),
				selection->edges[i].by, MKP_NO_REF);
	selection->nr_replaced = selection->nr_included;
}

static void include_callback(struct mkp_selection *selection, uint32_t record)
{
	const struct mkp_graph *graph = selection->diff->patched;
	const struct mkp_atom *it = &graph->atoms[record];

	for (uint32_t i = it->first_ref; i < it->first_ref + it->nr_refs; i++) {
		uint32_t to = graph->refs[i].target;

		if (to != MKP_NO_ATOM && graph->atoms[to].kind == MKP_ATOM_FUNC &&
		    selection->diff->state[to] == MKP_STATE_NEW)
			include(selection, to, MKP_BECAUSE_CALLBACK, record, i);
	}
}

/* Functions that are there for the kernel to call: nothing else refers to them. */
static void include_callbacks(struct mkp_selection *selection)
{
	const struct mkp_graph *graph = selection->diff->patched;

	for (uint32_t s = 1; s < graph->object->nr_sections; s++) {
		const uint32_t *first = graph->section_atoms + s;

		if (graph->classes[s] != MKP_CLASS_AUTHOR)
			continue;
		for (uint32_t i = first[0]; i < first[1]; i++)
			include_callback(selection, i);
	}
	selection->nr_callbacks = selection->nr_included - selection->nr_replaced;
}

/* Includes all that the elements of the queue need, from its @first on. */
static void close_over(struct mkp_selection *selection, uint32_t first)
{
	for (uint32_t i = first; i < selection->nr_included; i++) {
		follow_refs(selection, selection->queue[i]);
		follow_entries(selection, selection->queue[i]);
	}
}

void mkp_select_shared(struct mkp_selection *selection, uint32_t patched_atom)
{
	uint32_t first = selection->nr_included;

	if (selection->shared[patched_atom])
		return;
	selection->shared[patched_atom] = true;
	selection->nr_shared++;
	include(selection, patched_atom, MKP_BECAUSE_SHARED, MKP_NO_ATOM, MKP_NO_REF);
	close_over(selection, first);
}

struct mkp_error *mkp_select(const struct mkp_diff *diff,
			     struct mkp_selection **ret_selection)
{
	struct mkp_selection *selection = NULL;
	struct mkp_error *error = mkp_array_create(1, sizeof(*selection), &selection);

	if (error)
		return error;
	selection->diff = diff;
	selection->relinked = mkp_graph_has_guards(diff->patched);
	error = create_arrays(selection);
	if (!error)
		error = mkp_assign_roles(selection);
	if (error) {
		mkp_selection_destroy(selection);
		return error;
	}
	include_replaced(selection);
	include_callbacks(selection);
	close_over(selection, 0);
	*ret_selection = selection;
	return NULL;
}

void mkp_selection_drop(struct mkp_selection *selection, uint32_t entry)
{
	const struct mkp_atom *it = &selection->diff->patched->atoms[entry];

	selection->edges[entry].because = MKP_BECAUSE_NOT;
	for (uint32_t i = it->first_ref; i < it->first_ref + it->nr_refs; i++)
		selection->fates[i] = MKP_FATE_UNDECIDED;
}

void mkp_selection_compact(struct mkp_selection *selection)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < selection->nr_included; i++)
		if (mkp_is_included(selection, selection->queue[i]))
			selection->queue[kept++] = selection->queue[i];
	selection->nr_included = kept;
}

void mkp_selection_destroy(struct mkp_selection *selection)
{
	if (!selection)
		return;
	free(selection->roles);
	free(selection->edges);
	free(selection->shared);
	free(selection->whole);
	mkp_reaches_deinit(&selection->reaches);
	free(selection->fates);
	free(selection->queue);
	free(selection);
}

struct mkp_error *mkp_selection_list_for(const struct mkp_selection *selection,
					 uint32_t patched_atom, char **ret_list)
{
	const char *separator = "";
	size_t size;
	FILE *stream = open_memstream(ret_list, &size);

	if (!stream)
		return mkp_error_nomem();
	for (uint32_t i = 0; i < selection->nr_replaced; i++) {
		uint32_t function = selection->queue[i];
		const struct mkp_edge *edge = &selection->edges[function];

		if ((edge->because != MKP_BECAUSE_CALLER &&
		     edge->because != MKP_BECAUSE_READER) ||
		    edge->by != patched_atom)
			continue;
		fprintf(stream, "%s%s", separator,
			mkp_atom_name(selection->diff->patched, function));
		separator = ", ";
	}
	return fclose(stream) ? mkp_error_nomem() : NULL;
}

struct mkp_error *mkp_edge_describe(const struct mkp_selection *selection, uint32_t atom,
				    char **ret_text)
{
	const struct mkp_graph *graph = selection->diff->patched;
	const struct mkp_edge *edge = &selection->edges[atom];
	const struct mkp_atom *by;
	char *text = NULL;
	int length = -1;

	switch (edge->because) {
	case MKP_BECAUSE_NOT:
		length = asprintf(&text, "not included");
		break;
	case MKP_BECAUSE_CHANGED:
		length = asprintf(&text, "changed");
		break;
	case MKP_BECAUSE_ASKED:
		length = asprintf(&text, "the same, replaced because the author says so");
		break;
	case MKP_BECAUSE_CALLER:
		length = asprintf(&text,
				  "calls %s, which changed and can not be redirected",
				  mkp_atom_name(graph, edge->by));
		break;
	case MKP_BECAUSE_READER:
		length = asprintf(&text, "reads %s, which changed",
				  mkp_atom_name(graph, edge->by));
		break;
	case MKP_BECAUSE_REFERRED:
		by = &graph->atoms[edge->by];
		/* What has no symbol is told by its place in the section. */
		length = asprintf(&text, "%s+%#llx refers to it",
				  mkp_atom_name(graph, edge->by),
				  (unsigned long long)(graph->refs[edge->ref].place +
						       (by->symbol ? 0 : by->start)));
		break;
	case MKP_BECAUSE_SHARED:
		length = asprintf(&text, "another object of the patch refers to it");
		break;
	case MKP_BECAUSE_CALLBACK:
		length = asprintf(&text, "%s makes it a callback",
				  mkp_atom_name(graph, edge->by));
		break;
	case MKP_BECAUSE_TABLE:
		length = asprintf(
			&text, "describes %s (%s)", mkp_atom_name(graph, edge->by),
			mkp_graph_special(graph, &graph->atoms[atom])->row->what);
		break;
	}
	if (length < 0)
		return mkp_error_nomem();
	*ret_text = text;
	return NULL;
}
