// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Candidates and what is left of them.
 *
 * A function or variable of the object has as candidates the symbols of the image that
 * have its name, kind and binding; where the source file's name settles it (image room),
 * that one alone. Comparing a candidate says whether its own bytes are right, and gives
 * wants: this field is right if that atom is at this address. So
 *
 *  1. candidates whose bytes differ are dropped, unless all differ;
 *  2. an atom with one candidate drops those of others that its wants exclude;
 *  3. a candidate with a want that no candidate of the wanted atom fulfils is dropped,
 *
 * and 2 and 3 are repeated for whatever lost a candidate. If a step would drop the last
 * one, that one differs instead: it refers to something else than the object does. A
 * function whose code differs thus does not make those differ that call it.
 *
 * Every step drops a candidate, and looks only at what refers to the atom that lost it.
 */
#include "match/match.h"

#include <string.h>

#include "base/array.h"
#include "match/private.h"

bool mkp_is_node(const struct mkp_graph *graph, uint32_t atom)
{
	const struct mkp_atom *it = &graph->atoms[atom];

	return (it->kind == MKP_ATOM_FUNC || it->kind == MKP_ATOM_OBJECT) && it->symbol;
}

/* ---- Names ---- */

struct siblings {
	const char **names; /* owned */
	size_t count, capacity;
};

/* Locals that the linker keeps: they tell files of one name apart. */
static struct mkp_error *collect_siblings(const struct mkp_object *object,
					  struct siblings *siblings)
{
	struct mkp_error *error = NULL;

	for (uint32_t i = 1; i < object->first_global && !error; i++) {
		const struct mkp_symbol *symbol = &object->symbols[i];

		if ((symbol->type != STT_FUNC && symbol->type != STT_OBJECT) ||
		    !mkp_symbol_section(object, symbol))
			continue;
		error = mkp_array_reserve(&siblings->names, &siblings->capacity,
					  siblings->count + 1, sizeof(*siblings->names));
		if (!error)
			siblings->names[siblings->count++] = symbol->name;
	}
	return error;
}

static struct mkp_image_query make_query(const struct mkp_graph *graph, uint32_t atom,
					 const struct siblings *siblings)
{
	const struct mkp_symbol *symbol = mkp_atom_symbol(graph, &graph->atoms[atom]);

	return (struct mkp_image_query){
		.name = symbol->name,
		.file = symbol->file,
		.local = symbol->bind == STB_LOCAL,
		.function = symbol->type == STT_FUNC,
		.object = symbol->type == STT_OBJECT,
		.siblings = siblings->names,
		.nr_siblings = siblings->count,
	};
}

/* Whether a symbol of the image could be the one of the query. Hidden globals are local
 * once they are linked. */
static bool fits(const struct mkp_image_query *query,
		 const struct mkp_image_symbol *symbol)
{
	if (strcmp(symbol->name, query->name) != 0 || (query->local && symbol->global))
		return false;
	return !(query->function && symbol->object) &&
	       !(query->object && symbol->function);
}

static struct mkp_error *add_candidate(struct mkp_matcher *matcher, uint32_t symbol)
{
	size_t count;
	const struct mkp_image_symbol *symbols = mkp_image_symbols(matcher->space->image,
								   &count);
	struct mkp_error *error = mkp_array_reserve(
		&matcher->candidates, &matcher->cap_candidates,
		matcher->nr_candidates + 1, sizeof(*matcher->candidates));

	if (!error)
		matcher->candidates[matcher->nr_candidates++] = (struct mkp_candidate){
			.address = mkp_space_symbol_address(matcher->space,
							    &symbols[symbol]),
			.symbol = symbol,
		};
	return error;
}

/* Whether names alone settle which it is, by the names of source files. */
static bool settled_by_file(const struct mkp_image_match *found)
{
	return found->verdict == MKP_RESOLVED &&
	       (found->reason == MKP_BY_FILE || found->reason == MKP_BY_SIBLINGS);
}

/* The file is known, and it is none of those that have the name. */
static bool in_no_file(const struct mkp_image_match *found)
{
	return found->verdict == MKP_NOT_FOUND && found->reason == MKP_OTHER_FILE;
}

