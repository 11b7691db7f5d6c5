// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/types.h"

#include <dwarf.h>
#include <string.h>

#include "base/array.h"

/* Types nest less deeply in any source; a hostile file may have a circle. */
#define MAX_DEPTH      32
#define MAX_DIMENSIONS 8

struct mkp_types {
	struct mkp_dwarf *dwarf;
	struct mkp_index variables; /* place -> index in `entries` */
	struct mkp_index functions; /* place -> index in `tops` */
	uint64_t *entries;	    /* offsets of the entries of variables */
	size_t nr_entries, cap_entries;
	bool indexed;
	struct mkp_top *tops;
	size_t nr_tops, cap_tops;
	bool listed;
	struct mkp_index declared; /* hash of the name of a function -> index in `tops` */
	bool named;
	/* What was asked last, for each value of some bits of a type's offset. */
	struct {
		uint64_t type, size;
	} sizes[1024];
};

struct mkp_error *mkp_types_create(const struct mkp_object *object,
				   struct mkp_types **ret_types)
{
	struct mkp_types *types = NULL;
	struct mkp_error *error = mkp_array_create(1, sizeof(*types), &types);

	if (error)
		return error;
	mkp_index_init(&types->variables);
	mkp_index_init(&types->functions);
	mkp_index_init(&types->declared);
	error = mkp_dwarf_create(object, &types->dwarf);
	if (error)
		mkp_types_destroy(types);
	else
		*ret_types = types;
	return error;
}

void mkp_types_destroy(struct mkp_types *types)
{
	if (!types)
		return;
	mkp_index_deinit(&types->variables);
	mkp_index_deinit(&types->functions);
	mkp_index_deinit(&types->declared);
	mkp_dwarf_destroy(types->dwarf);
	free(types->entries);
	free(types->tops);
	free(types);
}

struct mkp_dwarf *mkp_types_dwarf(struct mkp_types *types)
{
	return types->dwarf;
}

bool mkp_types_available(struct mkp_types *types)
{
	return mkp_dwarf_nr_units(types->dwarf) > 0;
}

static uint64_t place_key(uint32_t section, uint64_t offset)
{
	return mkp_hash_mix(section, offset);
}

/* ---- Tops ----------------------------------------------------------------------------
 */

/* More are for code that is split more often than compilers do. */
#define MAX_PIECES 8

static struct mkp_error *index_function(struct mkp_types *types,
					const struct mkp_die *die)
{
	struct mkp_dwarf_place places[MAX_PIECES];
	size_t count = mkp_dwarf_pieces(types->dwarf, die, places, MAX_PIECES);
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < count && !error; i++)
		error = mkp_index_add(&types->functions,
				      place_key(places[i].section, places[i].address),
				      (uint32_t)types->nr_tops);
	return error;
}

static struct mkp_error *add_top(struct mkp_types *types, const struct mkp_die *die)
{
	struct mkp_error *error;

	if (die->tag != DW_TAG_structure_type && die->tag != DW_TAG_union_type &&
	    die->tag != DW_TAG_subprogram)
		return NULL;
	error = mkp_array_reserve(&types->tops, &types->cap_tops, types->nr_tops + 1,
				  sizeof(*types->tops));
	if (!error && die->tag == DW_TAG_subprogram)
		error = index_function(types, die);
	if (!error)
		types->tops[types->nr_tops++] = (struct mkp_top){
			.offset = die->offset,
			.address = die->address,
			.section = die->section,
			.file = die->file,
			.line = die->line,
			.have = die->have,
			.tag = die->tag,
			.is_copy = die->origin,
		};
	return error;
}

static struct mkp_error *list_unit(struct mkp_types *types, size_t unit)
{
	struct mkp_error *error = NULL;
	struct mkp_die die;
	uint64_t end;
	bool more = mkp_dwarf_unit(types->dwarf, unit, &die, &end) &&
		    mkp_dwarf_child(types->dwarf, &die, &die);

	for (; more && !error;
	     more = mkp_dwarf_sibling_nameless(types->dwarf, &die, &die))
		error = add_top(types, &die);
	return error;
}

