// SPDX-License-Identifier: GPL-2.0-or-later
/* System.map and kallsyms text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "image/image.h"
#include "test_image_files.h"

static struct mkp_image *open_text(const char *text, const char *module)
{
	struct mkp_image *image = NULL;
	char *path = make_text(text);

	assert_no_error(mkp_image_open(path, module, &image));
	drop_file(path);
	return image;
}

static void refuse_bytes(const void *bytes, size_t size, const char *module,
			 enum mkp_error_code code, const char *part)
{
	struct mkp_image *const untouched = (struct mkp_image *)1;
	struct mkp_image *image = untouched;
	char *path = make_file(bytes, size);

	assert_error(mkp_image_open(path, module, &image), code, part);
	assert_ptr_equal(image, untouched);
	drop_file(path);
}

static void refuse_text(const char *text, const char *module, enum mkp_error_code code,
			const char *part)
{
	refuse_bytes(text, strlen(text), module, code, part);
}

static struct mkp_image_match ask(const struct mkp_image *image, const char *name,
				  bool local, bool function, bool object)
{
	struct mkp_image_match match;

	mkp_image_resolve(image,
			  &(struct mkp_image_query){
				  .name = name,
				  .file = local ? "some.c" : NULL,
				  .local = local,
				  .function = function,
				  .object = object,
				  .size = 16,
			  },
			  &match);
	return match;
}

#define FUNCTION true, false
#define VARIABLE false, true
#define ANYTHING false, false

static void expect_position(const struct mkp_image *image, const char *name, bool local,
			    bool function, bool object, uint64_t position,
			    uint64_t address)
{
	struct mkp_image_match match = ask(image, name, local, function, object);

	assert_int_equal(match.verdict, MKP_RESOLVED);
	assert_int_equal(match.position, position);
	assert_int_equal(match.symbol->address, address);
	assert_string_equal(match.symbol->name, name);
	assert_false(match.size_differs);
}

static void expect_verdict(const struct mkp_image *image, const char *name, bool local,
			   bool function, bool object, enum mkp_image_reason reason)
{
	struct mkp_image_match match = ask(image, name, local, function, object);

	assert_int_equal(match.reason, reason);
	assert_int_equal(match.verdict,
			 reason == MKP_SEVERAL ? MKP_AMBIGUOUS : MKP_NOT_FOUND);
	assert_null(match.symbol);
}

/* Not in the order of the addresses: positions must not come from the rows. */
static const char sysmap[] = "0000000000000000 D __per_cpu_start\n"
			     "0000000001000000 A phys_startup_64\n"
			     "ffffffff81000300 t twice\n"
			     "ffffffff81000100 T unique\n"
			     "ffffffff81000200 t twice\n"
			     "ffffffff81000400 t mixed\n"
			     "ffffffff82000000 d mixed\n"
			     "ffffffff81000500 t shadowed\n"
			     "ffffffff81000600 T shadowed\n"
			     "ffffffff81000700 W weak\n"
			     "ffffffff81000800 t alias\n"
			     "ffffffff81000800 t alias\n"
			     "ffffffff82000100 D variable\n"
			     "ffffffff82000200 A mixed\n"
			     "ffffffff82000300 r __kstrtab_unique\n";

static void sysmap_positions(void **state)
{
	struct mkp_image *image = open_text(sysmap, NULL);

	(void)state;
	assert_int_equal(mkp_image_kind(image), MKP_IMAGE_SYSMAP);
	assert_null(mkp_image_object(image));
	assert_null(mkp_image_module_name(image));
	expect_position(image, "unique", false, FUNCTION, 0, 0xffffffff81000100);
	expect_position(image, "unique", false, ANYTHING, 0, 0xffffffff81000100);
	expect_position(image, "variable", false, VARIABLE, 0, 0xffffffff82000100);
	expect_position(image, "mixed", true, FUNCTION, 1, 0xffffffff81000400);
	/* The absolute `mixed` is not in kallsyms, so the variable is the second. */
	expect_position(image, "mixed", true, VARIABLE, 2, 0xffffffff82000000);
	expect_position(image, "shadowed", true, FUNCTION, 1, 0xffffffff81000500);
	expect_position(image, "shadowed", false, FUNCTION, 2, 0xffffffff81000600);
	expect_position(image, "weak", false, FUNCTION, 0, 0xffffffff81000700);
	/* One place with two names that are the same: kallsyms counts two. */
	expect_position(image, "alias", true, FUNCTION, 1, 0xffffffff81000800);
	mkp_image_destroy(image);
}

