// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The private copy of the source. Never hard links: kbuild, and we, write into the copy.
 * What no object of a kernel needs stays behind; so does what an earlier build left in
 * the user's tree and kbuild would trust: its configuration, headers that are generated
 * from that, objects, and above all the .cmd files, without which it makes again what it
 * would find up to date (if_changed of scripts/Kbuild.include).
 */
#include <errno.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build/private.h"

static bool has_suffix(const char *name, size_t length, const char *suffix)
{
	size_t n = strlen(suffix);

	return length >= n && !memcmp(name + length - n, suffix, n);
}

/* Made by kbuild: MRPROPER_FILES of the top makefile (v6.1) and the like. */
static bool is_product(const FTSENT *entry)
{
	static const char *const suffixes[] = { ".o",	".ko",	".a",
						".cmd", ".mod", ".order" };

	for (size_t i = 0; i < MKP_ARRAY_SIZE(suffixes); i++)
		if (has_suffix(entry->fts_name, entry->fts_namelen, suffixes[i]))
			return true;
	/* ".fork.o.d" of a compiler that was interrupted, ".missing-syscalls.d". */
	if (entry->fts_name[0] == '.' &&
	    has_suffix(entry->fts_name, entry->fts_namelen, ".d"))
		return true;
	return entry->fts_level == 1 && (!strncmp(entry->fts_name, "vmlinux", 7) ||
					 !strncmp(entry->fts_name, ".config", 7) ||
					 !strncmp(entry->fts_name, "Module.symvers", 14));
}

/* Directories that nothing of a kernel is made from, or that kbuild fills, by their path
 * in the source. */
static bool is_needless(const char *path)
{
	static const char *const paths[] = { ".git", "tools/testing", "tools/perf",
					     "include/config", "include/generated" };

	for (size_t i = 0; i < MKP_ARRAY_SIZE(paths); i++)
		if (!strcmp(path, paths[i]))
			return true;
	return !strncmp(path, "arch/", 5) &&
	       (strstr(path, "/boot/dts") || strstr(path, "/configs") ||
		strstr(path, "/include/generated"));
}

/*
 * Of the documentation and of other architectures only Kconfig files are read; not those
 * of a like name, since arm64 has files of arm. Where no directory is called like the
 * architecture ("x86_64"), all stay.
 */
static bool is_foreign(const char *path, const char *arch)
{
	if (!strncmp(path, "Documentation/", 14))
		return true;
	return arch && !strncmp(path, "arch/", 5) && strchr(path + 5, '/') &&
	       strncmp(path + 5, arch, 3) != 0;
}

static bool is_left_out(const FTSENT *entry, const char *path, const char *arch)
{
	if (entry->fts_info == FTS_D)
		return is_needless(path);
	if (is_foreign(path, arch) && strncmp(entry->fts_name, "Kconfig", 7) != 0)
		return true;
	return is_product(entry);
}

static struct mkp_error *copy_link(const FTSENT *entry, const char *to)
{
	char target[4096];
	ssize_t length = readlink(entry->fts_accpath, target, sizeof(target) - 1);

	if (length < 0)
		return mkp_error_create_errno(errno, "cannot read %s", entry->fts_path);
	target[length] = '\0';
	if (symlink(target, to))
		return mkp_error_create_errno(errno, "cannot write %s", to);
	return NULL;
}

static struct mkp_error *copy_entry(const FTSENT *entry, const char *to)
{
	switch (entry->fts_info) {
	case FTS_D:
		if (mkdir(to, 0777) && errno != EEXIST)
			return mkp_error_create_errno(errno, "cannot make %s", to);
		return NULL;
	case FTS_F:
		return mkp_file_copy(entry->fts_accpath, to);
	case FTS_SL:
	case FTS_SLNONE:
		return copy_link(entry, to);
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		return mkp_error_create_errno(entry->fts_errno, "cannot read %s",
					      entry->fts_path);
	default:
		return NULL;
	}
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* Architecture whose directory decides; NULL: none has its name. */
static const char *own_arch(const char *directory, const char *arch)
{
	MKP_CLEANUP_FREE char *path = NULL;

	if (asprintf(&path, "%s/arch/%s", directory, arch) < 0) {
		path = NULL;
		return NULL;
	}
	return mkp_directory_exists(path) ? arch : NULL;
}

/* Calls @take with each file that is part of the source, in order of the names. */
static struct mkp_error *walk(const char *directory, const char *arch,
			      struct mkp_error *(*take)(void *data, const FTSENT *entry,
							const char *path),
			      void *data)
{
	MKP_CLEANUP_FREE char *copy = strdup(directory);
	char *const roots[] = { copy, NULL };
	const size_t length = strlen(directory);
	const char *own = own_arch(directory, arch);
	struct mkp_error *error = NULL;
	FTSENT *entry;
	FTS *fts;

	if (!copy)
		return mkp_error_nomem();
	fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	if (!fts)
		return mkp_error_create_errno(errno, "%s", directory);
	while (!error && (entry = fts_read(fts))) {
		const char *path = entry->fts_path + length;

		path += *path == '/';
		if (entry->fts_info == FTS_DP)
			continue;
		if (is_left_out(entry, path, own))
			fts_set(fts, entry, FTS_SKIP);
		else
			error = take(data, entry, path);
	}
	fts_close(fts);
	return error;
}

static struct mkp_error *add_to_key(void *data, const FTSENT *entry, const char *path)
{
	const struct stat *st = entry->fts_statp;

	if (entry->fts_info != FTS_F)
		return NULL;
	mkp_key_add_text(data, path);
	mkp_key_add_bytes(data, &st->st_size, sizeof(st->st_size));
	mkp_key_add_bytes(data, &st->st_mtim, sizeof(st->st_mtim));
	return NULL;
}

struct mkp_error *mkp_source_key(const char *directory, const char *arch,
				 struct mkp_key *key)
{
	return walk(directory, arch, add_to_key, key);
}

struct copy {
	struct mkp_build *build;
	const char *to;
	size_t count;
};

static struct mkp_error *copy_one(void *data, const FTSENT *entry, const char *path)
{
	struct copy *copy = data;
	MKP_CLEANUP_FREE char *to = NULL;
	struct mkp_error *error = NULL;

	if (asprintf(&to, "%s/%s", copy->to, path) < 0) {
		to = NULL;
		return mkp_error_nomem();
	}
	if (++copy->count % 1024 == 0) {
		mkp_build_event(copy->build, MKP_EVENT_PROGRESS, copy->count, 0, "files");
		error = mkp_signals_check(copy->build->signals);
	}
	return error ? error : copy_entry(entry, to);
}

struct mkp_error *mkp_source_copy(struct mkp_build *build, const char *from,
				  const char *to)
{
	struct copy copy = { .build = build, .to = to };
	struct mkp_error *error = mkp_directory_make(to);

	return error ? error : walk(from, build->config.arch, copy_one, &copy);
}
