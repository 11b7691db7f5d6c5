// SPDX-License-Identifier: GPL-2.0-or-later
#include "emit/proof.h"

#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "match/preflight.h"

/* How many names a note gives. */
#define MAX_NAMES 5

struct mkp_error *mkp_proof_init(struct mkp_proof *proof,
				 const struct mkp_check_context *context,
				 const struct mkp_match *match)
{
	*proof = (struct mkp_proof){ .context = context, .match = match };
	if (!match)
		return NULL;
	return mkp_array_create(match->graph->nr_atoms, 1, &proof->seen);
}

void mkp_proof_deinit(struct mkp_proof *proof)
{
	free(proof->seen);
	*proof = (struct mkp_proof){ 0 };
}

/* What differs, with the instructions of both sides if it is code; malloc'ed. */
static struct mkp_error *describe(const struct mkp_match *match, uint32_t atom,
				  char **ret_text)
{
	MKP_CLEANUP_FREE char *what = NULL;
	MKP_CLEANUP_FREE char *object = NULL;
	MKP_CLEANUP_FREE char *image = NULL;
	struct mkp_error *error = mkp_difference_describe(match, atom, &what);
	int length;

	if (!error)
		error = mkp_difference_show(match, atom, &object, &image);
	if (error)
		return error;
	if (object && image)
		length = asprintf(ret_text, "%s: `%s` in the object, `%s` in %s", what,
				  object, image, mkp_image_path(match->space.image));
	else
		length = asprintf(ret_text, "%s, in %s", what,
				  mkp_image_path(match->space.image));
	return length < 0 ? mkp_error_nomem() : NULL;
}

static struct mkp_error *report_mismatch(const struct mkp_proof *proof, uint32_t atom,
					 const char *source, const char *how)
{
	MKP_CLEANUP_FREE char *text = NULL;
	struct mkp_error *error = describe(proof->match, atom, &text);

	if (error)
		return error;
	return mkp_check_report(proof->context->report, MKP_CHECK_CODE_MISMATCH,
				mkp_atom_name(proof->match->graph, atom), source, "%s%s",
				how, text);
}

static bool same_symbol(const struct mkp_image_symbol *a,
			const struct mkp_image_symbol *b)
{
	return a->address == b->address && a->section == b->section;
}

struct mkp_error *mkp_proof_apply(struct mkp_proof *proof, uint32_t orig_atom,
				  const struct mkp_image_query *query,
				  const struct mkp_need *need,
				  struct mkp_image_match *found)
{
	const struct mkp_match *match = proof->match;
	const struct mkp_image_symbol *learned;

	if (!match)
		return NULL;
	/* Content says more than a size. */
	found->size_differs = false;
	learned = mkp_match_symbol(match, orig_atom);
	if (learned && found->verdict == MKP_AMBIGUOUS && found->reason != MKP_MOVING)
		mkp_image_match_symbol(match->space.image, query, learned, found);
	if (learned && found->verdict == MKP_RESOLVED &&
	    !same_symbol(learned, found->symbol))
		return mkp_check_report(proof->context->report,
					MKP_CHECK_POSITION_CONFLICT, query->name,
					mkp_need_source(need),
					"by its name it is the one at %#llx of %s, by "
					"code the one at %#llx",
					(unsigned long long)found->symbol->address,
					mkp_image_path(match->space.image),
					(unsigned long long)learned->address);
	if (proof->seen[orig_atom])
		return NULL;
	proof->seen[orig_atom] = true;
	/* What is not there at all is reported as not found. */
	if (found->verdict == MKP_NOT_FOUND || !mkp_preflight_is_wrong(match, orig_atom))
		return NULL;
	return report_mismatch(proof, orig_atom, mkp_need_source(need), "");
}

/* ---- What the patch does not name ---- */

