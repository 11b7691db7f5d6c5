// SPDX-License-Identifier: GPL-2.0-or-later
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>
#include <cmocka.h>

#include "arch/machines.h"

#define ARCH (&mkp_arch_x86_64)

static void is_found_by_machine(void **state MKP_UNUSED)
{
	assert_ptr_equal(mkp_arch_find(EM_X86_64), ARCH);
	assert_null(mkp_arch_find(EM_386));
	assert_string_equal(ARCH->name, "x86_64");
}

/* What gcc and clang emit for kernel code and data: all have a row. */
static const struct {
	uint32_t type;
	const char *name;
	uint8_t width;
	bool pcrel, klp;
} known_relocs[] = {
	{ R_X86_64_NONE, "R_X86_64_NONE", 0, false, true },
	{ R_X86_64_64, "R_X86_64_64", 8, false, true },
	{ R_X86_64_PC32, "R_X86_64_PC32", 4, true, true },
	{ R_X86_64_PLT32, "R_X86_64_PLT32", 4, true, true },
	{ R_X86_64_32, "R_X86_64_32", 4, false, true },
	{ R_X86_64_32S, "R_X86_64_32S", 4, false, true },
	{ R_X86_64_PC64, "R_X86_64_PC64", 8, true, true },
	{ R_X86_64_GOTPCREL, "R_X86_64_GOTPCREL", 4, true, false },
	{ R_X86_64_TPOFF32, "R_X86_64_TPOFF32", 4, false, false },
};

static void knows_relocations(void **state MKP_UNUSED)
{
	for (size_t i = 0; i < MKP_ARRAY_SIZE(known_relocs); i++) {
		const struct mkp_reloc_info *row = ARCH->reloc(known_relocs[i].type);

		assert_non_null(row);
		assert_int_equal(row->type, known_relocs[i].type);
		assert_string_equal(row->name, known_relocs[i].name);
		assert_int_equal(row->width, known_relocs[i].width);
		assert_int_equal(!!(row->flags & MKP_RELOC_PCREL), known_relocs[i].pcrel);
		assert_int_equal(!!(row->flags & MKP_RELOC_KLP), known_relocs[i].klp);
	}
	assert_true(ARCH->reloc(R_X86_64_PLT32)->flags & MKP_RELOC_BRANCH);
	assert_false(ARCH->reloc(R_X86_64_PC32)->flags & MKP_RELOC_BRANCH);
	assert_true(ARCH->reloc(R_X86_64_NONE)->flags & MKP_RELOC_NONE);
	assert_null(ARCH->reloc(R_X86_64_JUMP_SLOT));
	assert_null(ARCH->reloc(UINT32_MAX));
	assert_string_equal(mkp_arch_reloc_name(ARCH, R_X86_64_PC32), "R_X86_64_PC32");
	assert_non_null(mkp_arch_reloc_name(ARCH, UINT32_MAX));
	assert_int_equal(ARCH->branch_reloc(4), R_X86_64_PLT32);
	assert_int_equal(ARCH->branch_reloc(1), 0);
}

/* Scans code that must have one relative field, and compares it. */
static void one_field(const void *code, size_t size, uint32_t offset, uint8_t width,
		      uint8_t to_end, bool branch, int64_t target)
{
	struct mkp_code_scan scan = { 0 };

	assert_null(ARCH->scan_code(code, size, &scan));
	assert_true(scan.complete);
	assert_int_equal(scan.count, 1);
	assert_int_equal(scan.fields[0].offset, offset);
	assert_int_equal(scan.fields[0].width, width);
	assert_int_equal(scan.fields[0].to_end, to_end);
	assert_int_equal(scan.fields[0].branch, branch);
	assert_true(scan.fields[0].target == target);
	mkp_code_scan_deinit(&scan);
}

#define ONE_FIELD(code, ...) one_field(code, sizeof(code) - 1, __VA_ARGS__)

static void finds_what_is_relative(void **state MKP_UNUSED)
{
	ONE_FIELD("\xe8\x10\x00\x00\x00", 1, 4, 4, true, 0x15);	     /* call */
	ONE_FIELD("\xe9\xfb\xff\xff\xff", 1, 4, 4, true, 0);	     /* jmp to itself */
	ONE_FIELD("\xeb\x02", 1, 1, 1, true, 4);		     /* jmp, short */
	ONE_FIELD("\x0f\x84\x00\x01\x00\x00", 2, 4, 4, true, 0x106); /* je */
	ONE_FIELD("\x8b\x05\x08\x00\x00\x00", 2, 4, 4, false, 14);   /* mov 8(%rip) */
	/* cmpl $5, 0(%rip); with a 32-bit immediate; and with a prefix */
	ONE_FIELD("\x83\x3d\x00\x00\x00\x00\x05", 2, 4, 5, false, 7);
	ONE_FIELD("\xc7\x05\x00\x00\x00\x00\x01\x02\x03\x04", 2, 4, 8, false, 10);
	ONE_FIELD("\x65\x48\x8b\x05\x00\x00\x00\x00", 4, 4, 4, false, 8);
	/* call *0(%rip) reads a pointer: not a branch operand */
	ONE_FIELD("\xff\x15\x00\x00\x00\x00", 2, 4, 4, false, 6);
}

