// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff/readers.h"

#include <stdio.h>

static bool leads_to_code(const void *context, uint32_t ref)
{
	const struct mkp_graph *graph = context;
	uint32_t target = graph->refs[ref].target;

	return target != MKP_NO_ATOM && graph->atoms[target].kind == MKP_ATOM_FUNC;
}

struct mkp_error *mkp_readers_judge_create(const struct mkp_diff *diff,
					   struct mkp_escape_judge **ret_judge)
{
	/* Who has it from a reader's result stays, with what it got before. */
	const struct mkp_escape_realm realm = {
		.is_ours = leads_to_code,
		.context = diff->orig,
	};

	return mkp_escape_judge_create(diff->orig, diff->orig_types, &realm, ret_judge);
}

/* Whoever gets a table of pointers to more than text may have been given it to keep. */
static bool holds_pointers(const struct mkp_graph *graph, uint32_t atom)
{
	const struct mkp_atom *it = &graph->atoms[atom];

	for (uint32_t i = it->first_ref; i < it->first_ref + it->nr_refs; i++) {
		uint32_t target = graph->refs[i].target;

		if (target == MKP_NO_ATOM || graph->atoms[target].kind != MKP_ATOM_STRING)
			return true;
	}
	return false;
}

static bool is_of_no_effect(const struct mkp_graph *graph, const struct mkp_atom *user)
{
	return user->kind == MKP_ATOM_ENTRY &&
	       (mkp_graph_special(graph, user)->row->flags & MKP_SPECIAL_DROP);
}

/* What keeps a function of the original object from being replaced. */
static enum mkp_reader_obstacle find_obstacle(const struct mkp_selection *selection,
					      uint32_t function)
{
	const struct mkp_diff *diff = selection->diff;
	const struct mkp_atom *atom = &diff->orig->atoms[function];
	uint32_t twin = diff->to_patched[function];

	if (atom->kind != MKP_ATOM_FUNC)
		return MKP_READERS_DATA;
	if (atom->class == MKP_CLASS_INIT || atom->class == MKP_CLASS_EXIT)
		return MKP_READERS_RAN;
	/* One that is gone was called by some that changed. */
	if (twin == MKP_NO_ATOM || selection->roles[twin] != MKP_ROLE_NONE)
		return MKP_READERS_FINE;
	if (diff->mark[twin] == MKP_MARK_IGNORED)
		return MKP_READERS_IGNORED;
	return atom->class == MKP_CLASS_TEXT && !atom->undecoded &&
			       mkp_function_traceable(diff->orig, function)
		       ? MKP_READERS_FINE
		       : MKP_READERS_FIXED;
}

struct mkp_error *mkp_readers_find(const struct mkp_selection *selection,
				   struct mkp_escape_judge *judge, uint32_t constant,
				   struct mkp_readers *ret_readers)
{
	const struct mkp_diff *diff = selection->diff;
	const struct mkp_graph *graph = diff->orig;
	uint32_t orig = diff->to_orig[constant];
	const struct mkp_escape_question question = {
		.callback = holds_pointers(graph, orig),
	};
	struct mkp_error *error = NULL;

	*ret_readers = (struct mkp_readers){ .atom = orig };
	if (!mkp_is_local_constant(diff, graph, orig))
		ret_readers->obstacle = MKP_READERS_ELSEWHERE;
	else if (graph->incoming_first[orig] == graph->incoming_first[orig + 1])
		ret_readers->obstacle = MKP_READERS_NONE;
	for (uint32_t i = graph->incoming_first[orig];
	     i < graph->incoming_first[orig + 1] && !error && !ret_readers->obstacle;
	     i++) {
		uint32_t ref = graph->incoming[i], from = graph->ref_atom[ref];
		struct mkp_escape escape;

		if (from == orig || is_of_no_effect(graph, &graph->atoms[from]))
			continue;
		ret_readers->atom = mkp_whole_function(graph, from);
		ret_readers->obstacle = find_obstacle(selection, ret_readers->atom);
		if (ret_readers->obstacle)
			break;
		error = mkp_escape_follow(judge, ref, &question, &escape);
		if (error)
			break;
		if (escape.verdict != MKP_ESCAPE_NONE)
			ret_readers->obstacle = MKP_READERS_ESCAPE;
		if (escape.verdict != MKP_ESCAPE_NONE || escape.passed)
			ret_readers->escape = escape;
	}
	return error;
}

void mkp_readers_for_each(const struct mkp_diff *diff, uint32_t constant,
			  void (*add)(void *data, uint32_t function), void *data)
{
	const struct mkp_graph *graph = diff->orig;
	uint32_t orig = diff->to_orig[constant];

	for (uint32_t i = graph->incoming_first[orig];
	     i < graph->incoming_first[orig + 1]; i++) {
		uint32_t from = mkp_whole_function(graph,
						   graph->ref_atom[graph->incoming[i]]);

		if (graph->atoms[from].kind == MKP_ATOM_FUNC &&
		    diff->to_patched[from] != MKP_NO_ATOM)
			add(data, diff->to_patched[from]);
	}
}

struct mkp_error *mkp_readers_describe(const struct mkp_diff *diff,
				       const struct mkp_readers *readers, char **ret_text)
{
	const struct mkp_graph *graph = diff->orig;
	const char *name = mkp_atom_name(graph, readers->atom);
	MKP_CLEANUP_FREE char *fate = NULL;
	struct mkp_error *error = NULL;
	char *text = NULL;
	int length = 0;

	if (readers->obstacle == MKP_READERS_ESCAPE || readers->escape.passed)
		error = mkp_escape_describe(graph, &readers->escape, &fate);
	if (error)
		return error;
	switch (readers->obstacle) {
	case MKP_READERS_ELSEWHERE:
		length = asprintf(&text, "other files may refer to it");
		break;
	case MKP_READERS_NONE:
		length = asprintf(&text, "nothing is seen to refer to it");
		break;
	case MKP_READERS_DATA:
		length = asprintf(&text, "%s holds its address", name);
		break;
	case MKP_READERS_RAN:
		length = asprintf(&text, "%s, init or exit code, refers to it", name);
		break;
	case MKP_READERS_FIXED:
		length = asprintf(&text, "%s, which reads it, can not be redirected",
				  name);
		break;
	case MKP_READERS_IGNORED:
		length = asprintf(&text, "%s, which reads it, is to be ignored", name);
		break;
	case MKP_READERS_ESCAPE:
	case MKP_READERS_FINE:
		if (fate)
			length = asprintf(
				&text, "its address %s in %s", fate,
				mkp_atom_name(graph, readers->escape.exit.atom));
		break;
	}
	if (length < 0)
		return mkp_error_nomem();
	*ret_text = text;
	return NULL;
}
