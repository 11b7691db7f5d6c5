// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Correlation: which atom of the patched object is which of the original.
 *
 * Each pass gives every atom that is not yet paired a key made of some evidence, and
 * pairs two atoms if their key occurs exactly once on each side. A key that occurs twice
 * decides nothing, unless it is all that there is to know of them (pair_alike()). Passes
 * differ only in the evidence, strongest first:
 *
 *   name       a name that no compiler numbers, with the source file of a local symbol;
 *              then without it
 *              then any name of it that other files know
 *   canonical  names that differ in the compiler's numbers alone
 *   content    such names, with the same bytes, references and referrers
 *   referrer   such names, referred to from the same places of functions of the same
 * shape, or by the same functions
 *
 * All but the first are repeated until none of them finds a pair, since each new pair
 * makes content and referrers of others comparable: once `foo.constprop.0` has found its
 * twin, what is left of `foo.constprop.N` may be unique.
 *
 * Example: f() and g() have a `static int count` each, count.0 and count.1. A patch moves
 * g() before f(), which swaps the numbers. The canonical name decides nothing (two on
 * each side), the content neither (both are zero); the referrers do.
 *
 * A static local variable needs a function in common besides its name: a variable that is
 * gone from one function and one of the same name that is new in another are two. If
 * atoms of one canonical name are left over on both sides, they are ambiguous: it is not
 * for us to guess. That matters only if the patch reaches one (check/).
 *
 * Position is never evidence. Values (names.h) are not paired but compared by content.
 */
#include <string.h>

#include "base/array.h"
#include "diff/diff.h"
#include "diff/names.h"

/* Deep enough for a table of tables; deeper content counts as the same. */
#define MAX_HASH_DEPTH 4

/* Far more rounds than any object has needed; a limit so that none is quadratic. */
#define MAX_ROUNDS 32

struct side {
	const struct mkp_graph *graph;
	uint32_t *twin; /* in the other graph */
	uint8_t *tier;
	const uint8_t *mark; /* what the author settled */
	bool patched;
	uint32_t *open; /* owned; atoms that may yet be paired, ascending */
	uint32_t nr_open;
	uint64_t *shapes; /* owned; [atoms], 0: not yet computed */
	struct mkp_index keys;
};

struct correlator {
	struct mkp_diff *diff;
	struct side sides[2]; /* original, patched */
	uint64_t *scratch;    /* owned; for sets of hashes */
	size_t cap_scratch;
};

/* What may be paired at all. */
static bool is_candidate(const struct mkp_graph *graph, const struct mkp_atom *atom)
{
	return atom->kind != MKP_ATOM_ENTRY && !mkp_atom_is_value(graph, atom);
}

/* gcc: variable.N; clang: function.variable and function.variable.N. */
static bool is_static_local(const struct mkp_graph *graph, const struct mkp_atom *atom)
{
	const struct mkp_symbol *symbol = mkp_atom_symbol(graph, atom);

	return atom->kind == MKP_ATOM_OBJECT && symbol->bind == STB_LOCAL &&
	       strchr(symbol->name, '.');
}

/* ---- Evidence ------------------------------------------------------------------------
 */

