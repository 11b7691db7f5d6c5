// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/array.h"
#include "verify/private.h"

static int compare_symbols(const void *a, const void *b, void *object)
{
	const struct mkp_symbol *symbols = ((const struct mkp_object *)object)->symbols;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (symbols[x].section != symbols[y].section)
		return symbols[x].section < symbols[y].section ? -1 : 1;
	if (symbols[x].value != symbols[y].value)
		return symbols[x].value < symbols[y].value ? -1 : 1;
	/* Of several at one place the largest comes last, and is found. */
	if (symbols[x].size != symbols[y].size)
		return symbols[x].size < symbols[y].size ? -1 : 1;
	return (x > y) - (x < y);
}

struct mkp_error *mkp_verify_map_init(struct mkp_verify_map *map,
				      struct mkp_object *object, uint8_t type)
{
	struct mkp_error *error = mkp_array_create(object->nr_symbols,
						   sizeof(*map->symbols), &map->symbols);

	if (error)
		return error;
	map->object = object;
	for (uint32_t i = 1; i < object->nr_symbols; i++)
		if (object->symbols[i].type == type &&
		    mkp_symbol_section(object, &object->symbols[i]))
			map->symbols[map->count++] = i;
	if (map->count)
		qsort_r(map->symbols, map->count, sizeof(*map->symbols), compare_symbols,
			object);
	return NULL;
}

void mkp_verify_map_deinit(struct mkp_verify_map *map)
{
	free(map->symbols);
	*map = (struct mkp_verify_map){ 0 };
}

uint32_t mkp_verify_map_around(const struct mkp_verify_map *map,
			       const struct mkp_verify_place *place)
{
	const struct mkp_symbol *symbols = map->object->symbols, *symbol;
	size_t low = 0, high = map->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		symbol = &symbols[map->symbols[middle]];
		if (symbol->section < place->section ||
		    (symbol->section == place->section && symbol->value <= place->offset))
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return 0;
	symbol = &symbols[map->symbols[low - 1]];
	if (symbol->section != place->section ||
	    place->offset - symbol->value >= symbol->size)
		return 0;
	return map->symbols[low - 1];
}

uint32_t mkp_verify_map_at(const struct mkp_verify_map *map,
			   const struct mkp_verify_place *place)
{
	uint32_t index = mkp_verify_map_around(map, place);

	return map->object->symbols[index].value == place->offset ? index : 0;
}
