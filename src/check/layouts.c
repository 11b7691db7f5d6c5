// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Types are looked for by name: the same name is the same type, as it is for the compiler
 * within one file. A layout is what code was compiled to: names, offsets and sizes of the
 * members. What a member is does not count, nor how a structure inside of it is laid out,
 * which has a name of its own; members of nameless structures are members of the outer.
 */
#include "check/layouts.h"

#include <dwarf.h>
#include <string.h>

#include "base/array.h"

/* In one type; more are in a damaged file, where one is a member of itself. */
#define MAX_NAMELESS 256

struct member {
	const char *name; /* "" for what has none */
	uint64_t bit, nr_bits;
};

struct members {
	struct mkp_types *types;
	struct member *list;
	size_t count, capacity;
	size_t nr_nameless; /* structures inside, whose members are here */
};

static struct mkp_error *add_members(struct members *members, const struct mkp_die *type,
				     uint64_t base);

static struct mkp_error *add_member(struct members *members, const struct mkp_die *die,
				    uint64_t base)
{
	struct member member = { .name = die->name ? die->name : "" };
	struct mkp_error *error;
	struct mkp_die type;

	mkp_types_member(members->types, die, &member.bit, &member.nr_bits);
	member.bit += base;
	if (!die->name && mkp_types_strip(members->types, die->type, &type) &&
	    (type.tag == DW_TAG_structure_type || type.tag == DW_TAG_union_type) &&
	    members->nr_nameless < MAX_NAMELESS) {
		members->nr_nameless++;
		return add_members(members, &type, member.bit);
	}
	error = mkp_array_reserve(&members->list, &members->capacity, members->count + 1,
				  sizeof(member));
	if (!error)
		members->list[members->count++] = member;
	return error;
}

static struct mkp_error *add_members(struct members *members, const struct mkp_die *type,
				     uint64_t base)
{
	struct mkp_dwarf *dwarf = mkp_types_dwarf(members->types);
	struct mkp_error *error = NULL;
	struct mkp_die die;
	bool more = mkp_dwarf_child(dwarf, type, &die);

	for (; more && !error; more = mkp_dwarf_sibling(dwarf, &die, &die))
		if (die.tag == DW_TAG_member)
			error = add_member(members, &die, base);
	return error;
}

/* ---- All types of an object ----------------------------------------------------------
 */

static uint64_t hash_members(const struct members *members, const struct mkp_die *type)
{
	uint64_t hash = type->byte_size;

	for (size_t i = 0; i < members->count; i++) {
		const struct member *it = &members->list[i];

		hash = mkp_hash_mix(hash, mkp_hash_string(it->name));
		hash = mkp_hash_mix(hash, mkp_hash_mix(it->bit, it->nr_bits));
	}
	return hash;
}

static struct mkp_error *add_type(struct mkp_layouts *layouts, struct members *members,
				  const struct mkp_die *die)
{
	struct mkp_layout entry = { .type = die->offset };
	struct mkp_error *error = NULL;

	members->count = members->nr_nameless = 0;
	if (die->name) {
		entry.name = mkp_hash_mix(die->tag, mkp_hash_string(die->name));
		error = add_members(members, die, 0);
		entry.hash = hash_members(members, die);
	}
	if (!error)
		error = mkp_array_reserve(&layouts->entries, &layouts->cap_entries,
					  layouts->nr_entries + 1, sizeof(entry));
	if (!error)
		layouts->entries[layouts->nr_entries++] = entry;
	return error;
}

struct mkp_error *mkp_layouts_collect(struct mkp_types *types,
				      struct mkp_layouts *ret_layouts)
{
	struct members members = { .types = types };
	const struct mkp_top *tops = NULL;
	size_t count = 0;
	struct mkp_die die;
	struct mkp_error *error = mkp_types_tops(types, &tops, &count);

	*ret_layouts = (struct mkp_layouts){ .types = types };
	for (size_t i = 0; i < count && !error; i++)
		if (tops[i].tag != DW_TAG_subprogram &&
		    mkp_dwarf_read(mkp_types_dwarf(types), tops[i].offset, &die) &&
		    !(die.have & MKP_DIE_DECLARATION))
			error = add_type(ret_layouts, &members, &die);
	free(members.list);
	if (error)
		mkp_layouts_deinit(ret_layouts);
	return error;
}

