// SPDX-License-Identifier: GPL-2.0-or-later
#include "emit/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"

struct mkp_directory {
	char *path;	 /* its name in the end */
	char *temporary; /* what it is called until then */
	bool replaces;	 /* there is an older one at @path */
	bool made;
};

static struct mkp_error *check_existing(struct mkp_directory *directory,
					const char *marker)
{
	MKP_CLEANUP_FREE char *inside = NULL;
	struct stat status;

	if (lstat(directory->path, &status))
		return errno == ENOENT
			       ? NULL
			       : mkp_error_create_errno(errno, "%s", directory->path);
	directory->replaces = true;
	/* An empty directory has nothing to lose. */
	if (S_ISDIR(status.st_mode) && !rmdir(directory->path)) {
		directory->replaces = false;
		return NULL;
	}
	if (asprintf(&inside, "%s/%s", directory->path, marker) < 0) {
		inside = NULL;
		return mkp_error_nomem();
	}
	if (S_ISDIR(status.st_mode) && !access(inside, F_OK))
		return NULL;
	return mkp_error_create(MKP_ERROR_USAGE,
				"%s exists and is not an earlier output of mkpatch: "
				"remove it or name another directory with -o",
				directory->path);
}

static char *without_slashes(const char *path)
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	return strndup(path, length);
}

struct mkp_error *mkp_directory_create(const char *path, const char *marker,
				       struct mkp_directory **ret_directory)
{
	struct mkp_directory *directory = NULL;
	struct mkp_error *error = mkp_array_create(1, sizeof(*directory), &directory);

	if (error)
		return error;
	directory->path = without_slashes(path);
	if (!directory->path ||
	    asprintf(&directory->temporary, "%s.tmp-XXXXXX", directory->path) < 0) {
		directory->temporary = NULL;
		error = mkp_error_nomem();
	}
	if (!error)
		error = check_existing(directory, marker);
	if (!error && !mkdtemp(directory->temporary))
		error = mkp_error_create_errno(errno, "cannot make %s",
					       directory->temporary);
	else if (!error)
		directory->made = true;
	/* mkdtemp() keeps others out; the result is as open as any new directory. */
	if (!error && chmod(directory->temporary, 0755))
		error = mkp_error_create_errno(errno, "%s", directory->temporary);
	if (error) {
		mkp_directory_destroy(directory);
		return error;
	}
	*ret_directory = directory;
	return NULL;
}

struct mkp_error *mkp_directory_path(const struct mkp_directory *directory,
				     const char *name, char **ret_path)
{
	char *path;

	if (asprintf(&path, "%s/%s", directory->temporary, name) < 0)
		return mkp_error_nomem();
	*ret_path = path;
	return NULL;
}

struct mkp_error *mkp_directory_write(const struct mkp_directory *directory,
				      const char *name,
				      struct mkp_error *(*write)(const void *, FILE *),
				      const void *data)
{
	MKP_CLEANUP_FREE char *path = NULL;
	struct mkp_error *error = mkp_directory_path(directory, name, &path);
	FILE *stream;

	if (error)
		return error;
	stream = fopen(path, "we");
	if (!stream)
		return mkp_error_create_errno(errno, "%s", path);
	error = write(data, stream);
	if (fclose(stream) && !error)
		error = mkp_error_create_errno(errno, "%s", path);
	return error;
}

/* Removes a directory of files; ours have no others in them, kbuild's may. */
static void remove_tree(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!stream) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(stream))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (unlinkat(dirfd(stream), entry->d_name, 0) && errno == EISDIR)
			remove_tree(dirfd(stream), entry->d_name);
	}
	closedir(stream);
	unlinkat(parent, name, AT_REMOVEDIR);
}

struct mkp_error *mkp_directory_commit(struct mkp_directory *directory)
{
	MKP_CLEANUP_FREE char *old = NULL;

	if (directory->replaces) {
		if (asprintf(&old, "%s.old-%ld", directory->path, (long)getpid()) < 0) {
			old = NULL;
			return mkp_error_nomem();
		}
		if (rename(directory->path, old))
			return mkp_error_create_errno(errno, "cannot move %s away",
						      directory->path);
	}
	if (rename(directory->temporary, directory->path)) {
		struct mkp_error *error = mkp_error_create_errno(
			errno, "cannot put %s in place", directory->path);

		if (old && rename(old, directory->path))
			error = mkp_error_wrap(error, "the old one is now %s", old);
		return error;
	}
	directory->made = false;
	if (old)
		remove_tree(AT_FDCWD, old);
	return NULL;
}

void mkp_directory_destroy(struct mkp_directory *directory)
{
	if (!directory)
		return;
	if (directory->made)
		remove_tree(AT_FDCWD, directory->temporary);
	free(directory->path);
	free(directory->temporary);
	free(directory);
}