static void compare_encoding(const ZydisDecoder *decoder, const uint8_t code[16],
			     size_t *count)
{
	struct mkp_code_field field;
	unsigned int length = mkp_x86_64_measure(code, 16, &field);
	ZydisDecodedInstruction insn;
	uint8_t at = 0, width = 0;

	if (!length)
		return;
	++*count;
	if (ZYAN_FAILED(ZydisDecoderDecodeInstruction(decoder, NULL, code, 16, &insn)))
		fail_msg("%02x %02x %02x %02x: no instruction", code[0], code[1], code[2],
			 code[3]);
	if (insn.raw.imm[0].is_relative) {
		at = insn.raw.imm[0].offset;
		width = insn.raw.imm[0].size / 8;
	} else if ((insn.attributes & ZYDIS_ATTRIB_HAS_MODRM) && !insn.raw.modrm.mod &&
		   insn.raw.modrm.rm == 5) {
		at = insn.raw.disp.offset;
		width = insn.raw.disp.size / 8;
	}
	if (insn.length != length || field.width != width ||
	    (width && (field.offset != at || field.to_end != length - at ||
		       field.branch != insn.raw.imm[0].is_relative)))
		fail_msg("%02x %02x %02x %02x: %u bytes, field of %u at %u; not %u, %u at "
			 "%u",
			 code[0], code[1], code[2], code[3], insn.length, width, at,
			 length, field.width, field.offset);
}

/* All that is measured, in every way that prefixes and operands can be written. */
static void measures_as_it_decodes(void **state MKP_UNUSED)
{
	static const uint8_t prefixes[][2] = { { 0 }, { 0x65 }, { 0x66 }, { 0x65, 0x66 } };
	static const uint8_t rex[] = { 0, 0x40, 0x48, 0x4d };
	static const uint8_t sibs[] = { 0x04, 0x25 };
	ZydisDecoder decoder;
	size_t count = 0;

	assert_true(ZYAN_SUCCESS(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64,
						  ZYDIS_STACK_WIDTH_64)));
	for (uint32_t i = 0; i < 4 * 4 * 2 * 512 * 256; i++) {
		const uint8_t *prefix = prefixes[i & 3];
		uint8_t code[16] = { 0 };
		size_t at = 0;

		for (size_t k = 0; k < 2 && prefix[k]; k++)
			code[at++] = prefix[k];
		if (rex[i >> 2 & 3])
			code[at++] = rex[i >> 2 & 3];
		if (i >> 13 & 1)
			code[at++] = 0x0f;
		code[at++] = (uint8_t)(i >> 5);
		code[at++] = (uint8_t)(i >> 14);
		code[at] = sibs[i >> 4 & 1];
		compare_encoding(&decoder, code, &count);
	}
	assert_true(count > 1000000);
}

static void leaves_what_is_not(void **state MKP_UNUSED)
{
	/* mov $0, %rdi; mov 8(%rax), %ecx; mov 0x1000, %eax (absolute, with SIB); ret */
	static const char code[] = "\x48\xc7\xc7\x00\x00\x00\x00\x8b\x48\x08"
				   "\x8b\x04\x25\x00\x10\x00\x00\xc3";
	struct mkp_code_scan scan = { 0 };

	assert_null(ARCH->scan_code((const uint8_t *)code, sizeof(code) - 1, &scan));
	assert_true(scan.complete);
	assert_int_equal(scan.count, 0);
	mkp_code_scan_deinit(&scan);
}

static void goes_on_behind_data(void **state MKP_UNUSED)
{
	/* 0x06 is no instruction in 64-bit mode; then call */
	static const char code[] = "\x06\xe8\x00\x00\x00\x00";
	struct mkp_code_scan scan = { 0 };

	assert_null(ARCH->scan_code((const uint8_t *)code, sizeof(code) - 1, &scan));
	assert_false(scan.complete);
	assert_int_equal(scan.count, 1);
	assert_int_equal(scan.fields[0].offset, 2);
	/* The next scan starts from nothing. A call that is cut short is no instruction.
	 */
	assert_null(ARCH->scan_code((const uint8_t *)"\xc3\xe8", 2, &scan));
	assert_false(scan.complete);
	assert_int_equal(scan.count, 0);
	assert_null(ARCH->scan_code(NULL, 0, &scan));
	assert_true(scan.complete);
	mkp_code_scan_deinit(&scan);
}

