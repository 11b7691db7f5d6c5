// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cache of a vmlinux's symbols, and what a vmlinux says of its release: on a file
 * that is made here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <sys/stat.h>

#include "base/array.h"
#include "image/private.h"
#include "support_elfgen.h"
#include "test_image_files.h"

#define TEXT_AT UINT64_C(0xffffffff81000000)
#define DATA_AT UINT64_C(0xffffffff82000000)

static const char banner_6_1[] = "Linux version 6.1.0-56-amd64 (x@y) #1\n";
static const char banner_6_11[] = "Linux version 6.11.2 (x@y) #1\n";

/* Build-id 0123...; @banner NULL: an image that does not say its release. */
static char *make_vmlinux(const char *banner, const char *extra)
{
	static const uint32_t note[] = { 4,	     8,		 NT_GNU_BUILD_ID,
					 0x00554e47, 0x67452301, 0xefcdab89 };
	struct elfgen *gen = elfgen_create(/* big_endian= */ false);
	const char *content = banner ? banner : banner_6_1;
	uint16_t text, data;
	char *path;

	gen->header.e_type = ET_EXEC;
	text = (uint16_t)elfgen_add(gen, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR,
				    NULL, 256);
	gen->sections[text].header.sh_addr = TEXT_AT;
	data = (uint16_t)elfgen_add(gen, ".rodata", SHT_PROGBITS, SHF_ALLOC, content,
				    strlen(content) + 1);
	gen->sections[data].header.sh_addr = DATA_AT;
	elfgen_add(gen, ".note.gnu.build-id", SHT_NOTE, 0, note, sizeof(note));
	elfgen_symbol(gen, "a.c", STB_LOCAL, STT_FILE, SHN_ABS, 0, 0);
	elfgen_symbol(gen, "twin", STB_LOCAL, STT_FUNC, text, TEXT_AT + 64, 16);
	elfgen_symbol(gen, "only_a", STB_LOCAL, STT_OBJECT, data, DATA_AT + 8, 8);
	elfgen_symbol(gen, "b.c", STB_LOCAL, STT_FILE, SHN_ABS, 0, 0);
	elfgen_symbol(gen, "twin", STB_LOCAL, STT_FUNC, text, TEXT_AT + 16, 16);
	elfgen_symbol(gen, "", STB_LOCAL, STT_FILE, SHN_ABS, 0, 0);
	elfgen_symbol(gen, "_text", STB_GLOBAL, STT_NOTYPE, text, TEXT_AT, 0);
	if (banner)
		elfgen_symbol(gen, "linux_banner", STB_GLOBAL, STT_OBJECT, data, DATA_AT,
			      32);
	elfgen_symbol(gen, "global", STB_GLOBAL, STT_FUNC, text, TEXT_AT + 32, 16);
	if (extra)
		elfgen_symbol(gen, extra, STB_GLOBAL, STT_FUNC, text, TEXT_AT + 96, 16);
	elfgen_tables(gen);
	elfgen_build(gen);
	path = elfgen_save(gen);
	elfgen_destroy(gen);
	return path;
}

struct scene {
	char *vmlinux, *directory, *file;
};

static struct scene make_scene(void)
{
	struct scene scene = { .vmlinux = make_vmlinux(banner_6_1, NULL),
			       .directory = strdup("/tmp/mkp-cache-XXXXXX") };

	assert_non_null(mkdtemp(scene.directory));
	assert_true(asprintf(&scene.file, "%s/0123456789abcdef.symbols",
			     scene.directory) > 0);
	return scene;
}

static void drop_scene(struct scene *scene)
{
	unlink(scene->file);
	rmdir(scene->directory);
	free(scene->file);
	free(scene->directory);
	drop_file(scene->vmlinux);
}

static struct mkp_image *open_cached(const struct scene *scene)
{
	const struct mkp_image_source source = { .path = scene->vmlinux,
						 .cache = scene->directory };
	struct mkp_image *image = NULL;

	assert_no_error(mkp_image_open_source(&source, &image));
	return image;
}

