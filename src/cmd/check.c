// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `mkpatch check FIX.patch`: what a build of it would come to, without compiling.
 */
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "build/outlook.h"
#include "cmd/cmd.h"
#include "base/json.h"

static const char usage[] = "mkpatch check [OPTION]... FIX.patch...";

enum option_id {
	OPTION_RELEASE,
	OPTION_SOURCE,
	OPTION_CONFIG,
	OPTION_HEADERS,
	OPTION_SYSROOT,
	OPTION_WORK,
	OPTION_JSON,
};

static const struct mkp_option options[] = {
	[OPTION_RELEASE] = { "kernel", 'k', "RELEASE", "find that kernel's files" },
	[OPTION_SOURCE] = { "source", 0, "DIR",
			    "source of the kernel, or a tarball of it" },
	[OPTION_CONFIG] = { "config", 0, "FILE", "configuration of the kernel" },
	[OPTION_HEADERS] = { "headers", 0, "DIR",
			     "headers, which have the configuration" },
	[OPTION_SYSROOT] = { "sysroot", 0, "DIR", "look for -k below DIR" },
	[OPTION_WORK] = { "work", 'w', "DIR",
			  "what is kept between runs (default: mkpatch-work)" },
	[OPTION_JSON] = { "json", 0, NULL, "as JSON, in place of text" },
};

struct command {
	struct mkp_build_options options;
	const char **patches; /* owned */
	size_t nr_patches, cap_patches;
	bool json;
};

static const char *status_name(const struct mkp_outlook *outlook)
{
	if (outlook->result.refusals.count)
		return "refused";
	return outlook->nr_objects ? "possible" : "unchanged";
}

/* ---- text ---- */

/* A patch of a header can have thousands of objects; nobody reads so many lines. */
#define MOST_LINES 100

static size_t count_shown(size_t count)
{
	return count > MOST_LINES ? MOST_LINES : count;
}

static void print_rest(size_t count, const char *what)
{
	if (count > MOST_LINES)
		printf("  ... and %zu more %s, see --json\n", count - MOST_LINES, what);
}

static void print_objects(const struct mkp_outlook *outlook)
{
	for (size_t i = 0; i < count_shown(outlook->nr_objects); i++) {
		const struct mkp_outlook_object *object = &outlook->objects[i];

		printf("  object   ");
		mkp_text_escape(stdout, object->path);
		printf("  (");
		mkp_text_escape(stdout, object->owner ? object->owner : "vmlinux");
		printf(")\n");
	}
	print_rest(outlook->nr_objects, "objects");
}

static void print_concerns(const struct mkp_outlook *outlook)
{
	for (size_t i = 0; i < count_shown(outlook->nr_concerns); i++) {
		const struct mkp_outlook_concern *concern = &outlook->concerns[i];

		printf("concern[%s] ", concern->name);
		mkp_text_escape(stdout, concern->path);
		if (concern->line)
			printf(":%zu", concern->line);
		printf(": %s\n", concern->what);
		if (concern->in) {
			printf("  in: ");
			mkp_text_escape(stdout, concern->in);
			printf("\n");
		}
	}
	print_rest(outlook->nr_concerns, "concerns");
}

static void print_text(const struct mkp_outlook *outlook)
{
	printf("check: %s for Linux %s: %zu file%s, %zu object%s\n", status_name(outlook),
	       outlook->result.release, outlook->nr_files,
	       outlook->nr_files == 1 ? "" : "s", outlook->nr_objects,
	       outlook->nr_objects == 1 ? "" : "s");
	for (size_t i = 0; i < outlook->nr_files; i++) {
		const struct mkp_outlook_file *file = &outlook->files[i];

		printf("  %-8s ", file->state);
		mkp_text_escape(stdout, file->path);
		printf("  %zu object%s\n", file->nr_objects,
		       file->nr_objects == 1 ? "" : "s");
	}
	print_objects(outlook);
	for (size_t i = 0; i < outlook->nr_notes; i++) {
		printf("note: ");
		mkp_text_escape(stdout, outlook->notes[i]);
		printf("\n");
	}
	print_concerns(outlook);
	for (size_t i = 0; i < outlook->result.refusals.count; i++) {
		printf("refused: ");
		mkp_text_escape(stdout, outlook->result.refusals.lines[i]);
		printf("\n");
	}
	if (outlook->seconds > 0)
		printf("estimate: %.0f s of processor time%s\n", outlook->seconds,
		       outlook->prepared ? ", in the tree that was prepared before"
					 : ", with a tree to prepare");
}

/* ---- JSON ---- */

static struct mkp_error *add_array(struct json_object *root, const char *key,
				   struct json_object **ret_array)
{
	*ret_array = json_object_new_array();
	return mkp_json_add(root, key, *ret_array);
}

static struct mkp_error *add_files(struct json_object *root,
				   const struct mkp_outlook *outlook)
{
	struct json_object *array, *row;
	struct mkp_error *error = add_array(root, "files", &array);

	for (size_t i = 0; i < outlook->nr_files && !error; i++) {
		const struct mkp_outlook_file *file = &outlook->files[i];

		error = mkp_json_append_object(array, &row);
		if (!error)
			error = mkp_json_add_string(row, "path", file->path);
		if (!error)
			error = mkp_json_add_string(row, "state", file->state);
		if (!error)
			error = mkp_json_add_number(row, "objects", file->nr_objects);
	}
	return error;
}