static void finds_immediates(void **state MKP_UNUSED)
{
	/* mov $0x7b, %esi; cmpl $5, 0(%rip); call; enter $0x10, $1 */
	static const char code[] = "\xbe\x7b\x00\x00\x00\x83\x3d\x00\x00\x00\x00\x05"
				   "\xe8\x00\x00\x00\x00\xc8\x10\x00\x01";
	struct mkp_code_scan scan = { 0 };

	assert_null(
		ARCH->scan_immediates((const uint8_t *)code, sizeof(code) - 1, &scan));
	assert_int_equal(scan.count, 4);
	assert_int_equal(scan.fields[0].offset, 1);
	assert_int_equal(scan.fields[0].from_start, 1);
	assert_int_equal(scan.fields[0].to_end, 4);
	assert_true(scan.fields[0].target == 0x7b);
	assert_int_equal(scan.fields[1].offset, 11);
	assert_int_equal(scan.fields[1].width, 1);
	assert_true(scan.fields[1].target == 5);
	assert_int_equal(scan.fields[2].width, 2);
	assert_true(scan.fields[3].target == 1);
	mkp_code_scan_deinit(&scan);
}

static bool padding(const char *code, size_t size)
{
	return ARCH->is_padding((const uint8_t *)code, size);
}

static void tells_padding(void **state MKP_UNUSED)
{
	assert_true(padding("", 0));
	assert_true(padding("\x90\x66\x90\xcc\xcc", 5));
	assert_true(padding("\x66\x2e\x0f\x1f\x84\x00\x00\x00\x00\x00\x00\x00", 12));
	assert_false(padding("\x90\xc3", 2));
	assert_false(padding("\x90\xe8", 2));
	assert_false(padding("\x31\xc0", 2));
}

static bool traceable(const char *code, size_t size, const char *site, uint64_t offset)
{
	return ARCH->entry_traceable((const uint8_t *)code, size, site, offset);
}

static void finds_the_call_site(void **state MKP_UNUSED)
{
	static const char plain[] = "\xe8\x00\x00\x00\x00\xc3";
	static const char tracked[] = "\xf3\x0f\x1e\xfa\xe8\x00\x00\x00\x00\xc3";

	assert_true(traceable(plain, 6, "__fentry__", 1));
	assert_true(traceable(tracked, 10, "__fentry__", 5));
	assert_false(traceable(plain, 6, "printk", 1));
	assert_false(traceable(plain, 6, NULL, 0));
	assert_false(traceable(plain, 6, "__fentry__", 2));
	assert_false(traceable(plain, 4, "__fentry__", 1));
	assert_false(traceable(tracked, 8, "__fentry__", 5));
	assert_false(traceable("\xe9\x00\x00\x00\x00", 5, "__fentry__", 1));
	assert_false(traceable("\x90\xe8\x00\x00\x00\x00", 6, "__fentry__", 2));
	assert_false(traceable("", 0, "__fentry__", 1));
}

static void knows_helpers(void **state MKP_UNUSED)
{
	assert_true(mkp_arch_is_helper(ARCH, "__fentry__"));
	assert_true(mkp_arch_is_helper(ARCH, "__x86_indirect_thunk_rax"));
	assert_false(mkp_arch_is_helper(ARCH, "__fentry__x"));
	assert_false(mkp_arch_is_helper(ARCH, "printk"));
	assert_false(mkp_arch_is_helper(ARCH, ""));
}

static const struct {
	const char *section;
	uint8_t sizes[3];
	int8_t key;
	bool compared, dropped;
} tables[] = {
	{ ".altinstructions", { 12, 13, 14 }, -1, true, false },
	{ "__bug_table", { 12, 16 }, -1, true, false },
	{ "__ex_table", { 12 }, -1, true, false },
	{ "__jump_table", { 16 }, 8, true, false },
	{ ".static_call_sites", { 8 }, 4, true, false },
	{ ".parainstructions", { 16 }, -1, true, false },
	{ ".smp_locks", { 4 }, -1, true, false },
	{ ".orc_unwind_ip", { 4 }, -1, false, false },
	{ "__mcount_loc", { 8 }, -1, false, false },
	{ ".retpoline_sites", { 4 }, -1, false, false },
	{ ".return_sites", { 4 }, -1, false, false },
	{ ".call_sites", { 4 }, -1, false, false },
	{ ".printk_index", { 8 }, -1, false, true },
	{ "__patchable_function_entries", { 8 }, -1, false, true },
};

