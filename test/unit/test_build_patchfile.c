// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "build/patchfile.h"

static struct mkp_error *collect(void *data, const char *path)
{
	fprintf(data, "%s ", path);
	return NULL;
}

/* The paths that are found, or the error. */
static struct mkp_error *read_paths(const char *text, unsigned int strip,
				    char **ret_paths)
{
	size_t size;
	FILE *stream = open_memstream(ret_paths, &size);
	struct mkp_error *error;

	assert_non_null(stream);
	error = mkp_patchfile_paths(text, "fix.patch", strip, collect, stream);
	fclose(stream);
	return error;
}

static void check(const char *text, unsigned int strip, const char *expected)
{
	char *paths = NULL;

	assert_null(read_paths(text, strip, &paths));
	assert_string_equal(paths, expected);
	free(paths);
}

static void check_error(const char *text, const char *words)
{
	char *paths = NULL;
	struct mkp_error *error = read_paths(text, 1, &paths);
	char *message;

	assert_non_null(error);
	message = mkp_error_string(error);
	assert_non_null(strstr(message, words));
	free(message);
	free(paths);
	mkp_error_destroy(error);
}

#define HUNK "@@ -1 +1 @@\n-a\n+b\n"

static void finds_paths(void **state MKP_UNUSED)
{
	check("--- a/fs/x.c\n+++ b/fs/x.c\n" HUNK, 1, "fs/x.c fs/x.c ");
	check("--- fs/x.c\t2026-01-01\n+++ fs/x.c\t2026-01-02\n" HUNK, 0,
	      "fs/x.c fs/x.c ");
	check("--- /dev/null\n+++ b/new.c\n@@ -0,0 +1 @@\n+b\n", 1, "new.c ");
	check("--- a/old.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-b\n", 1, "old.c ");
	check("Some words.\n\nindex 1..2\n--- a/x\n+++ b/x\n" HUNK "-- \n2.39\n", 1,
	      "x x ");
	check("--- l/a/x\n+++ l/b/x\n" HUNK, 2, "x x ");
	check("--- a/x\r\n+++ b/x\r\n" HUNK, 1, "x x ");
}

static void finds_renames(void **state MKP_UNUSED)
{
	check("diff --git a/x.c b/y.c\nsimilarity index 100%\nrename from x.c\nrename to "
	      "y.c\n",
	      1, "x.c y.c ");
}

/* A removed line "-- x" looks like a header; only the counts of the hunk tell. */
static void counts_lines(void **state MKP_UNUSED)
{
	check("--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- a/y\n+++ b/y\n c\n", 1, "x x ");
	check("--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-a\n\n+b\n\\ No newline at end of "
	      "file\n",
	      1, "x x ");
}

static void refuses(void **state MKP_UNUSED)
{
	check_error("", "no unified diff");
	check_error("Only in a: x\n", "no unified diff");
	check_error("--- a/../x\n+++ b/../x\n" HUNK, "leaves the source");
	check_error("--- a/x/../../../y\n+++ b/x\n" HUNK, "leaves the source");
	check_error("--- a//etc/passwd\n+++ b//etc/passwd\n" HUNK, "leaves the source");
	check_error("--- /etc/passwd\n+++ /etc/passwd\n@@ -1 +1 @@\n-a\n", "too early");
	check_error("--- x\n+++ x\n" HUNK, "leaves the source");
	check_error("--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n-a\n", "fix.patch:3");
	check_error("--- a/x\n+++ b/x\n@@ -1,3 garbage\n", "malformed");
	check_error("diff --git a/x b/x\nGIT binary patch\n", "binary");
	check_error("--- \"a/x\\n\"\n+++ b/x\n" HUNK, "quotes");
	check_error("rename from ../x\n", "leaves the source");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_paths),
		cmocka_unit_test(finds_renames),
		cmocka_unit_test(counts_lines),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
