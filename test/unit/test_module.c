// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "emit/c_text.h"
#include "emit/module.h"

typedef struct mkp_error *write_fn(const struct mkp_module *module, FILE *stream);

static const struct mkp_module_function in_vmlinux[] = {
	{
		.old_name = "cmdline_proc_show",
		.new_symbol = "mkp_new_cmdline_proc_show",
		.position = 2,
		.old_size = 32,
		.new_size = 48,
		.source = "fs/proc/cmdline.c:8",
		.reason = "calls seq_puts twice",
	},
	{
		.old_name = "foo.constprop.0",
		.new_symbol = "mkp_new_foo_constprop_0",
		.old_size = 5,
		.new_size = 6,
	},
};

static const struct mkp_module_function in_xfs[] = {
	{ .old_name = "bar", .new_symbol = "mkp_new_bar" },
};

static const struct mkp_module_object objects[] = {
	{ .functions = in_vmlinux, .nr_functions = 2 },
	{ .name = "nf-tables", .functions = in_xfs, .nr_functions = 1 },
};

static const char *const inputs[] = { "orig.o", "patched.o", "a.o", "b.o" };
static const char *const namespaces[] = { "DMA_BUF" };

static struct mkp_module sample(bool standalone)
{
	return (struct mkp_module){
		.name = "livepatch_a",
		.version = "7",
		.description = "say \"it\" twice",
		.release = "6.1.0-56-amd64",
		.inputs = inputs,
		.nr_inputs = 1,
		.standalone = standalone,
		.objects = objects,
		.nr_objects = 2,
		.namespaces = namespaces,
		.nr_namespaces = 1,
	};
}

static const struct mkp_module_object called[] = {
	{ .functions = in_vmlinux, .nr_functions = 2 },
	{
		.name = "nf-tables",
		.callbacks = {
			[MKP_AUTHOR_PRE_PATCH] = "new_on_load",
			[MKP_AUTHOR_POST_UNPATCH] = "new_unloaded",
		},
	},
};

static const struct mkp_module_number states[] = { { "s", 0xfedcba9876543210, 3 } };
static const struct mkp_module_number shadows[] = { { "a*/b", 0x11, 8 } };
static const struct mkp_module_info infos[] = { { "fix", "CVE \"1\"" } };

/* With all that an author can add; one object is there for its callbacks only. */
static struct mkp_module authored(bool standalone)
{
	struct mkp_module module = sample(standalone);

	module.objects = called;
	module.states = states;
	module.nr_states = 1;
	module.shadows = shadows;
	module.nr_shadows = 1;
	module.infos = infos;
	module.nr_infos = 1;
	return module;
}

static char *render(write_fn *write, const struct mkp_module *module)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	assert_null(write(module, stream));
	assert_int_equal(fclose(stream), 0);
	return text;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static void assert_has_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("a \"%s\" in:\n%s", part, text);
}

static void assert_refused(write_fn *write, const struct mkp_module *module)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	struct mkp_error *error;

	assert_non_null(stream);
	error = write(module, stream);
	fclose(stream);
	assert_non_null(error);
	assert_int_equal(error->code, MKP_ERROR_USAGE);
	assert_string_equal(text, "");
	mkp_error_destroy(error);
	free(text);
}

static void assert_all_refuse(const struct mkp_module *module)
{
	assert_refused(mkp_module_write_source, module);
	assert_refused(mkp_module_write_makefile, module);
	assert_refused(mkp_module_write_kbuild, module);
}

