// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff/section_class.h"

#include <string.h>

struct class_row {
	const char *pattern;
	enum mkp_class class;
};

/* First match wins. Names from include/asm-generic/vmlinux.lds.h and the macros that
 * place things in these sections. */
static const struct class_row rows[] = {
	{ ".altinstr_replacement", MKP_CLASS_AUX },
	{ ".altinstr_aux", MKP_CLASS_AUX },
	{ ".fixup", MKP_CLASS_AUX },
	{ ".init.*", MKP_CLASS_INIT },
	/* Kept or not: the image tells (emit/bind.c). */
	{ ".meminit.text*", MKP_CLASS_TEXT },
	{ ".meminit.data*", MKP_CLASS_DATA },
	{ ".meminit.rodata*", MKP_CLASS_RODATA },
	/* __ref, __refdata: may refer to init code, but stay. */
	{ ".ref.text*", MKP_CLASS_TEXT },
	{ ".ref.data*", MKP_CLASS_DATA },
	{ ".ref.rodata*", MKP_CLASS_RODATA },
	{ ".exit.*", MKP_CLASS_EXIT },
	{ ".memexit.*", MKP_CLASS_EXIT },
	/* `.data..once` since v6.13 (dbefa1f31a91): -fdata-sections makes `.data.once`
	 * for a variable of that name, too, which graph_cut.c tells apart.
	 * `.data.unlikely`: until v5.16, for the same purpose. */
	{ ".data.once", MKP_CLASS_ONCE },
	{ ".data..once", MKP_CLASS_ONCE },
	{ ".data.unlikely", MKP_CLASS_ONCE },
	{ ".data..percpu*", MKP_CLASS_PERCPU },
	{ ".bss..percpu*", MKP_CLASS_PERCPU },
	/* One record a call site, with the state of that site: dynamic debug. */
	{ "__dyndbg", MKP_CLASS_ONCE },
	{ "__verbose", MKP_CLASS_ONCE },
	/* Profiling of allocations, v6.10 and v6.14; of trace_printk(); of branches. */
	{ "alloc_tags", MKP_CLASS_ONCE },
	{ ".codetag.alloc_tags", MKP_CLASS_ONCE },
	{ "__trace_printk_fmt", MKP_CLASS_ONCE },
	{ "_ftrace_annotated_branch", MKP_CLASS_ONCE },
	{ "_ftrace_branch", MKP_CLASS_ONCE },
	/* What UBSAN has to say about one place, and whether it said it. clang gives it
	 * no name, as it does other data without one. */
	{ ".data..Lubsan_*", MKP_CLASS_ONCE },
	{ ".data.rel.local..Lubsan_*", MKP_CLASS_ONCE },
	{ ".data..L__unnamed_*", MKP_CLASS_ONCE },
	/* Of no use, or not kept, in a module: unwind data other than ORC, a version. */
	{ ".eh_frame*", MKP_CLASS_NONE },
	{ ".sframe*", MKP_CLASS_NONE },
	{ ".orc_header", MKP_CLASS_NONE },
	{ "__tracepoint_check", MKP_CLASS_NONE },
	{ ".modinfo", MKP_CLASS_NONE },
	{ ".note*", MKP_CLASS_NONE },
	{ ".gnu.linkonce.this_module", MKP_CLASS_NONE },
	/* Checksums of what a module imports; the second since v6.14. */
	{ "__versions", MKP_CLASS_NONE },
	{ "__version_ext_*", MKP_CLASS_NONE },
	{ "__ksymtab_strings", MKP_CLASS_STRINGS },
	{ "___ksymtab*", MKP_CLASS_EXPORT },
	{ "__ksymtab*", MKP_CLASS_EXPORT },
	{ "__kcrctab*", MKP_CLASS_EXPORT },
	{ "___kcrctab*", MKP_CLASS_EXPORT },
	{ ".export_symbol", MKP_CLASS_EXPORT },
	{ "__param*", MKP_CLASS_REGISTER },
	{ "__modver", MKP_CLASS_REGISTER },
	{ ".initcall*", MKP_CLASS_REGISTER },
	{ ".con_initcall*", MKP_CLASS_REGISTER },
	{ ".exitcall*", MKP_CLASS_REGISTER },
	{ "_ftrace_events", MKP_CLASS_REGISTER },
	{ "_ftrace_eval_map", MKP_CLASS_REGISTER },
	{ "__syscalls_metadata", MKP_CLASS_REGISTER },
	{ "__tracepoints*", MKP_CLASS_REGISTER },
	{ "__bpf_raw_tp_map", MKP_CLASS_REGISTER },
	{ "_error_injection_whitelist", MKP_CLASS_REGISTER },
	{ "_kprobe_blacklist", MKP_CLASS_REGISTER },
	{ "__dyndbg_*", MKP_CLASS_REGISTER },
	{ ".static_call_tramp_key", MKP_CLASS_REGISTER },
	{ ".BTF*", MKP_CLASS_REGISTER },
	{ ".init_array*", MKP_CLASS_REGISTER },
	{ ".fini_array*", MKP_CLASS_REGISTER },
	{ ".pci_fixup*", MKP_CLASS_REGISTER },
	{ "__tracepoint_*", MKP_CLASS_REGISTER },
	{ ".ctors*", MKP_CLASS_REGISTER },
	{ ".lsm_info.init", MKP_CLASS_REGISTER },
	{ ".early_lsm_info.init", MKP_CLASS_REGISTER },
	{ ".x86_cpu_dev.init", MKP_CLASS_REGISTER },
	{ ".apicdrivers", MKP_CLASS_REGISTER },
	{ ".kunit_*", MKP_CLASS_REGISTER },
	{ "__earlycon_table", MKP_CLASS_REGISTER },
	{ "__timer_of_table", MKP_CLASS_REGISTER },
	{ "__irqchip_of_table", MKP_CLASS_REGISTER },
	{ "__clk_of_table", MKP_CLASS_REGISTER },
	{ "__reservedmem_of_table", MKP_CLASS_REGISTER },
	{ "__timer_acpi_probe_table", MKP_CLASS_REGISTER },
	{ "__irqchip_acpi_probe_table", MKP_CLASS_REGISTER },
	{ "__thermal_table_governor", MKP_CLASS_REGISTER },
	/* A section for each, since their order counts (SCHED_DATA, v5.9). */
	{ "__stop_sched_class", MKP_CLASS_RODATA },
	{ "__dl_sched_class", MKP_CLASS_RODATA },
	{ "__rt_sched_class", MKP_CLASS_RODATA },
	{ "__fair_sched_class", MKP_CLASS_RODATA },
	{ "__ext_sched_class", MKP_CLASS_RODATA },
	{ "__idle_sched_class", MKP_CLASS_RODATA },
	/* What the linker makes of .ref.rodata and of .vvar_*. */
	{ "__init_rodata", MKP_CLASS_RODATA },
	{ ".vvar", MKP_CLASS_DATA },
	{ ".rodata*", MKP_CLASS_RODATA },
	{ ".data.rel.ro*", MKP_CLASS_RODATA },
	{ ".data..ro_after_init*", MKP_CLASS_RODATA },
	{ ".data*", MKP_CLASS_DATA },
	{ ".bss*", MKP_CLASS_DATA },
};

