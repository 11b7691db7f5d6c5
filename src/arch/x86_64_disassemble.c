// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Instructions as text, in the syntax of the kernel's own sources and oopses (AT&T).
 *
 * What a relocated field refers to is written by the caller. Names have any length, and
 * the formatter writes into a buffer: so it is made to leave a mark in the place of such
 * a field, and the mark is replaced while the text goes to the stream.
 */
#include <Zycore/Format.h>
#include <Zydis/Zydis.h>
#include <inttypes.h>
#include <string.h>

#include "arch/machines.h"

/* Of one instruction without names: it has at most 15 bytes, and five operands. */
#define MAX_TEXT 512

enum mark {
	MARK_DISPLACEMENT = 1,
	MARK_IMMEDIATE = 2,
};

struct writer {
	const struct mkp_field_namer *namer;
	uint64_t offset; /* of the instruction */
	ZydisFormatterFunc print_displacement, print_immediate;
	FILE *stream;
};

/* Place in the code of the field that a mark stands for. */
static uint64_t field_offset(const struct writer *writer,
			     const ZydisDecodedInstruction *insn, enum mark mark)
{
	return writer->offset +
	       (mark == MARK_IMMEDIATE ? insn->raw.imm[0].offset : insn->raw.disp.offset);
}

static bool is_named(const struct writer *writer, const ZydisDecodedInstruction *insn,
		     enum mark mark)
{
	bool there = mark == MARK_IMMEDIATE ? insn->raw.imm[0].size : insn->raw.disp.size;

	return there && writer->namer &&
	       writer->namer->name(writer->namer->context,
				   field_offset(writer, insn, mark), NULL);
}

static ZyanStatus append(ZydisFormatterBuffer *buffer, const char *text)
{
	ZyanString *string;

	ZYAN_CHECK(ZydisFormatterBufferAppend(buffer, ZYDIS_TOKEN_SYMBOL));
	ZYAN_CHECK(ZydisFormatterBufferGetString(buffer, &string));
	return ZyanStringAppendFormat(string, "%s", text);
}

static ZyanStatus append_mark(ZydisFormatterBuffer *buffer, enum mark mark)
{
	const char text[2] = { (char)mark, '\0' };

	return append(buffer, text);
}

/* Operand of a branch, or in memory relative to the instruction. */
static ZyanStatus print_address(const ZydisFormatter *formatter,
				ZydisFormatterBuffer *buffer,
				ZydisFormatterContext *context)
{
	struct writer *writer = context->user_data;
	bool memory = context->operand->type == ZYDIS_OPERAND_TYPE_MEMORY;
	enum mark mark = memory ? MARK_DISPLACEMENT : MARK_IMMEDIATE;
	ZyanString *string;
	ZyanU64 address;

	(void)formatter;
	if (is_named(writer, context->instruction, mark)) {
		ZYAN_CHECK(append_mark(buffer, mark));
	} else {
		ZYAN_CHECK(ZydisCalcAbsoluteAddress(context->instruction,
						    context->operand,
						    context->runtime_address, &address));
		ZYAN_CHECK(append(buffer, (ZyanI64)address < 0 ? "-" : "+"));
		ZYAN_CHECK(ZydisFormatterBufferGetString(buffer, &string));
		ZYAN_CHECK(ZyanStringAppendFormat(
			string, "0x%" PRIx64, (ZyanI64)address < 0 ? -address : address));
	}
	if (memory && context->operand->mem.base == ZYDIS_REGISTER_RIP)
		ZYAN_CHECK(append(buffer, "(%rip)"));
	return ZYAN_STATUS_SUCCESS;
}

static ZyanStatus print_displacement(const ZydisFormatter *formatter,
				     ZydisFormatterBuffer *buffer,
				     ZydisFormatterContext *context)
{
	struct writer *writer = context->user_data;

	if (is_named(writer, context->instruction, MARK_DISPLACEMENT))
		return append_mark(buffer, MARK_DISPLACEMENT);
	return writer->print_displacement(formatter, buffer, context);
}

static ZyanStatus print_immediate(const ZydisFormatter *formatter,
				  ZydisFormatterBuffer *buffer,
				  ZydisFormatterContext *context)
{
	struct writer *writer = context->user_data;

	if (is_named(writer, context->instruction, MARK_IMMEDIATE)) {
		ZYAN_CHECK(append(buffer, "$"));
		return append_mark(buffer, MARK_IMMEDIATE);
	}
	return writer->print_immediate(formatter, buffer, context);
}

/* An indirect call or jump has a star in front of its operand, which Zydis leaves out. */
static ZyanStatus start_operand(const ZydisFormatter *formatter,
				ZydisFormatterBuffer *buffer,
				ZydisFormatterContext *context)
{
	ZydisInstructionCategory category = context->instruction->meta.category;

	(void)formatter;
	if ((category == ZYDIS_CATEGORY_CALL || category == ZYDIS_CATEGORY_UNCOND_BR) &&
	    context->operand->type != ZYDIS_OPERAND_TYPE_IMMEDIATE)
		return append(buffer, "*");
	return ZYAN_STATUS_SUCCESS;
}

