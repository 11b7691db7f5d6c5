// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel wants to know of code, beyond what code says: each call of ftrace and
 * each jump to a thunk must be listed, each target of an indirect branch be marked.
 */
#include <inttypes.h>
#include <string.h>

#include "base/array.h"
#include "verify/private.h"

static int compare_places(const void *a, const void *b)
{
	const struct mkp_verify_place *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	return (x->offset > y->offset) - (x->offset < y->offset);
}

/* The places that a table points to, sorted. */
struct sites {
	const char *table;
	struct mkp_verify_place *places;
	size_t count;
};

static struct mkp_error *read_sites(const struct mkp_verify *verify, const char *table,
				    struct sites *sites)
{
	size_t count;
	const struct mkp_verify_reloc *relocs = mkp_verify_relocs_of(
		verify, mkp_object_find_section(verify->object, table), &count);
	struct mkp_error *error = mkp_array_create(count, sizeof(*sites->places),
						   &sites->places);

	sites->table = table;
	sites->count = 0;
	if (error)
		return error;
	for (size_t i = 0; i < count; i++) {
		const struct mkp_symbol *symbol =
			&verify->object->symbols[relocs[i].raw.symbol];
		uint64_t addend = (uint64_t)relocs[i].raw.addend;

		sites->places[sites->count++] = (struct mkp_verify_place){
			symbol->section, symbol->value + addend
		};
	}
	if (sites->count)
		qsort(sites->places, sites->count, sizeof(*sites->places),
		      compare_places);
	return NULL;
}

