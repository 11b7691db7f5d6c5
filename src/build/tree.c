// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tree: a copy of the source, configured as the kernel was, in which kbuild has made
 * what it needs to compile single objects. It is made once, for a source, a configuration
 * and a compiler, and stays as it is but for the time in which a patch is compiled.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build/private.h"

/* Changes when a tree that an older mkpatch made is not what this one would make. */
#define TREE_VERSION "3"

static const char cflags[] = "-ffunction-sections -fdata-sections";

const char *mkp_build_cflags(void)
{
	return cflags;
}

/*
 * Not closed for the children: a make that outlives us, for we were killed, still writes
 * into the tree, so the lock is free when the last of them is gone.
 */
static struct mkp_error *take_lock(struct mkp_build *build)
{
	const char *path = NULL;
	struct mkp_error *error = mkp_directory_make(build->work);

	if (!error)
		error = mkp_format(&build->arena, &path, "%s/lock", build->work);
	if (error)
		return error;
	build->lock = open(path, O_RDWR | O_CREAT, 0666);
	if (build->lock < 0)
		return mkp_error_create_errno(errno, "cannot open %s", path);
	if (!flock(build->lock, LOCK_EX | LOCK_NB))
		return NULL;
	error = mkp_build_note(build, "waiting for another run in %s", build->work);
	while (!error && flock(build->lock, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return mkp_error_create_errno(errno, "cannot lock %s", path);
		usleep(100000);
		error = mkp_signals_check(build->signals);
	}
	return error;
}

/* A tarball is told from another by size and time, a directory by those of its files. */
static struct mkp_error *add_source(const struct mkp_build *build, struct mkp_key *key)
{
	struct stat st;

	mkp_key_add_text(key, build->inputs.source);
	if (mkp_directory_exists(build->inputs.source))
		return mkp_source_key(build->inputs.source, build->config.arch, key);
	if (stat(build->inputs.source, &st))
		return mkp_error_create_errno(errno, "%s", build->inputs.source);
	mkp_key_add_bytes(key, &st.st_size, sizeof(st.st_size));
	mkp_key_add_bytes(key, &st.st_mtim, sizeof(st.st_mtim));
	return NULL;
}

static struct mkp_error *make_key(const struct mkp_build *build,
				  char ret_text[MKP_KEY_TEXT])
{
	struct mkp_key *key;
	struct mkp_error *error = mkp_key_create(&key);

	if (error)
		return error;
	mkp_key_add_text(key, TREE_VERSION);
	mkp_key_add_text(key, cflags);
	mkp_key_add_text(key, build->inputs.release);
	mkp_key_add_text(key, build->config.compiler_text);
	mkp_key_add_text(key, build->options->allow_compiler ? build->cc : NULL);
	error = mkp_key_add_file(key, build->inputs.config);
	if (!error)
		error = add_source(build, key);
	mkp_key_finish(key, ret_text);
	mkp_key_destroy(key);
	return error;
}

static struct mkp_error *unpack(struct mkp_build *build)
{
	const char *const argv[] = { "tar",	  "-x", "--strip-components=1", "-C",
				     build->tree, "-f", build->inputs.source,	NULL };
	const struct mkp_command command = { .argv = argv, .log = build->log };
	int status = 0;
	struct mkp_error *error = mkp_directory_make(build->tree);

	mkp_build_event(build, MKP_EVENT_PROGRESS, 0, 0, "unpacking");
	if (!error)
		error = mkp_spawn(build->signals, &command, &status);
	if (!error && status)
		error = mkp_error_create(MKP_ERROR_IO, "tar cannot unpack %s (log: %s)",
					 build->inputs.source, build->log);
	return error;
}

/* "VERSION = 6" and so on, of the top Makefile. */
static const char *makefile_number(struct mkp_arena *arena, const char *text,
				   const char *name)
{
	const char *at = strstr(text, name);

	if (!at)
		return NULL;
	at += strlen(name);
	return mkp_arena_printf(arena, "%.*s", (int)strspn(at, "0123456789"), at);
}

static struct mkp_error *check_version(struct mkp_build *build, const char *source)
{
	MKP_CLEANUP_FREE char *text = NULL;
	const char *path = NULL, *version = NULL, *numbers[3];
	struct mkp_error *error = mkp_format(&build->arena, &path, "%s/Makefile", source);

