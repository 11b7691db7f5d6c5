// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "report/report.h"

static const struct mkp_text_style plain;

static const struct mkp_report_function row_changed = {
	.name = "cmdline_proc_show",
	.state = "changed",
	.binding = "local",
	.size_before = 32,
	.size_after = 48,
	.source = "fs/proc/cmdline.c:8",
	.reason = "calls seq_puts twice",
	.tier = "name",
	.replaced = true,
	.position = 2,
};

static const struct mkp_report_function row_new = {
	.name = "helper",
	.state = "new",
	.binding = "local",
	.size_after = 1,
};

static const struct mkp_report_function row_removed = {
	.name = "gone",
	.state = "removed",
	.binding = "global",
	.size_before = 7,
};

static const struct mkp_finding found_error = {
	.id = "MKP-0003",
	.name = "changed-data",
	.level = MKP_LEVEL_ERROR,
	.symbol = "table",
	.source = "fs/a.c:4",
	.message = "initial value of a variable changed",
	.fix = "use a shadow variable",
};

static const struct mkp_finding found_warning = {
	.id = "MKP-0040",
	.name = "unproved-unique",
	.level = MKP_LEVEL_WARNING,
	.message = "no vmlinux given",
};

static const struct mkp_finding found_note = {
	.id = "MKP-0050",
	.name = "unknown-section",
	.level = MKP_LEVEL_NOTE,
	.source = "fs/a.c:9",
	.message = "ignored",
};

static void set_up(struct mkp_report *report, enum mkp_report_status status)
{
	mkp_report_init(report);
	report->status = status;
	report->arch = "x86_64";
	report->object = "vmlinux";
}

static void add_function(struct mkp_report *report, const struct mkp_report_function *row)
{
	assert_null(mkp_report_add_function(report, row));
}

static void add_finding(struct mkp_report *report, const struct mkp_finding *row)
{
	assert_null(mkp_report_add_finding(report, row));
}

static void add_included(struct mkp_report *report, const char *name, const char *kind,
			 uint64_t size)
{
	const struct mkp_report_included row = {
		.name = name,
		.kind = kind,
		.section = ".rodata",
		.size = size,
		.because = "used by cmdline_proc_show",
	};

	assert_null(mkp_report_add_included(report, &row));
}

static char *render(const struct mkp_report *report, const struct mkp_text_style *style)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	assert_null(mkp_report_write_text(report, style, stream));
	assert_int_equal(fclose(stream), 0);
	return text;
}

static void assert_renders(struct mkp_report *report, const struct mkp_text_style *style,
			   const char *expected)
{
	char *text = render(report, style);

	assert_string_equal(text, expected);
	assert_null(strstr(text, " \n"));
	free(text);
	mkp_report_deinit(report);
}

static void patch_is_summed_up(void **state)
{
	struct mkp_report report;

	(void)state;
	set_up(&report, MKP_STATUS_PATCH);
	add_function(&report, &row_changed);
	add_function(&report, &row_new);
	add_included(&report, ".LC0", "string", 5);
	add_included(&report, ".LC1", "string", 5);
	report.klp_relocations = 7;
	report.output = "out";
	assert_renders(&report, &plain,
		       "patch: 1 function replaced, 1 new; 2 elements carried; "
		       "7 livepatch relocations (x86_64, vmlinux)\n"
		       "changed  cmdline_proc_show (fs/proc/cmdline.c:8)  "
		       "calls seq_puts twice\n"
		       "new      helper\n"
		       "output: out\n");
}

static void numbers_are_worded(void **state)
{
	struct mkp_report report;

	(void)state;
	set_up(&report, MKP_STATUS_PATCH);
	add_function(&report, &row_changed);
	add_function(&report, &row_changed);
	add_included(&report, ".LC0", "string", 5);
	add_finding(&report, &found_warning);
	report.klp_relocations = 1;
	assert_renders(&report, &(struct mkp_text_style){ .quiet = true },
		       "patch: 2 functions replaced; 1 element carried; "
		       "1 livepatch relocation; 1 warning (x86_64, vmlinux)\n");
}

