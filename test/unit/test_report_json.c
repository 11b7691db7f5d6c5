// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "report/report.h"

static const struct mkp_report_frame frames[] = {
	{ "inlined", "a.h:7" },
	{ "f", "a.c:40" },
};

static const struct mkp_report_insn insns[] = {
	{ .offset = 0, .bytes = "90", .text = "nop", .source = "a.c:39" },
	{ .offset = 1, .bytes = "c3", .text = "ret", .source = "a.h:7", .differs = true },
};

static const struct mkp_report_step steps[] = {
	{ .kind = "code",
	  .name = "f",
	  .text = "f+0x1 is the first difference",
	  .sides = { { 0 },
		     { .there = true,
		       .offset = 1,
		       .bytes = "c3",
		       .text = "ret",
		       .frames = frames,
		       .nr_frames = 2,
		       .insns = insns,
		       .nr_insns = 2 } } },
};

static const struct mkp_report_link links[] = { { "helper", "f+0x8 refers to it" } };

/* What is there only if it was asked for. */
static void fill_details(struct mkp_report *report)
{
	const struct mkp_report_datum datum = {
		.name = "limit",
		.kind = "data",
		.reason = "differs at +0",
		.tier = "name",
		.explanation = { steps, 0 },
	};
	const struct mkp_report_pair pair = {
		.original = "x.1",
		.patched = "x.2",
		.kind = "data",
		.tier = "canonical",
		.state = "same",
		.reached = true,
	};

	report->explained = true;
	report->paired = true;
	report->tiers[0] = (struct mkp_report_tier){ "name", 12 };
	report->tiers[1] = (struct mkp_report_tier){ "canonical", 0 };
	report->nr_tiers = 2;
	assert_null(mkp_report_add_datum(report, &datum));
	assert_null(mkp_report_add_pair(report, &pair));
}

static void fill(struct mkp_report *report)
{
	const struct mkp_report_function function = {
		.name = "f",
		.state = "changed",
		.binding = "weak",
		.size_before = UINT64_MAX,
		.size_after = 48,
		.source = "fs/proc/cmdline.c:8",
		.reason = "immediate",
		.tier = "name",
		.replaced = true,
		.position = 3,
		.explanation = { steps, 1 },
	};
	const struct mkp_report_function fresh = {
		.name = "bad\xff\n\033",
		.state = "new",
		.binding = "local",
		.size_after = 1,
	};
	const struct mkp_report_included included = {
		.name = ".LC0",
		.kind = "string",
		.section = ".rodata.str1.1",
		.size = 5,
		.because = "f+0x4",
		.links = links,
		.nr_links = 1,
	};
	struct mkp_change changes[] = {
		{ "limit.max", { true, 8, 4, "5" }, { true, 8, 4, "\xff" } },
		{ "limit.added", { 0 }, { true, 12, 4, NULL } },
	};
	struct mkp_finding finding = {
		.id = "MKP-0003",
		.name = "changed-data",
		.level = MKP_LEVEL_ERROR,
		.message = "a \"quoted\" message",
	};

	mkp_report_init(report);
	report->status = MKP_STATUS_REFUSED;
	report->arch = "x86_64";
	report->original = "a/b.o";
	report->patched = "c/b.o";
	report->object = "vmlinux";
	report->klp_relocations = 7;
	report->nr_compared = 613;
	report->nr_line_only = 28;
	assert_null(mkp_report_add_function(report, &function));
	assert_null(mkp_report_add_function(report, &fresh));
	assert_null(mkp_report_add_included(report, &included));
	finding.changes = changes;
	finding.nr_changes = MKP_ARRAY_SIZE(changes);
	assert_null(mkp_report_add_finding(report, &finding));
	/* The report has copies. */
	memset(changes, 0, sizeof(changes));
	assert_null(mkp_report_add_note(report, "took %s", "a"));
	fill_details(report);
}

static char *render(const struct mkp_report *report)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	assert_null(mkp_report_write_json(report, stream));
	assert_int_equal(fclose(stream), 0);
	return text;
}