static void sysmap_refusals(void **state)
{
	struct mkp_image *image = open_text(sysmap, NULL);
	struct mkp_image_match match = ask(image, "twice", true, FUNCTION);

	(void)state;
	assert_int_equal(match.verdict, MKP_AMBIGUOUS);
	assert_int_equal(match.nr_same_name, 2);
	assert_int_equal(match.nr_candidates, 2);
	expect_verdict(image, "twice", true, FUNCTION, MKP_SEVERAL);
	expect_verdict(image, "mixed", true, ANYTHING, MKP_SEVERAL);
	expect_verdict(image, "twice", false, FUNCTION, MKP_OTHER_KIND);
	expect_verdict(image, "unique", true, FUNCTION, MKP_OTHER_KIND);
	expect_verdict(image, "unique", false, VARIABLE, MKP_OTHER_KIND);
	expect_verdict(image, "weak", true, FUNCTION, MKP_OTHER_KIND);
	expect_verdict(image, "none", false, FUNCTION, MKP_NO_NAME);
	expect_verdict(image, "", false, FUNCTION, MKP_NO_NAME);
	expect_verdict(image, "phys_startup_64", false, ANYTHING, MKP_NO_NAME);
	expect_verdict(image, "__kstrtab_unique", true, ANYTHING, MKP_NO_NAME);
	mkp_image_destroy(image);
}

static const char kallsyms[] = "0000000000000000 A __per_cpu_start\n"
			       "0000000000001000 A cpu_number\n"
			       "ffffffff81000100 T unique\n"
			       "ffffffff81000200 t helper\n"
			       "ffffffffc0000500 t helper\t[snd_card]\n"
			       "ffffffffc0000400 t helper\t[snd_card]\n"
			       "ffffffffc0000600 T unique\t[snd_card]\n"
			       "ffffffffc0000700 d state\t[snd_card]\n"
			       "ffffffffc0000800 w hook\t[snd_card]\n"
			       "ffffffffc0010000 t helper\t[snd]\n"
			       "ffffffffc0020000 t bpf_prog_1\t[bpf]\n";

static void kallsyms_of_vmlinux(void **state)
{
	struct mkp_image *image = open_text(kallsyms, NULL);
	size_t count;

	(void)state;
	assert_int_equal(mkp_image_kind(image), MKP_IMAGE_KALLSYMS);
	assert_non_null(mkp_image_symbols(image, &count));
	assert_int_equal(count, 4);
	expect_position(image, "helper", true, FUNCTION, 0, 0xffffffff81000200);
	expect_position(image, "unique", false, FUNCTION, 0, 0xffffffff81000100);
	/* kallsyms shows per-CPU variables as absolute, and keeps them. */
	expect_position(image, "cpu_number", false, VARIABLE, 0, 0x1000);
	expect_verdict(image, "bpf_prog_1", true, FUNCTION, MKP_NO_NAME);
	mkp_image_destroy(image);
}

/* In the order of the rows, since that is the one in which livepatch counts. */
static void kallsyms_of_module(void **state)
{
	struct mkp_image *image = open_text(kallsyms, "snd_card");
	size_t count;
	const struct mkp_image_symbol *symbols = mkp_image_symbols(image, &count);

	(void)state;
	assert_int_equal(count, 5);
	assert_int_equal(symbols[0].address, 0xffffffffc0000500);
	assert_int_equal(symbols[1].address, 0xffffffffc0000400);
	/* A small letter says "not exported", so both bindings fit. */
	expect_position(image, "state", true, VARIABLE, 0, 0xffffffffc0000700);
	expect_position(image, "state", false, VARIABLE, 0, 0xffffffffc0000700);
	expect_position(image, "unique", false, FUNCTION, 0, 0xffffffffc0000600);
	expect_position(image, "hook", false, FUNCTION, 0, 0xffffffffc0000800);
	expect_verdict(image, "unique", true, FUNCTION, MKP_OTHER_KIND);
	expect_verdict(image, "hook", true, FUNCTION, MKP_OTHER_KIND);
	expect_verdict(image, "helper", true, FUNCTION, MKP_SEVERAL);
	mkp_image_destroy(image);
}

static void kallsyms_without_modules(void **state)
{
	struct mkp_image *image = open_text("0000000000000000 A __per_cpu_start\n"
					    "0000000000001000 A cpu_number\n"
					    "ffffffff81000000 T _text\n",
					    NULL);

	(void)state;
	assert_int_equal(mkp_image_kind(image), MKP_IMAGE_KALLSYMS);
	expect_position(image, "cpu_number", false, VARIABLE, 0, 0x1000);
	mkp_image_destroy(image);
}

