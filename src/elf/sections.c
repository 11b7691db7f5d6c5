// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The section table of an object: read, then checked, then its groups.
 *
 * Afterwards each data pointer covers `size` bytes of the file, and the sections together
 * are no larger than the file: whoever looks at all of them once takes linear time.
 */
#include <inttypes.h>
#include <string.h>

#include "base/array.h"
#include "elf/read.h"

/* Still in the making in glibc's elf.h. */
#define SHT_CREL 0x40000014

/* Nothing that a kernel is made of asks for more; huge pages are 1 GiB. */
#define ALIGN_MAX (UINT64_C(1) << 32)

static void decode_section(const struct mkp_object *object, uint64_t offset,
			   Elf64_Shdr *header)
{
	memcpy(header, object->image + offset, sizeof(*header));
	header->sh_name = mkp_object_get32(object, header->sh_name);
	header->sh_type = mkp_object_get32(object, header->sh_type);
	header->sh_flags = mkp_object_get64(object, header->sh_flags);
	header->sh_addr = mkp_object_get64(object, header->sh_addr);
	header->sh_offset = mkp_object_get64(object, header->sh_offset);
	header->sh_size = mkp_object_get64(object, header->sh_size);
	header->sh_link = mkp_object_get32(object, header->sh_link);
	header->sh_info = mkp_object_get32(object, header->sh_info);
	header->sh_addralign = mkp_object_get64(object, header->sh_addralign);
	header->sh_entsize = mkp_object_get64(object, header->sh_entsize);
}

/* What fits in 16 bits is in the header, anything larger in section 0. */
static struct mkp_error *read_counts(struct mkp_object *object, const Elf64_Ehdr *header)
{
	uint64_t offset = header->e_shoff, count = header->e_shnum;
	uint32_t names = header->e_shstrndx;
	Elf64_Shdr first;

	if (offset < sizeof(*header) || offset > object->image_size ||
	    object->image_size - offset < sizeof(first))
		return mkp_object_error(object,
					"section header table at 0x%" PRIx64
					" lies outside the file",
					offset);
	decode_section(object, offset, &first);
	if (first.sh_type != SHT_NULL)
		return mkp_object_error(object, "section 0 has type %" PRIu32,
					first.sh_type);
	if (!count)
		count = first.sh_size;
	if (names == SHN_XINDEX)
		names = first.sh_link;
	if (!count || count > (object->image_size - offset) / sizeof(first) ||
	    count >= MKP_SHN_OTHER)
		return mkp_object_error(
			object, "%" PRIu64 " section headers do not fit in the file",
			count);
	if (!names || names >= count)
		return mkp_object_error(
			object, "section name table %" PRIu32 " does not exist", names);
	object->nr_sections = (uint32_t)count;
	object->shstrtab = names;
	return NULL;
}

/* Whether the section takes up bytes of the file. */
static bool has_bytes(const Elf64_Shdr *header)
{
	return header->sh_type != SHT_NULL && header->sh_type != SHT_NOBITS;
}

static struct mkp_error *place_section(const struct mkp_object *object, uint32_t index,
				       const Elf64_Shdr *header, uint64_t *total)
{
	struct mkp_section *section = &object->sections[index];
	uint64_t offset = header->sh_offset;

	section->type = header->sh_type;
	section->flags = header->sh_flags;
	section->address = header->sh_addr;
	section->size = header->sh_type == SHT_NULL ? 0 : header->sh_size;
	section->align = header->sh_addralign ? header->sh_addralign : 1;
	section->entsize = header->sh_entsize;
	section->link = header->sh_link;
	section->info = header->sh_info;
	if (!has_bytes(header))
		return NULL;
	if (offset > object->image_size || section->size > object->image_size - offset)
		return mkp_object_section_error(object, index,
						"offset 0x%" PRIx64 " size 0x%" PRIx64
						" lies beyond the end of the file",
						offset, section->size);
	*total += section->size;
	if (*total > object->image_size)
		return mkp_object_section_error(object, index,
						"overlaps with other sections");
	section->data = section->size ? object->image + offset : NULL;
	return NULL;
}

