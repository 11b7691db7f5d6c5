// SPDX-License-Identifier: GPL-2.0-or-later
#include "emit/finalize.h"

#include "cmd/cmd.h"

static const char usage[] = "mkpatch finalize [-q] MODULE.ko";

enum {
	OPTION_QUIET
};

static const struct mkp_option options[] = {
	[OPTION_QUIET] = { "quiet", 'q', NULL, "say nothing on success" },
};

static int finalize(const char *path, bool quiet)
{
	struct mkp_finalize_result result;
	struct mkp_error *error = mkp_finalize(path, &result);

	if (error)
		return mkp_fail(error);
	if (quiet)
		return MKP_EXIT_OK;
	if (result.already)
		printf("%s: already finalized\n", path);
	else
		printf("%s: %llu livepatch relocations to %llu symbols\n", path,
		       (unsigned long long)result.nr_relocations,
		       (unsigned long long)result.nr_symbols);
	return MKP_EXIT_OK;
}

static int run(int argc, char **argv)
{
	struct mkp_option_parser parser = {
		.argc = argc,
		.argv = argv,
		.options = options,
		.nr_options = MKP_ARRAY_SIZE(options),
	};
	struct mkp_option_value value;
	const char *path = NULL;
	bool quiet = false;
	int code;

	while (mkp_options_next(&parser, usage, &value, &code)) {
		if (value.index == OPTION_QUIET)
			quiet = true;
		else if (!path)
			path = value.value;
		else
			code = mkp_fail_usage("finalize takes one module");
		if (code >= 0)
			break;
	}
	mkp_options_deinit(&parser);
	if (code >= 0)
		return code;
	return path ? finalize(path, quiet) : mkp_fail_usage("finalize needs a module");
}

const struct mkp_verb mkp_verb_finalize = {
	"finalize",
	run,
	"make the livepatch relocations of a module that kbuild has linked",
};
