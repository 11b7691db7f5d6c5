// SPDX-License-Identifier: GPL-2.0
/*
 * A good record in a module that does not say that it is a live patch, and, with
 * "late" set, one that is not registered from the init function.
 */
#include "record.h"

static noinline int new_func(void)
{
	return 0;
}

static const struct mkpatch_core_func funcs[] = {
	{ .old_name = "cmdline_proc_show", .new_func = new_func },
};

static const struct mkpatch_core_object objects[] = {
	{ .funcs = funcs, .nr_funcs = ARRAY_SIZE(funcs) },
};

static struct mkpatch_core_patch patch = {
	TEST_RECORD,
	.objects = objects,
	.nr_objects = ARRAY_SIZE(objects),
};

static bool late;
module_param(late, bool, 0444);

static int register_now(const char *value, const struct kernel_param *kp)
{
	int err = mkpatch_core_register(&patch);

	pr_info("mkpatch_test: late: returned %pe\n", ERR_PTR(err));
	return err;
}

static const struct kernel_param_ops register_ops = {
	.set = register_now,
};

module_param_cb(now, &register_ops, NULL, 0200);

static int __init test_init(void)
{
	int err;

	if (late)
		return 0;
	err = mkpatch_core_register(&patch);
	pr_info("mkpatch_test: unmarked: returned %pe\n", ERR_PTR(err));
	return err;
}

static void __exit test_exit(void)
{
	mkpatch_core_unregister(&patch);
}

module_init(test_init);
module_exit(test_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test of mkpatch_core: a module that is no live patch");
