// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "elf/writer.h"
#include "support_elfgen.h"
#include "support_random.h"

#define CODE (SHF_ALLOC | SHF_EXECINSTR)

static void ok(struct mkp_error *error)
{
	if (error)
		fail_msg("%s", mkp_error_string(error));
}

static void refused(struct mkp_error *error, const char *text)
{
	assert_non_null(error);
	assert_int_equal(error->code, MKP_ERROR_INTERNAL);
	assert_non_null(strstr(error->message, text));
	mkp_error_destroy(error);
}

static struct mkp_writer *create(void)
{
	struct mkp_writer *writer = NULL;

	ok(mkp_writer_create(EM_X86_64, 0, false, &writer));
	return writer;
}

static uint32_t add_section(struct mkp_writer *writer, const char *name, uint32_t type,
			    uint64_t flags)
{
	const struct mkp_writer_section section = {
		.name = name, .type = type, .flags = flags, .align = 1
	};
	uint32_t handle = 0;

	ok(mkp_writer_add_section(writer, &section, &handle));
	assert_int_not_equal(handle, 0);
	return handle;
}

static uint64_t append(struct mkp_writer *writer, uint32_t section, const void *bytes,
		       uint64_t size, uint64_t align, uint64_t phase)
{
	uint64_t offset = UINT64_MAX;

	ok(mkp_writer_append(writer, section, bytes, size, align, phase, &offset));
	return offset;
}

static uint32_t add_symbol(struct mkp_writer *writer, const char *name, uint8_t bind,
			   uint8_t type, uint32_t section, uint64_t value)
{
	const struct mkp_writer_symbol symbol = { .name = name,
						  .bind = bind,
						  .type = type,
						  .section = section,
						  .value = value };
	uint32_t handle = 0;

	ok(mkp_writer_add_symbol(writer, &symbol, &handle));
	return handle;
}

static void add_reloc(struct mkp_writer *writer, uint32_t section, uint64_t offset,
		      uint32_t symbol, int64_t addend, const char *livepatch)
{
	const struct mkp_writer_reloc reloc = {
		.offset = offset, .addend = addend, .type = 2, .symbol = symbol
	};

	ok(mkp_writer_add_reloc(writer, section, &reloc, livepatch));
}

/* Writes, destroys the writer and reads back. */
static struct mkp_object *finish(struct mkp_writer *writer)
{
	char path[] = "/tmp/mkpatch-test-XXXXXX";
	struct mkp_object *object = NULL;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	ok(mkp_writer_finish(writer, path));
	mkp_writer_destroy(writer);
	ok(mkp_object_open(path, &object));
	unlink(path);
	return object;
}

static void places_bytes(void **state MKP_UNUSED)
{
	struct mkp_writer *writer = create();
	uint32_t text = add_section(writer, ".text", SHT_PROGBITS, CODE);
	struct mkp_object *object;
	const struct mkp_section *section;

	assert_int_equal(append(writer, text, "abc", 3, 1, 0), 0);
	assert_int_equal(append(writer, text, "defg", 4, 16, 0), 16);
	/* Already congruent: no padding. */
	assert_int_equal(append(writer, text, "hi", 2, 16, 4), 20);
	assert_int_equal(append(writer, text, "j", 1, 16, 0x105), 37);
	assert_int_equal(append(writer, text, NULL, 2, 1, 0), 38);
	mkp_writer_patch(writer, text, 39, "k", 1);
	object = finish(writer);
	section = &object->sections[1];
	assert_string_equal(section->name, ".text");
	assert_int_equal(section->size, 40);
	assert_int_equal(section->align, 16);
	assert_memory_equal(section->data,
			    "abc\0\0\0\0\0\0\0\0\0\0\0\0\0defghi"
			    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0j\0k",
			    40);
	mkp_object_destroy(object);
}

