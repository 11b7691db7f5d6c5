// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/data_changes.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/array.h"

/* Of a table that changed all over, the rest is counted. */
#define MAX_CHANGES 64

#define MAX_TEXT  60
#define MAX_BYTES 16

/* One version of the variable. */
struct version {
	const struct mkp_graph *graph;
	const struct mkp_atom *atom;
	const uint8_t *data; /* NULL: zeros */
	struct mkp_types *types;
	uint64_t type;
	const char *name; /* in the source */
	uint32_t ref;	  /* the next that has not been looked at, in graph->refs */
};

struct comparison {
	struct version versions[2]; /* before, after */
	uint64_t size;		    /* bytes that both have */
	struct mkp_data_changes *result;
};

static void version_init(struct version *version, const struct mkp_graph *graph,
			 uint32_t atom, struct mkp_types *types)
{
	const struct mkp_atom *it = &graph->atoms[atom];
	struct mkp_die die;

	*version = (struct version){
		.graph = graph,
		.atom = it,
		.data = mkp_atom_data(graph, it),
		.types = types,
		.name = mkp_atom_name(graph, atom),
		.ref = it->first_ref,
	};
	if (types && mkp_types_variable(types, it->section, it->start, &die)) {
		version->type = die.type;
		if (die.name)
			version->name = die.name;
	}
}

static uint8_t byte_at(const struct version *version, uint64_t place)
{
	return version->data ? version->data[place] : 0;
}

/* ---- Values --------------------------------------------------------------------------
 */

static void print_bytes(FILE *stream, const struct version *version,
			const struct mkp_leaf *leaf)
{
	uint64_t first = leaf->bit / 8, last = (leaf->bit + leaf->nr_bits - 1) / 8;

	for (uint64_t i = first; i <= last && i < version->atom->size; i++) {
		if (i - first == MAX_BYTES) {
			fputs(" ...", stream);
			return;
		}
		fprintf(stream, "%s%02x", i > first ? " " : "", byte_at(version, i));
	}
}

/* The bits of a field of at most 64; those of big-endian machines count from the top. */
static uint64_t get_bits(const struct version *version, const struct mkp_leaf *leaf)
{
	bool big = version->graph->object->big_endian;
	uint64_t value = 0;

	for (uint64_t i = 0; i < leaf->nr_bits; i++) {
		uint64_t bit = leaf->bit + i;
		uint64_t mask = big ? 0x80u >> (bit % 8) : 1u << (bit % 8);
		uint64_t set = (byte_at(version, bit / 8) & mask) != 0;

		value = big ? value << 1 | set : value | set << i;
	}
	return value;
}

/* A C string up to its end; false if it is none that could be read. */
static bool print_text(FILE *stream, const uint8_t *bytes, uint64_t size)
{
	uint64_t length = strnlen((const char *)bytes, size);

	for (uint64_t i = 0; i < length; i++)
		if (!isprint(bytes[i]) && !isspace(bytes[i]))
			return false;
	fprintf(stream, "\"%.*s%s\"", (int)(length < MAX_TEXT ? length : MAX_TEXT), bytes,
		length > MAX_TEXT ? "..." : "");
	return true;
}

/* What a pointer points to. */
static void print_target(FILE *stream, const struct mkp_graph *graph,
			 const struct mkp_ref *ref)
{
	const struct mkp_atom *target;
	const uint8_t *data;

	if (ref->target == MKP_NO_ATOM) {
		fputs("nothing", stream);
		return;
	}
	target = &graph->atoms[ref->target];
	data = mkp_atom_data(graph, target);
	if (target->kind == MKP_ATOM_STRING && data && ref->offset >= 0 &&
	    (uint64_t)ref->offset < target->size &&
	    print_text(stream, data + ref->offset, target->size - (uint64_t)ref->offset))
		return;
	fputs(mkp_atom_name(graph, ref->target), stream);
	if (ref->offset || !target->symbol)
		fprintf(stream, "%+" PRId64,
			ref->offset + (target->symbol ? 0 : (int64_t)target->start));
}

static void print_enum(FILE *stream, const struct version *version,
		       const struct mkp_leaf *leaf)
{
	uint64_t value = get_bits(version, leaf);
	const char *name = mkp_types_enumerator(version->types, leaf->type, value);

	if (name)
		fputs(name, stream);
	else
		fprintf(stream, "%" PRIu64, value);
}

static void print_signed(FILE *stream, uint64_t value, uint64_t nr_bits)
{
	uint64_t sign = UINT64_C(1) << (nr_bits - 1);

	fprintf(stream, "%" PRId64, (int64_t)((value ^ sign) - sign));
}

