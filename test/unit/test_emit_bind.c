// SPDX-License-Identifier: GPL-2.0-or-later
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "emit/bind.h"
#include "support_elfgen.h"
#include "support_scene.h"

/* movl 0(%rip), %eax; call; a byte to change; ret. Relocations at 2 and 7. */
#define CODE(byte) "\x8b\x05\x00\x00\x00\x00\xe8\x00\x00\x00\x00" byte "\xc3"
#define FUNCTION(byte, variable, callee)                                                 \
	{                                                                                \
		".text.f", "f", STB_LOCAL, STT_FUNC, CODE(byte), 13,                     \
		{                                                                        \
			{ 2, R_X86_64_PC32, variable, -4 },                              \
			{                                                                \
				7, R_X86_64_PLT32, callee, -4                            \
			}                                                                \
		}                                                                        \
	}
#define EXTERN(name)                                                                     \
	{                                                                                \
		NULL, name, STB_GLOBAL, STT_NOTYPE, NULL, 0,                             \
		{                                                                        \
		}                                                                        \
	}
#define VARIABLE(name)                                                                   \
	{                                                                                \
		".data.x", name, STB_LOCAL, STT_OBJECT, NULL, 4,                         \
		{                                                                        \
		}                                                                        \
	}

/* A function without a call site for ftrace stays one that is replaced. */
#define POINTER_TO(name)                                                                 \
	{                                                                                \
		".data.p", "p", STB_LOCAL, STT_OBJECT, NULL, 8,                          \
		{                                                                        \
			{                                                                \
				0, R_X86_64_64, name, 0                                  \
			}                                                                \
		}                                                                        \
	}

static const struct scene_thing orig[] = {
	POINTER_TO("f"),
	FUNCTION("\x90", "x.0", "callee"),
	VARIABLE("x.0"),
	EXTERN("callee"),
};

static const struct scene_thing patched[] = {
	POINTER_TO("f"),
	FUNCTION("\xcc", "x.7", "callee"),
	VARIABLE("x.7"),
	EXTERN("callee"),
};

struct bound {
	struct scene_pair pair;
	struct mkp_check_context context;
	struct mkp_report report;
	struct mkp_image *image, *module;
	struct mkp_symvers *symvers;
	const char *release; /* given, not owned */
	struct mkp_bindings *bindings;
};

/* A file with this text, for the time that it takes to read it. */
static void with_file(const char *text, char *path)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_true(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	assert_int_equal(close(fd), 0);
}

/* What surrounds the pair, which is there already, binds it. */
static void bind_pair(struct bound *bound, const char *map, const char *symvers,
		      const char *object)
{
	char map_path[] = "/tmp/mkp-map-XXXXXX",
	     symvers_path[] = "/tmp/mkp-symvers-XXXXXX";
	struct mkp_target target = { .object = object };

	if (map) {
		with_file(map, map_path);
		assert_null(mkp_image_open(map_path, NULL, &bound->image));
		assert_int_equal(unlink(map_path), 0);
	}
	if (symvers) {
		with_file(symvers, symvers_path);
		assert_null(mkp_symvers_open(symvers_path, &bound->symvers));
		assert_int_equal(unlink(symvers_path), 0);
	}
	target.vmlinux = bound->image;
	target.module = bound->module;
	target.symvers = bound->symvers;
	target.release = bound->release;
	mkp_report_init(&bound->report);
	bound->context = (struct mkp_check_context){
		.diff = bound->pair.diff,
		.selection = bound->pair.selection,
		.module = object,
		.report = &bound->report,
	};
	assert_null(mkp_lines_create("none", &bound->context.orig_lines));
	assert_null(mkp_lines_create("none", &bound->context.patched_lines));
	assert_null(mkp_bind(&bound->context, &target, &bound->bindings));
}

