// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/signature.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

/* Pointers to functions that take pointers to functions ... end somewhere. In a damaged
 * file each of many parameters or members may be what it is one of. */
#define MAX_DEPTH 6
#define MAX_PAIRS 65536

enum kind {
	KIND_VOID, /* or not known */
	KIND_INTEGER,
	KIND_FLOAT,
	KIND_POINTER,
	KIND_AGGREGATE,
	KIND_ARRAY,
	KIND_FUNCTION,
	KIND_OTHER,
};

/* A type of one of the two objects. */
struct shape {
	struct mkp_types *types;
	struct mkp_die die;
	enum kind kind;
	uint64_t size;
};

/* How far a comparison has come. */
struct progress {
	unsigned int depth;
	size_t *pairs; /* of types that were compared */
};

/* The parameters of a function, one by one. */
struct cursor {
	struct mkp_types *types;
	struct mkp_die die;
	bool more;
};

static enum kind kind_of(const struct mkp_die *die)
{
	switch (die->tag) {
	case DW_TAG_base_type:
		return die->encoding == DW_ATE_float ? KIND_FLOAT : KIND_INTEGER;
	case DW_TAG_enumeration_type:
		return KIND_INTEGER;
	case DW_TAG_pointer_type:
		return KIND_POINTER;
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
		return KIND_AGGREGATE;
	case DW_TAG_array_type:
		return KIND_ARRAY;
	case DW_TAG_subroutine_type:
	case DW_TAG_subprogram:
		return KIND_FUNCTION;
	default:
		return KIND_OTHER;
	}
}

static struct shape shape_of(struct mkp_types *types, uint64_t type)
{
	struct shape shape = { .types = types };

	if (mkp_types_strip(types, type, &shape.die)) {
		shape.kind = kind_of(&shape.die);
		shape.size = mkp_types_size(types, type);
	}
	return shape;
}

/* What a copy of a function leaves out is in the entry that it is a copy of. */
static struct cursor first_parameter(struct mkp_types *types,
				     const struct mkp_die *function)
{
	struct mkp_dwarf *dwarf = mkp_types_dwarf(types);
	struct cursor cursor = { .types = types, .die = *function };

	/* A concrete copy, its abstract instance, the declaration of that; a file that
	 * is damaged may have a circle. */
	for (int i = 0; i < 3 && cursor.die.origin; i++)
		if (!mkp_dwarf_read(dwarf, cursor.die.origin, &cursor.die))
			break;
	cursor.more = mkp_dwarf_child(dwarf, &cursor.die, &cursor.die);
	return cursor;
}

/* The parameter at the cursor, or the dots; false behind the last one. */
static bool next_parameter(struct cursor *cursor, struct mkp_die *ret_die)
{
	struct mkp_dwarf *dwarf = mkp_types_dwarf(cursor->types);

	while (cursor->more) {
		struct mkp_die die = cursor->die;

		cursor->more = mkp_dwarf_sibling(dwarf, &die, &cursor->die);
		if (die.tag != DW_TAG_formal_parameter &&
		    die.tag != DW_TAG_unspecified_parameters)
			continue;
		mkp_dwarf_complete(dwarf, &die);
		*ret_die = die;
		return true;
	}
	return false;
}

static bool is_same_type(struct shape a, struct shape b, struct progress progress);

/* What a function returned may be ignored, so a result where there was none is harmless.
 */
static bool is_same_result(const struct shape *old, const struct shape *new,
			   struct progress progress)
{
	return old->kind == KIND_VOID || is_same_type(*old, *new, progress);
}

static bool is_same_signature(const struct shape *a, const struct shape *b,
			      struct progress progress)
{
	struct cursor i = first_parameter(a->types, &a->die);
	struct cursor j = first_parameter(b->types, &b->die);
	struct shape x = shape_of(a->types, a->die.type);
	struct shape y = shape_of(b->types, b->die.type);
	struct mkp_die p, q;

