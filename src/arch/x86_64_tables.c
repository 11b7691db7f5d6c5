// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tables about code that kernels from v5.4 to v7.x have on x86-64.
 *
 * Who makes an entry decides on what becomes of it. What the compiler or a macro writes
 * goes with its function. So does what objtool writes, if it has seen the object: on a
 * kernel where it runs once for each object, the patch's payload does not go through it
 * again. Where objtool waits for the link (IBT, kCFI, LTO; scripts/Makefile.lib,
 * delay-objtool), the objects have none of its tables, and those of the patch module are
 * made in the module's own link, for which the hints in .discard.* go along. A module of
 * one object has had its link: what objtool made of it is left behind, since objtool
 * makes no table that is there already (tools/objtool/check.c).
 *
 * Since v6.19 some of the tables say their entry size in sh_entsize.
 */
#include "arch/machines.h"

#define FIELDS_0     (1u << 0)
#define FIELDS_0_4   (1u << 0 | 1u << 4)
#define FIELDS_0_4_8 (1u << 0 | 1u << 4 | 1u << 8)

/* One relative pointer to a place in code. */
#define PLACES(name, words, more)                                                        \
	{                                                                                \
		.section = (name), .what = (words), .sizes = { 4 }, .key_field = -1,     \
		.reloc_fields = FIELDS_0, .flags = (more)                                \
	}

/* One pointer, absolute in older kernels, relative in newer ones (v6.4, 1c0c1faf5692). */
#define HINTS(name)                                                                      \
	{                                                                                \
		.section = (name), .what = "objtool annotation", .sizes = { 4, 8 },      \
		.key_field = -1, .reloc_fields = FIELDS_0, .flags = MKP_SPECIAL_OPTIONAL \
	}