static void bind(struct bound *bound, const char *map, const char *symvers,
		 const char *object)
{
	memset(bound, 0, sizeof(*bound));
	SCENE_PAIR(&bound->pair, orig, patched);
	bind_pair(bound, map, symvers, object);
}

static void bound_deinit(struct bound *bound)
{
	mkp_bindings_destroy(bound->bindings);
	mkp_lines_destroy(bound->context.orig_lines);
	mkp_lines_destroy(bound->context.patched_lines);
	mkp_report_deinit(&bound->report);
	scene_pair_deinit(&bound->pair);
	mkp_symvers_destroy(bound->symvers);
	mkp_image_destroy(bound->image);
	mkp_image_destroy(bound->module);
}

static const struct mkp_binding *binding(const struct bound *bound, const char *name)
{
	return &bound->bindings->atoms[scene_atom(&bound->pair.patched, name)];
}

static bool has_finding(const struct bound *bound, const char *name, const char *symbol)
{
	for (size_t i = 0; i < bound->report.nr_findings; i++)
		if (!strcmp(bound->report.findings[i].name, name) &&
		    (!symbol || (bound->report.findings[i].symbol &&
				 !strcmp(bound->report.findings[i].symbol, symbol))))
			return true;
	return false;
}

static void assert_livepatch(const struct mkp_binding *it, const char *object,
			     const char *provider, const char *name, uint64_t position)
{
	assert_int_equal(it->kind, MKP_BIND_LIVEPATCH);
	assert_string_equal(it->object, object);
	assert_string_equal(it->provider, provider);
	assert_string_equal(it->name, name);
	assert_true(it->position == position);
}

static void without_a_kernel(void **state MKP_UNUSED)
{
	struct bound bound;

	bind(&bound, NULL, NULL, NULL);
	/* The running kernel has the original's name. */
	assert_livepatch(binding(&bound, "x.7"), "vmlinux", "vmlinux", "x.0", 0);
	assert_livepatch(binding(&bound, "callee"), "vmlinux", "vmlinux", "callee", 0);
	assert_livepatch(&bound.bindings->replaced[0], "vmlinux", "vmlinux", "f", 0);
	assert_true(has_finding(&bound, "position-not-proved", NULL));
	bound_deinit(&bound);
}

#define MAP_START "ffffffff81000000 T _text\n"
#define MAP_END	  "ffffffff81000f00 T _end\n"

static void with_a_kernel(void **state MKP_UNUSED)
{
	struct bound bound;

	bind(&bound,
	     MAP_START "ffffffff81000010 t f\nffffffff81000100 T callee\n"
		       "ffffffff81000200 d x.0\n" MAP_END,
	     NULL, NULL);
	assert_livepatch(binding(&bound, "x.7"), "vmlinux", "vmlinux", "x.0", 0);
	assert_int_equal(bound.report.nr_findings, 0);
	bound_deinit(&bound);
}

static void what_the_kernel_lacks(void **state MKP_UNUSED)
{
	struct bound bound;

	bind(&bound, MAP_START "ffffffff81000010 t f\n" MAP_END, NULL, NULL);
	assert_true(has_finding(&bound, "symbol-not-found", "callee"));
	assert_true(has_finding(&bound, "symbol-not-found", "x.0"));
	assert_false(has_finding(&bound, "symbol-not-found", "f"));
	bound_deinit(&bound);
}

static void what_the_kernel_has_twice(void **state MKP_UNUSED)
{
	struct bound bound;

	bind(&bound,
	     MAP_START "ffffffff81000010 t f\nffffffff81000020 t f\n"
		       "ffffffff81000100 T callee\nffffffff81000200 d x.0\n" MAP_END,
	     NULL, NULL);
	assert_true(has_finding(&bound, "symbol-position", "f"));
	assert_false(has_finding(&bound, "symbol-position", "callee"));
	bound_deinit(&bound);
}