	if (!error)
		error = mkp_file_read(path, &text, NULL);
	if (error)
		return mkp_error_wrap(error, "%s is no source of a kernel",
				      build->inputs.source);
	numbers[0] = makefile_number(&build->arena, text, "\nVERSION = ");
	numbers[1] = makefile_number(&build->arena, text, "\nPATCHLEVEL = ");
	numbers[2] = makefile_number(&build->arena, text, "\nSUBLEVEL = ");
	if (!numbers[0] || !numbers[1] || !numbers[2])
		return mkp_error_create(MKP_ERROR_USAGE, "%s is no source of a kernel",
					build->inputs.source);
	error = mkp_format(&build->arena, &version, "%s.%s.%s", numbers[0], numbers[1],
			   numbers[2]);
	/* A distribution may add to the version, "6.4.0-150600". */
	if (!error && strncmp(version, build->config.version, strlen(version)) != 0)
		error = mkp_error_create(MKP_ERROR_USAGE,
					 "wrong source: %s is Linux %s, the "
					 "configuration %s is of %s",
					 build->inputs.source, version,
					 build->inputs.config, build->config.version);
	return error;
}

static struct mkp_error *count_line(void *data, const char *line MKP_UNUSED)
{
	struct mkp_build *build = data;

	build->nr_lines++;
	if (build->nr_lines % 16 == 0)
		mkp_build_event(build, MKP_EVENT_PROGRESS, build->nr_lines, 0,
				"lines of make");
	return NULL;
}

static struct mkp_error *prepare(struct mkp_build *build)
{
	const char *const targets[] = { "olddefconfig", "modules_prepare" };
	const struct mkp_make make = {
		.targets = targets,
		.nr_targets = 2,
		.cflags = cflags,
		.preparing = true,
		.line = count_line,
		.data = build,
	};
	const char *config = NULL;
	int status = 0;
	struct mkp_error *error = mkp_format(&build->arena, &config, "%s/.config",
					     build->tree);

	if (!error)
		error = mkp_file_install(build->inputs.config, config);
	if (!error)
		error = mkp_build_make(build, &make, &status);
	if (!error && status)
		error = mkp_error_create(MKP_ERROR_IO,
					 "make modules_prepare failed in a copy of %s: "
					 "%s (log: %s)",
					 build->inputs.source, build->reason, build->log);
	return error;
}

/* The first option that @text has and @other has not, as a line. */
static const char *find_change(struct mkp_arena *arena, char *text, const char *other)
{
	char *state;

	for (char *line = strtok_r(text, "\n", &state); line;
	     line = strtok_r(NULL, "\n", &state)) {
		const char *probe;

		if (strncmp(line, "CONFIG_", 7))
			continue;
		probe = mkp_arena_printf(arena, "\n%s\n", line);
		if (probe && !strstr(other, probe))
			return probe + 1;
	}
	return NULL;
}

/* Kconfig asks the tools of this machine what they can, and changes what they can not. */
static struct mkp_error *check_config(struct mkp_build *build)
{
	MKP_CLEANUP_FREE char *before = NULL;
	MKP_CLEANUP_FREE char *after = NULL;
	const char *path = NULL, *change = NULL;
	struct mkp_error *error = mkp_format(&build->arena, &path, "%s/.config",
					     build->tree);

