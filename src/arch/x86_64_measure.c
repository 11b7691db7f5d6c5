// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lengths and relative fields of the instructions that nearly all code is made of.
 *
 * Zydis decodes what there is to know of an instruction, in some hundred steps. Of every
 * instruction of two objects, all that counts is how long it is and where its relative
 * field is. These tables have only opcodes that are valid with each operand that passes;
 * everything else is left to Zydis, which a unit test compares with, encoding by
 * encoding.
 *
 * Opcode maps: Intel SDM volume 2, appendix A; AMD64 APM volume 3, appendix A.
 */
#include "arch/machines.h"

/*
 * What follows the opcode:
 *   .  not measured here          n  nothing
 *   m  ModRM                      i  8 bits          I  16 or 32 bits
 *   b  ModRM, 8 bits              z  ModRM, 16 or 32 bits
 *   r  8 bits, relative           R  32 bits, relative
 *   q  16, 32 or 64 bits          l  ModRM of a place in memory
 *   s  ModRM whose middle is the rest of the opcode: special()
 */
static const char map_1[] = "mmmmiI..mmmmiI.." /* 0x00 */
			    "mmmmiI..mmmmiI.."
			    "mmmmiI..mmmmiI.." /* 0x20 */
			    "mmmmiI..mmmmiI.."
			    "................" /* 0x40: REX */
			    "nnnnnnnnnnnnnnnn"
			    "...m....Izib...." /* 0x60 */
			    "rrrrrrrrrrrrrrrr"
			    "bz.bmmmmmmmm.l.." /* 0x80 */
			    "nnnnnnnnnn..nn.."
			    "........iI......" /* 0xa0 */
			    "iiiiiiiiqqqqqqqq"
			    "bb.n..ss.n..n..." /* 0xc0 */
			    "mmmm............"
			    "........RR.r...." /* 0xe0 */
			    "......ss......ss";

/* Behind 0x0f. */
static const char map_2[] = "...........n...." /* 0x00 */
			    "...............m"
			    "................" /* 0x20 */
			    "................"
			    "mmmmmmmmmmmmmmmm" /* 0x40 */
			    "................"
			    "................" /* 0x60 */
			    "................"
			    "RRRRRRRRRRRRRRRR" /* 0x80 */
			    "mmmmmmmmmmmmmmmm"
			    "..nmbm.....mbm.m" /* 0xa0 */
			    "mm.m..mm...mmmmm"
			    "mm.............." /* 0xc0 */
			    "................"
			    "................" /* 0xe0 */
			    "................";

struct operands {
	bool wide, word; /* REX.W, 0x66 */
	bool modrm, memory, relative;
	uint8_t immediate; /* bytes */
};

/* Opcodes that go on in ModRM. */
static bool special(uint8_t opcode, uint8_t modrm, struct operands *operands)
{
	unsigned int middle = modrm >> 3 & 7;

	operands->modrm = true;
	switch (opcode) {
	case 0xc6: /* mov */
	case 0xc7:
		operands->immediate = opcode & 1 ? (operands->word ? 2 : 4) : 1;
		return !middle;
	case 0xf6: /* test, not, neg, mul, imul, div, idiv */
	case 0xf7:
		if (middle < 2)
			operands->immediate = opcode & 1 ? (operands->word ? 2 : 4) : 1;
		return true;
	case 0xfe: /* inc, dec */
		return middle < 2;
	default: /* 0xff: inc, dec, call, jmp, push; not those of segments */
		return middle < 3 || middle == 4 || middle == 6;
	}
}

static bool find_operands(char kind, uint8_t opcode, const uint8_t *rest,
			  struct operands *operands)
{
	uint8_t natural = operands->word ? 2 : 4;

	switch (kind) {
	case 'n':
		return true;
	case 'i':
		operands->immediate = 1;
		return true;
	case 'I':
		operands->immediate = natural;
		return true;
	case 'q':
		operands->immediate = operands->wide ? 8 : natural;
		return true;
	case 'r':
	case 'R':
		operands->relative = true;
		operands->immediate = kind == 'r' ? 1 : 4;
		return true;
	case 'm':
	case 'b':
	case 'z':
		operands->modrm = true;
		operands->immediate = kind == 'm' ? 0 : kind == 'b' ? 1 : natural;
		return true;
	case 'l':
		operands->modrm = true;
		return *rest < 0xc0;
	case 's':
		return special(opcode, *rest, operands);
	default:
		return false;
	}
}

/* Bytes of ModRM, SIB and displacement. */
static unsigned int modrm_length(const uint8_t *rest)
{
	unsigned int mode = rest[0] >> 6, base = rest[0] & 7;
	unsigned int length = 1;

	if (mode == 3)
		return length;
	if (base == 4) {
		length++;
		base = rest[1] & 7;
	}
	if (mode == 1)
		return length + 1;
	return length + (mode == 2 || base == 5 ? 4 : 0);
}

unsigned int mkp_x86_64_measure(const uint8_t *code, size_t size,
				struct mkp_code_field *ret_field)
{
	struct operands operands = { 0 };
	unsigned int at = 0;
	char kind;

	/* No instruction of these is longer; the end of code is left to Zydis. */
	if (size < 16)
		return 0;
	*ret_field = (struct mkp_code_field){ 0 };
	if (code[at] == 0x65) /* %gs: per-CPU data */
		at++;
	if (code[at] == 0x66) {
		operands.word = true;
		at++;
	}
	if ((code[at] & 0xf0) == 0x40)
		operands.wide = code[at++] & 8;
	if (operands.wide)
		operands.word = false;
	kind = code[at] == 0x0f ? map_2[code[++at]] : map_1[code[at]];
	at++;
	if (!find_operands(kind, code[at - 1], code + at, &operands))
		return 0;
	if (operands.modrm) {
		if ((code[at] & 0xc7) == 5) {
			ret_field->offset = at + 1;
			ret_field->width = 4;
		}
		at += modrm_length(code + at);
	}
	if (operands.relative) {
		ret_field->offset = at;
		ret_field->width = operands.immediate;
		ret_field->branch = true;
	}
	at += operands.immediate;
	ret_field->to_end = (uint8_t)(at - ret_field->offset);
	return at;
}
