// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `mkpatch verify MODULE.ko --vmlinux FILE`: an audit of a finished livepatch module.
 */
#include "verify/verify.h"

#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "cmd/cmd.h"
#include "image/image.h"

static const char usage[] = "mkpatch verify [OPTION]... MODULE.ko";

enum option_id {
	OPTION_RELEASE,
	OPTION_VMLINUX,
	OPTION_IMAGE,
	OPTION_SYMVERS,
	OPTION_PAYLOAD,
	OPTION_SYSROOT,
	OPTION_JSON,
	OPTION_LIST,
	OPTION_QUIET,
};

static const struct mkp_option options[] = {
	[OPTION_RELEASE] = { "kernel", 'k', "RELEASE", "find that kernel's files" },
	[OPTION_VMLINUX] = { "vmlinux", 0, "FILE", "vmlinux with symbols" },
	[OPTION_IMAGE] = { "image", 0, "FILE.ko",
			   "a module that is patched, as it was shipped" },
	[OPTION_SYMVERS] = { "symvers", 0, "FILE", "a Module.symvers" },
	[OPTION_PAYLOAD] = { "payload", 0, "FILE.o",
			     "an object that the patch was made from" },
	[OPTION_SYSROOT] = { "sysroot", 0, "DIR", "look for -k below DIR" },
	[OPTION_JSON] = { "json", 0, "[FILE]",
			  "report as JSON, in place of text or to FILE" },
	[OPTION_LIST] = { "list", 0, "[NAME]", "list the findings, or explain one" },
	[OPTION_QUIET] = { "quiet", 'q', NULL, "only the verdict and findings" },
};

/* An option that may be given several times. */
struct paths {
	const char **path;
	size_t count, capacity;
};

struct run {
	struct paths images, symvers, payloads;
	const char *module, *vmlinux, *release, *sysroot, *json_file, *explain;
	bool json, list, quiet;
};

static int add_path(struct paths *paths, const char *path)
{
	struct mkp_error *error = mkp_array_reserve(
		&paths->path, &paths->capacity, paths->count + 1, sizeof(*paths->path));

	if (error)
		return mkp_fail(error);
	paths->path[paths->count++] = path;
	return -1;
}

static int take_option(const struct mkp_option_value *option, struct run *run)
{
	switch ((enum option_id)option->index) {
	case OPTION_RELEASE:
		run->release = option->value;
		break;
	case OPTION_VMLINUX:
		run->vmlinux = option->value;
		break;
	case OPTION_IMAGE:
		return add_path(&run->images, option->value);
	case OPTION_SYMVERS:
		return add_path(&run->symvers, option->value);
	case OPTION_PAYLOAD:
		return add_path(&run->payloads, option->value);
	case OPTION_SYSROOT:
		run->sysroot = option->value;
		break;
	case OPTION_JSON:
		run->json = true;
		run->json_file = option->value;
		break;
	case OPTION_LIST:
		run->list = true;
		run->explain = option->value;
		break;
	case OPTION_QUIET:
		run->quiet = true;
		break;
	}
	return -1;
}

static int parse(int argc, char **argv, struct run *run)
{
	struct mkp_option_parser parser = {
		.argc = argc,
		.argv = argv,
		.options = options,
		.nr_options = MKP_ARRAY_SIZE(options),
	};
	struct mkp_option_value value;
	int code;

	while (mkp_options_next(&parser, usage, &value, &code)) {
		if (value.index >= 0)
			code = take_option(&value, run);
		else if (!run->module)
			run->module = value.value;
		else
			code = mkp_fail_usage("verify takes one module");
		if (code >= 0)
			break;
	}
	mkp_options_deinit(&parser);
	if (code < 0 && !run->module && !run->list)
		code = mkp_fail_usage("verify needs a module");
	return code;
}

