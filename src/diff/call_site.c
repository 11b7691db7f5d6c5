// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state of call sites: which flag is whose.
 *
 * WARN_ONCE() and its like keep a flag for each place in the code. The flags are alike,
 * the compiler numbers them, and they are compared by content (names.h). So code that
 * takes the flag of another place would look the same, though it is silent once that
 * other place has reported.
 *
 * Each reference of an unchanged function claims that two flags, one of each object, are
 * the same one. Where claims contradict each other, those that more references make are
 * believed, and the functions that make the others do change. Among equals nothing tells
 * which is right, and all of them change.
 */
#include <stdlib.h>

#include "base/array.h"
#include "diff/diff.h"
#include "diff/names.h"

struct claim {
	uint32_t orig, patched;		/* atoms: the flags */
	uint32_t orig_ref, patched_ref; /* that lead to them */
	uint32_t weight;		/* how many references claim the same */
};

struct court {
	struct mkp_diff *diff;
	struct claim *claims; /* owned */
	size_t count, capacity;
	/* Owned; [orig atoms] and [patched atoms]: how many sorts of claims of the weight
	 * at hand name it; TAKEN once one is believed. */
	uint32_t *orig_rivals, *patched_rivals;
};

#define TAKEN UINT32_MAX

static bool is_state(const struct mkp_graph *graph, uint32_t target)
{
	const struct mkp_atom *atom;

	if (target == MKP_NO_ATOM)
		return false;
	atom = &graph->atoms[target];
	return atom->kind == MKP_ATOM_OBJECT && atom->class != MKP_CLASS_RODATA &&
	       atom->size && mkp_atom_is_value(graph, atom);
}

/* What the references of an unchanged function claim; they stand at the same places. */
static struct mkp_error *hear_function(struct court *court, uint32_t patched)
{
	const struct mkp_diff *diff = court->diff;
	const struct mkp_atom *a = &diff->orig->atoms[diff->to_orig[patched]];
	const struct mkp_atom *b = &diff->patched->atoms[patched];
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < a->nr_refs && i < b->nr_refs && !error; i++) {
		struct claim claim = {
			.orig = diff->orig->refs[a->first_ref + i].target,
			.patched = diff->patched->refs[b->first_ref + i].target,
			.orig_ref = a->first_ref + i,
			.patched_ref = b->first_ref + i,
		};

		if (!is_state(diff->patched, claim.patched) ||
		    !is_state(diff->orig, claim.orig))
			continue;
		error = mkp_array_reserve(&court->claims, &court->capacity,
					  court->count + 1, sizeof(claim));
		if (!error)
			court->claims[court->count++] = claim;
	}
	return error;
}

static struct mkp_error *hear_all(struct court *court)
{
	const struct mkp_diff *diff = court->diff;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < diff->patched->nr_atoms && !error; i++)
		if (diff->patched->atoms[i].kind == MKP_ATOM_FUNC &&
		    diff->state[i] == MKP_STATE_SAME && diff->to_orig[i] != MKP_NO_ATOM)
			error = hear_function(court, i);
	return error;
}

static int compare_flags(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;

	if (x->orig != y->orig)
		return x->orig < y->orig ? -1 : 1;
	if (x->patched != y->patched)
		return x->patched < y->patched ? -1 : 1;
	return (x->patched_ref > y->patched_ref) - (x->patched_ref < y->patched_ref);
}

static int compare_weights(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return compare_flags(a, b);
}

static bool claim_the_same(const struct claim *a, const struct claim *b)
{
	return a->orig == b->orig && a->patched == b->patched;
}

/* Sorts the claims, those of the same first, and counts them. */
static void weigh(struct court *court)
{
	struct claim *claims = court->claims;
	size_t end;

	qsort(claims, court->count, sizeof(*claims), compare_flags);
	for (size_t i = 0; i < court->count; i = end) {
		for (end = i;
		     end < court->count && claim_the_same(&claims[i], &claims[end]);
		     end++)
			;
		for (size_t k = i; k < end; k++)
			claims[k].weight = (uint32_t)(end - i);
	}
	qsort(claims, court->count, sizeof(*claims), compare_weights);
}

static void reject(struct mkp_diff *diff, const struct claim *claim)
{
	uint32_t function = diff->patched->ref_atom[claim->patched_ref];

	if (diff->state[function] != MKP_STATE_SAME)
		return;
	diff->state[function] = MKP_STATE_CHANGED;
	diff->cause[function] = (struct mkp_cause){
		.kind = MKP_CAUSE_TARGET,
		.place = diff->patched->refs[claim->patched_ref].place,
		.orig_ref = claim->orig_ref,
		.patched_ref = claim->patched_ref,
		.part = MKP_NO_ATOM,
		.orig_part = MKP_NO_ATOM,
	};
}

/* Whether no claim that was believed speaks of one of its flags. */
static bool is_free(const struct court *court, const struct claim *claim)
{
	return court->orig_rivals[claim->orig] != TAKEN &&
	       court->patched_rivals[claim->patched] != TAKEN;
}

/* Judges claims of one weight, against those that were believed and against each other.
 */
static void judge_weight(struct court *court, struct claim *begin, struct claim *end)
{
	for (struct claim *claim = begin; claim < end; claim++)
		if (is_free(court, claim) &&
		    (claim == begin || !claim_the_same(claim - 1, claim))) {
			court->orig_rivals[claim->orig]++;
			court->patched_rivals[claim->patched]++;
		}
	/* A claim that has lost is marked by a weight of 0. */
	for (struct claim *claim = begin; claim < end; claim++)
		if (!is_free(court, claim) || court->orig_rivals[claim->orig] > 1 ||
		    court->patched_rivals[claim->patched] > 1)
			claim->weight = 0;
	for (struct claim *claim = begin; claim < end; claim++) {
		if (claim->weight) {
			court->orig_rivals[claim->orig] = TAKEN;
			court->patched_rivals[claim->patched] = TAKEN;
		} else {
			reject(court->diff, claim);
		}
	}
}

static void judge(struct court *court)
{
	size_t end;

	for (size_t i = 0; i < court->count; i = end) {
		end = i;
		while (end < court->count &&
		       court->claims[end].weight == court->claims[i].weight)
			end++;
		judge_weight(court, court->claims + i, court->claims + end);
	}
}

struct mkp_error *mkp_compare_call_sites(struct mkp_diff *diff)
{
	struct court court = { .diff = diff };
	struct mkp_error *error = hear_all(&court);

	if (!error && court.count)
		error = mkp_array_create(diff->orig->nr_atoms, sizeof(uint32_t),
					 &court.orig_rivals);
	if (!error && court.count)
		error = mkp_array_create(diff->patched->nr_atoms, sizeof(uint32_t),
					 &court.patched_rivals);
	if (!error && court.count) {
		weigh(&court);
		judge(&court);
	}
	free(court.orig_rivals);
	free(court.patched_rivals);
	free(court.claims);
	return error;
}
