// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "elf/object.h"
#include "elf/output.h"

struct scratch {
	char directory[32];
	char path[64];
};

static int set_up(void **state)
{
	struct scratch *scratch = calloc(1, sizeof(*scratch));

	assert_non_null(scratch);
	strcpy(scratch->directory, "/tmp/mkpatch-test-XXXXXX");
	assert_non_null(mkdtemp(scratch->directory));
	snprintf(scratch->path, sizeof(scratch->path), "%s/out.o", scratch->directory);
	*state = scratch;
	return 0;
}

static int tear_down(void **state)
{
	struct scratch *scratch = *state;

	unlink(scratch->path);
	rmdir(scratch->directory);
	free(scratch);
	return 0;
}

static struct mkp_error *write_sample(const char *path, mode_t mode)
{
	struct mkp_output_section sections[] = {
		{ .name = "" },
		{ .name = ".data",
		  .header = { .sh_type = SHT_PROGBITS, .sh_size = 5, .sh_addralign = 1 },
		  .data = "four" },
		{ .name = ".bss",
		  .header = { .sh_type = SHT_NOBITS, .sh_size = 9, .sh_addralign = 32 } },
		{ .name = ".shstrtab", .header = { .sh_type = SHT_STRTAB } },
	};
	struct mkp_output output = {
		.machine = EM_AARCH64,
		.mode = mode,
		.osabi = ELFOSABI_GNU,
		.names = 3,
		.nr_sections = 4,
		.sections = sections,
	};

	return mkp_output_write(&output, path);
}

static int count_files(const char *directory)
{
	DIR *stream = opendir(directory);
	int count = 0;

	assert_non_null(stream);
	for (struct dirent *entry; (entry = readdir(stream));)
		count += entry->d_name[0] != '.';
	closedir(stream);
	return count;
}

static mode_t mode_of(const char *path)
{
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	return status.st_mode & 0777;
}

static void writes_sections(void **state)
{
	const struct scratch *scratch = *state;
	struct mkp_object *object = NULL;

	assert_null(write_sample(scratch->path, 0));
	assert_null(mkp_object_open(scratch->path, &object));
	assert_int_equal(object->machine, EM_AARCH64);
	assert_int_equal(object->image[EI_OSABI], ELFOSABI_GNU);
	assert_int_equal(object->nr_sections, 4);
	assert_string_equal(object->sections[1].name, ".data");
	assert_string_equal((const char *)object->sections[1].data, "four");
	assert_int_equal(object->sections[2].size, 9);
	assert_int_equal(object->sections[2].align, 32);
	mkp_object_destroy(object);
	assert_int_equal(count_files(scratch->directory), 1);
}

static void follows_the_umask(void **state)
{
	const struct scratch *scratch = *state;
	mode_t old = umask(027);

	assert_null(write_sample(scratch->path, 0));
	umask(old);
	assert_int_equal(mode_of(scratch->path), 0640);
	assert_null(write_sample(scratch->path, 0600));
	assert_int_equal(mode_of(scratch->path), 0600);
}

static void replaces_a_file(void **state)
{
	const struct scratch *scratch = *state;
	FILE *old = fopen(scratch->path, "w+");
	char text[4] = "";

	assert_non_null(old);
	fputs("old", old);
	fflush(old);
	assert_null(write_sample(scratch->path, 0));
	/* Whoever has the old one open still has it. */
	rewind(old);
	assert_int_equal(fread(text, 1, 3, old), 3);
	assert_string_equal(text, "old");
	fclose(old);
	assert_int_equal(count_files(scratch->directory), 1);
}

static void refused(struct mkp_error *error)
{
	assert_non_null(error);
	assert_int_equal(error->code, MKP_ERROR_IO);
	mkp_error_destroy(error);
}

static void leaves_nothing_behind(void **state)
{
	const struct scratch *scratch = *state;
	char path[128];

	/* The target is a directory that is not empty: the last step fails. */
	assert_int_equal(mkdir(scratch->path, 0700), 0);
	snprintf(path, sizeof(path), "%s/in", scratch->path);
	assert_int_equal(mkdir(path, 0700), 0);
	refused(write_sample(scratch->path, 0));
	assert_int_equal(count_files(scratch->directory), 1);
	snprintf(path, sizeof(path), "%s/none/out.o", scratch->directory);
	refused(write_sample(path, 0));
	snprintf(path, sizeof(path), "%s/in", scratch->path);
	rmdir(path);
	rmdir(scratch->path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(writes_sections, set_up, tear_down),
		cmocka_unit_test_setup_teardown(follows_the_umask, set_up, tear_down),
		cmocka_unit_test_setup_teardown(replaces_a_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(leaves_nothing_behind, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("elf/output", tests, NULL, NULL);
}