static void exports(void **state MKP_UNUSED)
{
	struct bound bound;

	bind(&bound, NULL,
	     "0x00000000\tcallee\tvmlinux\tEXPORT_SYMBOL\tSPACE\n"
	     "0x00000000\tx.0\tvmlinux\tEXPORT_SYMBOL\t\n",
	     NULL);
	assert_int_equal(binding(&bound, "callee")->kind, MKP_BIND_EXPORT);
	assert_string_equal(binding(&bound, "callee")->space, "SPACE");
	/* A local symbol is nobody's export, whatever it is called. */
	assert_int_equal(binding(&bound, "x.7")->kind, MKP_BIND_LIVEPATCH);
	bound_deinit(&bound);

	bind(&bound, NULL,
	     "0x00000000\tcallee\tdrivers/a/other-one\tEXPORT_SYMBOL\tSPACE\n", NULL);
	assert_livepatch(binding(&bound, "callee"), "vmlinux", "other_one", "callee", 0);
	assert_null(binding(&bound, "callee")->space);
	assert_true(has_finding(&bound, "foreign-export", "callee"));
	bound_deinit(&bound);
}

static void a_module(void **state MKP_UNUSED)
{
	struct bound bound;

	bind(&bound, NULL, NULL, "zfs");
	assert_livepatch(binding(&bound, "x.7"), "zfs", "zfs", "x.0", 0);
	assert_livepatch(&bound.bindings->replaced[0], "zfs", "zfs", "f", 0);
	/* Another file of the module, or vmlinux: it can not be told. */
	assert_true(has_finding(&bound, "symbol-owner", "callee"));
	bound_deinit(&bound);

	bind(&bound, NULL, "0x00000000\tcallee\tfs/zfs\tEXPORT_SYMBOL\t\n", "zfs");
	assert_livepatch(binding(&bound, "callee"), "zfs", "zfs", "callee", 0);
	assert_false(has_finding(&bound, "symbol-owner", NULL));
	bound_deinit(&bound);
}

/* ---- A module as it was shipped ---- */

/* zfs, which depends on spl and nvpair, and imports callee with the checksum 0x1234. */
static struct mkp_image *make_module(void)
{
	static const char modinfo[] =
		"license=x\0name=zfs\0depends=spl,nvpair,z-fs-two\0";
	char versions[128] = { 0 };
	uint64_t crc = 0x1234;
	struct elfgen *gen = elfgen_create(/* big_endian= */ false);
	struct mkp_image *image = NULL;
	uint16_t text, data;
	char *path;

	memcpy(versions, &crc, sizeof(crc));
	strcpy(versions + 8, "module_layout");
	memcpy(versions + 64, &crc, sizeof(crc));
	strcpy(versions + 72, "callee");
	gen->header.e_type = ET_REL;
	elfgen_add(gen, ".modinfo", SHT_PROGBITS, SHF_ALLOC, modinfo, sizeof(modinfo));
	elfgen_add(gen, "__versions", SHT_PROGBITS, SHF_ALLOC, versions,
		   sizeof(versions));
	text = (uint16_t)elfgen_add(gen, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR,
				    NULL, 64);
	data = (uint16_t)elfgen_add(gen, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE,
				    NULL, 64);
	elfgen_symbol(gen, "f", STB_LOCAL, STT_FUNC, text, 0, 16);
	elfgen_symbol(gen, "x.0", STB_LOCAL, STT_OBJECT, data, 0, 4);
	elfgen_symbol(gen, "callee", STB_GLOBAL, STT_NOTYPE, SHN_UNDEF, 0, 0);
	elfgen_tables(gen);
	elfgen_build(gen);
	path = elfgen_save(gen);
	elfgen_destroy(gen);
	assert_null(mkp_image_open(path, "zfs", &image));
	unlink(path);
	free(path);
	return image;
}

static void bind_module(struct bound *bound, const char *symvers)
{
	memset(bound, 0, sizeof(*bound));
	bound->module = make_module();
	SCENE_PAIR(&bound->pair, orig, patched);
	bind_pair(bound, NULL, symvers, "zfs");
}

