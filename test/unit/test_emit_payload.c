// SPDX-License-Identifier: GPL-2.0-or-later
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "emit/payload.h"
#include "support_scene.h"

/* movq $0, %rdi; call; a byte to change; ret. Relocations at 3 and 8. */
#define CODE(byte) "\x48\xc7\xc7\x00\x00\x00\x00\xe8\x00\x00\x00\x00" byte "\xc3"
#define FUNCTION(name, byte, ...)                                                        \
	{                                                                                \
		".text." name, name, STB_GLOBAL, STT_FUNC, CODE(byte), 14,               \
		{                                                                        \
			__VA_ARGS__                                                      \
		}                                                                        \
	}
#define ADDRESS(what, addend)                                                            \
	{                                                                                \
		3, R_X86_64_32S, what, addend                                            \
	}
#define CALL(what)                                                                       \
	{                                                                                \
		8, R_X86_64_PLT32, what, -4                                              \
	}
#define EXTERN(name)                                                                     \
	{                                                                                \
		NULL, name, STB_GLOBAL, STT_NOTYPE, NULL, 0,                             \
		{                                                                        \
		}                                                                        \
	}

/* A written payload, read again. */
struct written {
	struct scene_pair pair;
	struct mkp_check_context context;
	struct mkp_report report;
	struct mkp_bindings *bindings;
	struct mkp_payload_counts counts;
	struct mkp_object *object;
};

static void write_payload(struct written *written, const struct scene_thing *orig,
			  size_t nr_orig, const struct scene_thing *patched,
			  size_t nr_patched)
{
	const struct mkp_target target = { 0 };
	char path[] = "/tmp/mkp-payload-XXXXXX";
	char name_one[] = "new_one", name_two[] = "new_two";
	char *names[] = { name_one, name_two };
	int fd = mkstemp(path);

	assert_true(fd >= 0 && !close(fd));
	scene_pair_init(&written->pair, orig, nr_orig, patched, nr_patched);
	mkp_report_init(&written->report);
	written->context = (struct mkp_check_context){
		.diff = written->pair.diff,
		.selection = written->pair.selection,
		.report = &written->report,
	};
	assert_null(mkp_lines_create("none", &written->context.orig_lines));
	assert_null(mkp_lines_create("none", &written->context.patched_lines));
	assert_null(mkp_bind(&written->context, &target, &written->bindings));
	assert_true(written->pair.selection->nr_replaced <= 2);
	assert_null(mkp_payload_write(written->pair.selection, written->bindings,
				      /* object= */ NULL, names, path, &written->counts));
	assert_null(mkp_object_open(path, &written->object));
	assert_int_equal(unlink(path), 0);
}

static void written_deinit(struct written *written)
{
	mkp_object_destroy(written->object);
	mkp_bindings_destroy(written->bindings);
	mkp_lines_destroy(written->context.orig_lines);
	mkp_lines_destroy(written->context.patched_lines);
	mkp_report_deinit(&written->report);
	scene_pair_deinit(&written->pair);
}

#define WRITE(written, orig, patched)                                                    \
	write_payload(written, orig, MKP_ARRAY_SIZE(orig), patched,                      \
		      MKP_ARRAY_SIZE(patched))

static const struct mkp_symbol *symbol(const struct mkp_object *object, const char *name)
{
	for (uint32_t i = 1; i < object->nr_symbols; i++)
		if (object->symbols[i].type != STT_SECTION &&
		    !strcmp(object->symbols[i].name, name))
			return &object->symbols[i];
	return NULL;
}

static const struct mkp_section *section(const struct mkp_object *object,
					 const char *name)
{
	uint32_t index = mkp_object_find_section(object, name);

	return index ? &object->sections[index] : NULL;
}

static void assert_reloc(const struct mkp_object *object, const char *where,
			 uint64_t offset, uint32_t type, const char *target,
			 int64_t addend)
{
	const struct mkp_section *header = section(object, where);

	assert_non_null(header);
	for (uint32_t i = 0; i < header->nr_relocs; i++) {
		const struct mkp_reloc *reloc = &object->relocs[header->first_reloc + i];

		if (reloc->offset != offset)
			continue;
		assert_int_equal(reloc->type, type);
		assert_string_equal(object->symbols[reloc->symbol].name, target);
		assert_true(reloc->addend == addend);
		return;
	}
	fail_msg("no relocation at %s+%llu", where, (unsigned long long)offset);
}