static int compare_hashes(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The function behind a reference: a table entry stands for the function it describes. */
static uint64_t referrer_hash(const struct mkp_graph *graph, uint32_t ref)
{
	const struct mkp_atom *atom = &graph->atoms[graph->ref_atom[ref]];
	uint32_t referrer = graph->ref_atom[ref];

	if (atom->kind == MKP_ATOM_ENTRY) {
		if (atom->owner == MKP_NO_ATOM)
			return 0;
		referrer = atom->owner;
		atom = &graph->atoms[referrer];
	}
	if (atom->kind == MKP_ATOM_FUNC)
		return mkp_name_family_hash(mkp_atom_name(graph, referrer));
	return mkp_name_canonical_hash(mkp_atom_name(graph, referrer));
}

/* The referrers of an atom as a sorted set in correlator->scratch from @first on. */
static struct mkp_error *collect_referrers(struct correlator *correlator,
					   const struct mkp_graph *graph, uint32_t atom,
					   size_t first, size_t *ret_count)
{
	uint32_t begin = graph->incoming_first[atom],
		 end = graph->incoming_first[atom + 1];
	struct mkp_error *error = mkp_array_reserve(
		&correlator->scratch, &correlator->cap_scratch, first + (end - begin) + 1,
		sizeof(*correlator->scratch));
	uint64_t *set;
	size_t count = 0, kept = 0;

	if (error)
		return error;
	set = correlator->scratch + first;
	for (uint32_t i = begin; i < end; i++)
		if (graph->ref_atom[graph->incoming[i]] != atom)
			set[count++] = referrer_hash(graph, graph->incoming[i]);
	qsort(set, count, sizeof(*set), compare_hashes);
	for (size_t i = 0; i < count; i++)
		if (!i || set[i] != set[kept - 1])
			set[kept++] = set[i];
	*ret_count = kept;
	return NULL;
}

static struct mkp_error *referrers_key(struct correlator *correlator,
				       const struct side *side, uint32_t atom,
				       uint64_t *ret_key)
{
	size_t count;
	struct mkp_error *error = collect_referrers(correlator, side->graph, atom, 0,
						    &count);

	if (!error)
		*ret_key = mkp_hash_bytes(correlator->scratch, count * sizeof(uint64_t));
	return error;
}

static uint64_t content_key(const struct side *side, uint32_t atom, unsigned int depth);

/* What a reference points to, in terms that both sides share. */
static uint64_t target_key(const struct side *side, const struct mkp_ref *ref,
			   unsigned int depth)
{
	const struct mkp_graph *graph = side->graph;
	uint64_t offset = (uint64_t)ref->offset;
	const struct mkp_atom *target;

	if (ref->target == MKP_NO_ATOM)
		return offset;
	target = &graph->atoms[ref->target];
	if (target->kind == MKP_ATOM_STRING && offset < target->size)
		return mkp_hash_bytes(mkp_atom_data(graph, target) + offset,
				      target->size - offset);
	if (mkp_atom_is_value(graph, target))
		return mkp_hash_mix(content_key(side, ref->target, depth + 1), offset);
	if (side->twin[ref->target] != MKP_NO_ATOM)
		return mkp_hash_mix(side->patched ? side->twin[ref->target] : ref->target,
				    offset);
	return mkp_hash_mix(mkp_name_canonical_hash(mkp_atom_name(graph, ref->target)),
			    ~offset);
}

/* Hash of bytes outside of references, of their places, and with @targets their meanings.
 */
static uint64_t hash_content(const struct side *side, uint32_t atom, unsigned int depth,
			     bool targets)
{
	const struct mkp_atom *it = &side->graph->atoms[atom];
	const uint8_t *data = mkp_atom_data(side->graph, it);
	uint64_t key = it->size, done = 0;

	for (uint32_t i = 0; i < it->nr_refs; i++) {
		const struct mkp_ref *ref = &side->graph->refs[it->first_ref + i];

		if (data && ref->place > done)
			key = mkp_hash_mix(
				key, mkp_hash_bytes(data + done, ref->place - done));
		done = ref->place + ref->width;
		key = mkp_hash_mix(key, ref->place);
		if (targets)
			key = mkp_hash_mix(key, target_key(side, ref, depth));
	}
	if (data && it->size > done)
		key = mkp_hash_mix(key, mkp_hash_bytes(data + done, it->size - done));
	return key;
}

static uint64_t content_key(const struct side *side, uint32_t atom, unsigned int depth)
{
	if (depth > MAX_HASH_DEPTH)
		return side->graph->atoms[atom].size;
	return hash_content(side, atom, depth, /* targets= */ true);
}

/* The shape of what holds a reference, computed once for each atom. */
static uint64_t referrer_shape(const struct side *side, uint32_t ref)
{
	uint32_t atom = side->graph->ref_atom[ref];

	if (!side->shapes[atom])
		side->shapes[atom] = hash_content(side, atom, 0, /* targets= */ false) |
				     1;
	return side->shapes[atom];
}

/*
 * Where an atom is referred to: a sorted multiset of places, each with the shape of its
 * function. A place means the same on both sides only if the code around it is the same:
 * in a function that changed, what was first may now be second.
 */
static struct mkp_error *places_key(struct correlator *correlator,
				    const struct side *side, uint32_t atom,
				    uint64_t *ret_key)
{
	const struct mkp_graph *graph = side->graph;
	uint32_t begin = graph->incoming_first[atom],
		 end = graph->incoming_first[atom + 1];
	struct mkp_error *error = mkp_array_reserve(
		&correlator->scratch, &correlator->cap_scratch, end - begin + 1,
		sizeof(*correlator->scratch));

	if (error)
		return error;
	for (uint32_t i = begin; i < end; i++) {
		uint32_t ref = graph->incoming[i];
		uint64_t place = mkp_hash_mix(graph->refs[ref].place,
					      referrer_shape(side, ref));

		correlator->scratch[i - begin] = mkp_hash_mix(referrer_hash(graph, ref),
							      place);
	}
	qsort(correlator->scratch, end - begin, sizeof(uint64_t), compare_hashes);
	*ret_key = mkp_hash_bytes(correlator->scratch, (end - begin) * sizeof(uint64_t));
	return NULL;
}

/* ---- Passes
 * ---------------------------------------------------------------------------- */

enum evidence {
	BY_NAME_AND_FILE,
	BY_NAME,
	BY_CANONICAL,
	BY_CONTENT,
	BY_PLACE,
	BY_REFERRER,
};

/* The kinds of atom that may be each other: a variable never becomes a function. */
static uint64_t kind_key(const struct mkp_atom *atom)
{
	return atom->kind;
}

/* The key of an open atom for a pass; *ret_part says whether it takes part. */
static struct mkp_error *atom_key(struct correlator *correlator, const struct side *side,
				  uint32_t atom, enum evidence evidence,
				  uint64_t *ret_key, bool *ret_part)
{
	const struct mkp_atom *it = &side->graph->atoms[atom];
	const struct mkp_symbol *symbol = mkp_atom_symbol(side->graph, it);
	const char *name = mkp_atom_name(side->graph, atom);
	struct mkp_error *error = NULL;
	uint64_t more;

	*ret_part = true;
	if (evidence == BY_NAME || evidence == BY_NAME_AND_FILE) {
		*ret_part = it->kind == MKP_ATOM_EXTERN ||
			    (!mkp_name_is_numbered(name) &&
			     !is_static_local(side->graph, it));
		*ret_key = mkp_hash_mix(kind_key(it), mkp_hash_string(name));
		if (evidence == BY_NAME_AND_FILE && symbol->file)
			*ret_key = mkp_hash_mix(*ret_key, mkp_hash_string(symbol->file));
		return NULL;
	}
	*ret_key = mkp_hash_mix(kind_key(it), mkp_name_canonical_hash(name));
	if (evidence == BY_CONTENT)
		*ret_key = mkp_hash_mix(*ret_key, content_key(side, atom, 0));
	if (evidence == BY_PLACE)
		error = places_key(correlator, side, atom, &more);
	else if (evidence == BY_CONTENT || evidence == BY_REFERRER)
		error = referrers_key(correlator, side, atom, &more);
	else
		return NULL;
	if (!error)
		*ret_key = mkp_hash_mix(*ret_key, more);
	return error;
}

static struct mkp_error *index_side(struct correlator *correlator, struct side *side,
				    enum evidence evidence)
{
	struct mkp_error *error = NULL;
	uint32_t kept = 0;

	side->keys.count = 0;
	for (uint32_t i = 0; i < side->nr_open && !error; i++) {
		uint32_t atom = side->open[i];
		uint64_t key = 0;
		bool part;

		if (side->twin[atom] != MKP_NO_ATOM)
			continue;
		side->open[kept++] = atom;
		error = atom_key(correlator, side, atom, evidence, &key, &part);
		if (!error && part)
			error = mkp_index_add(&side->keys, key, atom);
	}
	side->nr_open = kept;
	mkp_index_seal(&side->keys);
	return error;
}

/* Whether two sorted sets share an element. */
static bool sets_meet(const uint64_t *a, size_t na, const uint64_t *b, size_t nb)
{
	while (na && nb) {
		if (*a == *b)
			return true;
		if (*a < *b)
			a++, na--;
		else
			b++, nb--;
	}
	return false;
}

/* A static local variable is its function's: see the top of this file. */
static struct mkp_error *scopes_agree(struct correlator *correlator, uint32_t orig,
				      uint32_t patched, bool *ret_agree)
{
	const struct mkp_graph *o = correlator->diff->orig,
			       *p = correlator->diff->patched;
	size_t no, np;
	struct mkp_error *error;

	*ret_agree = true;
	if (!is_static_local(p, &p->atoms[patched]))
		return NULL;
	error = collect_referrers(correlator, o, orig, 0, &no);
	if (!error)
		error = collect_referrers(correlator, p, patched, no, &np);
	if (!error)
		*ret_agree = (!no && !np) || sets_meet(correlator->scratch, no,
						       correlator->scratch + no, np);
	return error;
}

static uint32_t count_incoming(const struct mkp_graph *graph, uint32_t atom)
{
	return graph->incoming_first[atom + 1] - graph->incoming_first[atom];
}

static void pair(struct correlator *correlator, uint32_t orig, uint32_t patched,
		 enum mkp_tier tier)
{
	correlator->sides[0].twin[orig] = patched;
	correlator->sides[1].twin[patched] = orig;
	correlator->sides[0].tier[orig] = tier;
	correlator->sides[1].tier[patched] = tier;
}

/* The end of the run of entries with the key of @at. */
static size_t run_end(const struct mkp_index *index, size_t at)
{
	size_t end = at;

	while (end < index->count && index->entries[end].key == index->entries[at].key)
		end++;
	return end;
}

/*
 * Which of them is which makes no difference where nobody refers to them and all is alike
 * ("static const char *___tp_str" of RCU, two in a function with the same text).
 */
static void pair_alike(struct correlator *correlator, size_t o, size_t o_end, size_t p,
		       size_t p_end, bool *progress)
{
	const struct side *sides = correlator->sides;

	for (; o < o_end && p < p_end; o++, p++) {
		const uint32_t orig = sides[0].keys.entries[o].id;
		const uint32_t patched = sides[1].keys.entries[p].id;

		if (count_incoming(sides[0].graph, orig) ||
		    count_incoming(sides[1].graph, patched))
			return;
		pair(correlator, orig, patched, MKP_TIER_CONTENT);
		*progress = true;
	}
}

/* Walks both indices and pairs what is alone with its key on each side. */
static struct mkp_error *pair_unique(struct correlator *correlator, enum mkp_tier tier,
				     bool *progress)
{
	const struct mkp_index *o = &correlator->sides[0].keys;
	const struct mkp_index *p = &correlator->sides[1].keys;
	struct mkp_error *error = NULL;
	size_t i = 0, k = 0;

	while (i < o->count && k < p->count && !error) {
		uint64_t key = o->entries[i].key;
		size_t i_end = run_end(o, i), k_end = run_end(p, k);
		bool agree = false;

		if (key < p->entries[k].key) {
			i = i_end;
			continue;
		}
		if (key > p->entries[k].key) {
			k = k_end;
			continue;
		}
		if (i_end - i == 1 && k_end - k == 1)
			error = scopes_agree(correlator, o->entries[i].id,
					     p->entries[k].id, &agree);
		if (!error && agree) {
			pair(correlator, o->entries[i].id, p->entries[k].id, tier);
			*progress = true;
		}
		if (tier == MKP_TIER_CONTENT && (i_end - i > 1 || k_end - k > 1))
			pair_alike(correlator, i, i_end, k, k_end, progress);
		i = i_end;
		k = k_end;
	}
	return error;
}

static struct mkp_error *pass(struct correlator *correlator, enum evidence evidence,
			      enum mkp_tier tier, bool *progress)
{
	struct mkp_error *error = index_side(correlator, &correlator->sides[0], evidence);

	if (!error)
		error = index_side(correlator, &correlator->sides[1], evidence);
	if (!error)
		error = pair_unique(correlator, tier, progress);
	return error;
}

static bool may_pair(const struct side *side, uint32_t atom)
{
	return atom != MKP_NO_ATOM && side->twin[atom] == MKP_NO_ATOM &&
	       side->mark[atom] != MKP_MARK_NEW &&
	       is_candidate(side->graph, &side->graph->atoms[atom]);
}

/* The atom that a name for all belongs to; a label in its middle is no name of it. */
static uint32_t named_atom(const struct mkp_graph *graph, uint32_t symbol)
{
	uint32_t atom = graph->symbol_atom[symbol];

	return atom != MKP_NO_ATOM && graph->object->symbols[symbol].value ==
					      graph->atoms[atom].start
		       ? atom
		       : MKP_NO_ATOM;
}

/* Of several names an atom goes by one, and by another if that one becomes weak or the
 * file's own. Whatever name it has kept will do. */
static void pair_by_other_names(struct correlator *correlator)
{
	struct side *sides = correlator->sides;
	const struct mkp_object *object = sides[1].graph->object;

	for (uint32_t i = object->first_global; i < object->nr_symbols; i++) {
		uint32_t patched = named_atom(sides[1].graph, i), symbol, orig;

		if (!may_pair(&sides[1], patched))
			continue;
		symbol = mkp_graph_find_global(sides[0].graph, object->symbols[i].name);
		orig = symbol ? named_atom(sides[0].graph, symbol) : MKP_NO_ATOM;
		if (may_pair(&sides[0], orig) &&
		    kind_key(&sides[0].graph->atoms[orig]) ==
			    kind_key(&sides[1].graph->atoms[patched]))
			pair(correlator, orig, patched, MKP_TIER_NAME);
	}
}

/* What is left on both sides with one canonical name. */
static struct mkp_error *mark_ambiguous(struct correlator *correlator)
{
	struct mkp_error *error = NULL;

	for (int s = 0; s < 2 && !error; s++)
		error = index_side(correlator, &correlator->sides[s], BY_CANONICAL);
	for (int s = 0; s < 2 && !error; s++) {
		const struct side *side = &correlator->sides[s];
		const struct mkp_index *other = &correlator->sides[!s].keys;

		for (size_t i = 0; i < side->keys.count; i++) {
			const struct mkp_index_entry *entry = &side->keys.entries[i];
			size_t count;

			if (side->graph->atoms[entry->id].kind != MKP_ATOM_EXTERN &&
			    mkp_index_find(other, entry->key, &count))
				side->tier[entry->id] = MKP_TIER_AMBIGUOUS;
		}
	}
	return error;
}

/* Pairs by weaker and weaker evidence until there is nothing to be found. */
static struct mkp_error *run_passes(struct correlator *correlator)
{
	bool progress = false;
	struct mkp_error *error;

	error = pass(correlator, BY_NAME_AND_FILE, MKP_TIER_NAME, &progress);
	if (!error)
		error = pass(correlator, BY_NAME, MKP_TIER_NAME, &progress);
	if (!error)
		pair_by_other_names(correlator);
	progress = true;
	for (int round = 0; round < MAX_ROUNDS && progress && !error; round++) {
		progress = false;
		error = pass(correlator, BY_CANONICAL, MKP_TIER_CANONICAL, &progress);
		if (!error)
			error = pass(correlator, BY_CONTENT, MKP_TIER_CONTENT, &progress);
		if (!error)
			error = pass(correlator, BY_PLACE, MKP_TIER_REFERRER, &progress);
		if (!error)
			error = pass(correlator, BY_REFERRER, MKP_TIER_REFERRER,
				     &progress);
	}
	return error;
}

static struct mkp_error *side_init(struct side *side)
{
	uint32_t nr_atoms = side->graph->nr_atoms;
	struct mkp_error *error = mkp_array_create(nr_atoms, sizeof(*side->shapes),
						   &side->shapes);

	if (!error)
		error = mkp_array_create(nr_atoms, sizeof(*side->open), &side->open);
	for (uint32_t i = 0; i < nr_atoms && !error; i++)
		if (is_candidate(side->graph, &side->graph->atoms[i]) &&
		    side->mark[i] != MKP_MARK_NEW)
			side->open[side->nr_open++] = i;
	return error;
}

static void side_deinit(struct side *side)
{
	free(side->open);
	mkp_index_deinit(&side->keys);
	free(side->shapes);
}

struct mkp_error *mkp_correlate(struct mkp_diff *diff)
{
	struct correlator correlator = {
		.diff = diff,
		.sides = {
			{ .graph = diff->orig, .twin = diff->to_patched,
			  .tier = diff->orig_tier, .mark = diff->orig_mark },
			{ .graph = diff->patched, .twin = diff->to_orig,
			  .tier = diff->tier, .mark = diff->mark, .patched = true },
		},
	};
	struct mkp_error *error = NULL;

	for (int i = 0; i < 2 && !error; i++)
		error = side_init(&correlator.sides[i]);
	if (!error)
		error = run_passes(&correlator);
	if (!error)
		error = mark_ambiguous(&correlator);
	side_deinit(&correlator.sides[0]);
	side_deinit(&correlator.sides[1]);
	free(correlator.scratch);
	return error;
}