struct mkp_error *mkp_types_tops(struct mkp_types *types, const struct mkp_top **ret_tops,
				 size_t *ret_count)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0;
	     !types->listed && i < mkp_dwarf_nr_units(types->dwarf) && !error; i++)
		error = list_unit(types, i);
	if (error)
		return error;
	if (!types->listed)
		mkp_index_seal(&types->functions);
	types->listed = true;
	*ret_tops = types->tops;
	*ret_count = types->nr_tops;
	return NULL;
}

/* ---- Variables -----------------------------------------------------------------------
 */

static struct mkp_error *add_variable(struct mkp_types *types, const struct mkp_die *die)
{
	struct mkp_error *error = mkp_array_reserve(&types->entries, &types->cap_entries,
						    types->nr_entries + 1,
						    sizeof(*types->entries));

	if (!error)
		error = mkp_index_add(&types->variables,
				      place_key(die->section, die->address),
				      (uint32_t)types->nr_entries);
	if (!error)
		types->entries[types->nr_entries++] = die->offset;
	return error;
}

static struct mkp_error *index_unit(struct mkp_types *types, size_t unit)
{
	struct mkp_error *error = NULL;
	struct mkp_die die;
	uint64_t end;
	bool more = mkp_dwarf_unit(types->dwarf, unit, &die, &end);

	while (more && !error) {
		if (die.tag == DW_TAG_variable && die.section)
			error = add_variable(types, &die);
		more = die.next < end && mkp_dwarf_read(types->dwarf, die.next, &die);
	}
	return error;
}

static void index_variables(struct mkp_types *types)
{
	struct mkp_error *error = NULL;

	if (types->indexed)
		return;
	types->indexed = true;
	for (size_t i = 0; i < mkp_dwarf_nr_units(types->dwarf) && !error; i++)
		error = index_unit(types, i);
	/* What was found so far is right; names are only missing. */
	mkp_error_destroy(error);
	mkp_index_seal(&types->variables);
}

bool mkp_types_variable(struct mkp_types *types, uint32_t section, uint64_t offset,
			struct mkp_die *ret_die)
{
	const struct mkp_index_entry *entry;
	struct mkp_die die;
	size_t count;

	index_variables(types);
	entry = mkp_index_find(&types->variables, place_key(section, offset), &count);
	for (; count; entry++, count--) {
		if (!mkp_dwarf_read(types->dwarf, types->entries[entry->id], &die) ||
		    die.section != section || die.address != offset)
			continue;
		mkp_dwarf_complete(types->dwarf, &die);
		*ret_die = die;
		return true;
	}
	return false;
}

static bool has_piece(struct mkp_types *types, const struct mkp_die *die,
		      uint32_t section, uint64_t offset)
{
	struct mkp_dwarf_place places[MAX_PIECES];
	size_t count = mkp_dwarf_pieces(types->dwarf, die, places, MAX_PIECES);

	for (size_t i = 0; i < count; i++)
		if (places[i].section == section && places[i].address == offset)
			return true;
	return false;
}

bool mkp_types_function(struct mkp_types *types, uint32_t section, uint64_t offset,
			struct mkp_die *ret_die)
{
	const struct mkp_index_entry *entry;
	const struct mkp_top *tops;
	size_t count;
	struct mkp_error *error = mkp_types_tops(types, &tops, &count);

	/* Without memory only the name is missing. */
	mkp_error_destroy(error);
	if (error)
		return false;
	entry = mkp_index_find(&types->functions, place_key(section, offset), &count);
	for (; count; entry++, count--) {
		if (!mkp_dwarf_read(types->dwarf, tops[entry->id].offset, ret_die) ||
		    !has_piece(types, ret_die, section, offset))
			continue;
		mkp_dwarf_complete(types->dwarf, ret_die);
		return true;
	}
	return false;
}

/* Without memory only names are missing, as above. */
static void name_declared(struct mkp_types *types)
{
	const struct mkp_top *tops;
	struct mkp_die die;
	size_t count;
	struct mkp_error *error = mkp_types_tops(types, &tops, &count);

	for (size_t i = 0; !error && i < count; i++)
		if (tops[i].tag == DW_TAG_subprogram &&
		    (tops[i].have & MKP_DIE_DECLARATION) &&
		    mkp_dwarf_read(types->dwarf, tops[i].offset, &die) && die.name)
			error = mkp_index_add(&types->declared, mkp_hash_string(die.name),
					      (uint32_t)i);
	mkp_error_destroy(error);
	mkp_index_seal(&types->declared);
	types->named = true;
}

