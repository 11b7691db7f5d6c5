// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Comparison: is each pair the same?
 *
 * Two atoms are the same if the bytes outside of their references are, and each reference
 * of one has its counterpart at the same place that means the same: it leads to the twin,
 * at the same offset. Names play no part here. Values (strings, constants, switch tables)
 * are followed and compared in turn.
 *
 * To a function belong the entries of special sections that describe it: a changed fixup
 * address, feature number or static key leaves the function's own bytes as they were and
 * changes what it does. And a part that was split off can not be replaced on its own; if
 * it changed, its function did.
 *
 * Line numbers are no content: those in tables (`bug_entry.line`, the lineno of dynamic
 * debug's records) are masked, those in code are recognized (line_neutral.c).
 */
#include <string.h>

#include "base/array.h"
#include "diff/diff.h"
#include "diff/names.h"

#define MAX_DEPTH 16

/* A 32-bit little-endian word of which some bits are no content. */
struct mask {
	uint64_t offset;
	uint32_t bits; /* 0: there is none */
};

/* struct _ddebug (include/linux/dynamic_debug.h): four pointers, then lineno:18. */
static const struct {
	const char *section;
	struct mask mask;
} record_masks[] = {
	{ "__dyndbg", { 32, 0x3ffff } },
	{ "__verbose", { 32, 0x3ffff } },
	/* struct codetag (include/linux/codetag.h, v6.10): flags, lineno. */
	{ "alloc_tags", { 4, 0xffffffff } },
	{ ".codetag.alloc_tags", { 4, 0xffffffff } },
};

static struct mask atom_mask(const struct mkp_graph *graph, const struct mkp_atom *atom)
{
	const char *section = graph->object->sections[atom->section].name;
	const struct mkp_special_row *row;

	if (atom->kind == MKP_ATOM_ENTRY) {
		row = mkp_graph_special(graph, atom)->row;
		for (size_t i = 0; i < MKP_SPECIAL_MAX_SIZES && row->mask; i++)
			if (row->sizes[i] == atom->size)
				return (struct mask){ row->mask_at[i], row->mask };
		return (struct mask){ 0 };
	}
	for (size_t i = 0; i < MKP_ARRAY_SIZE(record_masks); i++)
		if (atom->class == MKP_CLASS_ONCE &&
		    !strcmp(record_masks[i].section, section))
			return record_masks[i].mask;
	return (struct mask){ 0 };
}

/* Bytes of one side; memory that the file does not hold (.bss) reads as zero. */
struct content {
	const uint8_t *data;
	struct mask mask;
};

static uint8_t byte_at(const struct content *content, uint64_t at)
{
	uint64_t in_mask = at - content->mask.offset;
	uint8_t byte = content->data ? content->data[at] : 0;

	if (content->mask.bits && in_mask < 4)
		byte &= ~(content->mask.bits >> (8 * in_mask));
	return byte;
}

/* The first difference in [from, to), or @to. */
static uint64_t first_difference(const struct content *a, const struct content *b,
				 uint64_t from, uint64_t to)
{
	if (from >= to ||
	    (a->data && b->data && !memcmp(a->data + from, b->data + from, to - from)) ||
	    (!a->data && !b->data))
		return to;
	while (from < to && byte_at(a, from) == byte_at(b, from))
		from++;
	return from;
}

static bool types_equal(const struct mkp_ref *a, const struct mkp_ref *b)
{
	if (a->type == b->type)
		return true;
	/* PC32 and PLT32, a relocation and a displacement: the same to the processor. */
	return (a->flags & b->flags & MKP_REF_PCREL) && a->width == b->width;
}

static bool strings_equal(const struct mkp_diff *diff, const struct mkp_ref *orig,
			  const struct mkp_ref *patched)
{
	const struct mkp_atom *a = &diff->orig->atoms[orig->target];
	const struct mkp_atom *b = &diff->patched->atoms[patched->target];
	uint64_t at_a = (uint64_t)orig->offset, at_b = (uint64_t)patched->offset;

	if (at_a > a->size || at_b > b->size || a->size - at_a != b->size - at_b)
		return false;
	return a->size == at_a ||
	       !memcmp(mkp_atom_data(diff->orig, a) + at_a,
		       mkp_atom_data(diff->patched, b) + at_b, a->size - at_a);
}

static bool entries_equal(struct mkp_diff *diff, uint32_t orig, uint32_t patched,
			  unsigned int depth, struct mkp_cause *ret_cause);

/*
 * Takes two values to be equal until a difference is found. Then all that was found equal
 * meanwhile may not be.
 */
static bool assume_equal(struct mkp_diff *diff, uint32_t orig, uint32_t patched,
			 unsigned int depth)
{
	size_t before = diff->nr_assumed;
	struct mkp_error *error = mkp_array_reserve(&diff->assumed, &diff->cap_assumed,
						    before + 1, sizeof(*diff->assumed));
	bool equal;

	/* Without memory: not proved equal. */
	mkp_error_destroy(error);
	if (error)
		return false;
	diff->equal_value[patched] = orig;
	diff->assumed[diff->nr_assumed++] = patched;
	equal = mkp_content_equal(diff, orig, patched, depth, NULL) &&
		entries_equal(diff, orig, patched, depth, NULL);
	while (!equal && diff->nr_assumed > before)
		diff->equal_value[diff->assumed[--diff->nr_assumed]] = MKP_NO_ATOM;
	if (!before)
		diff->nr_assumed = 0;
	return equal;
}

static bool values_equal(struct mkp_diff *diff, uint32_t orig, uint32_t patched,
			 unsigned int depth)
{
	const struct mkp_atom *a = &diff->orig->atoms[orig];
	const struct mkp_atom *b = &diff->patched->atoms[patched];

	if (diff->equal_value[patched] == orig)
		return true;
	if (a->class != b->class || depth > MAX_DEPTH)
		return false;
	if (a->kind == MKP_ATOM_OBJECT && b->kind == MKP_ATOM_OBJECT &&
	    mkp_name_canonical_hash(mkp_atom_name(diff->orig, orig)) !=
		    mkp_name_canonical_hash(mkp_atom_name(diff->patched, patched)))
		return false;
	return assume_equal(diff, orig, patched, depth + 1);
}

/* ---- Stretches without symbols -------------------------------------------------------
 *
 * The tables of all switches, in an object without a section for each. They are compared
 * as a whole; where that differs, it is asked what of it the code can read.
 */

/* What a reference reads of a stretch; false: that is not known. */
static bool find_window(const struct mkp_graph *graph, const struct mkp_ref *ref,
			struct mkp_reaches *reaches, uint64_t *ret_start,
			uint64_t *ret_end)
{
	struct mkp_error *error = mkp_reach_window(graph, (uint32_t)(ref - graph->refs),
						   reaches, ret_start, ret_end);
	bool found = !error && *ret_start < *ret_end;

	/* Without memory: not proved equal. */
	mkp_error_destroy(error);
	return found;
}

/* Two windows of one size. */
struct windows {
	uint32_t orig, patched; /* atoms */
	uint64_t a, b, size;	/* where they start in these */
};

static bool windows_equal(struct mkp_diff *diff, const struct windows *windows,
			  unsigned int depth)
{
	const struct mkp_atom *a = &diff->orig->atoms[windows->orig];
	const struct mkp_atom *b = &diff->patched->atoms[windows->patched];
	const uint8_t *x = mkp_atom_data(diff->orig, a),
		      *y = mkp_atom_data(diff->patched, b);
	uint32_t i = mkp_reach_first_ref(diff->orig, a, windows->a);
	uint32_t k = mkp_reach_first_ref(diff->patched, b, windows->b);
	uint64_t done = 0;

	for (;; i++, k++) {
		const struct mkp_ref *ra = &diff->orig->refs[i],
				     *rb = &diff->patched->refs[k];
		bool more_a = i < a->first_ref + a->nr_refs &&
			      ra->place < windows->a + windows->size;
		bool more_b = k < b->first_ref + b->nr_refs &&
			      rb->place < windows->b + windows->size;
		uint64_t place = more_a ? ra->place - windows->a : windows->size;

		/* One that reaches over an end is in no window's place. */
		if (more_a != more_b || place < done || place > windows->size || !x ||
		    !y ||
		    memcmp(x + windows->a + done, y + windows->b + done, place - done))
			return false;
		if (!more_a)
			return true;
		done = place + ra->width;
		if (rb->place - windows->b != place || done > windows->size ||
		    !mkp_refs_equal(diff, ra, rb, depth + 1))
			return false;
	}
}

static bool stretches_equal(struct mkp_diff *diff, const struct mkp_ref *orig,
			    const struct mkp_ref *patched, unsigned int depth)
{
	struct windows windows = { .orig = orig->target, .patched = patched->target };
	uint64_t end_a, end_b;

	if (orig->offset == patched->offset &&
	    diff->unequal_value[patched->target] != orig->target) {
		if (values_equal(diff, orig->target, patched->target, depth))
			return true;
		/* Deeper down, what is being compared is taken to be equal. */
		if (!depth)
			diff->unequal_value[patched->target] = orig->target;
	}
	if (depth > MAX_DEPTH ||
	    !find_window(diff->orig, orig, &diff->orig_reaches, &windows.a, &end_a) ||
	    !find_window(diff->patched, patched, &diff->patched_reaches, &windows.b,
			 &end_b))
		return false;
	windows.size = end_a - windows.a;
	return end_b - windows.b == windows.size && windows_equal(diff, &windows, depth);
}

/* ---- References ----------------------------------------------------------------------
 */

bool mkp_refs_equal(struct mkp_diff *diff, const struct mkp_ref *orig,
		    const struct mkp_ref *patched, unsigned int depth)
{
	const struct mkp_atom *a, *b;

	if ((orig->flags & patched->flags & MKP_REF_NOTHING))
		return true;
	if (!types_equal(orig, patched))
		return false;
	if (orig->target == MKP_NO_ATOM || patched->target == MKP_NO_ATOM)
		return orig->target == patched->target && orig->offset == patched->offset;
	a = &diff->orig->atoms[orig->target];
	b = &diff->patched->atoms[patched->target];
	if (a->kind == MKP_ATOM_STRING && b->kind == MKP_ATOM_STRING)
		return strings_equal(diff, orig, patched);
	if (mkp_atom_is_stretch(a) && mkp_atom_is_stretch(b))
		return stretches_equal(diff, orig, patched, depth);
	if (orig->offset != patched->offset)
		return false;
	if (mkp_atom_is_value(diff->orig, a) && mkp_atom_is_value(diff->patched, b))
		return values_equal(diff, orig->target, patched->target, depth);
	/* Entries have no identity either; one that refers to another is rare. */
	if (a->kind == MKP_ATOM_ENTRY && b->kind == MKP_ATOM_ENTRY)
		return values_equal(diff, orig->target, patched->target, depth);
	return diff->to_orig[patched->target] == orig->target;
}

static bool differ(struct mkp_cause *ret_cause, enum mkp_cause_kind kind, uint64_t place,
		   uint32_t orig_ref, uint32_t patched_ref)
{
	if (ret_cause)
		*ret_cause = (struct mkp_cause){ .kind = kind,
						 .place = place,
						 .orig_ref = orig_ref,
						 .patched_ref = patched_ref,
						 .part = MKP_NO_ATOM,
						 .orig_part = MKP_NO_ATOM };
	return false;
}

/* One comparison of content. */
struct comparison {
	struct mkp_diff *diff;
	const struct mkp_atom *orig, *patched;
	struct content a, b;
	struct mkp_line_question lines;
	bool line_only; /* some immediates differ by line numbers */
};

/* The first difference in [from, to) that counts, or @to. */
static uint64_t bytes_differ(struct comparison *comparison, uint64_t from, uint64_t to)
{
	for (;;) {
		uint64_t end,
			at = first_difference(&comparison->a, &comparison->b, from, to);

		if (at >= to || !mkp_line_only(&comparison->lines, at, &end))
			return at;
		comparison->line_only = true;
		from = end;
	}
}

static bool refs_agree(struct comparison *comparison, const struct mkp_ref *orig,
		       const struct mkp_ref *patched, unsigned int depth)
{
	if (mkp_refs_equal(comparison->diff, orig, patched, depth))
		return true;
	if (!mkp_line_only_string(&comparison->lines, orig, patched))
		return false;
	comparison->line_only = true;
	return true;
}

static bool compare_content(struct comparison *comparison, unsigned int depth,
			    struct mkp_cause *ret_cause)
{
	struct mkp_diff *diff = comparison->diff;
	const struct mkp_atom *a = comparison->orig, *b = comparison->patched;
	uint64_t end = a->size < b->size ? a->size : b->size, done = 0, at;

	for (uint32_t i = 0; i < a->nr_refs || i < b->nr_refs; i++) {
		uint32_t ia = i < a->nr_refs ? a->first_ref + i : MKP_NO_REF;
		uint32_t ib = i < b->nr_refs ? b->first_ref + i : MKP_NO_REF;
		const struct mkp_ref *ra = ia != MKP_NO_REF ? &diff->orig->refs[ia]
							    : NULL;
		const struct mkp_ref *rb = ib != MKP_NO_REF ? &diff->patched->refs[ib]
							    : NULL;
		uint64_t place_a = ra ? ra->place : UINT64_MAX;
		uint64_t place_b = rb ? rb->place : UINT64_MAX;
		uint64_t place = place_a < place_b ? place_a : place_b;

		at = bytes_differ(comparison, done, place < end ? place : end);
		if (at < place && at < end)
			return differ(ret_cause, MKP_CAUSE_BYTES, at, MKP_NO_REF,
				      MKP_NO_REF);
		if (place >= end && a->size != b->size)
			break;
		if (place_a != place_b)
			return differ(ret_cause, MKP_CAUSE_MISSING, place,
				      place_a < place_b ? ia : MKP_NO_REF,
				      place_b < place_a ? ib : MKP_NO_REF);
		if (!refs_agree(comparison, ra, rb, depth))
			return differ(ret_cause, MKP_CAUSE_TARGET, place, ia, ib);
		done = place + ra->width;
	}
	at = bytes_differ(comparison, done, end);
	if (at < end)
		return differ(ret_cause, MKP_CAUSE_BYTES, at, MKP_NO_REF, MKP_NO_REF);
	if (a->size != b->size)
		return differ(ret_cause, MKP_CAUSE_SIZE, end, MKP_NO_REF, MKP_NO_REF);
	return true;
}

bool mkp_content_equal(struct mkp_diff *diff, uint32_t orig, uint32_t patched,
		       unsigned int depth, struct mkp_cause *ret_cause)
{
	const struct mkp_atom *a = &diff->orig->atoms[orig];
	const struct mkp_atom *b = &diff->patched->atoms[patched];
	struct comparison comparison = {
		.diff = diff,
		.orig = a,
		.patched = b,
		.a = { mkp_atom_data(diff->orig, a), atom_mask(diff->orig, a) },
		.b = { mkp_atom_data(diff->patched, b), atom_mask(diff->patched, b) },
		.lines = { .diff = diff, .orig = orig, .patched = patched },
	};
	bool equal = compare_content(&comparison, depth, ret_cause);

	if (equal && comparison.line_only)
		diff->nr_line_only++;
	mkp_code_scan_deinit(&comparison.lines.scans[0]);
	mkp_code_scan_deinit(&comparison.lines.scans[1]);
	return equal;
}

/* The next entry of @atom from *@at on that counts as content, or MKP_NO_ATOM. */
static uint32_t next_entry(const struct mkp_graph *graph, uint32_t atom, uint32_t *at)
{
	while (*at < graph->entries_first[atom + 1]) {
		uint32_t entry = graph->entries[(*at)++];
		const struct mkp_special_section *special = mkp_graph_special(
			graph, &graph->atoms[entry]);

		if (special->row->flags & MKP_SPECIAL_COMPARE)
			return entry;
	}
	return MKP_NO_ATOM;
}

struct entry {
	uint32_t row;	/* in arch->special */
	uint64_t place; /* in the code */
	uint32_t atom;
};

static int compare_places(const struct entry *a, const struct entry *b)
{
	if (a->row != b->row)
		return a->row < b->row ? -1 : 1;
	return (a->place > b->place) - (a->place < b->place);
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = compare_places(x, y);

	return order ? order : (x->atom > y->atom) - (x->atom < y->atom);
}

/* The entries of one atom by kind of table and place in the code; NULL without memory. */
static struct entry *sorted_entries(const struct mkp_graph *graph, uint32_t atom,
				    size_t *ret_count)
{
	uint32_t at = graph->entries_first[atom];
	struct entry *list = calloc(graph->entries_first[atom + 1] - at + 1,
				    sizeof(*list));
	size_t count = 0;
	uint32_t next;

	while (list && (next = next_entry(graph, atom, &at)) != MKP_NO_ATOM) {
		const struct mkp_atom *entry = &graph->atoms[next];
		const struct mkp_special_section *special = mkp_graph_special(graph,
									      entry);
		const struct mkp_ref *code = mkp_atom_ref_at(graph, entry,
							     special->row->code_field);

		list[count++] = (struct entry){ special->row - graph->arch->special,
						code ? (uint64_t)code->offset : 0, next };
	}
	if (count > 1)
		qsort(list, count, sizeof(*list), compare_entries);
	*ret_count = count;
	return list;
}

/* The first entries that are not the same; NULL: the list of that side has ended. */
static void table_differs(const struct mkp_diff *diff, const struct entry *orig,
			  const struct entry *patched, struct mkp_cause *ret_cause)
{
	int order = !orig ? 1 : !patched ? -1 : compare_places(orig, patched);
	/* One that is gone shifts those behind it. */
	const struct entry *entry = order < 0 ? orig : patched;

	if (!ret_cause)
		return;
	differ(ret_cause, MKP_CAUSE_TABLE, entry->place, MKP_NO_REF, MKP_NO_REF);
	ret_cause->row = &diff->patched->arch->special[entry->row];
	if (order >= 0)
		ret_cause->part = patched->atom;
	if (order <= 0)
		ret_cause->orig_part = orig->atom;
}

/* One row may stand for many tables, of which the name says what they are about. */
static const char *table_name(const struct mkp_graph *graph, uint32_t entry)
{
	return graph->object->sections[graph->atoms[entry].section].name;
}

static bool entries_equal(struct mkp_diff *diff, uint32_t orig, uint32_t patched,
			  unsigned int depth, struct mkp_cause *ret_cause)
{
	size_t na = 0, nb = 0, i = 0;
	struct entry *a, *b;
	bool equal;

	if (diff->orig->entries_first[orig] == diff->orig->entries_first[orig + 1] &&
	    diff->patched->entries_first[patched] ==
		    diff->patched->entries_first[patched + 1])
		return true;
	a = sorted_entries(diff->orig, orig, &na);
	b = sorted_entries(diff->patched, patched, &nb);
	/* Without memory: not proved equal. */
	while (a && b && i < na && i < nb && a[i].row == b[i].row &&
	       !strcmp(table_name(diff->orig, a[i].atom),
		       table_name(diff->patched, b[i].atom)) &&
	       mkp_content_equal(diff, a[i].atom, b[i].atom, depth, NULL))
		i++;
	equal = a && b && i == na && i == nb;
	if (!equal && a && b)
		table_differs(diff, i < na ? &a[i] : NULL, i < nb ? &b[i] : NULL,
			      ret_cause);
	free(a);
	free(b);
	return equal;
}

/* Memory of one kind stays in that kind: .data to .data..read_mostly is no change. */
static bool classes_equal(const struct mkp_atom *a, const struct mkp_atom *b)
{
	return a->class == b->class;
}

/*
 * What stands in front of the entries. Padding is a matter of the section, not of the
 * function; but callers by address compare the hash of the type, if there is one.
 */
static bool prefixes_equal(const struct mkp_diff *diff, const struct mkp_atom *orig,
			   const struct mkp_atom *patched)
{
	bool padding = mkp_prefix_is_padding(diff->orig, orig);

	if (padding != mkp_prefix_is_padding(diff->patched, patched))
		return false;
	return padding ||
	       (orig->prefix == patched->prefix &&
		!memcmp(diff->orig->object->sections[orig->section].data + orig->start -
				orig->prefix,
			diff->patched->object->sections[patched->section].data +
				patched->start - patched->prefix,
			orig->prefix));
}

static void compare_pair(struct mkp_diff *diff, uint32_t orig, uint32_t patched)
{
	const struct mkp_atom *a = &diff->orig->atoms[orig];
	const struct mkp_atom *b = &diff->patched->atoms[patched];
	struct mkp_cause *cause = &diff->cause[patched];
	bool same = mkp_content_equal(diff, orig, patched, 0, cause);

	if (same && (b->kind == MKP_ATOM_FUNC || b->class == MKP_CLASS_TEXT))
		same = entries_equal(diff, orig, patched, 0, cause);
	if (same && b->kind == MKP_ATOM_FUNC && !prefixes_equal(diff, a, b)) {
		differ(cause, MKP_CAUSE_PREFIX, 0, MKP_NO_REF, MKP_NO_REF);
		same = false;
	}
	if (same && !classes_equal(a, b)) {
		differ(cause, MKP_CAUSE_SECTION, 0, MKP_NO_REF, MKP_NO_REF);
		same = false;
	}
	diff->state[patched] = same ? MKP_STATE_SAME : MKP_STATE_CHANGED;
}

/* A function whose split-off part is not the same is not the same. */
static void spread_to_parents(struct mkp_diff *diff)
{
	const struct mkp_graph *graph = diff->patched;

	for (uint32_t i = 0; i < graph->nr_atoms; i++) {
		const struct mkp_atom *atom = &graph->atoms[i];

		if (atom->kind != MKP_ATOM_FUNC || atom->owner == MKP_NO_ATOM ||
		    diff->state[i] == MKP_STATE_SAME ||
		    diff->state[atom->owner] != MKP_STATE_SAME)
			continue;
		diff->state[atom->owner] = MKP_STATE_CHANGED;
		diff->cause[atom->owner] = (struct mkp_cause){
			.kind = MKP_CAUSE_PART,
			.orig_ref = MKP_NO_REF,
			.patched_ref = MKP_NO_REF,
			.part = i,
			.orig_part = MKP_NO_ATOM,
		};
	}
}

struct mkp_error *mkp_compare(struct mkp_diff *diff, struct mkp_lines *orig_lines,
			      struct mkp_lines *patched_lines)
{
	const struct mkp_graph *graph = diff->patched;
	struct mkp_error *error;

	diff->orig_lines = orig_lines;
	diff->patched_lines = patched_lines;
	for (uint32_t i = 0; i < graph->nr_atoms; i++) {
		const struct mkp_atom *atom = &graph->atoms[i];

		if (atom->kind == MKP_ATOM_ENTRY || mkp_atom_is_value(graph, atom))
			continue;
		if (diff->to_orig[i] == MKP_NO_ATOM)
			diff->state[i] = MKP_STATE_NEW;
		else if (atom->kind != MKP_ATOM_EXTERN)
			compare_pair(diff, diff->to_orig[i], i);
		if (atom->kind == MKP_ATOM_FUNC && diff->to_orig[i] != MKP_NO_ATOM)
			diff->nr_functions++;
	}
	error = mkp_compare_call_sites(diff);
	spread_to_parents(diff);
	return error;
}