	if (!error)
		error = mkp_file_read(build->inputs.config, &before, NULL);
	if (!error)
		error = mkp_file_read(path, &after, NULL);
	if (!error)
		change = find_change(&build->arena, before, after);
	if (!change)
		return error;
	if (build->options->allow_compiler)
		return mkp_build_note(build,
				      "the tools here change the configuration: no %.*s",
				      (int)strcspn(change, "\n"), change);
	return mkp_error_create(MKP_ERROR_UNSUPPORTED,
				"the tools of this machine change the configuration %s: "
				"it has %.*s, which they can not do",
				build->inputs.config, (int)strcspn(change, "\n"), change);
}

static struct mkp_error *make_tree(struct mkp_build *build, const char *ready,
				   const char *key)
{
	const bool directory = mkp_directory_exists(build->inputs.source);
	struct mkp_error *error = NULL;

	if (directory)
		error = check_version(build, build->inputs.source);
	if (!error)
		error = mkp_tree_remove(build->base);
	if (!error)
		error = mkp_directory_make(build->base);
	if (!error)
		error = directory ? mkp_source_copy(build, build->inputs.source,
						    build->tree)
				  : unpack(build);
	if (!error && !directory)
		error = check_version(build, build->tree);
	if (!error)
		error = prepare(build);
	if (!error)
		error = check_config(build);
	return error ? error : mkp_file_write(ready, key, strlen(key));
}

static struct mkp_error *name_places(struct mkp_build *build, const char *key)
{
	struct mkp_error *error = mkp_format(&build->arena, &build->base, "%s/tree-%.16s",
					     build->work, key);

	if (!error)
		error = mkp_format(&build->arena, &build->tree, "%s/source", build->base);
	if (!error)
		error = mkp_format(&build->arena, &build->objects, "%s/objects",
				   build->base);
	if (!error)
		error = mkp_format(&build->arena, &build->log, "%s/prepare.log",
				   build->base);
	return error;
}

/* Is there a tree under this key? Takes the lock of the work directory. */
static struct mkp_error *find_tree(struct mkp_build *build, char key[MKP_KEY_TEXT],
				   const char **ret_ready)
{
	MKP_CLEANUP_FREE char *was = NULL;
	struct mkp_error *error = take_lock(build);

	if (!error)
		error = make_key(build, key);
	if (!error)
		error = name_places(build, key);
	if (!error)
		error = mkp_format(&build->arena, ret_ready, "%s/ready", build->base);
	if (!error && mkp_file_exists(*ret_ready))
		error = mkp_file_read(*ret_ready, &was, NULL);
	build->tree_reused = was && !strcmp(was, key);
	return error;
}

struct mkp_error *mkp_build_tree(struct mkp_build *build)
{
	char key[MKP_KEY_TEXT];
	const char *ready = NULL;
	struct mkp_error *error = find_tree(build, key, &ready);

	if (error)
		return error;
	if (!build->tree_reused)
		return make_tree(build, ready, key);
	return mkp_journal_undo(build);
}

/* All of it or nothing: a copy that was not finished has no source under its name. */
static struct mkp_error *unpack_once(struct mkp_build *build)
{
	const char *source = build->tree;
	struct mkp_error *error;

	if (mkp_directory_exists(source))
		return NULL;
	error = mkp_format(&build->arena, &build->tree, "%s/unpacking", build->base);
	if (!error)
		error = mkp_tree_remove(build->tree);
	if (!error)
		error = unpack(build);
	if (!error && rename(build->tree, source))
		error = mkp_error_create_errno(errno, "cannot make %s", source);
	build->tree = source;
	return error;
}

struct mkp_error *mkp_build_source(struct mkp_build *build)
{
	char key[MKP_KEY_TEXT];
	const char *ready = NULL;
	struct mkp_error *error;

	/* A vmlinux would tell more of its name than the configuration does. */
	if (!build->inputs.release)
		build->inputs.release = build->config.version;
	error = find_tree(build, key, &ready);
	if (error)
		return error;
	if (build->tree_reused)
		return mkp_journal_undo(build);
	error = mkp_format(&build->arena, &build->base, "%s/look-%.16s", build->work,
			   key);
	if (!error)
		error = mkp_format(&build->arena, &build->tree, "%s/source", build->base);
	if (!error)
		error = mkp_format(&build->arena, &build->log, "%s/log", build->base);
	if (!error)
		error = mkp_directory_make(build->base);
	if (!error && mkp_directory_exists(build->inputs.source))
		build->tree = build->inputs.source;
	else if (!error)
		error = unpack_once(build);
	return error ? error : check_version(build, build->tree);
}
