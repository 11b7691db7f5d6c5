// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "cmd/build.h"
#include "cmd/cmd.h"

static const char usage[] = "mkpatch build [OPTION]... FIX.patch...";

enum option_id {
	OPTION_RELEASE,
	OPTION_SOURCE,
	OPTION_CONFIG,
	OPTION_SYMVERS,
	OPTION_VMLINUX,
	OPTION_HEADERS,
	OPTION_MODULES,
	OPTION_SYSROOT,
	OPTION_NAME,
	OPTION_OUTPUT,
	OPTION_WORK,
	OPTION_JOBS,
	OPTION_CC,
	OPTION_ALLOW_COMPILER,
	OPTION_KEEP_LINES,
	OPTION_MAX_OBJECTS,
	OPTION_STANDALONE,
	OPTION_NO_REPLACE,
	OPTION_CORE,
	OPTION_FIX,
	OPTION_SIGN_HOOK,
	OPTION_SIGN_KEY,
	OPTION_SIGN_CERT,
	OPTION_PACKAGE,
	OPTION_MAINTAINER,
	OPTION_DATE,
	OPTION_ALLOW_UNSIGNED,
	OPTION_WARNING,
	OPTION_ERROR,
	OPTION_IGNORE_INIT,
	OPTION_STATUS_FD,
	OPTION_EXPLAIN,
	OPTION_VERBOSE,
	OPTION_QUIET,
};

static const struct mkp_option options[] = {
	[OPTION_RELEASE] = { "kernel", 'k', "RELEASE", "find that kernel's files" },
	[OPTION_SOURCE] = { "source", 0, "DIR",
			    "source of the kernel, or a tarball of it" },
	[OPTION_CONFIG] = { "config", 0, "FILE", "configuration of the kernel" },
	[OPTION_SYMVERS] = { "symvers", 0, "FILE", "Module.symvers of the kernel" },
	[OPTION_VMLINUX] = { "vmlinux", 0, "FILE", "vmlinux with symbols" },
	[OPTION_HEADERS] = { "headers", 0, "DIR", "headers to build the module with" },
	[OPTION_MODULES] = { "modules", 0, "DIR", "modules as they were shipped" },
	[OPTION_SYSROOT] = { "sysroot", 0, "DIR", "look for -k below DIR" },
	[OPTION_NAME] = { "name", 'n', "NAME", "name of the patch module" },
	[OPTION_OUTPUT] = { "output", 'o', "DIR",
			    "directory to write (default: its name)" },
	[OPTION_WORK] = { "work", 'w', "DIR",
			  "what is kept between runs (default: mkpatch-work)" },
	[OPTION_JOBS] = { "jobs", 'j', "N", "how much to do at once" },
	[OPTION_CC] = { "cc", 0, "COMMAND", "the compiler, such as \"ccache gcc-12\"" },
	[OPTION_ALLOW_COMPILER] = { "allow-compiler", 0, NULL,
				    "go on with another compiler than the kernel's" },
	[OPTION_KEEP_LINES] = { "keep-lines", 0, NULL,
				"do not give lines behind a change their old numbers" },
	[OPTION_MAX_OBJECTS] = { "max-objects", 0, "N",
				 "refuse a patch that touches more (default: 400)" },
	[OPTION_STANDALONE] = { "standalone", 0, NULL,
				"make a module that needs no mkpatch_core" },
	[OPTION_NO_REPLACE] = { "no-replace", 0, NULL,
				"stack on earlier patches, do not replace them" },
	[OPTION_CORE] = { "core", 0, "DIR", "where mkpatch_core was built" },
	[OPTION_FIX] = { "fix", 0, "ID", "what is fixed, such as CVE-2024-1086" },
	[OPTION_SIGN_HOOK] = { "sign-hook", 0, "COMMAND",
			       "run it with the module's path, to sign it" },
	[OPTION_SIGN_KEY] = { "sign-key", 0, "FILE", "sign with this key" },
	[OPTION_SIGN_CERT] = { "sign-cert", 0, "FILE", "certificate of the key" },
	[OPTION_PACKAGE] = { "package", 0, "FORMAT", "also make a package: deb or rpm" },
	[OPTION_MAINTAINER] = { "maintainer", 0, "WHO",
				"of the package, \"Name <name@example.org>\"" },
	[OPTION_DATE] = { "date", 0, "SECONDS", "of the package, in seconds since 1970" },
	[OPTION_ALLOW_UNSIGNED] = { "allow-unsigned", 0, NULL,
				    "also package a module that is not signed" },
	[OPTION_WARNING] = { "warning", 'W', "CHECK", "only warn of what CHECK finds" },
	[OPTION_ERROR] = { "error", 'E', "CHECK", "refuse what CHECK finds" },
	[OPTION_IGNORE_INIT] = { "ignore-init", 0, NULL,
				 "go on without changes of init code" },
	[OPTION_STATUS_FD] = { "status-fd", 0, "N",
			       "write JSON lines of progress there" },
	[OPTION_EXPLAIN] = { "explain", 0, NULL, "say why each element is in the patch" },
	[OPTION_VERBOSE] = { "verbose", 'v', NULL, "also what did not change" },
	[OPTION_QUIET] = { "quiet", 'q', NULL, "no progress, only the result" },
};

