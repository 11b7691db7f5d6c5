/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For authors of live patches: what a patched source file tells mkpatch besides its
 * code. mkpatch_livepatch(7) is the manual.
 *
 *	#include <mkpatch/livepatch.h>
 *
 * The macros stand at file scope, best at the end of the file, where they move no line.
 * They leave records in sections .discard.mkpatch.*, of which mkpatch reads those that the
 * patched object has and the original has not. The kernel's linker scripts drop such sections, from vmlinux
 * (include/asm-generic/vmlinux.lds.h, DISCARDS) and from modules (scripts/module.lds.S,
 * before v5.10 scripts/module-common.lds): a kernel that is built from the patched source
 * has functions that nobody calls, and is otherwise the same.
 *
 * Needs Linux 5.4 or later, gcc or clang.
 */
#ifndef MKPATCH_LIVEPATCH_H
#define MKPATCH_LIVEPATCH_H

#include <linux/livepatch.h>

struct klp_object;

/* What mkpatch reads: a record is a variable, its section says of which kind. */

/* Not __section(): it took a bare word before 33def8498fdd (v5.10). */
#define MKPATCH_RECORD_(kind)						\
	__attribute__((__used__, __section__(".discard.mkpatch." kind))) \
	MKPATCH_IN_ORDER_

/* gcc writes variables in any order; clang as they come, without the attribute. */
#if __has_attribute(__no_reorder__)
#define MKPATCH_IN_ORDER_ __attribute__((__no_reorder__))
#else
#define MKPATCH_IN_ORDER_
#endif

/* By line, not by __COUNTER__, whose next value would name something else. */
#define MKPATCH_GLUE__(prefix, line) prefix##line
#define MKPATCH_GLUE_(prefix, line) MKPATCH_GLUE__(prefix, line)

#define MKPATCH_TEXT_(kind, text)					\
	static const char MKPATCH_GLUE_(mkpatch_##kind##_, __LINE__)[]	\
		MKPATCH_RECORD_(#kind) = text

struct mkpatch_record {
	unsigned long id;
	unsigned long value;
};

/*
 * Callbacks of the object that this file is part of (vmlinux or a module), at most one of
 * each kind in all files of an object. FUNCTION is one that the patch adds:
 *
 *	int FUNCTION(struct klp_object *obj)	before the object is patched; other
 *						than 0 refuses the patch
 *	void FUNCTION(struct klp_object *obj)	the three others
 *
 * When they run is told in Documentation/livepatch/callbacks.rst of the kernel. A patch
 * that is replaced by another one does not run its own when it goes.
 */
#define MKPATCH_PRE_PATCH_CALLBACK(function)				\
	MKPATCH_CALLBACK_(pre_patch, int, function)
#define MKPATCH_POST_PATCH_CALLBACK(function)				\
	MKPATCH_CALLBACK_(post_patch, void, function)
#define MKPATCH_PRE_UNPATCH_CALLBACK(function)				\
	MKPATCH_CALLBACK_(pre_unpatch, void, function)
#define MKPATCH_POST_UNPATCH_CALLBACK(function)				\
	MKPATCH_CALLBACK_(post_unpatch, void, function)

#define MKPATCH_CALLBACK_(kind, type, function)				\
	static type (*const mkpatch_##kind##_##function)(struct klp_object *) \
		MKPATCH_RECORD_(#kind) = function

/*
 * States of the system that the patch changes, struct klp_state (v5.5 and later; see
 * Documentation/livepatch/system-state.rst). ID is not 0.
 */
#define MKPATCH_STATE(id, version)					\
	static const struct mkpatch_record				\
	MKPATCH_GLUE_(mkpatch_state_, __LINE__)				\
		MKPATCH_RECORD_("state") = { id, version }

/*
 * Lines of .modinfo in the patch module: KEY is a word, VALUE a string. The keys
 * description, author and version stand for the module's own; fix may occur repeatedly.
 */
#define MKPATCH_INFO(key, value) MKPATCH_TEXT_(info, #key "=" value)
#define MKPATCH_FIX(id)		 MKPATCH_INFO(fix, id)

/*
 * What mkpatch would decide otherwise; each needs its reason, a string. FUNCTION is its
 * name as the symbol table has it, also `f.constprop.0`; it is not referred to, since that
 * could change how it is compiled. SECTION is a string and may end in '*'.
 */
#define MKPATCH_IGNORE_FUNCTION(function, reason)			\
	MKPATCH_TEXT_(rule, "ignore-function " #function ": " reason)
#define MKPATCH_IGNORE_SECTION(section, reason)				\
	MKPATCH_TEXT_(rule, "ignore-section " section ": " reason)
#define MKPATCH_FORCE_FUNCTION(function, reason)			\
	MKPATCH_TEXT_(rule, "include-function " #function ": " reason)

#if IS_ENABLED(CONFIG_LIVEPATCH)

/*
 * A shadow variable: a TYPE of its own for any object of the kernel, found by the object's
 * address (Documentation/livepatch/shadow-vars.rst). ID tells it from all other shadow
 * variables of the system. MKPATCH_SHADOW(hits, int, 0x4711) defines
 *
 *	int *hits_get(const void *obj)		NULL: there is none
 *	int *hits_alloc(obj, gfp, ctor, data)	NULL: there is one already, or no memory
 *	int *hits_get_or_alloc(obj, gfp, ctor, data)
 *	void hits_free(obj, dtor)		when the object goes
 *	void hits_free_all(dtor)		when the patch goes, in post-unpatch
 *
 * CTOR and DTOR may be NULL; the memory is zeroed.
 */
#define MKPATCH_SHADOW(name, type, id)					\
	static __always_inline __maybe_unused type *			\
	name##_get(const void *obj)					\
	{								\
		return klp_shadow_get((void *)obj, id);			\
	}								\
	static __always_inline __maybe_unused type *			\
	name##_alloc(void *obj, gfp_t gfp, klp_shadow_ctor_t ctor,	\
		     void *data)					\
	{								\
		return klp_shadow_alloc(obj, id, sizeof(type), gfp,	\
					ctor, data);			\
	}								\
	static __always_inline __maybe_unused type *			\
	name##_get_or_alloc(void *obj, gfp_t gfp,			\
			    klp_shadow_ctor_t ctor, void *data)		\
	{								\
		return klp_shadow_get_or_alloc(obj, id, sizeof(type),	\
					       gfp, ctor, data);	\
	}								\
	static __always_inline __maybe_unused void			\
	name##_free(void *obj, klp_shadow_dtor_t dtor)			\
	{								\
		klp_shadow_free(obj, id, dtor);				\
	}								\
	static __always_inline __maybe_unused void			\
	name##_free_all(klp_shadow_dtor_t dtor)				\
	{								\
		klp_shadow_free_all(id, dtor);				\
	}								\
	static const struct mkpatch_record mkpatch_shadow_##name	\
		MKPATCH_RECORD_("shadow") = { id, sizeof(type) }

/*
 * The patch that a callback runs for, of which klp_get_state() and klp_get_prev_state()
 * ask. The object's directory in sysfs is below the patch's (klp_init_object(),
 * kernel/livepatch/core.c, since v5.1).
 */
static __always_inline __maybe_unused struct klp_patch *
mkpatch_patch_of(struct klp_object *obj)
{
	return container_of(obj->kobj.parent, struct klp_patch, kobj);
}

#endif /* CONFIG_LIVEPATCH */

#endif /* MKPATCH_LIVEPATCH_H */