void mkp_layouts_deinit(struct mkp_layouts *layouts)
{
	free(layouts->entries);
	memset(layouts, 0, sizeof(*layouts));
}

/* ---- Pairs ---------------------------------------------------------------------------
 */

/* Several types of one name are those of several units, or of several scopes. */
static struct mkp_error *index_names(const struct mkp_layouts *layouts, bool with_hash,
				     struct mkp_index *ret_index)
{
	struct mkp_error *error = NULL;

	mkp_index_init(ret_index);
	for (size_t i = 0; i < layouts->nr_entries && !error; i++) {
		const struct mkp_layout *it = &layouts->entries[i];

		if (it->name)
			error = mkp_index_add(ret_index,
					      with_hash ? mkp_hash_mix(it->name, it->hash)
							: it->name,
					      (uint32_t)i);
	}
	mkp_index_seal(ret_index);
	return error;
}

static bool has_layout(const struct mkp_index *layouts, const struct mkp_layout *layout)
{
	size_t count;

	return mkp_index_find(layouts, mkp_hash_mix(layout->name, layout->hash), &count);
}

/* A layout of the original that the patched object has no more, for one that is new. */
static bool find_partner(const struct mkp_layouts *orig, const struct mkp_index *names,
			 const struct mkp_index *patched_layouts,
			 const struct mkp_layout *layout, uint64_t *ret_type)
{
	size_t count;
	const struct mkp_index_entry *it = mkp_index_find(names, layout->name, &count);

	for (; count; it++, count--) {
		const struct mkp_layout *candidate = &orig->entries[it->id];

		if (!has_layout(patched_layouts, candidate)) {
			*ret_type = candidate->type;
			return true;
		}
	}
	return false;
}

struct mkp_error *mkp_layouts_compare(const struct mkp_layouts *orig,
				      const struct mkp_layouts *patched,
				      struct mkp_layout_pair **ret_pairs,
				      size_t *ret_count)
{
	struct mkp_index names, layouts[2];
	struct mkp_layout_pair *pairs = NULL;
	size_t count = 0;
	struct mkp_error *error = index_names(orig, false, &names);

	mkp_index_init(&layouts[0]);
	mkp_index_init(&layouts[1]);
	if (!error)
		error = index_names(orig, true, &layouts[0]);
	if (!error)
		error = index_names(patched, true, &layouts[1]);
	if (!error)
		error = mkp_array_create(patched->nr_entries, sizeof(*pairs), &pairs);
	for (size_t i = 0; i < patched->nr_entries && !error; i++) {
		const struct mkp_layout *it = &patched->entries[i];

		if (it->name && !has_layout(&layouts[0], it) &&
		    find_partner(orig, &names, &layouts[1], it, &pairs[count].orig))
			pairs[count++].patched = it->type;
	}
	mkp_index_deinit(&names);
	mkp_index_deinit(&layouts[0]);
	mkp_index_deinit(&layouts[1]);
	if (error)
		return error;
	*ret_pairs = pairs;
	*ret_count = count;
	return NULL;
}

/* ---- One pair ------------------------------------------------------------------------
 */

static int by_name(const void *a, const void *b)
{
	const struct member *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	return order ? order : (left->bit > right->bit) - (left->bit < right->bit);
}

static int by_place(const void *a, const void *b)
{
	const struct mkp_change *left = a, *right = b;
	uint64_t l = left->after.present ? left->after.offset : left->before.offset;
	uint64_t r = right->after.present ? right->after.offset : right->before.offset;

	if (l != r)
		return l < r ? -1 : 1;
	if (left->after.present != right->after.present)
		return left->after.present ? 1 : -1;
	return strcmp(left->path, right->path);
}

/* Bits are told where bytes do not tell all. */
static struct mkp_change_side side_of(struct mkp_layout_changes *changes,
				      const struct member *member)
{
	struct mkp_change_side side = { 0 };

	if (!member)
		return side;
	side.present = true;
	side.offset = member->bit / 8;
	side.size = (member->nr_bits + 7) / 8;
	if (member->bit % 8 || member->nr_bits % 8)
		side.value = mkp_arena_printf(&changes->arena, "%llu bits from bit %llu",
					      (unsigned long long)member->nr_bits,
					      (unsigned long long)(member->bit % 8));
	return side;
}

