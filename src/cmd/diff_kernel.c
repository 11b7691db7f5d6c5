// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "cmd/diff.h"

/* What the command line names comes before what was found. */
static const char *choose(const char *given, const char *found)
{
	return given ? given : found;
}

static struct mkp_error *note_taken(struct mkp_report *report, const char *what,
				    const char *path)
{
	return mkp_report_add_note(report, "%s: %s", what, path ? path : "none found");
}

static struct mkp_error *find_files(const struct mkp_diff_options *options,
				    struct mkp_diff_kernel *kernel)
{
	if (!options->release)
		return NULL;
	return mkp_locations_find(options->sysroot ? options->sysroot : "",
				  options->release, &kernel->locations);
}

/* Says what is read, and with -k also what was not found. */
static struct mkp_error *note_files(const struct mkp_diff_options *options,
				    struct mkp_report *report,
				    const struct mkp_diff_kernel *kernel)
{
	const bool searched = options->release;
	const struct {
		const char *what, *path;
		bool wanted;
	} files[] = {
		{ "vmlinux", choose(options->vmlinux, kernel->locations.vmlinux),
		  searched },
		{ "Module.symvers", choose(options->symvers, kernel->locations.symvers),
		  searched },
		{ "headers", kernel->locations.headers, searched },
		{ "module", options->image, false },
	};
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < MKP_ARRAY_SIZE(files) && !error; i++)
		if (files[i].path || files[i].wanted)
			error = note_taken(report, files[i].what, files[i].path);
	return error;
}

/* Module names use '_' where file names may have '-'. */
static struct mkp_error *take_object(const struct mkp_diff_options *options,
				     struct mkp_diff_kernel *kernel)
{
	if (!options->object)
		return NULL;
	kernel->object = strdup(options->object);
	if (!kernel->object)
		return mkp_error_nomem();
	for (char *at = kernel->object; *at; at++)
		if (*at == '-')
			*at = '_';
	return NULL;
}

/* Where debug files are: DIR of --debug-dir, else of the system that -k looks at. */
static struct mkp_error *find_debug_dir(const struct mkp_diff_options *options,
					struct mkp_diff_kernel *kernel,
					const char **ret_directory)
{
	if (options->debug_dir) {
		*ret_directory = options->debug_dir;
		return NULL;
	}
	*ret_directory = mkp_arena_printf(&kernel->locations.arena, "%s/usr/lib/debug",
					  options->sysroot ? options->sysroot : "");
	return *ret_directory ? NULL : mkp_error_nomem();
}

static struct mkp_error *open_images(const struct mkp_diff_options *options,
				     struct mkp_report *report,
				     struct mkp_diff_kernel *kernel)
{
	struct mkp_image_source source = {
		.path = choose(options->vmlinux, kernel->locations.vmlinux),
		.sysmap = options->system_map,
	};
	struct mkp_error *error = find_debug_dir(options, kernel, &source.debug_dir);

	if (!error && source.path)
		error = mkp_image_open_source(&source, &kernel->vmlinux);
	if (error || !options->image)
		return error;
	source.path = options->image;
	source.module = kernel->object;
	source.sysmap = NULL;
	source.debug = options->debug;
	error = mkp_image_open_source(&source, &kernel->module);
	if (!error && mkp_image_debug_path(kernel->module))
		error = note_taken(report, "debug file",
				   mkp_image_debug_path(kernel->module));
	return error;
}

struct mkp_error *mkp_diff_open_kernel(const struct mkp_diff_options *options,
				       struct mkp_report *report,
				       struct mkp_diff_kernel *ret_kernel)
{
	struct mkp_diff_kernel kernel = { 0 };
	const char *symvers;
	struct mkp_error *error = take_object(options, &kernel);

	mkp_arena_init(&kernel.locations.arena);
	if (!error)
		error = find_files(options, &kernel);
	if (!error)
		error = note_files(options, report, &kernel);
	symvers = choose(options->symvers, kernel.locations.symvers);
	if (!error)
		error = open_images(options, report, &kernel);
	if (!error && symvers)
		error = mkp_symvers_open(symvers, &kernel.symvers);
	if (error) {
		mkp_diff_close_kernel(&kernel);
		return error;
	}
	*ret_kernel = kernel;
	return NULL;
}

void mkp_diff_close_kernel(struct mkp_diff_kernel *kernel)
{
	mkp_image_destroy(kernel->vmlinux);
	mkp_image_destroy(kernel->module);
	mkp_symvers_destroy(kernel->symvers);
	mkp_locations_deinit(&kernel->locations);
	free(kernel->object);
}