bool mkp_types_declared(struct mkp_types *types, const char *name,
			struct mkp_die *ret_die)
{
	const struct mkp_index_entry *entry;
	struct mkp_die die;
	size_t count;

	if (!types->named)
		name_declared(types);
	entry = mkp_index_find(&types->declared, mkp_hash_string(name), &count);
	for (; count; entry++, count--) {
		if (!mkp_dwarf_read(types->dwarf, types->tops[entry->id].offset, &die) ||
		    !die.name || strcmp(die.name, name))
			continue;
		*ret_die = die;
		return true;
	}
	return false;
}

/* ---- Sizes ---------------------------------------------------------------------------
 */

static bool is_alias(uint16_t tag)
{
	return tag == DW_TAG_typedef || tag == DW_TAG_const_type ||
	       tag == DW_TAG_volatile_type || tag == DW_TAG_restrict_type ||
	       tag == DW_TAG_atomic_type;
}

static bool strip(struct mkp_types *types, uint64_t type, struct mkp_die *ret_die)
{
	for (int i = 0; i < MAX_DEPTH && type; i++) {
		if (!mkp_dwarf_read_nameless(types->dwarf, type, ret_die))
			return false;
		if (!is_alias(ret_die->tag))
			return true;
		type = ret_die->type;
	}
	return false;
}

bool mkp_types_strip(struct mkp_types *types, uint64_t type, struct mkp_die *ret_die)
{
	return strip(types, type, ret_die) &&
	       mkp_dwarf_read(types->dwarf, ret_die->offset, ret_die);
}

/* Numbers of elements, outermost first. */
static size_t array_dimensions(struct mkp_types *types, const struct mkp_die *array,
			       uint64_t counts[MAX_DIMENSIONS])
{
	struct mkp_die range;
	bool more = mkp_dwarf_child(types->dwarf, array, &range);
	size_t n = 0;

	for (; more && n < MAX_DIMENSIONS;
	     more = mkp_dwarf_sibling(types->dwarf, &range, &range))
		if (range.tag == DW_TAG_subrange_type)
			counts[n++] = range.have & MKP_DIE_COUNT ? range.value : 0;
	return n;
}

static uint64_t array_size(struct mkp_types *types, const struct mkp_die *array,
			   uint64_t element)
{
	uint64_t counts[MAX_DIMENSIONS], size = element;
	size_t n = array_dimensions(types, array, counts);

	for (size_t i = 0; i < n; i++)
		if (__builtin_mul_overflow(size, counts[i], &size))
			return 0;
	return size;
}

static uint64_t size_of(struct mkp_types *types, uint64_t type, int depth)
{
	struct mkp_die die;

	if (depth > MAX_DEPTH || !strip(types, type, &die))
		return 0;
	if (die.have & MKP_DIE_BYTE_SIZE)
		return die.byte_size;
	if (die.tag == DW_TAG_pointer_type)
		return 8;
	if (die.tag == DW_TAG_array_type)
		return array_size(types, &die, size_of(types, die.type, depth + 1));
	return die.tag == DW_TAG_enumeration_type ? size_of(types, die.type, depth + 1)
						  : 0;
}

uint64_t mkp_types_size(struct mkp_types *types, uint64_t type)
{
	size_t slot = type % MKP_ARRAY_SIZE(types->sizes);

	if (type && types->sizes[slot].type != type) {
		types->sizes[slot].size = size_of(types, type, 0);
		types->sizes[slot].type = type;
	}
	return type ? types->sizes[slot].size : 0;
}

