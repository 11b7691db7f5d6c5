// SPDX-License-Identifier: GPL-2.0
/*
 * mkpatch_core: registers the patch modules that mkpatch makes.
 *
 * A patch module hands over a record of what it replaces (mkpatch/core_abi.h);
 * the core refuses what is malformed, enables the rest by the kernel's own
 * livepatch, and shows it below /sys/kernel/mkpatch.
 *
 * Locking: patches_lock guards the list of patches, and makes "is this name
 * free", the new directory and the new list element one step. It is not held
 * around klp_enable_patch(), so it never nests with livepatch's mutex; it is held
 * while a directory is removed, which waits for readers, and readers take no
 * lock. A patch module's init and exit never run at the same time, so its record
 * needs no lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "compat.h"
#include "core.h"

static LIST_HEAD(patches);
static DEFINE_MUTEX(patches_lock);

static bool name_taken(const char *name)
{
	const struct mkpatch_core_live *live;

	lockdep_assert_held(&patches_lock);
	list_for_each_entry(live, &patches, node) {
		if (!strcmp(live->record->name, name))
			return true;
	}
	return false;
}

/* Show the patch. Says why if it cannot. */
static int publish(struct mkpatch_core_live *live)
{
	const struct mkpatch_place place = { .patch = live->record->name };
	int err;

	mutex_lock(&patches_lock);
	if (name_taken(live->record->name)) {
		err = mkpatch_refuse(&place, -EBUSY, "a patch of this name is registered");
	} else {
		err = mkpatch_sysfs_add(live);
		if (err)
			mkpatch_refuse(&place, err, "no directory in sysfs: %pe",
				       ERR_PTR(err));
		else
			list_add_tail(&live->node, &patches);
	}
	mutex_unlock(&patches_lock);
	return err;
}

static void withdraw(struct mkpatch_core_live *live)
{
	mutex_lock(&patches_lock);
	list_del(&live->node);
	mkpatch_sysfs_remove(live);
	mutex_unlock(&patches_lock);
}

/*
 * If livepatch refuses, it has waited for its kobjects to be released and has
 * dropped its module reference before klp_enable_patch() returns, so everything
 * may be freed.
 */
static int activate(struct mkpatch_core_live *live)
{
	const struct mkpatch_place place = { .patch = live->record->name };
	int err = klp_enable_patch(&live->klp);

	if (err)
		mkpatch_refuse(&place, err, "livepatch does not enable it: %pe",
			       ERR_PTR(err));
	return err;
}

int mkpatch_core_register(struct mkpatch_core_patch *patch)
{
	struct mkpatch_core_live *live;
	int err;

	err = mkpatch_check(patch);
	if (err)
		return err;
	live = mkpatch_live_create(patch);
	if (!live) {
		const struct mkpatch_place place = { .patch = patch->name };

		return mkpatch_refuse(&place, -ENOMEM, "no memory");
	}
	err = publish(live);
	if (err)
		goto destroy;
	/* Last, because there is no way to take it back. */
	err = activate(live);
	if (err)
		goto withdraw;
	patch->private = live;
	return 0;

withdraw:
	withdraw(live);
destroy:
	mkpatch_live_destroy(live);
	return err;
}
EXPORT_SYMBOL_GPL(mkpatch_core_register);

/*
 * An exit function comes here when livepatch has dropped its reference to the
 * module. An init function that registered and then failed comes here before:
 * the kernel is about to free its code whatever the references, so all that
 * helps is to stay until somebody has disabled the patch.
 */
static void wait_for_livepatch(const struct mkpatch_core_patch *patch)
{
	if (!mkpatch_module_held(patch->mod))
		return;
	pr_err("patch %s unregistered while it is %s: waiting until it is disabled\n",
	       patch->name, mkpatch_live_state(patch->private));
	while (mkpatch_module_held(patch->mod))
		msleep(100);
}

void mkpatch_core_unregister(struct mkpatch_core_patch *patch)
{
	struct mkpatch_core_live *live = patch->private;

	if (!live)
		return;
	wait_for_livepatch(patch);
	patch->private = NULL;
	withdraw(live);
	mkpatch_live_destroy(live);
}
EXPORT_SYMBOL_GPL(mkpatch_core_unregister);

static int __init mkpatch_core_init(void)
{
	return mkpatch_sysfs_init();
}

static void __exit mkpatch_core_exit(void)
{
	mkpatch_sysfs_exit();
}

module_init(mkpatch_core_init);
module_exit(mkpatch_core_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Registers live patches made by mkpatch");
MODULE_VERSION(MKPATCH_CORE_VERSION);
