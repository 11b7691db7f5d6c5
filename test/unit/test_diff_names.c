// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "diff/names.h"
#include "support_scene.h"

static bool alike(const char *a, const char *b)
{
	return mkp_name_canonical_hash(a) == mkp_name_canonical_hash(b);
}

static void what_compilers_number(void **state MKP_UNUSED)
{
	assert_true(mkp_name_is_numbered("count.0"));
	assert_true(mkp_name_is_numbered("f.isra.0"));
	assert_true(mkp_name_is_numbered("f.constprop.0.cold"));
	assert_true(mkp_name_is_numbered("f.part.12"));
	assert_true(mkp_name_is_numbered("__UNIQUE_ID_license123"));
	assert_true(mkp_name_is_numbered("f.__UNIQUE_ID_ddebug7.9"));
	assert_true(mkp_name_is_numbered("__initcall__kmod_main__5_123_setup6"));
	assert_true(mkp_name_is_numbered("__BTF_ID__struct__file__11168266"));
	assert_false(mkp_name_is_numbered("__BTF_ID__func__take_2_of__x"));
	assert_false(mkp_name_is_numbered("count"));
	assert_false(mkp_name_is_numbered("f.cold"));
	assert_false(mkp_name_is_numbered("sha256"));
	assert_false(mkp_name_is_numbered("table.2x"));
	assert_false(mkp_name_is_numbered("x2.y3"));
}

static void numbers_make_no_difference(void **state MKP_UNUSED)
{
	assert_true(alike("count.0", "count.17"));
	assert_true(alike("f.isra.0.cold", "f.isra.3.cold"));
	assert_true(alike("CSWTCH.1", "CSWTCH.2"));
	assert_true(alike("f.x", "f.x.1"));
	assert_true(alike(".compoundliteral", ".compoundliteral.1"));
	assert_true(alike("__UNIQUE_ID_x123", "__UNIQUE_ID_x99"));
	assert_true(alike("__initcall__kmod_a__1_20_setup6",
			  "__initcall__kmod_a__7_333_setup6"));
	assert_true(alike("__BTF_ID__struct__file__11168266",
			  "__BTF_ID__struct__file__11138266"));
	assert_false(alike("__BTF_ID__struct__file__11168266",
			   "__BTF_ID__struct__task_struct__11168266"));
	assert_false(
		alike("__BTF_ID__func__get_1_of__10", "__BTF_ID__func__get_2_of__10"));
	assert_true(alike("__initstub__kmod_a__1_20_setup6",
			  "__initstub__kmod_a__7_333_setup6"));
	assert_false(alike("__initstub__kmod_a__1_20_setup6",
			   "__initcall__kmod_a__1_20_setup6"));
}

static void the_rest_of_a_name_does(void **state MKP_UNUSED)
{
	assert_false(alike("count.0", "count"));
	assert_false(alike("count.0", "other.0"));
	assert_false(alike("f.isra.0", "f.constprop.0"));
	assert_false(alike("f.isra.0", "f.isra.0.cold"));
	assert_false(alike("sha1", "sha2"));
	assert_false(alike("v4.get", "v6.get"));
	assert_false(alike("__initcall__kmod_a__1_20_setup6",
			   "__initcall__kmod_a__1_20_setup7"));
	assert_false(
		alike("__initcall__kmod_a__1_20_one6", "__initcall__kmod_a__1_20_two6"));
}

static void a_family_is_a_function_with_its_parts(void **state MKP_UNUSED)
{
	assert_true(mkp_name_family_hash("f") == mkp_name_family_hash("f.cold"));
	assert_true(mkp_name_family_hash("f.isra.0") == mkp_name_family_hash("f.part.1"));
	assert_true(mkp_name_family_hash("__UNIQUE_ID_f1") ==
		    mkp_name_family_hash("__UNIQUE_ID_f22.cold"));
	assert_false(mkp_name_family_hash("f") == mkp_name_family_hash("g"));
	assert_false(mkp_name_family_hash("f1") == mkp_name_family_hash("f2"));
	assert_false(mkp_name_family_hash("f") == mkp_name_family_hash("ff"));
}

static const struct scene_thing things[] = {
	{ ".text.f", "f", STB_GLOBAL, STT_FUNC, "\xc3", 1, {} },
	{ ".data.x.0", "x.0", STB_LOCAL, STT_OBJECT, NULL, 4, {} },
	{ ".data.x", "C.0", STB_LOCAL, STT_OBJECT, NULL, 4, {} },
	{ ".data.w", "__warned.3", STB_LOCAL, STT_OBJECT, NULL, 1, {} },
	{ ".data.k", "f.__key", STB_LOCAL, STT_OBJECT, NULL, 1, {} },
	{ ".data.k", "f.__keyring", STB_LOCAL, STT_OBJECT, NULL, 1, {} },
	{ ".data.g", "__warned", STB_GLOBAL, STT_OBJECT, NULL, 1, {} },
	{ ".rodata.t", "CSWTCH.4", STB_LOCAL, STT_OBJECT, NULL, 8, {} },
	{ ".rodata.t", "__func__.1", STB_LOCAL, STT_OBJECT, "f", 2, {} },
	{ ".rodata.t", "table", STB_LOCAL, STT_OBJECT, NULL, 8, {} },
	{ ".data.once", "told.2", STB_LOCAL, STT_OBJECT, NULL, 1, {} },
};

static bool is_value(const struct scene *scene, const char *name)
{
	uint32_t atom = scene_atom(scene, name);

	return mkp_atom_is_value(scene->graph, &scene->graph->atoms[atom]);
}

static void values_have_no_identity(void **state MKP_UNUSED)
{
	struct scene scene;

	scene_init(&scene, things, MKP_ARRAY_SIZE(things));
	assert_true(is_value(&scene, "__warned.3"));
	assert_true(is_value(&scene, "f.__key"));
	assert_true(is_value(&scene, "CSWTCH.4"));
	assert_true(is_value(&scene, "__func__.1"));
	assert_true(is_value(&scene, "told.2"));
	scene_deinit(&scene);
}

static void a_variable_that_an_author_names_is_none(void **state MKP_UNUSED)
{
	struct scene scene;

	scene_init(&scene, things, MKP_ARRAY_SIZE(things));
	assert_false(is_value(&scene, "f"));
	assert_false(is_value(&scene, "x.0"));
	assert_false(is_value(&scene, "C.0"));
	assert_false(is_value(&scene, "f.__keyring"));
	assert_false(is_value(&scene, "__warned"));
	assert_false(is_value(&scene, "table"));
	scene_deinit(&scene);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_compilers_number),
		cmocka_unit_test(numbers_make_no_difference),
		cmocka_unit_test(the_rest_of_a_name_does),
		cmocka_unit_test(a_family_is_a_function_with_its_parts),
		cmocka_unit_test(values_have_no_identity),
		cmocka_unit_test(a_variable_that_an_author_names_is_none),
	};

	return cmocka_run_group_tests_name("diff/names", tests, NULL, NULL);
}