	if (!is_same_result(&x, &y, progress))
		return false;
	while (next_parameter(&i, &p)) {
		if (!next_parameter(&j, &q) || p.tag != q.tag ||
		    !is_same_type(shape_of(a->types, p.type), shape_of(b->types, q.type),
				  progress))
			return false;
	}
	return !next_parameter(&j, &q);
}

/*
 * A structure keeps its name or its layout. Whether one of the same name is laid out
 * in another way is a question of its own (check_types.c); passed by value, its size
 * counts.
 */
static bool is_same_aggregate(const struct shape *a, const struct shape *b,
			      struct progress progress)
{
	struct cursor i = { .types = a->types }, j = { .types = b->types };

	if (a->die.name && b->die.name && !strcmp(a->die.name, b->die.name))
		return true;
	if (a->size != b->size || (a->die.have & b->die.have & MKP_DIE_DECLARATION))
		return false;
	i.more = mkp_dwarf_child(mkp_types_dwarf(i.types), &a->die, &i.die);
	j.more = mkp_dwarf_child(mkp_types_dwarf(j.types), &b->die, &j.die);
	while (i.more && j.more) {
		uint64_t bit[2], count[2];

		mkp_types_member(i.types, &i.die, &bit[0], &count[0]);
		mkp_types_member(j.types, &j.die, &bit[1], &count[1]);
		if (i.die.tag != j.die.tag || bit[0] != bit[1] || count[0] != count[1] ||
		    !is_same_type(shape_of(i.types, i.die.type),
				  shape_of(j.types, j.die.type), progress))
			return false;
		i.more = mkp_dwarf_sibling(mkp_types_dwarf(i.types), &i.die, &i.die);
		j.more = mkp_dwarf_sibling(mkp_types_dwarf(j.types), &j.die, &j.die);
	}
	return i.more == j.more;
}

/* Any address does for void *; and whether a number has a sign is no matter of where it
 * is. */
static bool is_same_pointee(const struct shape *a, const struct shape *b,
			    struct progress progress)
{
	struct shape x = shape_of(a->types, a->die.type);
	struct shape y = shape_of(b->types, b->die.type);

	if (x.kind == KIND_VOID || y.kind == KIND_VOID)
		return true;
	if (x.kind == KIND_INTEGER && y.kind == KIND_INTEGER)
		return x.size == y.size;
	if (x.kind == KIND_AGGREGATE && y.kind == KIND_AGGREGATE)
		return is_same_aggregate(&x, &y, progress);
	return is_same_type(x, y, progress);
}

/* The caller extends what is narrower than int, by its sign; a bool is 0 or 1. */
static bool is_extended_alike(const struct shape *a, const struct shape *b)
{
	bool is_bool = a->die.encoding == DW_ATE_boolean;
	bool is_signed = a->die.encoding == DW_ATE_signed ||
			 a->die.encoding == DW_ATE_signed_char;

	if (a->size >= 4 || a->die.tag != b->die.tag)
		return true;
	return is_bool == (b->die.encoding == DW_ATE_boolean) &&
	       is_signed == (b->die.encoding == DW_ATE_signed ||
			     b->die.encoding == DW_ATE_signed_char);
}

static bool is_same_type(struct shape a, struct shape b, struct progress progress)
{
	if (a.kind != b.kind)
		return false;
	if (++*progress.pairs > MAX_PAIRS || ++progress.depth > MAX_DEPTH)
		return true;
	switch (a.kind) {
	case KIND_INTEGER:
		return a.size == b.size && is_extended_alike(&a, &b);
	case KIND_POINTER:
		return is_same_pointee(&a, &b, progress);
	case KIND_AGGREGATE:
		return a.size == b.size && is_same_aggregate(&a, &b, progress);
	case KIND_ARRAY:
		return is_same_pointee(&a, &b, progress);
	case KIND_FUNCTION:
		return is_same_signature(&a, &b, progress);
	default:
		return a.size == b.size;
	}
}

/* ---- In words ------------------------------------------------------------------------
 */

