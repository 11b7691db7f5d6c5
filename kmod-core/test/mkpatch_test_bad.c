// SPDX-License-Identifier: GPL-2.0
/*
 * A good record, spoiled in the one way that the parameter "bad" names. What the
 * core returns goes to the log; what it is to return is in ./cases.
 */
#include <linux/kallsyms.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "record.h"

static char *bad = "nothing";
module_param(bad, charp, 0444);

static noinline int new_func(void)
{
	return 0;
}

static noinline int other_func(void)
{
	return 1;
}

static struct mkpatch_core_func vmlinux_funcs[] = {
	{ "cmdline_proc_show", new_func, 0, 47, 3, "fs/proc/cmdline.c:7" },
};

static struct mkpatch_core_func absent_funcs[] = {
	{ "absent_one", new_func, 2, 10, 3, "absent.c:1" },
	{ "absent_two", other_func, 0, 0, 0, NULL },
	{ "absent_one", other_func, 1, 10, 3, "absent.c:3" },
};

static struct mkpatch_core_object objects[] = {
	{ NULL, vmlinux_funcs, ARRAY_SIZE(vmlinux_funcs) },
	{ "mkpatch_test_absent", absent_funcs, ARRAY_SIZE(absent_funcs) },
};

static struct mkpatch_core_patch patch = {
	TEST_RECORD,
	.objects = objects,
	.nr_objects = ARRAY_SIZE(objects),
};

static struct mkpatch_core_patch twin = {
	TEST_RECORD,
	.objects = objects,
	.nr_objects = ARRAY_SIZE(objects),
};

/* Longer than anything that has a name, and never with a NUL before its end. */
static char long_text[2048];

/* Goes with the init function. */
static char init_text[] __initdata = "text";

static void *on_heap(const void *data, size_t size)
{
	return kmemdup(data, size, GFP_KERNEL);
}

/* The record itself. */

static int null_record(void)
{
	return mkpatch_core_register(NULL);
}

static int record_on_heap(void)
{
	struct mkpatch_core_patch *copy = on_heap(&patch, sizeof(patch));
	int err;

	if (!copy)
		return 0;
	err = mkpatch_core_register(copy);
	kfree(copy);
	return err;
}

static void abi_newer(void)
{
	patch.abi = MKPATCH_CORE_ABI + 1;
}

static void abi_zero(void)
{
	patch.abi = 0;
}

static void patch_size(void)
{
	patch.patch_size -= sizeof(long);
}

static void object_size(void)
{
	patch.object_size += sizeof(long);
}

static void func_size(void)
{
	patch.func_size = 0;
}

static void null_module(void)
{
	patch.mod = NULL;
}

static void unknown_flag(void)
{
	patch.flags = MKPATCH_CORE_REPLACE | 0x80;
}

static void private_set(void)
{
	patch.private = &patch;
}

/* A second record of the same module: registered after the first one. */
static int name_taken(void)
{
	int err = mkpatch_core_register(&patch);

	if (err)
		return 0;
	return mkpatch_core_register(&twin);
}

/* Its strings. */

static void name_null(void)
{
	patch.name = NULL;
}

static void name_empty(void)
{
	patch.name = "";
}

static void name_long(void)
{
	patch.name = long_text;
}

static void name_other(void)
{
	patch.name = "mkpatch_test_ba";
}

static void name_init(void)
{
	patch.name = init_text;
}

static void name_space(void)
{
	patch.name = "mkpatch test";
}

static void version_null(void)
{
	patch.version = NULL;
}

static void version_empty(void)
{
	patch.version = "";
}

static void version_newline(void)
{
	patch.version = "1\nenabled";
}

static void version_long(void)
{
	long_text[MKPATCH_CORE_VERSION_MAX + 1] = '\0';
	patch.version = long_text;
}

static void release_null(void)
{
	patch.release = NULL;
}

static void release_other(void)
{
	patch.release = UTS_RELEASE "x";
}

static void release_prefix(void)
{
	static char prefix[] = UTS_RELEASE;

	prefix[sizeof(prefix) - 2] = '\0';
	patch.release = prefix;
}

/* Its objects. */

static void objects_none(void)
{
	patch.nr_objects = 0;
}

static void objects_null(void)
{
	patch.objects = NULL;
}

static void objects_heap(void)
{
	patch.objects = on_heap(objects, sizeof(objects));
}

static void objects_endless(void)
{
	patch.nr_objects = UINT_MAX;
}

static void object_twice(void)
{
	objects[0] = objects[1];
}

static void vmlinux_twice(void)
{
	objects[1].name = NULL;
}

static void object_vmlinux(void)
{
	objects[1].name = "vmlinux";
}

static void object_self(void)
{
	objects[1].name = KBUILD_MODNAME;
}

static void object_empty_name(void)
{
	objects[1].name = "";
}

static void object_dash(void)
{
	objects[1].name = "mkpatch-test-absent";
}

static void object_space(void)
{
	objects[1].name = "mkpatch test absent";
}

static void object_long(void)
{
	long_text[MODULE_NAME_LEN] = '\0';
	objects[1].name = long_text;
}

static void object_init(void)
{
	objects[1].name = init_text;
}

/* Their functions. */

static void funcs_none(void)
{
	objects[1].nr_funcs = 0;
}

static void funcs_null(void)
{
	objects[1].funcs = NULL;
}

static void funcs_heap(void)
{
	objects[1].funcs = on_heap(absent_funcs, sizeof(absent_funcs));
}

static void funcs_endless(void)
{
	objects[1].nr_funcs = UINT_MAX;
}

static void func_null_name(void)
{
	absent_funcs[1].old_name = NULL;
}

