// SPDX-License-Identifier: GPL-2.0
/*
 * 1,000 functions of a module that never comes: livepatch does not look for them,
 * but they must all be listed. With "fail" set, the init function fails after it
 * has registered the patch.
 */
#include "record.h"

#define NR_FUNCS 1000

static char names[NR_FUNCS][32];
static char sources[NR_FUNCS][64];
static struct mkpatch_core_func funcs[NR_FUNCS];

static const struct mkpatch_core_object objects[] = {
	{ "mkpatch_test_absent", funcs, NR_FUNCS },
};

static struct mkpatch_core_patch patch = {
	TEST_RECORD,
	.objects = objects,
	.nr_objects = ARRAY_SIZE(objects),
};

static bool fail;
module_param(fail, bool, 0444);

static noinline int new_func(void)
{
	return 0;
}

static int __init test_init(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < NR_FUNCS; i++) {
		snprintf(names[i], sizeof(names[i]), "function_%u", i / 2);
		snprintf(sources[i], sizeof(sources[i]), "drivers/absent/file.c:%u", i);
		funcs[i].old_name = names[i];
		funcs[i].old_sympos = i % 2 + 1;
		funcs[i].new_func = new_func;
		funcs[i].old_size = i;
		funcs[i].new_size = 1;
		funcs[i].source = sources[i];
	}
	err = mkpatch_core_register(&patch);
	if (err || !fail)
		return err;
	mkpatch_core_unregister(&patch);
	return -EIO;
}

static void __exit test_exit(void)
{
	mkpatch_core_unregister(&patch);
}

module_init(test_init);
module_exit(test_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test of mkpatch_core: many functions");
MODULE_INFO(livepatch, "Y");
