// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/check.h"
#include "cmd/cmd.h"

static const char usage[] = "mkpatch checks [OPTION]... [CHECK...]";

static const struct mkp_option options[] = {
	{ "explain", 0, "CHECK", "explain CHECK, as if it were an argument" },
};

static const char *level_name(enum mkp_level level)
{
	static const char *const names[] = { "note", "warning", "error" };

	return names[level];
}

static void list_checks(void)
{
	for (int i = 0; i < MKP_NR_CHECKS; i++) {
		const struct mkp_check *check = mkp_check_get((enum mkp_check_id)i);

		printf("%s  %-7s  %s\n", check->id, level_name(check->level),
		       check->name);
	}
}

static int explain_check(const char *name)
{
	const struct mkp_check *check = mkp_check_find(name);

	if (!check)
		return mkp_fail_usage("no check is called '%s'", name);
	printf("%s %s (%s)\n\n%s\n\nWhat to do: %s.\n", check->id, check->name,
	       level_name(check->level), check->explanation, check->fix);
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
	int code, shown = MKP_EXIT_OK;
	bool any = false;

	while (mkp_options_next(&parser, usage, &value, &code)) {
		any = true;
		shown = explain_check(value.value);
		if (shown != MKP_EXIT_OK)
			break;
	}
	mkp_options_deinit(&parser);
	if (code >= 0)
		return code;
	if (!any)
		list_checks();
	return shown;
}

const struct mkp_verb mkp_verb_checks = {
	"checks",
	run,
	"list the checks, or explain one",
};
