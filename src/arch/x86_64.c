// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * x86-64.
 *
 * Instructions are 1 to 15 bytes long, and a pc-relative field counts from the end of its
 * instruction, not from itself: `cmpl $5, counter(%rip)` has four bytes of immediate
 * behind the displacement, so its relocation carries an addend of -8 where a plain load
 * has -4. What a field refers to is known only after decoding. Zydis does that.
 *
 * ftrace: gcc and clang put `call __fentry__` first in a function (-mfentry), after
 * `endbr64` if indirect branch tracking is on, and list the place in __mcount_loc.
 *
 * Assemblers write R_X86_64_PLT32 for every call and jump (binutils 2.31 and later,
 * LLVM's own since 8), PC32 for operands; older ones wrote PC32 for both.
 *
 * psABI: https://gitlab.com/x86-psABIs/x86-64-ABI. What the kernel's module loader
 * applies: arch/x86/kernel/module.c, __write_relocate_add() (v6.1).
 */
#include <Zydis/Zydis.h>
#include <elf.h>
#include <endian.h>
#include <string.h>

#include "arch/machines.h"

#define ROW(name, width, flags)                                                          \
	{                                                                                \
		R_X86_64_##name, "R_X86_64_" #name, width, flags                         \
	}

static const struct mkp_reloc_info relocs[] = {
	ROW(NONE, 0, MKP_RELOC_NONE | MKP_RELOC_KLP),
	ROW(64, 8, MKP_RELOC_KLP),
	ROW(PC32, 4, MKP_RELOC_PCREL | MKP_RELOC_KLP),
	ROW(GOT32, 4, 0),
	ROW(PLT32, 4, MKP_RELOC_PCREL | MKP_RELOC_BRANCH | MKP_RELOC_KLP),
	ROW(GOTPCREL, 4, MKP_RELOC_PCREL),
	ROW(32, 4, MKP_RELOC_KLP),
	ROW(32S, 4, MKP_RELOC_KLP),
	ROW(16, 2, 0),
	ROW(PC16, 2, MKP_RELOC_PCREL),
	ROW(8, 1, 0),
	ROW(PC8, 1, MKP_RELOC_PCREL),
	ROW(TPOFF32, 4, 0),
	ROW(GOTTPOFF, 4, MKP_RELOC_PCREL),
	ROW(PC64, 8, MKP_RELOC_PCREL | MKP_RELOC_KLP),
	ROW(GOTPCRELX, 4, MKP_RELOC_PCREL),
	ROW(REX_GOTPCRELX, 4, MKP_RELOC_PCREL),
};

static const struct mkp_reloc_info *x86_64_reloc(uint32_t type)
{
	for (size_t i = 0; i < MKP_ARRAY_SIZE(relocs); i++)
		if (relocs[i].type == type)
			return &relocs[i];
	return NULL;
}

static uint32_t x86_64_branch_reloc(unsigned int width)
{
	return width == 4 ? R_X86_64_PLT32 : 0;
}

/* Appends the relative field of one instruction, if it has one. */
static struct mkp_error *add_field(struct mkp_code_scan *scan, size_t start,
				   const ZydisDecodedInstruction *insn)
{
	struct mkp_code_field field = { 0 };
	bool rip = (insn->attributes & ZYDIS_ATTRIB_HAS_MODRM) &&
		   insn->raw.modrm.mod == 0 && insn->raw.modrm.rm == 5 &&
		   insn->raw.disp.size == 32;
	int64_t displacement;

	if (insn->raw.imm[0].is_relative) {
		field.offset = start + insn->raw.imm[0].offset;
		field.width = insn->raw.imm[0].size / 8;
		field.branch = true;
		displacement = insn->raw.imm[0].value.s;
	} else if (rip) {
		field.offset = start + insn->raw.disp.offset;
		field.width = 4;
		displacement = insn->raw.disp.value;
	} else {
		return NULL;
	}
	field.to_end = start + insn->length - field.offset;
	field.target = (int64_t)(start + insn->length) + displacement;
	return mkp_code_scan_add(scan, &field);
}

/* Appends the immediate operands of one instruction. */
static struct mkp_error *add_immediates(struct mkp_code_scan *scan, size_t start,
					const ZydisDecodedInstruction *insn)
{
	struct mkp_error *error = NULL;

	for (int i = 0; i < 2 && !error; i++) {
		const struct mkp_code_field field = {
			.offset = start + insn->raw.imm[i].offset,
			.width = insn->raw.imm[i].size / 8,
			.to_end = insn->length - insn->raw.imm[i].offset,
			.from_start = insn->raw.imm[i].offset,
			.target = insn->raw.imm[i].value.s,
		};

		if (field.width && !insn->raw.imm[i].is_relative)
			error = mkp_code_scan_add(scan, &field);
	}
	return error;
}

static bool init_decoder(ZydisDecoder *decoder)
{
	return ZYAN_SUCCESS(ZydisDecoderInit(decoder, ZYDIS_MACHINE_MODE_LONG_64,
					     ZYDIS_STACK_WIDTH_64));
}

/* Adds the field of a measured instruction. */
static struct mkp_error *add_measured(struct mkp_code_scan *scan, const uint8_t *code,
				      size_t start, unsigned int length,
				      struct mkp_code_field *field)
{
	int32_t displacement;

	if (!field->width)
		return NULL;
	field->offset += (uint32_t)start;
	if (field->width == 1) {
		displacement = (int8_t)code[field->offset];
	} else {
		memcpy(&displacement, code + field->offset, sizeof(displacement));
		displacement = (int32_t)le32toh((uint32_t)displacement);
	}
	field->target = (int64_t)(start + length) + displacement;
	return mkp_code_scan_add(scan, field);
}

/* Decodes @size bytes and calls @add for each instruction; with @measure, not for those
 * whose relative field can be found without. */
static struct mkp_error *for_each_insn(
	const uint8_t *code, size_t size, bool measure, struct mkp_code_scan *scan,
	struct mkp_error *(*add)(struct mkp_code_scan *, size_t,
				 const ZydisDecodedInstruction *))
{
	ZydisDecodedInstruction insn;
	ZydisDecoder decoder;
	struct mkp_error *error = NULL;
	size_t at = 0;

	scan->count = 0;
	scan->complete = true;
	/* Without operands, flags and prefixes' meanings, which nobody asks for. */
	if (!init_decoder(&decoder) ||
	    ZYAN_FAILED(ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_MINIMAL,
					       ZYAN_TRUE)))
		return mkp_error_create(MKP_ERROR_INTERNAL, "no x86-64 decoder");
	while (at < size && !error) {
		struct mkp_code_field field;
		unsigned int length =
			measure ? mkp_x86_64_measure(code + at, size - at, &field) : 0;

		if (length) {
			error = add_measured(scan, code, at, length, &field);
			at += length;
			continue;
		}
		if (ZYAN_FAILED(ZydisDecoderDecodeInstruction(&decoder, NULL, code + at,
							      size - at, &insn))) {
			/* Data between code: go on at the next byte, and say so. */
			scan->complete = false;
			at++;
			continue;
		}
		error = add(scan, at, &insn);
		at += insn.length;
	}
	return error;
}

