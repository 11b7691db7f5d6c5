// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `mkpatch [diff] ORIG.o PATCHED.o ...`: from pairs of objects to a module source.
 */
#include "cmd/diff.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "cmd/cmd.h"
#include "emit/module.h"
#include "emit/patchset.h"

/* One pair on its way. */
struct part {
	struct mkp_patch_options options;
	struct mkp_patch patch;
};

/* Everything that lives as long as the run; the arrays have an element for each pair. */
struct run {
	const struct mkp_diff_options *options;
	size_t nr_parts;
	struct part *parts;
	struct mkp_report *reports;
	struct mkp_patch **patches;
	struct mkp_target *targets;
	struct mkp_diff_kernel kernel;
	char *name;
};

/* "livepatch-" and the file's name without suffix, unless the user named it. */
static struct mkp_error *module_name(const struct mkp_diff_options *options,
				     char **ret_name)
{
	const char *slash = strrchr(options->pairs[0].patched, '/');
	const char *base = slash ? slash + 1 : options->pairs[0].patched;
	MKP_CLEANUP_FREE char *text = NULL;

	if (options->name)
		return mkp_module_name(options->name, ret_name);
	if (asprintf(&text, "livepatch_%.*s", (int)strcspn(base, "."), base) < 0) {
		text = NULL;
		return mkp_error_nomem();
	}
	return mkp_module_name(text, ret_name);
}

static struct mkp_error *create_arrays(struct run *run)
{
	size_t count = run->options->nr_pairs;
	struct mkp_error *error = mkp_array_create(count, sizeof(*run->parts),
						   &run->parts);

	if (!error)
		error = mkp_array_create(count, sizeof(*run->reports), &run->reports);
	if (!error)
		error = mkp_array_create(count, sizeof(*run->patches), &run->patches);
	if (!error)
		error = mkp_array_create(count, sizeof(*run->targets), &run->targets);
	return error;
}

static void describe_part(struct run *run, size_t index)
{
	const struct mkp_diff_options *options = run->options;
	const struct mkp_diff_pair *pair = &options->pairs[index];
	struct part *part = &run->parts[index];

	part->options = (struct mkp_patch_options){
		.orig = pair->orig,
		.patched = pair->patched,
		.object = pair->object,
		.correlate = pair->correlate,
		.release = options->release,
		.levels = options->levels,
		.decisions = options->decisions,
		.nr_decisions = options->nr_decisions,
		.name = run->name,
		.directory = options->directory ? options->directory : run->name,
		.standalone = options->standalone,
		.stacked = options->stacked,
		.fixes = options->fixes,
		.nr_fixes = options->nr_fixes,
		.explain = options->explain,
		.pairs = options->explain || options->json,
	};
	mkp_report_init(&run->reports[index]);
	mkp_patch_init(&part->patch, &part->options, &run->reports[index]);
	run->patches[index] = &part->patch;
	run->nr_parts++;
}

static struct mkp_error *describe_parts(struct run *run)
{
	struct mkp_error *error = module_name(run->options, &run->name);

	if (!error)
		error = create_arrays(run);
	for (size_t i = 0; i < run->options->nr_pairs && !error; i++)
		describe_part(run, i);
	return error;
}

static struct mkp_error *find_targets(struct run *run)
{
	struct mkp_error *error = mkp_diff_open_kernel(run->options, run->reports,
						       &run->kernel);

	for (size_t i = 0; i < run->nr_parts && !error; i++)
		run->targets[i] = (struct mkp_target){
			.object = run->kernel.modules[i].object,
			.vmlinux = run->kernel.vmlinux,
			.module = run->kernel.modules[i].image,
			.symvers = run->kernel.symvers,
			.release = run->options->release,
		};
	return error;
}

static enum mkp_report_status status(const struct run *run)
{
	return mkp_patchset_status(run->patches, run->nr_parts);
}

static struct mkp_error *diff(struct run *run)
{
	struct mkp_error *error = describe_parts(run);

	if (!error)
		error = mkp_patchset_compare(run->patches, run->nr_parts,
					     /* steps= */ NULL);
	if (error || status(run) == MKP_STATUS_UNCHANGED)
		return error;
	error = find_targets(run);
	if (!error)
		error = mkp_patchset_bind(run->patches, run->targets, run->nr_parts,
					  /* steps= */ NULL);
	if (error || status(run) == MKP_STATUS_REFUSED)
		return error;
	return mkp_patchset_emit(run->patches, run->targets, run->nr_parts);
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
	error = mkp_reports_write_json(run->reports, run->nr_parts, stream);
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
		return mkp_reports_write_json(run->reports, run->nr_parts, stdout);
	if (options->json)
		error = write_json_file(run);
	return error ? error
		     : mkp_reports_write_text(run->reports, run->nr_parts, &style,
					      stdout);
}

static int exit_code(const struct run *run)
{
	switch (status(run)) {
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
	for (size_t i = 0; i < run->nr_parts; i++) {
		mkp_patch_deinit(&run->parts[i].patch);
		mkp_report_deinit(&run->reports[i]);
	}
	mkp_diff_close_kernel(&run->kernel);
	free(run->parts);
	free(run->reports);
	free(run->patches);
	free(run->targets);
	free(run->name);
}

static int run_diff(int argc, char **argv)
{
	struct mkp_diff_options options;
	struct run run = { .options = &options };
	struct mkp_error *error;
	int code = mkp_diff_parse(argc, argv, &options);

	if (code >= 0)
		return code;
	mkp_arena_init(&run.kernel.locations.arena);
	error = diff(&run);
	if (!error)
		error = show(&run);
	code = error ? mkp_fail(error) : exit_code(&run);
	run_deinit(&run);
	mkp_diff_options_deinit(&options);
	return code;
}

const struct mkp_verb mkp_verb_diff = {
	"diff",
	run_diff,
	"compare two objects and write a patch module",
};