static void unchanged_is_summed_up(void **state)
{
	struct mkp_report report;

	(void)state;
	set_up(&report, MKP_STATUS_UNCHANGED);
	report.nr_compared = 613;
	assert_renders(&report, &plain,
		       "unchanged: 613 functions compared, none differs\n");
	set_up(&report, MKP_STATUS_UNCHANGED);
	report.nr_compared = 613;
	report.nr_line_only = 28;
	assert_renders(&report, &plain,
		       "unchanged: 613 functions compared, none differs; "
		       "28 functions differ only by line numbers\n");
	set_up(&report, MKP_STATUS_UNCHANGED);
	report.nr_compared = 1;
	add_function(&report, &row_removed);
	assert_renders(&report, &(struct mkp_text_style){ .quiet = true },
		       "unchanged: 1 function compared, none differs, 1 removed\n");
}

static void refused_lists_errors_first(void **state)
{
	struct mkp_report report;

	(void)state;
	set_up(&report, MKP_STATUS_REFUSED);
	add_function(&report, &row_changed);
	add_finding(&report, &found_note);
	add_finding(&report, &found_warning);
	add_finding(&report, &found_error);
	assert_renders(&report, &plain,
		       "refused: 1 error, 1 warning; 1 function changed "
		       "(x86_64, vmlinux)\n"
		       "changed  cmdline_proc_show (fs/proc/cmdline.c:8)  "
		       "calls seq_puts twice\n"
		       "error[changed-data] MKP-0003: table (fs/a.c:4): "
		       "initial value of a variable changed\n"
		       "  fix: use a shadow variable\n"
		       "warning[unproved-unique] MKP-0040: no vmlinux given\n"
		       "note[unknown-section] MKP-0050: fs/a.c:9: ignored\n");
}

/* Values and layouts, each way that a field can differ. */
static void changes_are_listed(void **state)
{
	static const struct mkp_change changes[] = {
		{ "t.max", { true, 8, 4, "5" }, { true, 8, 4, "\x1b" } },
		{ "added", { 0 }, { true, 16, 1, NULL } },
		{ "gone", { true, 12, 8, NULL }, { 0 } },
		{ "moved", { true, 4, 8, NULL }, { true, 20, 8, NULL } },
		{ "grown", { true, 24, 4, NULL }, { true, 28, 8, NULL } },
		{ "bits", { true, 4, 1, "bit 3" }, { true, 5, 1, "bit 1" } },
		{ "same", { true, 4, 1, "bit 3" }, { true, 5, 1, "bit 3" } },
	};
	struct mkp_finding finding = found_warning;
	struct mkp_report report;

	(void)state;
	finding.changes = changes;
	finding.nr_changes = MKP_ARRAY_SIZE(changes);
	set_up(&report, MKP_STATUS_REFUSED);
	add_finding(&report, &finding);
	assert_renders(&report, &plain,
		       "refused: 0 errors, 1 warning; 0 functions changed "
		       "(x86_64, vmlinux)\n"
		       "warning[unproved-unique] MKP-0040: no vmlinux given\n"
		       "  t.max (offset 8): 5 -> \\x1b\n"
		       "  added: added at offset 16, 1 byte\n"
		       "  gone: removed, was at offset 12, 8 bytes\n"
		       "  moved: offset 4 -> 20\n"
		       "  grown: offset 24 -> 28, 4 -> 8 bytes\n"
		       "  bits: offset 4 -> 5, bit 3 -> bit 1\n"
		       "  same: offset 4 -> 5\n");
}

static void quiet_keeps_errors(void **state)
{
	struct mkp_report report;

	(void)state;
	set_up(&report, MKP_STATUS_REFUSED);
	add_function(&report, &row_changed);
	add_finding(&report, &found_warning);
	add_finding(&report, &found_error);
	add_finding(&report, &found_error);
	report.output = "out";
	assert_renders(&report, &(struct mkp_text_style){ .quiet = true, .verbose = 1 },
		       "refused: 2 errors, 1 warning; 1 function changed "
		       "(x86_64, vmlinux)\n"
		       "error[changed-data] MKP-0003: table (fs/a.c:4): "
		       "initial value of a variable changed\n"
		       "  fix: use a shadow variable\n"
		       "error[changed-data] MKP-0003: table (fs/a.c:4): "
		       "initial value of a variable changed\n"
		       "  fix: use a shadow variable\n");
}

