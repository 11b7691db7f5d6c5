// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copies of a function that the compiler inlined.
 *
 * An inlined copy is part of the function that it is in, and is compared with it. So a
 * copy in a function that is the same in both objects is a proof that the change has no
 * effect there: nothing to do. The copies that a patch leaves behind with their old code
 * are
 *
 *   - those in functions that the author's rules leave as they are. Whether it is the
 *     inlined function that changed, or only what is around it, debug data does not say.
 * It did, if its own copy out of line differs; it did not, if some function that has it
 *     inlined came out the same. Otherwise all that have it changed, which is told;
 *   - those in other objects, if the function is one of a header. That a header was
 * edited shows in the lines of its declarations, those behind the edited place at least.
 * An edit that moves no line is seen only if the object has a copy out of line.
 *
 * Init code ran; what it inlined does not matter.
 */
#include <dwarf.h>
#include <string.h>

#include "base/array.h"
#include "check/check.h"
#include "check/die_walk.h"

#define MAX_NAMES 4

struct copy {
	uint64_t origin;   /* the abstract instance of the inlined function */
	uint32_t function; /* atom that it is inlined in */
};

/* What became of a function that has a copy. */
enum fate {
	FATE_IN_PATCH,
	FATE_STAYS,   /* the same in both objects */
	FATE_IGNORED, /* a rule leaves it as it is */
	NR_FATES,
	FATE_NONE = NR_FATES,
};

struct checker {
	const struct mkp_check_context *context;
	struct mkp_die_walk walk;
	struct copy *copies; /* by origin and function */
	size_t nr_copies, cap_copies;
	uint64_t *changed; /* sorted: origins whose copy out of line changed */
	size_t nr_changed, cap_changed;
	bool *edited; /* [nr_files] by number of the original's line table */
	size_t nr_files;
};

/* ---- Edited headers ------------------------------------------------------------------
 *
 * Most declarations are on the same line of the same file on both sides; they say
 * nothing. Of the others, those of one name and one header are the sign.
 */

/* A declaration that only one object has at this place. */
struct declaration {
	uint64_t name;
	const struct mkp_top *top;
};

/* The entries of one object by place. */
struct places {
	const struct mkp_top **tops; /* owned */
	size_t count;
	struct declaration *alone; /* owned; by name */
	size_t nr_alone;
};

static int compare_places(const struct mkp_top *left, const struct mkp_top *right)
{
	if (left->file != right->file)
		return left->file < right->file ? -1 : 1;
	if (left->line != right->line)
		return left->line < right->line ? -1 : 1;
	return (left->tag > right->tag) - (left->tag < right->tag);
}

static int by_place(const void *a, const void *b)
{
	return compare_places(*(const struct mkp_top *const *)a,
			      *(const struct mkp_top *const *)b);
}

static int by_name(const void *a, const void *b)
{
	const struct declaration *left = a, *right = b;

	if (left->name != right->name)
		return left->name < right->name ? -1 : 1;
	return compare_places(left->top, right->top);
}

static struct mkp_error *list_places(struct mkp_types *types, struct places *places)
{
	const struct mkp_top *tops = NULL;
	size_t count = 0;
	struct mkp_error *error = mkp_types_tops(types, &tops, &count);

	if (!error)
		error = mkp_array_create(count, sizeof(struct mkp_top *), &places->tops);
	if (!error)
		error = mkp_array_create(count, sizeof(*places->alone), &places->alone);
	for (size_t i = 0; i < count && !error; i++)
		if (tops[i].line)
			places->tops[places->count++] = &tops[i];
	if (!error)
		qsort(places->tops, places->count, sizeof(struct mkp_top *), by_place);
	return error;
}

static void add_alone(struct mkp_types *types, struct places *places,
		      const struct mkp_top *top)
{
	struct mkp_die die;

	if (mkp_dwarf_read(mkp_types_dwarf(types), top->offset, &die) && die.name)
		places->alone[places->nr_alone++] = (struct declaration){
			mkp_hash_mix(die.tag, mkp_hash_string(die.name)), top
		};
}

/* Keeps what only one of them has. */
static void find_alone(const struct mkp_check_context *context, struct places *orig,
		       struct places *patched)
{
	size_t i = 0, k = 0;

	while (i < orig->count || k < patched->count) {
		int order = i == orig->count ? 1
			    : k == patched->count
				    ? -1
				    : compare_places(orig->tops[i], patched->tops[k]);

		if (order < 0)
			add_alone(context->orig_types, orig, orig->tops[i]);
		else if (order > 0)
			add_alone(context->patched_types, patched, patched->tops[k]);
		i += order <= 0;
		k += order >= 0;
	}
	qsort(orig->alone, orig->nr_alone, sizeof(*orig->alone), by_name);
	qsort(patched->alone, patched->nr_alone, sizeof(*patched->alone), by_name);
}

