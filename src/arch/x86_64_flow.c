// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which registers and memory an x86-64 instruction moves values between.
 *
 * Values that can be an address afterwards are followed through moves, additions and
 * masks; what multiplies, shifts or compares makes something else of it. Registers are
 * numbered as the processor does, 0 is rax, 4 rsp; bit 16 stands for all vector
 * registers.
 */
#include <Zydis/Zydis.h>

#include "arch/machines.h"
#include "base/array.h"

#define VECTOR 16
#define RSP    4

const struct mkp_flow_abi mkp_x86_64_abi = {
	.stack = RSP,
	.result = 0,
	/* rdi, rsi, rdx, rcx, r8, r9: psABI, 3.2.3 */
	.arguments = { 7, 6, 2, 1, 8, 9, MKP_FLOW_NO_REGISTER },
	/* rax, rcx, rdx, rsi, rdi, r8 to r11 and the vectors */
	.clobbered = 1u << 0 | 1u << 1 | 1u << 2 | 1u << 6 | 1u << 7 | 0xfu << 8 |
		     1u << VECTOR,
	.entry_site = "__fentry__",
	.return_thunk = "__x86_return_thunk",
};

static uint8_t number_of(ZydisRegister reg)
{
	ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64,
							       reg);

	if (whole >= ZYDIS_REGISTER_RAX && whole <= ZYDIS_REGISTER_R15)
		return whole - ZYDIS_REGISTER_RAX;
	switch (ZydisRegisterGetClass(reg)) {
	case ZYDIS_REGCLASS_MMX:
	case ZYDIS_REGCLASS_XMM:
	case ZYDIS_REGCLASS_YMM:
	case ZYDIS_REGCLASS_ZMM:
		return VECTOR;
	default:
		return MKP_FLOW_NO_REGISTER;
	}
}

static uint32_t bit_of(ZydisRegister reg)
{
	uint8_t number = number_of(reg);

	return number == MKP_FLOW_NO_REGISTER ? 0 : 1u << number;
}

/* Whether what the instruction makes of an address may be one. */
static bool moves_values(const ZydisDecodedInstruction *insn)
{
	switch (insn->meta.category) {
	case ZYDIS_CATEGORY_DATAXFER:
	case ZYDIS_CATEGORY_CMOV:
	case ZYDIS_CATEGORY_PUSH:
	case ZYDIS_CATEGORY_POP:
	case ZYDIS_CATEGORY_STRINGOP:
	case ZYDIS_CATEGORY_SEMAPHORE: /* cmpxchg, xadd */
	case ZYDIS_CATEGORY_SSE:
	case ZYDIS_CATEGORY_AVX:
		return true;
	default:
		break;
	}
	switch (insn->mnemonic) {
	case ZYDIS_MNEMONIC_LEA:
	case ZYDIS_MNEMONIC_ADD:
	case ZYDIS_MNEMONIC_SUB:
	case ZYDIS_MNEMONIC_INC:
	case ZYDIS_MNEMONIC_DEC:
	case ZYDIS_MNEMONIC_AND:
	case ZYDIS_MNEMONIC_OR:
	case ZYDIS_MNEMONIC_XOR:
	case ZYDIS_MNEMONIC_PUNPCKLQDQ:
	case ZYDIS_MNEMONIC_PUNPCKHQDQ:
		return true;
	default:
		return false;
	}
}

