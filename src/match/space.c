// SPDX-License-Identifier: GPL-2.0-or-later
#include "match/space.h"

#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "elf/order.h"

/* Made-up addresses of a module: far enough from each other that no offset from one thing
 * leads to the next. */
#define SECTION_BASE(section) (((uint64_t)(section) + 1) << 32)
#define EXTERN_BASE(symbol)   ((UINT64_C(1) << 62) + ((uint64_t)(symbol) << 30))

static bool is_module(const struct mkp_space *space)
{
	return space->object->type == ET_REL;
}

static int compare_segments(const void *a, const void *b)
{
	const struct mkp_segment *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return (x->section > y->section) - (x->section < y->section);
}

static void add_segments(struct mkp_space *space)
{
	const struct mkp_object *object = space->object;

	for (uint32_t i = 1; i < object->nr_sections; i++) {
		const struct mkp_section *section = &object->sections[i];

		space->bases[i] = is_module(space) ? SECTION_BASE(i) : section->address;
		if (!(section->flags & SHF_ALLOC) || !section->size)
			continue;
		space->segments[space->nr_segments++] = (struct mkp_segment){
			.address = space->bases[i],
			.size = section->size,
			.section = i,
		};
	}
	if (space->nr_segments)
		qsort(space->segments, space->nr_segments, sizeof(*space->segments),
		      compare_segments);
}

static int compare_symbols(const void *a, const void *b, void *data)
{
	const struct mkp_space *space = data;
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	size_t count;
	const struct mkp_image_symbol *symbols = mkp_image_symbols(space->image, &count);
	uint64_t one = mkp_space_symbol_address(space, &symbols[x]);
	uint64_t other = mkp_space_symbol_address(space, &symbols[y]);

	if (one != other)
		return one < other ? -1 : 1;
	return (x > y) - (x < y);
}

/* A kernel's symbols are in the order of their addresses, those of a module are not. */
static struct mkp_error *sort_symbols(struct mkp_space *space)
{
	struct mkp_error *error;
	size_t count;

	(void)mkp_image_symbols(space->image, &count);
	if (!is_module(space) || !count)
		return NULL;
	error = mkp_array_create(count, sizeof(*space->order), &space->order);
	for (uint32_t i = 0; i < count && !error; i++)
		space->order[i] = i;
	if (!error)
		qsort_r(space->order, count, sizeof(*space->order), compare_symbols,
			space);
	return error;
}

bool mkp_space_has_code(const struct mkp_image *image)
{
	const struct mkp_object *object = mkp_image_object(image);

	for (uint32_t i = 1; object && i < object->nr_sections; i++)
		if ((object->sections[i].flags & SHF_EXECINSTR) &&
		    object->sections[i].data)
			return true;
	return false;
}

struct mkp_error *mkp_space_init(struct mkp_space *space, const struct mkp_image *image)
{
	struct mkp_error *error;

	*space = (struct mkp_space){ .image = image, .object = mkp_image_object(image) };
	if (!mkp_space_has_code(image))
		return mkp_error_create(MKP_ERROR_USAGE,
					"%s has symbols but no code: a vmlinux is needed",
					mkp_image_path(image));
	space->arch = mkp_arch_find(space->object->machine);
	if (!space->arch)
		return mkp_error_create(MKP_ERROR_UNSUPPORTED,
					"%s: architecture %u is not supported",
					space->object->path, space->object->machine);
	error = mkp_array_create(space->object->nr_sections, sizeof(*space->segments),
				 &space->segments);
	if (!error)
		error = mkp_array_create(space->object->nr_sections,
					 sizeof(*space->bases), &space->bases);
	if (!error) {
		add_segments(space);
		error = sort_symbols(space);
	}
	if (error)
		mkp_space_deinit(space);
	return error;
}

void mkp_space_deinit(struct mkp_space *space)
{
	free(space->segments);
	free(space->bases);
	free(space->order);
	*space = (struct mkp_space){ 0 };
}

uint64_t mkp_space_symbol_address(const struct mkp_space *space,
				  const struct mkp_image_symbol *symbol)
{
	return symbol->address + (symbol->section ? space->bases[symbol->section] : 0);
}