static bool is_header(const char *place)
{
	const char *end = place ? strrchr(place, ':') : NULL;

	return end && end - place > 2 && end[-1] == 'h' && end[-2] == '.';
}

/* Whether both are of one header. Lines of the .c file move in most patches: judge() asks
 * again, but need not look through all copies for that. */
static bool is_moved(const struct mkp_check_context *context, const struct mkp_top *orig,
		     const struct mkp_top *patched)
{
	struct mkp_die before, after;
	const char *left, *right;

	if (!mkp_dwarf_read_nameless(mkp_types_dwarf(context->orig_types), orig->offset,
				     &before) ||
	    !mkp_dwarf_read_nameless(mkp_types_dwarf(context->patched_types),
				     patched->offset, &after) ||
	    before.line == after.line)
		return false;
	before.line = after.line = 1;
	right = mkp_lines_declaration(context->patched_lines,
				      mkp_types_dwarf(context->patched_types), &after);
	if (!is_header(right))
		return false;
	left = mkp_lines_declaration(context->orig_lines,
				     mkp_types_dwarf(context->orig_types), &before);
	return left && !strcmp(left, right);
}

static struct mkp_error *mark_edited(struct checker *checker, const struct places *orig,
				     const struct places *patched)
{
	uint32_t last = orig->count ? orig->tops[orig->count - 1]->file : 0;
	struct mkp_error *error;

	/* More files than entries are none. */
	checker->nr_files = last < orig->count + 65536 ? (size_t)last + 1 : 1;
	error = mkp_array_create(checker->nr_files, 1, &checker->edited);
	for (size_t i = 0, k = 0; i < orig->nr_alone && !error; i++) {
		const struct declaration *it = &orig->alone[i];

		while (k < patched->nr_alone && patched->alone[k].name < it->name)
			k++;
		if (k == patched->nr_alone || patched->alone[k].name != it->name)
			continue;
		if (it->top->file < checker->nr_files &&
		    !checker->edited[it->top->file] &&
		    is_moved(checker->context, it->top, patched->alone[k].top))
			checker->edited[it->top->file] = true;
		/* Several of one name are compared in the order of their lines. */
		k++;
	}
	return error;
}

static struct mkp_error *find_edited(struct checker *checker)
{
	const struct mkp_check_context *context = checker->context;
	struct places orig = { 0 }, patched = { 0 };
	struct mkp_error *error = list_places(context->orig_types, &orig);

	if (!error)
		error = list_places(context->patched_types, &patched);
	if (!error) {
		find_alone(context, &orig, &patched);
		error = mark_edited(checker, &orig, &patched);
	}
	free(orig.tops);
	free(orig.alone);
	free(patched.tops);
	free(patched.alone);
	return error;
}

/* ---- Copies --------------------------------------------------------------------------
 */

static enum fate fate_of(const struct checker *checker, uint32_t function)
{
	const struct mkp_diff *diff = checker->context->diff;
	uint32_t whole = mkp_whole_function(diff->orig, function);
	uint32_t twin = diff->to_patched[whole];

	if (diff->orig->atoms[whole].class != MKP_CLASS_TEXT)
		return FATE_NONE;
	if (twin == MKP_NO_ATOM || mkp_is_included(checker->context->selection, twin))
		return FATE_IN_PATCH;
	if (diff->mark[twin] == MKP_MARK_IGNORED)
		return FATE_IGNORED;
	return diff->state[twin] == MKP_STATE_SAME ? FATE_STAYS : FATE_NONE;
}

/* A clone may differ because its callers do; the function itself has no such name. */
static bool is_plain_copy(const struct checker *checker, uint32_t function)
{
	return !strchr(mkp_atom_name(checker->context->diff->orig, function), '.');
}

static struct mkp_error *add_changed(struct checker *checker, uint64_t origin)
{
	struct mkp_error *error = mkp_array_reserve(
		&checker->changed, &checker->cap_changed, checker->nr_changed + 1,
		sizeof(*checker->changed));

	if (!error)
		checker->changed[checker->nr_changed++] = origin;
	return error;
}

static bool is_changed(const struct checker *checker, uint32_t function)
{
	const struct mkp_diff *diff = checker->context->diff;
	uint32_t twin = diff->to_patched[function];

	return twin != MKP_NO_ATOM && diff->state[twin] == MKP_STATE_CHANGED &&
	       is_plain_copy(checker, function);
}