static struct mkp_error *find_candidates(struct mkp_matcher *matcher, uint32_t atom,
					 const struct siblings *siblings)
{
	const struct mkp_image *image = matcher->space->image;
	const struct mkp_image_query query = make_query(matcher->graph, atom, siblings);
	struct mkp_image_match found;
	size_t total, count;
	const struct mkp_image_symbol *symbols = mkp_image_symbols(image, &total);
	const struct mkp_index_entry *entries;
	struct mkp_error *error = NULL;

	mkp_image_resolve(image, &query, &found);
	if (settled_by_file(&found))
		return add_candidate(matcher, (uint32_t)(found.symbol - symbols));
	if (in_no_file(&found))
		return NULL;
	entries = mkp_image_find_name(image, mkp_hash_string(query.name), &count);
	for (size_t i = 0; i < count && !error; i++)
		if (fits(&query, &symbols[entries[i].id]))
			error = add_candidate(matcher, entries[i].id);
	return error;
}

/* Whether the image keeps what is in such a section: then it can be looked for. */
static bool is_looked_for(const struct mkp_graph *graph, uint32_t atom)
{
	switch (graph->atoms[atom].class) {
	case MKP_CLASS_NONE:
	case MKP_CLASS_SPECIAL:
	case MKP_CLASS_COMPANION:
		return false;
	default:
		return mkp_is_node(graph, atom);
	}
}

static struct mkp_error *find_all_candidates(struct mkp_matcher *matcher)
{
	const struct mkp_graph *graph = matcher->graph;
	struct siblings siblings = { 0 };
	struct mkp_error *error = collect_siblings(graph->object, &siblings);

	for (uint32_t i = 0; i < graph->nr_atoms && !error; i++) {
		matcher->first[i] = (uint32_t)matcher->nr_candidates;
		if (is_looked_for(graph, i))
			error = find_candidates(matcher, i, &siblings);
	}
	matcher->first[graph->nr_atoms] = (uint32_t)matcher->nr_candidates;
	free(siblings.names);
	return error;
}

/* ---- Content ---- */

/*
 * Sections whose content is not what the compiler wrote: their variables are found, but
 * not compared. BTF ids are numbered once the kernel is linked
 * (tools/bpf/resolve_btfids).
 */
static bool is_compared(const struct mkp_graph *graph, const struct mkp_atom *atom)
{
	return strncmp(graph->object->sections[atom->section].name, ".BTF", 4) != 0;
}

static struct mkp_error *compare_candidate(struct mkp_matcher *matcher, uint32_t atom,
					   struct mkp_candidate *candidate)
{
	const struct mkp_atom *it = &matcher->graph->atoms[atom];
	struct mkp_error *error;

	matcher->nr_nameless = 0;
	candidate->first_want = (uint32_t)matcher->nr_wants;
	if (it->kind == MKP_ATOM_OBJECT)
		return is_compared(matcher->graph, it)
			       ? mkp_compare_data(matcher, atom, candidate)
			       : NULL;
	error = mkp_compare_code(matcher, atom, candidate);
	if (!error && mkp_is_same(candidate))
		error = mkp_compare_tables(matcher, atom, candidate);
	return error;
}

static struct mkp_error *compare_all(struct mkp_matcher *matcher)
{
	const struct mkp_graph *graph = matcher->graph;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < graph->nr_atoms && !error; i++)
		for (uint32_t c = matcher->first[i]; c < matcher->first[i + 1] && !error;
		     c++)
			error = compare_candidate(matcher, i, &matcher->candidates[c]);
	return error;
}

/* ---- What is left ---- */

struct queue {
	uint32_t *atoms; /* owned; [nr_atoms], a ring */
	uint8_t *waiting;
	uint32_t first, count, size;
};

static void enqueue(struct queue *queue, uint32_t atom)
{
	if (queue->waiting[atom])
		return;
	queue->waiting[atom] = true;
	queue->atoms[(queue->first + queue->count++) % queue->size] = atom;
}

static uint32_t dequeue(struct queue *queue)
{
	uint32_t atom = queue->atoms[queue->first];

	queue->first = (queue->first + 1) % queue->size;
	queue->count--;
	queue->waiting[atom] = false;
	return atom;
}

static uint32_t count_left(const struct mkp_matcher *matcher, uint32_t atom)
{
	uint32_t left = 0;

	for (uint32_t c = matcher->first[atom]; c < matcher->first[atom + 1]; c++)
		left += !matcher->candidates[c].dropped;
	return left;
}

