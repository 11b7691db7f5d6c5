// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Line neutrality. __LINE__ ends up as an immediate: `mov $1234, %esi` before a call that
 * prints a warning. A patch that adds a line moves the numbers of all code below it in
 * the file, which changes nothing.
 *
 * An immediate is a line number if it equals the line that DWARF gives for its
 * instruction, and does so on each side with that side's own line. No list of functions
 * that take line numbers is needed, and a constant that was edited can not pass for one:
 * it would have to be the number of the line that it stands on, before and after.
 *
 * The same holds for a string that has the number in it ("... at net/core/dev.c:10164",
 * made by __stringify(__LINE__)): all else being equal, it is that of the instruction
 * that refers to the string.
 *
 * An inline function may be handed the line of its caller, so the line of each inlined
 * call around the instruction counts as well.
 *
 * A macro call that spans several lines has one __LINE__ and rows in DWARF for each of
 * its lines, so a short distance is allowed, the same on both sides.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "diff/diff.h"

/* Lines of one macro call. */
#define MAX_DISTANCE 8

static const struct mkp_code_field *field_at(const struct mkp_code_scan *scan,
					     uint64_t place)
{
	size_t low = 0, high = scan->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (scan->fields[middle].offset <= place)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || place >= scan->fields[low - 1].offset + scan->fields[low - 1].width)
		return NULL;
	return &scan->fields[low - 1];
}

/* Without memory there are no immediates, and what differs is different. */
static void scan(struct mkp_line_question *question)
{
	const struct mkp_graph *graphs[2] = { question->diff->orig,
					      question->diff->patched };
	const uint32_t atoms[2] = { question->orig, question->patched };

	for (int i = 0; i < 2; i++) {
		const struct mkp_atom *atom = &graphs[i]->atoms[atoms[i]];
		struct mkp_error *error = graphs[i]->arch->scan_immediates(
			mkp_atom_data(graphs[i], atom), atom->size, &question->scans[i]);

		if (error)
			question->scans[i].count = 0;
		mkp_error_destroy(error);
	}
	question->scanned = true;
}

static bool have_lines(struct mkp_diff *diff)
{
	return diff->orig_lines && diff->patched_lines &&
	       mkp_lines_available(diff->orig_lines) &&
	       mkp_lines_available(diff->patched_lines);
}

/* Whether two numbers are those of the lines at two places of the functions. */
static bool are_lines(const struct mkp_line_question *question, uint64_t place,
		      int64_t orig_number, int64_t patched_number)
{
	const struct mkp_diff *diff = question->diff;
	const struct mkp_atom *orig = &diff->orig->atoms[question->orig];
	const struct mkp_atom *patched = &diff->patched->atoms[question->patched];
	int a[MKP_LINES_MAX_CHAIN], b[MKP_LINES_MAX_CHAIN];
	size_t na = mkp_lines_chain(diff->orig_lines, orig->section, orig->start + place,
				    a);
	size_t nb = mkp_lines_chain(diff->patched_lines, patched->section,
				    patched->start + place, b);

	for (size_t i = 0; i < na && na == nb; i++)
		if (orig_number - a[i] == patched_number - b[i] &&
		    llabs(orig_number - a[i]) <= MAX_DISTANCE)
			return true;
	return false;
}

bool mkp_line_only(struct mkp_line_question *question, uint64_t place, uint64_t *ret_end)
{
	struct mkp_diff *diff = question->diff;
	const struct mkp_atom *patched = &diff->patched->atoms[question->patched];
	const struct mkp_code_field *a, *b;

	if (patched->kind != MKP_ATOM_FUNC || !diff->patched->arch->scan_immediates)
		return false;
	if (!question->scanned)
		scan(question);
	a = field_at(&question->scans[0], place);
	b = field_at(&question->scans[1], place);
	if (!a || !b || a->offset != b->offset || a->width != b->width ||
	    a->from_start != b->from_start || a->to_end != b->to_end || a->target <= 0 ||
	    b->target <= 0)
		return false;
	if (!have_lines(diff)) {
		diff->nr_immediates++;
		return false;
	}
	*ret_end = a->offset + a->width;
	return are_lines(question, a->offset - a->from_start, a->target, b->target);
}

/* The text that a reference leads to, which ends within @ret_size bytes; or NULL. */
static const char *referred_text(const struct mkp_graph *graph, const struct mkp_ref *ref,
				 size_t *ret_size)
{
	const struct mkp_atom *atom;

	if (ref->target == MKP_NO_ATOM)
		return NULL;
	atom = &graph->atoms[ref->target];
	if (atom->kind != MKP_ATOM_STRING || (uint64_t)ref->offset >= atom->size)
		return NULL;
	*ret_size = atom->size - (uint64_t)ref->offset;
	return (const char *)mkp_atom_data(graph, atom) + ref->offset;
}

/* The decimal number that @at lies in; moves *@start to its first digit. */
static int64_t number_around(const char *text, size_t size, size_t at, size_t *start,
			     size_t *end)
{
	int64_t number = 0;

	*start = *end = at;
	while (*start > 0 && isdigit((unsigned char)text[*start - 1]))
		(*start)--;
	while (*end < size && isdigit((unsigned char)text[*end]))
		(*end)++;
	for (size_t i = *start; i < *end && number < INT32_MAX; i++)
		number = number * 10 + (text[i] - '0');
	return number;
}

bool mkp_line_only_string(struct mkp_line_question *question, const struct mkp_ref *orig,
			  const struct mkp_ref *patched)
{
	const struct mkp_diff *diff = question->diff;
	size_t size_a = 0, size_b = 0, at = 0, start_a, start_b, end_a, end_b;
	const char *a = referred_text(diff->orig, orig, &size_a);
	const char *b = referred_text(diff->patched, patched, &size_b);
	int64_t number_a, number_b;

	if (!a || !b || diff->patched->atoms[question->patched].kind != MKP_ATOM_FUNC ||
	    orig->place != patched->place)
		return false;
	while (at < size_a && at < size_b && a[at] == b[at])
		at++;
	number_a = number_around(a, size_a, at, &start_a, &end_a);
	number_b = number_around(b, size_b, at, &start_b, &end_b);
	if (start_a != start_b || start_a == end_a || start_b == end_b ||
	    size_a - end_a != size_b - end_b ||
	    memcmp(a + end_a, b + end_b, size_a - end_a) != 0)
		return false;
	/* Reading debug data takes longer than all before it. */
	if (!have_lines(question->diff)) {
		question->diff->nr_immediates++;
		return false;
	}
	return are_lines(question, patched->place, number_a, number_b);
}