static void authors_are_heard(void **state)
{
	(void)state;
	for (int standalone = 0; standalone < 2; standalone++) {
		struct mkp_module module = authored(standalone);
		char *text = render(mkp_module_write_source, &module);

		assert_has(text, "extern int new_on_load(struct klp_object *obj);\n");
		assert_has(text, "extern void new_unloaded(struct klp_object *obj);\n");
		assert_has(text, "\t\t.callbacks = {\n\t\t\t.pre_patch = new_on_load,\n"
				 "\t\t\t.post_unpatch = new_unloaded,\n\t\t},\n");
		assert_has_not(text, ".post_patch");
		assert_has(text, "{ .id = 0xfedcba9876543210UL, .version = 3U },\n");
		assert_has(text, "\t.states = mkp_states,\n");
		assert_has(text, "MODULE_INFO(fix, \"CVE \\\"1\\\"\");\n");
		assert_has(text, ", id 0x11, 8 bytes\n");
		assert_has_not(text, "a*/b");
		free(text);
		module = sample(standalone);
		text = render(mkp_module_write_source, &module);
		assert_has_not(text, "callbacks");
		assert_has_not(text, "states");
		assert_has_not(text, "Shadow");
		free(text);
	}
}

static void each_object_has_its_payload(void **state)
{
	struct mkp_module module = sample(/* standalone= */ true);
	char *text, *name = NULL;

	(void)state;
	assert_null(mkp_module_payload_name(&module, 0, &name));
	assert_string_equal(name, "payload.o_shipped");
	free(name);
	module.nr_inputs = 2;
	assert_null(mkp_module_payload_name(&module, 1, &name));
	assert_string_equal(name, "payload-2.o_shipped");
	free(name);
	text = render(mkp_module_write_kbuild, &module);
	assert_has(text, "livepatch_a-y := livepatch_a-main.o livepatch_a-payload-1.o "
			 "livepatch_a-payload-2.o\n");
	assert_has(text,
		   "$(obj)/livepatch_a-payload-1.o: $(src)/payload-1.o_shipped FORCE\n");
	assert_has(text,
		   "$(obj)/livepatch_a-payload-2.o: $(src)/payload-2.o_shipped FORCE\n");
	assert_has_not(text, "payload.o");
	free(text);
	text = render(mkp_module_write_source, &module);
	assert_has(text, " * Compared: orig.o and patched.o.\n"
			 " * Compared: a.o and b.o.\n");
	free(text);
}

static void authors_can_not_inject(void **state)
{
	const struct mkp_module_info info = { "fix,\"\");evil(", "x" };
	const struct mkp_module_object object = {
		.callbacks = { [MKP_AUTHOR_POST_PATCH] = "f; evil" },
	};
	const struct mkp_module_object empty = { .name = NULL };
	struct mkp_module module = sample(true);

	(void)state;
	module.infos = &info;
	module.nr_infos = 1;
	assert_all_refuse(&module);
	module = sample(true);
	module.objects = &object;
	module.nr_objects = 1;
	assert_all_refuse(&module);
	module.objects = &empty;
	assert_all_refuse(&module);
}

static void names_become_module_names(void **state)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{ "cmdline", "cmdline" },
		{ "fix-CVE 1.o", "fix_CVE_1_o" },
		{ "8021q", "_8021q" },
		{ "\xc3\xa4", "__" },
		{ "$(shell id)/..", "__shell_id____" },
		{ "0123456789012345678901234567890123456789012345678901234567890",
		  "_012345678901234567890123456789012345678901234567890123" },
		{ "a123456789012345678901234567890123456789012345678901234",
		  "a123456789012345678901234567890123456789012345678901234" },
	};
	struct mkp_error *error;
	char *name = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < MKP_ARRAY_SIZE(cases); i++) {
		assert_null(mkp_module_name(cases[i].from, &name));
		assert_string_equal(name, cases[i].to);
		assert_true(strlen(name) <= MKP_MODULE_NAME_MAX);
		free(name);
	}
	name = NULL;
	error = mkp_module_name("", &name);
	assert_non_null(error);
	assert_null(name);
	mkp_error_destroy(error);
}