/* Appends one word of the command line. */
static int append(const char ***words, size_t *count, size_t *capacity, const char *word)
{
	struct mkp_error *error = mkp_array_reserve(words, capacity, *count + 1,
						    sizeof(**words));

	if (error)
		return mkp_fail(error);
	(*words)[(*count)++] = word;
	return -1;
}

static int take_decision(const char *option, const char *check, enum mkp_level level,
			 struct mkp_build_command *command)
{
	struct mkp_error *error = mkp_check_set_level(command->levels, check, level);

	if (!error)
		error = mkp_array_reserve(&command->decisions, &command->cap_decisions,
					  command->nr_decisions + 1,
					  sizeof(*command->decisions));
	if (error)
		return mkp_fail(error);
	command->decisions[command->nr_decisions++] = (struct mkp_decision){ option,
									     check };
	return -1;
}

static int take_number(const char *option, const char *text, unsigned int least,
		       unsigned int *ret_number)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9' || number < least ||
	    number > 1000000)
		return mkp_fail_usage("%s takes a number from %u, not '%s'", option,
				      least, text);
	*ret_number = (unsigned int)number;
	return -1;
}

static int take_status_fd(const char *text, struct mkp_build_command *command)
{
	unsigned int number;
	int code = take_number("--status-fd", text, 0, &number);

	if (code < 0)
		command->status_fd = (int)number;
	return code;
}

/* Options whose value is kept as it is. */
static const char **place_of(struct mkp_build_command *command, enum option_id id)
{
	struct mkp_build_options *result = &command->options;

	switch (id) {
	case OPTION_RELEASE:
		return &result->release;
	case OPTION_SOURCE:
		return &result->source;
	case OPTION_CONFIG:
		return &result->config;
	case OPTION_SYMVERS:
		return &result->symvers;
	case OPTION_VMLINUX:
		return &result->vmlinux;
	case OPTION_HEADERS:
		return &result->headers;
	case OPTION_MODULES:
		return &result->modules;
	case OPTION_SYSROOT:
		return &result->sysroot;
	case OPTION_NAME:
		return &result->name;
	case OPTION_OUTPUT:
		return &result->output;
	case OPTION_WORK:
		return &result->work;
	case OPTION_CC:
		return &result->cc;
	case OPTION_CORE:
		return &result->core;
	case OPTION_SIGN_HOOK:
		return &result->sign_hook;
	case OPTION_SIGN_KEY:
		return &result->sign_key;
	case OPTION_SIGN_CERT:
		return &result->sign_cert;
	case OPTION_PACKAGE:
		return &command->package.format;
	case OPTION_MAINTAINER:
		return &command->package.maintainer;
	default:
		return NULL;
	}
}