static void print_type(FILE *stream, struct mkp_types *types, uint64_t type,
		       unsigned int depth)
{
	struct mkp_die die;

	if (!mkp_types_strip(types, type, &die) || depth > MAX_DEPTH) {
		fputs("void", stream);
		return;
	}
	switch (kind_of(&die)) {
	case KIND_POINTER:
		print_type(stream, types, die.type, depth + 1);
		fputs(" *", stream);
		return;
	case KIND_FUNCTION:
		fputs("function", stream);
		return;
	case KIND_AGGREGATE:
		fputs(die.tag == DW_TAG_union_type ? "union " : "struct ", stream);
		break;
	default:
		break;
	}
	fputs(die.name ? die.name : "(no name)", stream);
}

static void print_types(FILE *stream, const char *what, const struct shape *old,
			uint64_t old_type, const struct shape *new, uint64_t new_type)
{
	fputs(what, stream);
	print_type(stream, old->types, old_type, 0);
	fputs(" -> ", stream);
	print_type(stream, new->types, new_type, 0);
}

static size_t count_parameters(const struct shape *function, bool *ret_dots)
{
	struct cursor cursor = first_parameter(function->types, &function->die);
	struct mkp_die die;
	size_t count = 0;

	*ret_dots = false;
	while (next_parameter(&cursor, &die)) {
		*ret_dots |= die.tag == DW_TAG_unspecified_parameters;
		count += die.tag == DW_TAG_formal_parameter;
	}
	return count;
}

/* Numbers first: with another one the places of all may have moved. */
static bool print_numbers(FILE *stream, const struct shape *old, const struct shape *new)
{
	bool old_dots, new_dots;
	size_t old_count = count_parameters(old, &old_dots);
	size_t new_count = count_parameters(new, &new_dots);

	if (old_count == new_count && old_dots == new_dots)
		return false;
	fprintf(stream, "takes %zu parameter%s%s instead of %zu%s", new_count,
		new_count == 1 ? "" : "s", new_dots ? " and more" : "", old_count,
		old_dots ? " and more" : "");
	return true;
}

static void print_difference(FILE *stream, const struct shape *old,
			     const struct shape *new)
{
	struct cursor i = first_parameter(old->types, &old->die);
	struct cursor j = first_parameter(new->types, &new->die);
	struct shape x = shape_of(old->types, old->die.type);
	struct shape y = shape_of(new->types, new->die.type);
	size_t pairs = 0;
	struct progress progress = { .pairs = &pairs };
	struct mkp_die p, q;

	if (print_numbers(stream, old, new))
		return;
	if (!is_same_result(&x, &y, progress)) {
		print_types(stream, "result: ", old, old->die.type, new, new->die.type);
		return;
	}
	for (int n = 1; next_parameter(&i, &p) && next_parameter(&j, &q); n++) {
		if (is_same_type(shape_of(old->types, p.type),
				 shape_of(new->types, q.type), progress))
			continue;
		fprintf(stream, "parameter %d: ", n);
		print_types(stream, "", old, p.type, new, q.type);
		return;
	}
}

struct mkp_error *mkp_signature_difference(struct mkp_types *old_types,
					   const struct mkp_die *old,
					   struct mkp_types *new_types,
					   const struct mkp_die *new, char **ret_text)
{
	struct shape a = { .types = old_types, .die = *old, .kind = KIND_FUNCTION };
	struct shape b = { .types = new_types, .die = *new, .kind = KIND_FUNCTION };
	size_t pairs = 0, size;
	char *text;
	FILE *stream;

	*ret_text = NULL;
	if (is_same_signature(&a, &b, (struct progress){ .pairs = &pairs }))
		return NULL;
	stream = open_memstream(&text, &size);
	if (!stream)
		return mkp_error_nomem();
	print_difference(stream, &a, &b);
	if (fclose(stream)) {
		free(text);
		return mkp_error_nomem();
	}
	*ret_text = text;
	return NULL;
}