static void print_number(FILE *stream, const struct version *version,
			 const struct mkp_leaf *leaf)
{
	uint64_t value = get_bits(version, leaf);

	switch (leaf->kind) {
	case MKP_LEAF_SIGNED:
		print_signed(stream, value, leaf->nr_bits);
		break;
	case MKP_LEAF_BOOL:
		fputs(value ? "true" : "false", stream);
		break;
	case MKP_LEAF_POINTER:
		if (!value)
			fputs("NULL", stream);
		else
			fprintf(stream, "%#" PRIx64, value);
		break;
	default:
		fprintf(stream, "%" PRIu64, value);
		break;
	}
}

/* A variable of 0 bytes in the file is one of zeros: an empty text. */
static bool print_array(FILE *stream, const struct version *version,
			const struct mkp_leaf *leaf)
{
	uint64_t start = leaf->bit / 8, size = leaf->nr_bits / 8;
	const uint8_t *bytes = version->data ? version->data + start : NULL;

	if (start > version->atom->size || size > version->atom->size - start)
		return false;
	return print_text(stream, bytes ? bytes : (const uint8_t *)"", bytes ? size : 0);
}

static void print_value(FILE *stream, const struct version *version,
			const struct mkp_leaf *leaf, const struct mkp_ref *ref)
{
	bool fits = leaf->nr_bits && leaf->nr_bits <= 64 &&
		    (leaf->bit + leaf->nr_bits + 7) / 8 <= version->atom->size;

	if (ref)
		print_target(stream, version->graph, ref);
	else if (fits && leaf->kind == MKP_LEAF_ENUM)
		print_enum(stream, version, leaf);
	else if (fits && leaf->kind != MKP_LEAF_TEXT && leaf->kind != MKP_LEAF_BYTES)
		print_number(stream, version, leaf);
	else if (leaf->kind != MKP_LEAF_TEXT || !print_array(stream, version, leaf))
		print_bytes(stream, version, leaf);
}

/* ---- Fields --------------------------------------------------------------------------
 */

/* Without a type, words of eight bytes. */
static struct mkp_error *get_leaf(const struct version *version, uint64_t bit,
				  struct mkp_leaf *ret_leaf, char **ret_path)
{
	uint64_t left = version->atom->size * 8 - bit / 64 * 64;

	if (version->type)
		return mkp_types_leaf(version->types, version->type, bit, ret_leaf,
				      ret_path);
	*ret_leaf = (struct mkp_leaf){
		.bit = bit / 64 * 64,
		.nr_bits = left < 64 ? left : 64,
	};
	*ret_path = strdup("");
	return *ret_path ? NULL : mkp_error_nomem();
}

/* The first reference into a field, or NULL. */
static const struct mkp_ref *ref_in(const struct version *version,
				    const struct mkp_leaf *leaf)
{
	const struct mkp_graph *graph = version->graph;
	uint32_t end = version->atom->first_ref + version->atom->nr_refs;
	const struct mkp_ref *ref = &graph->refs[version->ref];

	if (version->ref == end || ref->place * 8 < leaf->bit ||
	    ref->place * 8 >= leaf->bit + leaf->nr_bits)
		return NULL;
	return ref;
}

static const char *value_text(struct comparison *comparison, int side,
			      const struct mkp_leaf *leaf, const struct mkp_ref *ref)
{
	MKP_CLEANUP_FREE char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	print_value(stream, &comparison->versions[side], leaf, ref);
	if (fclose(stream))
		return NULL;
	return mkp_arena_strdup(&comparison->result->arena, text);
}

static struct mkp_error *add_change(struct mkp_data_changes *result,
				    const struct version *version, const char *path,
				    const struct mkp_leaf *leaf,
				    const char *const values[2])
{
	const char *dot = *path && *path != '[' && *path != '(' ? "." : "";
	struct mkp_change change = {
		.path = mkp_arena_printf(&result->arena, "%s%s%s", version->name, dot,
					 path),
		.before = { true, leaf->bit / 8, (leaf->nr_bits + 7) / 8, values[0] },
		.after = { true, leaf->bit / 8, (leaf->nr_bits + 7) / 8, values[1] },
	};
	struct mkp_error *error;

	if (!change.path)
		return mkp_error_nomem();
	error = mkp_array_reserve(&result->changes, &result->cap_changes,
				  result->nr_changes + 1, sizeof(change));
	if (!error)
		result->changes[result->nr_changes++] = change;
	return error;
}

static bool is_function(const struct version *version, const struct mkp_ref *ref)
{
	return ref && ref->target != MKP_NO_ATOM &&
	       version->graph->atoms[ref->target].kind == MKP_ATOM_FUNC;
}

