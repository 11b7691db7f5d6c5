// SPDX-License-Identifier: GPL-2.0-or-later
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diff/author.h"
#include "support_scene.h"

#define FUNCTION(name)                                                                   \
	{                                                                                \
		".text." name, name, STB_LOCAL, STT_FUNC, "\x90\xc3", 2,                 \
		{                                                                        \
		}                                                                        \
	}
#define RECORD(kind, name, bytes, size)                                                  \
	{                                                                                \
		".discard.mkpatch." kind, name, STB_LOCAL, STT_OBJECT, bytes, size,      \
		{                                                                        \
		}                                                                        \
	}
#define POINTER(kind, name, size, to, addend)                                            \
	{                                                                                \
		".discard.mkpatch." kind, name, STB_LOCAL, STT_OBJECT, NULL, size,       \
		{                                                                        \
			{ 0, R_X86_64_64, to, addend },                                  \
		}                                                                        \
	}
#define TEXT(kind, name, text) RECORD(kind, name, text, sizeof(text))

static const char numbers[] = "\x11\x47\0\0\0\0\0\0\x08\0\0\0\0\0\0";

static const struct scene_thing nothing[] = { FUNCTION("kept") };

static void read_pair(struct scene_pair *pair, const struct scene_thing *orig,
		      size_t nr_orig, const struct scene_thing *patched,
		      size_t nr_patched, struct mkp_author *author)
{
	scene_pair_init(pair, orig, nr_orig, patched, nr_patched);
	assert_null(mkp_author_read(pair->diff, author));
}

#define READ(pair, orig, patched, author)                                                \
	read_pair(pair, orig, MKP_ARRAY_SIZE(orig), patched, MKP_ARRAY_SIZE(patched),    \
		  author)

static const struct mkp_author_record *find(const struct scene_pair *pair,
					    const struct mkp_author *author,
					    const char *symbol)
{
	for (size_t i = 0; i < author->nr_records; i++)
		if (!strcmp(mkp_atom_name(pair->diff->patched, author->records[i].atom),
			    symbol))
			return &author->records[i];
	fail_msg("no record %s", symbol);
	return NULL;
}

static void records_are_read(void **state)
{
	static const struct scene_thing patched[] = {
		FUNCTION("kept"),
		FUNCTION("fresh"),
		POINTER("post_patch", "mkpatch_post_patch_fresh", 8, "fresh", 0),
		RECORD("state", "mkpatch_state_1", numbers, 16),
		RECORD("shadow", "mkpatch_shadow_hits", numbers, 16),
		TEXT("info", "mkpatch_info_2", "fix=CVE=1"),
		TEXT("info", "mkpatch_info_3", "empty="),
	};
	struct scene_pair pair;
	struct mkp_author author;
	const struct mkp_author_record *record;

	(void)state;
	READ(&pair, nothing, patched, &author);
	assert_int_equal(author.nr_records, 5);
	for (size_t i = 0; i < author.nr_records; i++)
		assert_null(author.records[i].trouble);
	record = find(&pair, &author, "mkpatch_post_patch_fresh");
	assert_int_equal(record->kind, MKP_AUTHOR_POST_PATCH);
	assert_int_equal(record->function, scene_atom(&pair.patched, "fresh"));
	record = find(&pair, &author, "mkpatch_state_1");
	assert_int_equal(record->kind, MKP_AUTHOR_STATE);
	assert_int_equal(record->id, 0x4711);
	assert_int_equal(record->value, 8);
	assert_string_equal(find(&pair, &author, "mkpatch_shadow_hits")->name, "hits");
	record = find(&pair, &author, "mkpatch_info_2");
	assert_string_equal(record->name, "fix");
	assert_string_equal(record->text, "CVE=1");
	assert_string_equal(find(&pair, &author, "mkpatch_info_3")->text, "");
	mkp_author_deinit(&author);
	scene_pair_deinit(&pair);
}

/* Each is as close as possible to a good one. */
static void malformed_records_have_their_trouble(void **state)
{
	static const struct scene_thing patched[] = {
		FUNCTION("kept"),
		FUNCTION("fresh"),
		POINTER("pre_patch", "middle", 8, "fresh", 1),
		POINTER("pre_patch", "wide", 16, "fresh", 0),
		RECORD("pre_patch", "number", numbers, 8),
		POINTER("state", "address", 16, "fresh", 0),
		RECORD("state", "short", numbers, 8),
		RECORD("shadow", "none", NULL, 0),
		RECORD("info", "endless", "a=b", 3),
		RECORD("info", "two", "a=b\0c", 6),
		TEXT("info", "no_value", "a"),
		TEXT("rules", "later", "a=b"),
	};
	struct scene_pair pair;
	struct mkp_author author;

	(void)state;
	READ(&pair, nothing, patched, &author);
	assert_true(author.nr_records >= 9);
	for (size_t i = 0; i < author.nr_records; i++)
		if (!author.records[i].trouble)
			fail_msg("%s is well-formed",
				 mkp_atom_name(pair.diff->patched,
					       author.records[i].atom));
	mkp_author_deinit(&author);
	scene_pair_deinit(&pair);
}

static void what_the_original_has_counts_for_nothing(void **state)
{
	static const struct scene_thing orig[] = {
		FUNCTION("kept"),
		POINTER("post_patch", "mkpatch_post_patch_kept", 8, "kept", 0),
		TEXT("info", "mkpatch_info_2", "fix=CVE-1"),
		TEXT("info", "mkpatch_info_3", "fix=CVE-2"),
	};
	static const struct scene_thing patched[] = {
		FUNCTION("kept"),
		POINTER("post_patch", "mkpatch_post_patch_kept", 8, "kept", 0),
		TEXT("info", "mkpatch_info_2", "fix=CVE-1"),
		TEXT("info", "mkpatch_info_3", "fix=CVE-3"),
	};
	struct scene_pair pair;
	struct mkp_author author;

	(void)state;
	READ(&pair, orig, patched, &author);
	assert_int_equal(author.nr_records, 1);
	assert_string_equal(author.records[0].text, "CVE-3");
	assert_true(mkp_diff_is_unchanged(pair.diff));
	assert_false(scene_included(&pair, "kept"));
	mkp_author_deinit(&author);
	scene_pair_deinit(&pair);
}

static void new_callbacks_are_carried_and_records_are_not(void **state)
{
	static const struct scene_thing patched[] = {
		FUNCTION("kept"),
		FUNCTION("fresh"),
		FUNCTION("idle"),
		POINTER("post_patch", "record", 8, "fresh", 0),
		POINTER("pre_patch", "other", 8, "kept", 0),
	};
	struct scene_pair pair;

	(void)state;
	SCENE_PAIR(&pair, nothing, patched);
	assert_true(scene_included(&pair, "fresh"));
	assert_false(scene_included(&pair, "record"));
	assert_false(scene_included(&pair, "kept"));
	assert_false(scene_included(&pair, "idle"));
	assert_int_equal(pair.selection->nr_replaced, 0);
	assert_int_equal(pair.selection->nr_callbacks, 1);
	scene_pair_deinit(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_read),
		cmocka_unit_test(malformed_records_have_their_trouble),
		cmocka_unit_test(what_the_original_has_counts_for_nothing),
		cmocka_unit_test(new_callbacks_are_carried_and_records_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
