// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which functions of the running kernel are replaced.
 *
 * A changed function is redirected at its entry, where ftrace has a call site. Some have
 * none: an inline function that the compiler emitted out of line after all (the kernel
 * defines inline as notrace, include/linux/compiler_types.h), with or without
 * `.constprop` or `.isra` in its name, or one that is marked notrace. Such a function
 * can not be redirected, but it can be carried as if it were new, if everything that
 * calls it is replaced in its place; and if a caller has no call site either, those that
 * call the caller.
 *
 * That is right only if every way to the old code can be seen. So each reference to it in
 * the original object has to be a call or jump of a function, and no other file may know
 * its name. A pointer to it, stored by anyone, may be called by anyone: then it is
 * refused (check/check_code.c). Callers in init code do not count, they ran.
 *
 * noinstr code is left alone: it runs where tracing, and thus livepatch, must not.
 *
 * What reads a constant that changed is replaced with it, if that is right (readers.h).
 */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "diff/readers.h"

struct replacer {
	struct mkp_selection *selection;
	uint32_t *work; /* owned; [patched atoms] functions that get a role, in order */
	uint32_t nr_work;
};

static bool is_noinstr(const struct mkp_graph *graph, uint32_t atom)
{
	const char *section = graph->object->sections[graph->atoms[atom].section].name;

	return mkp_name_matches(".noinstr*", section) ||
	       mkp_name_matches(".entry*", section);
}

/* ---- Who uses a function -------------------------------------------------------------
 */

enum use {
	USE_NONE, /* of no consequence */
	USE_CALL,
	USE_ESCAPE, /* keeps a pointer, or calls from where nothing can be replaced */
};

/* What a reference of the original object to @atom is for. */
static enum use classify_use(const struct mkp_graph *graph, uint32_t ref, uint32_t atom)
{
	const struct mkp_ref *it = &graph->refs[ref];
	uint32_t from = graph->ref_atom[ref];
	const struct mkp_atom *user = &graph->atoms[from];

	if (user->kind == MKP_ATOM_ENTRY) {
		const struct mkp_special_row *row = mkp_graph_special(graph, user)->row;
		uint32_t owner = user->owner;

		if (row->flags & MKP_SPECIAL_DROP)
			return USE_NONE;
		return owner != MKP_NO_ATOM && mkp_whole_function(graph, owner) == atom
			       ? USE_NONE
			       : USE_ESCAPE;
	}
	if (user->kind != MKP_ATOM_FUNC)
		/* Into its middle: a switch table of its own. */
		return it->offset ? USE_NONE : USE_ESCAPE;
	if (mkp_whole_function(graph, from) == atom)
		return USE_NONE;
	if (user->class == MKP_CLASS_INIT)
		return USE_NONE;
	return (it->flags & MKP_REF_BRANCH) && user->class == MKP_CLASS_TEXT ? USE_CALL
									     : USE_ESCAPE;
}

bool mkp_reference_escapes(const struct mkp_graph *graph, uint32_t ref, uint32_t atom)
{
	return classify_use(graph, ref, atom) == USE_ESCAPE;
}

bool mkp_function_escapes(const struct mkp_graph *graph, uint32_t atom)
{
	for (uint32_t i = graph->incoming_first[atom];
	     i < graph->incoming_first[atom + 1]; i++)
		if (mkp_reference_escapes(graph, graph->incoming[i], atom))
			return true;
	return false;
}

/* ---- Roles ---------------------------------------------------------------------------
 */

static void add_work(struct replacer *replacer, uint32_t atom, enum mkp_role role,
		     uint32_t by)
{
	struct mkp_selection *selection = replacer->selection;

	if (selection->roles[atom] != MKP_ROLE_NONE)
		return;
	selection->roles[atom] = role;
	selection->edges[atom].by = by;
	replacer->work[replacer->nr_work++] = atom;
}