static struct mkp_error *check_string_table(const struct mkp_object *object,
					    uint32_t index)
{
	const struct mkp_section *table = &object->sections[index];

	if (table->type != SHT_STRTAB)
		return mkp_object_section_error(object, index, "not a string table");
	if (table->size && table->data[table->size - 1])
		return mkp_object_section_error(object, index,
						"string table does not end with NUL");
	return NULL;
}

const char *mkp_object_string(const struct mkp_object *object, uint32_t section,
			      uint64_t offset)
{
	const struct mkp_section *table = &object->sections[section];
	const char *string;

	if (offset >= table->size)
		return NULL;
	string = (const char *)table->data + offset;
	/* The table ends with NUL, so this ends inside. */
	return strnlen(string, MKP_ELF_NAME_MAX + 1) > MKP_ELF_NAME_MAX ? NULL : string;
}

static struct mkp_error *read_names(struct mkp_object *object, const Elf64_Ehdr *header)
{
	struct mkp_error *error = check_string_table(object, object->shstrtab);
	const char *name;
	Elf64_Shdr raw;

	if (error)
		return error;
	object->sections[0].name = "";
	for (uint32_t i = 1; i < object->nr_sections; i++) {
		decode_section(object, header->e_shoff + i * sizeof(raw), &raw);
		name = mkp_object_string(object, object->shstrtab, raw.sh_name);
		if (!name)
			return mkp_object_section_error(
				object, i, "name at 0x%" PRIx32 " is not a string of %s",
				raw.sh_name, "the section name table");
		object->sections[i].name = name;
	}
	return NULL;
}

static struct mkp_error *read_table(struct mkp_object *object, const Elf64_Ehdr *header)
{
	struct mkp_error *error = read_counts(object, header);
	uint64_t total = 0;
	Elf64_Shdr raw;

	if (error)
		return error;
	error = mkp_array_create(object->nr_sections, sizeof(*object->sections),
				 &object->sections);
	if (error)
		return error;
	object->sections[0].align = 1;
	for (uint32_t i = 1; i < object->nr_sections; i++) {
		decode_section(object, header->e_shoff + i * sizeof(raw), &raw);
		error = place_section(object, i, &raw, &total);
		if (error)
			return error;
	}
	return read_names(object, header);
}

/* A table: entries of one size, and a link to a section of a certain type. */
static struct mkp_error *check_table(const struct mkp_object *object, uint32_t index,
				     uint64_t entsize, uint32_t link_type)
{
	const struct mkp_section *section = &object->sections[index];

	if (section->entsize != entsize)
		return mkp_object_section_error(
			object, index, "entry size %" PRIu64 " instead of %" PRIu64,
			section->entsize, entsize);
	if (section->size % entsize)
		return mkp_object_section_error(object, index,
						"size 0x%" PRIx64
						" is not a multiple of its entry size",
						section->size);
	if (object->sections[section->link].type != link_type)
		return mkp_object_section_error(object, index,
						"links to section %" PRIu32
						", which is of the wrong type",
						section->link);
	return NULL;
}

static struct mkp_error *check_symtab(struct mkp_object *object, uint32_t index)
{
	const struct mkp_section *section = &object->sections[index];
	struct mkp_error *error = check_table(object, index, sizeof(Elf64_Sym),
					      SHT_STRTAB);

	if (error)
		return error;
	if (object->symtab)
		return mkp_object_section_error(object, index, "second symbol table");
	object->symtab = index;
	return check_string_table(object, section->link);
}

static struct mkp_error *check_rela(struct mkp_object *object, uint32_t index)
{
	const struct mkp_section *section = &object->sections[index];
	struct mkp_section *target;
	struct mkp_error *error = check_table(object, index, sizeof(Elf64_Rela),
					      SHT_SYMTAB);