static void func_empty_name(void)
{
	absent_funcs[1].old_name = "";
}

static void func_init_name(void)
{
	absent_funcs[1].old_name = init_text;
}

static void func_long(void)
{
	long_text[KSYM_NAME_LEN] = '\0';
	absent_funcs[1].old_name = long_text;
}

static void func_newline(void)
{
	absent_funcs[1].old_name = "absent\ntwo";
}

static void func_twice(void)
{
	absent_funcs[0].old_sympos = 1;
}

static void func_twice_sympos(void)
{
	absent_funcs[2].old_sympos = 0;
	absent_funcs[0].old_sympos = 1;
}

static void func_unknown(void)
{
	vmlinux_funcs[0].old_name = "mkpatch_no_such_function";
}

static void new_null(void)
{
	absent_funcs[1].new_func = NULL;
}

static void new_in_data(void)
{
	absent_funcs[1].new_func = long_text;
}

static void new_in_kernel(void)
{
	absent_funcs[1].new_func = kfree;
}

static void new_in_core(void)
{
	absent_funcs[1].new_func = mkpatch_core_register;
}

static void new_too_big(void)
{
	absent_funcs[1].new_size = 16 << 20;
}

static void source_newline(void)
{
	absent_funcs[0].source = "absent.c:1\nabsent two,1 0 0 -";
}

static void source_long(void)
{
	long_text[MKPATCH_CORE_SOURCE_MAX + 1] = '\0';
	absent_funcs[0].source = long_text;
}

static void source_heap(void)
{
	absent_funcs[0].source = on_heap("absent.c:1", 11);
}

/* Callbacks and states. */

static void callback_in_kernel(void)
{
	objects[1].callbacks.pre_patch = (int (*)(struct klp_object *))kfree;
}

static void callback_in_data(void)
{
	objects[1].callbacks.post_unpatch = (void (*)(struct klp_object *))long_text;
}

static struct mkpatch_core_state states[] = { { 7, 1 }, { 8, 1 } };

static void give_states(void)
{
	patch.states = states;
	patch.nr_states = ARRAY_SIZE(states);
}

static void states_null(void)
{
	give_states();
	patch.states = NULL;
}

static void states_heap(void)
{
	give_states();
	patch.states = on_heap(states, sizeof(states));
}

static void states_endless(void)
{
	give_states();
	patch.nr_states = UINT_MAX;
}

static void state_zero(void)
{
	give_states();
	states[1].id = 0;
}

static void state_twice(void)
{
	give_states();
	states[1].id = 7;
}

static void nothing(void)
{
}

/* @spoil the record and register it, or @run what has to be done otherwise. */
struct bad_case {
	const char *name;
	void (*spoil)(void);
	int (*run)(void);
};

#define SPOIL(name) { #name, name, NULL }
#define RUN(name) { #name, NULL, name }

static const struct bad_case cases[] = {
	RUN(null_record), RUN(record_on_heap), RUN(name_taken),
	SPOIL(abi_newer), SPOIL(abi_zero), SPOIL(patch_size), SPOIL(object_size),
	SPOIL(func_size), SPOIL(null_module), SPOIL(unknown_flag), SPOIL(private_set),
	SPOIL(name_null), SPOIL(name_empty), SPOIL(name_long), SPOIL(name_other),
	SPOIL(name_init), SPOIL(name_space),
	SPOIL(version_null), SPOIL(version_empty), SPOIL(version_newline),
	SPOIL(version_long),
	SPOIL(release_null), SPOIL(release_other), SPOIL(release_prefix),
	SPOIL(objects_none), SPOIL(objects_null), SPOIL(objects_heap),
	SPOIL(objects_endless),
	SPOIL(object_twice), SPOIL(vmlinux_twice), SPOIL(object_vmlinux),
	SPOIL(object_self), SPOIL(object_empty_name), SPOIL(object_dash),
	SPOIL(object_space), SPOIL(object_long), SPOIL(object_init),
	SPOIL(funcs_none), SPOIL(funcs_null), SPOIL(funcs_heap), SPOIL(funcs_endless),
	SPOIL(func_null_name), SPOIL(func_empty_name), SPOIL(func_init_name),
	SPOIL(func_long), SPOIL(func_newline), SPOIL(func_twice),
	SPOIL(func_twice_sympos), SPOIL(func_unknown),
	SPOIL(new_null), SPOIL(new_in_data), SPOIL(new_in_kernel), SPOIL(new_in_core),
	SPOIL(new_too_big),
	SPOIL(source_newline), SPOIL(source_long), SPOIL(source_heap),
	SPOIL(callback_in_kernel), SPOIL(callback_in_data), SPOIL(states_null),
	SPOIL(states_heap), SPOIL(states_endless), SPOIL(state_zero), SPOIL(state_twice),
	SPOIL(nothing),
};

static int run_case(const struct bad_case *this)
{
	if (this->run)
		return this->run();
	this->spoil();
	return mkpatch_core_register(&patch);
}

static int __init test_init(void)
{
	unsigned int i;
	int err;

	memset(long_text, 'n', sizeof(long_text) - 1);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		if (strcmp(cases[i].name, bad))
			continue;
		err = run_case(&cases[i]);
		pr_info("mkpatch_test: %s: returned %pe\n", bad, ERR_PTR(err));
		/* The first of two records is enabled, so this module has to stay. */
		return patch.private && patch.private != &patch ? 0 : err;
	}
	pr_info("mkpatch_test: %s: no such case\n", bad);
	return -EINVAL;
}

static void __exit test_exit(void)
{
	mkpatch_core_unregister(&patch);
}

module_init(test_init);
module_exit(test_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test of mkpatch_core: spoiled records");
MODULE_INFO(livepatch, "Y");