static void refused(void **state)
{
	(void)state;
	refuse_text("ffffffffffffffff B The real System.map is in the "
		    "linux-image-<version>-dbg package\n",
		    NULL, MKP_ERROR_FORMAT, "placeholder");
	refuse_text("0000000000000000 A __per_cpu_start\n0000000000000000 T _text\n"
		    "0000000000000000 t f\t[mod]\n",
		    NULL, MKP_ERROR_UNSUPPORTED, "run as root");
	refuse_text("0000000000000000 t f\t[mod]\n", "mod", MKP_ERROR_UNSUPPORTED,
		    "run as root");
	refuse_text(kallsyms, "snd_car", MKP_ERROR_USAGE, "not loaded");
	refuse_text(sysmap, "snd_card", MKP_ERROR_USAGE, "not loaded");
	refuse_text("", NULL, MKP_ERROR_FORMAT, "empty");
	refuse_text("ffffffff81000000 A only_absolute\n", NULL, MKP_ERROR_FORMAT,
		    "no symbols");
}

#define GOOD "ffffffff81000000 T _text\n"

static void malformed(void **state)
{
	(void)state;
	refuse_text(GOOD "\n" GOOD, NULL, MKP_ERROR_FORMAT, ":2: not a line");
	refuse_text(GOOD "T foo\n", NULL, MKP_ERROR_FORMAT, ":2: not a line");
	refuse_text(GOOD "ffffffff81000000 foo\n", NULL, MKP_ERROR_FORMAT, ":2: not a");
	refuse_text(GOOD "ffffffff81000000 T \n", NULL, MKP_ERROR_FORMAT, ":2: not a");
	refuse_text(GOOD "ffffffff81000000 T a b\n", NULL, MKP_ERROR_FORMAT, ":2: not a");
	refuse_text(GOOD "ffffffff81000000 T a\r\n", NULL, MKP_ERROR_FORMAT, ":2: not a");
	refuse_text(GOOD "ffffffff81000000 T a\tmod\n", NULL, MKP_ERROR_FORMAT,
		    ":2: not");
	refuse_text(GOOD "ffffffff81000000 T a\t[]\n", NULL, MKP_ERROR_FORMAT,
		    ":2: not a");
	refuse_text(GOOD "ffffffff81000000 T \t[m]\n", NULL, MKP_ERROR_FORMAT,
		    ":2: not a");
	refuse_text(GOOD "fffffffff81000000 T a\n", NULL, MKP_ERROR_FORMAT, ":2: not a");
	refuse_text(GOOD "ffffffff81000000", NULL, MKP_ERROR_FORMAT, ":2: not a line");
	refuse_text("#!/bin/sh\n", NULL, MKP_ERROR_FORMAT, ":1: not a line");
}

static void other_files(void **state)
{
	char boot[0x300] = "MZ";
	struct mkp_image *image;

	(void)state;
	refuse_bytes(boot, sizeof(boot), NULL, MKP_ERROR_UNSUPPORTED, "boot image");
	boot[0] = '\x90';
	memcpy(boot + 0x202, "HdrS", 4);
	refuse_bytes(boot, sizeof(boot), NULL, MKP_ERROR_UNSUPPORTED, "boot image");
	boot[0x202] = 'x';
	refuse_bytes(boot, sizeof(boot), NULL, MKP_ERROR_FORMAT, "neither ELF nor text");
	refuse_bytes("\x1f\x8b\x08", 3, NULL, MKP_ERROR_FORMAT, "gzip");
	refuse_bytes("\xfd"
		     "7zXZ\0",
		     6, "m", MKP_ERROR_FORMAT, "xz");
	refuse_bytes("\x28\xb5\x2f\xfd", 4, "m", MKP_ERROR_FORMAT, "zstd");
	assert_error(mkp_image_open("/tmp", NULL, &image), MKP_ERROR_FORMAT,
		     "not a regular file");
	assert_error(mkp_image_open("/nonexistent", NULL, &image), MKP_ERROR_IO,
		     "/nonexistent");
	assert_error(mkp_image_open("/dev/zero", NULL, &image), MKP_ERROR_FORMAT,
		     "not a regular file");
	mkp_image_destroy(NULL);
}

/* Opening one must not wait for a writer. */
static void named_pipe(void **state)
{
	char directory[] = "/tmp/mkp-image-XXXXXX", *path;
	struct mkp_image *image;

	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_true(asprintf(&path, "%s/fifo", directory) > 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_error(mkp_image_open(path, NULL, &image), MKP_ERROR_FORMAT,
		     "not a regular file");
	drop_file(path);
	rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sysmap_positions),
		cmocka_unit_test(sysmap_refusals),
		cmocka_unit_test(kallsyms_of_vmlinux),
		cmocka_unit_test(kallsyms_of_module),
		cmocka_unit_test(kallsyms_without_modules),
		cmocka_unit_test(refused),
		cmocka_unit_test(malformed),
		cmocka_unit_test(other_files),
		cmocka_unit_test(named_pipe),
	};

	return cmocka_run_group_tests_name("image/text", tests, NULL, NULL);
}
