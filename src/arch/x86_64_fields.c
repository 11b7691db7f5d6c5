// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the fields of the tables' entries are called in the kernel: for people who read
 * which of them changed. A layout without rows of its own is told by offsets.
 */
#include "arch/machines.h"

const struct mkp_special_field mkp_x86_64_fields[] = {
	/* struct alt_instr, arch/x86/include/asm/alternative.h. 14 bytes since v6.3. */
	{ ".altinstructions", 0, 0, "instr_offset" },
	{ ".altinstructions", 0, 4, "repl_offset" },
	{ ".altinstructions", 14, 8, "cpuid" },
	{ ".altinstructions", 14, 10, "flags" },
	{ ".altinstructions", 14, 12, "instrlen" },
	{ ".altinstructions", 14, 13, "replacementlen" },
	{ ".altinstructions", 12, 8, "cpuid" },
	{ ".altinstructions", 12, 10, "instrlen" },
	{ ".altinstructions", 12, 11, "replacementlen" },
	{ ".altinstructions", 13, 8, "cpuid" },
	{ ".altinstructions", 13, 10, "instrlen" },
	{ ".altinstructions", 13, 11, "replacementlen" },
	{ ".altinstructions", 13, 12, "padlen" },
	/* struct bug_entry, include/asm-generic/bug.h, with CONFIG_DEBUG_BUGVERBOSE. */
	{ "__bug_table", 12, 0, "bug_addr_disp" },
	{ "__bug_table", 12, 4, "file_disp" },
	{ "__bug_table", 12, 8, "line" },
	{ "__bug_table", 12, 10, "flags" },
	/* struct exception_table_entry, arch/x86/include/asm/extable.h. The third was a
	 * handler's address until v5.16. */
	{ "__ex_table", 0, 0, "insn" },
	{ "__ex_table", 0, 4, "fixup" },
	{ "__ex_table", 0, 8, "type" },
	/* struct jump_entry, include/linux/jump_label.h. */
	{ "__jump_table", 0, 0, "code" },
	{ "__jump_table", 0, 4, "target" },
	{ "__jump_table", 0, 8, "key" },
	/* struct static_call_site, include/linux/static_call_types.h. */
	{ ".static_call_sites", 0, 0, "addr" },
	{ ".static_call_sites", 0, 4, "key" },
	/* struct paravirt_patch_site, arch/x86/include/asm/paravirt_types.h. */
	{ ".parainstructions", 0, 0, "instr" },
	{ ".parainstructions", 0, 8, "type" },
	{ ".parainstructions", 0, 9, "len" },
	{ NULL, 0, 0, NULL },
};
