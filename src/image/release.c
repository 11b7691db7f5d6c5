// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which kernel an image is: linux_banner begins "Linux version 6.1.0-56-amd64 (..."
 * (init/version-timestamp.c and, before 6.1, init/version.c).
 */
#include <stdio.h>
#include <string.h>

#include "elf/object.h"
#include "image/private.h"

static const char banner_start[] = "Linux version ";

/* The banner, if all of it is in the file; NULL otherwise. */
static const char *find_banner(const struct mkp_object *object, uint64_t address)
{
	for (uint32_t i = 1; i < object->nr_sections; i++) {
		const struct mkp_section *section = &object->sections[i];
		uint64_t offset = address - section->address;
		const char *text;

		if (!(section->flags & SHF_ALLOC) || !section->data ||
		    address < section->address || offset >= section->size)
			continue;
		text = (const char *)section->data + offset;
		if (memchr(text, 0, section->size - offset) &&
		    !strncmp(text, banner_start, strlen(banner_start)))
			return text;
	}
	return NULL;
}

struct mkp_error *mkp_image_read_release(struct mkp_image *image, uint64_t address)
{
	const char *banner = find_banner(image->object, address);
	unsigned int major, minor;

	if (!banner)
		return NULL;
	banner += strlen(banner_start);
	image->release = strndup(banner, strcspn(banner, " "));
	if (!image->release)
		return mkp_error_nomem();
	if (sscanf(image->release, "%u.%u", &major, &minor) == 2 && major <= UINT16_MAX &&
	    minor <= UINT16_MAX)
		image->version = MKP_IMAGE_VERSION(major, minor);
	return NULL;
}

const char *mkp_image_release(const struct mkp_image *image)
{
	return image->release;
}