static void explain_groups_what_is_carried(void **state)
{
	struct mkp_report report;

	(void)state;
	set_up(&report, MKP_STATUS_PATCH);
	add_function(&report, &row_changed);
	add_function(&report, &row_new);
	add_included(&report, ".LC0", "string", 5);
	add_included(&report, "counter", "data", 1);
	add_included(&report, ".LC123", "string", 6);
	assert_null(mkp_report_add_note(&report, "vmlinux: %s", "/boot/vmlinux"));
	assert_renders(&report, &(struct mkp_text_style){ .explain = true, .verbose = 1 },
		       "patch: 1 function replaced, 1 new; 3 elements carried; "
		       "0 livepatch relocations (x86_64, vmlinux)\n"
		       "changed  cmdline_proc_show (fs/proc/cmdline.c:8)  "
		       "calls seq_puts twice\n"
		       "         local, 32 -> 48 bytes, paired by name, "
		       "position 2 of its name\n"
		       "new      helper\n"
		       "         local, 1 byte\n"
		       "carried as string (2):\n"
		       "  .LC0    .rodata, 5 bytes: used by cmdline_proc_show\n"
		       "  .LC123  .rodata, 6 bytes: used by cmdline_proc_show\n"
		       "carried as data (1):\n"
		       "  counter  .rodata, 1 byte: used by cmdline_proc_show\n"
		       "info: vmlinux: /boot/vmlinux\n");
}

static const struct mkp_report_frame inlined[] = {
	{ "kill_me", "a.h:12" },
	{ "foo", "a.c:40" },
};

static const struct mkp_report_insn insns_before[] = {
	{ .offset = 0, .bytes = "90", .text = "nop", .source = "a.c:40" },
	{ .offset = 1,
	  .bytes = "b001",
	  .text = "mov a",
	  .source = "a.h:12",
	  .differs = true },
	{ .offset = 3, .bytes = "c3", .text = "ret", .source = "a.c:41" },
};

static const struct mkp_report_insn insns_after[] = {
	{ .offset = 0, .bytes = "90", .text = "nop", .source = "a.c:40" },
	{ .offset = 1,
	  .bytes = "b002",
	  .text = "mov b",
	  .source = "a.h:12",
	  .differs = true },
	{ .offset = 3, .bytes = "c3", .text = "ret", .source = "a.c:41" },
};

#define CODE_SIDE(text_, bytes_, insns_)                                                 \
	{                                                                                \
		.there = true, .offset = 1, .bytes = bytes_, .text = text_,              \
		.frames = inlined, .nr_frames = 2, .insns = insns_, .nr_insns = 3        \
	}

static void assert_explained(const struct mkp_report_step *steps, size_t count,
			     const char *wanted)
{
	struct mkp_report_function row = row_removed;
	struct mkp_report report;
	char *text;

	set_up(&report, MKP_STATUS_REFUSED);
	row.explanation = (struct mkp_explanation){ steps, count };
	add_function(&report, &row);
	text = render(&report, &(struct mkp_text_style){ .explain = true });
	assert_non_null(strstr(text, "global, 7 bytes\n"));
	assert_string_equal(strstr(text, "global, 7 bytes\n") + 16, wanted);
	free(text);
	mkp_report_deinit(&report);
}

#define SOURCE "                                         "

static void explanations_show_both_sides(void **state)
{
	static const struct mkp_report_step code = {
		.kind = "code",
		.text = "foo+0x2 is the first difference",
		.sides = { CODE_SIDE("mov a", "b001", insns_before),
			   CODE_SIDE("mov b", "b002", insns_after) },
	};
	/* The instruction is the same; what it leads to is told by the next step. */
	static const struct mkp_report_step same[] = {
		{ .kind = "code",
		  .text = "foo+0x2 refers to something that is not the same",
		  .sides = { CODE_SIDE("mov a", "b001", insns_before),
			     CODE_SIDE("mov a", "b001", insns_before) } },
		{ .kind = "table-entry",
		  .text = "entry 3 of a table",
		  .field = "line",
		  .sides = { { .there = true, .bytes = "0100" }, { 0 } } },
	};
	/* Two encodings of one instruction. */
	static const struct mkp_report_step encoding = {
		.kind = "code",
		.text = "foo+0x2 is the first difference",
		.sides = { CODE_SIDE("mov a", "b001", insns_before),
			   CODE_SIDE("mov a", "8ac1", insns_after) },
	};

	(void)state;
	assert_explained(
		&code, 1,
		"         foo+0x2 is the first difference\n"
		"           both:     kill_me at a.h:12, inlined into foo at a.c:40\n"
		"             +0x0     nop" SOURCE "  a.c:40\n"
		"           - +0x1     mov a" SOURCE "a.h:12\n"
		"           + +0x1     mov b" SOURCE "a.h:12\n"
		"             +0x3     ret" SOURCE "  a.c:41\n");
	assert_explained(
		same, 2,
		"         foo+0x2 refers to something that is not the same\n"
		"           both:     kill_me at a.h:12, inlined into foo at a.c:40\n"
		"             +0x0     nop" SOURCE "  a.c:40\n"
		"           > +0x1     mov a" SOURCE "a.h:12\n"
		"             +0x3     ret" SOURCE "  a.c:41\n"
		"         entry 3 of a table, field line\n"
		"           - 01 00\n"
		"           + (nothing)\n");
	assert_explained(
		&encoding, 1,
		"         foo+0x2 is the first difference\n"
		"           both:     kill_me at a.h:12, inlined into foo at a.c:40\n"
		"             +0x0     90 nop" SOURCE "  a.c:40\n"
		"           - +0x1     b001 mov a" SOURCE "a.h:12\n"
		"           + +0x1     b002 mov b" SOURCE "a.h:12\n"
		"             +0x3     c3 ret" SOURCE "  a.c:41\n");
}