/* Marks the original functions called @name that differ: an inlined copy of one. */
static struct mkp_error *mark_inlined(const struct mkp_proof *proof, const char *name,
				      uint32_t into)
{
	const struct mkp_graph *graph = proof->match->graph;
	size_t count;
	const struct mkp_index_entry *entries = mkp_index_find(
		&graph->object->names, mkp_hash_string(name), &count);
	MKP_CLEANUP_FREE char *how = NULL;

	for (size_t i = 0; i < count; i++) {
		uint32_t atom = graph->symbol_atom[entries[i].id];

		if (atom == MKP_NO_ATOM || proof->seen[atom] ||
		    !mkp_preflight_is_wrong(proof->match, atom) ||
		    strcmp(mkp_atom_name(graph, atom), name) != 0)
			continue;
		proof->seen[atom] = true;
		if (asprintf(&how, "inlined in %s, and differs: ",
			     mkp_atom_name(graph, into)) < 0) {
			how = NULL;
			return mkp_error_nomem();
		}
		return report_mismatch(proof, atom,
				       mkp_check_orig_source(proof->context, atom), how);
	}
	return NULL;
}

/* Asks the debug data of a replaced function, instruction by instruction, what is inlined
 * there. Only when something differs at all. */
static struct mkp_error *look_into(const struct mkp_proof *proof, uint32_t orig_atom)
{
	const struct mkp_graph *graph = proof->match->graph;
	const struct mkp_atom *atom = &graph->atoms[orig_atom];
	const uint8_t *code = mkp_atom_data(graph, atom);
	struct mkp_line_frame frames[MKP_LINES_MAX_CHAIN];
	struct mkp_error *error = NULL;
	struct mkp_insn insn;

	for (uint64_t at = 0; code && !error && at < atom->size; at += insn.length) {
		size_t count = mkp_lines_frames(proof->context->orig_lines, atom->section,
						atom->start + at, frames);

		/* The last is the function itself. */
		for (size_t i = 0; i + 1 < count && !error; i++)
			if (frames[i].function)
				error = mark_inlined(proof, frames[i].function,
						     orig_atom);
		if (!graph->arch->decode ||
		    !graph->arch->decode(code + at, atom->size - at, &insn))
			break;
	}
	return error;
}

static struct mkp_error *look_into_replaced(const struct mkp_proof *proof)
{
	const struct mkp_selection *selection = proof->context->selection;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < selection->nr_replaced && !error; i++) {
		uint32_t twin = proof->context->diff->to_orig[selection->queue[i]];

		if (twin != MKP_NO_ATOM)
			error = look_into(proof, twin);
	}
	return error;
}

/* One note for all that is left. */
static struct mkp_error *note_others(const struct mkp_proof *proof)
{
	const struct mkp_graph *graph = proof->match->graph;
	MKP_CLEANUP_FREE char *names = NULL;
	struct mkp_error *error;
	uint32_t others = 0;
	size_t size;
	FILE *stream = open_memstream(&names, &size);

	if (!stream)
		return mkp_error_nomem();
	for (uint32_t i = 0; i < graph->nr_atoms; i++) {
		if (proof->seen[i] || !mkp_preflight_is_wrong(proof->match, i))
			continue;
		if (others++ < MAX_NAMES)
			fprintf(stream, "%s%s", others == 1 ? "" : ", ",
				mkp_atom_name(graph, i));
	}
	if (others > MAX_NAMES)
		fprintf(stream, " and %u more", others - MAX_NAMES);
	if (fclose(stream))
		return mkp_error_nomem();
	if (!others)
		return NULL;
	error = mkp_check_report(
		proof->context->report, MKP_CHECK_CODE_MISMATCH_ELSEWHERE, NULL, NULL,
		"not as in %s: %s", mkp_image_path(proof->match->space.image), names);
	return error;
}

struct mkp_error *mkp_proof_report_rest(const struct mkp_proof *proof)
{
	struct mkp_error *error;

	if (!proof->match || !mkp_preflight_count_wrong(proof->match))
		return NULL;
	error = look_into_replaced(proof);
	return error ? error : note_others(proof);
}