	if (error)
		return error;
	if (!section->info || section->info >= object->nr_sections)
		return mkp_object_section_error(object, index,
						"applies to section %" PRIu32
						", which does not exist",
						section->info);
	/* A livepatch has these besides the ordinary ones of the same section. */
	if (section->flags & SHF_RELA_LIVEPATCH)
		return NULL;
	target = &object->sections[section->info];
	if (target->rela)
		return mkp_object_section_error(object, index,
						"second relocation section for "
						"section %" PRIu32,
						section->info);
	target->rela = index;
	return NULL;
}

static struct mkp_error *check_rel(const struct mkp_object *object, uint32_t index)
{
	const struct mkp_section *section = &object->sections[index];

	if (section->info >= object->nr_sections)
		return mkp_object_section_error(object, index,
						"applies to section %" PRIu32
						", which does not exist",
						section->info);
	if (!(object->sections[section->info].flags & SHF_ALLOC))
		return NULL;
	return mkp_object_unsupported(object, index,
				      "relocations without addends are not supported");
}

/* Rules for the types that link files together; others have none. */
static struct mkp_error *check_relocatable(struct mkp_object *object, uint32_t index)
{
	switch (object->sections[index].type) {
	case SHT_RELA:
		return check_rela(object, index);
	case SHT_REL:
		return check_rel(object, index);
	case SHT_CREL:
		return mkp_object_unsupported(object, index,
					      "compact relocations are not supported");
	default:
		return NULL;
	}
}

static struct mkp_error *check_section(struct mkp_object *object, uint32_t index)
{
	const struct mkp_section *section = &object->sections[index];
	uint64_t align = section->align;

	if ((align & (align - 1)) || align > ALIGN_MAX)
		return mkp_object_section_error(
			object, index,
			"alignment 0x%" PRIx64 " is not a sensible power of two", align);
	if (section->link >= object->nr_sections)
		return mkp_object_section_error(object, index,
						"links to section %" PRIu32
						", which does not exist",
						section->link);
	if (section->flags & SHF_INFO_LINK && section->info >= object->nr_sections)
		return mkp_object_section_error(object, index,
						"refers to section %" PRIu32
						", which does not exist",
						section->info);
	if (section->flags & SHF_ALLOC && section->flags & SHF_COMPRESSED)
		return mkp_object_unsupported(object, index,
					      "allocated, and yet compressed");
	if (section->type == SHT_SYMTAB)
		return check_symtab(object, index);
	return mkp_object_is_relocatable(object) ? check_relocatable(object, index)
						 : NULL;
}

/*
 * Groups may overlap in a hostile file. Yet each member is either the first mention of
 * its section or the end, so that all groups together take linear time.
 */
static struct mkp_error *read_group(struct mkp_object *object, uint32_t index)
{
	const struct mkp_section *group = &object->sections[index];
	uint32_t member;

	if (group->size < sizeof(member) || group->size % sizeof(member))
		return mkp_object_section_error(
			object, index, "size 0x%" PRIx64 " does not fit a section group",
			group->size);
	if (object->sections[group->link].type != SHT_SYMTAB)
		return mkp_object_section_error(object, index, "not linked to symbols");
	/* The first word holds flags. */
	for (uint64_t at = sizeof(member); at < group->size; at += sizeof(member)) {
		memcpy(&member, group->data + at, sizeof(member));
		member = mkp_object_get32(object, member);
		if (!member || member >= object->nr_sections || member == index)
			return mkp_object_section_error(
				object, index, "section %" PRIu32 " can not be a member",
				member);
		if (object->sections[member].group)
			return mkp_object_section_error(object, member,
							"member of two groups");
		object->sections[member].group = index;
	}
	return NULL;
}

struct mkp_error *mkp_object_read_sections(struct mkp_object *object,
					   const Elf64_Ehdr *header)
{
	struct mkp_error *error = read_table(object, header);

	for (uint32_t i = 1; !error && i < object->nr_sections; i++)
		error = check_section(object, i);
	if (!mkp_object_is_relocatable(object))
		return error;
	for (uint32_t i = 1; !error && i < object->nr_sections; i++)
		if (object->sections[i].type == SHT_GROUP)
			error = read_group(object, i);
	return error;
}
