// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "emit/directory.h"

/* Each test works in an empty directory of its own. */
struct place {
	char top[32];
	char *out; /* below it, not there yet */
};

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	if (!place)
		return -1;
	strcpy(place->top, "/tmp/mkp-directory-XXXXXX");
	*state = place;
	return mkdtemp(place->top) && asprintf(&place->out, "%s/out", place->top) > 0
		       ? 0
		       : -1;
}

static char *below(const char *directory, const char *name)
{
	char *path;

	assert_true(asprintf(&path, "%s/%s", directory, name) > 0);
	return path;
}

static void remove_file(const char *directory, const char *name)
{
	char *path = below(directory, name);

	if (unlink(path))
		rmdir(path);
	free(path);
}

static int tear_down(void **state)
{
	struct place *place = *state;

	remove_file(place->out, "manifest");
	remove_file(place->out, "other");
	rmdir(place->out);
	unlink(place->out);
	/* It fails if a test left anything else behind. */
	if (rmdir(place->top))
		return -1;
	free(place->out);
	free(place);
	return 0;
}

static int count_entries(const char *path)
{
	DIR *stream = opendir(path);
	int count = 0;

	assert_non_null(stream);
	while (readdir(stream))
		count++;
	closedir(stream);
	return count - 2;
}

static struct mkp_error *write_text(const void *text, FILE *stream)
{
	fputs(text, stream);
	return NULL;
}

static struct mkp_error *write_nothing(const void *text MKP_UNUSED,
				       FILE *stream MKP_UNUSED)
{
	return mkp_error_create(MKP_ERROR_INTERNAL, "no");
}

static void assert_content(const char *directory, const char *name, const char *expected)
{
	char *path = below(directory, name), text[64] = "";
	FILE *stream = fopen(path, "r");

	free(path);
	if (!expected) {
		assert_null(stream);
		return;
	}
	assert_non_null(stream);
	assert_true(fgets(text, sizeof(text), stream));
	fclose(stream);
	assert_string_equal(text, expected);
}

static void make(const char *path, const char *text)
{
	struct mkp_directory *directory;

	assert_null(mkp_directory_create(path, "manifest", &directory));
	assert_null(mkp_directory_write(directory, "manifest", write_text, text));
	assert_null(mkp_directory_commit(directory));
	mkp_directory_destroy(directory);
}

static void refuse(const char *path)
{
	struct mkp_directory *directory = NULL;
	struct mkp_error *error = mkp_directory_create(path, "manifest", &directory);

	assert_non_null(error);
	assert_int_equal(error->code, MKP_ERROR_USAGE);
	assert_null(directory);
	mkp_error_destroy(error);
}

static void appears_whole(void **state)
{
	const struct place *place = *state;
	struct mkp_directory *directory;
	struct stat status;
	char *path;

	assert_null(mkp_directory_create(place->out, "manifest", &directory));
	assert_null(mkp_directory_write(directory, "manifest", write_text, "one"));
	assert_int_equal(access(place->out, F_OK), -1);
	assert_null(mkp_directory_path(directory, "other", &path));
	assert_true(!strncmp(path, place->top, strlen(place->top)));
	free(path);
	assert_null(mkp_directory_commit(directory));
	mkp_directory_destroy(directory);
	assert_content(place->out, "manifest", "one");
	assert_int_equal(stat(place->out, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0755);
	assert_int_equal(count_entries(place->top), 1);
}

static void or_not_at_all(void **state)
{
	const struct place *place = *state;
	struct mkp_directory *directory;
	struct mkp_error *error;

	assert_null(mkp_directory_create(place->out, "manifest", &directory));
	assert_null(mkp_directory_write(directory, "manifest", write_text, "one"));
	error = mkp_directory_write(directory, "other", write_nothing, NULL);
	assert_non_null(error);
	mkp_error_destroy(error);
	mkp_directory_destroy(directory);
	assert_int_equal(count_entries(place->top), 0);
	mkp_directory_destroy(NULL);
}

static void replaces_its_own(void **state)
{
	const struct place *place = *state;
	char *slashes, *left = below(place->out, "other");

	make(place->out, "one");
	/* What kbuild leaves goes with it. */
	assert_int_equal(close(creat(left, 0600)), 0);
	free(left);
	assert_true(asprintf(&slashes, "%s//", place->out) > 0);
	make(slashes, "two");
	free(slashes);
	assert_content(place->out, "manifest", "two");
	assert_content(place->out, "other", NULL);
	assert_int_equal(count_entries(place->top), 1);
}

static void keeps_the_old_one_until_then(void **state)
{
	const struct place *place = *state;
	struct mkp_directory *directory;

	make(place->out, "one");
	assert_null(mkp_directory_create(place->out, "manifest", &directory));
	assert_null(mkp_directory_write(directory, "manifest", write_text, "two"));
	assert_content(place->out, "manifest", "one");
	mkp_directory_destroy(directory);
	assert_content(place->out, "manifest", "one");
	assert_int_equal(count_entries(place->top), 1);
}

static void takes_an_empty_one(void **state)
{
	const struct place *place = *state;

	assert_int_equal(mkdir(place->out, 0700), 0);
	make(place->out, "one");
	assert_content(place->out, "manifest", "one");
}

static void touches_nothing_else(void **state)
{
	const struct place *place = *state;
	char *path = below(place->out, "other");

	assert_int_equal(mkdir(place->out, 0700), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	free(path);
	refuse(place->out);
	assert_int_equal(count_entries(place->out), 1);
	remove_file(place->out, "other");
	assert_int_equal(rmdir(place->out), 0);
	assert_int_equal(close(creat(place->out, 0600)), 0);
	refuse(place->out);
	assert_int_equal(access(place->out, F_OK), 0);
	assert_int_equal(count_entries(place->top), 1);
}

static void says_where_it_can_not_be(void **state)
{
	const struct place *place = *state;
	char *path = below(place->out, "inner");
	struct mkp_directory *directory = NULL;
	struct mkp_error *error = mkp_directory_create(path, "manifest", &directory);

	assert_non_null(error);
	assert_int_equal(error->code, MKP_ERROR_IO);
	assert_non_null(strstr(error->message, "inner"));
	assert_null(directory);
	mkp_error_destroy(error);
	free(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(appears_whole),
		TEST(or_not_at_all),
		TEST(replaces_its_own),
		TEST(keeps_the_old_one_until_then),
		TEST(takes_an_empty_one),
		TEST(touches_nothing_else),
		TEST(says_where_it_can_not_be),
	};

	return cmocka_run_group_tests_name("emit/directory", tests, NULL, NULL);
}
