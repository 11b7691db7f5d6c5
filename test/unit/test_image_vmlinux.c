// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The image room on a real kernel: test_image_vmlinux VMLINUX, skipped without one.
 *
 *  - What we say kallsyms keeps is what the table inside that kernel has.
 *  - Every symbol, asked for from an object of its own file, resolves to itself.
 *  - No symbol resolves from an object of another file of the same name.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/array.h"
#include "elf/object.h"
#include "image/private.h"
#include "test_image_files.h"

static const char *vmlinux_path;

static int setup(void **state)
{
	struct mkp_image *image = NULL;

	if (!vmlinux_path)
		return 0;
	assert_no_error(mkp_image_open(vmlinux_path, NULL, &image));
	*state = image;
	return 0;
}

static int teardown(void **state)
{
	mkp_image_destroy(*state);
	return 0;
}

/* ---- The table inside the kernel (scripts/kallsyms.c, write_src()) ---- */

struct table {
	uint32_t nr_symbols;
	uint64_t base;
	const int32_t *offsets;
	const uint8_t *names;
	const char *tokens;
	const uint16_t *token_index;
};

/* What is at the address of the symbol @name, as the kernel has it in memory. */
static const void *data_of(const struct mkp_object *object, const char *name)
{
	size_t count;
	const struct mkp_index_entry *entry = mkp_index_find(
		&object->names, mkp_hash_string(name), &count);
	const struct mkp_symbol *symbol;
	const struct mkp_section *section;

	if (!entry)
		return NULL;
	symbol = &object->symbols[entry->id];
	section = mkp_symbol_section(object, symbol);
	return section && section->data
		       ? section->data + (symbol->value - section->address)
		       : NULL;
}

static bool read_table(const struct mkp_object *object, struct table *table)
{
	const uint32_t *nr_symbols = data_of(object, "kallsyms_num_syms");
	const uint64_t *base = data_of(object, "kallsyms_relative_base");

	table->offsets = data_of(object, "kallsyms_offsets");
	table->names = data_of(object, "kallsyms_names");
	table->tokens = data_of(object, "kallsyms_token_table");
	table->token_index = data_of(object, "kallsyms_token_index");
	if (!nr_symbols || !base || !table->offsets || !table->names || !table->tokens ||
	    !table->token_index)
		return false;
	table->nr_symbols = *nr_symbols;
	table->base = *base;
	return true;
}

/* Name number *at on; the first letter is the type. */
static void expand_name(const struct table *table, size_t *at, char *name, size_t size)
{
	size_t length = table->names[(*at)++], used = 0;

	if (length & 0x80)
		length = (length & 0x7f) | (size_t)table->names[(*at)++] << 7;
	for (; length; length--) {
		const char *token = table->tokens +
				    table->token_index[table->names[(*at)++]];

		while (*token && used + 1 < size)
			name[used++] = *token++;
	}
	name[used] = '\0';
}

/* CONFIG_KALLSYMS_ABSOLUTE_PERCPU: not negative is absolute. */
static uint64_t address_of(const struct table *table, uint32_t number)
{
	int64_t offset = table->offsets[number];

	return offset >= 0 ? (uint64_t)offset : table->base - 1 + (uint64_t)-offset;
}

/* Order of names with the same address differs: see compare_symbols() there. */
static bool has_symbol(const struct mkp_image *image, const char *name, uint64_t address)
{
	size_t count, i;
	const struct mkp_index_entry *entries = mkp_index_find(
		&image->names, mkp_hash_string(name), &count);

	for (i = 0; i < count; i++) {
		const struct mkp_image_symbol *symbol = &image->symbols[entries[i].id];

		if (!strcmp(symbol->name, name) && symbol->address == address)
			return true;
	}
	return false;
}

static void same_as_kallsyms(void **state)
{
	const struct mkp_image *image = *state;
	struct mkp_object *object = NULL;
	struct table table = { 0 };
	char name[512];
	size_t at = 0;
	uint32_t i;

	if (!image)
		skip();
	assert_no_error(mkp_object_open(vmlinux_path, &object));
	assert_true(read_table(object, &table));
	print_message("the kernel lists %" PRIu32 " symbols, we %zu\n", table.nr_symbols,
		      image->nr_symbols);
	for (i = 0; i < table.nr_symbols; i++) {
		expand_name(&table, &at, name, sizeof(name));
		if (!has_symbol(image, name + 1, address_of(&table, i)))
			fail_msg("%s is not known", name + 1);
	}
	assert_int_equal(table.nr_symbols, image->nr_symbols);
	mkp_object_destroy(object);
}