/* Exported by a third module. */
static void dependencies(void **state MKP_UNUSED)
{
	struct bound bound;

	bind_module(&bound, "0x00001234\tcallee\tdrivers/nvpair\tEXPORT_SYMBOL\t\n");
	assert_livepatch(binding(&bound, "callee"), "zfs", "nvpair", "callee", 0);
	assert_false(has_finding(&bound, "undeclared-dependency", NULL));
	assert_false(has_finding(&bound, "foreign-export", NULL));
	bound_deinit(&bound);

	bind_module(&bound, "0x00001234\tcallee\tdrivers/nv\tEXPORT_SYMBOL\t\n");
	assert_true(has_finding(&bound, "undeclared-dependency", "callee"));
	bound_deinit(&bound);

	/* The file's name has '-' where the module's has '_'. */
	bind_module(&bound, "0x00001234\tcallee\tdrivers/z-fs-two\tEXPORT_SYMBOL\t\n");
	assert_false(has_finding(&bound, "undeclared-dependency", NULL));
	bound_deinit(&bound);

	bind_module(&bound, "0x00001234\tcallee\tdrivers/z-fs\tEXPORT_SYMBOL\t\n");
	assert_true(has_finding(&bound, "undeclared-dependency", "callee"));
	bound_deinit(&bound);

	bind_module(&bound, "0x00001234\tcallee\tdrivers/nvpair_x\tEXPORT_SYMBOL\t\n");
	assert_true(has_finding(&bound, "undeclared-dependency", "callee"));
	bound_deinit(&bound);
}

static void checksums(void **state MKP_UNUSED)
{
	struct bound bound;

	bind_module(&bound, "0x00001234\tcallee\tvmlinux\tEXPORT_SYMBOL\t\n");
	assert_false(has_finding(&bound, "export-crc", NULL));
	assert_int_equal(binding(&bound, "callee")->kind, MKP_BIND_EXPORT);
	assert_int_equal(binding(&bound, "callee")->export->crc, 0x1234);
	bound_deinit(&bound);

	bind_module(&bound, "0x00001235\tcallee\tvmlinux\tEXPORT_SYMBOL\t\n");
	assert_true(has_finding(&bound, "export-crc", "callee"));
	bound_deinit(&bound);
}

/* Exported for modules of certain names: the patch has another. */
static void closed_namespace(void **state MKP_UNUSED)
{
	struct bound bound;

	bind(&bound,
	     MAP_START "ffffffff81000010 t f\nffffffff81000100 T callee\n"
		       "ffffffff81000200 d x.0\n" MAP_END,
	     "0x00000000\tcallee\tvmlinux\tEXPORT_SYMBOL_GPL\tmodule:kvm-*,zfs\n", NULL);
	assert_livepatch(binding(&bound, "callee"), "vmlinux", "vmlinux", "callee", 0);
	assert_null(binding(&bound, "callee")->space);
	assert_int_equal(bound.report.nr_findings, 0);
	bound_deinit(&bound);

	/* It is looked for, as all that is not imported. */
	bind(&bound, MAP_START "ffffffff81000010 t f\nffffffff81000200 d x.0\n" MAP_END,
	     "0x00000000\tcallee\tvmlinux\tEXPORT_SYMBOL_GPL\tmodule:zfs\n", NULL);
	assert_true(has_finding(&bound, "symbol-not-found", "callee"));
	bound_deinit(&bound);

	/* Of a patched module it is late; one of vmlinux is not. */
	bind_module(&bound, "0x1234\tcallee\tvmlinux\tEXPORT_SYMBOL_GPL\tmodule:zfs\n");
	assert_livepatch(binding(&bound, "callee"), "vmlinux", "vmlinux", "callee", 0);
	bound_deinit(&bound);

	bind(&bound, NULL, "0x00000000\tcallee\tvmlinux\tEXPORT_SYMBOL_GPL\tmodules\n",
	     NULL);
	assert_int_equal(binding(&bound, "callee")->kind, MKP_BIND_EXPORT);
	bound_deinit(&bound);
}

