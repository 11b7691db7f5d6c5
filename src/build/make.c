// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calling kbuild: always with the same variables, or it would build its own tools again
 * each time that they change, and with all of those that the environment or an outer make
 * could bring in.
 */
#include <string.h>
#include <unistd.h>

#include "build/private.h"

/*
 * Under a make that has a jobserver its number of jobs holds, else @jobs. Only the shell
 * looks at make's own variable.
 */
static const char under_make[] =
	"case $MAKEFLAGS in *--jobserver*) exec make \"$@\";; esac; "
	"exec make -j\"$0\" \"$@\"";

enum {
	MAX_FIXED = 40
};

struct arguments {
	const char **argv;
	size_t count;
};

static void add(struct arguments *arguments, const char *text)
{
	arguments->argv[arguments->count++] = text;
}

static struct mkp_error *add_variable(struct mkp_build *build,
				      struct arguments *arguments, const char *name,
				      const char *value)
{
	const char *text = NULL;
	struct mkp_error *error = mkp_format(&build->arena, &text, "%s=%s", name, value);

	if (!error)
		add(arguments, text);
	return error;
}

static struct mkp_error *add_jobs(struct mkp_build *build, struct arguments *arguments)
{
	const long here = sysconf(_SC_NPROCESSORS_ONLN);
	const char *text;
	struct mkp_error *error;

	if (build->options->jobs) {
		error = mkp_format(&build->arena, &text, "-j%u", build->options->jobs);
		if (error)
			return error;
		add(arguments, "make");
		add(arguments, text);
		return NULL;
	}
	error = mkp_format(&build->arena, &text, "%ld", here > 0 ? here : 1);
	if (error)
		return error;
	add(arguments, "sh");
	add(arguments, "-c");
	add(arguments, under_make);
	add(arguments, text);
	return NULL;
}

static struct mkp_error *add_variables(struct mkp_build *build,
				       struct arguments *arguments,
				       const struct mkp_make *make)
{
	const char *makefile = "", *answers = "";
	struct mkp_error *error = make->preparing
					  ? NULL
					  : mkp_probes_begin(build, &makefile, &answers);
	const struct {
		const char *name, *value;
	} variables[] = {
		{ "CC", build->cc },
		{ "ARCH", build->config.arch },
		{ "CROSS_COMPILE", build->cross },
		{ "RUSTC", build->config.rustc },
		{ "KERNELRELEASE", build->inputs.release },
		{ "KCFLAGS", make->cflags },
		/* make hands it to the compiler; no part of a command, so that those
		 * are the same wherever this is. */
		{ "CPATH", build->include ? build->include : "" },
		{ "KAFLAGS", "" },
		{ "KCPPFLAGS", "" },
		{ "O", "" },
		{ "KBUILD_OUTPUT", "" },
		/* An empty one for the tree. Not KBUILD_EXTMOD: it would win over M, and
		 * kbuild would take the headers for a kernel to configure. */
		{ "M", make->module ? make->module : "" },
		{ "W", "" },
		{ "C", "" },
		{ "LOCALVERSION", "" },
		{ "KBUILD_BUILD_TIMESTAMP", "1970-01-01" },
		{ "KBUILD_BUILD_USER", "mkpatch" },
		{ "KBUILD_BUILD_HOST", "mkpatch" },
		{ "MAKEFILES", makefile },
		{ "MKP_PROBES", answers },
	};

	for (size_t i = 0; i < MKP_ARRAY_SIZE(variables) && !error; i++)
		error = add_variable(build, arguments, variables[i].name,
				     variables[i].value);
	return error;
}

/* What one run of make says; the first line that tells why it fails is kept. */
struct listener {
	struct mkp_build *build;
	const struct mkp_make *make;
	bool certain; /* that line is of a compiler, not of make */
};

static bool is_error(const char *line)
{
	return strstr(line, ": error: ") || strstr(line, ": fatal error: ") ||
	       !strncmp(line, "ERROR: ", 7);
}

static struct mkp_error *listen(void *data, const char *line)
{
	struct listener *listener = data;
	struct mkp_build *build = listener->build;
	struct mkp_error *error = NULL;

	if (!listener->certain && is_error(line)) {
		listener->certain = true;
		error = mkp_format(&build->arena, &build->reason, "%s", line);
	} else if (!build->reason && strstr(line, " *** ")) {
		error = mkp_format(&build->arena, &build->reason, "%s", line);
	}
	if (!error && listener->make->line)
		error = listener->make->line(listener->make->data, line);
	return error;
}

struct mkp_error *mkp_build_make(struct mkp_build *build, const struct mkp_make *make,
				 int *ret_status)
{
	struct listener listener = { .build = build, .make = make };
	struct arguments arguments = { 0 };
	struct mkp_command command = {
		.directory = make->directory ? make->directory : build->tree,
		.log = build->log,
		.line = listen,
		.data = &listener,
	};
	struct mkp_error *error = NULL;

	build->reason = NULL;
	arguments.argv = calloc(make->nr_targets + MAX_FIXED, sizeof(*arguments.argv));
	if (!arguments.argv)
		return mkp_error_nomem();
	error = add_jobs(build, &arguments);
	/* Output comes a target at a time, with the command before what it says. */
	add(&arguments, "--output-sync=target");
	add(&arguments, "V=1");
	if (make->keep_going)
		add(&arguments, "-k");
	/* Half of the time that a single object takes. The top makefile calls itself, and
	 * forgets of -o, unless it finds --no-print-directory. */
	if (make->prepared) {
		add(&arguments, "--no-print-directory");
		add(&arguments, "-o");
		add(&arguments, "prepare");
	}
	if (!error)
		error = add_variables(build, &arguments, make);
	for (size_t i = 0; i < make->nr_targets; i++)
		add(&arguments, make->targets[i]);
	command.argv = arguments.argv;
	if (!error)
		error = mkp_spawn(build->signals, &command, ret_status);
	free(arguments.argv);
	if (!error && !build->reason)
		build->reason = "make failed";
	return error;
}
