// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/set.h"

#include <string.h>

#include "base/array.h"

struct mkp_error *mkp_set_modules_add(struct mkp_set_modules *modules, const char *path)
{
	struct mkp_error *error = mkp_array_reserve(&modules->modules, &modules->capacity,
						    modules->count + 1,
						    sizeof(*modules->modules));

	if (!error)
		error = mkp_facts_open(path, &modules->modules[modules->count]);
	modules->count += !error;
	return error;
}

void mkp_set_modules_deinit(struct mkp_set_modules *modules)
{
	for (size_t i = 0; i < modules->count; i++)
		mkp_facts_destroy(modules->modules[i]);
	free(modules->modules);
}

int mkp_set_exit_code(const struct mkp_set_report *report)
{
	return mkp_set_count(report, MKP_SET_DANGER) ? MKP_EXIT_REFUSED : MKP_EXIT_OK;
}

struct taking {
	struct mkp_set_modules *modules;
	bool *json;
};

static struct mkp_error *take(void *data, const struct mkp_option_value *value)
{
	struct taking *taking = data;

	if (value->index < 0)
		return mkp_set_modules_add(taking->modules, value->value);
	*taking->json = true;
	return NULL;
}

static int parse(int argc, char **argv, const struct mkp_set_command *command,
		 struct mkp_set_modules *modules, bool *json)
{
	static const struct mkp_option option = { "json", 0, NULL,
						  "as JSON, in place of text" };
	struct taking taking = { modules, json };
	int code = mkp_options_parse(argc, argv, &option, 1, command->usage, take,
				     &taking);

	if (code < 0 &&
	    (modules->count < command->least || modules->count > command->most))
		return mkp_fail_usage("usage: %s", command->usage);
	return code;
}

int mkp_set_run(int argc, char **argv, const struct mkp_set_command *command)
{
	struct mkp_set_modules modules = { 0 };
	struct mkp_set_report report;
	struct mkp_error *error;
	bool json = false;
	int code = parse(argc, argv, command, &modules, &json);

	mkp_set_report_init(&report);
	if (code < 0) {
		error = command->judge(&report, &modules);
		if (!error)
			error = command->print(&report, &modules, json);
		code = error ? mkp_fail(error) : command->exit_code(&report);
	}
	mkp_set_report_deinit(&report);
	mkp_set_modules_deinit(&modules);
	return code;
}
