// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The resolver against DWARF, which is a second witness of what is where: for each symbol
 * of a name that occurs more than once, test_image_dwarf VMLINUX asks for it from an
 * object of its source file and compares with the address in the debug data of that file.
 * Skipped without a vmlinux.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>

#include "base/array.h"
#include "image/private.h"
#include "test_image_files.h"

static const char *vmlinux_path;

/* What the debug data of one source file says is at an address. */
struct thing {
	uint64_t address;
	const char *name; /* without what the compiler adds */
	bool function;
};

struct unit {
	struct thing *things;
	size_t count, capacity;
};

struct totals {
	size_t functions, objects, refused, wrong, no_symbol, asked;
	uint8_t *seen; /* [symbols] */
};

/* ---- DWARF ---- */

static bool variable_address(Dwarf_Die *die, uint64_t *ret_address)
{
	Dwarf_Attribute attribute;
	Dwarf_Op *operation;
	size_t length;

	if (!dwarf_attr(die, DW_AT_location, &attribute) ||
	    dwarf_getlocation(&attribute, &operation, &length) || length != 1 ||
	    operation->atom != DW_OP_addr)
		return false;
	*ret_address = operation->number;
	return true;
}

/* A function with a part elsewhere has ranges; the first is where it begins. */
static bool function_address(Dwarf_Die *die, uint64_t *ret_address)
{
	Dwarf_Addr base, end;

	return !dwarf_lowpc(die, ret_address) ||
	       dwarf_ranges(die, 0, &base, ret_address, &end) > 0;
}

static void add_thing(struct unit *unit, Dwarf_Die *die, uint64_t address, bool function)
{
	Dwarf_Attribute attribute;
	const char *name = dwarf_formstring(
		dwarf_attr_integrate(die, DW_AT_name, &attribute));

	if (!name || !address)
		return;
	assert_no_error(mkp_array_reserve(&unit->things, &unit->capacity, unit->count + 1,
					  sizeof(*unit->things)));
	unit->things[unit->count++] = (struct thing){ address, name, function };
}

static bool may_have_statics(int tag)
{
	return tag == DW_TAG_subprogram || tag == DW_TAG_lexical_block ||
	       tag == DW_TAG_inlined_subroutine;
}

/* Also what is static in a function. */
static void walk(struct unit *unit, Dwarf_Die *parent)
{
	Dwarf_Die die;

	if (dwarf_child(parent, &die))
		return;
	do {
		int tag = dwarf_tag(&die);
		uint64_t address;

		if (tag == DW_TAG_subprogram && function_address(&die, &address))
			add_thing(unit, &die, address, /* function= */ true);
		else if (tag == DW_TAG_variable && variable_address(&die, &address))
			add_thing(unit, &die, address, /* function= */ false);
		if (may_have_statics(tag))
			walk(unit, &die);
	} while (!dwarf_siblingof(&die, &die));
}

/* ---- The image ---- */

