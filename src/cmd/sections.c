// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `mkpatch sections FILE...`: which tables a kernel or its objects have, and
 * which of them mkpatch knows. For a kernel that nobody tried yet.
 */
#include "cmd/sections.h"

#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "cmd/cmd.h"
#include "image/kconfig.h"

static const char usage[] = "mkpatch sections [--config FILE] [--json] FILE...";

enum {
	OPTION_CONFIG,
	OPTION_JSON,
};

static const struct mkp_option options[] = {
	[OPTION_CONFIG] = { "config", 'c', "FILE",
			    "configuration of the kernel, if the vmlinux has none" },
	[OPTION_JSON] = { "json", 0, NULL, "as JSON, in place of text" },
};

struct command {
	struct mkp_object **objects; /* owned, as they are */
	struct mkp_survey *surveys;  /* owned */
	size_t nr_objects, nr_surveys, cap_objects, cap_surveys;
	const char *config;
	bool json;
};

static struct mkp_error *add_file(struct command *command, const char *path)
{
	struct mkp_object *object;
	struct mkp_error *error = mkp_array_reserve(
		&command->objects, &command->cap_objects, command->nr_objects + 1,
		sizeof(struct mkp_object *));

	if (!error)
		error = mkp_array_reserve(&command->surveys, &command->cap_surveys,
					  command->nr_surveys + 1,
					  sizeof(*command->surveys));
	if (!error)
		error = mkp_object_open(path, &object);
	if (error)
		return error;
	command->objects[command->nr_objects++] = object;
	error = mkp_survey_init(&command->surveys[command->nr_surveys], object);
	if (!error)
		command->nr_surveys++;
	return error;
}

static struct mkp_error *take(void *data, const struct mkp_option_value *value)
{
	struct command *command = data;

	switch (value->index) {
	case OPTION_CONFIG:
		command->config = value->value;
		return NULL;
	case OPTION_JSON:
		command->json = true;
		return NULL;
	default:
		return add_file(command, value->value);
	}
}

/* ---- the configuration ---- */

static struct mkp_error *read_named(const char *path, struct mkp_sections_config *config)
{
	FILE *stream = fopen(path, "re");
	struct mkp_error *error;

	if (!stream)
		return mkp_error_create_errno(errno, "%s", path);
	error = mkp_sections_config_read(config, path, stream);
	fclose(stream);
	return error;
}

/* The first file that has one. */
static struct mkp_error *read_embedded(const struct command *command,
				       struct mkp_sections_config *config)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < command->nr_objects && !config->path && !error; i++) {
		const struct mkp_object *object = command->objects[i];
		FILE *stream = NULL;

		error = mkp_kconfig_open(object, &stream);
		if (error || !stream)
			continue;
		config->embedded = true;
		error = mkp_sections_config_read(config, object->path, stream);
		fclose(stream);
	}
	return error;
}

/* ---- the verb ---- */

static int report(const struct command *command)
{
	struct mkp_sections_config config = { 0 };
	struct mkp_sections_result result = {
		.surveys = command->surveys,
		.count = command->nr_surveys,
		.config = &config,
	};
	struct mkp_error *error = command->config ? read_named(command->config, &config)
						  : read_embedded(command, &config);

	for (size_t i = 0; i < result.count; i++)
		result.gaps += mkp_survey_nr_gaps(&result.surveys[i]);
	if (!error && command->json)
		error = mkp_sections_print_json(&result);
	else if (!error)
		mkp_sections_print_text(&result);
	mkp_sections_config_deinit(&config);
	if (error)
		return mkp_fail(error);
	return result.gaps ? MKP_EXIT_REFUSED : MKP_EXIT_OK;
}

static int run_sections(int argc, char **argv)
{
	struct command command = { 0 };
	int code = mkp_options_parse(argc, argv, options, MKP_ARRAY_SIZE(options), usage,
				     take, &command);

	if (code < 0 && !command.nr_objects && !command.config)
		code = mkp_fail_usage("sections needs a vmlinux, a module or an object");
	if (code < 0)
		code = report(&command);
	for (size_t i = 0; i < command.nr_surveys; i++)
		mkp_survey_deinit(&command.surveys[i]);
	for (size_t i = 0; i < command.nr_objects; i++)
		mkp_object_destroy(command.objects[i]);
	free(command.surveys);
	free(command.objects);
	return code;
}

const struct mkp_verb mkp_verb_sections = {
	"sections",
	run_sections,
	"tell which tables of a kernel mkpatch knows",
};
