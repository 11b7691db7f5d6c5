/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a patch module hands to mkpatch_core.ko.
 *
 * The emitted module source includes this header to describe itself; the core
 * includes it to read that description; the emitter, a user space program,
 * includes it for the constants. So there is nothing but plain C above the
 * __KERNEL__ line.
 *
 * Who owns what
 * -------------
 * The patch module owns the records and every string they point at. All of it
 * must be static data of the module that stays until the module is gone: not
 * on the stack, not on the heap, not __initdata. The core reads the records
 * and copies nothing but numbers; @private is the only member that it writes.
 *
 * The core owns the klp_patch, klp_object and klp_func structures that it
 * builds from the records, and the directory /sys/kernel/mkpatch/NAME.
 *
 * How long it lives
 * -----------------
 * mkpatch_core_register() is called from the patch module's init function, as
 * its last step that can fail: once it has returned 0 the kernel runs the new
 * code, and an init function that fails after that takes this code away from
 * under it. (If it calls mkpatch_core_unregister() first, that does not return
 * until somebody has disabled the patch.)
 *
 * mkpatch_core_unregister() is called from the patch module's exit function,
 * and may free the klp structures at once. klp_enable_patch() takes a
 * reference to the patch module; klp_free_patch_finish() drops it, and that
 * only after the patch was disabled, its transition has ended, and the
 * kobjects inside the klp structures were released (kernel/livepatch/core.c,
 * since commit 958ef1e39d24 "livepatch: Simplify API by removing registration
 * step", v5.1). While the reference is held, delete_module(2) answers
 * EWOULDBLOCK and the exit function does not run. A patch whose transition was
 * forced never gives its reference back, so it never gets here at all.
 *
 * The patch module calls symbols of the core, so the core cannot be unloaded
 * before it.
 */
#ifndef MKPATCH_CORE_ABI_H
#define MKPATCH_CORE_ABI_H

/*
 * Number of this layout. It changes whenever a record changes in any way; a
 * core takes exactly the one number that it was built with.
 */
#define MKPATCH_CORE_ABI	2

/* Bits of mkpatch_core_patch.flags; any other bit is refused. */

/* Atomic replace: loading this patch retires all patches loaded before it. */
#define MKPATCH_CORE_REPLACE	0x1u

/* Longest version string and longest source string, without the final NUL. */
#define MKPATCH_CORE_VERSION_MAX	127
#define MKPATCH_CORE_SOURCE_MAX		1023

struct klp_object;
struct module;

/**
 * struct mkpatch_core_func - one replaced function
 * @old_name:	kallsyms name of the function to replace
 * @new_func:	the replacement, in the text of the patch module
 * @old_sympos:	which function called @old_name inside the object is meant,
 *		counted from 1 in kallsyms order; 0 says that there is but one,
 *		and livepatch refuses the patch if there are more. 0 and 1 name
 *		the same function.
 * @old_size:	bytes of the original function, 0 if not known
 * @new_size:	bytes of the replacement, 0 if not known
 * @source:	"file:line" of the replacement, NULL if not known
 */
struct mkpatch_core_func {
	const char *old_name;
	void *new_func;
	unsigned long old_sympos;
	unsigned long old_size;
	unsigned long new_size;
	const char *source;
};

/**
 * struct mkpatch_core_callbacks - what the kernel calls, struct klp_callbacks
 * @pre_patch:	before the object is patched; other than 0 refuses the patch
 * @post_patch:	after it was patched, for every task
 * @pre_unpatch: before it is unpatched
 * @post_unpatch: after it was unpatched
 *
 * Each is NULL or a function in the text of the patch module.
 */
struct mkpatch_core_callbacks {
	int (*pre_patch)(struct klp_object *obj);
	void (*post_patch)(struct klp_object *obj);
	void (*pre_unpatch)(struct klp_object *obj);
	void (*post_unpatch)(struct klp_object *obj);
};

/**
 * struct mkpatch_core_state - a state of the system that the patch changes
 * @id:		what the patches that know it call it; not 0
 * @version:	of the change; an older version does not replace a newer one
 *
 * struct klp_state has it since v5.5; a core on an older kernel refuses it.
 */
struct mkpatch_core_state {
	unsigned long id;
	unsigned int version;
};

/**
 * struct mkpatch_core_object - the replaced functions of vmlinux or one module
 * @name:	module name as in /proc/modules ('_', never '-'); NULL for vmlinux.
 *		The module need not be loaded: it is patched when it comes.
 * @funcs:	@nr_funcs records, none of them for the same function
 * @nr_funcs:	at least 1, or 0 if there is a callback
 * @callbacks:	of this object
 */
struct mkpatch_core_object {
	const char *name;
	const struct mkpatch_core_func *funcs;
	unsigned int nr_funcs;
	struct mkpatch_core_callbacks callbacks;
};

/**
 * struct mkpatch_core_patch - one patch module
 * @abi:	MKPATCH_CORE_ABI
 * @patch_size:	sizeof(struct mkpatch_core_patch)
 * @object_size: sizeof(struct mkpatch_core_object)
 * @func_size:	sizeof(struct mkpatch_core_func)
 * @flags:	MKPATCH_CORE_REPLACE or 0
 * @nr_objects:	at least 1
 * @name:	name of the patch; the name of its module, with '_' for '-'
 * @version:	version of the patch set, printable, for people and tools to read
 * @release:	`uname -r` of the one kernel that the patch was made for
 * @objects:	@nr_objects records, none of them for the same object
 * @states:	@nr_states records, none of them of the same id
 * @nr_states:	may be 0
 * @mod:	THIS_MODULE
 * @private:	NULL before registration; then the core's, hands off. No type of the
 *		core, because the symbol checksums of CONFIG_MODVERSIONS would then
 *		change with it.
 */
struct mkpatch_core_patch {
	unsigned int abi;
	unsigned int patch_size;
	unsigned int object_size;
	unsigned int func_size;
	unsigned int flags;
	unsigned int nr_objects;
	const char *name;
	const char *version;
	const char *release;
	const struct mkpatch_core_object *objects;
	const struct mkpatch_core_state *states;
	unsigned int nr_states;
	struct module *mod;
	void *private;
};

#ifdef __KERNEL__

/**
 * mkpatch_core_register() - check a patch, show it in sysfs and enable it
 * @patch: the record; see the top of this file for what it must be
 *
 * Prints one line that names patch, object, function and cause when it refuses
 * the patch (livepatch may have printed lines of its own before it), and leaves
 * nothing behind then. May sleep.
 *
 * Return: 0, the patch is being enabled: its transition has begun and ends by
 * itself. Else one of these, where a refusal by livepatch passes through:
 *
 * * -EINVAL - @patch or its module is NULL
 * * -EPROTONOSUPPORT - made for another ABI number
 * * -EPROTO - a record has another size than the core's
 * * -EOPNOTSUPP - a flag that this core does not know, or states on a kernel without
 * * -EBADFD - not called from the init function of the module
 * * -EMEDIUMTYPE - the module lacks MODULE_INFO(livepatch, "Y")
 * * -EBUSY - the record, or a patch of this name, is registered already
 * * -EFAULT - a pointer is NULL, or not into lasting data of the module
 * * -ENODATA - no objects, nothing to do in an object, or an empty string
 * * -ENAMETOOLONG - a string is longer than livepatch or the core can take
 * * -EILSEQ - a string has characters that do not belong there
 * * -EBADR - @name is not the name of the module
 * * -ENOEXEC - @release is not the running kernel
 * * -EISNAM - an object is called "vmlinux" instead of NULL
 * * -ELOOP - the patch module wants to patch itself
 * * -ENOTUNIQ - an object is listed twice
 * * -EEXIST - a function is listed twice in one object
 * * -ERANGE - a replacement or a callback is not inside the text of the module
 * * -EDOM - a state has the id 0, or that of another one
 * * -ENOMEM - no memory
 */
int mkpatch_core_register(struct mkpatch_core_patch *patch);

/**
 * mkpatch_core_unregister() - forget a patch that livepatch has let go
 * @patch: the record; without effect if its registration failed
 *
 * Waits for readers inside sysfs reads, and for livepatch if it has not let go.
 */
void mkpatch_core_unregister(struct mkpatch_core_patch *patch);

#endif /* __KERNEL__ */

#endif /* MKPATCH_CORE_ABI_H */