static bool set_up(ZydisFormatter *formatter, struct writer *writer)
{
	static const ZydisFormatterProperty off[] = {
		ZYDIS_FORMATTER_PROP_HEX_UPPERCASE,
		ZYDIS_FORMATTER_PROP_DISP_PADDING,
		ZYDIS_FORMATTER_PROP_IMM_PADDING,
	};
	ZydisFormatterFunc address = print_address, operand = start_operand;
	/* The last two are replaced by what Zydis has for them. */
	const struct {
		ZydisFormatterFunction type;
		ZydisFormatterFunc *function;
	} hooks[] = {
		{ ZYDIS_FORMATTER_FUNC_PRINT_ADDRESS_ABS, &address },
		{ ZYDIS_FORMATTER_FUNC_PRE_OPERAND, &operand },
		{ ZYDIS_FORMATTER_FUNC_PRINT_DISP, &writer->print_displacement },
		{ ZYDIS_FORMATTER_FUNC_PRINT_IMM, &writer->print_immediate },
	};
	bool ok = ZYAN_SUCCESS(ZydisFormatterInit(formatter, ZYDIS_FORMATTER_STYLE_ATT));

	writer->print_displacement = print_displacement;
	writer->print_immediate = print_immediate;
	for (size_t i = 0; i < MKP_ARRAY_SIZE(off) && ok; i++)
		ok = ZYAN_SUCCESS(ZydisFormatterSetProperty(formatter, off[i], 0));
	for (size_t i = 0; i < MKP_ARRAY_SIZE(hooks) && ok; i++)
		ok = ZYAN_SUCCESS(ZydisFormatterSetHook(
			formatter, hooks[i].type, (const void **)hooks[i].function));
	return ok;
}

/*
 * Writes the mnemonic as objdump does, and the kernel's sources: of several names for a
 * condition Zydis takes the other ones. Returns what follows it.
 */
static const char *write_mnemonic(FILE *stream, const char *text)
{
	static const char *const prefixes[] = { "j", "set", "cmov" };
	static const struct {
		const char *zydis, *ours;
	} conditions[] = {
		{ "z", "e" },	{ "nz", "ne" }, { "nb", "ae" },
		{ "nbe", "a" }, { "nl", "ge" }, { "nle", "g" },
	};
	size_t length = strcspn(text, " ");

	for (size_t i = 0; i < MKP_ARRAY_SIZE(prefixes); i++) {
		size_t skip = strlen(prefixes[i]);

		if (strncmp(text, prefixes[i], skip) != 0)
			continue;
		for (size_t k = 0; k < MKP_ARRAY_SIZE(conditions); k++) {
			const char *zydis = conditions[k].zydis;

			if (length == skip + strlen(zydis) &&
			    !strncmp(text + skip, zydis, strlen(zydis))) {
				fprintf(stream, "%s%s", prefixes[i], conditions[k].ours);
				return text + length;
			}
		}
	}
	return text;
}

static void write_text(struct writer *writer, const char *text,
		       const ZydisDecodedInstruction *insn)
{
	text = write_mnemonic(writer->stream, text);
	for (; *text; text++) {
		if (*text == MARK_DISPLACEMENT || *text == MARK_IMMEDIATE)
			writer->namer->name(writer->namer->context,
					    field_offset(writer, insn, *text),
					    writer->stream);
		else
			fputc(*text, writer->stream);
	}
}

/* A displacement of 0 is left out, but not if it stands for something. */
static void show_displacements(const struct writer *writer,
			       const ZydisDecodedInstruction *insn,
			       ZydisDecodedOperand *operands)
{
	if (!is_named(writer, insn, MARK_DISPLACEMENT))
		return;
	for (int i = 0; i < insn->operand_count_visible; i++)
		if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
			operands[i].mem.disp.value = 1;
}

static void format(struct writer *writer, const ZydisDecodedInstruction *insn,
		   const ZydisDecodedOperand *operands)
{
	ZydisFormatter formatter;
	char text[MAX_TEXT];

	if (!set_up(&formatter, writer) ||
	    ZYAN_FAILED(ZydisFormatterFormatInstruction(
		    &formatter, insn, operands, insn->operand_count_visible, text,
		    sizeof(text), writer->offset, writer)))
		fputs(ZydisMnemonicGetString(insn->mnemonic), writer->stream);
	else
		write_text(writer, text, insn);
}

size_t mkp_x86_64_disassemble(const uint8_t *code, size_t size, uint64_t offset,
			      const struct mkp_field_namer *namer, FILE *stream)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	struct writer writer = { .namer = namer, .offset = offset, .stream = stream };
	ZydisDecodedInstruction insn;
	ZydisDecoderContext context;
	ZydisDecoder decoder;

	if (offset >= size ||
	    ZYAN_FAILED(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64,
					 ZYDIS_STACK_WIDTH_64)) ||
	    ZYAN_FAILED(ZydisDecoderDecodeInstruction(&decoder, &context, code + offset,
						      size - offset, &insn)))
		return 0;
	if (!stream)
		return insn.length;
	if (ZYAN_FAILED(ZydisDecoderDecodeOperands(&decoder, &context, &insn, operands,
						   ZYDIS_MAX_OPERAND_COUNT)))
		return 0;
	show_displacements(&writer, &insn, operands);
	format(&writer, &insn, operands);
	return insn.length;
}
