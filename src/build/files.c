// SPDX-License-Identifier: GPL-2.0-or-later
#include "build/files.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/write.h"

struct mkp_error *mkp_format(struct mkp_arena *arena, const char **ret_text,
			     const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = mkp_arena_vprintf(arena, format, args);
	va_end(args);
	if (!text)
		return mkp_error_nomem();
	*ret_text = text;
	return NULL;
}

struct mkp_error *mkp_lines_add(struct mkp_lines *lines, struct mkp_arena *arena,
				const char *format, va_list args)
{
	struct mkp_error *error = mkp_array_reserve(
		&lines->lines, &lines->capacity, lines->count + 1, sizeof(*lines->lines));
	char *text;

	if (error)
		return error;
	text = mkp_arena_vprintf(arena, format, args);
	if (!text)
		return mkp_error_nomem();
	lines->lines[lines->count++] = text;
	return NULL;
}

bool mkp_file_exists(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode);
}

bool mkp_directory_exists(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static struct mkp_error *read_all(int fd, const char *path, char *data, size_t size,
				  size_t *ret_got)
{
	size_t got = 0;
	ssize_t part = 1;

	while (got < size && part) {
		part = read(fd, data + got, size - got);
		if (part < 0 && errno != EINTR)
			return mkp_error_create_errno(errno, "cannot read %s", path);
		got += part > 0 ? (size_t)part : 0;
	}
	*ret_got = got;
	return NULL;
}

struct mkp_error *mkp_file_read(const char *path, char **ret_data, size_t *ret_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct mkp_error *error = NULL;
	char *data = NULL;
	size_t got = 0;
	struct stat st;

	if (fd < 0)
		return mkp_error_create_errno(errno, "cannot open %s", path);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		error = mkp_error_create(MKP_ERROR_FORMAT, "%s is not a regular file",
					 path);
	if (!error && !(data = malloc((size_t)st.st_size + 1)))
		error = mkp_error_nomem();
	if (!error)
		error = read_all(fd, path, data, (size_t)st.st_size, &got);
	close(fd);
	if (error) {
		free(data);
		return error;
	}
	data[got] = '\0';
	*ret_data = data;
	if (ret_size)
		*ret_size = got;
	return NULL;
}

struct mkp_error *mkp_directory_make(const char *path)
{
	MKP_CLEANUP_FREE char *copy = strdup(path);
	char *slash = copy;

	if (!copy)
		return mkp_error_nomem();
	while (slash && *slash) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		if (mkdir(copy, 0777) && errno != EEXIST)
			return mkp_error_create_errno(errno, "cannot make %s", copy);
		if (slash)
			*slash = '/';
	}
	if (!mkp_directory_exists(path))
		return mkp_error_create_errno(ENOTDIR, "cannot make %s", path);
	return NULL;
}

struct mkp_error *mkp_parent_make(const char *path)
{
	const char *slash = strrchr(path, '/');
	MKP_CLEANUP_FREE char *parent = NULL;

	if (!slash || slash == path)
		return NULL;
	parent = strndup(path, (size_t)(slash - path));
	return parent ? mkp_directory_make(parent) : mkp_error_nomem();
}

static struct mkp_error *write_all(int fd, const char *path, const char *data,
				   size_t size)
{
	if (!mkp_write_all(fd, data, size))
		return mkp_error_create_errno(errno, "cannot write %s", path);
	return NULL;
}

/* Data must be on the disk before the name is, or a crash leaves an empty file. */
static struct mkp_error *commit(int fd, const char *temporary, const char *path,
				struct mkp_error *error)
{
	if (!error && fsync(fd))
		error = mkp_error_create_errno(errno, "cannot write %s", temporary);
	if (close(fd) && !error)
		error = mkp_error_create_errno(errno, "cannot write %s", temporary);
	if (!error && rename(temporary, path))
		error = mkp_error_create_errno(errno, "cannot put %s in place", path);
	if (error)
		unlink(temporary);
	return error;
}

struct mkp_error *mkp_file_write(const char *path, const void *data, size_t size)
{
	MKP_CLEANUP_FREE char *temporary = NULL;
	struct mkp_error *error = mkp_parent_make(path);
	int fd;

	if (error)
		return error;
	if (asprintf(&temporary, "%s.new", path) < 0) {
		temporary = NULL;
		return mkp_error_nomem();
	}
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return mkp_error_create_errno(errno, "cannot write %s", temporary);
	return commit(fd, temporary, path, write_all(fd, temporary, data, size));
}

