// SPDX-License-Identifier: GPL-2.0-or-later
#include "emit/finalize.h"

#include "cmd/cmd.h"

static const char usage[] = "mkpatch finalize [-q] MODULE.ko";

static const struct mkp_option option = { "quiet", 'q', NULL, "say nothing on success" };

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
	const char *path;
	bool quiet;
	int code = mkp_options_take_module(argc, argv, &option, usage, &quiet, &path);

	return code >= 0 ? code : finalize(path, quiet);
}

const struct mkp_verb mkp_verb_finalize = {
	"finalize",
	run,
	"make the livepatch relocations of a module that kbuild has linked",
};