static bool has_size(const struct mkp_special_row *row, uint8_t size)
{
	for (size_t i = 0; i < MKP_SPECIAL_MAX_SIZES && row->sizes[i]; i++)
		if (row->sizes[i] == size)
			return true;
	return false;
}

static void knows_the_tables(void **state MKP_UNUSED)
{
	for (size_t i = 0; i < MKP_ARRAY_SIZE(tables); i++) {
		const struct mkp_special_row *row = mkp_arch_special(ARCH,
								     tables[i].section);

		assert_non_null(row);
		for (size_t k = 0; k < 3 && tables[i].sizes[k]; k++)
			assert_true(has_size(row, tables[i].sizes[k]));
		assert_int_equal(row->key_field, tables[i].key);
		assert_int_equal(!!(row->flags & MKP_SPECIAL_COMPARE),
				 tables[i].compared);
		assert_int_equal(!!(row->flags & MKP_SPECIAL_DROP), tables[i].dropped);
	}
	assert_null(mkp_arch_special(ARCH, ".text"));
	assert_null(mkp_arch_special(ARCH, "__ex_table2"));
	assert_null(mkp_arch_special(ARCH, ""));
	assert_non_null(mkp_arch_special(ARCH, ".discard.reachable"));
	assert_string_equal(mkp_arch_special(ARCH, ".orc_unwind_ip")->companion,
			    ".orc_unwind");
	assert_int_equal(mkp_arch_special(ARCH, "__bug_table")->mask, 0xffff);
	assert_int_equal(mkp_arch_special(ARCH, "__bug_table")->mask_at[0], 8);
	assert_int_equal(mkp_arch_special(ARCH, "__bug_table")->mask_at[1], 12);
}

/* A row that contradicts itself would never cut a section. */
static void rows_agree_with_themselves(void **state MKP_UNUSED)
{
	for (size_t i = 0; ARCH->special[i].section; i++) {
		const struct mkp_special_row *row = &ARCH->special[i];

		assert_non_null(row->what);
		assert_true(row->sizes[0]);
		assert_true(row->reloc_fields & (1u << row->code_field));
		assert_true(row->key_field < 0 ||
			    row->reloc_fields & (1u << row->key_field));
		for (size_t k = 0; k < MKP_SPECIAL_MAX_SIZES && row->sizes[k]; k++) {
			assert_true(row->code_field + 4 <= row->sizes[k]);
			assert_true(!row->mask || row->mask_at[k] + 4u <= row->sizes[k]);
		}
	}
}

/* Names the field at one offset. */
struct named_field {
	uint64_t offset;
	const char *name;
};

static bool name_field(const void *context, uint64_t offset, FILE *stream)
{
	const struct named_field *field = context;

	if (offset != field->offset)
		return false;
	if (stream)
		fputs(field->name, stream);
	return true;
}

/* Asserts the text of the instruction at @offset, and its length. */
static void assert_text(const char *code, size_t size, uint64_t offset,
			const struct named_field *field, size_t length,
			const char *wanted)
{
	const struct mkp_field_namer namer = { name_field, field };
	char *text = NULL;
	size_t text_size;
	FILE *stream = open_memstream(&text, &text_size);

	assert_non_null(stream);
	assert_int_equal(ARCH->disassemble((const uint8_t *)code, size, offset,
					   field ? &namer : NULL, stream),
			 length);
	assert_int_equal(fclose(stream), 0);
	assert_string_equal(text, wanted);
	assert_int_equal(
		ARCH->disassemble((const uint8_t *)code, size, offset, NULL, NULL),
		length);
	free(text);
}

#define ASSERT_TEXT(code, offset, field, length, wanted)                                 \
	assert_text(code, sizeof(code) - 1, offset, field, length, wanted)