/* ---- Resolution of everything ---- */

struct world {
	const struct mkp_image *image;
	struct mkp_index members; /* block -> its local functions and objects */
	const char **siblings;	  /* of one block at a time, and one more */
	size_t nr_siblings;
};

static bool is_sibling(const struct mkp_image_symbol *symbol)
{
	return symbol->block && (symbol->function || symbol->object);
}

static void world_init(struct world *world, const struct mkp_image *image)
{
	uint32_t i;

	*world = (struct world){ .image = image };
	mkp_index_init(&world->members);
	for (i = 0; i < image->nr_symbols; i++)
		if (is_sibling(&image->symbols[i]))
			assert_no_error(mkp_index_add(&world->members,
						      image->symbols[i].block, i));
	mkp_index_seal(&world->members);
	assert_no_error(mkp_array_create(image->nr_symbols + 1, sizeof(*world->siblings),
					 &world->siblings));
}

static void world_deinit(struct world *world)
{
	mkp_index_deinit(&world->members);
	free(world->siblings);
}

static const struct mkp_index_entry *take_siblings(struct world *world, uint32_t block,
						   size_t *ret_count)
{
	const struct mkp_index_entry *members = mkp_index_find(&world->members, block,
							       ret_count);
	size_t i;

	for (i = 0; i < *ret_count; i++)
		world->siblings[i] = world->image->symbols[members[i].id].name;
	world->nr_siblings = *ret_count;
	return members;
}

static struct mkp_image_match ask(const struct world *world,
				  const struct mkp_image_symbol *symbol, bool with_size)
{
	struct mkp_image_match match;

	mkp_image_resolve(world->image,
			  &(struct mkp_image_query){
				  .name = symbol->name,
				  .file = symbol->file,
				  .local = symbol->local,
				  .function = symbol->function,
				  .object = symbol->object,
				  .size = with_size ? symbol->size : 0,
				  .siblings = world->siblings,
				  .nr_siblings = symbol->local ? world->nr_siblings : 0,
			  },
			  &match);
	return match;
}

struct counts {
	unsigned asked;
	unsigned resolved;
	unsigned refused;
};

/* Resolved to itself or an alias of it, or refused; never to anything else. */
static void check_self(const struct world *world, const struct mkp_image_symbol *symbol,
		       bool with_size, struct counts *counts)
{
	struct mkp_image_match match = ask(world, symbol, with_size);

	counts->asked++;
	if (match.verdict == MKP_AMBIGUOUS) {
		counts->refused++;
		return;
	}
	counts->resolved++;
	if (match.verdict != MKP_RESOLVED || match.symbol->address != symbol->address)
		fail_msg("%s of %s: %s", symbol->name, symbol->file ? symbol->file : "-",
			 mkp_image_reason_text(match.reason));
	assert_int_equal(match.position == 0, match.nr_same_name == 1);
	assert_true(match.position <= match.nr_same_name);
}

static void check_globals(struct world *world, struct counts *counts)
{
	size_t i;

	world->nr_siblings = 0;
	for (i = 0; i < world->image->nr_symbols; i++)
		if (world->image->symbols[i].global)
			check_self(world, &world->image->symbols[i], true, counts);
}

static bool occurs_again(const struct mkp_image *image,
			 const struct mkp_image_symbol *symbol)
{
	size_t count;

	(void)mkp_index_find(&image->names, mkp_hash_string(symbol->name), &count);
	return count > 1;
}

/*
 * What objtool calls the padding before a function, when vmlinux.o is linked: behind the
 * last source file, to which they would seem to belong (tools/objtool/elf.c,
 * elf_create_prefix_symbol(), v6.2). No object has them, and nothing refers to them.
 */
static bool is_padding(const struct mkp_image_symbol *symbol)
{
	return !strncmp(symbol->name, "__pfx_", 6);
}