static struct mkp_error *add_change(struct mkp_layout_changes *changes,
				    const struct member *before,
				    const struct member *after)
{
	const char *name = before ? before->name : after->name;
	struct mkp_change change = {
		.path = *name ? name : "(no name)",
		.before = side_of(changes, before),
		.after = side_of(changes, after),
	};
	struct mkp_error *error = mkp_array_reserve(
		&changes->changes, &changes->cap_changes, changes->nr_changes + 1,
		sizeof(change));

	if (!error)
		changes->changes[changes->nr_changes++] = change;
	changes->only_added &= !before;
	return error;
}

static struct mkp_error *compare_members(struct mkp_layout_changes *changes,
					 const struct members *orig,
					 const struct members *patched)
{
	struct mkp_error *error = NULL;
	size_t i = 0, k = 0;

	while ((i < orig->count || k < patched->count) && !error) {
		const struct member *before = i < orig->count ? &orig->list[i] : NULL;
		const struct member *after = k < patched->count ? &patched->list[k]
								: NULL;
		int order = !before ? 1 : !after ? -1 : strcmp(before->name, after->name);

		i += order <= 0;
		k += order >= 0;
		if (order || before->bit != after->bit ||
		    before->nr_bits != after->nr_bits)
			error = add_change(changes, order <= 0 ? before : NULL,
					   order >= 0 ? after : NULL);
	}
	return error;
}

static bool is_same_place(const struct mkp_change_side *a,
			  const struct mkp_change_side *b)
{
	const char *left = a->value ? a->value : "", *right = b->value ? b->value : "";

	return a->offset == b->offset && a->size == b->size && !strcmp(left, right);
}

/* One that is gone and one that is new at the same place: another name for it. By place,
 * they are neighbours. */
static void drop_renamed(struct mkp_layout_changes *changes)
{
	size_t kept = 0;

	for (size_t i = 0; i < changes->nr_changes; i++) {
		const struct mkp_change *it = &changes->changes[i], *next = it + 1;

		if (i + 1 < changes->nr_changes && !it->after.present &&
		    !next->before.present && is_same_place(&it->before, &next->after))
			i++;
		else
			changes->changes[kept++] = *it;
	}
	changes->nr_changes = kept;
}

static struct mkp_error *list_members(struct mkp_types *types, uint64_t type,
				      struct members *ret_members, uint64_t *ret_size)
{
	struct mkp_error *error = NULL;
	struct mkp_die die;

	*ret_members = (struct members){ .types = types };
	if (mkp_types_strip(types, type, &die)) {
		*ret_size = die.byte_size;
		error = add_members(ret_members, &die, 0);
	}
	if (ret_members->count)
		qsort(ret_members->list, ret_members->count, sizeof(struct member),
		      by_name);
	return error;
}

struct mkp_error *mkp_layout_changes_find(struct mkp_types *orig,
					  struct mkp_types *patched,
					  const struct mkp_layout_pair *pair,
					  struct mkp_layout_changes *ret_changes)
{
	struct members before, after = { 0 };
	struct mkp_error *error;

	memset(ret_changes, 0, sizeof(*ret_changes));
	mkp_arena_init(&ret_changes->arena);
	ret_changes->only_added = true;
	error = list_members(orig, pair->orig, &before, &ret_changes->old_size);
	if (!error)
		error = list_members(patched, pair->patched, &after,
				     &ret_changes->new_size);
	if (!error)
		error = compare_members(ret_changes, &before, &after);
	free(before.list);
	free(after.list);
	if (error)
		return error;
	if (ret_changes->nr_changes)
		qsort(ret_changes->changes, ret_changes->nr_changes,
		      sizeof(*ret_changes->changes), by_place);
	drop_renamed(ret_changes);
	ret_changes->only_added &= ret_changes->old_size == ret_changes->new_size;
	return NULL;
}

void mkp_layout_changes_deinit(struct mkp_layout_changes *changes)
{
	free(changes->changes);
	mkp_arena_deinit(&changes->arena);
}