/* ---- What the target kernel is too old for ---- */

/* An entry of f that says where its static branch's key is. */
#define BRANCH(key)                                                                      \
	{                                                                                \
		"__jump_table", NULL, 0, 0, NULL, 16,                                    \
		{                                                                        \
			{ 0, R_X86_64_PC32, "f", 11 },                                   \
				{ 4, R_X86_64_PC32, "f", 12 + 4 },                       \
			{                                                                \
				8, R_X86_64_PC64, key, 0                                 \
			}                                                                \
		}                                                                        \
	}

static const struct scene_thing orig_branch[] = {
	POINTER_TO("f"), FUNCTION("\x90", "x.0", "callee"),
	VARIABLE("x.0"), EXTERN("callee"),
	BRANCH("key"),	 EXTERN("key"),
};
static const struct scene_thing patched_branch[] = {
	POINTER_TO("f"), FUNCTION("\xcc", "x.0", "callee"),
	VARIABLE("x.0"), EXTERN("callee"),
	BRANCH("key"),	 EXTERN("key"),
};

static bool reads_early(const char *release, const char *symvers)
{
	struct bound bound = { .release = release };
	bool found;

	SCENE_PAIR(&bound.pair, orig_branch, patched_branch);
	bind_pair(&bound, NULL, symvers, NULL);
	found = has_finding(&bound, "table-read-early", "key");
	assert_false(has_finding(&bound, "table-read-early", "callee"));
	bound_deinit(&bound);
	return found;
}

static void tables_before_5_8(void **state MKP_UNUSED)
{
	static const char exported[] = "0x00000000\tkey\tvmlinux\tEXPORT_SYMBOL\t\n";

	assert_true(reads_early("5.7.19", NULL));
	assert_true(reads_early("5.4.0-150-generic", NULL));
	assert_true(reads_early("4.19.0-27-amd64", NULL));
	assert_false(reads_early("5.8.0", NULL));
	assert_false(reads_early("5.10.0-30-amd64", NULL));
	assert_false(reads_early("6.1.0-56-amd64", NULL));
	/* An import is resolved before any table is read. */
	assert_false(reads_early("5.4.0-150-generic", exported));
	assert_false(reads_early(NULL, NULL));
}

static bool warns_of_reload(const char *release, const char *object)
{
	struct bound bound = { .release = release };
	bool found;

	SCENE_PAIR(&bound.pair, orig, patched);
	bind_pair(&bound, NULL, NULL, object);
	found = has_finding(&bound, "module-reload", object);
	bound_deinit(&bound);
	return found;
}

static void reload_before_6_3(void **state MKP_UNUSED)
{
	assert_true(warns_of_reload("6.2.16", "zfs"));
	assert_true(warns_of_reload("5.15.0", "zfs"));
	assert_true(warns_of_reload(NULL, "zfs"));
	assert_false(warns_of_reload("6.3.0", "zfs"));
	assert_false(warns_of_reload("6.12.117+deb12-amd64", "zfs"));
	assert_false(warns_of_reload("6.2.16", NULL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_kernel),
		cmocka_unit_test(with_a_kernel),
		cmocka_unit_test(what_the_kernel_lacks),
		cmocka_unit_test(what_the_kernel_has_twice),
		cmocka_unit_test(exports),
		cmocka_unit_test(a_module),
		cmocka_unit_test(dependencies),
		cmocka_unit_test(checksums),
		cmocka_unit_test(closed_namespace),
		cmocka_unit_test(tables_before_5_8),
		cmocka_unit_test(reload_before_6_3),
	};

	return cmocka_run_group_tests_name("emit/bind", tests, NULL, NULL);
}