static void carried_elements_tell_their_way(void **state)
{
	static const struct mkp_report_link links[] = {
		{ "helper", "foo+0x8 refers to it" },
		{ "foo", "changed" },
	};
	const struct mkp_report_included row = {
		.name = "\"text\"",
		.kind = "string",
		.size = 5,
		.because = "helper+0x4 refers to it",
		.links = links,
		.nr_links = 2,
	};
	const struct mkp_report_pair by_name = {
		.original = "a",
		.patched = "a",
		.kind = "data",
		.tier = "name",
		.state = "same",
		.reached = true,
	};
	const struct mkp_report_pair renumbered = {
		.original = "x.1",
		.patched = "x.2",
		.kind = "data",
		.tier = "canonical",
		.state = "same",
	};
	struct mkp_report report;

	(void)state;
	set_up(&report, MKP_STATUS_PATCH);
	assert_null(mkp_report_add_included(&report, &row));
	assert_null(mkp_report_add_pair(&report, &by_name));
	assert_null(mkp_report_add_pair(&report, &renumbered));
	report.tiers[0] = (struct mkp_report_tier){ "name", 12 };
	report.tiers[1] = (struct mkp_report_tier){ "canonical", 1 };
	report.tiers[2] = (struct mkp_report_tier){ "content", 0 };
	report.nr_tiers = 3;
	assert_renders(&report, &(struct mkp_text_style){ .explain = true },
		       "patch: 0 functions replaced; 1 element carried; "
		       "0 livepatch relocations (x86_64, vmlinux)\n"
		       "carried as string (1):\n"
		       "  \"text\"  5 bytes: helper+0x4 refers to it; "
		       "helper: foo+0x8 refers to it\n"
		       "paired by canonical: x.1 = x.2  data, same\n"
		       "info: pairs: 12 by name, 1 by canonical\n");
}

static void reasons_are_aligned(void **state)
{
	struct mkp_report_function row = row_changed;
	struct mkp_report report;

	(void)state;
	set_up(&report, MKP_STATUS_PATCH);
	row.name = "a";
	row.source = NULL;
	add_function(&report, &row);
	row.name = "\xc3\xa4pfel"; /* five columns, six bytes */
	add_function(&report, &row);
	row.name = "far_too_long_to_push_the_reasons_of_all_the_others_off_the_screen";
	add_function(&report, &row);
	assert_renders(&report, &plain,
		       "patch: 3 functions replaced; 0 elements carried; "
		       "0 livepatch relocations (x86_64, vmlinux)\n"
		       "changed  a      calls seq_puts twice\n"
		       "changed  \xc3\xa4pfel  calls seq_puts twice\n"
		       "changed  far_too_long_to_push_the_reasons_of_all_the_others_off_"
		       "the_screen  calls seq_puts twice\n");
}