static void functions_and_their_targets(void **state MKP_UNUSED)
{
	static const struct scene_thing orig[] = {
		FUNCTION("f", "\x90", ADDRESS("x", 0), CALL("printk")),
		FUNCTION("same", "\x90", CALL("__fentry__")),
		{ ".data.x", "x", STB_LOCAL, STT_OBJECT, NULL, 8, {} },
		EXTERN("printk"),
		EXTERN("__fentry__"),
	};
	static const struct scene_thing patched[] = {
		FUNCTION("same", "\x90", CALL("__fentry__")),
		FUNCTION("f", "\xcc", ADDRESS(".data.x", 4), CALL("g")),
		FUNCTION("g", "\x90", ADDRESS("printk", 0), CALL("__fentry__")),
		{ ".data.x", "x", STB_LOCAL, STT_OBJECT, NULL, 8, {} },
		EXTERN("printk"),
		EXTERN("__fentry__"),
	};
	static const char x[] = ".mkp.klp.vmlinux/vmlinux.x,0";
	struct written written;

	WRITE(&written, orig, patched);
	assert_int_equal(symbol(written.object, "f")->bind, STB_LOCAL);
	assert_int_equal(symbol(written.object, "g")->bind, STB_LOCAL);
	assert_null(symbol(written.object, "same"));
	assert_null(symbol(written.object, "x"));
	assert_int_equal(symbol(written.object, "new_one")->bind, STB_GLOBAL);
	assert_int_equal(symbol(written.object, "new_one")->section,
			 symbol(written.object, "f")->section);
	assert_int_equal(symbol(written.object, x)->bind, STB_WEAK);
	assert_int_equal(symbol(written.object, x)->section, MKP_SHN_UNDEF);
	assert_int_equal(symbol(written.object, "__fentry__")->bind, STB_GLOBAL);
	assert_reloc(written.object, ".text.f", 3, R_X86_64_32S, x, 4);
	assert_reloc(written.object, ".text.f", 8, R_X86_64_PLT32, "g", -4);
	assert_reloc(written.object, ".text.g", 8, R_X86_64_PLT32, "__fentry__", -4);
	assert_memory_equal(section(written.object, ".text.f")->data, CODE("\xcc"), 14);
	assert_non_null(section(written.object, ".note.GNU-stack"));
	assert_int_equal(written.counts.livepatch, 2);
	assert_int_equal(written.counts.normal, 1);
	written_deinit(&written);
}

/* The address stays that of the running function, while its new code is carried. */
static void both_a_copy_and_the_original(void **state MKP_UNUSED)
{
	static const struct scene_thing orig[] = {
		FUNCTION("f", "\x90", ADDRESS("g", 0), CALL("g")),
		FUNCTION("g", "\x90", CALL("printk")),
		EXTERN("printk"),
	};
	static const struct scene_thing patched[] = {
		FUNCTION("f", "\xcc", ADDRESS("g", 0), CALL("g")),
		FUNCTION("g", "\xcc", CALL("printk")),
		EXTERN("printk"),
	};
	struct written written;

	WRITE(&written, orig, patched);
	assert_reloc(written.object, ".text.f", 3, R_X86_64_32S,
		     ".mkp.klp.vmlinux/vmlinux.g,0", 0);
	assert_reloc(written.object, ".text.f", 8, R_X86_64_PLT32, "g", -4);
	written_deinit(&written);
}

/* Only some strings of a section are carried, and lie elsewhere then. */
static void what_has_no_symbol(void **state MKP_UNUSED)
{
	static const struct scene_thing orig[] = {
		FUNCTION("f", "\x90", ADDRESS(".rodata.str1.1", 4), CALL("f")),
		{ ".rodata.str1.1", NULL, 0, 0, "one\0two\0three", 14, {} },
	};
	static const struct scene_thing patched[] = {
		FUNCTION("f", "\xcc", ADDRESS(".rodata.str1.1", 9), CALL("f")),
		{ ".rodata.str1.1", NULL, 0, 0, "one\0two\0three", 14, {} },
	};
	const struct mkp_section *strings;
	struct written written;

	WRITE(&written, orig, patched);
	strings = section(written.object, ".rodata.str1.1");
	assert_int_equal(strings->size, 6);
	assert_string_equal((const char *)strings->data, "three");
	assert_true(strings->flags & SHF_MERGE);
	assert_int_equal(strings->entsize, 1);
	assert_reloc(written.object, ".text.f", 3, R_X86_64_32S, ".rodata.str1.1", 1);
	written_deinit(&written);
}

