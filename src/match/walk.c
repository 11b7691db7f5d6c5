// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Comparing code. Both sides are decoded, one instruction after the other, since they
 * need not stand at the same offsets: an object of -ffunction-sections jumps to another
 * function by four bytes of displacement, the kernel, which has both in one section, by
 * one if they are near. What follows is shifted then, jumps across it may become short
 * themselves, and the filling before an aligned loop gets another length.
 *
 * Differences that are none:
 *
 *  - a direct jump of another width (the same condition, the same target)
 *  - filling, where both sides go on at an aligned place
 *  - a jump of a static branch, which the image has as a NOP: objtool has done that since
 *    v5.19 where bit 1 of the key says so (tools/objtool/check.c, handle_jump_alt())
 *  - the call of ftrace, which the image has as a NOP (objtool --mnop, v5.15)
 *  - a landing pad for indirect branches that was sealed, which makes it a NOP
 *    (apply_seal_endbr(), arch/x86/kernel/alternative.c, v5.18)
 *
 * Alternatives, paravirt calls, retpolines and return thunks need nothing: a vmlinux has
 * its code as it was before it patches itself at boot.
 */
#include <string.h>

#include "base/array.h"
#include "match/private.h"

/* Filling is there to reach a multiple of this at least (-falign-loops and others, gcc 8
 * and later: `.p2align 4,,10` is followed by `.p2align 3`). */
#define ALIGNMENT 8

/* Two pieces of code that are walked through. */
struct walk {
	struct mkp_matcher *matcher;
	struct mkp_candidate *candidate;
	uint32_t atom;
	const uint8_t *object, *image; /* code */
	uint64_t size, room; /* bytes of it; in the image, to the end of the section */
	uint64_t base;	     /* address of the image's */
	uint64_t o, i;	     /* where we are */
	struct mkp_insn object_insn, image_insn;
	const struct mkp_ref *refs; /* of the atom, from here on */
	uint32_t nr_refs, next_ref;
	bool outermost; /* the function itself, no nameless part of it */
};

static void differ(const struct walk *walk, enum mkp_difference_kind kind)
{
	mkp_differs(walk->candidate, &(struct mkp_difference){
					     .kind = kind,
					     .place = walk->o,
					     .address = walk->base + walk->i,
					     .atom = walk->atom,
					     .ref = MKP_NO_REF,
				     });
}

static uint32_t ref_number(const struct walk *walk, uint32_t n)
{
	return (uint32_t)(&walk->refs[n] - walk->matcher->graph->refs);
}

/* Remembers that from here on the image is ahead or behind. */
static struct mkp_error *note_shift(struct walk *walk)
{
	struct mkp_matcher *matcher = walk->matcher;
	struct mkp_candidate *candidate = walk->candidate;
	int64_t delta = (int64_t)(walk->i - walk->o), last = 0;
	struct mkp_error *error;

	if (!walk->outermost)
		return NULL;
	if (candidate->nr_shifts)
		last = matcher->shifts[matcher->nr_shifts - 1].delta;
	if (delta == last)
		return NULL;
	error = mkp_array_reserve(&matcher->shifts, &matcher->cap_shifts,
				  matcher->nr_shifts + 1, sizeof(*matcher->shifts));
	if (error)
		return error;
	matcher->shifts[matcher->nr_shifts++] = (struct mkp_shift){ walk->o, delta };
	candidate->nr_shifts++;
	return NULL;
}

