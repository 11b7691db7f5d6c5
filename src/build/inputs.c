// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a build is made from. What the command line names comes first; with a release, the
 * rest is looked for where distributions put it, and what is missing is named with the
 * package that has it. The running kernel is never looked at.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "build/private.h"
#include "image/image.h"

/* %R is the release, %M the first two numbers of its version, %P without the flavour. */
static const char *const source_rows[] = {
	"/usr/src/linux-source-%M",	     /* Debian, once somebody unpacked it */
	"/usr/src/linux-source-%M.tar.xz",   /* Debian */
	"/usr/src/linux-%P",		     /* SUSE */
	"/usr/src/debug/kernel-%P/linux-%R", /* Fedora, debugsource */
};

static const char *const config_rows[] = {
	"/usr/src/linux-headers-%R/.config", /* Debian */
	"/boot/config-%R",
	"/usr/src/kernels/%R/.config", /* Fedora */
	"/lib/modules/%R/config",
	"/usr/lib/modules/%R/config", /* SUSE */
};

static const char *const modules_rows[] = {
	"/lib/modules/%R",
	"/usr/lib/modules/%R",
};

/* Which package has a piece. */
static const struct {
	const char *what, *option, *debian, *fedora, *suse;
} packages[] = {
	{ "source", "--source", "linux-source-%M", "the kernel's source package",
	  "kernel-source" },
	{ "configuration", "--config", "linux-headers-%R", "kernel-devel-%R",
	  "kernel-%F-devel" },
	{ "Module.symvers", "--symvers", "linux-headers-%R", "kernel-devel-%R",
	  "kernel-%F-devel" },
	{ "vmlinux with symbols", "--vmlinux", "linux-image-%R-dbg",
	  "kernel-debuginfo-%R", "kernel-%F-debuginfo" },
};

enum {
	PIECE_SOURCE,
	PIECE_CONFIG,
	PIECE_SYMVERS,
	PIECE_VMLINUX,
};

static void expand_letter(FILE *stream, char letter, const char *release)
{
	const char *dash = strrchr(release, '-');
	size_t version = strcspn(release, ".");

	version += release[version] ? 1 + strspn(release + version + 1, "0123456789") : 0;
	if (letter == 'R')
		fputs(release, stream);
	else if (letter == 'M')
		fwrite(release, 1, version, stream);
	else if (letter == 'P')
		fwrite(release, 1, dash ? (size_t)(dash - release) : strlen(release),
		       stream);
	else if (letter == 'F')
		fputs(dash ? dash + 1 : "default", stream);
}

static struct mkp_error *expand(struct mkp_build *build, const char *prefix,
				const char *row, const char *release,
				const char **ret_text)
{
	MKP_CLEANUP_FREE char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return mkp_error_nomem();
	fputs(prefix, stream);
	for (; *row; row++) {
		if (*row == '%')
			expand_letter(stream, *++row, release);
		else
			fputc(*row, stream);
	}
	if (fclose(stream))
		return mkp_error_nomem();
	return mkp_format(&build->arena, ret_text, "%s", text);
}

/* The first row that is there, unless the piece is known already. */
static struct mkp_error *look_for(struct mkp_build *build, const char *const *rows,
				  size_t count, const char **piece)
{
	const char *root = build->options->sysroot ? build->options->sysroot : "";
	const char *release = build->options->release;
	struct mkp_error *error = NULL;
	const char *path;

	for (size_t i = 0; i < count && release && !*piece && !error; i++) {
		error = expand(build, root, rows[i], release, &path);
		if (!error && !access(path, R_OK))
			*piece = path;
	}
	return error;
}

static struct mkp_error *copy_path(struct mkp_build *build, const char *found,
				   const char **piece)
{
	if (!found || *piece)
		return NULL;
	*piece = mkp_arena_strdup(&build->arena, found);
	return *piece ? NULL : mkp_error_nomem();
}

static struct mkp_error *take_locations(struct mkp_build *build)
{
	struct mkp_build_inputs *inputs = &build->inputs;
	const char *root = build->options->sysroot ? build->options->sysroot : "";
	struct mkp_locations found;
	struct mkp_error *error;

	if (!build->options->release)
		return NULL;
	error = mkp_locations_find(root, build->options->release, &found);
	if (error)
		return error;
	error = copy_path(build, found.vmlinux, &inputs->vmlinux);
	if (!error)
		error = copy_path(build, found.symvers, &inputs->symvers);
	if (!error)
		error = copy_path(build, found.headers, &inputs->headers);
	mkp_locations_deinit(&found);
	return error;
}

/* /proc/kallsyms has no code to compare with, and speaks of what runs here. */
static void drop_running(struct mkp_build *build)
{
	const char *vmlinux = build->inputs.vmlinux;

	if (vmlinux && !strncmp(vmlinux, "/proc/", 6))
		build->inputs.vmlinux = NULL;
}

/* A kernel whose headers were named has its other pieces beside them. */
static struct mkp_error *take_from_headers(struct mkp_build *build)
{
	struct mkp_build_inputs *inputs = &build->inputs;
	struct mkp_error *error = NULL;
	const char *path;

