// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff/diff.h"

#include <stdio.h>
#include <string.h>

#include "base/array.h"

static struct mkp_error *create_map(uint32_t count, uint32_t **ret_map)
{
	struct mkp_error *error = mkp_array_create(count, sizeof(uint32_t), ret_map);

	for (uint32_t i = 0; i < count && !error; i++)
		(*ret_map)[i] = MKP_NO_ATOM;
	return error;
}

/* Whether an atom has a name that is not local: its first one, or an alias. */
static struct mkp_error *find_visible(const struct mkp_graph *graph, bool **ret_visible)
{
	const struct mkp_object *object = graph->object;
	bool *visible = NULL;
	struct mkp_error *error = mkp_array_create(graph->nr_atoms, 1, &visible);

	for (uint32_t i = object->first_global; i < object->nr_symbols && !error; i++)
		if (graph->symbol_atom[i] != MKP_NO_ATOM)
			visible[graph->symbol_atom[i]] = true;
	if (!error)
		*ret_visible = visible;
	return error;
}

struct mkp_error *mkp_diff_create(const struct mkp_graph *orig,
				  const struct mkp_graph *patched,
				  struct mkp_diff **ret_diff)
{
	struct mkp_diff *diff = NULL;
	struct mkp_error *error;

	if (orig->arch != patched->arch)
		return mkp_error_create(
			MKP_ERROR_FORMAT,
			"%s is for %s, but %s is for %s: compare objects of "
			"one kernel",
			orig->object->path, orig->arch->name, patched->object->path,
			patched->arch->name);
	error = mkp_array_create(1, sizeof(*diff), &diff);
	if (error)
		return error;
	diff->orig = orig;
	diff->patched = patched;
	error = create_map(patched->nr_atoms, &diff->to_orig);
	if (!error)
		error = create_map(orig->nr_atoms, &diff->to_patched);
	if (!error)
		error = create_map(patched->nr_atoms, &diff->equal_value);
	if (!error)
		error = create_map(patched->nr_atoms, &diff->unequal_value);
	if (!error)
		error = mkp_array_create(patched->nr_atoms, 1, &diff->tier);
	if (!error)
		error = mkp_array_create(orig->nr_atoms, 1, &diff->orig_tier);
	if (!error)
		error = mkp_array_create(patched->nr_atoms, 1, &diff->state);
	if (!error)
		error = mkp_array_create(patched->nr_atoms, sizeof(*diff->cause),
					 &diff->cause);
	if (!error)
		error = mkp_array_create(patched->nr_atoms, 1, &diff->mark);
	if (!error)
		error = mkp_array_create(orig->nr_atoms, 1, &diff->orig_mark);
	if (!error)
		error = find_visible(orig, &diff->orig_visible);
	if (!error)
		error = find_visible(patched, &diff->patched_visible);
	if (error) {
		mkp_diff_destroy(diff);
		return error;
	}
	*ret_diff = diff;
	return NULL;
}

void mkp_diff_destroy(struct mkp_diff *diff)
{
	if (!diff)
		return;
	free(diff->to_orig);
	free(diff->to_patched);
	free(diff->equal_value);
	free(diff->unequal_value);
	mkp_reaches_deinit(&diff->orig_reaches);
	mkp_reaches_deinit(&diff->patched_reaches);
	free(diff->assumed);
	free(diff->tier);
	free(diff->orig_tier);
	free(diff->state);
	free(diff->cause);
	free(diff->mark);
	free(diff->orig_mark);
	free(diff->orig_visible);
	free(diff->patched_visible);
	free(diff);
}

void mkp_diff_set_types(struct mkp_diff *diff, struct mkp_types *orig_types,
			struct mkp_types *patched_types)
{
	diff->orig_types = orig_types;
	diff->patched_types = patched_types;
}

bool mkp_diff_is_removed(const struct mkp_diff *diff, uint32_t orig_atom)
{
	return diff->to_patched[orig_atom] == MKP_NO_ATOM &&
	       diff->orig_tier[orig_atom] != MKP_TIER_AMBIGUOUS &&
	       diff->orig_mark[orig_atom] != MKP_MARK_IGNORED;
}

