// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `mkpatch compose A.ko B.ko...`: how one module is built that stands for all of them,
 * and whether one that was built does.
 */
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "build/build.h"
#include "cmd/set.h"
#include "base/json.h"

static const char usage[] = "mkpatch compose [OPTION]... MODULE.ko...";

enum option_id {
	OPTION_NAME,
	OPTION_PATCHES,
	OPTION_RESULT,
	OPTION_JSON,
};

static const struct mkp_option options[] = {
	[OPTION_NAME] = { "name", 'n', "NAME",
			  "name of the cumulative module (default: cumulative)" },
	[OPTION_PATCHES] = { "patches", 'p', "DIR",
			     "where the source patches are; they are checked" },
	[OPTION_RESULT] = { "result", 'r', "MODULE.ko",
			    "the cumulative module: does it stand for all" },
	[OPTION_JSON] = { "json", 0, NULL, "as JSON, in place of text" },
};

struct command {
	struct mkp_set_modules modules;
	struct mkp_facts *result;
	const char *name, *patches;
	bool json;
};

/* ---- the build command ---- */

struct words {
	struct mkp_arena *arena;
	const char **words; /* owned */
	size_t count, capacity;
};

static struct mkp_error *say(struct words *words, const char *word)
{
	struct mkp_error *error = mkp_array_reserve(
		&words->words, &words->capacity, words->count + 1, sizeof(*words->words));

	if (!error && !word)
		error = mkp_error_nomem();
	if (!error)
		words->words[words->count++] = word;
	return error;
}

static struct mkp_error *say_option(struct words *words, const char *option,
				    const char *value)
{
	struct mkp_error *error = say(words, option);

	return error ? error : say(words, value);
}

/* "NAME xxh128:HASH" as a path; its content is the one that the module names. */
static struct mkp_error *say_patch(struct words *words, const char *directory,
				   const char *patch)
{
	const char *blank = strrchr(patch, ' ');
	const int length = blank ? (int)(blank - patch) : (int)strlen(patch);
	const char *path, *found = NULL;
	struct mkp_error *error;

	path = mkp_arena_printf(words->arena, "%s%s%.*s", directory ? directory : "",
				directory ? "/" : "", length, patch);
	error = say(words, path);
	if (error || !directory)
		return error;
	error = mkp_build_identify(path, words->arena, &found);
	if (!error && strcmp(found, patch) != 0)
		error = mkp_error_create(MKP_ERROR_USAGE,
					 "%s is not the source patch that a module was "
					 "built from: it is %s, not %s",
					 path, found, patch);
	return error;
}

static bool all_standalone(const struct mkp_set_modules *modules)
{
	for (size_t i = 0; i < modules->count; i++)
		if (strcmp(modules->modules[i]->report.flavour, "klp_patch") != 0)
			return false;
	return true;
}

static struct mkp_error *make_command(const struct command *command,
				      const struct mkp_set_report *report,
				      struct words *words)
{
	const struct mkp_facts *first = command->modules.modules[0];
	struct mkp_error *error = say_option(words, "mkpatch", "build");

	if (!error && first->release)
		error = say_option(words, "-k", first->release);
	if (!error)
		error = say_option(words, "-n", command->name);
	if (!error && all_standalone(&command->modules))
		error = say(words, "--standalone");
	for (size_t i = 0; i < report->nr_needed && !error; i++)
		if (report->needed[i]->kind == MKP_FACT_FIX)
			error = say_option(words, "--fix", report->needed[i]->name);
	for (size_t i = 0; i < report->nr_patches && !error; i++)
		error = say_patch(words, command->patches, report->patches[i]);
	return error;
}

/* ---- telling ---- */

/* For a shell: in quotes unless it is of harmless characters. */
static void print_word(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-+./:=,@%";

	if (*word && strspn(word, plain) == strlen(word)) {
		fputs(word, stdout);
		return;
	}
	putchar('\'');
	for (; *word; word++) {
		if (*word == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*word);
	}
	putchar('\'');
}