/* Colour repeats words, it does not replace them: without it the text is the same. */
static void color_adds_nothing_but_color(void **state)
{
	const struct mkp_text_style style = { .color = true, .explain = true };
	struct mkp_report report;
	char *text, *from, *to;

	(void)state;
	set_up(&report, MKP_STATUS_REFUSED);
	add_function(&report, &row_changed);
	add_function(&report, &row_removed);
	add_finding(&report, &found_error);
	text = render(&report, &style);
	assert_non_null(strstr(text, "\033[1;31mrefused\033[0m: "));
	for (from = to = text; *from; from++) {
		if (*from == '\033')
			from = strchr(from, 'm');
		else
			*to++ = *from;
	}
	*to = '\0';
	assert_renders(&report, &(struct mkp_text_style){ .explain = true }, text);
	free(text);
}

static void hostile_names_stay_on_their_line(void **state)
{
	struct mkp_report_function row = row_new;
	struct mkp_finding finding = found_error;
	struct mkp_report report;

	(void)state;
	set_up(&report, MKP_STATUS_REFUSED);
	row.name = "a\033[2Jb\nerror[x]";
	row.reason = "\xff\xe2\x80\xae";
	add_function(&report, &row);
	finding.symbol = "c\r\x7f";
	finding.message = "\xc0\x80 \xed\xa0\x80 \xc2\x9b";
	add_finding(&report, &finding);
	assert_renders(&report, &plain,
		       "refused: 1 error; 0 functions changed, 1 new (x86_64, vmlinux)\n"
		       "new      a\\x1b[2Jb\\nerror[x]  \\xff\\u{202e}\n"
		       "error[changed-data] MKP-0003: c\\x0d\\x7f (fs/a.c:4): "
		       "\\xc0\\x80 \\xed\\xa0\\x80 \\u{9b}\n"
		       "  fix: use a shadow variable\n");
}

static void full_disk_is_an_error(void **state)
{
	struct mkp_error *error;
	struct mkp_report report;
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	if (!full)
		skip();
	set_up(&report, MKP_STATUS_UNCHANGED);
	error = mkp_report_write_text(&report, &plain, full);
	assert_non_null(error);
	assert_int_equal(error->code, MKP_ERROR_IO);
	mkp_error_destroy(error);
	fclose(full);
	mkp_report_deinit(&report);
}

static void rows_are_copied(void **state)
{
	char name[] = "before";
	struct mkp_report_function row = row_new;
	struct mkp_report report;

	(void)state;
	set_up(&report, MKP_STATUS_PATCH);
	row.name = name;
	add_function(&report, &row);
	memcpy(name, "AFTER!", 6);
	assert_string_equal(report.functions[0].name, "before");
	add_finding(&report, &found_error);
	add_finding(&report, &found_error);
	assert_int_equal(mkp_report_count(&report, MKP_LEVEL_ERROR), 2);
	assert_int_equal(mkp_report_count(&report, MKP_LEVEL_NOTE), 0);
	mkp_report_deinit(&report);
	mkp_report_deinit(&report);
}

static void text_is_escaped(void **state)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{ NULL, "" },
		{ "plain.name\\x", "plain.name\\x" },
		{ "\t\x01", "\\t\\x01" },
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },	/* a valid code point */
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" }, /* above U+10FFFF */
		{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf" },		/* overlong */
		{ "\xe2\x82", "\\xe2\\x82" },			/* cut short */
		{ "\xe2\x80\xa8\xef\xbb\xbf", "\\u{2028}\\u{feff}" },
		{ "\x80y", "\\x80y" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < MKP_ARRAY_SIZE(cases); i++) {
		char *text;

		assert_null(mkp_text_escape_string(cases[i].from, &text));
		assert_string_equal(text, cases[i].to);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patch_is_summed_up),
		cmocka_unit_test(numbers_are_worded),
		cmocka_unit_test(unchanged_is_summed_up),
		cmocka_unit_test(refused_lists_errors_first),
		cmocka_unit_test(changes_are_listed),
		cmocka_unit_test(quiet_keeps_errors),
		cmocka_unit_test(explain_groups_what_is_carried),
		cmocka_unit_test(explanations_show_both_sides),
		cmocka_unit_test(carried_elements_tell_their_way),
		cmocka_unit_test(reasons_are_aligned),
		cmocka_unit_test(color_adds_nothing_but_color),
		cmocka_unit_test(hostile_names_stay_on_their_line),
		cmocka_unit_test(full_disk_is_an_error),
		cmocka_unit_test(rows_are_copied),
		cmocka_unit_test(text_is_escaped),
	};

	return cmocka_run_group_tests_name("report_text", tests, NULL, NULL);
}