static uint64_t position_in(const struct mkp_image *image, const char *file)
{
	const struct mkp_image_query query = {
		.name = "twin", .file = file, .local = true, .function = true
	};
	struct mkp_image_match match;

	mkp_image_resolve(image, &query, &match);
	assert_int_equal(match.verdict, MKP_RESOLVED);
	return match.position;
}

/* Whatever it was read from, it is this image. */
static void check_image(const struct mkp_image *image)
{
	static const char *const order[] = { "_text", "twin",	      "global",
					     "twin",  "linux_banner", "only_a" };
	size_t count;
	const struct mkp_image_symbol *symbols = mkp_image_symbols(image, &count);

	assert_int_equal(count, MKP_ARRAY_SIZE(order));
	for (size_t i = 0; i < count; i++)
		assert_string_equal(symbols[i].name, order[i]);
	assert_string_equal(symbols[1].file, "b.c");
	assert_true(symbols[1].local && symbols[1].function && !symbols[1].global);
	assert_int_equal(symbols[1].size, 16);
	assert_true(symbols[1].address == TEXT_AT + 16);
	assert_null(symbols[2].file);
	assert_true(symbols[5].object);
	assert_int_equal(position_in(image, "b.c"), 1);
	assert_int_equal(position_in(image, "a.c"), 2);
	assert_string_equal(mkp_image_release(image), "6.1.0-56-amd64");
	assert_int_equal(image->version, MKP_IMAGE_VERSION(6, 1));
	assert_int_equal(image->blocks[1].nr_locals, 2);
}

/* Opens, and says whether it came from the cache. */
static bool opens_from_cache(const struct scene *scene)
{
	struct mkp_image *image = open_cached(scene);
	bool cached = image->cache;

	check_image(image);
	mkp_image_destroy(image);
	return cached;
}

static void second_run(void **state MKP_UNUSED)
{
	struct scene scene = make_scene();

	assert_false(opens_from_cache(&scene));
	assert_true(opens_from_cache(&scene));
	/* The directory is made. */
	unlink(scene.file);
	assert_int_equal(rmdir(scene.directory), 0);
	assert_false(opens_from_cache(&scene));
	assert_true(opens_from_cache(&scene));
	drop_scene(&scene);
}

/* Users who share a directory read what one of them has written, if the umask lets them.
 */
