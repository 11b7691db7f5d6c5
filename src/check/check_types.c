// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Types that are not laid out as they were.
 *
 * A function that is not replaced was compiled with the new layout too and came out the
 * same, byte for byte: its code is right for either, or it would be in the patch. So what
 * is in danger is not the code of this object, but
 *
 *   - objects that exist when the patch is enabled: replaced functions would look for
 *     members where old code did not put them, and behind the end of what was allocated;
 *   - code in other files, which goes on with the old layout. A header's type is known
 *     there.
 *
 * Neither holds for a type of the .c file itself of which objects are seen nowhere but on
 * the stack: a task changes to the new functions only while no replaced function is on
 * its stack, so no replaced function meets an object of an old one.
 */
#include <dwarf.h>
#include <string.h>

#include "check/check.h"
#include "check/layouts.h"
#include "check/type_uses.h"

#define MAX_NAMES 4

struct situation {
	const struct mkp_check_context *context;
	const struct mkp_type_uses *uses;
	struct mkp_layout_changes changes;
	struct mkp_die type; /* in the original object */
	const char *source;  /* of its declaration, or NULL */
	bool header;
	const char *variable;			      /* of static storage, or NULL */
	uint32_t stack, allocator;		      /* functions, or MKP_NO_ATOM */
	uint32_t changed[MAX_NAMES], same[MAX_NAMES]; /* functions that handle it */
	size_t nr_changed, nr_same;
};

/* A function that is gone is not called any more by what stays. */
static bool is_replaced(const struct mkp_check_context *context, uint32_t orig)
{
	uint32_t whole = mkp_whole_function(context->diff->orig, orig);
	uint32_t twin = context->diff->to_patched[whole];

	return twin == MKP_NO_ATOM || mkp_is_included(context->selection, twin);
}

static void add_function(struct situation *situation, uint32_t function)
{
	bool changed = is_replaced(situation->context, function);
	uint32_t *names = changed ? situation->changed : situation->same;
	size_t *count = changed ? &situation->nr_changed : &situation->nr_same;

	if (*count < MAX_NAMES)
		names[*count] = function;
	++*count;
}

static void add_use(struct situation *situation, const struct mkp_type_use *use,
		    bool exactly)
{
	struct mkp_types *types = situation->context->orig_types;
	struct mkp_die die;

	if (use->kind == MKP_USE_STATIC && !situation->variable &&
	    mkp_dwarf_read(mkp_types_dwarf(types), use->variable, &die)) {
		mkp_dwarf_complete(mkp_types_dwarf(types), &die);
		situation->variable = die.name ? die.name : "(no name)";
	}
	if (use->kind == MKP_USE_STACK && situation->stack == MKP_NO_ATOM)
		situation->stack = use->function;
	if (use->function != MKP_NO_ATOM && exactly &&
	    mkp_type_use_is_first(situation->uses, use))
		add_function(situation, use->function);
}

static void find_uses(struct situation *situation)
{
	uint64_t types[MKP_MAX_CONTAINERS];
	size_t n = mkp_type_containers(situation->uses, situation->type.offset, types);

	for (size_t i = 0; i < n; i++) {
		size_t count;
		const struct mkp_type_use *use = mkp_type_uses_find(situation->uses,
								    types[i], &count);

		for (; count; use++, count--)
			add_use(situation, use, !i);
	}
}

/* Where it is declared; what is not known is taken to be a header. */
static void find_declaration(struct situation *situation)
{
	const struct mkp_check_context *context = situation->context;
	const char *end;

	situation->source = mkp_lines_declaration(context->orig_lines,
						  mkp_types_dwarf(context->orig_types),
						  &situation->type);
	end = situation->source ? strrchr(situation->source, ':') : NULL;
	situation->header = !end || end - situation->source < 2 || end[-1] != 'c' ||
			    end[-2] != '.';
}

/* ---- In words ------------------------------------------------------------------------
 */

static void print_names(FILE *stream, const char *intro, const struct mkp_graph *graph,
			const uint32_t *functions, size_t count)
{
	if (!count)
		return;
	fputs(intro, stream);
	for (size_t i = 0; i < count && i < MAX_NAMES; i++)
		fprintf(stream, "%s%s", i ? ", " : "",
			mkp_atom_name(graph, functions[i]));
	if (count > MAX_NAMES)
		fprintf(stream, " and %zu more", count - MAX_NAMES);
}

static void print_place(FILE *stream, const struct situation *situation)
{
	const struct mkp_graph *graph = situation->uses->graph;

	if (situation->variable)
		fprintf(stream, "; the variable %s is or has one", situation->variable);
	if (situation->header)
		fputs("; it is declared in a header, so that other files may use it",
		      stream);
	else if (situation->allocator != MKP_NO_ATOM)
		fprintf(stream, "; %s seems to allocate it",
			mkp_atom_name(graph, situation->allocator));
	else if (situation->stack != MKP_NO_ATOM && !situation->variable)
		fprintf(stream, "; objects are seen on the stack only, as in %s",
			mkp_atom_name(graph, situation->stack));
	else if (!situation->variable)
		fputs("; where its objects are is not known", stream);
}