static void top_comment_lists_what_is_replaced(void **state)
{
	const struct mkp_module module = sample(/* standalone= */ true);
	char *text = render(mkp_module_write_source, &module);

	(void)state;
	assert_int_equal(strncmp(text, "// SPDX-License-Identifier: GPL-2.0\n", 36), 0);
	assert_has(text, " * livepatch_a: a live patch for Linux 6.1.0-56-amd64\n");
	assert_has(text, " * Compared: orig.o and patched.o.\n");
	assert_has(text, " * Replaced in vmlinux:\n"
			 " *   cmdline_proc_show (fs/proc/cmdline.c:8), 32 -> 48 bytes, "
			 "number 2 of this name\n"
			 " *       calls seq_puts twice\n"
			 " *   foo.constprop.0, 5 -> 6 bytes\n");
	assert_has(text, " * Replaced in nf_tables:\n *   bar, 0 -> 0 bytes\n */\n");
	free(text);
}

static void standalone_uses_livepatch_alone(void **state)
{
	const struct mkp_module module = sample(/* standalone= */ true);
	char *text = render(mkp_module_write_source, &module);

	(void)state;
	assert_has(text, "extern void mkp_new_foo_constprop_0(void);\n");
	assert_has(text, "static struct klp_func mkp_funcs_vmlinux[] = {\n"
			 "\t{\n"
			 "\t\t.old_name = \"cmdline_proc_show\",\n"
			 "\t\t.new_func = mkp_new_cmdline_proc_show,\n"
			 "\t\t.old_sympos = 2,\n"
			 "\t},\n"
			 "\t{\n"
			 "\t\t.old_name = \"foo.constprop.0\",\n"
			 "\t\t.new_func = mkp_new_foo_constprop_0,\n"
			 "\t},\n"
			 "\t{ }\n"
			 "};\n");
	assert_has(text,
		   "\t\t.name = NULL, /* vmlinux */\n\t\t.funcs = mkp_funcs_vmlinux,");
	assert_has(text, "\t\t.name = \"nf_tables\",\n\t\t.funcs = mkp_funcs_nf_tables,");
	assert_has(text, "klp_enable_patch(&mkp_patch)");
	assert_has(text, "MODULE_LICENSE(\"GPL\");\n"
			 "MODULE_DESCRIPTION(\"say \\\"it\\\" twice\");\n"
			 "MODULE_VERSION(\"7\");\n"
			 "MODULE_INFO(mkpatch, \"" MKP_VERSION "\");\n"
			 "MODULE_INFO(import_ns, \"DMA_BUF\");\n");
	/* An unfinalized module must not pass for a live patch. */
	assert_has_not(text, "MODULE_INFO(livepatch");
	assert_has_not(text, "mkpatch_core");
	assert_has_not(text, "replace = true");
	free(text);
}

static void core_flavour_fills_the_records(void **state)
{
	struct mkp_module module = sample(/* standalone= */ false);
	char *text;

	(void)state;
	module.replace = true;
	text = render(mkp_module_write_source, &module);
	assert_has(text, "#include \"core_abi.h\"\n");
	assert_has(text, "\t\t.old_sympos = 2,\n"
			 "\t\t.old_size = 32,\n"
			 "\t\t.new_size = 48,\n"
			 "\t\t.source = \"fs/proc/cmdline.c:8\",\n");
	assert_has(text, "\t\t.nr_funcs = ARRAY_SIZE(mkp_funcs_nf_tables),\n");
	assert_has(text, "\t.flags = MKPATCH_CORE_REPLACE,\n");
	assert_has(text, "\t.name = \"livepatch_a\",\n"
			 "\t.version = \"7\",\n"
			 "\t.release = \"6.1.0-56-amd64\",\n");
	assert_has(text, "return mkpatch_core_register(&mkp_patch);");
	assert_has(text, "mkpatch_core_unregister(&mkp_patch);");
	assert_has_not(text, "klp_");
	free(text);
}

static void unknown_release_is_that_of_the_headers(void **state)
{
	struct mkp_module module = sample(/* standalone= */ false);
	char *text;

	(void)state;
	module.release = NULL;
	module.version = NULL;
	text = render(mkp_module_write_source, &module);
	assert_has(text, "\t.version = \"0\",\n\t.release = UTS_RELEASE,\n");
	assert_has(text, " * livepatch_a: a live patch\n");
	assert_has_not(text, "MODULE_VERSION");
	free(text);
	text = render(mkp_module_write_makefile, &module);
	assert_has(text, "RELEASE := $(shell uname -r)\n");
	assert_has_not(text, "made for Linux");
	free(text);
}