const struct mkp_special_row mkp_x86_64_tables[] = {
	{
		/* struct alt_instr: 13 bytes while it had padlen (until v5.12), then 12;
		 * 14 with flags beside the feature number (since v6.3). */
		.section = ".altinstructions",
		.what = "instruction alternatives",
		.structure = "alt_instr",
		.sizes = { 14, 12, 13 },
		/* No replacement: it points to where the next one starts. */
		.length_at = { 13, 11, 11 },
		.length_of = 4,
		.key_field = -1,
		.reloc_fields = FIELDS_0_4,
		.flags = MKP_SPECIAL_COMPARE | MKP_SPECIAL_LEADS,
	},
	{
		/* struct bug_entry with relative pointers: address, format (since v6.19,
		 * HAVE_ARCH_BUG_FORMAT), file, line, flags. The line is the low half of
		 * its word. From v6.19 on code refers to its entry, for __WARN_trap(). */
		.section = "__bug_table",
		.what = "WARN and BUG table",
		.structure = "bug_entry",
		.sizes = { 12, 16 },
		.mask_at = { 8, 12 },
		.mask = 0xffff,
		.key_field = -1,
		.reloc_fields = FIELDS_0_4_8,
		.flags = MKP_SPECIAL_COMPARE,
	},
	{
		/* struct exception_table_entry: insn, fixup, handler or data. The third
		 * had a relocation while it was a handler's address (until v5.16). Until
		 * then the fixups were code in .fixup, too. */
		.section = "__ex_table",
		.what = "exception table",
		.structure = "exception_table_entry",
		.sizes = { 12 },
		.key_field = -1,
		.reloc_fields = FIELDS_0_4_8,
		.flags = MKP_SPECIAL_COMPARE | MKP_SPECIAL_LEADS,
	},
	{
		/* struct jump_entry: relative code and target, 64-bit relative key, whose
		 * two low bits say how the branch was compiled. Relative since v4.19. */
		.section = "__jump_table",
		.what = "static branch",
		.structure = "jump_entry",
		.sizes = { 16 },
		.key_field = 8,
		.reloc_fields = FIELDS_0_4_8,
		.flags = MKP_SPECIAL_COMPARE,
	},
	{
		/* struct static_call_site: relative address and key with flags, v5.10. */
		.section = ".static_call_sites",
		.what = "static call",
		.structure = "static_call_site",
		.sizes = { 8 },
		.key_field = 4,
		.reloc_fields = FIELDS_0_4,
		.flags = MKP_SPECIAL_COMPARE | MKP_SPECIAL_STATIC_CALL |
			 MKP_SPECIAL_OBJTOOL,
	},
	{
		/* struct paravirt_patch_site until v6.8: pointer, type, length, padding.
		 */
		.section = ".parainstructions",
		.what = "paravirt call",
		.structure = "paravirt_patch_site",
		.sizes = { 16 },
		.key_field = -1,
		.reloc_fields = FIELDS_0,
		.flags = MKP_SPECIAL_COMPARE | MKP_SPECIAL_SHORT_LAST,
	},
	PLACES(".smp_locks", "lock prefix", MKP_SPECIAL_COMPARE),
	/* Constants in instructions that the kernel fills in once, while it boots, and
	 * never in a module: arch/x86/include/asm/runtime-const.h, since v6.11. */
	PLACES("runtime_*", "run-time constant", MKP_SPECIAL_COMPARE | MKP_SPECIAL_BOOT),
	{
		/* ORC: one word that points to the code, one record in .orc_unwind. */
		.section = ".orc_unwind_ip",
		.what = "ORC unwind data",
		.sizes = { 4 },
		.key_field = -1,
		.reloc_fields = FIELDS_0,
		.companion = ".orc_unwind",
		.companion_structure = "orc_entry",
		.flags = MKP_SPECIAL_OBJTOOL,
	},
	{
		.section = "__mcount_loc",
		.what = "ftrace call site",
		.sizes = { 8 },
		.key_field = -1,
		.reloc_fields = FIELDS_0,
	},
	{
		/* A side effect of call padding here; ftrace does not read it on x86. */
		.section = "__patchable_function_entries",
		.what = "function padding",
		.sizes = { 8 },
		.key_field = -1,
		.reloc_fields = FIELDS_0,
		.flags = MKP_SPECIAL_DROP,
	},
	/* v5.16, v5.19, v6.2 and v6.1: objtool's, but for the last, which is the
	   compiler's. */
	PLACES(".retpoline_sites", "retpoline site", MKP_SPECIAL_OBJTOOL),
	PLACES(".return_sites", "return thunk site", MKP_SPECIAL_OBJTOOL),
	PLACES(".call_sites", "call site", MKP_SPECIAL_OBJTOOL),
	PLACES(".cfi_sites", "kCFI entry", MKP_SPECIAL_OBJTOOL),
	PLACES(".kcfi_traps", "kCFI check", 0),
	/* Functions that nobody calls by their address, of which the kernel spoils the
	 * ENDBR (v5.18). Whether that is so for a copy is for the module's own link to
	 * find. */
	PLACES(".ibt_endbr_seal", "sealed entry", MKP_SPECIAL_DROP),
	{
		/* Pointers to records of printk formats, for a debugfs file only. */
		.section = ".printk_index",
		.what = "printk index",
		.sizes = { 8 },
		.key_field = -1,
		.reloc_fields = FIELDS_0,
		.flags = MKP_SPECIAL_DROP,
	},
	/*
	 * Hints for objtool, which the linker throws away in the end. What tells tools
	 * about data and symbols means nothing for a copy.
	 */
	{
		/* struct sym_checksum of `objtool klp checksum`, v6.19. */
		.section = ".discard.sym_checksum",
		.what = "checksum",
		.structure = "sym_checksum",
		.sizes = { 16 },
		.key_field = -1,
		.reloc_fields = FIELDS_0,
		.flags = MKP_SPECIAL_DROP,
	},
	{
		/* Where entries of other tables start (v6.19). */
		.section = ".discard.annotate_data",
		.what = "table annotation",
		.sizes = { 8 },
		.key_field = -1,
		.reloc_fields = FIELDS_0,
		.flags = MKP_SPECIAL_DROP,
	},
	{
		/* ___ADDRESSABLE(): keeps a symbol from being optimized out. */
		.section = ".discard.addressable",
		.what = "addressable symbol",
		.sizes = { 8 },
		.key_field = -1,
		.reloc_fields = FIELDS_0,
		.flags = MKP_SPECIAL_DROP,
	},
	{
		/* EXPORT_SYMBOL's function may be called by its address (v6.0). */
		.section = ".discard.ibt_endbr_noseal",
		.what = "exported entry",
		.sizes = { 8, 4 },
		.key_field = -1,
		.reloc_fields = FIELDS_0,
		.flags = MKP_SPECIAL_DROP,
	},
	{
		/* Place and type, one table for all kinds of hints about code: v6.14. */
		.section = ".discard.annotate_insn",
		.what = "objtool annotation",
		.sizes = { 8 },
		.key_field = -1,
		.reloc_fields = FIELDS_0,
		.flags = MKP_SPECIAL_OPTIONAL,
	},
	{
		/* struct unwind_hint, include/linux/objtool_types.h. */
		.section = ".discard.unwind_hints",
		.what = "unwind hint",
		.structure = "unwind_hint",
		.sizes = { 12 },
		.key_field = -1,
		.reloc_fields = FIELDS_0,
		.flags = MKP_SPECIAL_OPTIONAL,
	},
	{
		/* The instruction in front of it is never left (until v6.13). */
		.section = ".discard.unreachable",
		.what = "objtool annotation",
		.sizes = { 4 },
		.key_field = -1,
		.reloc_fields = FIELDS_0,
		.flags = MKP_SPECIAL_OPTIONAL | MKP_SPECIAL_BEHIND,
	},
	HINTS(".discard.*"),
	{ .section = NULL },
};
