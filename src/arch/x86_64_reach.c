// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an operand with an index can access.
 *
 * Code that looks something up in a table of a switch has compared the index with the
 * number of its entries right before. So instructions are walked in their order with what
 * is known of each register: which unknown number (`root`) it was made of, and how large
 * the lowest bits of that number can be. A comparison with a constant says so on one of
 * the ways that lead on from the branch behind it; where ways meet, and behind calls,
 * nothing is known.
 *
 * Bytes that the kernel may fill with other code are NOPs, or have an entry of a table
 * that leads there, which counts as a way: nothing is known behind either.
 */
#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "arch/machines.h"
#include "base/array.h"

#define NR_REGISTERS 16
/* Larger indexes prove nothing about a table. */
#define MAX_INDEX (UINT64_C(1) << 24)

/* What a register holds: the lowest `bits` of a root, extended, times `scale` and so many
 * more. */
struct value {
	uint32_t root;
	uint8_t bits;
	bool is_signed;
	uint8_t scale;
	int64_t add;
	uint64_t most[4]; /* of the root's lowest 8, 16, 32 and 64 bits */
};

struct state {
	struct value registers[NR_REGISTERS];
};

/* `cmp $number, register`, as long as nothing has changed the flags. */
struct compare {
	struct value value;
	uint64_t number;
	uint8_t bits; /* 0: there is none */
};

struct walk {
	const uint8_t *code;
	size_t size;
	const struct mkp_code_reach *fields; /* all that have a relocation */
	size_t nr_fields, next;		     /* the first one that is not behind */
	bool relocated;			     /* the instruction has such a field */
	uint8_t *ways;	    /* owned; [size] branches that lead there, at most 2 */
	uint32_t *waiting;  /* owned; [size] state for the only way there, + 1 */
	struct state *kept; /* owned */
	size_t nr_kept, cap_kept;
	struct state now;
	struct compare compare;
	uint32_t nr_roots;
	ZydisDecoder decoder;
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
};

static unsigned int slot_of(unsigned int bits)
{
	return bits == 8 ? 0 : bits == 16 ? 1 : bits == 32 ? 2 : 3;
}

static uint64_t mask_of(unsigned int bits)
{
	return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

/* ---- Values --------------------------------------------------------------------------
 */

/* A number that is at most @most. */
static struct value unknown(struct walk *walk, uint64_t most)
{
	return (struct value){
		.root = ++walk->nr_roots,
		.bits = 64,
		.scale = 1,
		.most = { 0xff, 0xffff, 0xffffffff, most },
	};
}

static void forget_all(struct walk *walk)
{
	for (unsigned int i = 0; i < NR_REGISTERS; i++)
		walk->now.registers[i] = unknown(walk, UINT64_MAX);
	walk->compare.bits = 0;
}

/* What is known of the part of the root that the value is made of. If fewer bits hold all
 * of it, what is known of those is known of it: an operation of 32 bits clears the rest.
 */
static uint64_t most_of(const struct value *value)
{
	uint64_t most = mask_of(value->bits);

	for (unsigned int i = slot_of(value->bits); i < 4; i++)
		if (value->most[i] < most)
			most = value->most[i];
	for (unsigned int i = slot_of(value->bits); i-- > 0;)
		if (most <= mask_of(8u << i) && value->most[i] < most)
			most = value->most[i];
	return most;
}

static bool is_plain(const struct value *value)
{
	return value->scale == 1 && !value->add;
}

/* The lowest @bits of a value, extended. */
static struct value extended(struct walk *walk, const struct value *from,
			     unsigned int bits, bool is_signed)
{
	struct value value = *from;

	if (!is_plain(from))
		return unknown(walk, is_signed ? UINT64_MAX : mask_of(bits));
	/* If it is not negative, it stays what it is; if it may be, nothing is known of
	 * it as a whole in any case. */
	if (bits < value.bits || (bits == value.bits && is_signed)) {
		value.bits = (uint8_t)bits;
		value.is_signed = is_signed;
	}
	return value;
}

/* Learns that the lowest bits of what was compared are at most @most. */
static void learn(struct state *state, const struct compare *compare, uint64_t most)
{
	const struct value *value = &compare->value;
	unsigned int bits = compare->bits < value->bits ? compare->bits : value->bits;

	if (!is_plain(value))
		return;
	for (unsigned int i = 0; i < NR_REGISTERS; i++) {
		struct value *it = &state->registers[i];

		if (it->root == value->root && most < it->most[slot_of(bits)])
			it->most[slot_of(bits)] = most;
	}
}

/* ---- Instructions --------------------------------------------------------------------
 */

/* Number of a register, also of a part of it; -1: it is none of the sixteen. */
static int number_of(ZydisRegister reg)
{
	ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64,
							       reg);

	return whole >= ZYDIS_REGISTER_RAX && whole <= ZYDIS_REGISTER_R15
		       ? (int)(whole - ZYDIS_REGISTER_RAX)
		       : -1;
}

