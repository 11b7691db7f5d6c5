// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `mkpatch preflight ORIG.o`: is the object what the kernel was made from?
 */
#include <errno.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/diff.h"
#include "match/preflight.h"

static const char usage[] = "mkpatch preflight [OPTION]... ORIG.o";

enum option_id {
	OPTION_RELEASE,
	OPTION_VMLINUX,
	OPTION_SYMVERS,
	OPTION_OBJECT,
	OPTION_IMAGE,
	OPTION_SYSROOT,
	OPTION_SYSTEM_MAP,
	OPTION_DEBUG,
	OPTION_DEBUG_DIR,
	OPTION_CACHE,
	OPTION_JSON,
	OPTION_VERBOSE,
	OPTION_QUIET,
};

static const struct mkp_option options[] = {
	[OPTION_RELEASE] = { "kernel", 'k', "RELEASE", "find that kernel's files" },
	[OPTION_VMLINUX] = { "vmlinux", 0, "FILE", "vmlinux of the kernel" },
	[OPTION_SYMVERS] = { "symvers", 0, "FILE", "Module.symvers of the kernel" },
	[OPTION_OBJECT] = { "object", 0, "MODULE", "the object is part of this module" },
	[OPTION_IMAGE] = { "image", 0, "FILE.ko", "the module as it was shipped" },
	[OPTION_SYSROOT] = { "sysroot", 0, "DIR", "look for -k below DIR" },
	[OPTION_SYSTEM_MAP] = { "system-map", 0, "FILE",
				"System.map of a --vmlinux that is stripped" },
	[OPTION_DEBUG] = { "debug", 0, "FILE", "debug file of the --image" },
	[OPTION_DEBUG_DIR] = { "debug-dir", 0, "DIR",
			       "look there for debug files (default: /usr/lib/debug)" },
	[OPTION_CACHE] = { "cache", 0, "DIR",
			   "keep the symbols of vmlinux there for the next run" },
	[OPTION_JSON] = { "json", 0, "[FILE]",
			  "report as JSON, in place of text or to FILE" },
	[OPTION_VERBOSE] = { "verbose", 'v', NULL,
			     "also what agrees, and which of several a name is" },
	[OPTION_QUIET] = { "quiet", 'q', NULL, "only the summary and what is wrong" },
};

/* Where the option's argument goes; NULL: it has none. */
static const char **argument_of(enum option_id id, struct mkp_diff_options *result)
{
	switch (id) {
	case OPTION_RELEASE:
		return &result->release;
	case OPTION_VMLINUX:
		return &result->vmlinux;
	case OPTION_SYMVERS:
		return &result->symvers;
	case OPTION_OBJECT:
		return &result->pairs->object;
	case OPTION_IMAGE:
		return &result->pairs->image;
	case OPTION_SYSROOT:
		return &result->sysroot;
	case OPTION_SYSTEM_MAP:
		return &result->system_map;
	case OPTION_DEBUG:
		return &result->pairs->debug;
	case OPTION_DEBUG_DIR:
		return &result->debug_dir;
	case OPTION_CACHE:
		return &result->cache;
	case OPTION_JSON:
		return &result->json_file;
	default:
		return NULL;
	}
}

static int take_option(const struct mkp_option_value *option,
		       struct mkp_diff_options *result)
{
	const char **argument;

	if (option->index < 0) {
		if (result->pairs->orig)
			return mkp_fail_usage("more than one object: '%s'",
					      option->value);
		result->pairs->orig = option->value;
		return -1;
	}
	argument = argument_of((enum option_id)option->index, result);
	if (argument)
		*argument = option->value;
	result->json |= option->index == OPTION_JSON;
	result->verbose |= option->index == OPTION_VERBOSE;
	result->quiet |= option->index == OPTION_QUIET;
	return -1;
}