static int list_findings(const char *name)
{
	const struct mkp_verify_row *row = name ? mkp_verify_find(name) : NULL;

	if (name && !row)
		return mkp_fail_usage("no finding is called '%s'", name);
	if (row) {
		printf("%s %s (%s)\n\n%s\n\nWhat to do: %s.\n", row->id, row->name,
		       mkp_verify_level_name(row->level), row->explanation, row->fix);
		return MKP_EXIT_OK;
	}
	for (int i = 0; i < MKP_NR_VERIFY; i++) {
		row = mkp_verify_row((enum mkp_verify_id)i);
		printf("%s  %-7s  %s\n", row->id, mkp_verify_level_name(row->level),
		       row->name);
	}
	return MKP_EXIT_OK;
}

/* What -k finds, where the command line does not say it. */
static struct mkp_error *find_files(struct run *run, struct mkp_locations *locations)
{
	struct mkp_error *error;

	if (!run->release)
		return NULL;
	error = mkp_locations_find(run->sysroot ? run->sysroot : "", run->release,
				   locations);
	if (error)
		return error;
	if (!run->vmlinux)
		run->vmlinux = locations->vmlinux;
	if (!run->symvers.count && locations->symvers &&
	    add_path(&run->symvers, locations->symvers) >= 0)
		return mkp_error_nomem();
	return NULL;
}

static struct mkp_error *write_json(const struct run *run,
				    const struct mkp_verify_report *report)
{
	FILE *stream = run->json_file ? fopen(run->json_file, "we") : stdout;
	struct mkp_error *error;

	if (!stream)
		return mkp_error_create_errno(errno, "%s", run->json_file);
	error = mkp_verify_write_json(report, stream);
	if (run->json_file && fclose(stream) && !error)
		error = mkp_error_create_errno(errno, "%s", run->json_file);
	return error;
}

static struct mkp_error *audit(struct run *run, struct mkp_verify_report *report,
			       struct mkp_verify **ret_verify)
{
	const struct mkp_verify_input input = {
		.module = run->module,
		.vmlinux = run->vmlinux,
		.images = run->images.path,
		.nr_images = run->images.count,
		.symvers = run->symvers.path,
		.nr_symvers = run->symvers.count,
		.payloads = run->payloads.path,
		.nr_payloads = run->payloads.count,
	};
	struct mkp_error *error;

	if (!run->vmlinux)
		return mkp_error_create(MKP_ERROR_USAGE,
					"verify needs the kernel's vmlinux with symbols: "
					"--vmlinux FILE, or -k RELEASE and its debug "
					"package");
	error = mkp_verify_run(&input, report, ret_verify);
	if (!error && (!run->json || run->json_file))
		error = mkp_verify_write_text(report, run->quiet, stdout);
	if (!error && run->json)
		error = write_json(run, report);
	return error;
}

static int verify(struct run *run)
{
	struct mkp_locations locations = { 0 };
	struct mkp_verify_report report;
	struct mkp_verify *state = NULL;
	struct mkp_error *error;
	int code = MKP_EXIT_REFUSED;

	mkp_arena_init(&locations.arena);
	mkp_verify_report_init(&report);
	error = find_files(run, &locations);
	if (!error)
		error = audit(run, &report, &state);
	if (error)
		code = mkp_fail(error);
	else if (mkp_verify_verdict(&report) == MKP_PROVED)
		code = MKP_EXIT_OK;
	mkp_verify_destroy(state);
	mkp_verify_report_deinit(&report);
	mkp_locations_deinit(&locations);
	return code;
}

static int run_verify(int argc, char **argv)
{
	struct run run = { 0 };
	int code = parse(argc, argv, &run);

	if (code < 0)
		code = run.list ? list_findings(run.explain) : verify(&run);
	free(run.images.path);
	free(run.symvers.path);
	free(run.payloads.path);
	return code;
}

const struct mkp_verb mkp_verb_verify = {
	"verify",
	run_verify,
	"prove that a finished patch module fits its kernel",
};