static void grows_nobits_without_bytes(void **state MKP_UNUSED)
{
	struct mkp_writer *writer = create();
	uint32_t bss = add_section(writer, ".bss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE);
	struct mkp_object *object;

	assert_int_equal(append(writer, bss, NULL, 3, 1, 0), 0);
	assert_true(append(writer, bss, NULL, UINT64_C(1) << 40, 64, 0) == 64);
	object = finish(writer);
	assert_true(object->sections[1].size == (UINT64_C(1) << 40) + 64);
	assert_null(object->sections[1].data);
	mkp_object_destroy(object);
}

/* Any sequence: each place is congruent, and as near as can be; all bytes arrive. */
static void places_any_bytes(void **state MKP_UNUSED)
{
	struct random_source random = { 2 };
	struct mkp_writer *writer = create();
	uint32_t text = add_section(writer, ".text", SHT_PROGBITS, CODE);
	uint64_t offsets[300], end = 0;
	struct mkp_object *object;

	for (uint32_t i = 0; i < 300; i++) {
		uint64_t align = UINT64_C(1) << random_below(&random, 8);
		uint64_t phase = random_next(&random);

		offsets[i] = append(writer, text, &i, sizeof(i), align, phase);
		assert_true(offsets[i] >= end && offsets[i] - end < align);
		assert_int_equal(offsets[i] % align, phase % align);
		end = offsets[i] + sizeof(i);
	}
	object = finish(writer);
	for (uint32_t i = 0; i < 300; i++)
		assert_memory_equal(object->sections[1].data + offsets[i], &i, sizeof(i));
	assert_int_equal(object->sections[1].size, end);
	mkp_object_destroy(object);
}

static void copies_what_it_is_given(void **state MKP_UNUSED)
{
	char section_name[] = ".data", symbol_name[] = "sym", livepatch[] = "xfs",
	     data[] = "d";
	struct mkp_writer *writer = create();
	uint32_t section = add_section(writer, section_name, SHT_PROGBITS, SHF_ALLOC);
	uint32_t symbol = add_symbol(writer, symbol_name, STB_GLOBAL, STT_NOTYPE,
				     MKP_SHN_LIVEPATCH, 0);
	struct mkp_object *object;

	append(writer, section, data, 2, 1, 0);
	add_reloc(writer, section, 0, symbol, 0, livepatch);
	memset(section_name, 'x', 5);
	memset(symbol_name, 'x', 3);
	memset(livepatch, 'x', 3);
	memset(data, 'x', 1);
	object = finish(writer);
	assert_string_equal(object->sections[1].name, ".data");
	assert_string_equal((const char *)object->sections[1].data, "d");
	assert_string_equal(object->sections[2].name, ".klp.rela.xfs.data");
	assert_string_equal(object->symbols[1].name, "sym");
	mkp_object_destroy(object);
}

static void makes_one_section_symbol(void **state MKP_UNUSED)
{
	struct mkp_writer *writer = create();
	uint32_t text = add_section(writer, ".text", SHT_PROGBITS, CODE);
	uint32_t data = add_section(writer, ".data", SHT_PROGBITS, SHF_ALLOC);
	uint32_t own = add_symbol(writer, "", STB_LOCAL, STT_SECTION, data, 0);
	uint32_t first = 0, second = 0, third = 0;

	ok(mkp_writer_section_symbol(writer, text, &first));
	ok(mkp_writer_section_symbol(writer, text, &second));
	ok(mkp_writer_section_symbol(writer, data, &third));
	assert_int_equal(first, second);
	assert_int_equal(third, own);
	mkp_writer_destroy(writer);
}

static void refuses_what_makes_no_sense(void **state MKP_UNUSED)
{
	const struct mkp_writer_section bad_align = { .name = "x", .align = 3 };
	const struct mkp_writer_symbol lost = { .name = "lost", .section = 7 };
	const struct mkp_writer_reloc reloc = { .symbol = 9 };
	struct mkp_writer *writer = create();
	uint32_t bss = add_section(writer, ".bss", SHT_NOBITS, SHF_ALLOC), handle = 99;
	uint64_t offset = 99;

	refused(mkp_writer_add_section(writer, &bad_align, &handle), "alignment 3");
	refused(mkp_writer_add_symbol(writer, &lost, &handle), "has no section 7");
	refused(mkp_writer_section_symbol(writer, 2, &handle), "has no section 2");
	refused(mkp_writer_section_symbol(writer, 0, &handle), "has no section 0");
	refused(mkp_writer_append(writer, 2, "", 1, 1, 0, &offset), "has no section 2");
	refused(mkp_writer_append(writer, bss, NULL, 1, 0, 0, &offset), "alignment 0");
	append(writer, bss, NULL, 1, 1, 0);
	refused(mkp_writer_append(writer, bss, NULL, UINT64_MAX, 1, 0, &offset),
		"too large");
	refused(mkp_writer_add_reloc(writer, bss, &reloc, NULL), "has no symbol 9");
	assert_int_equal(handle, 99);
	assert_int_equal(offset, 99);
	mkp_writer_destroy(writer);
}

static void names_livepatch_sections(void **state MKP_UNUSED)
{
	char *name = NULL;

	ok(mkp_livepatch_section_name("vmlinux", ".text.foo", &name));
	assert_string_equal(name, ".klp.rela.vmlinux.text.foo");
	free(name);
	/* The kernel takes the object's name to end at a dot. */
	ok(mkp_livepatch_section_name("xfs", "__bug_table", &name));
	assert_string_equal(name, ".klp.rela.xfs.__bug_table");
	free(name);
}

static void destroys_nothing(void **state MKP_UNUSED)
{
	mkp_writer_destroy(NULL);
	mkp_writer_destroy(create());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_bytes),
		cmocka_unit_test(grows_nobits_without_bytes),
		cmocka_unit_test(places_any_bytes),
		cmocka_unit_test(copies_what_it_is_given),
		cmocka_unit_test(makes_one_section_symbol),
		cmocka_unit_test(refuses_what_makes_no_sense),
		cmocka_unit_test(names_livepatch_sections),
		cmocka_unit_test(destroys_nothing),
	};

	return cmocka_run_group_tests_name("elf/writer", tests, NULL, NULL);
}