static bool fulfils(const struct mkp_matcher *matcher, const struct mkp_want *want,
		    const struct mkp_candidate *candidate)
{
	/* Before its start it has no shifts. */
	if (want->offset < 0)
		return candidate->address + (uint64_t)want->offset == want->address;
	return mkp_candidate_place(matcher, candidate, (uint64_t)want->offset) ==
	       want->address;
}

/* Whether the wanted atom can be where it is wanted. One that the image has no symbol
 * for, as the linker drops some, can be anywhere. */
static bool can_be_fulfilled(const struct mkp_matcher *matcher, uint32_t atom,
			     const struct mkp_candidate *candidate,
			     const struct mkp_want *want)
{
	uint32_t first = matcher->first[want->atom], end = matcher->first[want->atom + 1];

	if (want->atom == atom)
		return fulfils(matcher, want, candidate);
	for (uint32_t c = first; c < end; c++)
		if (!matcher->candidates[c].dropped &&
		    fulfils(matcher, want, &matcher->candidates[c]))
			return true;
	return first == end;
}

/* The first want that can not be fulfilled, or NULL. */
static const struct mkp_want *unfulfilled(const struct mkp_matcher *matcher,
					  uint32_t atom,
					  const struct mkp_candidate *candidate)
{
	for (uint32_t w = 0; w < candidate->nr_wants; w++) {
		const struct mkp_want *want = &matcher->wants[candidate->first_want + w];

		if (!can_be_fulfilled(matcher, atom, candidate, want))
			return want;
	}
	return NULL;
}

static void note_unfulfilled(const struct mkp_matcher *matcher,
			     struct mkp_candidate *candidate, const struct mkp_want *want)
{
	const struct mkp_graph *graph = matcher->graph;

	mkp_differs(candidate, &(struct mkp_difference){
				       .kind = MKP_DIFFERENCE_TARGET,
				       .place = graph->refs[want->ref].place,
				       .address = want->place,
				       .target = want->address,
				       .atom = graph->ref_atom[want->ref],
				       .ref = want->ref,
			       });
}

/* Drops those that differ if there are others. True: some were dropped. */
static bool drop_different(struct mkp_matcher *matcher, uint32_t atom)
{
	bool any_same = false, dropped = false;

	for (uint32_t c = matcher->first[atom]; c < matcher->first[atom + 1]; c++)
		any_same |= !matcher->candidates[c].dropped &&
			    mkp_is_same(&matcher->candidates[c]);
	for (uint32_t c = matcher->first[atom]; c < matcher->first[atom + 1]; c++) {
		struct mkp_candidate *candidate = &matcher->candidates[c];

		if (!any_same || candidate->dropped || mkp_is_same(candidate))
			continue;
		candidate->dropped = true;
		dropped = true;
	}
	return dropped;
}

/* Looks at the wants of an atom again. */
static void revise(struct mkp_matcher *matcher, struct queue *queue, uint32_t atom)
{
	for (uint32_t c = matcher->first[atom]; c < matcher->first[atom + 1]; c++) {
		struct mkp_candidate *candidate = &matcher->candidates[c];
		const struct mkp_want *want;

		if (candidate->dropped || !mkp_is_same(candidate))
			continue;
		want = unfulfilled(matcher, atom, candidate);
		if (want)
			note_unfulfilled(matcher, candidate, want);
	}
	if (drop_different(matcher, atom))
		enqueue(queue, atom);
}

/* What the only candidate of an atom wants, others must be. */
static void impose(struct mkp_matcher *matcher, struct queue *queue, uint32_t atom)
{
	const struct mkp_candidate *only = NULL;

	for (uint32_t c = matcher->first[atom]; c < matcher->first[atom + 1]; c++)
		if (!matcher->candidates[c].dropped)
			only = &matcher->candidates[c];
	if (!only || !mkp_is_same(only))
		return;
	for (uint32_t w = 0; w < only->nr_wants; w++) {
		const struct mkp_want *want = &matcher->wants[only->first_want + w];
		bool dropped = false;

		if (want->atom == atom || count_left(matcher, want->atom) < 2 ||
		    !can_be_fulfilled(matcher, atom, only, want))
			continue;
		for (uint32_t c = matcher->first[want->atom];
		     c < matcher->first[want->atom + 1]; c++) {
			struct mkp_candidate *candidate = &matcher->candidates[c];

			if (candidate->dropped || fulfils(matcher, want, candidate))
				continue;
			candidate->dropped = true;
			dropped = true;
		}
		if (dropped)
			enqueue(queue, want->atom);
	}
}