static void resolve_to_self(void **state)
{
	struct counts globals = { 0 }, unique = { 0 }, again = { 0 }, no_size = { 0 };
	size_t padding = 0;
	const struct mkp_image *image = *state;
	struct world world;
	uint32_t block;

	if (!image)
		skip();
	world_init(&world, image);
	check_globals(&world, &globals);
	for (block = 1; block < image->nr_blocks; block++) {
		size_t count, i;
		const struct mkp_index_entry *members = take_siblings(&world, block,
								      &count);

		for (i = 0; i < count; i++) {
			const struct mkp_image_symbol *symbol =
				&image->symbols[members[i].id];

			if (is_padding(symbol)) {
				padding++;
				continue;
			}
			if (!occurs_again(image, symbol)) {
				check_self(&world, symbol, true, &unique);
				continue;
			}
			check_self(&world, symbol, true, &again);
			check_self(&world, symbol, false, &no_size);
		}
	}
	print_message("globals: %u asked, %u refused\n", globals.asked, globals.refused);
	print_message("locals of unique name: %u asked, %u refused\n", unique.asked,
		      unique.refused);
	print_message("locals of other names: %u asked, %u refused; by name, file and "
		      "siblings alone %u refused\n",
		      again.asked, again.refused, no_size.refused);
	print_message("paddings of functions: %zu, not asked\n", padding);
	world_deinit(&world);
	assert_int_equal(globals.refused + unique.refused, 0);
	assert_int_equal(again.refused + no_size.refused, 0);
	assert_true(globals.asked > 1000 && unique.asked > 1000 && again.asked > 100);
}

static bool has_member(const struct world *world, uint32_t block, const char *name)
{
	size_t count, i;
	const struct mkp_index_entry *entries = mkp_index_find(
		&world->image->names, mkp_hash_string(name), &count);

	for (i = 0; i < count; i++)
		if (world->image->symbols[entries[i].id].block == block)
			return true;
	return false;
}

/* All siblings of @world are in @block as well: then nothing could tell them apart. */
static bool is_part_of(const struct world *world, uint32_t block, size_t nr_siblings)
{
	size_t i;

	for (i = 0; i < nr_siblings; i++)
		if (!has_member(world, block, world->siblings[i]))
			return false;
	return true;
}

/*
 * The object is of file @block, where the compiler left nothing of a function whose name
 * another file of the same name has.
 */
static void check_others(struct world *world, uint32_t block, uint32_t other,
			 struct counts *counts)
{
	size_t count, own, i;
	const struct mkp_index_entry *members;

	(void)take_siblings(world, block, &own);
	if (is_part_of(world, other, own))
		return;
	members = mkp_index_find(&world->members, other, &count);
	for (i = 0; i < count; i++) {
		const struct mkp_image_symbol *symbol =
			&world->image->symbols[members[i].id];
		struct mkp_image_match match;

		if (has_member(world, block, symbol->name))
			continue;
		world->siblings[own] = symbol->name;
		world->nr_siblings = own + 1;
		match = ask(world, symbol, true);
		counts->asked++;
		if (match.verdict == MKP_RESOLVED)
			fail_msg("%s of another %s resolved: %s", symbol->name,
				 symbol->file, mkp_image_reason_text(match.reason));
		counts->refused++;
	}
}

static void refuse_other_files(void **state)
{
	const struct mkp_image *image = *state;
	struct counts counts = { 0 };
	struct world world;
	uint32_t block;

	if (!image)
		skip();
	world_init(&world, image);
	/* Each file against the next of its name, as the index lists them. */
	for (block = 1; block < image->nr_blocks; block++) {
		size_t count, i;
		const struct mkp_index_entry *same = mkp_index_find(
			&image->files, mkp_hash_string(image->blocks[block].file),
			&count);

		for (i = 0; i + 1 < count; i++)
			if (same[i].id == block)
				check_others(&world, block, same[i + 1].id, &counts);
	}
	print_message("of other files of the same name: %u asked, %u refused\n",
		      counts.asked, counts.refused);
	world_deinit(&world);
	assert_true(counts.asked > 100);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_as_kallsyms),
		cmocka_unit_test(resolve_to_self),
		cmocka_unit_test(refuse_other_files),
	};

	vmlinux_path = argc > 1 ? argv[1] : NULL;
	return cmocka_run_group_tests_name("image/vmlinux", tests, setup, teardown);
}