	if (!build->options->headers)
		return NULL;
	if (!inputs->config) {
		error = mkp_format(&build->arena, &path, "%s/.config", inputs->headers);
		if (!error && mkp_file_exists(path))
			inputs->config = path;
	}
	if (!error && !inputs->symvers) {
		error = mkp_format(&build->arena, &path, "%s/Module.symvers",
				   inputs->headers);
		if (!error && mkp_file_exists(path))
			inputs->symvers = path;
	}
	return error;
}

static struct mkp_error *missing(struct mkp_build *build, size_t piece)
{
	const char *release = build->options->release;
	const char *debian, *fedora, *suse;
	struct mkp_error *error;

	if (!release)
		return mkp_error_create(MKP_ERROR_USAGE,
					"no %s: name it with %s, or a release with -k",
					packages[piece].what, packages[piece].option);
	error = expand(build, "", packages[piece].debian, release, &debian);
	if (!error)
		error = expand(build, "", packages[piece].fedora, release, &fedora);
	if (!error)
		error = expand(build, "", packages[piece].suse, release, &suse);
	if (error)
		return error;
	return mkp_error_create(MKP_ERROR_USAGE,
				"no %s of %s found: install %s (Debian), %s (Fedora) or "
				"%s (SUSE), or name it with %s",
				packages[piece].what, release, debian, fedora, suse,
				packages[piece].option);
}

static struct mkp_error *check_there(struct mkp_build *build)
{
	const struct mkp_build_inputs *inputs = &build->inputs;
	const char *const pieces[] = {
		[PIECE_SOURCE] = inputs->source,
		[PIECE_CONFIG] = inputs->config,
		[PIECE_SYMVERS] = inputs->symvers,
		[PIECE_VMLINUX] = inputs->vmlinux,
	};

	for (size_t i = 0; i < MKP_ARRAY_SIZE(pieces); i++) {
		/* To look at a patch the source and the configuration are enough. */
		if (build->looks_only && i > PIECE_CONFIG && !pieces[i])
			continue;
		if (!pieces[i])
			return missing(build, i);
		if (access(pieces[i], R_OK))
			return mkp_error_create_errno(errno, "%s %s", packages[i].what,
						      pieces[i]);
	}
	if (inputs->headers && !mkp_directory_exists(inputs->headers))
		return mkp_error_create(MKP_ERROR_USAGE, "%s is no directory of headers",
					inputs->headers);
	return NULL;
}

/* Every path is used from other directories than this one. */
static struct mkp_error *make_absolute(struct mkp_build *build)
{
	struct mkp_build_inputs *inputs = &build->inputs;
	const char **pieces[] = { &inputs->source,  &inputs->config,  &inputs->symvers,
				  &inputs->vmlinux, &inputs->headers, &inputs->modules };
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < MKP_ARRAY_SIZE(pieces) && !error; i++) {
		MKP_CLEANUP_FREE char *real = NULL;

		if (!*pieces[i])
			continue;
		real = realpath(*pieces[i], NULL);
		if (!real)
			return mkp_error_create_errno(errno, "%s", *pieces[i]);
		error = mkp_format(&build->arena, pieces[i], "%s", real);
	}
	return error;
}

struct mkp_error *mkp_build_find_inputs(struct mkp_build *build)
{
	const struct mkp_build_options *options = build->options;
	struct mkp_build_inputs *inputs = &build->inputs;
	struct mkp_error *error;

	*inputs = (struct mkp_build_inputs){
		.source = options->source,
		.config = options->config,
		.symvers = options->symvers,
		.vmlinux = options->vmlinux,
		.headers = options->headers,
		.modules = options->modules,
		.release = options->release,
	};
	error = take_from_headers(build);
	if (!error)
		error = take_locations(build);
	if (!error)
		error = look_for(build, source_rows, MKP_ARRAY_SIZE(source_rows),
				 &inputs->source);
	if (!error)
		error = look_for(build, config_rows, MKP_ARRAY_SIZE(config_rows),
				 &inputs->config);
	if (!error)
		error = look_for(build, modules_rows, MKP_ARRAY_SIZE(modules_rows),
				 &inputs->modules);
	drop_running(build);
	if (!error)
		error = check_there(build);
	return error ? error : make_absolute(build);
}

struct mkp_error *mkp_build_find_core(struct mkp_build *build)
{
	const char *core = build->options->core ? build->options->core
						: "/usr/src/mkpatch-core";
	MKP_CLEANUP_FREE char *real = NULL;
	const char *symvers = NULL;
	struct mkp_error *error;

	if (build->options->standalone || build->looks_only)
		return NULL;
	real = realpath(core, NULL);
	error = mkp_format(&build->arena, &symvers, "%s/Module.symvers",
			   real ? real : core);
	if (!error && !mkp_file_exists(symvers))
		error = mkp_error_create(MKP_ERROR_USAGE,
					 "no %s: the core module is not built there; say "
					 "where it is with --core, or make a patch that "
					 "needs none with --standalone",
					 symvers);
	if (!error)
		build->inputs.core_symvers = symvers;
	return error;
}
