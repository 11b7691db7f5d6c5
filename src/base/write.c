// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/write.h"

#include <errno.h>
#include <unistd.h>

bool mkp_write_all(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size) {
		ssize_t part = write(fd, at, size);

		if (part < 0 && errno == EINTR)
			continue;
		if (part < 0)
			return false;
		at += part;
		size -= (size_t)part;
	}
	return true;
}