void mkp_types_member(struct mkp_types *types, const struct mkp_die *member,
		      uint64_t *ret_bit, uint64_t *ret_nr_bits)
{
	uint64_t bytes = member->have & MKP_DIE_BYTE_SIZE
				 ? member->byte_size
				 : mkp_types_size(types, member->type);

	*ret_bit = member->member * 8;
	*ret_nr_bits = bytes * 8;
	if (!(member->have & MKP_DIE_BIT_SIZE))
		return;
	*ret_nr_bits = member->bit_size;
	if (member->have & MKP_DIE_DATA_BIT_OFFSET)
		*ret_bit = member->member * 8 + member->data_bit_offset;
	else if (member->have & MKP_DIE_BIT_OFFSET)
		/* Counted from the top bit: DWARF 2, for big-endian machines. */
		*ret_bit += bytes * 8 - member->bit_offset - member->bit_size;
}

/* ---- Leaves --------------------------------------------------------------------------
 */

struct descent {
	struct mkp_types *types;
	FILE *path;
	uint64_t bit; /* what is looked for, from the start of the current part */
	struct mkp_leaf leaf;
	bool named; /* something was written */
};

static enum mkp_leaf_kind base_kind(const struct mkp_die *die)
{
	switch (die->encoding) {
	case DW_ATE_boolean:
		return MKP_LEAF_BOOL;
	case DW_ATE_signed:
	case DW_ATE_signed_char:
		return MKP_LEAF_SIGNED;
	case DW_ATE_unsigned:
	case DW_ATE_unsigned_char:
		return MKP_LEAF_UNSIGNED;
	default:
		return MKP_LEAF_BYTES;
	}
}

static enum mkp_leaf_kind leaf_kind(const struct mkp_die *die)
{
	if (die->tag == DW_TAG_base_type)
		return base_kind(die);
	if (die->tag == DW_TAG_enumeration_type)
		return MKP_LEAF_ENUM;
	return die->tag == DW_TAG_pointer_type ? MKP_LEAF_POINTER : MKP_LEAF_BYTES;
}

/* The member that has the bit. */
static bool find_member(struct descent *descent, const struct mkp_die *structure,
			struct mkp_die *ret_member, uint64_t *ret_bit,
			uint64_t *ret_nr_bits)
{
	struct mkp_dwarf *dwarf = descent->types->dwarf;
	bool more = mkp_dwarf_child(dwarf, structure, ret_member);

	for (; more; more = mkp_dwarf_sibling(dwarf, ret_member, ret_member)) {
		if (ret_member->tag != DW_TAG_member)
			continue;
		mkp_types_member(descent->types, ret_member, ret_bit, ret_nr_bits);
		if (descent->bit >= *ret_bit && descent->bit - *ret_bit < *ret_nr_bits)
			return true;
	}
	return false;
}

/* Goes into a structure; false: the bit is padding. */
static bool enter_member(struct descent *descent, const struct mkp_die *structure)
{
	struct mkp_die member;
	uint64_t bit, nr_bits;

	if (!find_member(descent, structure, &member, &bit, &nr_bits))
		return false;
	if (member.name) {
		fprintf(descent->path, "%s%s", descent->named ? "." : "", member.name);
		descent->named = true;
	}
	descent->bit -= bit;
	descent->leaf.bit += bit;
	descent->leaf.nr_bits = nr_bits;
	descent->leaf.type = member.type;
	return true;
}

static bool is_char(struct mkp_types *types, uint64_t type)
{
	struct mkp_die die;

	return mkp_types_strip(types, type, &die) && die.tag == DW_TAG_base_type &&
	       die.name && !strcmp(die.name, "char");
}

/* Goes into an array, all dimensions at once; false: behind its end. */
static bool enter_element(struct descent *descent, const struct mkp_die *array)
{
	struct mkp_types *types = descent->types;
	uint64_t counts[MAX_DIMENSIONS], part = mkp_types_size(types, array->type) * 8;
	size_t n = array_dimensions(types, array, counts);
	bool text = n && is_char(types, array->type);
	uint64_t size = part;

	for (size_t i = 0; i < n; i++)
		if (__builtin_mul_overflow(size, counts[i], &size))
			return false;
	if (descent->bit >= size)
		return false;
	for (size_t i = 0; i < n && !(text && i == n - 1); i++) {
		size /= counts[i];
		fprintf(descent->path, "[%llu]",
			(unsigned long long)(descent->bit / size));
		descent->leaf.bit += descent->bit / size * size;
		descent->bit %= size;
		descent->named = true;
	}
	descent->leaf.nr_bits = size;
	if (text)
		descent->leaf.kind = MKP_LEAF_TEXT;
	else
		descent->leaf.type = array->type;
	return true;
}