static enum mkp_class class_by_name(const char *name)
{
	for (size_t i = 0; i < MKP_ARRAY_SIZE(rows); i++)
		if (mkp_name_matches(rows[i].pattern, name))
			return rows[i].class;
	return MKP_CLASS_UNKNOWN;
}

static bool is_companion(const struct mkp_arch *arch, const char *name)
{
	for (const struct mkp_special_row *row = arch->special; row->section; row++)
		if (row->companion && !strcmp(row->companion, name))
			return true;
	return false;
}

enum mkp_class mkp_section_class(const struct mkp_arch *arch,
				 const struct mkp_section *section)
{
	enum mkp_class class;

	if (section->type == SHT_RELA || section->type == SHT_GROUP)
		return MKP_CLASS_NONE;
	if (mkp_name_matches(".discard.mkpatch.*", section->name))
		return MKP_CLASS_AUTHOR;
	/* Before the flags: what the linker discards need not be allocated. */
	if (mkp_arch_special(arch, section->name))
		return MKP_CLASS_SPECIAL;
	if (!(section->flags & SHF_ALLOC))
		return MKP_CLASS_NONE;
	if (is_companion(arch, section->name))
		return MKP_CLASS_COMPANION;
	class = class_by_name(section->name);
	if (class == MKP_CLASS_RODATA || class == MKP_CLASS_UNKNOWN) {
		if ((section->flags & SHF_MERGE) && (section->flags & SHF_STRINGS))
			return MKP_CLASS_STRINGS;
		if ((section->flags & SHF_MERGE) && section->entsize)
			return MKP_CLASS_MERGE;
	}
	if (class == MKP_CLASS_UNKNOWN && (section->flags & SHF_EXECINSTR))
		return MKP_CLASS_TEXT;
	return class;
}

const char *mkp_class_name(enum mkp_class class)
{
	static const char *const names[] = {
		[MKP_CLASS_NONE] = "unallocated data",
		[MKP_CLASS_TEXT] = "code",
		[MKP_CLASS_DATA] = "data",
		[MKP_CLASS_RODATA] = "constant data",
		[MKP_CLASS_STRINGS] = "strings",
		[MKP_CLASS_MERGE] = "constants",
		[MKP_CLASS_ONCE] = "call-site state",
		[MKP_CLASS_PERCPU] = "per-CPU data",
		[MKP_CLASS_INIT] = "init code or data",
		[MKP_CLASS_EXIT] = "exit code or data",
		[MKP_CLASS_SPECIAL] = "table",
		[MKP_CLASS_COMPANION] = "table",
		[MKP_CLASS_AUX] = "out-of-line code",
		[MKP_CLASS_REGISTER] = "registration record",
		[MKP_CLASS_EXPORT] = "export record",
		[MKP_CLASS_AUTHOR] = "author's record",
		[MKP_CLASS_UNKNOWN] = "unknown section",
	};

	return names[class];
}
