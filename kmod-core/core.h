/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside mkpatch_core: what its files know of each other.
 *
 *   main.c	registration: the list of patches and its lock
 *   check.c	is this record one that may be enabled?
 *   live.c	from a record to the klp structures
 *   sysfs.c	/sys/kernel/mkpatch
 */
#ifndef MKPATCH_CORE_H
#define MKPATCH_CORE_H

#include <linux/completion.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/livepatch.h>
#include <linux/types.h>

#include <mkpatch/core_abi.h>

/**
 * struct mkpatch_core_live - a registered patch
 * @record:	what the patch module registered
 * @klp:	what livepatch knows of it
 * @funcs:	the klp_func arrays of all objects, one behind the other, each with
 *		its terminator
 * @states:	with its terminator; NULL if there are none
 * @listing:	text of the sysfs file "functions", rendered once: it never changes
 * @listing_len: bytes in @listing
 * @kobj:	the directory /sys/kernel/mkpatch/NAME
 * @released:	nobody holds a reference to @kobj any more
 * @node:	in the list of patches
 */
struct mkpatch_core_live {
	const struct mkpatch_core_patch *record;
	struct klp_patch klp;
	struct klp_func *funcs;
	struct klp_state *states;
	char *listing;
	size_t listing_len;
	struct kobject kobj;
	struct completion released;
	struct list_head node;
};

/**
 * struct mkpatch_place - what a refusal speaks of
 * @patch:	name of the patch module
 * @object:	name of the object, NULL if it is about the patch as a whole
 * @func:	the function, NULL if it is about the object as a whole
 */
struct mkpatch_place {
	const char *patch;
	const char *object;
	const struct mkpatch_core_func *func;
};

/* check.c */

/**
 * mkpatch_refuse() - print the one line that says why a patch is refused
 * @place:	what it is about
 * @err:	the error to return
 * @fmt:	the cause, without a newline
 *
 * Strings from a record may hold anything, so causes print them by "%*pE" and
 * mkpatch_shown(): short, and on one line.
 *
 * Return: @err
 */
__printf(3, 4)
int mkpatch_refuse(const struct mkpatch_place *place, int err, const char *fmt, ...);

/* How much of the string @s to print. */
int mkpatch_shown(const char *s);

/**
 * mkpatch_check() - may this record be registered?
 * @patch: anything
 *
 * Return: 0, or what mkpatch_core_register() is to return, after mkpatch_refuse().
 */
int mkpatch_check(const struct mkpatch_core_patch *patch);

/* How this object and this function are called in messages and in sysfs. */
const char *mkpatch_object_name(const struct mkpatch_core_object *object);
unsigned long mkpatch_func_sympos(const struct mkpatch_core_func *func);

/* live.c */

/**
 * mkpatch_live_create() - build the klp structures of a checked record
 * @patch: passed mkpatch_check(); must outlive the result
 *
 * Return: neither enabled nor in sysfs nor in the list; NULL without memory
 */
struct mkpatch_core_live *mkpatch_live_create(const struct mkpatch_core_patch *patch);

/**
 * mkpatch_live_destroy() - free it
 * @live: out of sysfs, out of the list, let go by livepatch; or NULL
 */
void mkpatch_live_destroy(struct mkpatch_core_live *live);

/**
 * mkpatch_live_state() - "enabled", "disabled" or "transition"
 * @live: in any state
 *
 * Reads flags that livepatch writes under its own, private mutex. They are
 * single bytes of memory that is the core's own, so what is read is never
 * torn or freed, but may be a moment old.
 *
 * Return: a constant string
 */
const char *mkpatch_live_state(const struct mkpatch_core_live *live);

/* sysfs.c */

int mkpatch_sysfs_init(void);
void mkpatch_sysfs_exit(void);

/**
 * mkpatch_sysfs_add() - make the directory of a patch
 * @live: complete, whatever of it is shown
 *
 * Return: 0, or -errno with nothing left behind
 */
int mkpatch_sysfs_add(struct mkpatch_core_live *live);

/**
 * mkpatch_sysfs_remove() - remove it
 * @live: added before
 *
 * When this returns, no reader is inside it and none will come: kobject_del()
 * waits for running reads, and a file that is still open answers ENODEV. So
 * reads need no lock against the end of @live.
 */
void mkpatch_sysfs_remove(struct mkpatch_core_live *live);

#endif /* MKPATCH_CORE_H */
