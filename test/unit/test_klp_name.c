// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "emit/finalize.h"

static void check(const char *object, const char *provider, const char *symbol,
		  uint64_t position, const char *expected)
{
	struct mkp_klp_name parsed;
	char *name = NULL;

	assert_null(mkp_klp_name_format(object, provider, symbol, position, &name));
	assert_string_equal(name, expected);
	assert_null(mkp_klp_name_parse(name, &parsed));
	assert_string_equal(parsed.object, object);
	assert_string_equal(parsed.provider, provider);
	assert_string_equal(parsed.symbol, symbol);
	assert_true(parsed.position == position);
	mkp_klp_name_deinit(&parsed);
	assert_null(parsed.object);
	free(name);
}

static void goes_there_and_back(void **state MKP_UNUSED)
{
	check("vmlinux", "vmlinux", "printk", 0, ".mkp.klp.vmlinux/vmlinux.printk,0");
	check("xfs", "vmlinux", "f.constprop.0", 12,
	      ".mkp.klp.xfs/vmlinux.f.constprop.0,12");
	check("nf_tables", "x_tables", "a/b", UINT64_MAX,
	      ".mkp.klp.nf_tables/x_tables.a/b,18446744073709551615");
}

static const char *const bad_names[] = {
	"",
	"printk",
	".klp.sym.vmlinux.printk,0",
	".mkp.klp.",
	".mkp.klp.vmlinux",
	".mkp.klp.vmlinux/",
	".mkp.klp.vmlinux/vmlinux",
	".mkp.klp.vmlinux/vmlinux.",
	".mkp.klp.vmlinux/vmlinux.printk",
	".mkp.klp.vmlinux/vmlinux.printk,",
	".mkp.klp.vmlinux/vmlinux.,0",
	".mkp.klp.vmlinux/.printk,0",
	".mkp.klp./vmlinux.printk,0",
	".mkp.klp.vm.linux/vmlinux.printk,0",
	".mkp.klp.vmlinux/vm/linux.printk,0",
	".mkp.klp.vmlinux/vmlinux.printk,-1",
	".mkp.klp.vmlinux/vmlinux.printk, 1",
	".mkp.klp.vmlinux/vmlinux.printk,01",
	".mkp.klp.vmlinux/vmlinux.printk,1x",
	".mkp.klp.vmlinux/vmlinux.printk,1,2",
	".mkp.klp.vmlinux/vmlinux.printk,0x1",
	".mkp.klp.vmlinux/vmlinux.printk,18446744073709551616",
};

static void refuses_other_names(void **state MKP_UNUSED)
{
	for (size_t i = 0; i < MKP_ARRAY_SIZE(bad_names); i++) {
		struct mkp_klp_name parsed = { .position = 77 };
		struct mkp_error *error = mkp_klp_name_parse(bad_names[i], &parsed);

		if (!error)
			fail_msg("\"%s\" is accepted", bad_names[i]);
		assert_int_equal(error->code, MKP_ERROR_FORMAT);
		assert_int_equal(parsed.position, 77);
		assert_null(parsed.object);
		mkp_error_destroy(error);
	}
}

static void refuses_to_make_other_names(void **state MKP_UNUSED)
{
	static const char *const bad[][3] = {
		{ "", "vmlinux", "f" },	      { "a.b", "vmlinux", "f" },
		{ "a/b", "vmlinux", "f" },    { "vmlinux", "", "f" },
		{ "vmlinux", "a.b", "f" },    { "vmlinux", "a/b", "f" },
		{ "vmlinux", "vmlinux", "" }, { "vmlinux", "vmlinux", "f,g" },
	};

	for (size_t i = 0; i < MKP_ARRAY_SIZE(bad); i++) {
		char *name = NULL;
		struct mkp_error *error;

		error = mkp_klp_name_format(bad[i][0], bad[i][1], bad[i][2], 0, &name);
		assert_non_null(error);
		assert_null(name);
		mkp_error_destroy(error);
	}
}

static void shows_names_escaped(void **state MKP_UNUSED)
{
	struct mkp_klp_name parsed;
	struct mkp_error *error = mkp_klp_name_parse(".mkp.klp.a\nb", &parsed);

	assert_non_null(error);
	assert_null(strchr(error->message, '\n'));
	assert_non_null(strstr(error->message, "a\\nb"));
	mkp_error_destroy(error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_there_and_back),
		cmocka_unit_test(refuses_other_names),
		cmocka_unit_test(refuses_to_make_other_names),
		cmocka_unit_test(shows_names_escaped),
	};

	return cmocka_run_group_tests_name("emit/klp_name", tests, NULL, NULL);
}
