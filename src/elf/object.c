// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opening an object: the file and its header. Sections, symbols and relocations are read
 * by the files of those names, in this order.
 */
#include "elf/object.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/unpack.h"
#include "elf/read.h"

static struct mkp_error *map_file(struct mkp_object *object)
{
	struct stat status;
	void *image;
	if (fstat(object->fd, &status))
		return mkp_error_create_errno(errno, "%s", object->path);
	if ((uint64_t)status.st_size < sizeof(Elf64_Ehdr))
		return mkp_object_error(object, "too short for an ELF file");
	image = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, object->fd, 0);
	if (image == MAP_FAILED)
		return mkp_error_create_errno(errno, "%s", object->path);
	object->image = image;
	object->image_size = (size_t)status.st_size;
	return NULL;
}

static struct mkp_error *check_ident(struct mkp_object *object)
{
	const uint8_t *ident = object->image;

	if (memcmp(ident, ELFMAG, SELFMAG))
		return mkp_object_error(object, "not an ELF file");
	if (ident[EI_CLASS] == ELFCLASS32)
		return mkp_error_create(MKP_ERROR_UNSUPPORTED,
					"%s: 32-bit ELF files are not supported",
					object->path);
	if (ident[EI_CLASS] != ELFCLASS64)
		return mkp_object_error(object, "unknown ELF class %u", ident[EI_CLASS]);
	if (ident[EI_DATA] != ELFDATA2LSB && ident[EI_DATA] != ELFDATA2MSB)
		return mkp_object_error(object, "unknown byte order %u", ident[EI_DATA]);
	if (ident[EI_VERSION] != EV_CURRENT)
		return mkp_object_error(object, "unknown ELF version %u",
					ident[EI_VERSION]);
	object->big_endian = ident[EI_DATA] == ELFDATA2MSB;
	return NULL;
}

static void decode_header(const struct mkp_object *object, Elf64_Ehdr *header)
{
	memcpy(header, object->image, sizeof(*header));
	header->e_type = mkp_object_get16(object, header->e_type);
	header->e_machine = mkp_object_get16(object, header->e_machine);
	header->e_version = mkp_object_get32(object, header->e_version);
	header->e_shoff = mkp_object_get64(object, header->e_shoff);
	header->e_flags = mkp_object_get32(object, header->e_flags);
	header->e_ehsize = mkp_object_get16(object, header->e_ehsize);
	header->e_shentsize = mkp_object_get16(object, header->e_shentsize);
	header->e_shnum = mkp_object_get16(object, header->e_shnum);
	header->e_shstrndx = mkp_object_get16(object, header->e_shstrndx);
}

static struct mkp_error *check_header(const struct mkp_object *object,
				      const Elf64_Ehdr *header)
{
	if (header->e_version != EV_CURRENT)
		return mkp_object_error(object, "unknown ELF version %" PRIu32,
					header->e_version);
	if (header->e_type != ET_REL && header->e_type != ET_EXEC &&
	    header->e_type != ET_DYN)
		return mkp_object_error(object, "unexpected ELF file type %u",
					header->e_type);
	if (header->e_ehsize != sizeof(Elf64_Ehdr))
		return mkp_object_error(object, "ELF header size %u instead of %zu",
					header->e_ehsize, sizeof(Elf64_Ehdr));
	if (!header->e_shoff)
		return mkp_object_error(object, "no section header table");
	if (header->e_shentsize != sizeof(Elf64_Shdr))
		return mkp_object_error(object, "section header size %u instead of %zu",
					header->e_shentsize, sizeof(Elf64_Shdr));
	return NULL;
}

struct mkp_error *mkp_object_read_header(struct mkp_object *object,
					 Elf64_Ehdr *ret_header)
{
	struct mkp_error *error = check_ident(object);
	Elf64_Ehdr header;

	if (error)
		return error;
	decode_header(object, &header);
	error = check_header(object, &header);
	if (error)
		return error;
	object->machine = header.e_machine;
	object->type = header.e_type;
	object->eflags = header.e_flags;
	*ret_header = header;
	return NULL;
}

static struct mkp_error *read_all(struct mkp_object *object, bool bare)
{
	struct mkp_error *error = map_file(object);
	Elf64_Ehdr header;

	if (!error)
		error = mkp_object_read_header(object, &header);
	if (!error)
		error = mkp_object_read_sections(object, &header);
	if (error || (bare && !mkp_object_is_relocatable(object)))
		return error;
	error = mkp_object_read_symbols(object);
	if (!error)
		error = mkp_object_index_names(object);
	if (!error)
		error = mkp_object_read_relocs(object);
	return error;
}

static struct mkp_error *open_fd(const char *path, int fd, bool packed, bool bare,
				 struct mkp_object **ret_object)
{
	struct mkp_object *object;
	struct mkp_error *error = mkp_array_create(1, sizeof(*object), &object);

	if (error) {
		close(fd);
		return error;
	}
	object->fd = fd;
	object->packed = packed;
	mkp_index_init(&object->names);
	object->path = strdup(path);
	error = object->path ? read_all(object, bare) : mkp_error_nomem();
	if (error) {
		mkp_object_destroy(object);
		return error;
	}
	*ret_object = object;
	return NULL;
}

struct mkp_error *mkp_object_open_fd(const char *path, int fd, bool packed,
				     struct mkp_object **ret_object)
{
	return open_fd(path, fd, packed, /* bare= */ false, ret_object);
}

struct mkp_error *mkp_object_open_bare_fd(const char *path, int fd, bool packed,
					  struct mkp_object **ret_object)
{
	return open_fd(path, fd, packed, /* bare= */ true, ret_object);
}

struct mkp_error *mkp_object_open(const char *path, struct mkp_object **ret_object)
{
	int fd = -1;
	bool packed = false;
	struct mkp_error *error = mkp_file_open(path, &fd, &packed);

	return error ? error : mkp_object_open_fd(path, fd, packed, ret_object);
}

void mkp_object_destroy(struct mkp_object *object)
{
	if (!object)
		return;
	if (object->image)
		munmap((void *)(uintptr_t)object->image, object->image_size);
	if (object->fd >= 0)
		close(object->fd);
	mkp_index_deinit(&object->names);
	free(object->sections);
	free(object->symbols);
	free(object->relocs);
	free(object->path);
	free(object);
}

const struct mkp_section *mkp_symbol_section(const struct mkp_object *object,
					     const struct mkp_symbol *symbol)
{
	bool inside = symbol->section && symbol->section < object->nr_sections;

	return inside ? &object->sections[symbol->section] : NULL;
}

uint32_t mkp_object_find_section(const struct mkp_object *object, const char *name)
{
	for (uint32_t i = 1; i < object->nr_sections; i++)
		if (!strcmp(object->sections[i].name, name))
			return i;
	return 0;
}