/* One byte that no type describes. */
static void be_padding(struct descent *descent)
{
	fputs(descent->named ? ".(padding)" : "(padding)", descent->path);
	descent->leaf.bit += descent->bit / 8 * 8;
	descent->leaf.nr_bits = 8;
	descent->leaf.kind = MKP_LEAF_BYTES;
}

static void descend(struct descent *descent)
{
	struct mkp_die die;

	for (int i = 0; i < MAX_DEPTH; i++) {
		bool inside;

		if (!mkp_types_strip(descent->types, descent->leaf.type, &die))
			break;
		descent->leaf.type = die.offset;
		switch (die.tag) {
		case DW_TAG_structure_type:
		case DW_TAG_union_type:
			inside = enter_member(descent, &die);
			break;
		case DW_TAG_array_type:
			inside = enter_element(descent, &die);
			break;
		default:
			descent->leaf.kind = leaf_kind(&die);
			return;
		}
		if (descent->leaf.kind == MKP_LEAF_TEXT)
			return;
		if (!inside)
			break;
	}
	be_padding(descent);
}

/* @left: how deep it may go; what is deeper may be anything. */
static bool has_array(struct mkp_types *types, uint64_t type, bool at_end,
		      unsigned int left)
{
	struct mkp_die die, member;
	uint64_t size = mkp_types_size(types, type) * 8, bit, nr_bits;
	bool more;

	if (!left || !mkp_types_strip(types, type, &die) || die.tag == DW_TAG_array_type)
		return true;
	if (die.tag != DW_TAG_structure_type && die.tag != DW_TAG_union_type)
		return false;
	for (more = mkp_dwarf_child(types->dwarf, &die, &member); more;
	     more = mkp_dwarf_sibling(types->dwarf, &member, &member)) {
		if (member.tag != DW_TAG_member)
			continue;
		mkp_types_member(types, &member, &bit, &nr_bits);
		if ((!at_end || bit + nr_bits >= size) &&
		    has_array(types, member.type, at_end, left - 1))
			return true;
	}
	return false;
}

#define MAX_NESTED 8

bool mkp_types_ends_with_array(struct mkp_types *types, uint64_t type)
{
	return has_array(types, type, true, MAX_NESTED);
}

bool mkp_types_has_array(struct mkp_types *types, uint64_t type)
{
	return has_array(types, type, false, MAX_NESTED);
}

struct mkp_error *mkp_types_leaf(struct mkp_types *types, uint64_t type, uint64_t bit,
				 struct mkp_leaf *ret_leaf, char **ret_path)
{
	struct descent descent = {
		.types = types,
		.bit = bit,
		.leaf = { .type = type, .nr_bits = mkp_types_size(types, type) * 8 },
	};
	char *path = NULL;
	size_t size;

	descent.path = open_memstream(&path, &size);
	if (!descent.path)
		return mkp_error_nomem();
	descend(&descent);
	if (fclose(descent.path)) {
		free(path);
		return mkp_error_nomem();
	}
	*ret_leaf = descent.leaf;
	*ret_path = path;
	return NULL;
}

const char *mkp_types_enumerator(struct mkp_types *types, uint64_t type, uint64_t value)
{
	struct mkp_die die;
	bool more = mkp_dwarf_read(types->dwarf, type, &die) &&
		    die.tag == DW_TAG_enumeration_type;
	uint64_t bits = mkp_types_size(types, type) * 8;
	uint64_t mask = bits && bits < 64 ? (UINT64_C(1) << bits) - 1 : UINT64_MAX;

	for (more = more && mkp_dwarf_child(types->dwarf, &die, &die); more;
	     more = mkp_dwarf_sibling(types->dwarf, &die, &die))
		if (die.tag == DW_TAG_enumerator && (die.have & MKP_DIE_VALUE) &&
		    (die.value & mask) == (value & mask))
			return die.name;
	return NULL;
}