static struct mkp_error *add_copy(struct checker *checker, uint64_t origin,
				  uint32_t function)
{
	struct mkp_error *error = mkp_array_reserve(
		&checker->copies, &checker->cap_copies, checker->nr_copies + 1,
		sizeof(*checker->copies));

	if (!error)
		checker->copies[checker->nr_copies++] = (struct copy){ origin, function };
	return error;
}

/* The copy out of line counts as one, too. */
static struct mkp_error *visit(struct mkp_die_walk *walk, struct mkp_die *die)
{
	struct checker *checker = walk->data;
	uint64_t origin = die->origin ? die->origin : die->offset;
	struct mkp_error *error = NULL;

	if (walk->function == MKP_NO_ATOM ||
	    (die->tag != DW_TAG_inlined_subroutine && die->tag != DW_TAG_subprogram))
		return NULL;
	if (die->tag == DW_TAG_subprogram && is_changed(checker, walk->function))
		error = add_changed(checker, origin);
	return error ? error : add_copy(checker, origin, walk->function);
}

static int compare_copies(const void *a, const void *b)
{
	const struct copy *left = a, *right = b;

	if (left->origin != right->origin)
		return left->origin < right->origin ? -1 : 1;
	return (left->function > right->function) - (left->function < right->function);
}

static int compare_origins(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* ---- One inlined function ------------------------------------------------------------
 */

struct inlined {
	struct mkp_die die;
	const char *source;
	bool changed; /* its copy out of line */
	uint32_t names[NR_FATES][MAX_NAMES];
	size_t counts[NR_FATES];
};

static void print_names(FILE *stream, const struct checker *checker,
			const struct inlined *inlined, enum fate fate)
{
	for (size_t i = 0; i < inlined->counts[fate] && i < MAX_NAMES; i++)
		fprintf(stream, "%s%s", i ? ", " : "",
			mkp_atom_name(checker->context->diff->orig,
				      inlined->names[fate][i]));
	if (inlined->counts[fate] > MAX_NAMES)
		fprintf(stream, " and %zu more", inlined->counts[fate] - MAX_NAMES);
}

static struct mkp_error *report(const struct checker *checker,
				const struct inlined *inlined, enum mkp_check_id id,
				const char *before, enum fate fate, const char *after)
{
	MKP_CLEANUP_FREE char *names = NULL;
	size_t size;
	FILE *stream = open_memstream(&names, &size);

	if (!stream)
		return mkp_error_nomem();
	print_names(stream, checker, inlined, fate);
	if (fclose(stream))
		return mkp_error_nomem();
	return mkp_check_report(checker->context->report, id, inlined->die.name,
				inlined->source, "%s%s%s", before, names, after);
}

/* Whether no function that has it is the same. */
static bool all_changed(const struct inlined *inlined)
{
	return inlined->counts[FATE_IN_PATCH] && !inlined->counts[FATE_STAYS];
}

static bool is_edited(const struct checker *checker, const struct inlined *inlined)
{
	return inlined->die.file < checker->nr_files &&
	       checker->edited[inlined->die.file];
}

/* Whether there may be anything to say: it takes the line table to know the file. */
static bool is_suspect(const struct checker *checker, const struct inlined *inlined)
{
	return inlined->changed ||
	       (all_changed(inlined) &&
		(inlined->counts[FATE_IGNORED] || is_edited(checker, inlined)));
}

static struct mkp_error *judge(const struct checker *checker,
			       const struct inlined *inlined)
{
	bool all = all_changed(inlined);
	bool edited = is_edited(checker, inlined);
	struct mkp_error *error = NULL;

	if (inlined->counts[FATE_IGNORED] && (inlined->changed || all))
		error = report(checker, inlined, MKP_CHECK_INLINED_LEFT_BEHIND,
			       inlined->changed
				       ? "changed, and its old code is inlined in "
				       : "may have changed, since no function that has "
					 "it inlined is the same, and is inlined in ",
			       FATE_IGNORED, ", which a rule leaves as it is");
	if (!error && inlined->changed && inlined->counts[FATE_STAYS])
		error = report(checker, inlined, MKP_CHECK_INLINED_SAME,
			       "its own copy changed, but those inlined in ", FATE_STAYS,
			       " did not: the functions are the same in both objects");
	if (!error && is_header(inlined->source) && (inlined->changed || (edited && all)))
		error = report(checker, inlined, MKP_CHECK_HEADER_FUNCTION,
			       inlined->changed
				       ? "changed in a header; its code here is in "
				       : "its header was edited, and all that have it "
					 "inlined here changed: ",
			       FATE_IN_PATCH, "; other objects may have copies");
	return error;
}

static struct mkp_error *check_inlined(const struct checker *checker,
				       const struct copy *copies, size_t count)
{
	const struct mkp_check_context *context = checker->context;
	struct inlined inlined = { 0 };

	if (!mkp_dwarf_read(mkp_types_dwarf(context->orig_types), copies->origin,
			    &inlined.die) ||
	    !inlined.die.name)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		enum fate fate = fate_of(checker, copies[i].function);

		if (fate == FATE_NONE ||
		    (i && copies[i].function == copies[i - 1].function))
			continue;
		if (inlined.counts[fate] < MAX_NAMES)
			inlined.names[fate][inlined.counts[fate]] = copies[i].function;
		inlined.counts[fate]++;
	}
	inlined.changed = checker->nr_changed &&
			  bsearch(&copies->origin, checker->changed, checker->nr_changed,
				  sizeof(*checker->changed), compare_origins);
	if (!is_suspect(checker, &inlined))
		return NULL;
	inlined.source = mkp_lines_declaration(
		context->orig_lines, mkp_types_dwarf(context->orig_types), &inlined.die);
	return judge(checker, &inlined);
}