static void others_may_read(void **state MKP_UNUSED)
{
	struct scene scene = make_scene();
	mode_t mask = umask(022);
	struct stat st;

	assert_false(opens_from_cache(&scene));
	assert_int_equal(stat(scene.file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	unlink(scene.file);
	umask(077);
	assert_false(opens_from_cache(&scene));
	assert_int_equal(stat(scene.file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	umask(mask);
	drop_scene(&scene);
}

/* Nothing but the cache is in its directory. */
static size_t count_files(const char *directory)
{
	DIR *stream = opendir(directory);
	size_t count = 0;

	assert_non_null(stream);
	while (readdir(stream))
		count++;
	closedir(stream);
	return count - 2;
}

/* Each byte of the file, changed: it is not taken, and made again. */
static void damaged(void **state MKP_UNUSED)
{
	struct scene scene = make_scene();
	struct stat status;

	assert_false(opens_from_cache(&scene));
	assert_int_equal(stat(scene.file, &status), 0);
	for (off_t at = 0; at < status.st_size; at++) {
		FILE *stream = fopen(scene.file, "r+");
		int byte;

		assert_non_null(stream);
		fseeko(stream, at, SEEK_SET);
		byte = fgetc(stream);
		fseeko(stream, at, SEEK_SET);
		fputc(byte ^ 1, stream);
		fclose(stream);
		assert_false(opens_from_cache(&scene));
	}
	for (off_t size = 0; size < status.st_size; size += 7) {
		assert_int_equal(truncate(scene.file, size), 0);
		assert_false(opens_from_cache(&scene));
	}
	assert_int_equal(truncate(scene.file, status.st_size + 8), 0);
	assert_false(opens_from_cache(&scene));
	assert_true(opens_from_cache(&scene));
	assert_int_equal(count_files(scene.directory), 1);
	drop_scene(&scene);
}

/* The same build-id and size, and other symbols: it has no longer those of the first. */
static void foreign(void **state MKP_UNUSED)
{
	static const char *const extra[] = { "alpha", "omega", "omega" };
	struct scene scene = make_scene();

	for (size_t i = 0; i < MKP_ARRAY_SIZE(extra); i++) {
		struct mkp_image *image;
		size_t count;
		const struct mkp_image_symbol *symbols;

		drop_file(scene.vmlinux);
		scene.vmlinux = make_vmlinux(banner_6_1, extra[i]);
		image = open_cached(&scene);
		symbols = mkp_image_symbols(image, &count);
		assert_int_equal(count, 7);
		assert_string_equal(symbols[4].name, extra[i]);
		assert_int_equal(image->cache != NULL, i == 2);
		mkp_image_destroy(image);
	}
	drop_scene(&scene);
}

static void cannot_be_written(void **state MKP_UNUSED)
{
	struct scene scene = make_scene();
	struct mkp_image_source source = { .path = scene.vmlinux, .cache = "/dev/null" };
	struct mkp_image *image = NULL;
	struct mkp_error *error = mkp_image_open_source(&source, &image);

	assert_non_null(error);
	assert_int_equal(error->code, MKP_ERROR_IO);
	assert_null(image);
	mkp_error_destroy(error);
	drop_scene(&scene);
}

/* ---- Names that clang's LTO made ---- */

static enum mkp_image_reason ask(const char *banner, const char *extra, const char *name)
{
	const struct mkp_image_query query = { .name = name, .function = true };
	char *path = make_vmlinux(banner, extra);
	struct mkp_image_match match;
	struct mkp_image *image = NULL;

	assert_no_error(mkp_image_open(path, NULL, &image));
	mkp_image_resolve(image, &query, &match);
	assert_int_equal(match.verdict == MKP_RESOLVED, match.reason == MKP_BY_NAME);
	mkp_image_destroy(image);
	drop_file(path);
	return match.reason;
}

static void lto_names(void **state MKP_UNUSED)
{
	static const char suffixed[] = "global.llvm.17132";

	assert_int_equal(ask(banner_6_1, suffixed, "global"), MKP_SHORTENED);
	assert_int_equal(ask(banner_6_1, suffixed, suffixed), MKP_SHORTENED);
	assert_int_equal(ask(NULL, suffixed, "global"), MKP_SHORTENED);
	assert_int_equal(ask(banner_6_11, suffixed, "global"), MKP_BY_NAME);
	assert_int_equal(ask(banner_6_11, suffixed, suffixed), MKP_BY_NAME);
	/* Others of the same kernel are what they are. */
	assert_int_equal(ask(banner_6_1, "globa.llvm.1", "global"), MKP_BY_NAME);
	assert_int_equal(ask(banner_6_1, "global.llvm", "global"), MKP_BY_NAME);
	assert_int_equal(ask(banner_6_1, NULL, "global"), MKP_BY_NAME);
}

/* The image's own version chooses what is dropped. */
static void rules_by_version(void **state MKP_UNUSED)
{
	assert_int_equal(ask(banner_6_1, "kallsyms_names", "kallsyms_names"),
			 MKP_NO_NAME);
	assert_int_equal(
		ask("Linux version 6.12.117+deb12", "kallsyms_names", "kallsyms_names"),
		MKP_BY_NAME);
	assert_int_equal(ask(NULL, "kallsyms_names", "kallsyms_names"), MKP_NO_NAME);
	assert_int_equal(ask("Linux version 6.12.117+deb12", "__crc_x", "__crc_x"),
			 MKP_NO_NAME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(second_run),	     cmocka_unit_test(damaged),
		cmocka_unit_test(foreign),	     cmocka_unit_test(lto_names),
		cmocka_unit_test(cannot_be_written), cmocka_unit_test(others_may_read),
		cmocka_unit_test(rules_by_version),
	};

	return cmocka_run_group_tests_name("image/cache", tests, NULL, NULL);
}