static struct mkp_error *x86_64_scan_code(const uint8_t *code, size_t size,
					  struct mkp_code_scan *scan)
{
	return for_each_insn(code, size, /* measure= */ true, scan, add_field);
}

static struct mkp_error *x86_64_scan_immediates(const uint8_t *code, size_t size,
						struct mkp_code_scan *scan)
{
	return for_each_insn(code, size, /* measure= */ false, scan, add_immediates);
}

static bool x86_64_decode(const uint8_t *code, size_t size, struct mkp_insn *ret_insn)
{
	struct mkp_insn found = { 0 };
	ZydisDecodedInstruction insn;
	ZydisDecoder decoder;

	if (!init_decoder(&decoder) ||
	    ZYAN_FAILED(ZydisDecoderDecodeInstruction(&decoder, NULL, code, size, &insn)))
		return false;
	found.length = insn.length;
	found.nop = insn.mnemonic == ZYDIS_MNEMONIC_NOP;
	found.landing = insn.mnemonic == ZYDIS_MNEMONIC_ENDBR64;
	if (insn.raw.imm[0].is_relative) {
		found.field_at = insn.raw.imm[0].offset;
		found.field_width = insn.raw.imm[0].size / 8;
		found.displacement = insn.raw.imm[0].value.s;
		found.branch = (uint16_t)insn.mnemonic;
	} else if ((insn.attributes & ZYDIS_ATTRIB_HAS_MODRM) &&
		   insn.raw.modrm.mod == 0 && insn.raw.modrm.rm == 5 &&
		   insn.raw.disp.size == 32) {
		found.field_at = insn.raw.disp.offset;
		found.field_width = 4;
		found.displacement = insn.raw.disp.value;
	}
	*ret_insn = found;
	return true;
}