/* The last segment that begins at or before @address, if it reaches there. */
static const struct mkp_segment *find_segment(const struct mkp_space *space,
					      uint64_t address)
{
	size_t low = 0, high = space->nr_segments;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (space->segments[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low ||
	    address - space->segments[low - 1].address >= space->segments[low - 1].size)
		return NULL;
	return &space->segments[low - 1];
}

uint64_t mkp_space_at(const struct mkp_space *space, uint64_t address,
		      const uint8_t **ret_data)
{
	const struct mkp_segment *segment = find_segment(space, address);
	const uint8_t *data;

	*ret_data = NULL;
	if (!segment)
		return 0;
	data = space->object->sections[segment->section].data;
	if (data)
		*ret_data = data + (address - segment->address);
	return segment->size - (address - segment->address);
}

const struct mkp_section *mkp_space_section(const struct mkp_space *space,
					    uint64_t address)
{
	const struct mkp_segment *segment = find_segment(space, address);

	return segment ? &space->object->sections[segment->section] : NULL;
}

/* The first relocation of a section at or behind @offset. */
static uint32_t first_reloc(const struct mkp_space *space,
			    const struct mkp_section *section, uint64_t offset)
{
	const struct mkp_reloc *relocs = space->object->relocs + section->first_reloc;
	uint32_t low = 0, high = section->nr_relocs;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (relocs[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint64_t reloc_symbol_address(const struct mkp_space *space, uint32_t index)
{
	const struct mkp_symbol *symbol = &space->object->symbols[index];

	if (mkp_symbol_section(space->object, symbol))
		return space->bases[symbol->section] + symbol->value;
	return symbol->section == MKP_SHN_ABS ? symbol->value : EXTERN_BASE(index);
}

/* What the relocation of a module at a field says. */
static bool read_reloc(const struct mkp_space *space, const struct mkp_space_field *field,
		       const struct mkp_segment *segment, uint64_t *ret_target)
{
	const struct mkp_section *section = &space->object->sections[segment->section];
	uint64_t offset = field->address - segment->address;
	uint32_t at = first_reloc(space, section, offset);
	const struct mkp_reloc *reloc = &space->object->relocs[section->first_reloc + at];
	const struct mkp_reloc_info *info;

	if (at == section->nr_relocs || reloc->offset != offset)
		return false;
	info = space->arch->reloc(reloc->type);
	if (!info || (info->flags & MKP_RELOC_NONE))
		return false;
	*ret_target = reloc_symbol_address(space, reloc->symbol) +
		      (uint64_t)reloc->addend;
	if (info->flags & MKP_RELOC_PCREL)
		*ret_target += field->to_end;
	return true;
}

/* A signed number of @width bytes. */
static uint64_t read_value(const struct mkp_object *object, const uint8_t *data,
			   unsigned int width)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < width; i++)
		value = value << 8 | data[object->big_endian ? i : width - 1 - i];
	if (width < 8 && (value >> (8 * width - 1)) & 1)
		value |= UINT64_MAX << (8 * width);
	return value;
}

bool mkp_space_read(const struct mkp_space *space, const struct mkp_space_field *field,
		    uint64_t *ret_target)
{
	const struct mkp_segment *segment = find_segment(space, field->address);
	uint64_t left = segment ? segment->size - (field->address - segment->address) : 0;
	const uint8_t *data;
	uint64_t value = 0;

	if (left < field->width)
		return false;
	if (is_module(space) && read_reloc(space, field, segment, ret_target))
		return true;
	data = space->object->sections[segment->section].data;
	if (data)
		value = read_value(space->object,
				   data + (field->address - segment->address),
				   field->width);
	if (field->relative)
		value += field->address + field->to_end;
	*ret_target = value;
	return true;
}

uint32_t mkp_space_count_relocs(const struct mkp_space *space, uint64_t address,
				uint64_t size)
{
	const struct mkp_segment *segment = find_segment(space, address);
	const struct mkp_section *section;

	if (!segment || !is_module(space))
		return 0;
	section = &space->object->sections[segment->section];
	return first_reloc(space, section, address + size - segment->address) -
	       first_reloc(space, section, address - segment->address);
}

/* How many symbols of @name are global, or local, as @global says. */
static size_t visit_named(const struct mkp_space *space, const char *name, bool global,
			  void (*found)(void *context, uint64_t address), void *context)
{
	size_t count, visited = 0, total;
	const struct mkp_index_entry *entries = mkp_image_find_name(
		space->image, mkp_hash_string(name), &count);
	const struct mkp_image_symbol *symbols = mkp_image_symbols(space->image, &total);

	for (size_t i = 0; i < count; i++) {
		const struct mkp_image_symbol *symbol = &symbols[entries[i].id];

		if (symbol->global != global || strcmp(symbol->name, name) != 0)
			continue;
		found(context, mkp_space_symbol_address(space, symbol));
		visited++;
	}
	return visited;
}

void mkp_space_find_global(const struct mkp_space *space, const char *name,
			   void (*found)(void *context, uint64_t address), void *context)
{
	const struct mkp_object *object = space->object;
	const struct mkp_index_entry *entries;
	size_t count;

	if (visit_named(space, name, /* global= */ true, found, context) ||
	    visit_named(space, name, /* global= */ false, found, context))
		return;
	entries = mkp_index_find(&object->names, mkp_hash_string(name), &count);
	for (size_t i = 0; is_module(space) && i < count; i++) {
		const struct mkp_symbol *symbol = &object->symbols[entries[i].id];

		if (symbol->section == MKP_SHN_UNDEF && !strcmp(symbol->name, name))
			found(context, EXTERN_BASE(entries[i].id));
	}
}

/* Whether @symbol is a better name for what is behind it than @best. */
static bool is_closer(const struct mkp_space *space,
		      const struct mkp_image_symbol *symbol,
		      const struct mkp_image_symbol *best)
{
	uint64_t at = mkp_space_symbol_address(space, symbol), before;

	if (!best)
		return true;
	before = mkp_space_symbol_address(space, best);
	/* Of several at one place the first with a type. */
	return at > before || (at == before && !best->function && !best->object);
}

/* The symbol that is the @nth by address. */
static const struct mkp_image_symbol *nth_symbol(const struct mkp_space *space,
						 size_t nth)
{
	size_t count;
	const struct mkp_image_symbol *symbols = mkp_image_symbols(space->image, &count);

	return &symbols[space->order ? space->order[nth] : nth];
}

static uint64_t nth_address(const struct mkp_space *space, size_t nth)
{
	return mkp_space_symbol_address(space, nth_symbol(space, nth));
}

/* The first symbol at or behind @address. */
static size_t first_at(const struct mkp_space *space, size_t count, uint64_t address)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (nth_address(space, middle) < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The symbol that is the last at or before @address. */
static const struct mkp_image_symbol *symbol_before(const struct mkp_space *space,
						    uint64_t address)
{
	const struct mkp_image_symbol *best = NULL;
	size_t count, i;

	(void)mkp_image_symbols(space->image, &count);
	i = first_at(space, count, address);
	if (i && (i == count || nth_address(space, i) != address))
		i = first_at(space, count, nth_address(space, i - 1));
	for (; i < count && nth_address(space, i) <= address; i++)
		if (address - nth_address(space, i) < UINT32_MAX &&
		    is_closer(space, nth_symbol(space, i), best))
			best = nth_symbol(space, i);
	return best;
}

/* What @address would be in a module that does not define it. */
static const char *extern_name(const struct mkp_space *space, uint64_t address,
			       uint64_t *ret_offset)
{
	uint64_t index = (address - EXTERN_BASE(0)) >> 30;

	if (!is_module(space) || address < EXTERN_BASE(0) ||
	    index >= space->object->nr_symbols)
		return NULL;
	*ret_offset = address - EXTERN_BASE(index);
	return space->object->symbols[index].name;
}

struct mkp_error *mkp_space_describe(const struct mkp_space *space, uint64_t address,
				     char **ret_text)
{
	const struct mkp_image_symbol *symbol;
	uint64_t offset = 0;
	const char *name = extern_name(space, address, &offset);
	int length;

	symbol = name ? NULL : symbol_before(space, address);
	if (symbol) {
		name = symbol->name;
		offset = address - mkp_space_symbol_address(space, symbol);
	}
	if (!name)
		length = asprintf(ret_text, "%#llx", (unsigned long long)address);
	else if (offset)
		length = asprintf(ret_text, "%s+%#llx", name, (unsigned long long)offset);
	else
		length = asprintf(ret_text, "%s", name);
	return length < 0 ? mkp_error_nomem() : NULL;
}