static size_t first_at(const struct mkp_image *image, uint64_t address)
{
	size_t low = 0, high = image->nr_symbols;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (image->symbols[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* foo, or foo.isra.0. */
static bool is_name_of(const char *symbol, const char *name)
{
	size_t length = strlen(name);

	return !strncmp(symbol, name, length) &&
	       (!symbol[length] || symbol[length] == '.');
}

static const struct mkp_image_symbol *find_symbol(const struct mkp_image *image,
						  const struct thing *thing)
{
	for (size_t i = first_at(image, thing->address);
	     i < image->nr_symbols && image->symbols[i].address == thing->address; i++)
		if (is_name_of(image->symbols[i].name, thing->name))
			return &image->symbols[i];
	return NULL;
}

static size_t count_of_name(const struct mkp_image *image, const char *name)
{
	size_t count, same = 0;
	const struct mkp_index_entry *entries = mkp_image_find_name(
		image, mkp_hash_string(name), &count);

	for (size_t i = 0; i < count; i++)
		same += !strcmp(image->symbols[entries[i].id].name, name);
	return same;
}

static void ask(const struct mkp_image *image, const struct mkp_image_query *query,
		const struct thing *thing, struct totals *totals)
{
	struct mkp_image_match match;

	mkp_image_resolve(image, query, &match);
	totals->asked++;
	totals->functions += thing->function;
	totals->objects += !thing->function;
	if (match.verdict != MKP_RESOLVED) {
		totals->refused++;
	} else if (match.symbol->address != thing->address) {
		totals->wrong++;
		print_message("%s of %s: %#llx, DWARF says %#llx\n", query->name,
			      query->file, (unsigned long long)match.symbol->address,
			      (unsigned long long)thing->address);
	}
}

/* Asks for everything in one source file whose name others have, too. */
static void ask_unit(const struct mkp_image *image, const struct unit *unit,
		     const char *file, struct totals *totals)
{
	const struct mkp_image_symbol **symbols;
	const char **siblings;
	size_t nr_siblings = 0;

	assert_no_error(mkp_array_create(unit->count, sizeof(*symbols), &symbols));
	assert_no_error(mkp_array_create(unit->count, sizeof(*siblings), &siblings));
	for (size_t i = 0; i < unit->count; i++) {
		symbols[i] = find_symbol(image, &unit->things[i]);
		if (symbols[i] && symbols[i]->local)
			siblings[nr_siblings++] = symbols[i]->name;
	}
	for (size_t i = 0; i < unit->count; i++) {
		const struct mkp_image_symbol *symbol = symbols[i];

		totals->no_symbol += !symbol;
		if (!symbol || totals->seen[symbol - image->symbols] ||
		    count_of_name(image, symbol->name) < 2)
			continue;
		totals->seen[symbol - image->symbols] = true;
		ask(image,
		    &(struct mkp_image_query){
			    .name = symbol->name,
			    .file = mkp_path_basename(file),
			    .local = symbol->local,
			    .function = unit->things[i].function,
			    .object = !unit->things[i].function,
			    .siblings = siblings,
			    .nr_siblings = nr_siblings,
		    },
		    &unit->things[i], totals);
	}
	free(symbols);
	free(siblings);
}

static void ask_all(const struct mkp_image *image, Dwarf *dwarf, struct totals *totals)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die die;
	uint8_t type;

	while (!dwarf_get_units(dwarf, cu, &cu, NULL, &type, &die, NULL)) {
		struct unit unit = { 0 };
		const char *file = dwarf_diename(&die);

		if (type != DW_UT_compile || !file)
			continue;
		walk(&unit, &die);
		ask_unit(image, &unit, file, totals);
		free(unit.things);
	}
}

/* How many functions and objects have a name that others have, and were not asked for. */
static size_t count_left(const struct mkp_image *image, const struct totals *totals)
{
	size_t left = 0;

	for (size_t i = 0; i < image->nr_symbols; i++)
		left += !totals->seen[i] &&
			(image->symbols[i].function || image->symbols[i].object) &&
			strncmp(image->symbols[i].name, "__pfx_", 6) != 0 &&
			count_of_name(image, image->symbols[i].name) > 1;
	return left;
}

static void repeated_names(void **state MKP_UNUSED)
{
	struct mkp_image *image = NULL;
	struct totals totals = { 0 };
	Dwarf *dwarf;
	int fd;

	if (!vmlinux_path)
		skip();
	assert_no_error(mkp_image_open(vmlinux_path, NULL, &image));
	fd = open(vmlinux_path, O_RDONLY | O_CLOEXEC);
	dwarf = dwarf_begin(fd, DWARF_C_READ);
	assert_non_null(dwarf);
	assert_no_error(mkp_array_create(image->nr_symbols, 1, &totals.seen));
	ask_all(image, dwarf, &totals);
	print_message("of repeated names: %zu functions and %zu objects asked, %zu "
		      "refused, %zu wrong; %zu have no DWARF\n",
		      totals.functions, totals.objects, totals.refused, totals.wrong,
		      count_left(image, &totals));
	assert_int_equal(totals.wrong, 0);
	assert_true(totals.asked > 1000);
	free(totals.seen);
	dwarf_end(dwarf);
	close(fd);
	mkp_image_destroy(image);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(repeated_names) };

	vmlinux_path = argc > 1 ? argv[1] : NULL;
	return cmocka_run_group_tests_name("image/dwarf", tests, NULL, NULL);
}
