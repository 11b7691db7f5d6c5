// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/structures.h"

#include <dwarf.h>
#include <string.h>

#include "elf/dwarf.h"
#include "elf/order.h"

struct search {
	struct mkp_structure *list;
	size_t count, missing;
};

static void found(struct search *search, const char *name, uint64_t size)
{
	for (size_t i = 0; i < search->count; i++) {
		struct mkp_structure *it = &search->list[i];

		if (it->size || strcmp(it->name, name) != 0)
			continue;
		it->size = size;
		search->missing--;
	}
}

/* ---- DWARF ---- */

static void search_unit(struct mkp_dwarf *dwarf, size_t unit, struct search *search)
{
	struct mkp_die die;
	uint64_t end;
	bool more = mkp_dwarf_unit(dwarf, unit, &die, &end) &&
		    mkp_dwarf_child(dwarf, &die, &die);

	for (; more && search->missing;
	     more = mkp_dwarf_sibling_nameless(dwarf, &die, &die)) {
		struct mkp_die named;

		/* Incomplete types have no size. */
		if (die.tag == DW_TAG_structure_type && die.byte_size &&
		    mkp_dwarf_read(dwarf, die.offset, &named) && named.name)
			found(search, named.name, named.byte_size);
	}
}

static struct mkp_error *search_dwarf(const struct mkp_object *object,
				      struct search *search, bool *ret_any)
{
	struct mkp_dwarf *dwarf;
	struct mkp_error *error = mkp_dwarf_create(object, &dwarf);
	size_t count;

	if (error)
		return error;
	count = mkp_dwarf_nr_units(dwarf);
	for (size_t i = 0; i < count && search->missing; i++)
		search_unit(dwarf, i, search);
	mkp_dwarf_destroy(dwarf);
	*ret_any = count;
	return NULL;
}

/* ---- BTF, include/uapi/linux/btf.h ---- */

#define BTF_MAGIC 0xeb9f

struct btf_header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t header_size; /* what offsets are from */
	uint32_t types, types_size, strings, strings_size;
};

struct btf_type {
	uint32_t name, info, size;
};

enum {
	BTF_INT = 1,
	BTF_ARRAY = 3,
	BTF_STRUCT = 4,
	BTF_UNION = 5,
	BTF_ENUM = 6,
	BTF_FUNC_PROTO = 13,
	BTF_VAR = 14,
	BTF_DATASEC = 15,
	BTF_DECL_TAG = 17,
	BTF_ENUM64 = 19, /* v6.0 */
};

/* Bytes behind a type: of its kind, and of each of its parts. */
static const struct {
	uint8_t fixed, part;
} btf_tails[] = {
	[BTF_INT] = { 4, 0 },	  [BTF_ARRAY] = { 12, 0 },   [BTF_STRUCT] = { 0, 12 },
	[BTF_UNION] = { 0, 12 },  [BTF_ENUM] = { 0, 8 },     [BTF_FUNC_PROTO] = { 0, 8 },
	[BTF_VAR] = { 4, 0 },	  [BTF_DATASEC] = { 0, 12 }, [BTF_DECL_TAG] = { 4, 0 },
	[BTF_ENUM64] = { 0, 12 },
};

static bool btf_header_read(const struct mkp_object *object,
			    const struct mkp_section *section, struct btf_header *header)
{
	if (!section->data || section->size < sizeof(*header))
		return false;
	memcpy(header, section->data, sizeof(*header));
	header->types = mkp_object_get32(object, header->types);
	header->types_size = mkp_object_get32(object, header->types_size);
	header->strings = mkp_object_get32(object, header->strings);
	header->strings_size = mkp_object_get32(object, header->strings_size);
	header->header_size = mkp_object_get32(object, header->header_size);
	return mkp_object_get16(object, header->magic) == BTF_MAGIC &&
	       header->version == 1 &&
	       (uint64_t)header->header_size + header->types + header->types_size <=
		       section->size &&
	       (uint64_t)header->header_size + header->strings + header->strings_size <=
		       section->size;
}

static void search_btf(const struct mkp_object *object, const struct mkp_section *section,
		       struct search *search, bool *ret_any)
{
	struct btf_header header;
	const uint8_t *at, *end;
	const char *strings;

	if (!btf_header_read(object, section, &header))
		return;
	at = section->data + header.header_size + header.types;
	end = at + header.types_size;
	strings = (const char *)section->data + header.header_size + header.strings;
	if (!header.strings_size || strings[header.strings_size - 1])
		return;
	*ret_any = true;
	while (search->missing && (size_t)(end - at) >= sizeof(struct btf_type)) {
		struct btf_type type;
		uint32_t kind, name;
		size_t tail = 0;

		memcpy(&type, at, sizeof(type));
		at += sizeof(type);
		name = mkp_object_get32(object, type.name);
		type.info = mkp_object_get32(object, type.info);
		kind = type.info >> 24 & 0x1f;
		if (kind == BTF_STRUCT && name < header.strings_size)
			found(search, strings + name,
			      mkp_object_get32(object, type.size));
		if (kind < MKP_ARRAY_SIZE(btf_tails))
			tail = btf_tails[kind].fixed +
			       (size_t)btf_tails[kind].part * (type.info & 0xffff);
		if (tail > (size_t)(end - at))
			return;
		at += tail;
	}
}

struct mkp_error *mkp_structures_find(const struct mkp_object *object,
				      struct mkp_structure *list, size_t count,
				      const char **ret_source)
{
	struct search search = { list, count, count };
	bool dwarf = false, btf = false;
	struct mkp_error *error = search_dwarf(object, &search, &dwarf);
	uint32_t section = mkp_object_find_section(object, ".BTF");

	if (error)
		return error;
	/* That of a module goes on where the kernel's ends, strings and all. */
	if (!dwarf && object->type != ET_REL)
		search_btf(object, &object->sections[section], &search, &btf);
	*ret_source = dwarf ? "DWARF" : btf ? "BTF" : NULL;
	return NULL;
}