uint64_t mkp_candidate_place(const struct mkp_matcher *matcher,
			     const struct mkp_candidate *candidate, uint64_t offset)
{
	const struct mkp_shift *shifts = matcher->shifts + candidate->first_shift;
	uint32_t low = 0, high = candidate->nr_shifts;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (shifts[middle].from <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return candidate->address + offset + (low ? (uint64_t)shifts[low - 1].delta : 0);
}

static bool decode_object(struct walk *walk)
{
	return walk->matcher->graph->arch->decode(
		walk->object + walk->o, walk->size - walk->o, &walk->object_insn);
}

static bool decode_image(struct walk *walk)
{
	return walk->i < walk->room &&
	       walk->matcher->graph->arch->decode(
		       walk->image + walk->i, walk->room - walk->i, &walk->image_insn);
}

/* The reference in the next @length bytes of the object that comes next, or NULL. */
static const struct mkp_ref *ref_within(const struct walk *walk, uint32_t n,
					unsigned int length)
{
	if (n < walk->nr_refs && walk->refs[n].place < walk->o + length)
		return &walk->refs[n];
	return NULL;
}

/* Bytes outside of all fields are the same. */
static bool same_bytes(const struct walk *walk, unsigned int length)
{
	const struct mkp_insn *insn = &walk->object_insn;
	uint8_t mask[16] = { 0 };
	const struct mkp_ref *ref;

	for (uint32_t n = walk->next_ref; (ref = ref_within(walk, n, length)); n++)
		for (unsigned int k = 0; k < ref->width; k++)
			if (ref->place + k - walk->o < sizeof(mask))
				mask[ref->place + k - walk->o] = 1;
	for (unsigned int k = 0; k < insn->field_width; k++)
		mask[insn->field_at + k] = 1;
	for (unsigned int k = 0; k < length; k++)
		if (!mask[k] && walk->object[walk->o + k] != walk->image[walk->i + k])
			return false;
	return true;
}

/* A jump within the function, or a relative field that has no reference. */
static struct mkp_error *check_inner(struct walk *walk)
{
	struct mkp_matcher *matcher = walk->matcher;
	const struct mkp_insn *here = &walk->object_insn, *there = &walk->image_insn;
	const struct mkp_space_field field = {
		.address = walk->base + walk->i + there->field_at,
		.width = there->field_width,
		.to_end = there->length - there->field_at,
		.relative = true,
	};
	uint64_t target;
	struct mkp_error *error;

	if (!mkp_space_read(walk->matcher->space, &field, &target)) {
		differ(walk, MKP_DIFFERENCE_LENGTH);
		return NULL;
	}
	error = mkp_array_reserve(&matcher->jumps, &matcher->cap_jumps,
				  matcher->nr_jumps + 1, sizeof(*matcher->jumps));
	if (error)
		return error;
	matcher->jumps[matcher->nr_jumps++] = (struct mkp_shift){
		.from = walk->o + here->length + (uint64_t)here->displacement,
		.delta = (int64_t)(target - walk->base),
	};
	return NULL;
}

/* What a reference means in the image: at the same place of an equal instruction, or in
 * the field of a jump of another width. */
static struct mkp_error *check_one(struct walk *walk, uint32_t n, bool jump)
{
	const struct mkp_ref *ref = &walk->refs[n];
	struct mkp_space_field field = {
		.address = walk->base + walk->i + (ref->place - walk->o),
		.width = ref->width,
		.to_end = ref->to_end,
		.relative = ref->flags & MKP_REF_PCREL,
	};
	uint64_t target;

	if (ref->flags & MKP_REF_NOTHING)
		return NULL;
	if (jump) {
		field.address = walk->base + walk->i + walk->image_insn.field_at;
		field.width = walk->image_insn.field_width;
		field.to_end = walk->image_insn.length - walk->image_insn.field_at;
	}
	if (!mkp_space_read(walk->matcher->space, &field, &target)) {
		differ(walk, MKP_DIFFERENCE_LENGTH);
		return NULL;
	}
	return mkp_check_ref(walk->matcher, ref_number(walk, n), target, field.address,
			     walk->candidate);
}

/* The fields of an instruction that is the same but for them; @jump: a jump. */
static struct mkp_error *check_fields(struct walk *walk, bool jump)
{
	const struct mkp_insn *insn = &walk->object_insn;
	struct mkp_error *error = NULL;
	bool covered = !insn->field_width;
	uint32_t fields = 0;
	const struct mkp_ref *ref;

	while (!error && (ref = ref_within(walk, walk->next_ref, insn->length))) {
		covered |= ref->place == walk->o + insn->field_at;
		fields++;
		error = check_one(walk, walk->next_ref++, jump);
	}
	if (!error && !covered) {
		fields++;
		error = check_inner(walk);
	}
	/* A module's field with a relocation, where the object has a plain number. */
	if (!error && mkp_space_count_relocs(walk->matcher->space, walk->base + walk->i,
					     walk->image_insn.length) > fields)
		differ(walk, MKP_DIFFERENCE_CODE);
	return error;
}

/* Whether a static branch of the object stands here which the image has as a NOP. */
static bool is_static_branch(const struct walk *walk)
{
	const struct mkp_graph *graph = walk->matcher->graph;
	const struct mkp_insn *insn = &walk->object_insn;

	if (!insn->branch || !walk->image_insn.nop)
		return false;
	for (uint32_t e = graph->entries_first[walk->atom];
	     e < graph->entries_first[walk->atom + 1]; e++) {
		const struct mkp_atom *entry = &graph->atoms[graph->entries[e]];
		const struct mkp_special_row *row = mkp_graph_special(graph, entry)->row;
		const struct mkp_ref *code, *key;

		if (row->key_field < 0 || (row->flags & MKP_SPECIAL_STATIC_CALL))
			continue;
		code = mkp_atom_ref_at(graph, entry, row->code_field);
		key = mkp_atom_ref_at(graph, entry, (uint64_t)row->key_field);
		if (code && key && code->target == walk->atom &&
		    code->offset == (int64_t)walk->o && (key->offset & 2))
			return true;
	}
	return false;
}

static bool is_ftrace_site(const struct walk *walk)
{
	const struct mkp_graph *graph = walk->matcher->graph;
	const struct mkp_ref *ref = ref_within(walk, walk->next_ref,
					       walk->object_insn.length);
	const char *name;

	if (!ref || !walk->image_insn.nop ||
	    walk->object_insn.length != walk->image_insn.length ||
	    ref->target == MKP_NO_ATOM)
		return false;
	name = mkp_atom_name(graph, ref->target);
	return graph->arch->entry_traceable &&
	       graph->arch->entry_traceable(walk->object, walk->size, name, ref->place);
}

/* Whether the image has a NOP in place of the object's instruction, for a reason. */
static bool is_nop_now(const struct walk *walk)
{
	if (walk->object_insn.landing && walk->image_insn.nop)
		return walk->object_insn.length == walk->image_insn.length;
	return is_static_branch(walk) || is_ftrace_site(walk);
}

/* Leaves filling behind on both sides; false: it is not what differs. */
static bool skip_filling(struct walk *walk)
{
	uint64_t start = walk->matcher->graph->atoms[walk->atom].start;
	uint64_t o = walk->o, i = walk->i;

	while (walk->o < walk->size && decode_object(walk) && walk->object_insn.nop &&
	       !ref_within(walk, walk->next_ref, walk->object_insn.length))
		walk->o += walk->object_insn.length;
	while (decode_image(walk) && walk->image_insn.nop)
		walk->i += walk->image_insn.length;
	if ((walk->o != o || walk->i != i) && (start + walk->o) % ALIGNMENT == 0 &&
	    (walk->base + walk->i) % ALIGNMENT == 0)
		return true;
	walk->o = o;
	walk->i = i;
	return false;
}

/* One instruction of both sides; false in *@ret_more: they differ. */
static struct mkp_error *step(struct walk *walk, bool *ret_more)
{
	const struct mkp_insn *here = &walk->object_insn, *there = &walk->image_insn;
	bool decoded = decode_object(walk), other = decode_image(walk);
	struct mkp_error *error = NULL;
	bool equal = decoded && other && here->length == there->length &&
		     same_bytes(walk, here->length);
	bool jump = decoded && other && here->branch && here->branch == there->branch;

	*ret_more = true;
	if (!equal && !jump && decoded && other && is_nop_now(walk)) {
		while (ref_within(walk, walk->next_ref, here->length))
			walk->next_ref++;
	} else if (equal || jump) {
		error = check_fields(walk, !equal);
	} else if (skip_filling(walk)) {
		return note_shift(walk);
	} else {
		/* skip_filling() has decoded what may not be what stands here. */
		differ(walk, MKP_DIFFERENCE_CODE);
		*ret_more = false;
		return NULL;
	}
	walk->o += here->length;
	walk->i += there->length;
	*ret_more = mkp_is_same(walk->candidate);
	return error ? error : note_shift(walk);
}

/* What the image has behind the last instruction is filling, or something else. */
static void check_end(struct walk *walk)
{
	const struct mkp_image_symbol *symbol;
	uint64_t left;
	size_t count;

	if (!walk->outermost)
		return;
	symbol = &mkp_image_symbols(walk->matcher->space->image,
				    &count)[walk->candidate->symbol];
	left = symbol->size > walk->i ? symbol->size - walk->i : 0;
	if (!symbol->size || !walk->matcher->graph->arch->is_padding)
		return;
	if (left && left <= walk->room - walk->i &&
	    walk->matcher->graph->arch->is_padding(walk->image + walk->i, left))
		return;
	if (left || symbol->size < walk->i)
		differ(walk, MKP_DIFFERENCE_LENGTH);
}

/* Jumps within the piece lead to the same instructions. */
static void check_jumps(struct walk *walk, size_t first_jump)
{
	struct mkp_matcher *matcher = walk->matcher;
	const struct mkp_candidate nowhere = { .address = walk->base };

	for (size_t n = first_jump; n < matcher->nr_jumps; n++) {
		const struct mkp_shift *jump = &matcher->jumps[n];
		const struct mkp_candidate *map = walk->outermost ? walk->candidate
								  : &nowhere;

		if (mkp_candidate_place(matcher, map, jump->from) - map->address ==
		    (uint64_t)jump->delta)
			continue;
		mkp_differs(walk->candidate,
			    &(struct mkp_difference){
				    .kind = MKP_DIFFERENCE_JUMP,
				    .place = jump->from,
				    .address = walk->base + (uint64_t)jump->delta,
				    .atom = walk->atom,
				    .ref = MKP_NO_REF,
			    });
		return;
	}
}

static struct mkp_error *run(struct walk *walk)
{
	size_t first_jump = walk->matcher->nr_jumps;
	struct mkp_error *error = NULL;
	bool more = true;

	while (!error && more && walk->o < walk->size)
		error = step(walk, &more);
	if (!error && more) {
		check_end(walk);
		check_jumps(walk, first_jump);
	}
	walk->matcher->nr_jumps = first_jump;
	return error;
}

/* Walks through the atom, which may be a nameless part of the candidate's function. */
static struct mkp_error *walk_code(struct mkp_matcher *matcher, uint32_t atom,
				   uint64_t address, struct mkp_candidate *candidate,
				   bool outermost)
{
	const struct mkp_graph *graph = matcher->graph;
	const struct mkp_atom *it = &graph->atoms[atom];
	struct walk walk = {
		.matcher = matcher,
		.candidate = candidate,
		.atom = atom,
		.object = mkp_atom_data(graph, it),
		.size = it->size,
		.base = address,
		.refs = graph->refs + it->first_ref,
		.nr_refs = it->nr_refs,
		.outermost = outermost,
	};

	walk.room = mkp_space_at(matcher->space, address, &walk.image);
	if (!walk.object || !walk.size)
		return NULL;
	if (!walk.image) {
		differ(&walk, MKP_DIFFERENCE_LENGTH);
		return NULL;
	}
	return run(&walk);
}

struct mkp_error *mkp_compare_code(struct mkp_matcher *matcher, uint32_t atom,
				   struct mkp_candidate *candidate)
{
	candidate->first_shift = (uint32_t)matcher->nr_shifts;
	return walk_code(matcher, atom, candidate->address, candidate,
			 /* outermost= */ true);
}

struct mkp_error *mkp_compare_nameless_code(struct mkp_matcher *matcher, uint32_t atom,
					    uint64_t address,
					    struct mkp_candidate *candidate)
{
	return walk_code(matcher, atom, address, candidate, /* outermost= */ false);
}
