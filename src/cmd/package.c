// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `mkpatch package MODULE.ko`: a package of a finished module.
 */
#include <errno.h>

#include "base/text.h"
#include "build/package.h"
#include "cmd/cmd.h"
#include "cmd/package.h"

static const char usage[] = "mkpatch package --format deb|rpm [OPTION]... MODULE.ko";

enum option_id {
	OPTION_FORMAT,
	OPTION_OUTPUT,
	OPTION_PACKAGE_VERSION,
	OPTION_MAINTAINER,
	OPTION_DATE,
	OPTION_ALLOW_UNSIGNED,
};

static const struct mkp_option options[] = {
	[OPTION_FORMAT] = { "format", 'f', "FORMAT", "deb or rpm" },
	[OPTION_OUTPUT] = { "output", 'o', "DIR",
			    "directory to write to (default: this one)" },
	[OPTION_PACKAGE_VERSION] = { "package-version", 0, "VERSION",
				     "version (default: the module's, or 1)" },
	[OPTION_MAINTAINER] = { "maintainer", 'm', "WHO", "\"Name <name@example.org>\"" },
	[OPTION_DATE] = { "date", 'd', "SECONDS",
			  "date of the package, in seconds since 1970" },
	[OPTION_ALLOW_UNSIGNED] = { "allow-unsigned", 0, NULL,
				    "also package a module that is not signed" },
};

int mkp_package_take_date(const char *text, int64_t *ret_date)
{
	char *end;
	long long date;

	errno = 0;
	date = strtoll(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9')
		return mkp_fail_usage("--date takes seconds since 1970, not '%s'", text);
	*ret_date = date;
	return -1;
}

int mkp_package_show(const struct mkp_package_options *package)
{
	struct mkp_package_result result;
	struct mkp_error *error;
	int code = MKP_EXIT_OK;

	mkp_package_result_init(&result);
	error = mkp_package_make(package, &result);
	if (error)
		code = mkp_fail(error);
	for (size_t i = 0; i < result.refusals.count && !error; i++) {
		printf("refused: ");
		mkp_text_escape(stdout, result.refusals.lines[i]);
		printf("\n");
		code = MKP_EXIT_REFUSED;
	}
	if (code == MKP_EXIT_OK)
		printf("%s\n", result.path);
	mkp_package_result_deinit(&result);
	return code;
}

static int take_option(const struct mkp_option_value *value,
		       struct mkp_package_options *package)
{
	switch (value->index) {
	case OPTION_FORMAT:
		package->format = value->value;
		return -1;
	case OPTION_OUTPUT:
		package->output = value->value;
		return -1;
	case OPTION_PACKAGE_VERSION:
		package->version = value->value;
		return -1;
	case OPTION_MAINTAINER:
		package->maintainer = value->value;
		return -1;
	case OPTION_DATE:
		return mkp_package_take_date(value->value, &package->date);
	case OPTION_ALLOW_UNSIGNED:
		package->allow_unsigned = true;
		return -1;
	default:
		if (package->module)
			return mkp_fail_usage("package takes one module");
		package->module = value->value;
		return -1;
	}
}

static int run_package(int argc, char **argv)
{
	struct mkp_package_options package = { .output = ".", .date = -1 };
	struct mkp_option_parser parser = {
		.argc = argc,
		.argv = argv,
		.options = options,
		.nr_options = MKP_ARRAY_SIZE(options),
	};
	struct mkp_option_value value;
	int code;

	while (mkp_options_next(&parser, usage, &value, &code)) {
		code = take_option(&value, &package);
		if (code >= 0)
			break;
	}
	mkp_options_deinit(&parser);
	if (code < 0 && !package.module)
		code = mkp_fail_usage("package needs a module");
	return code >= 0 ? code : mkp_package_show(&package);
}

const struct mkp_verb mkp_verb_package = {
	"package",
	run_package,
	"make a deb or rpm package of a finished patch module",
};