/* All that call the function of the original object, by their twins. */
static void add_callers(struct replacer *replacer, uint32_t orig, uint32_t patched)
{
	const struct mkp_diff *diff = replacer->selection->diff;
	const struct mkp_graph *graph = diff->orig;

	for (uint32_t i = graph->incoming_first[orig];
	     i < graph->incoming_first[orig + 1]; i++) {
		uint32_t ref = graph->incoming[i], caller, twin;

		if (classify_use(graph, ref, orig) != USE_CALL)
			continue;
		caller = mkp_whole_function(graph, graph->ref_atom[ref]);
		twin = diff->to_patched[caller];
		/* A function that is gone was called by some that changed. */
		if (twin != MKP_NO_ATOM)
			add_work(replacer, twin, MKP_ROLE_REPLACED, patched);
	}
}

static bool can_be_unhooked(const struct replacer *replacer, uint32_t orig)
{
	const struct mkp_diff *diff = replacer->selection->diff;
	const struct mkp_graph *graph = diff->orig;

	return graph->atoms[orig].class == MKP_CLASS_TEXT &&
	       !mkp_function_traceable(graph, orig) && !is_noinstr(graph, orig) &&
	       !diff->orig_visible[orig] && !mkp_function_escapes(graph, orig);
}

/* Init code ran, and is gone: there is nothing to redirect. */
static bool is_wanted(const struct mkp_diff *diff, uint32_t atom)
{
	uint8_t class = diff->patched->atoms[atom].class;

	if (class == MKP_CLASS_INIT || class == MKP_CLASS_EXIT)
		return false;
	return diff->state[atom] == MKP_STATE_CHANGED ||
	       diff->mark[atom] == MKP_MARK_INCLUDED;
}

struct readers {
	struct replacer *replacer;
	uint32_t constant;
};

static void add_reader(void *data, uint32_t function)
{
	const struct readers *readers = data;

	add_work(readers->replacer, function, MKP_ROLE_REPLACED, readers->constant);
}

/* All that read constants which changed, where nobody is left who reads the old ones. */
static struct mkp_error *add_readers(struct replacer *replacer)
{
	struct mkp_selection *selection = replacer->selection;
	const struct mkp_diff *diff = selection->diff;
	struct mkp_escape_judge *judge = NULL;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < diff->patched->nr_atoms && !error; i++) {
		struct readers add = { replacer, i };
		struct mkp_readers readers;

		if (diff->state[i] != MKP_STATE_CHANGED ||
		    !mkp_is_local_constant(diff, diff->patched, i) ||
		    mkp_constant_is_private(selection, i))
			continue;
		if (!judge)
			error = mkp_readers_judge_create(diff, &judge);
		if (!error)
			error = mkp_readers_find(selection, judge, i, &readers);
		if (!error && readers.obstacle == MKP_READERS_FINE)
			mkp_readers_for_each(diff, i, add_reader, &add);
	}
	mkp_escape_judge_destroy(judge);
	return error;
}

struct mkp_error *mkp_assign_roles(struct mkp_selection *selection)
{
	const struct mkp_diff *diff = selection->diff;
	const struct mkp_graph *graph = diff->patched;
	struct replacer replacer = { .selection = selection };
	struct mkp_error *error = mkp_array_create(
		graph->nr_atoms, sizeof(*replacer.work), &replacer.work);

	for (uint32_t i = 0; i < graph->nr_atoms && !error; i++)
		if (graph->atoms[i].kind == MKP_ATOM_FUNC &&
		    mkp_whole_function(graph, i) == i && is_wanted(diff, i))
			add_work(&replacer, i, MKP_ROLE_REPLACED, MKP_NO_ATOM);
	if (!error)
		error = add_readers(&replacer);
	for (uint32_t i = 0; i < replacer.nr_work && !error; i++) {
		uint32_t atom = replacer.work[i], orig = diff->to_orig[atom];

		if (!can_be_unhooked(&replacer, orig))
			continue;
		selection->roles[atom] = MKP_ROLE_UNHOOKED;
		add_callers(&replacer, orig, atom);
	}
	free(replacer.work);
	return error;
}