static void print_text(const struct command *command, const struct mkp_set_report *report,
		       const struct words *words)
{
	printf("compose: %zu modules, %zu source patches\n", command->modules.count,
	       report->nr_patches);
	printf("needed:\n");
	for (size_t i = 0; i < report->nr_needed; i++) {
		printf("  ");
		mkp_set_print_fact(report->needed[i]);
		printf("\n");
	}
	mkp_set_print_findings(report);
	if (command->result) {
		printf("result: ");
		mkp_text_escape(stdout, command->result->path);
		printf(mkp_set_count(report, MKP_SET_DANGER)
			       ? " does not stand for all of them\n"
			       : " stands for all of them\n");
	} else if (words->count) {
		printf("build:\n ");
		for (size_t i = 0; i < words->count; i++) {
			putchar(' ');
			print_word(words->words[i]);
		}
		printf("\n");
	}
}

static struct mkp_error *add_words(struct json_object *root, const char *key,
				   const char *const *words, size_t count)
{
	struct json_object *array = json_object_new_array();
	struct mkp_error *error = mkp_json_add(root, key, array);

	for (size_t i = 0; i < count && !error; i++) {
		error = mkp_json_append_string(array, words[i]);
	}
	return error;
}

static struct mkp_error *add_needed(struct json_object *root,
				    const struct mkp_set_report *report)
{
	struct json_object *array = json_object_new_array(), *row;
	struct mkp_error *error = mkp_json_add(root, "needed", array);

	for (size_t i = 0; i < report->nr_needed && !error; i++) {
		error = mkp_json_append_object(array, &row);
		if (!error)
			error = mkp_set_json_fact(row, report->needed[i]);
		if (!error)
			error = mkp_json_add_number(row, "value",
						    report->needed[i]->value);
	}
	return error;
}

static struct mkp_error *print_json(const struct command *command,
				    const struct mkp_set_report *report,
				    const struct words *words)
{
	struct json_object *root = NULL;
	struct mkp_error *error = mkp_set_json_create("mkpatch.compose/1", report, &root);

	if (error)
		return error;
	error = mkp_set_json_modules(root, "modules", &command->modules);
	if (!error)
		error = mkp_json_add_string(
			root, "result", command->result ? command->result->path : NULL);
	if (!error)
		error = add_needed(root, report);
	if (!error)
		error = add_words(root, "patches", report->patches, report->nr_patches);
	if (!error)
		error = add_words(root, "command", words->words, words->count);
	return mkp_set_json_finish(root, error);
}

/* A command that would not make what is needed is not told. */
static struct mkp_error *tell(const struct command *command,
			      struct mkp_set_report *report)
{
	struct words words = { .arena = &report->arena };
	struct mkp_error *error = NULL;

	if (!command->result && !mkp_set_count(report, MKP_SET_DANGER))
		error = make_command(command, report, &words);
	if (!error && command->json)
		error = print_json(command, report, &words);
	else if (!error)
		print_text(command, report, &words);
	free(words.words);
	return error;
}

/* ---- the command line ---- */

static struct mkp_error *take(void *data, const struct mkp_option_value *value)
{
	struct command *command = data;

	switch (value->index) {
	case OPTION_NAME:
		command->name = value->value;
		return NULL;
	case OPTION_PATCHES:
		command->patches = value->value;
		return NULL;
	case OPTION_RESULT:
		mkp_facts_destroy(command->result);
		command->result = NULL;
		return mkp_facts_open(value->value, &command->result);
	case OPTION_JSON:
		command->json = true;
		return NULL;
	default:
		return mkp_set_modules_add(&command->modules, value->value);
	}
}

static int parse(int argc, char **argv, struct command *command)
{
	int code = mkp_options_parse(argc, argv, options, MKP_ARRAY_SIZE(options), usage,
				     take, command);

	if (code < 0 && !command->modules.count)
		return mkp_fail_usage("compose needs a module");
	return code;
}

static int run_compose(int argc, char **argv)
{
	struct command command = { .name = "cumulative" };
	struct mkp_set_report report;
	struct mkp_error *error;
	int code = parse(argc, argv, &command);

	mkp_set_report_init(&report);
	if (code < 0) {
		error = mkp_set_compose(&report, command.modules.modules,
					command.modules.count, command.result);
		if (!error)
			error = tell(&command, &report);
		code = error ? mkp_fail(error) : mkp_set_exit_code(&report);
	}
	mkp_set_report_deinit(&report);
	mkp_facts_destroy(command.result);
	mkp_set_modules_deinit(&command.modules);
	return code;
}

const struct mkp_verb mkp_verb_compose = {
	"compose",
	run_compose,
	"tell how one patch module is built that stands for several",
};
