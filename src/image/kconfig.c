// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/kconfig.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/unpack.h"

static const char start_mark[] = "IKCFG_ST", end_mark[] = "IKCFG_ED";
#define MARK_SIZE (sizeof(start_mark) - 1)

/* The bytes between the marks; NULL: they are not there. */
static const uint8_t *find_packed(const struct mkp_section *section, size_t *ret_size)
{
	const uint8_t *start, *end;

	if (!section->data || !(section->flags & SHF_ALLOC))
		return NULL;
	start = memmem(section->data, section->size, start_mark, MARK_SIZE);
	if (!start)
		return NULL;
	start += MARK_SIZE;
	end = memmem(start, (size_t)(section->data + section->size - start), end_mark,
		     MARK_SIZE);
	if (end)
		*ret_size = (size_t)(end - start);
	return end ? start : NULL;
}

static struct mkp_error *open_packed(const struct mkp_object *object,
				     const uint8_t *packed, size_t size,
				     FILE **ret_stream)
{
	int fd = -1;
	struct mkp_error *error = mkp_unpack("its configuration", packed, size, &fd);

	if (error)
		return mkp_error_wrap(error, "%s", object->path);
	*ret_stream = fdopen(fd, "r");
	if (*ret_stream)
		return NULL;
	error = mkp_error_create_errno(errno, "%s: its configuration", object->path);
	close(fd);
	return error;
}

struct mkp_error *mkp_kconfig_open(const struct mkp_object *object, FILE **ret_stream)
{
	for (uint32_t i = 1; i < object->nr_sections; i++) {
		size_t size = 0;
		const uint8_t *packed = find_packed(&object->sections[i], &size);

		if (packed)
			return open_packed(object, packed, size, ret_stream);
	}
	*ret_stream = NULL;
	return NULL;
}