/* What follows the end of the comment that begins at the top. */
static const char *after_comment(const char *text)
{
	return strstr(text, "*/") + 2;
}

static void hostile_strings_stay_inside(void **state)
{
	const struct mkp_module_function function = {
		.old_name = "a\"b\\c\n\xff"
			    "1",
		.new_symbol = "mkp_new_a",
		.source = "*/ int evil; /*",
		.reason = "x\n*/\r#error",
	};
	const struct mkp_module_object object = { .functions = &function,
						  .nr_functions = 1 };
	static const char *const evil[] = { "**//", "patched.o" };
	struct mkp_module module = sample(/* standalone= */ false);
	char *text;

	(void)state;
	module.objects = &object;
	module.nr_objects = 1;
	module.inputs = evil;
	text = render(mkp_module_write_source, &module);
	assert_has(text, " * Compared: ** // and patched.o.\n");
	assert_has(text, " *   a\"b\\c\\n\\xff1 (* / int evil; / *), 0 -> 0 bytes\n"
			 " *       x\\n* /\\x0d#error\n"
			 " */\n");
	assert_int_equal(strncmp(after_comment(text), "\n\n#include", 10), 0);
	assert_has(text, ".old_name = \"a\\\"b\\\\c\\012\\3771\",\n");
	free(text);
}

static void impossible_names_are_refused(void **state)
{
	const struct mkp_module good = sample(/* standalone= */ true);
	struct mkp_module_function function = in_xfs[0];
	struct mkp_module_object object = { .functions = &function, .nr_functions = 1 };
	const char *namespace = "A\"B";
	struct mkp_module module = good;

	(void)state;
	module.name = "a-b";
	assert_all_refuse(&module);
	module.name = "a23456789012345678901234567890123456789012345678901234567";
	assert_all_refuse(&module);
	module = good;
	module.release = "6.1\n$(shell id)";
	assert_all_refuse(&module);
	module = good;
	module.nr_objects = 0;
	assert_all_refuse(&module);
	module = good;
	module.namespaces = &namespace;
	assert_all_refuse(&module);
	module = good;
	module.objects = &object;
	module.nr_objects = 1;
	function.new_symbol = "foo.constprop.0";
	assert_all_refuse(&module);
	function = in_xfs[0];
	object.name = "../x";
	assert_all_refuse(&module);
	object.name = "";
	assert_all_refuse(&module);
	object.name = NULL;
	object.nr_functions = 0;
	assert_all_refuse(&module);
}

static void makefile_says_where_things_are(void **state)
{
	const struct mkp_module core = sample(/* standalone= */ false);
	const struct mkp_module standalone = sample(/* standalone= */ true);
	char *text = render(mkp_module_write_makefile, &core);

	(void)state;
	assert_has(text, "NAME := livepatch_a\nRELEASE := 6.1.0-56-amd64\n"
			 "KDIR ?= /lib/modules/$(RELEASE)/build\n"
			 "MKPATCH ?= mkpatch\n"
			 "MKPATCH_CORE ?= /usr/src/mkpatch-core\n");
	assert_has(text, "all: check-kernel check-core\n");
	assert_has(text,
		   "\t@$(MKPATCH) finalize $(NAME).ko || { rm -f $(NAME).ko; exit 1; }");
	assert_has(text, "mkpatch --standalone");
	free(text);
	text = render(mkp_module_write_makefile, &standalone);
	assert_has(text, "all: check-kernel\n");
	assert_has_not(text, "CORE");
	free(text);
}