static struct mkp_error *check_copies(struct checker *checker)
{
	struct mkp_error *error = mkp_die_walk(&checker->walk);

	if (checker->nr_copies)
		qsort(checker->copies, checker->nr_copies, sizeof(*checker->copies),
		      compare_copies);
	if (checker->nr_changed)
		qsort(checker->changed, checker->nr_changed, sizeof(*checker->changed),
		      compare_origins);
	for (size_t i = 0, end; i < checker->nr_copies && !error; i = end) {
		for (end = i + 1;
		     end < checker->nr_copies &&
		     checker->copies[end].origin == checker->copies[i].origin;
		     end++)
			;
		error = check_inlined(checker, &checker->copies[i], end - i);
	}
	return error;
}

/* ---- Whether there is anything to look for -------------------------------------------
 */

/* A function that changed and may have other copies. */
static bool has_copies(const struct checker *checker, const struct mkp_top *top)
{
	const struct mkp_check_context *context = checker->context;
	struct mkp_types *types = context->orig_types;
	struct mkp_die die;
	uint32_t function;

	if (top->tag != DW_TAG_subprogram ||
	    (top->have & (MKP_DIE_DECLARATION | MKP_DIE_INLINE)) ||
	    !mkp_dwarf_read_nameless(mkp_types_dwarf(types), top->offset, &die))
		return false;
	function = mkp_die_function(context->diff->orig, types, &die);
	if (function == MKP_NO_ATOM || !is_changed(checker, function))
		return false;
	return top->is_copy ||
	       is_header(mkp_check_source(context, context->diff->to_patched[function]));
}

static bool any_has_copies(const struct checker *checker)
{
	const struct mkp_top *tops = NULL;
	size_t count = 0;
	struct mkp_error *error = mkp_types_tops(checker->context->orig_types, &tops,
						 &count);

	mkp_error_destroy(error);
	for (size_t i = 0; i < count; i++)
		if (has_copies(checker, &tops[i]))
			return true;
	return false;
}

static bool any_ignored(const struct mkp_diff *diff)
{
	for (uint32_t i = 0; i < diff->patched->nr_atoms; i++)
		if (diff->mark[i] == MKP_MARK_IGNORED &&
		    diff->patched->atoms[i].kind == MKP_ATOM_FUNC)
			return true;
	return false;
}

static bool any_edited(const struct checker *checker)
{
	return checker->nr_files && memchr(checker->edited, 1, checker->nr_files);
}

struct mkp_error *mkp_run_inlined_left_behind(const struct mkp_check_context *context,
					      enum mkp_check_id self MKP_UNUSED)
{
	struct checker checker = {
		.context = context,
		.walk = { .graph = context->diff->orig,
			  .types = context->orig_types,
			  .visit = visit,
			  .data = &checker },
	};
	struct mkp_error *error = NULL;

	if (!context->selection->nr_replaced || !context->orig_types ||
	    !context->patched_types)
		return NULL;
	/* Files are numbers of one line table. */
	if (mkp_dwarf_nr_units(mkp_types_dwarf(context->orig_types)) == 1)
		error = find_edited(&checker);
	if (!error && (any_edited(&checker) || any_ignored(context->diff) ||
		       any_has_copies(&checker)))
		error = check_copies(&checker);
	free(checker.copies);
	free(checker.changed);
	free(checker.edited);
	return error;
}