/* Whether a place from @offset on, less than @size bytes further, is listed. */
static bool has_site(const struct sites *sites, uint32_t section, uint64_t offset,
		     uint64_t size)
{
	size_t low = 0, high = sites->count;
	const struct mkp_verify_place wanted = { section, offset };

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_places(&sites->places[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < sites->count && sites->places[low].section == section &&
	       sites->places[low].offset - offset < size;
}

/* The symbol that the first relocation of a function refers to, and where. */
static const char *first_call(const struct mkp_verify *verify,
			      const struct mkp_symbol *function, uint64_t *ret_offset)
{
	size_t at = mkp_verify_reloc_from(verify, function->section, function->value);

	if (at == verify->first_reloc[function->section + 1])
		return NULL;
	*ret_offset = verify->relocs[at].raw.offset - function->value;
	return verify->object->symbols[verify->relocs[at].raw.symbol].name;
}

static bool is_traceable(const struct mkp_verify *verify,
			 const struct mkp_symbol *function)
{
	const struct mkp_section *section = &verify->object->sections[function->section];
	uint64_t offset = 0;
	const char *name = first_call(verify, function, &offset);

	return verify->arch->entry_traceable && section->data && name &&
	       verify->arch->entry_traceable(section->data + function->value,
					     function->size, name, offset);
}

static struct mkp_error *check_ftrace(struct mkp_verify *verify, struct sites *sites)
{
	const struct mkp_object *object = verify->object;
	struct mkp_error *error = read_sites(verify, "__mcount_loc", sites);
	uint64_t offset;

	for (size_t i = 0; i < verify->code.count && !error; i++) {
		const struct mkp_symbol *symbol =
			&object->symbols[verify->code.symbols[i]];

		if (!(object->sections[symbol->section].flags & SHF_ALLOC) ||
		    !is_traceable(verify, symbol))
			continue;
		first_call(verify, symbol, &offset);
		if (!has_site(sites, symbol->section, symbol->value, offset))
			error = mkp_verify_add(verify->report, MKP_VERIFY_FTRACE_SITE,
					       symbol->name, "not in __mcount_loc");
	}
	for (size_t i = 0; i < sites->count && !error; i++) {
		uint32_t index = mkp_verify_map_around(&verify->code, &sites->places[i]);
		const struct mkp_symbol *symbol = &object->symbols[index];

		if (!index || sites->places[i].offset - symbol->value > 8 ||
		    !is_traceable(verify, symbol))
			error = mkp_verify_add(
				verify->report, MKP_VERIFY_FTRACE_SITE, "__mcount_loc",
				"%s+0x%" PRIx64 " is no call of ftrace", symbol->name,
				sites->places[i].offset - symbol->value);
	}
	return error;
}

/* Whether vmlinux has a symbol of this name: its linker script says what it wants. */
static bool image_has(const struct mkp_verify *verify, const char *name)
{
	const struct mkp_object *object = verify->images[0]->object;
	size_t count;

	return mkp_index_find(&object->names, mkp_hash_string(name), &count) != NULL;
}

/* Jumps and calls to thunks, 5 or 6 bytes of which the last 4 are relocated. */
static struct mkp_error *check_thunks(struct mkp_verify *verify,
				      const struct mkp_thunk_row *row,
				      const struct sites *sites, uint32_t section)
{
	struct mkp_error *error = NULL;
	size_t count;
	const struct mkp_verify_reloc *relocs = mkp_verify_relocs_of(verify, section,
								     &count);

	for (size_t i = 0; i < count && !error; i++) {
		const char *name = verify->object->symbols[relocs[i].raw.symbol].name;
		uint64_t offset = relocs[i].raw.offset;

		if (!mkp_name_matches(row->symbol, name) || offset < 2)
			continue;
		if (!has_site(sites, section, offset - 2, 2))
			error = mkp_verify_add(verify->report, MKP_VERIFY_RETURN_SITE,
					       verify->object->sections[section].name,
					       "the branch to %s at 0x%" PRIx64
					       " is not in %s",
					       name, offset, row->table);
	}
	return error;
}

static struct mkp_error *check_thunk_row(struct mkp_verify *verify,
					 const struct mkp_thunk_row *row)
{
	const struct mkp_object *object = verify->object;
	struct sites sites = { 0 };
	struct mkp_error *error;

	if (!image_has(verify, row->wanted_by))
		return NULL;
	error = read_sites(verify, row->table, &sites);
	for (uint32_t i = 1; i < object->nr_sections && !error; i++)
		if (mkp_verify_is_code(&object->sections[i]) &&
		    strncmp(object->sections[i].name, ".altinstr", 9) != 0)
			error = check_thunks(verify, row, &sites, i);
	free(sites.places);
	return error;
}

/*
 * A function whose address is in data can be called from anywhere. Replacements are
 * there, too, but ftrace returns to them.
 */
static struct mkp_error *check_pointer(struct mkp_verify *verify,
				       const struct mkp_verify_reloc *reloc)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	const struct mkp_section *section;
	struct mkp_verify_place place;
	uint32_t index;

	if (!mkp_verify_target(verify, reloc, &place))
		return NULL;
	index = mkp_verify_map_at(&verify->code, &place);
	section = &verify->object->sections[place.section];
	if (!index || !mkp_verify_is_code(section) ||
	    (section->size - place.offset >= sizeof(endbr64) &&
	     !memcmp(section->data + place.offset, endbr64, sizeof(endbr64))))
		return NULL;
	for (size_t i = 0; i < verify->nr_functions; i++)
		if (!compare_places(&verify->functions[i].code, &place))
			return NULL;
	return mkp_verify_add(verify->report, MKP_VERIFY_ENDBR,
			      verify->object->symbols[index].name,
			      "its address is in data, and it has no ENDBR");
}

static struct mkp_error *check_endbr(struct mkp_verify *verify)
{
	const struct mkp_object *object = verify->object;
	struct mkp_error *error = NULL;

	if (!image_has(verify, "__ibt_endbr_seal"))
		return NULL;
	for (uint32_t i = 1; i < object->nr_sections && !error; i++) {
		size_t count;
		const struct mkp_verify_reloc *relocs = mkp_verify_relocs_of(verify, i,
									     &count);

		if (object->sections[i].flags & SHF_EXECINSTR ||
		    mkp_arch_special(verify->arch, object->sections[i].name))
			continue;
		for (size_t k = 0; k < count && !error; k++)
			error = check_pointer(verify, &relocs[k]);
	}
	return error;
}

struct mkp_error *mkp_verify_pass_entries(struct mkp_verify *verify)
{
	struct sites sites = { 0 };
	struct mkp_error *error = check_ftrace(verify, &sites);

	free(sites.places);
	for (size_t i = 0; i < verify->arch->nr_thunks && !error; i++)
		error = check_thunk_row(verify, &verify->arch->thunks[i]);
	return error ? error : check_endbr(verify);
}