static struct mkp_error *describe(const struct situation *situation, char **ret_text)
{
	const struct mkp_layout_changes *changes = &situation->changes;
	const struct mkp_graph *graph = situation->uses->graph;
	size_t size;
	FILE *stream = open_memstream(ret_text, &size);

	if (!stream)
		return mkp_error_nomem();
	if (changes->old_size != changes->new_size)
		fprintf(stream, "size %llu -> %llu bytes",
			(unsigned long long)changes->old_size,
			(unsigned long long)changes->new_size);
	else
		fprintf(stream, "%llu bytes as before, laid out in another way",
			(unsigned long long)changes->old_size);
	print_place(stream, situation);
	print_names(stream, "; replaced functions that handle it: ", graph,
		    situation->changed, situation->nr_changed);
	print_names(stream, "; functions that stay and handle it too: ", graph,
		    situation->same, situation->nr_same);
	if (!fclose(stream))
		return NULL;
	free(*ret_text);
	*ret_text = NULL;
	return mkp_error_nomem();
}

/* ---- The checks ----------------------------------------------------------------------
 */

static enum mkp_check_id judge(const struct situation *situation)
{
	if (!situation->variable && !situation->header &&
	    situation->allocator == MKP_NO_ATOM && situation->stack != MKP_NO_ATOM)
		return MKP_CHECK_STRUCT_LAYOUT_LOCAL;
	return situation->changes.only_added ? MKP_CHECK_STRUCT_PADDING_USED
					     : MKP_CHECK_STRUCT_LAYOUT_CHANGED;
}

static struct mkp_error *report(const struct situation *situation)
{
	MKP_CLEANUP_FREE char *name = NULL;
	MKP_CLEANUP_FREE char *text = NULL;
	struct mkp_finding details = {
		.source = situation->source,
		.changes = situation->changes.changes,
		.nr_changes = situation->changes.nr_changes,
	};
	struct mkp_error *error = describe(situation, &text);

	if (error)
		return error;
	if (asprintf(&name, "%s %s",
		     situation->type.tag == DW_TAG_union_type ? "union" : "struct",
		     situation->type.name) < 0) {
		name = NULL;
		return mkp_error_nomem();
	}
	details.symbol = name;
	return mkp_check_report_details(situation->context->report, judge(situation),
					&details, "%s", text);
}

static struct mkp_error *check_pair(const struct mkp_check_context *context,
				    const struct mkp_type_uses *uses,
				    const struct mkp_layout_pair *pair)
{
	struct situation situation = {
		.context = context,
		.uses = uses,
		.stack = MKP_NO_ATOM,
	};
	struct mkp_error *error = mkp_layout_changes_find(
		context->orig_types, context->patched_types, pair, &situation.changes);

	if (!error &&
	    (situation.changes.nr_changes ||
	     situation.changes.old_size != situation.changes.new_size) &&
	    mkp_dwarf_read(mkp_types_dwarf(context->orig_types), pair->orig,
			   &situation.type)) {
		find_declaration(&situation);
		find_uses(&situation);
		situation.allocator = mkp_type_allocator(uses,
							 situation.changes.old_size);
		error = report(&situation);
	}
	mkp_layout_changes_deinit(&situation.changes);
	return error;
}

static struct mkp_error *check_pairs(const struct mkp_check_context *context,
				     const struct mkp_layouts *orig,
				     const struct mkp_layout_pair *pairs, size_t count)
{
	struct mkp_type_uses uses;
	struct mkp_error *error;

	if (!count)
		return NULL;
	error = mkp_type_uses_collect(context->diff->orig, orig, &uses);
	if (error)
		return error;
	for (size_t i = 0; i < count && !error; i++)
		error = check_pair(context, &uses, &pairs[i]);
	mkp_type_uses_deinit(&uses);
	return error;
}

/* One look at all types serves three checks, which differ in their level. */
struct mkp_error *mkp_run_struct_layout_changed(const struct mkp_check_context *context,
						enum mkp_check_id self MKP_UNUSED)
{
	struct mkp_layouts orig = { 0 }, patched = { 0 };
	struct mkp_layout_pair *pairs = NULL;
	size_t count = 0;
	struct mkp_error *error;

	if (!context->selection->nr_replaced || !context->orig_types ||
	    !context->patched_types)
		return NULL;
	error = mkp_layouts_collect(context->orig_types, &orig);
	if (!error)
		error = mkp_layouts_collect(context->patched_types, &patched);
	if (!error)
		error = mkp_layouts_compare(&orig, &patched, &pairs, &count);
	if (!error)
		error = check_pairs(context, &orig, pairs, count);
	free(pairs);
	mkp_layouts_deinit(&orig);
	mkp_layouts_deinit(&patched);
	return error;
}
