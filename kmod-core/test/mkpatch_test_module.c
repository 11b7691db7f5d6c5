// SPDX-License-Identifier: GPL-2.0
/*
 * A patch of two objects, vmlinux and a module that may come later. A read of
 * /proc/mkpatch_test/wait stays inside the replacement until "go" is set, so
 * transitions in both directions can be held.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/seq_file.h>

#include "record.h"

static bool go;
module_param(go, bool, 0644);

static bool replace;
module_param(replace, bool, 0444);

static int new_version_show(struct seq_file *m, void *v)
{
	seq_puts(m, "patched version\n");
	return 0;
}

static int new_value(struct seq_file *m, void *v)
{
	seq_puts(m, "patched\n");
	return 0;
}

static ssize_t new_wait(struct file *file, char __user *buf, size_t size, loff_t *offset)
{
	while (!READ_ONCE(go)) {
		if (msleep_interruptible(20))
			return -EINTR;
	}
	return 0;
}

static const struct mkpatch_core_func vmlinux_funcs[] = {
	{ "version_proc_show", new_version_show, 1, 60, 20, "fs/proc/version.c:9" },
};

static const struct mkpatch_core_func target_funcs[] = {
	{ "target_value", new_value, 0, 0, 0, NULL },
	{ "target_wait", new_wait, 1, 70, 60, "with a space/target.c:30" },
};

static const struct mkpatch_core_object objects[] = {
	{ NULL, vmlinux_funcs, ARRAY_SIZE(vmlinux_funcs) },
	{ "mkpatch_test_target", target_funcs, ARRAY_SIZE(target_funcs) },
};

static struct mkpatch_core_patch patch = {
	TEST_RECORD,
	.objects = objects,
	.nr_objects = ARRAY_SIZE(objects),
};

static int __init test_init(void)
{
	patch.flags = replace ? MKPATCH_CORE_REPLACE : 0;
	return mkpatch_core_register(&patch);
}

static void __exit test_exit(void)
{
	mkpatch_core_unregister(&patch);
}

module_init(test_init);
module_exit(test_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test of mkpatch_core: patch of vmlinux and a module");
MODULE_INFO(livepatch, "Y");
