// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `mkpatch build FIX.patch`: from a source diff to a finished module.
 */
#include "cmd/build.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cmd/cmd.h"

static struct mkp_error *open_status(const struct mkp_build_command *command,
				     struct mkp_progress *progress)
{
	if (command->status_fd < 0)
		return NULL;
	progress->status = fdopen(command->status_fd, "w");
	if (!progress->status)
		return mkp_error_create_errno(errno, "--status-fd %d",
					      command->status_fd);
	return NULL;
}

static const char *owner_name(const struct mkp_build_object *object)
{
	return object->owner ? object->owner : "vmlinux";
}

/* What is the same costs no line, unless all of it is asked for. */
static struct mkp_error *show_objects(const struct mkp_build_command *command,
				      const struct mkp_build_result *result)
{
	const struct mkp_text_style style = {
		.color = isatty(STDOUT_FILENO),
		.explain = command->explain,
		.quiet = command->quiet,
		.verbose = command->verbose,
	};
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < result->nr_objects && !error; i++) {
		const struct mkp_build_object *object = &result->objects[i];

		if (object->report->status == MKP_STATUS_UNCHANGED && !command->verbose)
			continue;
		printf("%s (%s, for %s)\n", object->path, owner_name(object),
		       object->because);
		error = mkp_report_write_text(object->report, &style, stdout);
	}
	return error;
}

static int show(const struct mkp_build_command *command,
		const struct mkp_build_result *result)
{
	struct mkp_error *error = show_objects(command, result);

	if (error)
		return mkp_fail(error);
	for (size_t i = 0; i < result->refusals.count; i++) {
		printf("refused: ");
		mkp_text_escape(stdout, result->refusals.lines[i]);
		printf("\n");
	}
	switch (result->status) {
	case MKP_BUILD_DONE:
		printf("%s: a live patch for %s\n", result->module, result->release);
		return MKP_EXIT_OK;
	case MKP_BUILD_UNCHANGED:
		printf("no functional change: no object of %s differs\n",
		       result->release);
		return MKP_EXIT_UNCHANGED;
	case MKP_BUILD_REFUSED:
		break;
	}
	return MKP_EXIT_REFUSED;
}

/* Beside the module. */
static int package(struct mkp_build_command *command,
		   const struct mkp_build_result *result)
{
	command->package.module = result->module;
	command->package.output = result->output;
	return mkp_package_show(&command->package);
}

static int run_build(int argc, char **argv)
{
	struct mkp_build_command command;
	struct mkp_progress progress = { .terminal = isatty(STDERR_FILENO) };
	const struct mkp_build_sink sink = { mkp_progress_event, &progress };
	struct mkp_build_result result;
	struct mkp_error *error;
	int code = mkp_build_parse(argc, argv, &command);

	if (code >= 0)
		return code;
	progress.quiet = command.quiet;
	mkp_build_result_init(&result);
	error = open_status(&command, &progress);
	if (!error)
		error = mkp_build_run(&command.options, &sink, &result);
	mkp_progress_finish(&progress);
	code = error ? mkp_fail(error) : show(&command, &result);
	if (code == MKP_EXIT_OK && command.package.format)
		code = package(&command, &result);
	if (progress.status)
		fclose(progress.status);
	mkp_build_result_deinit(&result);
	mkp_build_command_deinit(&command);
	return code;
}

const struct mkp_verb mkp_verb_build = {
	"build",
	run_build,
	"from a source diff to a finished patch module",
};