static void kbuild_has_two_objects(void **state)
{
	const struct mkp_module module = sample(/* standalone= */ false);
	char *text = render(mkp_module_write_kbuild, &module);

	(void)state;
	assert_has(text, "obj-m := livepatch_a.o\n"
			 "livepatch_a-y := livepatch_a-main.o livepatch_a-payload.o\n");
	assert_has(text,
		   "$(obj)/livepatch_a-main.o: $(obj)/%.o: $(src)/livepatch_a.c FORCE\n");
	assert_has(text,
		   "$(obj)/livepatch_a-payload.o: $(src)/payload.o_shipped FORCE\n");
	free(text);
}

static struct mkp_error *write_abi(const struct mkp_module *module, FILE *stream)
{
	(void)module;
	return mkp_module_write_abi(stream);
}

static void abi_is_complete(void **state)
{
	char *text = render(write_abi, NULL);
	const char *last = "#endif /* MKPATCH_CORE_ABI_H */\n";

	(void)state;
	assert_int_equal(strncmp(text, "/* SPDX-License-Identifier: GPL-2.0 */\n", 39),
			 0);
	assert_has(text, "int mkpatch_core_register(struct mkpatch_core_patch *patch);");
	assert_string_equal(text + strlen(text) - strlen(last), last);
	free(text);
}

static void two_runs_write_the_same(void **state)
{
	static write_fn *const writers[] = { mkp_module_write_source,
					     mkp_module_write_makefile,
					     mkp_module_write_kbuild };
	const struct mkp_module module = sample(/* standalone= */ false);
	size_t i;

	(void)state;
	for (i = 0; i < MKP_ARRAY_SIZE(writers); i++) {
		char *one = render(writers[i], &module);
		char *two = render(writers[i], &module);

		assert_string_equal(one, two);
		assert_null(strstr(one, " \n"));
		free(one);
		free(two);
	}
}

static void full_disk_is_an_error(void **state)
{
	const struct mkp_module module = sample(/* standalone= */ false);
	static write_fn *const writers[] = { mkp_module_write_source,
					     mkp_module_write_makefile,
					     mkp_module_write_kbuild, write_abi };
	size_t i;

	(void)state;
	for (i = 0; i < MKP_ARRAY_SIZE(writers); i++) {
		FILE *full = fopen("/dev/full", "w");
		struct mkp_error *error;

		if (!full)
			skip();
		error = writers[i](&module, full);
		assert_non_null(error);
		assert_int_equal(error->code, MKP_ERROR_IO);
		mkp_error_destroy(error);
		fclose(full);
	}
}

static void literals_are_quoted(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	(void)state;
	assert_non_null(stream);
	mkp_c_write_literal(stream, NULL);
	mkp_c_write_literal(stream, "");
	mkp_c_write_literal(stream, "\x7f\x80");
	fclose(stream);
	assert_string_equal(text, "NULL\"\"\"\\177\\200\"");
	free(text);
	assert_true(mkp_c_is_identifier("_a1"));
	assert_false(mkp_c_is_identifier("1a"));
	assert_false(mkp_c_is_identifier(""));
	assert_false(mkp_c_is_identifier("a\xc3\xa4"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(authors_are_heard),
		cmocka_unit_test(authors_can_not_inject),
		cmocka_unit_test(each_object_has_its_payload),
		cmocka_unit_test(names_become_module_names),
		cmocka_unit_test(top_comment_lists_what_is_replaced),
		cmocka_unit_test(standalone_uses_livepatch_alone),
		cmocka_unit_test(core_flavour_fills_the_records),
		cmocka_unit_test(unknown_release_is_that_of_the_headers),
		cmocka_unit_test(hostile_strings_stay_inside),
		cmocka_unit_test(impossible_names_are_refused),
		cmocka_unit_test(makefile_says_where_things_are),
		cmocka_unit_test(kbuild_has_two_objects),
		cmocka_unit_test(abi_is_complete),
		cmocka_unit_test(two_runs_write_the_same),
		cmocka_unit_test(full_disk_is_an_error),
		cmocka_unit_test(literals_are_quoted),
	};

	return cmocka_run_group_tests_name("module", tests, NULL, NULL);
}