bool mkp_diff_is_unchanged(const struct mkp_diff *diff)
{
	for (uint32_t i = 0; i < diff->patched->nr_atoms; i++) {
		/* Records of exports and of the author are never carried. */
		if (diff->patched->atoms[i].class == MKP_CLASS_EXPORT ||
		    diff->patched->atoms[i].class == MKP_CLASS_AUTHOR)
			continue;
		if (diff->state[i] == MKP_STATE_CHANGED ||
		    diff->mark[i] == MKP_MARK_INCLUDED)
			return false;
		/* New code or data that nothing refers to does nothing; a new record for
		 * the kernel to read (an initcall, a parameter) does. */
		if (diff->state[i] == MKP_STATE_NEW &&
		    diff->patched->atoms[i].class == MKP_CLASS_REGISTER)
			return false;
	}
	for (uint32_t i = 0; i < diff->orig->nr_atoms; i++)
		if (diff->orig->atoms[i].class == MKP_CLASS_REGISTER &&
		    mkp_diff_is_removed(diff, i))
			return false;
	return true;
}

static bool is_same_scope(const struct mkp_diff *diff, uint32_t patched_atom)
{
	const struct mkp_atom *atom = &diff->patched->atoms[patched_atom];
	const struct mkp_atom *twin = &diff->orig->atoms[diff->to_orig[patched_atom]];
	const struct mkp_symbol *after = mkp_atom_symbol(diff->patched, atom);
	const struct mkp_symbol *before = mkp_atom_symbol(diff->orig, twin);

	return !after || !before || after->bind == before->bind;
}

/* Others are paired by what refers to them, if at all: who no longer does, has changed.
 */
static bool stands_alone(const struct mkp_atom *atom)
{
	return atom->kind == MKP_ATOM_FUNC || atom->class == MKP_CLASS_REGISTER;
}

bool mkp_diff_is_same(const struct mkp_diff *diff)
{
	for (uint32_t i = 0; i < diff->patched->nr_atoms; i++)
		if (diff->state[i] != MKP_STATE_SAME || diff->mark[i] != MKP_MARK_NONE ||
		    (diff->to_orig[i] != MKP_NO_ATOM && !is_same_scope(diff, i)))
			return false;
	for (uint32_t i = 0; i < diff->orig->nr_atoms; i++)
		if (stands_alone(&diff->orig->atoms[i]) && mkp_diff_is_removed(diff, i))
			return false;
	return true;
}

const char *mkp_tier_name(enum mkp_tier tier)
{
	static const char *const names[] = {
		[MKP_TIER_NONE] = "none",	    [MKP_TIER_USER] = "user",
		[MKP_TIER_NAME] = "name",	    [MKP_TIER_CANONICAL] = "canonical",
		[MKP_TIER_CONTENT] = "content",	    [MKP_TIER_REFERRER] = "referrer",
		[MKP_TIER_AMBIGUOUS] = "ambiguous",
	};

	return names[tier];
}

/* "printk", "printk+0x10", ".rodata.str1.1 \"text\"" would be too long: the section. */
static void print_target(FILE *stream, const struct mkp_graph *graph, uint32_t ref)
{
	const struct mkp_ref *it = &graph->refs[ref];
	const struct mkp_atom *atom;

	if (it->target == MKP_NO_ATOM) {
		fprintf(stream, "an absolute address");
		return;
	}
	atom = &graph->atoms[it->target];
	if (atom->kind == MKP_ATOM_STRING && (uint64_t)it->offset < atom->size) {
		const char *text = (const char *)mkp_atom_data(graph, atom) + it->offset;
		uint64_t left = atom->size - (uint64_t)it->offset;

		fprintf(stream, "the string \"%.*s\"", (int)(left < 40 ? left : 40),
			text);
		return;
	}
	fprintf(stream, "%s", mkp_atom_name(graph, it->target));
	if (it->offset)
		fprintf(stream, "%+lld", (long long)it->offset);
}