/* Whoever refers to an atom that lost a candidate, directly or through what has no name,
 * may lose one. */
static void revise_referrers(struct mkp_matcher *matcher, struct queue *queue,
			     uint32_t atom, unsigned int depth)
{
	const struct mkp_graph *graph = matcher->graph;

	for (uint32_t i = graph->incoming_first[atom];
	     i < graph->incoming_first[atom + 1]; i++) {
		uint32_t from = graph->ref_atom[graph->incoming[i]];

		if (graph->atoms[from].owner != MKP_NO_ATOM &&
		    graph->atoms[from].kind == MKP_ATOM_ENTRY)
			from = graph->atoms[from].owner;
		if (mkp_is_node(graph, from))
			revise(matcher, queue, from);
		else if (depth)
			revise_referrers(matcher, queue, from, depth - 1);
	}
}

static void settle(struct mkp_matcher *matcher, struct queue *queue)
{
	const struct mkp_graph *graph = matcher->graph;

	for (uint32_t i = 0; i < graph->nr_atoms; i++)
		drop_different(matcher, i);
	for (uint32_t i = 0; i < graph->nr_atoms; i++) {
		revise(matcher, queue, i);
		if (count_left(matcher, i) == 1)
			enqueue(queue, i);
	}
	while (queue->count) {
		uint32_t atom = dequeue(queue);

		if (count_left(matcher, atom) == 1)
			impose(matcher, queue, atom);
		revise_referrers(matcher, queue, atom, /* depth= */ 2);
	}
}

static struct mkp_error *settle_all(struct mkp_matcher *matcher)
{
	struct queue queue = { .size = matcher->graph->nr_atoms };
	struct mkp_error *error = mkp_array_create(queue.size, sizeof(*queue.atoms),
						   &queue.atoms);

	if (!error)
		error = mkp_array_create(queue.size, 1, &queue.waiting);
	if (!error)
		settle(matcher, &queue);
	free(queue.atoms);
	free(queue.waiting);
	return error;
}

/* ---- The result ---- */

/* Of several that all differ, the one that is the same for longest. */
static const struct mkp_candidate *closest(const struct mkp_matcher *matcher,
					   uint32_t atom)
{
	const struct mkp_candidate *best = NULL;

	for (uint32_t c = matcher->first[atom]; c < matcher->first[atom + 1]; c++) {
		const struct mkp_candidate *candidate = &matcher->candidates[c];

		if (!candidate->dropped &&
		    (!best || candidate->difference.place > best->difference.place))
			best = candidate;
	}
	return best;
}

/*
 * Where the kernel has the object's functions: a linker puts .text of an object in one
 * piece. A weak function that is there but differs is the object's own.
 */
struct range {
	uint64_t first, last;
};

/* Of .text, or of .text.NAME with -ffunction-sections. */
static bool is_plain_text(const struct mkp_graph *graph, uint32_t atom)
{
	const char *section = graph->object->sections[graph->atoms[atom].section].name;

	if (graph->atoms[atom].kind != MKP_ATOM_FUNC || strncmp(section, ".text", 5) != 0)
		return false;
	return !section[5] ||
	       (section[5] == '.' && !strcmp(section + 6, mkp_atom_name(graph, atom)));
}

static struct range find_range(const struct mkp_matcher *matcher)
{
	struct range range = { .first = UINT64_MAX };

	for (uint32_t i = 0; i < matcher->graph->nr_atoms; i++) {
		const struct mkp_candidate *only = matcher->candidates +
						   matcher->first[i];

		/* One candidate from the start: no guess, and no weak one. */
		if (!is_plain_text(matcher->graph, i) ||
		    matcher->first[i + 1] - matcher->first[i] != 1 || !mkp_is_same(only))
			continue;
		range.first = only->address < range.first ? only->address : range.first;
		range.last = only->address > range.last ? only->address : range.last;
	}
	return range;
}

