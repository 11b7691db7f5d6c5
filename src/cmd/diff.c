// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `mkpatch [diff] ORIG.o PATCHED.o`: from two objects to a module source.
 */
#include "cmd/diff.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "emit/module.h"

/* Everything that lives as long as the run. */
struct run {
	const struct mkp_diff_options *options;
	struct mkp_patch_options patch_options;
	struct mkp_patch patch;
	struct mkp_diff_kernel kernel;
	char *name; /* owned */
	struct mkp_report report;
};

/* "livepatch-" and the file's name without suffix, unless the user named it. */
static struct mkp_error *module_name(const struct mkp_diff_options *options,
				     char **ret_name)
{
	const char *slash = strrchr(options->patched, '/');
	const char *base = slash ? slash + 1 : options->patched;
	MKP_CLEANUP_FREE char *text = NULL;

	if (options->name)
		return mkp_module_name(options->name, ret_name);
	if (asprintf(&text, "livepatch_%.*s", (int)strcspn(base, "."), base) < 0) {
		text = NULL;
		return mkp_error_nomem();
	}
	return mkp_module_name(text, ret_name);
}

static struct mkp_error *describe_patch(struct run *run)
{
	const struct mkp_diff_options *options = run->options;
	struct mkp_error *error = module_name(options, &run->name);

	run->patch_options = (struct mkp_patch_options){
		.orig = options->orig,
		.patched = options->patched,
		.object = options->object,
		.correlate = options->correlate,
		.release = options->release,
		.levels = options->levels,
		.decisions = options->decisions,
		.nr_decisions = options->nr_decisions,
		.name = run->name,
		.directory = options->directory ? options->directory : run->name,
		.standalone = options->standalone,
		.fixes = options->fixes,
		.nr_fixes = options->nr_fixes,
		.explain = options->explain,
		.pairs = options->explain || options->json,
	};
	return error;
}

static struct mkp_error *diff(struct run *run)
{
	struct mkp_patch *patch = &run->patch;
	struct mkp_target target;
	struct mkp_error *error = describe_patch(run);

	if (!error)
		error = mkp_patch_compare(patch);
	if (error || run->report.status == MKP_STATUS_UNCHANGED)
		return error;
	error = mkp_diff_open_kernel(run->options, &run->report, &run->kernel);
	if (error)
		return error;
	target = (struct mkp_target){
		.object = run->kernel.object,
		.vmlinux = run->kernel.vmlinux,
		.module = run->kernel.module,
		.symvers = run->kernel.symvers,
		.release = run->options->release,
	};
	error = mkp_patch_bind(patch, &target);
	if (error || mkp_patch_is_refused(patch))
		return error;
	return mkp_patch_emit(patch, &target);
}

static bool want_color(const struct mkp_diff_options *options)
{
	if (options->color != MKP_COLOR_AUTO)
		return options->color == MKP_COLOR_ALWAYS;
	return isatty(STDOUT_FILENO);
}

static struct mkp_error *write_json_file(const struct run *run)
{
	const char *path = run->options->json_file;
	FILE *stream = fopen(path, "we");
	struct mkp_error *error;

	if (!stream)
		return mkp_error_create_errno(errno, "%s", path);
	error = mkp_report_write_json(&run->report, stream);
	if (fclose(stream) && !error)
		error = mkp_error_create_errno(errno, "%s", path);
	return error;
}

static struct mkp_error *show(const struct run *run)
{
	const struct mkp_diff_options *options = run->options;
	const struct mkp_text_style style = {
		.color = want_color(options),
		.explain = options->explain,
		.quiet = options->quiet,
		/* Who asked for files to be found wants to know which. */
		.verbose = options->verbose + (options->release != NULL),
	};
	struct mkp_error *error = NULL;

	if (options->json && !options->json_file)
		return mkp_report_write_json(&run->report, stdout);
	if (options->json)
		error = write_json_file(run);
	return error ? error : mkp_report_write_text(&run->report, &style, stdout);
}

static int exit_code(const struct mkp_report *report)
{
	switch (report->status) {
	case MKP_STATUS_PATCH:
		return MKP_EXIT_OK;
	case MKP_STATUS_UNCHANGED:
		return MKP_EXIT_UNCHANGED;
	case MKP_STATUS_REFUSED:
		break;
	}
	return MKP_EXIT_REFUSED;
}

static void run_deinit(struct run *run)
{
	mkp_patch_deinit(&run->patch);
	mkp_diff_close_kernel(&run->kernel);
	free(run->name);
	mkp_report_deinit(&run->report);
}

static int run_diff(int argc, char **argv)
{
	struct mkp_diff_options options;
	struct run run = { .options = &options };
	struct mkp_error *error;
	int code = mkp_diff_parse(argc, argv, &options);

	if (code >= 0)
		return code;
	mkp_report_init(&run.report);
	mkp_arena_init(&run.kernel.locations.arena);
	mkp_patch_init(&run.patch, &run.patch_options, &run.report);
	error = diff(&run);
	if (!error)
		error = show(&run);
	code = error ? mkp_fail(error) : exit_code(&run.report);
	run_deinit(&run);
	mkp_diff_options_deinit(&options);
	return code;
}

const struct mkp_verb mkp_verb_diff = {
	"diff",
	run_diff,
	"compare two objects and write a patch module",
};