static bool is_high_byte(ZydisRegister reg)
{
	return reg == ZYDIS_REGISTER_AH || reg == ZYDIS_REGISTER_BH ||
	       reg == ZYDIS_REGISTER_CH || reg == ZYDIS_REGISTER_DH;
}

/* The value of a register operand, NULL if it is none that is followed. */
static const struct value *value_of(const struct walk *walk, ZydisRegister reg)
{
	int number = is_high_byte(reg) ? -1 : number_of(reg);

	return number < 0 ? NULL : &walk->now.registers[number];
}

/* `mov`, `movzx`, `movsx`, `movsxd` to a register of 32 or 64 bits. */
static struct value moved(struct walk *walk)
{
	const ZydisDecodedOperand *to = &walk->operands[0], *from = &walk->operands[1];
	bool is_signed = walk->insn.mnemonic == ZYDIS_MNEMONIC_MOVSX ||
			 walk->insn.mnemonic == ZYDIS_MNEMONIC_MOVSXD;
	const struct value *value = NULL;

	if (walk->relocated && from->type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
		return unknown(walk, UINT64_MAX);
	if (from->type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
		return unknown(walk, from->imm.value.s < 0 && to->size == 64
					     ? UINT64_MAX
					     : from->imm.value.u & mask_of(to->size));
	if (from->type == ZYDIS_OPERAND_TYPE_REGISTER)
		value = value_of(walk, from->reg.value);
	if (value)
		return extended(walk, value, from->size, is_signed);
	return unknown(walk, is_signed ? UINT64_MAX : mask_of(from->size));
}

/* `lea` of a sum of one register with itself: entries of three, five or nine. */
static struct value multiplied(struct walk *walk)
{
	const ZydisDecodedOperand *to = &walk->operands[0], *from = &walk->operands[1];
	const struct value *value = value_of(walk, from->mem.index);
	unsigned int scale = from->mem.scale;

	if (from->mem.base == from->mem.index)
		scale++;
	else if (from->mem.base != ZYDIS_REGISTER_NONE)
		value = NULL;
	if (walk->relocated || !value || !is_plain(value) || to->size != 64 ||
	    walk->insn.address_width != 64)
		return unknown(walk, mask_of(to->size));
	return (struct value){
		.root = value->root,
		.bits = value->bits,
		.is_signed = value->is_signed,
		.scale = (uint8_t)scale,
		.add = from->mem.disp.value,
		.most = { value->most[0], value->most[1], value->most[2],
			  value->most[3] },
	};
}

/* What an instruction leaves in a register of 32 or 64 bits, its first operand. */
static struct value result(struct walk *walk)
{
	const ZydisDecodedOperand *to = &walk->operands[0], *by = &walk->operands[1];
	bool constant = by->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && !walk->relocated;

	switch (walk->insn.mnemonic) {
	case ZYDIS_MNEMONIC_MOV:
	case ZYDIS_MNEMONIC_MOVZX:
	case ZYDIS_MNEMONIC_MOVSX:
	case ZYDIS_MNEMONIC_MOVSXD:
		return moved(walk);
	case ZYDIS_MNEMONIC_LEA:
		return multiplied(walk);
	case ZYDIS_MNEMONIC_AND:
		if (constant)
			return unknown(walk, by->imm.value.u & mask_of(to->size));
		break;
	case ZYDIS_MNEMONIC_SHR:
		if (constant)
			return unknown(walk, mask_of(to->size) >>
						     (by->imm.value.u & (to->size - 1)));
		break;
	case ZYDIS_MNEMONIC_XOR:
		if (by->type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    by->reg.value == to->reg.value)
			return unknown(walk, 0);
		break;
	default:
		break;
	}
	return unknown(walk, mask_of(to->size));
}

static void note_compare(struct walk *walk)
{
	const ZydisDecodedOperand *what = &walk->operands[0], *with = &walk->operands[1];
	const struct value *value = NULL;

	if (walk->insn.cpu_flags &&
	    (walk->insn.cpu_flags->modified | walk->insn.cpu_flags->set_0 |
	     walk->insn.cpu_flags->set_1 | walk->insn.cpu_flags->undefined))
		walk->compare.bits = 0;
	if (walk->insn.mnemonic == ZYDIS_MNEMONIC_CMP && !walk->relocated &&
	    what->type == ZYDIS_OPERAND_TYPE_REGISTER &&
	    with->type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
		value = value_of(walk, what->reg.value);
	if (value)
		walk->compare = (struct compare){
			.value = *value,
			.number = with->imm.value.u & mask_of(what->size),
			.bits = (uint8_t)what->size,
		};
}

/* Whether other code runs, or takes the place of the instruction: registers are then as
 * that leaves them. */
static bool may_do_anything(const ZydisDecodedInstruction *insn)
{
	switch (insn->meta.category) {
	case ZYDIS_CATEGORY_NOP:
	case ZYDIS_CATEGORY_WIDENOP:
	case ZYDIS_CATEGORY_CALL:
	case ZYDIS_CATEGORY_INTERRUPT:
	case ZYDIS_CATEGORY_SYSCALL:
	case ZYDIS_CATEGORY_VTX:
		return true;
	default:
		return insn->mnemonic == ZYDIS_MNEMONIC_VMMCALL ||
		       insn->mnemonic == ZYDIS_MNEMONIC_UD2;
	}
}

static void execute(struct walk *walk)
{
	const ZydisDecodedOperand *first = &walk->operands[0];
	struct value value;

	if (may_do_anything(&walk->insn)) {
		forget_all(walk);
		return;
	}
	note_compare(walk);
	if (walk->insn.operand_count_visible == 2 &&
	    first->type == ZYDIS_OPERAND_TYPE_REGISTER && first->size >= 32)
		value = result(walk);
	else
		value = unknown(walk, UINT64_MAX);
	for (unsigned int i = 0; i < walk->insn.operand_count; i++) {
		const ZydisDecodedOperand *it = &walk->operands[i];
		int number = it->type == ZYDIS_OPERAND_TYPE_REGISTER
				     ? number_of(it->reg.value)
				     : -1;

		if (number < 0 || !(it->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
			continue;
		walk->now.registers[number] = i ? unknown(walk, UINT64_MAX) : value;
	}
}

/* ---- Ways ----------------------------------------------------------------------------
 */

/* Passes by the fields in front of the instruction at @at, and looks for one in it. */
static void look_for_field(struct walk *walk, size_t at)
{
	while (walk->next < walk->nr_fields && walk->fields[walk->next].place < at)
		walk->next++;
	walk->relocated = walk->next < walk->nr_fields &&
			  walk->fields[walk->next].place < at + walk->insn.length;
}

/* Where a direct branch leads in the code; `size`: out of it, or it is none. One that has
 * a relocation leads where that says, which has been told. */
static size_t target_of(const struct walk *walk, size_t at)
{
	const ZydisDecodedInstruction *insn = &walk->insn;
	uint64_t target;

	if ((insn->meta.category != ZYDIS_CATEGORY_COND_BR &&
	     insn->meta.category != ZYDIS_CATEGORY_UNCOND_BR) ||
	    !insn->raw.imm[0].is_relative || walk->relocated)
		return walk->size;
	target = at + insn->length + (uint64_t)insn->raw.imm[0].value.s;
	return target < walk->size ? (size_t)target : walk->size;
}

/* Counts the ways to each instruction, and says whether each leads to one. */
static bool count_ways(struct walk *walk, const bool *entered)
{
	uint8_t *starts = calloc(walk->size, 1);
	bool whole = starts;

	for (size_t at = 0; whole && at < walk->size; at += walk->insn.length) {
		size_t target;

		whole = ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(
			&walk->decoder, NULL, walk->code + at, walk->size - at,
			&walk->insn));
		if (!whole)
			break;
		starts[at] = 1;
		look_for_field(walk, at);
		target = target_of(walk, at);
		if (target < walk->size && walk->ways[target] < 2)
			walk->ways[target]++;
	}
	for (size_t i = 0; whole && i < walk->size; i++) {
		if (entered[i])
			walk->ways[i] = 2;
		whole = starts[i] || !walk->ways[i];
	}
	free(starts);
	return whole;
}

static struct mkp_error *keep_for(struct walk *walk, size_t target,
				  const struct state *state)
{
	struct mkp_error *error = mkp_array_reserve(
		&walk->kept, &walk->cap_kept, walk->nr_kept + 1, sizeof(*walk->kept));

	if (error)
		return error;
	walk->kept[walk->nr_kept++] = *state;
	walk->waiting[target] = (uint32_t)walk->nr_kept;
	return NULL;
}

/* What is known where the branch at hand leads, and behind it. */
static struct mkp_error *take_branch(struct walk *walk, size_t at)
{
	const struct compare *compare = &walk->compare;
	bool conditional = walk->insn.meta.category == ZYDIS_CATEGORY_COND_BR;
	size_t target = target_of(walk, at);
	struct state there = walk->now;
	uint64_t number = compare->number;

	if (conditional && compare->bits) {
		switch (walk->insn.mnemonic) {
		case ZYDIS_MNEMONIC_JNBE:
			learn(&walk->now, compare, number);
			break;
		case ZYDIS_MNEMONIC_JNB:
			if (number)
				learn(&walk->now, compare, number - 1);
			break;
		case ZYDIS_MNEMONIC_JBE:
			learn(&there, compare, number);
			break;
		case ZYDIS_MNEMONIC_JB:
			if (number)
				learn(&there, compare, number - 1);
			break;
		default:
			break;
		}
	}
	return target < walk->size && target > at && walk->ways[target] == 1
		       ? keep_for(walk, target, &there)
		       : NULL;
}

/* What is known before the instruction at @at, which the one before leads to if it
 * @falls. False: nothing leads there. */
static bool arrive(struct walk *walk, size_t at, bool falls)
{
	if (!walk->ways[at] && falls)
		return true;
	if (!falls && walk->waiting[at])
		walk->now = walk->kept[walk->waiting[at] - 1];
	else
		forget_all(walk);
	walk->compare.bits = 0;
	return falls || !at || walk->ways[at];
}

/* ---- Operands ------------------------------------------------------------------------
 */

static const ZydisDecodedOperand *memory_operand(const struct walk *walk)
{
	for (unsigned int i = 0; i < walk->insn.operand_count; i++)
		if (walk->operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    walk->operands[i].mem.disp.has_displacement)
			return walk->operands[i].mem.type == ZYDIS_MEMOP_TYPE_MEM
				       ? &walk->operands[i]
				       : NULL;
	return NULL;
}

/* What the operand at hand can access, if that is known. */
static void find_reach(const struct walk *walk, struct mkp_code_reach *reach)
{
	const ZydisDecodedOperand *operand = memory_operand(walk);
	const struct value *value;
	ZydisRegister reg;
	uint64_t most, scale;

	if (!operand || operand->mem.segment == ZYDIS_REGISTER_GS ||
	    operand->mem.segment == ZYDIS_REGISTER_FS || !operand->size ||
	    walk->insn.meta.category == ZYDIS_CATEGORY_BITBYTE)
		return;
	reg = operand->mem.index;
	scale = operand->mem.scale;
	if (reg == ZYDIS_REGISTER_NONE) {
		reg = operand->mem.base;
		scale = 1;
	} else if (operand->mem.base != ZYDIS_REGISTER_NONE) {
		return;
	}
	if (reg == ZYDIS_REGISTER_NONE) {
		reach->high = operand->size / 8;
		return;
	}
	value = walk->insn.address_width == 64 ? value_of(walk, reg) : NULL;
	most = value ? most_of(value) : UINT64_MAX;
	if (most > MAX_INDEX || (value->is_signed && most > mask_of(value->bits) / 2))
		return;
	reach->low = value->add * (int64_t)scale;
	reach->high = reach->low + (int64_t)(most * value->scale * scale) +
		      operand->size / 8;
}

static bool goes_on(const ZydisDecodedInstruction *insn)
{
	return insn->meta.category != ZYDIS_CATEGORY_UNCOND_BR &&
	       insn->meta.category != ZYDIS_CATEGORY_RET;
}

static struct mkp_error *walk_all(struct walk *walk, struct mkp_code_reach *reaches)
{
	struct mkp_error *error = NULL;
	bool falls = false;

	walk->next = 0;
	for (size_t at = 0; at < walk->size && !error; at += walk->insn.length) {
		if (ZYAN_FAILED(ZydisDecoderDecodeFull(&walk->decoder, walk->code + at,
						       walk->size - at, &walk->insn,
						       walk->operands)))
			break;
		falls = arrive(walk, at, falls);
		look_for_field(walk, at);
		if (walk->relocated && walk->insn.raw.disp.size == 32 &&
		    reaches[walk->next].place == at + walk->insn.raw.disp.offset)
			find_reach(walk, &reaches[walk->next]);
		execute(walk);
		error = take_branch(walk, at);
		falls = falls && goes_on(&walk->insn);
	}
	return error;
}

struct mkp_error *mkp_x86_64_find_reaches(const uint8_t *code, size_t size,
					  const bool *entered,
					  struct mkp_code_reach *reaches, size_t count)
{
	struct walk walk = {
		.code = code, .size = size, .fields = reaches, .nr_fields = count
	};
	struct mkp_error *error = NULL;

	if (ZYAN_FAILED(ZydisDecoderInit(&walk.decoder, ZYDIS_MACHINE_MODE_LONG_64,
					 ZYDIS_STACK_WIDTH_64)))
		return mkp_error_create(MKP_ERROR_INTERNAL, "no x86-64 decoder");
	error = mkp_array_create(size, sizeof(*walk.ways), &walk.ways);
	if (!error)
		error = mkp_array_create(size, sizeof(*walk.waiting), &walk.waiting);
	if (!error && count_ways(&walk, entered))
		error = walk_all(&walk, reaches);
	free(walk.ways);
	free(walk.waiting);
	free(walk.kept);
	return error;
}