static int set_up(void **state)
{
	struct mkp_report report;
	char *text;

	fill(&report);
	text = render(&report);
	*state = json_tokener_parse(text);
	free(text);
	mkp_report_deinit(&report);
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	json_object_put(*state);
	return 0;
}

static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value))
		fail_msg("no member %s", key);
	return value;
}

static const char *string(struct json_object *object, const char *key)
{
	struct json_object *value = member(object, key);

	return value ? json_object_get_string(value) : NULL;
}

static void assert_keys(struct json_object *object, const char *expected)
{
	char *keys = NULL;
	size_t size;
	FILE *stream = open_memstream(&keys, &size);

	assert_non_null(stream);
	json_object_object_foreach(object, key, value)
	{
		(void)value;
		fprintf(stream, "%s ", key);
	}
	fclose(stream);
	assert_string_equal(keys, expected);
	free(keys);
}

static void members_have_a_fixed_order(void **state)
{
	struct json_object *root = *state;
	struct json_object *functions = member(root, "functions");

	assert_keys(root,
		    "schema mkpatch status arch object release inputs compared "
		    "line_only unload functions included data tiers pairs relocations "
		    "findings overrides notes "
		    "output ");
	assert_keys(json_object_array_get_idx(functions, 1),
		    "name state binding size_before size_after source reason tier "
		    "replaced position explanation ");
	assert_keys(json_object_array_get_idx(member(root, "included"), 0),
		    "name kind because section size links ");
	assert_keys(json_object_array_get_idx(member(root, "findings"), 0),
		    "id name level symbol source message fix changes ");
}

static struct json_object *element(struct json_object *array, size_t index)
{
	assert_true(index < json_object_array_length(array));
	return json_object_array_get_idx(array, index);
}

static void explanations_have_both_sides(void **state)
{
	struct json_object *root = *state;
	struct json_object *functions = member(root, "functions");
	struct json_object *step, *side;

	assert_null(member(element(functions, 1), "explanation"));
	step = element(member(element(functions, 0), "explanation"), 0);
	assert_keys(step, "kind name field text original patched ");
	assert_string_equal(string(step, "kind"), "code");
	assert_null(member(step, "field"));
	assert_null(member(step, "original"));
	side = member(step, "patched");
	assert_keys(side, "offset bytes text source frames instructions ");
	assert_string_equal(string(side, "source"), "a.h:7");
	assert_int_equal(json_object_array_length(member(side, "frames")), 2);
	assert_string_equal(string(element(member(side, "frames"), 1), "function"), "f");
	assert_string_equal(string(element(member(side, "frames"), 1), "source"),
			    "a.c:40");
	side = element(member(side, "instructions"), 1);
	assert_keys(side, "offset bytes text source differs ");
	assert_true(json_object_get_boolean(member(side, "differs")));
	assert_string_equal(string(side, "bytes"), "c3");
}

static void details_are_null_unless_asked_for(void **state)
{
	struct json_object *root = *state, *plain;
	struct mkp_report report;
	char *text;

	assert_string_equal(
		string(element(member(element(member(root, "included"), 0), "links"), 0),
		       "name"),
		"helper");
	assert_string_equal(string(element(member(root, "data"), 0), "name"), "limit");
	assert_string_equal(string(element(member(root, "pairs"), 0), "patched"), "x.2");
	assert_int_equal(json_object_get_int(member(member(root, "tiers"), "name")), 12);
	mkp_report_init(&report);
	text = render(&report);
	plain = json_tokener_parse(text);
	assert_non_null(plain);
	assert_null(member(plain, "data"));
	assert_null(member(plain, "pairs"));
	json_object_put(plain);
	free(text);
	mkp_report_deinit(&report);
}

static void head_says_what_it_is_about(void **state)
{
	struct json_object *root = *state;

	assert_string_equal(string(root, "schema"), "mkpatch.diff/1");
	assert_string_equal(string(root, "mkpatch"), MKP_VERSION);
	assert_string_equal(string(root, "status"), "refused");
	assert_string_equal(string(root, "object"), "vmlinux");
	assert_null(string(root, "release"));
	assert_null(string(root, "output"));
	assert_string_equal(string(member(root, "inputs"), "patched"), "c/b.o");
	assert_int_equal(json_object_get_int(member(root, "compared")), 613);
	assert_int_equal(json_object_get_int(member(root, "line_only")), 28);
	assert_int_equal(json_object_get_int(member(member(root, "relocations"), "klp")),
			 7);
}

