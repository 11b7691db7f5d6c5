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
 * so they never change a position; they decide whether a name can be found at all. Those
 * that are known to have come or gone are taken by the version of the image, all others
 * always: a name in the table is then "not found", which is the safe side. (6.1.192 has
 * most of them in scripts/kallsyms.c, is_ignored_symbol(), 6.12.117 in scripts/mksysmap.)
 * Rules about the *type* do change positions: mksysmap drops `a`, `N`, `U` and `w`,
 * is_ignored_symbol() absolute, debugging and undefined ones of either case, in 5.4,
 * 6.1.192 and 6.12.117 alike.
 *
 * With clang's LTO the compiler makes locals global and adds ".llvm.HASH" to their names.
 * The index by name, which 6.2 brought and 6.1.192 has as well, was sorted and searched
 * by names without that (cleanup_symbol_name()) until fb6a421fb615 in 6.11: such a kernel
 * finds `c_stop` and `c_stop.llvm.1` by `c_stop`, counts both, and finds nothing by
 * `c_stop.llvm.1`. It is not known how a kernel counts them whose maintainers took only
 * some of that, so before 6.11 no such name is resolved: mkp_kallsyms_ignores_suffix().
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

/* From when on, and until before which version, a rule holds; 0: not limited. */
#define VERSION(major, minor) MKP_IMAGE_VERSION(major, minor)

enum place {
	EXACT,
	PREFIX,
	SUFFIX,
	ANYWHERE,
};

static const struct dropped_name {
	enum place place;
	const char *text;
	uint32_t until;
} dropped_names[] = {
	{ PREFIX, "$", 0 },  /* mapping symbols of arm and riscv, local ones of mips */
	{ PREFIX, ".L", 0 }, /* local labels */
	{ PREFIX, "__crc_", 0 },       /* CRCs of exports */
	{ PREFIX, "__kstrtab_", 0 },   /* their names */
	{ PREFIX, "__kstrtabns_", 0 }, /* their namespaces */
	{ PREFIX, "__efistub_", 0 },   /* arm64, the EFI stub's own copies */
	{ PREFIX, "__kvm_nvhe_$", 0 },
	{ PREFIX, "__kvm_nvhe_.L", 0 },
	{ PREFIX, "__pi_$", 0 },
	{ PREFIX, "__pi_.L", 0 },
	{ PREFIX, "__kcfi_typeid_", 0 }, /* what type a function is, for kCFI */
	{ PREFIX, "__kvm_nvhe___kcfi_typeid_", 0 },
	{ PREFIX, "__pi___kcfi_typeid_", 0 },
	{ PREFIX, "__AArch64ADRPThunk_", 0 }, /* stubs that lld makes */
	{ PREFIX, "__ARMV5PILongThunk_", 0 },
	{ PREFIX, "__ARMV7PILongThunk_", 0 },
	{ PREFIX, "__ThumbV7PILongThunk_", 0 },
	{ PREFIX, "__LA25Thunk_", 0 },
	{ PREFIX, "__microLA25Thunk_", 0 },
	{ SUFFIX, "_from_arm", 0 }, /* stubs that ld makes */
	{ SUFFIX, "_from_thumb", 0 },
	{ SUFFIX, "_veneer", 0 },
	{ ANYWHERE, ".long_branch.", 0 },
	{ ANYWHERE, ".plt_branch.", 0 },
	{ EXACT, "L0", 0 },
	{ EXACT, "_SDA_BASE_", 0 },
	{ EXACT, "_SDA2_BASE_", 0 },
	/*
	 * Its own tables, whose size differs between the passes of the link: 6.1.192
	 * drops them, 6.12.117 does not.
	 */
	{ EXACT, "kallsyms_addresses", VERSION(6, 12) },
	{ EXACT, "kallsyms_offsets", VERSION(6, 12) },
	{ EXACT, "kallsyms_relative_base", VERSION(6, 12) },
	{ EXACT, "kallsyms_num_syms", VERSION(6, 12) },
	{ EXACT, "kallsyms_names", VERSION(6, 12) },
	{ EXACT, "kallsyms_markers", VERSION(6, 12) },
	{ EXACT, "kallsyms_token_table", VERSION(6, 12) },
	{ EXACT, "kallsyms_token_index", VERSION(6, 12) },
	{ EXACT, "kallsyms_seqs_of_names", VERSION(6, 12) },
};

/*
 * KSYM_NAME_LEN; longer names are left out with a warning. It was 128 until b8a94bfb3395
 * in 6.1.
 */
static size_t name_limit(uint32_t version)
{
	return version && version < VERSION(6, 1) ? 128 : 512;
}

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
		return name[0] == row->text[0] &&
		       !strncmp(name, row->text, strlen(row->text));
	case SUFFIX:
		return ends_with(name, length, row->text);
	case ANYWHERE:
		return strstr(name, row->text) != NULL;
	}
	return false;
}

bool mkp_kallsyms_keeps_name(const char *name, uint32_t version)
{
	size_t length = strlen(name), i;

	if (!length || length >= name_limit(version))
		return false;
	for (i = 0; i < MKP_ARRAY_SIZE(dropped_names); i++) {
		const struct dropped_name *row = &dropped_names[i];

		if ((!row->until || !version || version < row->until) &&
		    matches(row, name, length))
			return false;
	}
	return true;
}

bool mkp_kallsyms_ignores_suffix(uint32_t version)
{
	return !version || version < VERSION(6, 11);
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
