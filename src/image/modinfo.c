// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a module says of itself: .modinfo, "KEY=VALUE" strings one behind the other, and
 * __versions, the checksum of each symbol that it imports.
 */
#include <string.h>

#include "elf/object.h"
#include "elf/order.h"
#include "image/private.h"

/* struct modversion_info: an unsigned long and the name, 64 bytes in all
 * (include/linux/module.h). */
#define VERSION_SIZE	64
#define VERSION_NAME_AT 8

static const struct mkp_section *find_section(const struct mkp_object *object,
					      const char *name)
{
	return &object->sections[mkp_object_find_section(object, name)];
}

const char *mkp_image_modinfo(const struct mkp_image *image, const char *key)
{
	const struct mkp_section *section;
	size_t length = strlen(key), left;
	const char *at;

	if (!image->object)
		return NULL;
	section = find_section(image->object, ".modinfo");
	at = (const char *)section->data;
	for (left = at ? section->size : 0; left;) {
		size_t size = strnlen(at, left);

		if (size == left)
			return NULL;
		if (size > length && !strncmp(at, key, length) && at[length] == '=')
			return at + length + 1;
		at += size + 1;
		left -= size + 1;
	}
	return NULL;
}

/* modpost writes the file's name, in which a '-' may stand for a '_' of the module's. */
static bool is_module(const char *file, size_t size, const char *module)
{
	for (size_t i = 0; i < size; i++)
		if ((file[i] == '-' ? '_' : file[i]) !=
		    (module[i] == '-' ? '_' : module[i]))
			return false;
	return !module[size];
}

bool mkp_image_depends_on(const struct mkp_image *image, const char *module)
{
	const char *at = mkp_image_modinfo(image, "depends");

	while (at && *at) {
		size_t size = strcspn(at, ",");

		if (is_module(at, size, module))
			return true;
		at += size;
		at += *at == ',';
	}
	return false;
}

/* The table that kernels since 6.14 (54ac1ac8edeb) look at first: numbers, and names
 * apart. */
static bool find_extended(const struct mkp_image *image, const char *name,
			  uint32_t *ret_crc)
{
	const struct mkp_section *numbers = find_section(image->object,
							 "__version_ext_crcs");
	const struct mkp_section *names = find_section(image->object,
						       "__version_ext_names");
	const char *at = (const char *)names->data;
	const char *end = at ? at + names->size : NULL;

	for (uint64_t i = 0; at < end && !end[-1] && i < numbers->size / 4; i++) {
		uint32_t crc;

		if (!strcmp(at, name)) {
			memcpy(&crc, numbers->data + 4 * i, sizeof(crc));
			*ret_crc = mkp_object_get32(image->object, crc);
			return true;
		}
		at += strlen(at) + 1;
	}
	return false;
}

bool mkp_image_import_crc(const struct mkp_image *image, const char *name,
			  uint32_t *ret_crc)
{
	const size_t room = VERSION_SIZE - VERSION_NAME_AT;
	const struct mkp_section *section;

	if (!image->object)
		return false;
	if (find_extended(image, name, ret_crc))
		return true;
	section = find_section(image->object, "__versions");
	for (uint64_t at = 0; section->data && at + VERSION_SIZE <= section->size;
	     at += VERSION_SIZE) {
		const char *entry = (const char *)section->data + at;
		uint64_t crc;

		if (strlen(name) >= room ||
		    strncmp(entry + VERSION_NAME_AT, name, room) != 0)
			continue;
		memcpy(&crc, entry, sizeof(crc));
		*ret_crc = (uint32_t)mkp_object_get64(image->object, crc);
		return true;
	}
	return false;
}