static struct mkp_error *add_objects(struct json_object *root,
				     const struct mkp_outlook *outlook)
{
	struct json_object *array, *row;
	struct mkp_error *error = add_array(root, "objects", &array);

	for (size_t i = 0; i < outlook->nr_objects && !error; i++) {
		const struct mkp_outlook_object *object = &outlook->objects[i];
		const struct mkp_json_string strings[] = {
			{ "path", object->path },
			{ "owner", object->owner ? object->owner : "vmlinux" },
			{ "because", object->because },
		};

		error = mkp_json_append_object(array, &row);
		if (!error)
			error = mkp_json_add_strings(row, strings,
						     MKP_ARRAY_SIZE(strings));
	}
	return error;
}

static struct mkp_error *add_concerns(struct json_object *root,
				      const struct mkp_outlook *outlook)
{
	struct json_object *array, *row;
	struct mkp_error *error = add_array(root, "concerns", &array);

	for (size_t i = 0; i < outlook->nr_concerns && !error; i++) {
		const struct mkp_outlook_concern *concern = &outlook->concerns[i];
		const struct mkp_json_string strings[] = {
			{ "concern", concern->name },
			{ "path", concern->path },
			{ "what", concern->what },
			{ "in", concern->in },
		};

		error = mkp_json_append_object(array, &row);
		if (!error)
			error = mkp_json_add_strings(row, strings,
						     MKP_ARRAY_SIZE(strings));
		if (!error && concern->line)
			error = mkp_json_add_number(row, "line", concern->line);
		else if (!error)
			error = mkp_json_add_null(row, "line");
	}
	return error;
}

static struct mkp_error *add_texts(struct json_object *root, const char *key,
				   const char *const *texts, size_t count)
{
	struct json_object *array;
	struct mkp_error *error = add_array(root, key, &array);

	for (size_t i = 0; i < count && !error; i++) {
		error = mkp_json_append_string(array, texts[i]);
	}
	return error;
}

static struct mkp_error *fill(struct json_object *root, const struct mkp_outlook *outlook)
{
	const struct mkp_build_result *result = &outlook->result;
	const struct mkp_json_string strings[] = {
		{ "schema", "mkpatch.check/1" },
		{ "status", status_name(outlook) },
		{ "release", result->release },
	};
	struct mkp_error *error = mkp_json_add_strings(root, strings,
						       MKP_ARRAY_SIZE(strings));

	if (!error)
		error = add_files(root, outlook);
	if (!error)
		error = add_objects(root, outlook);
	if (!error)
		error = add_concerns(root, outlook);
	if (!error)
		error = add_texts(root, "refusals", result->refusals.lines,
				  result->refusals.count);
	if (!error)
		error = add_texts(root, "notes", outlook->notes, outlook->nr_notes);
	if (!error)
		error = mkp_json_add_bool(root, "prepared", outlook->prepared);
	if (error)
		return error;
	return mkp_json_add_number(root, "seconds", (uint64_t)(outlook->seconds + 0.5));
}

static struct mkp_error *print_json(const struct mkp_outlook *outlook)
{
	struct json_object *root = json_object_new_object();
	struct mkp_error *error = root ? fill(root, outlook) : mkp_error_nomem();

	if (!error)
		error = mkp_json_write(root, false, stdout);
	json_object_put(root);
	return error;
}

/* ---- the command line ---- */

static struct mkp_error *take(void *data, const struct mkp_option_value *value)
{
	struct command *command = data;
	struct mkp_build_options *result = &command->options;
	const char **const places[] = {
		[OPTION_RELEASE] = &result->release, [OPTION_SOURCE] = &result->source,
		[OPTION_CONFIG] = &result->config,   [OPTION_HEADERS] = &result->headers,
		[OPTION_SYSROOT] = &result->sysroot, [OPTION_WORK] = &result->work,
	};
	struct mkp_error *error;

	if (value->index == OPTION_JSON) {
		command->json = true;
		return NULL;
	}
	if (value->index >= 0) {
		*places[value->index] = value->value;
		return NULL;
	}
	error = mkp_array_reserve(&command->patches, &command->cap_patches,
				  command->nr_patches + 1, sizeof(*command->patches));
	if (!error)
		command->patches[command->nr_patches++] = value->value;
	return error;
}

static int parse(int argc, char **argv, struct command *command)
{
	int code = mkp_options_parse(argc, argv, options, MKP_ARRAY_SIZE(options), usage,
				     take, command);

	if (code < 0 && !command->nr_patches)
		return mkp_fail_usage("a patch is needed");
	command->options.patches = command->patches;
	command->options.nr_patches = command->nr_patches;
	return code;
}

static int exit_code(const struct mkp_outlook *outlook)
{
	if (outlook->result.refusals.count)
		return MKP_EXIT_REFUSED;
	return outlook->nr_objects ? MKP_EXIT_OK : MKP_EXIT_UNCHANGED;
}

static int run_check(int argc, char **argv)
{
	struct command command = { .options.max_objects = MKP_MAX_OBJECTS };
	struct mkp_outlook outlook;
	struct mkp_error *error;
	int code = parse(argc, argv, &command);

	mkp_outlook_init(&outlook);
	if (code < 0) {
		error = mkp_build_look(&command.options, &outlook);
		if (!error && command.json)
			error = print_json(&outlook);
		else if (!error)
			print_text(&outlook);
		code = error ? mkp_fail(error) : exit_code(&outlook);
	}
	mkp_outlook_deinit(&outlook);
	free(command.patches);
	return code;
}

const struct mkp_verb mkp_verb_check = {
	"check",
	run_check,
	"tell what a build would come to, without compiling",
};
