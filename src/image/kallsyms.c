// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which symbols kallsyms keeps, and in which order livepatch counts them.
 *
 * vmlinux: nm -n | scripts/mksysmap | scripts/kallsyms --all-symbols. CONFIG_LIVEPATCH
 * depends on CONFIG_KALLSYMS_ALL (kernel/livepatch/Kconfig), so symbols outside the text
 * ranges stay. scripts/kallsyms sorts by address (compare_symbols()); livepatch walks its
 * table in that order up to 6.1 (kallsyms_on_each_symbol()), and since 6.2 an index by
 * name whose equal names keep it (kallsyms_on_each_match_symbol(), compare_names()).
 *
 * Two kinds of rules drop a symbol. Rules about the *name* drop all symbols of that name,
 * so they never change a position, and which version has which of them matters only to
 * whether a name can be found at all: the table below is the union of what 6.1.192 and
 * 6.12.117 have, and a name in it is "not found" on every version, which is the safe
 * side. (6.1 has most of them in scripts/kallsyms.c, is_ignored_symbol(), 6.12 in
 * mksysmap.
 * `__kstrtab_` and `__kstrtabns_` came with d32b55f4bb in 6.1.) Rules about the *type*
 * do change positions; they are the same in both versions.
 *
 * A module: load_module() keeps the symbol table of the .ko as it is, in its order, until
 * the init function has run; klp_module_coming() runs before that and so counts all
 * defined symbols. Then do_init_module() switches to the core symbols, which
 * add_kallsyms() copied in the same order. A patch that is loaded later counts those
 * (kernel/module/main.c and kallsyms.c of 6.1.192, is_core_symbol()). Neither is sorted
 * by address. PowerPC keeps init sections in the core (its module_init_section() is
 * false); counting both ways and wanting the same answer is right there as well.
 */
#include <elf.h>
#include <string.h>

#include "image/private.h"

enum place {
	EXACT,
	PREFIX,
	SUFFIX,
	ANYWHERE,
};

static const struct dropped_name {
	enum place place;
	const char *text;
} dropped_names[] = {
	{ PREFIX, "$" },      /* mapping symbols of arm and riscv, local ones of mips */
	{ PREFIX, ".L" },     /* local labels */
	{ PREFIX, "__crc_" }, /* CRCs of exports */
	{ PREFIX, "__kstrtab_" },   /* their names */
	{ PREFIX, "__kstrtabns_" }, /* their namespaces */
	{ PREFIX, "__efistub_" },   /* arm64, the EFI stub's own copies */
	{ PREFIX, "__kvm_nvhe_$" },
	{ PREFIX, "__kvm_nvhe_.L" },
	{ PREFIX, "__pi_$" },
	{ PREFIX, "__pi_.L" },
	{ PREFIX, "__kcfi_typeid_" }, /* what type a function is, for kCFI */
	{ PREFIX, "__kvm_nvhe___kcfi_typeid_" },
	{ PREFIX, "__pi___kcfi_typeid_" },
	{ PREFIX, "__AArch64ADRPThunk_" }, /* stubs that lld makes */
	{ PREFIX, "__ARMV5PILongThunk_" },
	{ PREFIX, "__ARMV7PILongThunk_" },
	{ PREFIX, "__ThumbV7PILongThunk_" },
	{ PREFIX, "__LA25Thunk_" },
	{ PREFIX, "__microLA25Thunk_" },
	{ SUFFIX, "_from_arm" }, /* stubs that ld makes */
	{ SUFFIX, "_from_thumb" },
	{ SUFFIX, "_veneer" },
	{ ANYWHERE, ".long_branch." },
	{ ANYWHERE, ".plt_branch." },
	{ EXACT, "L0" },
	{ EXACT, "_SDA_BASE_" },
	{ EXACT, "_SDA2_BASE_" },
	/* Its own tables, whose size differs between the passes of the link (6.1). */
	{ EXACT, "kallsyms_addresses" },
	{ EXACT, "kallsyms_offsets" },
	{ EXACT, "kallsyms_relative_base" },
	{ EXACT, "kallsyms_num_syms" },
	{ EXACT, "kallsyms_names" },
	{ EXACT, "kallsyms_markers" },
	{ EXACT, "kallsyms_token_table" },
	{ EXACT, "kallsyms_token_index" },
	{ EXACT, "kallsyms_seqs_of_names" },
};

/* KSYM_NAME_LEN of 6.1.192; longer names are left out with a warning. */
#define NAME_LIMIT 512

static bool ends_with(const char *name, size_t length, const char *suffix)
{
	size_t size = strlen(suffix);

	return length >= size && !strcmp(name + length - size, suffix);
}

static bool matches(const struct dropped_name *row, const char *name, size_t length)
{
	switch (row->place) {
	case EXACT:
		return !strcmp(name, row->text);
	case PREFIX:
		return !strncmp(name, row->text, strlen(row->text));
	case SUFFIX:
		return ends_with(name, length, row->text);
	case ANYWHERE:
		return strstr(name, row->text) != NULL;
	}
	return false;
}

bool mkp_kallsyms_keeps_name(const char *name)
{
	size_t length = strlen(name), i;

	if (!length || length >= NAME_LIMIT)
		return false;
	for (i = 0; i < MKP_ARRAY_SIZE(dropped_names); i++)
		if (matches(&dropped_names[i], name, length))
			return false;
	return true;
}

bool mkp_kallsyms_keeps_letter(char letter)
{
	/*
	 * Absolute, debugging and undefined ones. `w` and `v` are weak and undefined
	 * here; in /proc/kallsyms, to which this does not apply, they are weak symbols of
	 * modules.
	 */
	return !strchr("aAnNuUwv", letter);
}

bool mkp_kallsyms_keeps_section(const char *name, uint64_t flags)
{
	/* The loader clears SHF_ALLOC of these two (setup_load_info()). */
	if (!strcmp(name, ".modinfo") || !strcmp(name, "__versions"))
		return false;
	return (flags & SHF_ALLOC) && strncmp(name, ".init", strlen(".init")) != 0;
}
