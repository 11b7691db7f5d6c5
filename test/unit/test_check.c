// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "check/check.h"

static const struct mkp_check *row(int i)
{
	return mkp_check_get((enum mkp_check_id)i);
}

static void ids_and_names_are_unique(void **state MKP_UNUSED)
{
	for (int i = 0; i < MKP_NR_CHECKS; i++)
		for (int k = 0; k < i; k++) {
			assert_string_not_equal(row(i)->id, row(k)->id);
			assert_string_not_equal(row(i)->name, row(k)->name);
		}
}

/* What the schema of the report says of them. */
static void ids_and_names_have_their_form(void **state MKP_UNUSED)
{
	for (int i = 0; i < MKP_NR_CHECKS; i++) {
		const char *name = row(i)->name;
		int end = 0;

		assert_int_equal(strlen(row(i)->id), 8);
		assert_int_equal(sscanf(row(i)->id, "MKP-%*4[0-9]%n", &end), 0);
		assert_int_equal(end, 8);
		assert_true(*name);
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"),
				 strlen(name));
		assert_true(name[0] != '-' && name[strlen(name) - 1] != '-');
		assert_null(strstr(name, "--"));
	}
}

/* Advice is one line that goes on after "fix: "; explanations are whole sentences. */
static void each_says_what_to_do(void **state MKP_UNUSED)
{
	for (int i = 0; i < MKP_NR_CHECKS; i++) {
		const char *fix = row(i)->fix, *explanation = row(i)->explanation;

		assert_non_null(fix);
		assert_true(strlen(fix) > 3);
		assert_null(strchr(fix, '\n'));
		assert_true(fix[strlen(fix) - 1] != '.');
		assert_non_null(explanation);
		assert_true(strlen(explanation) > 40);
		assert_null(strchr(explanation, '\n'));
		assert_int_equal(explanation[strlen(explanation) - 1], '.');
		assert_true(row(i)->level <= MKP_LEVEL_ERROR);
	}
}

static void is_found_by_name_and_id(void **state MKP_UNUSED)
{
	for (int i = 0; i < MKP_NR_CHECKS; i++) {
		assert_ptr_equal(mkp_check_find(row(i)->name), row(i));
		assert_ptr_equal(mkp_check_find(row(i)->id), row(i));
	}
	assert_string_equal(mkp_check_find("changed-data")->id, "MKP-0001");
	assert_null(mkp_check_find("changed_data"));
	assert_null(mkp_check_find(""));
	assert_null(mkp_check_find("MKP-9999"));
}

/* Scripts may rely on these. */
static void known_names_stay(void **state MKP_UNUSED)
{
	static const char *const names[] = {
		"changed-data",
		"new-section-kind",
		"init-code",
		"no-fentry",
		"sibling-call",
		"static-branch-module-key",
		"static-call-module-key",
		"unsupported-relocation",
		"export-changed",
		"exception-table-changed-alone",
		"altinstr-changed-alone",
		"percpu-data-new",
		"weak-or-alias-target",
		"group-section-change",
		"removed-function-still-referenced",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!mkp_check_find(names[i]))
			fail_msg("there is no check %s", names[i]);
}

static void a_finding_takes_its_row(void **state MKP_UNUSED)
{
	const struct mkp_check *check = mkp_check_get(MKP_CHECK_NO_FENTRY);
	struct mkp_report report;

	mkp_report_init(&report);
	assert_null(mkp_check_report(&report, MKP_CHECK_NO_FENTRY, "f", "a.c:3", "%s %d",
				     "text", 5));
	assert_null(
		mkp_check_report(&report, MKP_CHECK_REMOVED_DATA, NULL, NULL, "gone"));
	assert_int_equal(report.nr_findings, 2);
	assert_string_equal(report.findings[0].id, check->id);
	assert_string_equal(report.findings[0].name, "no-fentry");
	assert_int_equal(report.findings[0].level, MKP_LEVEL_ERROR);
	assert_string_equal(report.findings[0].symbol, "f");
	assert_string_equal(report.findings[0].source, "a.c:3");
	assert_string_equal(report.findings[0].message, "text 5");
	assert_string_equal(report.findings[0].fix, check->fix);
	assert_null(report.findings[1].symbol);
	assert_int_equal(report.findings[1].level, MKP_LEVEL_NOTE);
	assert_int_equal(mkp_report_count(&report, MKP_LEVEL_ERROR), 1);
	mkp_report_deinit(&report);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_and_names_are_unique),
		cmocka_unit_test(ids_and_names_have_their_form),
		cmocka_unit_test(each_says_what_to_do),
		cmocka_unit_test(is_found_by_name_and_id),
		cmocka_unit_test(known_names_stay),
		cmocka_unit_test(a_finding_takes_its_row),
	};

	return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