static void conclude_atom(const struct mkp_matcher *matcher, uint32_t atom,
			  const struct range *range, struct mkp_match_atom *result)
{
	const struct mkp_symbol *symbol = mkp_atom_symbol(matcher->graph,
							  &matcher->graph->atoms[atom]);
	uint32_t left = count_left(matcher, atom);
	const struct mkp_candidate *best;

	result->nr_names = matcher->first[atom + 1] - matcher->first[atom];
	result->symbol = MKP_NO_SYMBOL;
	result->state = MKP_MATCH_ABSENT;
	if (!left)
		return;
	best = closest(matcher, atom);
	result->symbol = best->symbol;
	result->certain = left == 1;
	result->difference = best->difference;
	if (mkp_is_same(best))
		result->state = MKP_MATCH_SAME;
	else if (symbol->bind == STB_WEAK &&
		 !(is_plain_text(matcher->graph, atom) && best->address >= range->first &&
		   best->address <= range->last))
		result->state = MKP_MATCH_ELSEWHERE;
	else
		result->state = MKP_MATCH_DIFFERS;
}

static void count(struct mkp_match_count *counts, const struct mkp_match_atom *result)
{
	counts->total++;
	counts->same += result->state == MKP_MATCH_SAME;
	counts->differs += result->state == MKP_MATCH_DIFFERS;
	counts->absent += result->state == MKP_MATCH_ABSENT;
	counts->elsewhere += result->state == MKP_MATCH_ELSEWHERE;
}

static void conclude(const struct mkp_matcher *matcher)
{
	struct mkp_match *match = matcher->match;
	const struct range range = find_range(matcher);

	for (uint32_t i = 0; i < match->graph->nr_atoms; i++) {
		if (!is_looked_for(match->graph, i))
			continue;
		conclude_atom(matcher, i, &range, &match->atoms[i]);
		count(match->graph->atoms[i].kind == MKP_ATOM_FUNC ? &match->functions
								   : &match->objects,
		      &match->atoms[i]);
	}
}

static struct mkp_error *run(struct mkp_match *match)
{
	struct mkp_matcher matcher = {
		.match = match,
		.graph = match->graph,
		.space = &match->space,
	};
	struct mkp_error *error = mkp_array_create((size_t)match->graph->nr_atoms + 1,
						   sizeof(*matcher.first),
						   &matcher.first);

	if (!error)
		error = mkp_read_tables(&matcher);
	if (!error)
		error = find_all_candidates(&matcher);
	if (!error)
		error = compare_all(&matcher);
	if (!error)
		error = settle_all(&matcher);
	if (!error)
		conclude(&matcher);
	for (uint32_t i = 0; matcher.tables && i < match->graph->nr_specials; i++)
		free(matcher.tables[i].entries);
	free(matcher.tables);
	free(matcher.candidates);
	free(matcher.first);
	free(matcher.wants);
	free(matcher.shifts);
	free(matcher.jumps);
	return error;
}

struct mkp_error *mkp_match_create(const struct mkp_graph *graph,
				   const struct mkp_image *image,
				   struct mkp_match **ret_match)
{
	struct mkp_match *match;
	struct mkp_error *error = mkp_array_create(1, sizeof(*match), &match);

	if (error)
		return error;
	match->graph = graph;
	error = mkp_space_init(&match->space, image);
	if (!error && match->space.arch != graph->arch)
		error = mkp_error_create(MKP_ERROR_USAGE, "%s is for %s, %s for %s",
					 graph->object->path, graph->arch->name,
					 mkp_image_path(image), match->space.arch->name);
	if (!error)
		error = mkp_array_create(graph->nr_atoms, sizeof(*match->atoms),
					 &match->atoms);
	if (!error)
		error = run(match);
	if (error)
		mkp_match_destroy(match);
	else
		*ret_match = match;
	return error;
}

void mkp_match_destroy(struct mkp_match *match)
{
	if (!match)
		return;
	mkp_space_deinit(&match->space);
	free(match->atoms);
	free(match);
}

const struct mkp_image_symbol *mkp_match_symbol(const struct mkp_match *match,
						uint32_t atom)
{
	const struct mkp_match_atom *it = &match->atoms[atom];
	size_t count;
	const struct mkp_image_symbol *symbols = mkp_image_symbols(match->space.image,
								   &count);

	return it->state == MKP_MATCH_SAME && it->certain ? &symbols[it->symbol] : NULL;
}