static int take_option(const struct mkp_option_value *option,
		       struct mkp_build_command *command)
{
	struct mkp_build_options *result = &command->options;
	const char **place = place_of(command, (enum option_id)option->index);

	if (place) {
		*place = option->value;
		return -1;
	}
	switch ((enum option_id)option->index) {
	case OPTION_JOBS:
		return take_number("-j", option->value, 1, &result->jobs);
	case OPTION_MAX_OBJECTS:
		return take_number("--max-objects", option->value, 1,
				   &result->max_objects);
	case OPTION_STATUS_FD:
		return take_status_fd(option->value, command);
	case OPTION_FIX:
		return append(&command->fixes, &command->nr_fixes, &command->cap_fixes,
			      option->value);
	case OPTION_WARNING:
		return take_decision("-W", option->value, MKP_LEVEL_WARNING, command);
	case OPTION_ERROR:
		return take_decision("-E", option->value, MKP_LEVEL_ERROR, command);
	case OPTION_IGNORE_INIT:
		return take_decision("--ignore-init", "init-code", MKP_LEVEL_WARNING,
				     command);
	case OPTION_DATE:
		return mkp_package_take_date(option->value, &command->package.date);
	case OPTION_ALLOW_UNSIGNED:
		command->package.allow_unsigned = true;
		break;
	case OPTION_ALLOW_COMPILER:
		result->allow_compiler = true;
		break;
	case OPTION_KEEP_LINES:
		result->keep_lines = true;
		break;
	case OPTION_STANDALONE:
		result->standalone = true;
		break;
	case OPTION_NO_REPLACE:
		result->stacked = true;
		break;
	case OPTION_EXPLAIN:
		command->explain = true;
		break;
	case OPTION_VERBOSE:
		command->verbose++;
		break;
	case OPTION_QUIET:
		command->quiet = true;
		break;
	default:
		break;
	}
	return -1;
}

static int check_options(struct mkp_build_command *command)
{
	struct mkp_build_options *result = &command->options;

	if (!command->nr_patches)
		return mkp_fail_usage("a patch is needed");
	if ((result->sign_key != NULL) != (result->sign_cert != NULL))
		return mkp_fail_usage("--sign-key and --sign-cert go together");
	if (result->sign_key && result->sign_hook)
		return mkp_fail_usage("--sign-key and --sign-hook are two ways to sign");
	if (command->package.format) {
		struct mkp_error *error = mkp_package_check_options(&command->package);

		if (error)
			return mkp_fail(error);
	}
	result->patches = command->patches;
	result->nr_patches = command->nr_patches;
	result->fixes = command->fixes;
	result->nr_fixes = command->nr_fixes;
	result->decisions = command->decisions;
	result->nr_decisions = command->nr_decisions;
	result->levels = command->levels;
	return -1;
}

int mkp_build_parse(int argc, char **argv, struct mkp_build_command *command)
{
	struct mkp_option_parser parser = {
		.argc = argc,
		.argv = argv,
		.options = options,
		.nr_options = MKP_ARRAY_SIZE(options),
	};
	struct mkp_option_value value;
	int code;

	*command = (struct mkp_build_command){
		.status_fd = -1,
		.options.max_objects = MKP_MAX_OBJECTS,
		.package.date = -1,
	};
	while (mkp_options_next(&parser, usage, &value, &code)) {
		code = value.index < 0 ? append(&command->patches, &command->nr_patches,
						&command->cap_patches, value.value)
				       : take_option(&value, command);
		if (code >= 0)
			break;
	}
	mkp_options_deinit(&parser);
	if (code < 0)
		code = check_options(command);
	if (code >= 0)
		mkp_build_command_deinit(command);
	return code;
}

void mkp_build_command_deinit(struct mkp_build_command *command)
{
	free(command->patches);
	free(command->fixes);
	free(command->decisions);
	command->patches = NULL;
	command->fixes = NULL;
	command->decisions = NULL;
}