/* Whether a reader could not tell the targets of two references by their names. */
static bool same_name(const struct mkp_diff *diff, const struct mkp_cause *cause)
{
	const struct mkp_ref *a, *b;

	if (cause->orig_ref == MKP_NO_REF || cause->patched_ref == MKP_NO_REF)
		return false;
	a = &diff->orig->refs[cause->orig_ref];
	b = &diff->patched->refs[cause->patched_ref];
	return a->target != MKP_NO_ATOM && b->target != MKP_NO_ATOM &&
	       a->offset == b->offset &&
	       diff->patched->atoms[b->target].kind != MKP_ATOM_STRING &&
	       !strcmp(mkp_atom_name(diff->orig, a->target),
		       mkp_atom_name(diff->patched, b->target));
}

static void print_reference(FILE *stream, const struct mkp_diff *diff,
			    const struct mkp_cause *cause)
{
	if (cause->patched_ref != MKP_NO_REF) {
		fprintf(stream, "+%#llx refers to ", (unsigned long long)cause->place);
		print_target(stream, diff->patched, cause->patched_ref);
		if (same_name(diff, cause)) {
			fprintf(stream, ", which is not the same");
		} else if (cause->orig_ref != MKP_NO_REF) {
			fprintf(stream, " instead of ");
			print_target(stream, diff->orig, cause->orig_ref);
		}
	} else {
		fprintf(stream, "+%#llx no longer refers to ",
			(unsigned long long)cause->place);
		print_target(stream, diff->orig, cause->orig_ref);
	}
}

static void print_table(FILE *stream, const struct mkp_cause *cause)
{
	if (cause->part == MKP_NO_ATOM) {
		fprintf(stream, "%s entry for +%#llx is gone", cause->row->what,
			(unsigned long long)cause->place);
		return;
	}
	fprintf(stream, "%s entry for +%#llx differs", cause->row->what,
		(unsigned long long)cause->place);
}

static void print_sizes(FILE *stream, const struct mkp_diff *diff, uint32_t patched)
{
	uint32_t orig = diff->to_orig[patched];

	if (diff->orig->atoms[orig].size != diff->patched->atoms[patched].size)
		fprintf(stream, "%llu -> %llu bytes, ",
			(unsigned long long)diff->orig->atoms[orig].size,
			(unsigned long long)diff->patched->atoms[patched].size);
}

struct mkp_error *mkp_cause_describe(const struct mkp_diff *diff, uint32_t patched_atom,
				     char **ret_text)
{
	const struct mkp_cause *cause = &diff->cause[patched_atom];
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return mkp_error_nomem();
	if (diff->state[patched_atom] == MKP_STATE_CHANGED)
		print_sizes(stream, diff, patched_atom);
	switch (cause->kind) {
	case MKP_CAUSE_NONE:
		fprintf(stream, "not in the original");
		break;
	case MKP_CAUSE_SIZE:
		fprintf(stream, "the same up to the end of the shorter one");
		break;
	case MKP_CAUSE_BYTES:
		fprintf(stream, "differs at +%#llx", (unsigned long long)cause->place);
		break;
	case MKP_CAUSE_TARGET:
	case MKP_CAUSE_MISSING:
		print_reference(stream, diff, cause);
		break;
	case MKP_CAUSE_TABLE:
		print_table(stream, cause);
		break;
	case MKP_CAUSE_PART:
		fprintf(stream, "its part %s differs",
			mkp_atom_name(diff->patched, cause->part));
		break;
	case MKP_CAUSE_SECTION:
		fprintf(stream, "moved to a section of another kind");
		break;
	case MKP_CAUSE_PREFIX:
		fprintf(stream, "the hash of its type, in front of its entry, differs");
		break;
	}
	if (fclose(stream)) {
		free(text);
		return mkp_error_nomem();
	}
	*ret_text = text;
	return NULL;
}
