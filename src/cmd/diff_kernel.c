// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/array.h"
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
	};
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < MKP_ARRAY_SIZE(files) && !error; i++)
		if (files[i].path || files[i].wanted)
			error = note_taken(report, files[i].what, files[i].path);
	return error;
}

/* Module names use '_' where file names may have '-'. */
static struct mkp_error *take_object(const struct mkp_diff_pair *pair,
				     struct mkp_diff_module *module)
{
	if (!pair->object)
		return NULL;
	module->object = strdup(pair->object);
	if (!module->object)
		return mkp_error_nomem();
	for (char *at = module->object; *at; at++)
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

static bool same_file(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* The module of a pair; the image is opened once for all its pairs. */
static struct mkp_error *open_module(const struct mkp_diff_options *options, size_t index,
				     const char *debug_dir, struct mkp_report *report,
				     struct mkp_diff_kernel *kernel)
{
	const struct mkp_diff_pair *pair = &options->pairs[index];
	struct mkp_diff_module *module = &kernel->modules[index];
	struct mkp_image_source source = {
		.path = pair->image,
		.debug = pair->debug,
		.debug_dir = debug_dir,
	};
	struct mkp_error *error = take_object(pair, module);

	if (error || !pair->image)
		return error;
	error = note_taken(report, "module", pair->image);
	for (size_t i = 0; i < index && !module->borrowed; i++)
		if (same_file(options->pairs[i].image, pair->image) &&
		    same_file(options->pairs[i].debug, pair->debug) &&
		    same_file(kernel->modules[i].object, module->object)) {
			module->image = kernel->modules[i].image;
			module->borrowed = true;
		}
	source.module = module->object;
	if (!error && !module->borrowed)
		error = mkp_image_open_source(&source, &module->image);
	if (!error && mkp_image_debug_path(module->image))
		error = note_taken(report, "debug file",
				   mkp_image_debug_path(module->image));
	return error;
}

static struct mkp_error *open_images(const struct mkp_diff_options *options,
				     struct mkp_report *reports,
				     struct mkp_diff_kernel *kernel)
{
	struct mkp_image_source source = {
		.path = choose(options->vmlinux, kernel->locations.vmlinux),
		.sysmap = options->system_map,
		.cache = options->cache,
	};
	struct mkp_error *error = find_debug_dir(options, kernel, &source.debug_dir);

	if (!error && source.path)
		error = mkp_image_open_source(&source, &kernel->vmlinux);
	if (!error)
		error = mkp_array_create(options->nr_pairs, sizeof(*kernel->modules),
					 &kernel->modules);
	for (size_t i = 0; i < options->nr_pairs && !error; i++) {
		kernel->nr_modules++;
		error = open_module(options, i, source.debug_dir, &reports[i], kernel);
	}
	return error;
}

struct mkp_error *mkp_diff_open_kernel(const struct mkp_diff_options *options,
				       struct mkp_report *reports,
				       struct mkp_diff_kernel *ret_kernel)
{
	struct mkp_diff_kernel kernel = { 0 };
	const char *symvers;
	struct mkp_error *error;

	mkp_arena_init(&kernel.locations.arena);
	error = find_files(options, &kernel);
	if (!error)
		error = note_files(options, &reports[0], &kernel);
	symvers = choose(options->symvers, kernel.locations.symvers);
	if (!error)
		error = open_images(options, reports, &kernel);
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
	for (size_t i = 0; i < kernel->nr_modules; i++) {
		if (!kernel->modules[i].borrowed)
			mkp_image_destroy(kernel->modules[i].image);
		free(kernel->modules[i].object);
	}
	free(kernel->modules);
	mkp_image_destroy(kernel->vmlinux);
	mkp_symvers_destroy(kernel->symvers);
	mkp_locations_deinit(&kernel->locations);
}