/* Two pointers that read the same are the same: names of twins, or strings. */
static struct mkp_error *compare_field(struct comparison *comparison, uint64_t bit,
				       bool bytes_differ, uint64_t *ret_end)
{
	struct version *after = &comparison->versions[1];
	struct mkp_leaf leaf;
	MKP_CLEANUP_FREE char *path = NULL;
	const char *values[2];
	bool functions = false;
	struct mkp_error *error = get_leaf(after, bit, &leaf, &path);

	if (error)
		return error;
	*ret_end = leaf.bit + leaf.nr_bits;
	for (int side = 0; side < 2; side++) {
		struct version *version = &comparison->versions[side];
		const struct mkp_ref *ref = ref_in(version, &leaf);

		values[side] = value_text(comparison, side, &leaf, ref);
		if (!values[side])
			return mkp_error_nomem();
		functions |= is_function(version, ref);
	}
	if (!strcmp(values[0], values[1]) && !bytes_differ)
		return NULL;
	if (!strcmp(values[0], values[1])) {
		/* Such as a text behind its end. */
		leaf.kind = MKP_LEAF_BYTES;
		for (int side = 0; side < 2; side++)
			values[side] = value_text(comparison, side, &leaf, NULL);
		if (!values[0] || !values[1])
			return mkp_error_nomem();
	}
	comparison->result->functions |= functions;
	if (comparison->result->nr_changes < MAX_CHANGES)
		return add_change(comparison->result, after, path, &leaf, values);
	comparison->result->nr_more++;
	return NULL;
}

/* ---- Places --------------------------------------------------------------------------
 */

/* Skips references to fields that have been looked at; *@ret_place is the next one's. */
static bool next_ref(struct version *version, uint64_t from, uint64_t limit,
		     uint64_t *ret_place)
{
	uint32_t end = version->atom->first_ref + version->atom->nr_refs;

	while (version->ref < end && version->graph->refs[version->ref].place < from)
		version->ref++;
	if (version->ref == end)
		return false;
	*ret_place = version->graph->refs[version->ref].place;
	return *ret_place < limit;
}

/* The lowest bit of a byte that differs, not before the bit @from; UINT64_MAX: none. */
static uint64_t next_bit(const struct comparison *comparison, uint64_t from)
{
	const struct version *before = &comparison->versions[0];
	const struct version *after = &comparison->versions[1];
	uint8_t mask = (uint8_t)(0xff << (from % 8));

	for (uint64_t place = from / 8; place < comparison->size; place++) {
		uint8_t bits = (byte_at(before, place) ^ byte_at(after, place)) & mask;

		if (bits)
			return place * 8 + (uint64_t)__builtin_ctz(bits);
		mask = 0xff;
	}
	return UINT64_MAX;
}

static struct mkp_error *compare_fields(struct comparison *comparison)
{
	struct mkp_error *error = NULL;
	uint64_t at = 0;

	while (!error && at < comparison->size * 8) {
		uint64_t bit = next_bit(comparison, at), place, end = 0;
		bool bytes_differ = true;

		for (int side = 0; side < 2; side++) {
			if (next_ref(&comparison->versions[side], (at + 7) / 8,
				     comparison->size, &place) &&
			    place * 8 < bit) {
				bit = place * 8;
				bytes_differ = false;
			}
		}
		if (bit == UINT64_MAX)
			break;
		error = compare_field(comparison, bit, bytes_differ, &end);
		at = end > bit ? end : bit + 1;
	}
	return error;
}

struct mkp_error *mkp_data_changes_find(const struct mkp_check_context *context,
					uint32_t patched_atom,
					struct mkp_data_changes *ret_changes)
{
	const struct mkp_diff *diff = context->diff;
	struct comparison comparison = { .result = ret_changes };
	struct version *before = &comparison.versions[0];
	struct version *after = &comparison.versions[1];

	memset(ret_changes, 0, sizeof(*ret_changes));
	mkp_arena_init(&ret_changes->arena);
	version_init(before, diff->orig, diff->to_orig[patched_atom],
		     context->orig_types);
	version_init(after, diff->patched, patched_atom, context->patched_types);
	ret_changes->old_size = before->atom->size;
	ret_changes->new_size = after->atom->size;
	comparison.size = before->atom->size < after->atom->size ? before->atom->size
								 : after->atom->size;
	return compare_fields(&comparison);
}

void mkp_data_changes_deinit(struct mkp_data_changes *changes)
{
	free(changes->changes);
	mkp_arena_deinit(&changes->arena);
}