static void disassembles(void **state MKP_UNUSED)
{
	static const char call[] = "\x90\xe8\x00\x00\x00\x00";
	static const char load[] = "\x8b\x05\x04\x00\x00\x00";
	static const char compare[] = "\x83\x3d\x00\x00\x00\x00\x05";
	static const char store[] = "\x48\xc7\xc7\x00\x00\x00\x00";
	static const char index[] = "\xff\x24\xc5\x00\x00\x00\x00";
	static const char thunk[] = "\xff\xd0";
	static const char negative[] = "\x8b\x45\xf8";
	static const char jump[] = "\x90\x90\xeb\xfd";
	static const char far_away[] = "\xe9\xfa\xfe\xff\xff";
	static const char greater[] = "\x7f\x00";
	static const char not_equal[] = "\x0f\x45\xc1";
	static const char below[] = "\x72\x00";
	static const char number[] = "\xb8\x2a\x00\x00\x00";

	ASSERT_TEXT(call, 0, NULL, 1, "nop");
	ASSERT_TEXT(call, 1, (&(struct named_field){ 2, "printk+0x10" }), 5,
		    "call printk+0x10");
	/* A name of any length, and with bytes that mean something to printf(). */
	ASSERT_TEXT(call, 1, (&(struct named_field){ 2, "a%s%n\x01" }), 5,
		    "call a%s%n\x01");
	ASSERT_TEXT(load, 0, (&(struct named_field){ 2, "x" }), 6, "mov x(%rip), %eax");
	ASSERT_TEXT(load, 0, NULL, 6, "mov +0xa(%rip), %eax");
	ASSERT_TEXT(compare, 0, (&(struct named_field){ 2, "x" }), 7,
		    "cmpl $0x5, x(%rip)");
	ASSERT_TEXT(store, 0, (&(struct named_field){ 3, "\"hi\"" }), 7,
		    "mov $\"hi\", %rdi");
	ASSERT_TEXT(index, 0, (&(struct named_field){ 3, "table" }), 7,
		    "jmp *table(,%rax,8)");
	ASSERT_TEXT(thunk, 0, NULL, 2, "call *%rax");
	ASSERT_TEXT(negative, 0, NULL, 3, "mov -0x8(%rbp), %eax");
	ASSERT_TEXT(jump, 2, NULL, 2, "jmp +0x1");
	ASSERT_TEXT(far_away, 0, NULL, 5, "jmp -0x101");
	ASSERT_TEXT(greater, 0, NULL, 2, "jg +0x2");
	ASSERT_TEXT(not_equal, 0, NULL, 3, "cmovne %ecx, %eax");
	ASSERT_TEXT(below, 0, NULL, 2, "jb +0x2");
	ASSERT_TEXT(number, 0, NULL, 5, "mov $0x2a, %eax");
}

static void what_is_no_instruction_has_no_text(void **state MKP_UNUSED)
{
	static const char cut[] = "\xe8\x00\x00";
	static const char invalid[] = "\x06\x06";

	ASSERT_TEXT(cut, 0, NULL, 0, "");
	ASSERT_TEXT(cut, 3, NULL, 0, "");
	ASSERT_TEXT(cut, 1000, NULL, 0, "");
	ASSERT_TEXT(invalid, 0, NULL, 0, "");
}

static void fields_of_tables_have_names(void **state MKP_UNUSED)
{
	const struct mkp_special_row *bug = mkp_arch_special(ARCH, "__bug_table");
	const struct mkp_special_row *alternative = mkp_arch_special(ARCH,
								     ".altinstructions");

	assert_string_equal(mkp_arch_special_field(ARCH, bug, 12, 0), "bug_addr_disp");
	assert_string_equal(mkp_arch_special_field(ARCH, bug, 12, 7), "file_disp");
	assert_string_equal(mkp_arch_special_field(ARCH, bug, 12, 11), "flags");
	/* The layout decides. */
	assert_string_equal(mkp_arch_special_field(ARCH, alternative, 14, 10), "flags");
	assert_string_equal(mkp_arch_special_field(ARCH, alternative, 12, 10),
			    "instrlen");
	assert_null(mkp_arch_special_field(ARCH, mkp_arch_special(ARCH, "__mcount_loc"),
					   8, 0));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_found_by_machine),
		cmocka_unit_test(knows_relocations),
		cmocka_unit_test(finds_what_is_relative),
		cmocka_unit_test(measures_as_it_decodes),
		cmocka_unit_test(leaves_what_is_not),
		cmocka_unit_test(goes_on_behind_data),
		cmocka_unit_test(finds_immediates),
		cmocka_unit_test(tells_padding),
		cmocka_unit_test(finds_the_call_site),
		cmocka_unit_test(knows_helpers),
		cmocka_unit_test(knows_the_tables),
		cmocka_unit_test(rows_agree_with_themselves),
		cmocka_unit_test(disassembles),
		cmocka_unit_test(what_is_no_instruction_has_no_text),
		cmocka_unit_test(fields_of_tables_have_names),
	};

	return cmocka_run_group_tests_name("arch/x86_64", tests, NULL, NULL);
}