/* ---- For people ----------------------------------------------------------------------
 */

static bool any_traceable(const struct mkp_graph *graph)
{
	for (uint32_t i = 0; i < graph->nr_atoms; i++)
		if (graph->atoms[i].kind == MKP_ATOM_FUNC &&
		    mkp_function_traceable(graph, i))
			return true;
	return false;
}

static void print_escapes(FILE *stream, const struct mkp_graph *graph, uint32_t atom)
{
	const char *separator = "; its address is used by ";

	for (uint32_t i = graph->incoming_first[atom];
	     i < graph->incoming_first[atom + 1]; i++) {
		uint32_t ref = graph->incoming[i], from = graph->ref_atom[ref];
		const struct mkp_atom *user = &graph->atoms[from];

		if (!mkp_reference_escapes(graph, ref, atom))
			continue;
		if (user->kind == MKP_ATOM_ENTRY && user->owner != MKP_NO_ATOM)
			from = user->owner;
		fprintf(stream, "%s%s+%#llx", separator, mkp_atom_name(graph, from),
			(unsigned long long)graph->refs[ref].place);
		separator = ", ";
	}
}

static const char *unhookable_cause(const struct mkp_diff *diff, uint32_t orig_atom)
{
	const struct mkp_graph *graph = diff->orig;
	const struct mkp_atom *atom = &graph->atoms[orig_atom];
	enum mkp_code_origin origin = MKP_ORIGIN_UNKNOWN;

	if (is_noinstr(graph, orig_atom))
		return "noinstr";
	if (diff->orig_lines)
		origin = mkp_lines_origin(diff->orig_lines, atom->section, atom->start);
	if (origin == MKP_ORIGIN_ASSEMBLER)
		return "written in assembler";
	if (!any_traceable(graph))
		return "the whole file is built without -pg";
	return origin == MKP_ORIGIN_INLINE
		       ? "an inline function that was emitted out of line"
		       : "notrace, or an inline function emitted out of line";
}

#define MAX_LISTED 8

/* The callers that could be changed in its place, each once. */
static void print_callers(FILE *stream, const struct mkp_graph *graph, uint32_t atom)
{
	const char *separator = "; called by ";
	uint32_t last = MKP_NO_ATOM, count = 0;

	for (uint32_t i = graph->incoming_first[atom];
	     i < graph->incoming_first[atom + 1]; i++) {
		uint32_t ref = graph->incoming[i];
		uint32_t caller = mkp_whole_function(graph, graph->ref_atom[ref]);

		/* References come in the order of their atoms. */
		if (classify_use(graph, ref, atom) != USE_CALL || caller == last ||
		    !mkp_function_traceable(graph, caller))
			continue;
		last = caller;
		if (count++ >= MAX_LISTED)
			continue;
		fprintf(stream, "%s%s", separator, mkp_atom_name(graph, caller));
		separator = ", ";
	}
	if (count > MAX_LISTED)
		fprintf(stream, " and %u more", count - MAX_LISTED);
	if (count)
		fputs(", which can be redirected", stream);
}

struct mkp_error *mkp_unhookable_describe(const struct mkp_diff *diff, uint32_t orig_atom,
					  char **ret_text)
{
	const struct mkp_graph *graph = diff->orig;
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return mkp_error_nomem();
	fprintf(stream, "no ftrace call site at its entry: %s",
		unhookable_cause(diff, orig_atom));
	if (mkp_atom_symbol(graph, &graph->atoms[orig_atom])->bind != STB_LOCAL)
		fputs("; other files may call it", stream);
	print_escapes(stream, graph, orig_atom);
	print_callers(stream, graph, orig_atom);
	if (fclose(stream)) {
		free(text);
		return mkp_error_nomem();
	}
	*ret_text = text;
	return NULL;
}
