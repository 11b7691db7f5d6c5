// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "elf/object.h"
#include "elf/writer.h"
#include "support_random.h"

static void ok(struct mkp_error *error)
{
	if (error)
		fail_msg("%s", mkp_error_string(error));
}

static char *temporary(void)
{
	char *path = strdup("/tmp/mkpatch-test-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	return path;
}

static struct mkp_object *finish(struct mkp_writer *writer)
{
	char *path = temporary();
	struct mkp_object *object = NULL;

	ok(mkp_writer_finish(writer, path));
	mkp_writer_destroy(writer);
	ok(mkp_object_open(path, &object));
	unlink(path);
	free(path);
	return object;
}

static uint32_t add_section(struct mkp_writer *writer, const char *name, uint32_t link)
{
	const struct mkp_writer_section section = {
		.name = name,
		.type = SHT_PROGBITS,
		.flags = SHF_ALLOC | (link ? SHF_LINK_ORDER : 0),
		.align = 8,
		.entsize = link ? 4 : 0,
		.link = link,
	};
	uint64_t offset;
	uint32_t handle = 0;

	ok(mkp_writer_add_section(writer, &section, &handle));
	ok(mkp_writer_append(writer, handle, NULL, 64, 8, 0, &offset));
	return handle;
}

static uint32_t add_symbol(struct mkp_writer *writer, const char *name, uint8_t bind,
			   uint8_t type, uint32_t section)
{
	const struct mkp_writer_symbol symbol = {
		.name = name, .bind = bind, .type = type, .section = section, .value = 4
	};
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

static uint32_t find_symbol(const struct mkp_object *object, const char *name)
{
	const struct mkp_index_entry *entry;
	size_t count;

	entry = mkp_index_find(&object->names, mkp_hash_string(name), &count);
	assert_int_equal(count, 1);
	return entry->id;
}

/*
 * A file whose elements were added in an order that the file can not have: relocations
 * before symbols are known to be local, globals before locals, offsets descending.
 */
static struct mkp_writer *create_sample(bool big_endian)
{
	struct mkp_writer *writer = NULL;
	uint32_t text, table, global, local, klp, section_symbol;

	ok(mkp_writer_create(big_endian ? EM_S390 : EM_X86_64, 0x1234, big_endian,
			     &writer));
	text = add_section(writer, ".text.f", 0);
	global = add_symbol(writer, "global", STB_GLOBAL, STT_FUNC, text);
	add_reloc(writer, text, 40, global, -4, NULL);
	table = add_section(writer, "__table", text);
	klp = add_symbol(writer, ".klp.sym.vmlinux.a,1", STB_GLOBAL, STT_NOTYPE,
			 MKP_SHN_LIVEPATCH);
	add_reloc(writer, text, 8, klp, 1, "vmlinux");
	add_reloc(writer, text, 16, klp, 2, "xfs");
	add_reloc(writer, text, 0, klp, 3, "vmlinux");
	local = add_symbol(writer, "local", STB_LOCAL, STT_OBJECT, table);
	add_symbol(writer, "file.c", STB_LOCAL, STT_FILE, MKP_SHN_ABS);
	add_reloc(writer, text, 4, local, 5, NULL);
	ok(mkp_writer_section_symbol(writer, text, &section_symbol));
	add_reloc(writer, table, 0, section_symbol, 6, NULL);
	add_section(writer, "__follows", table);
	add_symbol(writer, "weak", STB_WEAK, STT_NOTYPE, MKP_SHN_UNDEF);
	return writer;
}

static void orders_symbols(void **state MKP_UNUSED)
{
	static const char *const names[] = { "",      "file.c", ".text.f",
					     "local", "global", ".klp.sym.vmlinux.a,1",
					     "weak" };
	struct mkp_object *object = finish(create_sample(false));

	assert_int_equal(object->nr_symbols, MKP_ARRAY_SIZE(names));
	for (uint32_t i = 0; i < object->nr_symbols; i++)
		assert_string_equal(object->symbols[i].name, names[i]);
	assert_int_equal(object->first_global, 4);
	mkp_object_destroy(object);
}

static void check_reloc(const struct mkp_object *object, const struct mkp_reloc *reloc,
			uint64_t offset, const char *symbol, int64_t addend)
{
	assert_int_equal(reloc->offset, offset);
	assert_string_equal(object->symbols[reloc->symbol].name, symbol);
	assert_int_equal(reloc->addend, addend);
	assert_int_equal(reloc->type, 2);
}

static void maps_handles_to_indices(void **state MKP_UNUSED)
{
	for (int big_endian = 0; big_endian <= 1; big_endian++) {
		struct mkp_object *object = finish(create_sample(big_endian));
		const struct mkp_section *text = &object->sections[1];
		uint32_t table = mkp_object_find_section(object, "__table"), follows;

		assert_int_equal(object->eflags, 0x1234);
		assert_int_equal(object->big_endian, big_endian);
		assert_int_equal(text->nr_relocs, 2);
		check_reloc(object, &object->relocs[text->first_reloc], 4, "local", 5);
		check_reloc(object, &object->relocs[text->first_reloc + 1], 40, "global",
			    -4);
		check_reloc(object, &object->relocs[object->sections[table].first_reloc],
			    0, ".text.f", 6);
		assert_int_equal(object->sections[table].link, 1);
		assert_int_equal(object->sections[table].entsize, 4);
		follows = mkp_object_find_section(object, "__follows");
		assert_int_equal(object->sections[follows].link, table);
		assert_int_equal(object->symbols[find_symbol(object, "local")].section,
				 table);
		mkp_object_destroy(object);
	}
}

static void writes_livepatch_sections(void **state MKP_UNUSED)
{
	struct mkp_object *object = finish(create_sample(false));
	uint32_t index = mkp_object_find_section(object, ".klp.rela.vmlinux.text.f");
	const struct mkp_section *section = &object->sections[index];
	Elf64_Rela raw[2];

	assert_int_not_equal(index, 0);
	assert_int_equal(section->type, SHT_RELA);
	assert_int_equal(section->flags, SHF_ALLOC | SHF_INFO_LINK | SHF_RELA_LIVEPATCH);
	assert_int_equal(section->info, 1);
	assert_int_equal(section->link, object->symtab);
	assert_int_equal(section->size, sizeof(raw));
	memcpy(raw, section->data, sizeof(raw));
	assert_int_equal(raw[0].r_offset, 0);
	assert_int_equal(raw[0].r_addend, 3);
	assert_int_equal(raw[1].r_offset, 8);
	assert_int_equal(ELF64_R_SYM(raw[1].r_info),
			 find_symbol(object, ".klp.sym.vmlinux.a,1"));
	assert_int_not_equal(mkp_object_find_section(object, ".klp.rela.xfs.text.f"), 0);
	assert_int_equal(object->sections[object->sections[1].rela].flags, SHF_INFO_LINK);
	mkp_object_destroy(object);
}

/* Relocations of one place can be a pair that means something in this order only. */
static void keeps_relocs_of_one_place_in_order(void **state MKP_UNUSED)
{
	struct random_source random = { 3 };
	struct mkp_writer *writer = NULL;
	struct mkp_object *object;
	uint32_t text;

	ok(mkp_writer_create(EM_RISCV, 0, false, &writer));
	text = add_section(writer, ".text", 0);
	for (int i = 0; i < 500; i++)
		add_reloc(writer, text, random_below(&random, 64), 0, i, NULL);
	object = finish(writer);
	assert_int_equal(object->nr_relocs, 500);
	for (int i = 1; i < 500; i++) {
		const struct mkp_reloc *reloc = &object->relocs[i];

		assert_true(reloc[-1].offset <= reloc->offset);
		if (reloc[-1].offset == reloc->offset)
			assert_true(reloc[-1].addend < reloc->addend);
	}
	mkp_object_destroy(object);
}

static void writes_more_sections_than_fit(void **state MKP_UNUSED)
{
	struct mkp_writer *writer = NULL;
	struct mkp_object *object;
	uint32_t section = 0, symbol;

	ok(mkp_writer_create(EM_X86_64, 0, false, &writer));
	while (section < SHN_LORESERVE) {
		const struct mkp_writer_section header = { .name = "s",
							   .type = SHT_PROGBITS };

		ok(mkp_writer_add_section(writer, &header, &section));
	}
	ok(mkp_writer_section_symbol(writer, section, &symbol));
	ok(mkp_writer_section_symbol(writer, 1, &symbol));
	object = finish(writer);
	assert_int_equal(object->nr_sections, SHN_LORESERVE + 5);
	assert_int_equal(object->symbols[1].section, SHN_LORESERVE);
	assert_int_equal(object->symbols[2].section, 1);
	assert_string_equal(object->sections[object->shstrtab].name, ".shstrtab");
	mkp_object_destroy(object);
}

static void refuses_dangling_links(void **state MKP_UNUSED)
{
	struct mkp_writer *writer = NULL;
	struct mkp_error *error;
	char *path = temporary();

	ok(mkp_writer_create(EM_X86_64, 0, false, &writer));
	add_section(writer, ".text", 5);
	error = mkp_writer_finish(writer, path);
	assert_non_null(error);
	assert_int_equal(error->code, MKP_ERROR_INTERNAL);
	mkp_error_destroy(error);
	mkp_writer_destroy(writer);
	unlink(path);
	free(path);
}

static size_t read_file(const char *path, char *buffer, size_t size)
{
	FILE *stream = fopen(path, "r");

	assert_non_null(stream);
	size = fread(buffer, 1, size, stream);
	fclose(stream);
	return size;
}

static void is_reproducible(void **state MKP_UNUSED)
{
	char *path[2], bytes[2][8192];
	size_t size[2];

	for (int i = 0; i < 2; i++) {
		struct mkp_writer *writer = create_sample(false);

		path[i] = temporary();
		ok(mkp_writer_finish(writer, path[i]));
		mkp_writer_destroy(writer);
		size[i] = read_file(path[i], bytes[i], sizeof(bytes[i]));
		unlink(path[i]);
		free(path[i]);
	}
	assert_int_equal(size[0], size[1]);
	assert_true(size[0] > sizeof(Elf64_Ehdr) && size[0] < sizeof(bytes[0]));
	assert_memory_equal(bytes[0], bytes[1], size[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders_symbols),
		cmocka_unit_test(maps_handles_to_indices),
		cmocka_unit_test(writes_livepatch_sections),
		cmocka_unit_test(keeps_relocs_of_one_place_in_order),
		cmocka_unit_test(writes_more_sections_than_fit),
		cmocka_unit_test(refuses_dangling_links),
		cmocka_unit_test(is_reproducible),
	};

	return cmocka_run_group_tests_name("elf/writer_finish", tests, NULL, NULL);
}