static int parse(int argc, char **argv, struct mkp_diff_options *result)
{
	struct mkp_option_parser parser = {
		.argc = argc,
		.argv = argv,
		.options = options,
		.nr_options = MKP_ARRAY_SIZE(options),
	};
	struct mkp_option_value value;
	int code;

	while (mkp_options_next(&parser, usage, &value, &code))
		if ((code = take_option(&value, result)) >= 0)
			break;
	mkp_options_deinit(&parser);
	if (code >= 0)
		return code;
	if (!result->pairs->orig)
		return mkp_fail_usage("preflight needs an object");
	code = mkp_diff_check_pair(result->pairs);
	if (code < 0 && result->pairs->object && !result->pairs->image)
		return mkp_fail_usage("--object needs --image: the module as it was "
				      "shipped");
	if (code < 0 && !result->pairs->image && !result->vmlinux && !result->release)
		return mkp_fail_usage("which kernel? Give -k, --vmlinux or --image");
	return code;
}

static struct mkp_error *write_json_file(const struct mkp_preflight *preflight,
					 const char *path)
{
	FILE *stream = fopen(path, "we");
	struct mkp_error *error;

	if (!stream)
		return mkp_error_create_errno(errno, "%s", path);
	error = mkp_preflight_write_json(preflight, stream);
	if (fclose(stream) && !error)
		error = mkp_error_create_errno(errno, "%s", path);
	return error;
}

static struct mkp_error *show(const struct mkp_preflight *preflight,
			      const struct mkp_diff_options *result)
{
	struct mkp_error *error = NULL;

	if (result->json && !result->json_file)
		return mkp_preflight_write_json(preflight, stdout);
	if (result->json)
		error = write_json_file(preflight, result->json_file);
	return error ? error
		     : mkp_preflight_write_text(preflight, result->verbose, result->quiet,
						stdout);
}

static struct mkp_error *match_and_show(const struct mkp_diff_options *result,
					const struct mkp_graph *graph,
					const struct mkp_diff_kernel *kernel,
					bool *ret_wrong)
{
	const struct mkp_image *image = kernel->modules->image ? kernel->modules->image
							       : kernel->vmlinux;
	const struct mkp_preflight_context context = {
		.vmlinux = kernel->vmlinux,
		.symvers = kernel->symvers,
	};
	struct mkp_preflight preflight;
	struct mkp_match *match = NULL;
	struct mkp_error *error;

	if (!image)
		return mkp_error_create(MKP_ERROR_USAGE, "no vmlinux of %s was found",
					result->release);
	error = mkp_match_create(graph, image, &match);
	if (!error)
		error = mkp_preflight_init(&preflight, match, &context);
	if (!error) {
		error = show(&preflight, result);
		*ret_wrong = mkp_preflight_count_wrong(match) > 0;
		mkp_preflight_deinit(&preflight);
	}
	mkp_match_destroy(match);
	return error;
}

static struct mkp_error *preflight(const struct mkp_diff_options *result,
				   struct mkp_report *report, bool *ret_wrong)
{
	struct mkp_diff_kernel kernel = { 0 };
	struct mkp_object *object = NULL;
	struct mkp_graph *graph = NULL;
	struct mkp_error *error = mkp_object_open(result->pairs->orig, &object);

	mkp_arena_init(&kernel.locations.arena);
	if (!error)
		error = mkp_graph_create(object, NULL, &graph);
	if (!error)
		error = mkp_diff_open_kernel(result, report, &kernel);
	if (!error)
		error = match_and_show(result, graph, &kernel, ret_wrong);
	mkp_diff_close_kernel(&kernel);
	mkp_graph_destroy(graph);
	mkp_object_destroy(object);
	return error;
}

static int run(int argc, char **argv)
{
	struct mkp_diff_pair pair = { 0 };
	struct mkp_diff_options result = { .pairs = &pair, .nr_pairs = 1 };
	struct mkp_report report;
	struct mkp_error *error;
	bool wrong = false;
	int code = parse(argc, argv, &result);

	if (code >= 0)
		return code;
	mkp_report_init(&report);
	error = preflight(&result, &report, &wrong);
	mkp_report_deinit(&report);
	if (error)
		return mkp_fail(error);
	return wrong ? MKP_EXIT_REFUSED : MKP_EXIT_OK;
}

const struct mkp_verb mkp_verb_preflight = {
	"preflight",
	run,
	"prove that an object is what the kernel was made from",
};
