// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which objects a patch can change. What no live patch can bring about is refused here,
 * by the file that asks for it, before anything is compiled.
 */
#include <fnmatch.h>
#include <string.h>

#include "base/array.h"
#include "build/includes.h"
#include "build/owner.h"
#include "build/private.h"

enum verdict {
	VERDICT_IGNORE, /* no object is made from it */
	VERDICT_REFUSE,
	VERDICT_SOURCE, /* C: its object, and those that include it */
	VERDICT_HEADER, /* those that include it */
};

/* The first row that fits; '*' goes across slashes. */
static const struct {
	const char *pattern;
	enum verdict verdict;
	const char *why;
} kinds[] = {
	{ "Documentation/*", VERDICT_IGNORE, NULL },
	{ "LICENSES/*", VERDICT_IGNORE, NULL },
	{ "tools/*", VERDICT_IGNORE, NULL },
	{ "samples/*", VERDICT_IGNORE, NULL },
	{ "scripts/*", VERDICT_IGNORE, NULL },
	{ "MAINTAINERS", VERDICT_IGNORE, NULL },
	{ "CREDITS", VERDICT_IGNORE, NULL },
	{ "*.rst", VERDICT_IGNORE, NULL },
	{ "*.txt", VERDICT_IGNORE, NULL },
	{ "*.gitignore", VERDICT_IGNORE, NULL },
	{ "*Kconfig*", VERDICT_REFUSE,
	  "a change of the configuration: the running kernel was built without it, so "
	  "leave it out, and change the code alone" },
	{ "*Makefile*", VERDICT_REFUSE,
	  "a change of how the kernel is built: leave it out, and put new code into a "
	  "file that is built already" },
	{ "*Kbuild*", VERDICT_REFUSE,
	  "a change of how the kernel is built: leave it out, and put new code into a "
	  "file that is built already" },
	{ "*.lds*", VERDICT_REFUSE, "a linker script: the kernel is linked already" },
	{ "*.S", VERDICT_REFUSE,
	  "assembly: functions of assembly have no entry that ftrace could redirect" },
	{ "*.c", VERDICT_SOURCE, NULL },
	{ "*.h", VERDICT_HEADER, NULL },
	{ "*.inc", VERDICT_HEADER, NULL },
	{ "*.tbl", VERDICT_REFUSE,
	  "headers are generated from it: add the system call by other means" },
	{ "*.dts*", VERDICT_REFUSE, "a device tree, which the kernel has read already" },
	{ "*.rs", VERDICT_REFUSE, "Rust, which is not compiled object by object" },
	{ "*", VERDICT_REFUSE, "no kind of file that is known here" },
};

/* C that ends up elsewhere than in the kernel's code: no list of objects has it. */
static const struct {
	const char *pattern, *why;
} elsewhere[] = {
	{ "*/vdso/*", "part of the vdso, which is mapped into running programs already" },
	{ "*/vdso32/*",
	  "part of the vdso, which is mapped into running programs already" },
	{ "*/realmode/*", "real mode code, which runs before the kernel does" },
	{ "*/boot/*", "boot code, which has run already" },
	{ "*/purgatory/*", "purgatory code, which kexec carries along as data" },
	{ "*/libstub/*", "the EFI stub, which has run already" },
	{ "*/hyp/*", "hypervisor code, which ftrace does not reach" },
};

static size_t kind_of(const char *path)
{
	size_t i = 0;

	while (fnmatch(kinds[i].pattern, path, 0))
		i++;
	return i;
}

struct affecting {
	struct mkp_build *build;
	struct mkp_owners *owners;
	const struct mkp_patched_file *file; /* at hand */
	size_t found;
};

static struct mkp_error *add(struct affecting *affecting, const char *object,
			     const char *module)
{
	struct mkp_build *build = affecting->build;
	struct mkp_affected affected = { .because = affecting->file->path };
	struct mkp_error *error;

	error = mkp_array_reserve(&build->affected, &build->cap_affected,
				  build->nr_affected + 1, sizeof(*build->affected));
	if (!error)
		error = mkp_format(&build->arena, &affected.object, "%s", object);
	if (!error && module)
		error = mkp_format(&build->arena, &affected.owner, "%s", module);
	if (!error)
		build->affected[build->nr_affected++] = affected;
	return error;
}

/* "fs/proc/cmdline.o", on the heap; *ret_object is NULL if @path is no .c file. */
static struct mkp_error *object_of(const char *path, char **ret_object)
{
	const size_t length = strlen(path);

	*ret_object = NULL;
	if (length < 2 || strcmp(path + length - 2, ".c") != 0)
		return NULL;
	*ret_object = strdup(path);
	if (!*ret_object)
		return mkp_error_nomem();
	(*ret_object)[length - 1] = 'o';
	return NULL;
}

static struct mkp_error *expect_source(void *data, const char *path)
{
	struct affecting *affecting = data;
	MKP_CLEANUP_FREE char *object = NULL;
	struct mkp_error *error = object_of(path, &object);

	return error || !object ? error : mkp_owners_expect(affecting->owners, object);
}