static struct mkp_error *copy_content(int in, int out, const char *to, size_t size)
{
	while (size) {
		ssize_t part = copy_file_range(in, NULL, out, NULL, size, 0);

		if (part < 0 && errno == EINTR)
			continue;
		if (part < 0)
			return mkp_error_create_errno(errno, "cannot write %s", to);
		if (!part)
			return NULL;
		size -= (size_t)part;
	}
	return NULL;
}

/* For file systems between which copy_file_range() does not go. */
static struct mkp_error *copy_by_hand(const char *from, int out, const char *to)
{
	MKP_CLEANUP_FREE char *data = NULL;
	size_t size;
	struct mkp_error *error = mkp_file_read(from, &data, &size);

	if (!error && (lseek(out, 0, SEEK_SET) < 0 || ftruncate(out, 0)))
		error = mkp_error_create_errno(errno, "cannot write %s", to);
	return error ? error : write_all(out, to, data, size);
}

static struct mkp_error *copy_open(int in, const char *from, const char *to)
{
	struct mkp_error *error = NULL;
	struct stat st;
	int out;

	if (fstat(in, &st))
		return mkp_error_create_errno(errno, "%s", from);
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, st.st_mode & 0777);
	if (out < 0)
		return mkp_error_create_errno(errno, "cannot write %s", to);
	if (ioctl(out, FICLONE, in)) {
		error = copy_content(in, out, to, (size_t)st.st_size);
		if (error && (errno == EXDEV || errno == EINVAL || errno == ENOSYS ||
			      errno == EOPNOTSUPP)) {
			mkp_error_destroy(error);
			error = copy_by_hand(from, out, to);
		}
	}
	if (!error && futimens(out, (const struct timespec[2]){ st.st_atim, st.st_mtim }))
		error = mkp_error_create_errno(errno, "%s", to);
	if (close(out) && !error)
		error = mkp_error_create_errno(errno, "cannot write %s", to);
	return error;
}

struct mkp_error *mkp_file_copy(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	struct mkp_error *error;

	if (in < 0)
		return mkp_error_create_errno(errno, "cannot open %s", from);
	error = copy_open(in, from, to);
	close(in);
	return error;
}

struct mkp_error *mkp_file_install(const char *from, const char *to)
{
	MKP_CLEANUP_FREE char *temporary = NULL;
	struct mkp_error *error = mkp_parent_make(to);

	if (error)
		return error;
	if (asprintf(&temporary, "%s.new", to) < 0) {
		temporary = NULL;
		return mkp_error_nomem();
	}
	error = mkp_file_copy(from, temporary);
	if (!error && rename(temporary, to))
		error = mkp_error_create_errno(errno, "cannot put %s in place", to);
	if (error)
		unlink(temporary);
	return error;
}

struct mkp_error *mkp_file_same(const char *a, const char *b, bool *ret_same)
{
	MKP_CLEANUP_FREE char *a_data = NULL;
	MKP_CLEANUP_FREE char *b_data = NULL;
	size_t a_size = 0, b_size = 0;
	struct mkp_error *error;

	if (!mkp_file_exists(a) || !mkp_file_exists(b)) {
		*ret_same = false;
		return NULL;
	}
	error = mkp_file_read(a, &a_data, &a_size);
	if (!error)
		error = mkp_file_read(b, &b_data, &b_size);
	if (!error)
		*ret_same = a_size == b_size && !memcmp(a_data, b_data, a_size);
	return error;
}

struct mkp_error *mkp_file_remove(const char *path)
{
	if (unlink(path) && errno != ENOENT && errno != ENOTDIR)
		return mkp_error_create_errno(errno, "cannot remove %s", path);
	return NULL;
}

static struct mkp_error *remove_entry(const FTSENT *entry)
{
	switch (entry->fts_info) {
	case FTS_D:
		return NULL;
	case FTS_DP:
		if (rmdir(entry->fts_accpath) && errno != ENOENT)
			return mkp_error_create_errno(errno, "cannot remove %s",
						      entry->fts_path);
		return NULL;
	case FTS_ERR:
	case FTS_DNR:
		return mkp_error_create_errno(entry->fts_errno, "cannot remove %s",
					      entry->fts_path);
	default:
		return mkp_file_remove(entry->fts_accpath);
	}
}

struct mkp_error *mkp_tree_remove(const char *path)
{
	MKP_CLEANUP_FREE char *copy = strdup(path);
	char *const paths[] = { copy, NULL };
	struct mkp_error *error = NULL;
	FTSENT *entry;
	FTS *fts;

	if (!copy)
		return mkp_error_nomem();
	fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	if (!fts)
		return mkp_error_create_errno(errno, "%s", path);
	while (!error && (entry = fts_read(fts)))
		if (entry->fts_info != FTS_NS)
			error = remove_entry(entry);
	fts_close(fts);
	return error;
}