/* A displacement becomes a relocation, and its field is cleared. */
static void what_had_no_relocation(void **state MKP_UNUSED)
{
	static const struct scene_thing orig[] = {
		{ ".text",
		  "f",
		  STB_GLOBAL,
		  STT_FUNC,
		  "\xe8\x03\x00\x00\x00\x90\x90\xc3",
		  8,
		  {} },
		{ ".text", "g", STB_LOCAL, STT_FUNC, "\xc3", 1, {} },
	};
	static const struct scene_thing patched[] = {
		{ ".text",
		  "f",
		  STB_GLOBAL,
		  STT_FUNC,
		  "\xe8\x03\x00\x00\x00\x90\xcc\xc3",
		  8,
		  {} },
		{ ".text", "g", STB_LOCAL, STT_FUNC, "\xc3", 1, {} },
	};
	struct written written;

	WRITE(&written, orig, patched);
	assert_reloc(written.object, ".text", 1, R_X86_64_PLT32,
		     ".mkp.klp.vmlinux/vmlinux.g,0", -4);
	assert_memory_equal(section(written.object, ".text")->data,
			    "\xe8\0\0\0\0\x90\xcc\xc3", 8);
	written_deinit(&written);
}

static void tables_stay_in_step(void **state MKP_UNUSED)
{
#define UNWIND(function)                                                                 \
	{                                                                                \
		".orc_unwind_ip", NULL, 0, 0, NULL, 4,                                   \
		{                                                                        \
			{                                                                \
				0, R_X86_64_PC32, function, 0                            \
			}                                                                \
		}                                                                        \
	}
	static const struct scene_thing orig[] = {
		FUNCTION("a", "\x90", CALL("a")),
		FUNCTION("f", "\x90", CALL("f")),
		UNWIND("a"),
		UNWIND("f"),
		{ ".orc_unwind", NULL, 0, 0, "aaaaaaffffff", 12, {} },
	};
	struct scene_thing patched[MKP_ARRAY_SIZE(orig)];
	struct written written;

	for (size_t i = 0; i < MKP_ARRAY_SIZE(orig); i++)
		patched[i] = orig[i];
	patched[1].bytes = CODE("\xcc");
	WRITE(&written, orig, patched);
	assert_int_equal(section(written.object, ".orc_unwind_ip")->size, 4);
	assert_int_equal(section(written.object, ".orc_unwind")->size, 6);
	assert_memory_equal(section(written.object, ".orc_unwind")->data, "ffffff", 6);
	assert_reloc(written.object, ".orc_unwind_ip", 0, R_X86_64_PC32, "f", 0);
	written_deinit(&written);
}

static void new_data(void **state MKP_UNUSED)
{
	static const struct scene_thing orig[] = {
		FUNCTION("f", "\x90", CALL("f")),
	};
	static const struct scene_thing patched[] = {
		FUNCTION("f", "\xcc", ADDRESS("p", 0), CALL("f")),
		{ ".data.p",
		  "p",
		  STB_LOCAL,
		  STT_OBJECT,
		  NULL,
		  16,
		  { { 8, R_X86_64_64, "z", 4 } } },
		{ ".bss.z", "z", STB_LOCAL, STT_OBJECT, NULL, 32, {} },
	};
	struct written written;

	WRITE(&written, orig, patched);
	assert_int_equal(section(written.object, ".bss.z")->type, SHT_NOBITS);
	assert_int_equal(section(written.object, ".bss.z")->size, 32);
	assert_int_equal(symbol(written.object, "z")->size, 32);
	assert_reloc(written.object, ".data.p", 8, R_X86_64_64, "z", 4);
	assert_reloc(written.object, ".text.f", 3, R_X86_64_32S, "p", 0);
	assert_int_equal(written.counts.livepatch + written.counts.normal, 0);
	written_deinit(&written);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_and_their_targets),
		cmocka_unit_test(both_a_copy_and_the_original),
		cmocka_unit_test(what_has_no_symbol),
		cmocka_unit_test(what_had_no_relocation),
		cmocka_unit_test(tables_stay_in_step),
		cmocka_unit_test(new_data),
	};

	return cmocka_run_group_tests_name("emit/payload", tests, NULL, NULL);
}