static void functions_keep_64_bit_sizes(void **state)
{
	struct json_object *functions = member(*state, "functions");
	struct json_object *changed = json_object_array_get_idx(functions, 0);
	struct json_object *fresh = json_object_array_get_idx(functions, 1);

	assert_int_equal(json_object_array_length(functions), 2);
	assert_true(json_object_get_uint64(member(changed, "size_before")) == UINT64_MAX);
	assert_true(json_object_get_boolean(member(changed, "replaced")));
	assert_int_equal(json_object_get_int(member(changed, "position")), 3);
	assert_false(json_object_get_boolean(member(fresh, "replaced")));
	assert_null(member(fresh, "position"));
	assert_null(member(fresh, "reason"));
}

static void findings_are_written(void **state)
{
	struct json_object *finding = json_object_array_get_idx(
		member(*state, "findings"), 0);
	struct json_object *notes = member(*state, "notes");

	assert_string_equal(string(finding, "level"), "error");
	assert_string_equal(string(finding, "message"), "a \"quoted\" message");
	assert_null(string(finding, "fix"));
	assert_string_equal(json_object_get_string(json_object_array_get_idx(notes, 0)),
			    "took a");
}

static void changes_have_two_sides(void **state)
{
	struct json_object *finding = json_object_array_get_idx(
		member(*state, "findings"), 0);
	struct json_object *changes = member(finding, "changes");
	struct json_object *value = json_object_array_get_idx(changes, 0);
	struct json_object *added = json_object_array_get_idx(changes, 1);

	assert_int_equal(json_object_array_length(changes), 2);
	assert_keys(value, "path before after ");
	assert_string_equal(string(value, "path"), "limit.max");
	assert_keys(member(value, "before"), "offset size value ");
	assert_string_equal(string(member(value, "before"), "value"), "5");
	assert_string_equal(string(member(value, "after"), "value"), "\\xff");
	assert_int_equal(json_object_get_int(member(member(value, "after"), "offset")),
			 8);
	assert_int_equal(json_object_get_int(member(member(value, "after"), "size")), 4);
	assert_null(member(added, "before"));
	assert_null(string(member(added, "after"), "value"));
}

static void hostile_names_are_escaped(void **state)
{
	struct json_object *fresh = json_object_array_get_idx(member(*state, "functions"),
							      1);

	assert_string_equal(string(fresh, "name"), "bad\\xff\\n\\x1b");
}

static void two_runs_write_the_same(void **state)
{
	struct mkp_report first, second;
	char *one, *two;

	(void)state;
	fill(&first);
	fill(&second);
	one = render(&first);
	two = render(&second);
	assert_string_equal(one, two);
	assert_string_equal(one + strlen(one) - 3, "\n}\n");
	free(one);
	free(two);
	mkp_report_deinit(&first);
	mkp_report_deinit(&second);
}

static void full_disk_is_an_error(void **state)
{
	struct mkp_error *error;
	struct mkp_report report;
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	if (!full)
		skip();
	fill(&report);
	error = mkp_report_write_json(&report, full);
	assert_non_null(error);
	assert_int_equal(error->code, MKP_ERROR_IO);
	mkp_error_destroy(error);
	fclose(full);
	mkp_report_deinit(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_have_a_fixed_order),
		cmocka_unit_test(explanations_have_both_sides),
		cmocka_unit_test(details_are_null_unless_asked_for),
		cmocka_unit_test(head_says_what_it_is_about),
		cmocka_unit_test(functions_keep_64_bit_sizes),
		cmocka_unit_test(findings_are_written),
		cmocka_unit_test(changes_have_two_sides),
		cmocka_unit_test(hostile_names_are_escaped),
		cmocka_unit_test(two_runs_write_the_same),
		cmocka_unit_test(full_disk_is_an_error),
	};

	return cmocka_run_group_tests_name("report_json", tests, set_up, tear_down);
}