static bool x86_64_is_padding(const uint8_t *code, size_t size)
{
	ZydisDecodedInstruction insn;
	ZydisDecoder decoder;
	size_t at = 0;

	if (!init_decoder(&decoder))
		return false;
	while (at < size) {
		if (!code[at]) {
			at++;
			continue;
		}
		if (ZYAN_FAILED(ZydisDecoderDecodeInstruction(&decoder, NULL, code + at,
							      size - at, &insn)) ||
		    (insn.mnemonic != ZYDIS_MNEMONIC_NOP &&
		     insn.mnemonic != ZYDIS_MNEMONIC_INT3))
			return false;
		at += insn.length;
	}
	return true;
}

static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };

static bool x86_64_entry_guarded(const uint8_t *code, size_t size)
{
	return size >= sizeof(endbr64) && !memcmp(code, endbr64, sizeof(endbr64));
}

static bool x86_64_entry_traceable(const uint8_t *code, size_t size,
				   const char *site_symbol, uint64_t site_offset)
{
	size_t at = x86_64_entry_guarded(code, size) ? sizeof(endbr64) : 0;

	return size >= at + 5 && code[at] == 0xe8 && site_offset == at + 1 &&
	       site_symbol && !strcmp(site_symbol, "__fentry__");
}

/* All exported for modules, by the files of arch/x86/lib and kernel/panic.c. */
static const char *const compiler_helpers[] = {
	"__fentry__",	      "__stack_chk_fail",   "__x86_indirect_thunk_*",
	"__x86_return_thunk", "__x86_call_thunk_*", "__x86_jump_thunk_*",
};

/* Symbols on the bytes in front of an entry: objtool's on the padding (since v6.2), a
 * compiler's on the hash of the function's type (kCFI, since v6.1). */
static const char *const entry_prefixes[] = { "__pfx_", "__cfi_" };

/* apply_returns() and apply_retpolines() of arch/x86/kernel/alternative.c, v6.1. */
static const struct mkp_thunk_row thunks[] = {
	{ "__x86_return_thunk", ".return_sites", "__return_sites" },
	{ "__x86_indirect_thunk_*", ".retpoline_sites", "__retpoline_sites" },
};

const struct mkp_arch mkp_arch_x86_64 = {
	.name = "x86_64",
	.machine = EM_X86_64,
	.reloc = x86_64_reloc,
	.branch_reloc = x86_64_branch_reloc,
	.scan_code = x86_64_scan_code,
	.scan_immediates = x86_64_scan_immediates,
	.disassemble = mkp_x86_64_disassemble,
	.decode = x86_64_decode,
	.decode_flow = mkp_x86_64_decode_flow,
	.abi = &mkp_x86_64_abi,
	.find_reaches = mkp_x86_64_find_reaches,
	.is_padding = x86_64_is_padding,
	.entry_traceable = x86_64_entry_traceable,
	.entry_guarded = x86_64_entry_guarded,
	.compiler_helpers = compiler_helpers,
	.nr_compiler_helpers = MKP_ARRAY_SIZE(compiler_helpers),
	.entry_prefixes = entry_prefixes,
	.nr_entry_prefixes = MKP_ARRAY_SIZE(entry_prefixes),
	.special = mkp_x86_64_tables,
	.special_fields = mkp_x86_64_fields,
	.thunks = thunks,
	.nr_thunks = MKP_ARRAY_SIZE(thunks),
};