/* Adds the object of a .c file, if the kernel has it. */
static struct mkp_error *add_source(void *data, const char *path)
{
	struct affecting *affecting = data;
	MKP_CLEANUP_FREE char *object = NULL;
	enum mkp_owner_kind kind;
	const char *module;
	struct mkp_error *error = object_of(path, &object);

	if (error || !object)
		return error;
	error = mkp_owners_find(affecting->owners, object, &kind, &module);
	if (error || kind == MKP_OWNER_NONE)
		return error;
	affecting->found++;
	error = add(affecting, object, module);
	if (!error)
		affecting->build->affected[affecting->build->nr_affected - 1].library =
			kind == MKP_OWNER_LIBRARY;
	return error;
}

static const char *why_elsewhere(const char *path)
{
	for (size_t i = 0; i < MKP_ARRAY_SIZE(elsewhere); i++)
		if (!fnmatch(elsewhere[i].pattern, path, 0))
			return elsewhere[i].why;
	return NULL;
}

static struct mkp_error *judge_source(struct affecting *affecting)
{
	struct mkp_build *build = affecting->build;
	const struct mkp_patched_file *file = affecting->file;
	const char *why = why_elsewhere(file->path);
	struct mkp_error *error = NULL;

	affecting->found = 0;
	if (file->state == MKP_FILE_MODIFIED)
		error = add_source(affecting, file->path);
	if (!error)
		error = mkp_includes_users(build, file->path, add_source, affecting);
	if (error || affecting->found)
		return error;
	if (why)
		return mkp_build_refuse(build, "%s: %s", file->path, why);
	if (file->state == MKP_FILE_NEW)
		return mkp_build_refuse(build,
					"%s: a new file that no object of the kernel "
					"includes: include it from a file that is built",
					file->path);
	return mkp_build_note(build, "%s: not built in the configuration of %s",
			      file->path, build->inputs.release);
}

static struct mkp_error *judge_header(struct affecting *affecting)
{
	struct mkp_build *build = affecting->build;
	const char *path = affecting->file->path;
	struct mkp_error *error;

	affecting->found = 0;
	error = mkp_includes_users(build, path, add_source, affecting);
	if (error || affecting->found)
		return error;
	return mkp_build_note(build, "%s: no object of %s includes it", path,
			      build->inputs.release);
}

static struct mkp_error *judge(struct affecting *affecting)
{
	const char *path = affecting->file->path;
	const size_t kind = kind_of(path);

	switch (kinds[kind].verdict) {
	case VERDICT_IGNORE:
		return mkp_build_note(affecting->build, "%s: not part of the kernel",
				      path);
	case VERDICT_REFUSE:
		return mkp_build_refuse(affecting->build, "%s: %s", path,
					kinds[kind].why);
	case VERDICT_SOURCE:
		return judge_source(affecting);
	case VERDICT_HEADER:
		break;
	}
	return judge_header(affecting);
}

/* Owners are told of all objects before they look one up. */
static struct mkp_error *expect(struct affecting *affecting)
{
	const char *path = affecting->file->path;
	const enum verdict verdict = kinds[kind_of(path)].verdict;
	struct mkp_error *error;

	if (verdict != VERDICT_SOURCE && verdict != VERDICT_HEADER)
		return NULL;
	error = expect_source(affecting, path);
	return error ? error
		     : mkp_includes_users(affecting->build, path, expect_source,
					  affecting);
}

static int compare_affected(const void *a, const void *b)
{
	const struct mkp_affected *x = a, *y = b;
	int order = strcmp(x->object, y->object);

	return order ? order : strcmp(x->because, y->because);
}

static void sort_affected(struct mkp_build *build)
{
	struct mkp_affected *affected = build->affected;
	size_t kept = 0;

	if (build->nr_affected)
		qsort(affected, build->nr_affected, sizeof(*affected), compare_affected);
	for (size_t i = 0; i < build->nr_affected; i++)
		if (!kept || strcmp(affected[kept - 1].object, affected[i].object) != 0)
			affected[kept++] = affected[i];
	build->nr_affected = kept;
}

/* A look only tells: it takes no longer for many. */
static struct mkp_error *check_count(struct mkp_build *build)
{
	const size_t count = build->nr_affected;
	const unsigned int most = build->options->max_objects;

	if (count <= most)
		return NULL;
	if (build->looks_only)
		return mkp_build_note(build,
				      "%zu objects include what the patch changes: a "
				      "build goes beyond %u by --max-objects %zu only",
				      count, most, count);
	return mkp_build_refuse(build,
				"%zu objects include what the patch changes, more than "
				"%u: see --max-objects",
				count, most);
}

struct mkp_error *mkp_build_affected(struct mkp_build *build)
{
	struct affecting affecting = { .build = build };
	const struct mkp_owners_kernel kernel = { build->inputs.config,
						  build->config.arch };
	struct mkp_error *error = mkp_owners_create(build->signals, build->tree, &kernel,
						    build->base, &affecting.owners);

	for (size_t i = 0; i < build->nr_files && !error; i++) {
		affecting.file = &build->files[i];
		error = expect(&affecting);
	}
	for (size_t i = 0; i < build->nr_files && !error; i++) {
		affecting.file = &build->files[i];
		error = judge(&affecting);
	}
	mkp_owners_destroy(affecting.owners);
	if (error)
		return error;
	sort_affected(build);
	return check_count(build);
}
