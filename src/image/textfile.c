// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/unpack.h"
#include "image/private.h"

/* The largest real ones, kallsyms with everything, have about 20 MB. */
#define TEXT_LIMIT ((size_t)256 << 20)
#define CHUNK	   ((size_t)1 << 18)

/* One chunk; *ret_got is 0 at the end of the file. */
static struct mkp_error *read_chunk(int fd, const char *path, char *buffer,
				    size_t *ret_got)
{
	ssize_t got;

	do {
		got = read(fd, buffer, CHUNK);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return mkp_error_create_errno(errno, "cannot read %s", path);
	if (memchr(buffer, '\0', (size_t)got))
		return mkp_error_create(MKP_ERROR_FORMAT, "%s is neither ELF nor text",
					path);
	*ret_got = (size_t)got;
	return NULL;
}

static struct mkp_error *read_all(int fd, const char *path, char **text)
{
	size_t size = 0, capacity = 0, got = 1;
	struct mkp_error *error = NULL;

	while (!error && got) {
		if (size > TEXT_LIMIT)
			return mkp_error_create(MKP_ERROR_UNSUPPORTED,
						"%s is larger than %zu MiB", path,
						TEXT_LIMIT >> 20);
		error = mkp_array_reserve(text, &capacity, size + CHUNK + 1, 1);
		if (!error)
			error = read_chunk(fd, path, *text + size, &got);
		if (!error)
			size += got;
	}
	if (!error)
		(*text)[size] = '\0';
	return error;
}

struct mkp_error *mkp_textfile_read(const char *path, char **ret_text)
{
	char *text = NULL;
	struct mkp_error *error;
	int fd = -1;

	error = mkp_file_open(path, &fd, /* ret_packed= */ NULL);
	if (error)
		return error;
	error = read_all(fd, path, &text);
	close(fd);
	if (error)
		free(text);
	else
		*ret_text = text;
	return error;
}

char *mkp_textfile_line(char **cursor)
{
	char *line = *cursor, *end;

	if (!*line)
		return NULL;
	end = strchrnul(line, '\n');
	*cursor = *end ? end + 1 : end;
	*end = '\0';
	return line;
}

const char *mkp_path_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Debian's linux-image packages, since the real file would disclose addresses. */
static const char placeholder[] = "ffffffffffffffff B The real System.map is in ";

bool mkp_sysmap_is_placeholder(const char *path)
{
	char start[sizeof(placeholder)];
	const size_t size = sizeof(placeholder) - 1;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool is_placeholder;

	if (fd < 0)
		return false;
	is_placeholder = read(fd, start, size) == (ssize_t)size &&
			 !memcmp(start, placeholder, size);
	close(fd);
	return is_placeholder;
}
