// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `mkpatch [diff] ORIG.o PATCHED.o`: from two objects to a module source.
 */
#include "cmd/diff.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "emit/emit.h"
#include "emit/module.h"

/* Everything that lives as long as the run. */
struct run {
	const struct mkp_diff_options *options;
	struct mkp_object *orig, *patched;
	struct mkp_graph *orig_graph, *patched_graph;
	struct mkp_overrides overrides;
	struct mkp_diff *diff;
	struct mkp_selection *selection;
	struct mkp_check_context context;
	struct mkp_diff_kernel kernel;
	struct mkp_bindings *bindings;
	struct mkp_report report;
};

/* Maps and validates both objects; nothing writes to them afterwards. */
static struct mkp_error *read_objects(struct run *run)
{
	struct mkp_error *error = mkp_object_open(run->options->orig, &run->orig);

	return error ? error : mkp_object_open(run->options->patched, &run->patched);
}

/* Cuts both into atoms and references, which stay as they are. */
static struct mkp_error *build_graphs(struct run *run)
{
	struct mkp_error *error = mkp_graph_create(run->orig, &run->orig_graph);

	return error ? error : mkp_graph_create(run->patched, &run->patched_graph);
}

/* Pairs and compares; from here on the verdicts are final. */
static struct mkp_error *compare(struct run *run)
{
	struct mkp_error *error = mkp_diff_create(run->orig_graph, run->patched_graph,
						  &run->diff);

	if (!error && run->options->correlate)
		error = mkp_overrides_read(&run->overrides, run->options->correlate);
	if (!error)
		error = mkp_overrides_settle(&run->overrides, run->diff);
	if (!error)
		error = mkp_correlate(run->diff);
	if (!error)
		error = mkp_lines_create(run->orig->path, &run->context.orig_lines);
	if (!error)
		error = mkp_lines_create(run->patched->path, &run->context.patched_lines);
	if (!error)
		error = mkp_compare(run->diff, run->context.orig_lines,
				    run->context.patched_lines);
	return error ? error : mkp_overrides_apply(&run->overrides, run->diff);
}

/* Decides what the payload carries, and reports what was found so far. */
static struct mkp_error *select_and_check(struct run *run)
{
	struct mkp_error *error = mkp_select(run->diff, &run->selection);

	if (error)
		return error;
	run->context.diff = run->diff;
	run->context.selection = run->selection;
	run->context.overrides = &run->overrides;
	run->context.module = run->options->object;
	run->context.report = &run->report;
	error = mkp_diff_report_functions(&run->context);
	if (!error)
		error = mkp_diff_report_included(&run->context);
	return error ? error : mkp_check_run(&run->context);
}

/* Finds each symbol of the running kernel that the patch needs. */
static struct mkp_error *bind(struct run *run)
{
	struct mkp_error *error = mkp_diff_open_kernel(run->options, &run->report,
						       &run->kernel);
	const struct mkp_target target = {
		.object = run->kernel.object,
		.vmlinux = run->kernel.vmlinux,
		.module = run->kernel.module,
		.symvers = run->kernel.symvers,
		.release = run->options->release,
	};

	if (!error && run->kernel.object)
		run->report.object = run->kernel.object;
	if (!error)
		error = mkp_bind(&run->context, &target, &run->bindings);
	if (!error)
		mkp_diff_report_positions(&run->report, run->selection, run->bindings);
	return error;
}

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

static struct mkp_error *emit(struct run *run)
{
	const struct mkp_diff_options *options = run->options;
	MKP_CLEANUP_FREE char *name = NULL;
	struct mkp_error *error = module_name(options, &name);
	const struct mkp_emit_options emit_options = {
		.name = name,
		.directory = options->directory ? options->directory : name,
		.object = run->kernel.object,
		.release = options->release,
		.standalone = options->standalone,
	};

	if (error)
		return error;
	run->report.status = MKP_STATUS_PATCH;
	return mkp_emit(&emit_options, run->selection, run->bindings, &run->report);
}

static void describe_run(struct run *run)
{
	run->report.original = run->options->orig;
	run->report.patched = run->options->patched;
	run->report.levels = run->options->levels;
	run->report.release = run->options->release;
	run->report.module_given = run->options->object;
	run->report.object = run->options->object ? run->options->object : "vmlinux";
}

static bool refused(const struct run *run)
{
	return mkp_report_count(&run->report, MKP_LEVEL_ERROR) > 0;
}

/* Nothing changed, or nothing that the author does not want to be left as it is. */
static bool nothing_to_do(const struct run *run)
{
	if (refused(run))
		return false;
	return mkp_diff_is_unchanged(run->diff) || !run->selection->nr_replaced;
}

static struct mkp_error *record(struct run *run)
{
	return mkp_diff_report_overrides(run->options, &run->overrides, &run->report);
}

static struct mkp_error *diff(struct run *run)
{
	struct mkp_error *error;

	describe_run(run);
	error = read_objects(run);
	if (!error)
		error = build_graphs(run);
	if (!error)
		error = compare(run);
	if (error)
		return error;
	run->report.arch = run->patched_graph->arch->name;
	run->report.nr_compared = run->diff->nr_functions;
	run->report.nr_line_only = run->diff->nr_line_only;
	run->report.status = MKP_STATUS_UNCHANGED;
	/* What is the same needs no check: only additions that nothing uses are told. */
	error = select_and_check(run);
	if (!error && nothing_to_do(run))
		return record(run);
	run->report.status = MKP_STATUS_REFUSED;
	if (!error)
		error = bind(run);
	if (!error)
		error = record(run);
	if (error || refused(run))
		return error;
	return emit(run);
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
	mkp_bindings_destroy(run->bindings);
	mkp_diff_close_kernel(&run->kernel);
	mkp_lines_destroy(run->context.orig_lines);
	mkp_lines_destroy(run->context.patched_lines);
	mkp_selection_destroy(run->selection);
	mkp_overrides_deinit(&run->overrides);
	mkp_diff_destroy(run->diff);
	mkp_graph_destroy(run->orig_graph);
	mkp_graph_destroy(run->patched_graph);
	mkp_object_destroy(run->orig);
	mkp_object_destroy(run->patched);
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
	mkp_overrides_init(&run.overrides);
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