static void add_register(struct mkp_flow_insn *flow, const ZydisDecodedOperand *operand)
{
	uint32_t bit = bit_of(operand->reg.value);

	if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
		flow->from |= bit;
	if (!(operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
		return;
	flow->writes |= bit;
	/* Eight or sixteen bits leave the rest; so may what has a condition. */
	if (operand->size < 32 || (operand->actions & ZYDIS_OPERAND_ACTION_CONDWRITE))
		flow->flags |= MKP_FLOW_KEEPS;
}

static void add_memory(struct mkp_flow_insn *flow, const ZydisDecodedOperand *operand)
{
	if (operand->mem.type == ZYDIS_MEMOP_TYPE_AGEN) {
		flow->flags |= MKP_FLOW_ADDRESS;
		flow->from |= bit_of(operand->mem.base) | bit_of(operand->mem.index);
		if (operand->mem.index == ZYDIS_REGISTER_NONE &&
		    bit_of(operand->mem.base))
			flow->flags |= MKP_FLOW_EXACT;
		flow->add = operand->mem.disp.value;
		return;
	}
	flow->base = number_of(operand->mem.base);
	/* What another segment has is nobody's stack. */
	if (operand->mem.segment == ZYDIS_REGISTER_GS ||
	    operand->mem.segment == ZYDIS_REGISTER_FS)
		flow->base = MKP_FLOW_NO_REGISTER;
	flow->add = operand->mem.disp.value;
	if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
		flow->flags |= MKP_FLOW_LOADS;
	if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
		flow->flags |= MKP_FLOW_STORES;
}

static void add_operands(struct mkp_flow_insn *flow, const ZydisDecodedInstruction *insn,
			 const ZydisDecodedOperand *operands)
{
	for (unsigned int i = 0; i < insn->operand_count; i++) {
		if (operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER)
			add_register(flow, &operands[i]);
		else if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
			add_memory(flow, &operands[i]);
	}
	if (!moves_values(insn)) {
		flow->from = 0;
		flow->flags &= ~(MKP_FLOW_LOADS | MKP_FLOW_STORES);
	}
	if (flow->flags & MKP_FLOW_STORES)
		flow->stores = flow->from;
}

/* Additions of constants to a register, copies, and what clears one. */
static void find_exact(struct mkp_flow_insn *flow, const ZydisDecodedInstruction *insn,
		       const ZydisDecodedOperand *operands)
{
	const ZydisDecodedOperand *to = &operands[0], *by = &operands[1];
	bool constant = insn->operand_count_visible == 2 &&
			by->type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
	bool registers = insn->operand_count_visible == 2 &&
			 to->type == ZYDIS_OPERAND_TYPE_REGISTER &&
			 by->type == ZYDIS_OPERAND_TYPE_REGISTER;

	if (to->type != ZYDIS_OPERAND_TYPE_REGISTER || to->size < 32)
		return;
	if (insn->mnemonic == ZYDIS_MNEMONIC_MOV && registers) {
		flow->flags |= MKP_FLOW_EXACT;
	} else if (constant && (insn->mnemonic == ZYDIS_MNEMONIC_ADD ||
				insn->mnemonic == ZYDIS_MNEMONIC_SUB)) {
		flow->flags |= MKP_FLOW_EXACT;
		flow->add = insn->mnemonic == ZYDIS_MNEMONIC_ADD ? by->imm.value.s
								 : -by->imm.value.s;
	} else if (insn->mnemonic == ZYDIS_MNEMONIC_XOR && registers &&
		   to->reg.value == by->reg.value) {
		flow->from = 0;
	}
}

/* The stack pointer moves before what it points to is written, after it is read. */
static void find_stack(struct mkp_flow_insn *flow, const ZydisDecodedInstruction *insn)
{
	if (insn->mnemonic == ZYDIS_MNEMONIC_PUSH) {
		flow->stores = flow->from & ~(1u << RSP);
		flow->from = flow->writes = 1u << RSP;
		flow->base = RSP;
		flow->add = -8;
		flow->flags = MKP_FLOW_STORES | MKP_FLOW_EXACT;
	} else if (insn->mnemonic == ZYDIS_MNEMONIC_POP) {
		flow->writes &= ~(1u << RSP);
		flow->from = 0;
		flow->base = RSP;
		flow->add = 0;
		flow->flags = MKP_FLOW_LOADS;
	}
}

static void find_next(struct mkp_flow_insn *flow, const ZydisDecodedInstruction *insn)
{
	switch (insn->meta.category) {
	case ZYDIS_CATEGORY_CALL:
		flow->next = MKP_FLOW_CALL;
		break;
	case ZYDIS_CATEGORY_COND_BR:
		flow->next = MKP_FLOW_BRANCH;
		break;
	case ZYDIS_CATEGORY_UNCOND_BR:
		flow->next = MKP_FLOW_JUMP;
		break;
	case ZYDIS_CATEGORY_RET:
		flow->next = MKP_FLOW_END;
		break;
	default:
		return;
	}
	flow->from = flow->writes = flow->stores = 0;
	flow->flags = 0;
	if (insn->raw.imm[0].is_relative) {
		flow->branch = flow->offset + insn->raw.imm[0].offset;
		flow->target = (int64_t)flow->offset + insn->length +
			       insn->raw.imm[0].value.s;
	} else if (flow->next != MKP_FLOW_END) {
		flow->flags = MKP_FLOW_INDIRECT;
	}
}

static struct mkp_flow_insn describe(uint32_t offset, const ZydisDecodedInstruction *insn,
				     const ZydisDecodedOperand *operands)
{
	struct mkp_flow_insn flow = {
		.offset = offset,
		.length = insn->length,
		.base = MKP_FLOW_NO_REGISTER,
		.operand = insn->raw.disp.size == 32 ? insn->raw.disp.offset : 0,
		.immediate = insn->raw.imm[0].size >= 32 ? insn->raw.imm[0].offset : 0,
	};

	add_operands(&flow, insn, operands);
	if (insn->operand_count)
		find_exact(&flow, insn, operands);
	find_stack(&flow, insn);
	find_next(&flow, insn);
	if (insn->mnemonic == ZYDIS_MNEMONIC_UD2)
		flow.next = MKP_FLOW_ON; /* WARN goes on behind it */
	return flow;
}

struct mkp_error *mkp_x86_64_decode_flow(const uint8_t *code, size_t size,
					 struct mkp_flow_code *flow)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction insn;
	ZydisDecoder decoder;
	struct mkp_error *error = NULL;
	size_t at = 0;

	if (ZYAN_FAILED(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64,
					 ZYDIS_STACK_WIDTH_64)))
		return mkp_error_create(MKP_ERROR_INTERNAL, "no x86-64 decoder");
	while (at < size && !error) {
		if (ZYAN_FAILED(ZydisDecoderDecodeFull(&decoder, code + at, size - at,
						       &insn, operands))) {
			at++;
			continue;
		}
		error = mkp_array_reserve(&flow->insns, &flow->capacity, flow->count + 1,
					  sizeof(*flow->insns));
		if (!error)
			flow->insns[flow->count++] = describe(at, &insn, operands);
		at += insn.length;
	}
	return error;
}
