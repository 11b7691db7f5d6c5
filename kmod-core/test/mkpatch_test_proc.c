// SPDX-License-Identifier: GPL-2.0
/*
 * A hand-written patch of one function of vmlinux: the record is constant, as in
 * emitted modules.
 */
#include <linux/seq_file.h>

#include "record.h"

static int new_cmdline_show(struct seq_file *m, void *v)
{
	seq_puts(m, "patched cmdline\n");
	return 0;
}

static const struct mkpatch_core_func funcs[] = {
	{
		.old_name = "cmdline_proc_show",
		.new_func = new_cmdline_show,
		.old_size = 47,
		.new_size = 11,
		.source = "fs/proc/cmdline.c:7",
	},
};

static const struct mkpatch_core_object objects[] = {
	{ .funcs = funcs, .nr_funcs = ARRAY_SIZE(funcs) },
};

static struct mkpatch_core_patch patch = {
	TEST_RECORD,
	.objects = objects,
	.nr_objects = ARRAY_SIZE(objects),
};

static int __init test_init(void)
{
	return mkpatch_core_register(&patch);
}

static void __exit test_exit(void)
{
	mkpatch_core_unregister(&patch);
}

module_init(test_init);
module_exit(test_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test of mkpatch_core: patch of a /proc function");
MODULE_INFO(livepatch, "Y");
