/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the kernel's interfaces differ between the kernels that this module
 * supports. Nothing here looks at version numbers, which tell little about
 * distribution kernels: Kbuild looks into the kernel's headers and defines
 * MKPATCH_HAVE_... for what it finds there.
 */
#ifndef MKPATCH_CORE_COMPAT_H
#define MKPATCH_CORE_COMPAT_H

#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sysfs.h>

#if !IS_ENABLED(CONFIG_LIVEPATCH)
#error "mkpatch_core: this kernel is configured without CONFIG_LIVEPATCH"
#endif

/*
 * Before commit 958ef1e39d24 ("livepatch: Simplify API by removing
 * registration step"), v5.1, a patch was registered and enabled in two steps,
 * and the module reference was taken and dropped at other moments than those
 * that core_abi.h builds upon.
 */
#ifdef MKPATCH_HAVE_KLP_REGISTER_PATCH
#error "mkpatch_core: needs Linux 5.1 or later (livepatch without a registration step)"
#endif

/* States of the system: commit 3c33def2bb14 ("livepatch: Basic API to track system state
 * changes"), v5.5. The core refuses a record that has some where there are none.
 */
#ifdef MKPATCH_HAVE_KLP_STATE
#define MKPATCH_HAS_STATES true

static inline void mkpatch_set_states(struct klp_patch *patch, struct klp_state *states)
{
	patch->states = states;
}
#else
#define MKPATCH_HAS_STATES false

struct klp_state {
	unsigned long id;
	unsigned int version;
};

static inline void mkpatch_set_states(struct klp_patch *patch, struct klp_state *states)
{
}
#endif

/*
 * Memory of a module by type: commit ac3b43283923 ("module: replace module_layout
 * with module_memory"), v6.4.
 */
#ifdef MKPATCH_HAVE_MOD_TEXT
static inline const void *mkpatch_text_start(const struct module *mod)
{
	return mod->mem[MOD_TEXT].base;
}

static inline size_t mkpatch_text_size(const struct module *mod)
{
	return mod->mem[MOD_TEXT].size;
}
#else
static inline const void *mkpatch_text_start(const struct module *mod)
{
	return mod->core_layout.base;
}

static inline size_t mkpatch_text_size(const struct module *mod)
{
	return mod->core_layout.text_size;
}
#endif

/*
 * Does anybody but the module loader hold a reference to this module? The loader
 * has one of its own while the init function runs. Without CONFIG_MODULE_UNLOAD
 * there are no references, and no exit functions.
 */
static inline bool mkpatch_module_held(struct module *mod)
{
#ifdef CONFIG_MODULE_UNLOAD
	return module_refcount(mod) > (mod->state == MODULE_STATE_COMING);
#else
	return false;
#endif
}

/*
 * Commit 2efc459d06f1 ("sysfs: Add sysfs_emit and sysfs_emit_at to format
 * sysfs output"), v5.10.
 */
#ifndef MKPATCH_HAVE_SYSFS_EMIT
static inline __printf(2, 3) int sysfs_emit(char *buf, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vscnprintf(buf, PAGE_SIZE, fmt, args);
	va_end(args);
	return len;
}
#endif

/* bin_attribute.read() got a const attribute in v6.16. */
#ifdef MKPATCH_HAVE_CONST_BIN_READ
#define MKPATCH_BIN_READ_CONST const
#else
#define MKPATCH_BIN_READ_CONST
#endif

#endif /* MKPATCH_CORE_COMPAT_H */
