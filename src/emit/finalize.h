/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The post-link step. A payload refers to symbols that the module loader can not resolve
 * through weak undefined symbols with a name of a fixed form (MKP_KLP_PREFIX below), by
 * ordinary relocations: so the linker, modpost and objtool see nothing unusual. Once
 * kbuild has made the .ko, finalize
 *   - moves each relocation against such a symbol from `.rela<section>` to
 *     `.klp.rela.<object>.<section>`, flags SHF_ALLOC | SHF_INFO_LINK |
 * SHF_RELA_LIVEPATCH,
 *   - renames the symbol to `.klp.sym.<provider>.<symbol>,<position>` and puts it in
 *     SHN_LIVEPATCH,
 * as Documentation/livepatch/module-elf-format.rst asks (since v4.7), and
 *   - adds `livepatch=Y` to .modinfo.
 *
 * The last is what lets a kernel take the module as a patch (is_livepatch_module()). The
 * emitted source leaves it out: a module that was linked but not finalized would have its
 * weak references at address 0, and must not load.
 */
#ifndef MKP_EMIT_FINALIZE_H
#define MKP_EMIT_FINALIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/*
 * ".mkp.klp.<object>/<provider>.<symbol>,<position>": <object> is the one whose code is
 * patched, <provider> the one that has the symbol; neither name can hold '/' or '.'.
 */
#define MKP_KLP_PREFIX ".mkp.klp."

struct mkp_klp_name {
	char *object, *provider, *symbol; /* owned */
	uint64_t position;
};

/** The intermediate name; malloc'ed. */
struct mkp_error *mkp_klp_name_format(const char *object, const char *provider,
				      const char *symbol, uint64_t position,
				      char **ret_name) MKP_MUST_CHECK;

/** Splits an intermediate name; MKP_ERROR_FORMAT if it is not one. */
struct mkp_error *mkp_klp_name_parse(const char *name,
				     struct mkp_klp_name *ret_name) MKP_MUST_CHECK;
void mkp_klp_name_deinit(struct mkp_klp_name *name);

/* The key in .modinfo by which finalize knows a module of ours; its value is a version.
 */
#define MKP_MODINFO_KEY "mkpatch="

/** What finalize found and did. */
struct mkp_finalize_result {
	uint64_t nr_relocations; /* moved */
	uint64_t nr_symbols;	 /* renamed */
	bool already;		 /* had been finalized before: left as it was */
};

/**
 * Finalizes the module at @path in place (written beside it and renamed). A module
 * that is not ours and has no such symbols needs nothing: that is success with zero
 * counts. Refuses what is not a relocatable module (no .modinfo), and a
 * signed module (the signature would be destroyed): MKP_ERROR_FORMAT or _UNSUPPORTED.
 */
struct mkp_error *mkp_finalize(const char *path,
			       struct mkp_finalize_result *ret_result) MKP_MUST_CHECK;

#endif
