// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `mkpatch info MODULE.ko`: what a patch module says of itself.
 */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "verify/verify.h"

static const char usage[] = "mkpatch info [--json] MODULE.ko";

static const struct mkp_option option = { "json", 0, NULL, "as JSON, in place of text" };

/* A key of .modinfo, what it is called here, and whether it can be there
 * repeatedly. */
struct line {
	const char *key, *label, *member;
	bool list;
};

static const struct line lines[] = {
	{ "version=", "version", "version", false },
	{ "description=", "description", "description", false },
	{ "license=", "license", "license", false },
	{ "vermagic=", "built for", "vermagic", false },
	{ "mkpatch=", "made by mkpatch", "mkpatch", false },
	{ "mkpatch_release=", "made for", "release", false },
	{ "mkpatch_build_id=", "build-id", "build_id", false },
	{ "mkpatch_unload=", "unloading", "unload", false },
	{ "depends=", "depends on", "depends", false },
	{ "mkpatch_fix=", "fixes", "fixes", true },
	{ "mkpatch_patch=", "source patch", "patches", true },
	{ "mkpatch_shadow=", "shadow variable", "shadows", true },
	{ "mkpatch_input=", "input", "inputs", true },
	{ "mkpatch_override=", "override", "overrides", true },
};

static bool is_marked(const struct mkp_verify *module)
{
	const char *mark = mkp_verify_line(module, "livepatch=", NULL);

	return mark && *mark == 'Y';
}

/* ---- text ---- */

static void print_line(const char *label, const char *value)
{
	printf("%s:%*s", label, (int)(17 - strlen(label)), "");
	mkp_text_escape(stdout, value);
	putchar('\n');
}

static void print_function(const struct mkp_verify_replaced *function)
{
	printf("  ");
	mkp_text_escape(stdout, function->object);
	putchar(' ');
	mkp_text_escape(stdout, function->name);
	printf(",%" PRIu64, function->position);
	if (function->old_size)
		printf("  %" PRIu64 " -> %" PRIu64 " bytes", function->old_size,
		       function->new_size);
	else if (function->new_size)
		printf("  %" PRIu64 " bytes", function->new_size);
	if (function->source) {
		printf("  ");
		mkp_text_escape(stdout, function->source);
	}
	putchar('\n');
}

static void print_callback(const struct mkp_verify_called *callback)
{
	printf("  ");
	mkp_text_escape(stdout, callback->object);
	printf(" %s", callback->kind);
	if (callback->symbol) {
		printf("  ");
		mkp_text_escape(stdout, callback->symbol);
	}
	putchar('\n');
}

static void print_text(const struct mkp_verify *module,
		       const struct mkp_verify_report *report)
{
	const char *flavour = report->flavour ? report->flavour : "no patch record";

	print_line("name", report->name);
	print_line("kind", is_marked(module) ? flavour : "not marked as a live patch");
	for (size_t i = 0; i < MKP_ARRAY_SIZE(lines); i++) {
		const char *value;
		uint64_t cursor = 0;

		while ((value = mkp_verify_line(module, lines[i].key, &cursor))) {
			if (*value)
				print_line(lines[i].label, value);
			if (!lines[i].list)
				break;
		}
	}
	if (!mkp_verify_line(module, "mkpatch=", NULL))
		print_line("metadata",
			   "none of mkpatch: not known what it was made from");
	printf("replaces:\n");
	for (size_t i = 0; i < mkp_verify_nr_replaced(module); i++) {
		const struct mkp_verify_replaced function = mkp_verify_replaced(module,
										i);

		print_function(&function);
	}
	if (mkp_verify_nr_called(module))
		printf("callbacks:\n");
	for (size_t i = 0; i < mkp_verify_nr_called(module); i++) {
		const struct mkp_verify_called callback = mkp_verify_called(module, i);

		print_callback(&callback);
	}
	for (size_t i = 0; i < report->nr_findings; i++) {
		printf("%s: ", report->findings[i].row->name);
		mkp_text_escape(stdout, report->findings[i].message);
		putchar('\n');
	}
}

/* ---- JSON ---- */

static struct mkp_error *add_lines(struct json_object *root,
				   const struct mkp_verify *module,
				   const struct line *line)
{
	struct json_object *array;
	struct mkp_error *error;
	const char *value;
	uint64_t cursor = 0;

	if (!line->list)
		return mkp_json_add_string(root, line->member,
					   mkp_verify_line(module, line->key, NULL));
	array = json_object_new_array();
	error = mkp_json_add(root, line->member, array);
	while (!error && (value = mkp_verify_line(module, line->key, &cursor)))
		error = mkp_json_append_string(array, value);
	return error;
}

static struct mkp_error *add_function(struct json_object *array,
				      const struct mkp_verify_replaced *function)
{
	struct json_object *row;
	struct mkp_error *error = mkp_json_append_object(array, &row);

	if (!error)
		error = mkp_json_add_string(row, "object", function->object);
	if (!error)
		error = mkp_json_add_string(row, "name", function->name);
	if (!error)
		error = mkp_json_add_number(row, "position", function->position);
	if (!error)
		error = mkp_json_add_number(row, "old_size", function->old_size);
	if (!error)
		error = mkp_json_add_number(row, "new_size", function->new_size);
	if (!error)
		error = mkp_json_add_string(row, "new_symbol", function->new_symbol);
	return error ? error : mkp_json_add_string(row, "source", function->source);
}

static struct mkp_error *add_functions(struct json_object *root,
				       const struct mkp_verify *module)
{
	struct json_object *array = json_object_new_array();
	struct mkp_error *error = mkp_json_add(root, "functions", array);

	for (size_t i = 0; i < mkp_verify_nr_replaced(module) && !error; i++) {
		const struct mkp_verify_replaced function = mkp_verify_replaced(module,
										i);

		error = add_function(array, &function);
	}
	return error;
}

static struct mkp_error *add_callback(struct json_object *array,
				      const struct mkp_verify_called *callback)
{
	struct json_object *row;
	struct mkp_error *error = mkp_json_append_object(array, &row);

	if (!error)
		error = mkp_json_add_string(row, "object", callback->object);
	if (!error)
		error = mkp_json_add_string(row, "kind", callback->kind);
	return error ? error : mkp_json_add_string(row, "symbol", callback->symbol);
}

static struct mkp_error *add_callbacks(struct json_object *root,
				       const struct mkp_verify *module)
{
	struct json_object *array = json_object_new_array();
	struct mkp_error *error = mkp_json_add(root, "callbacks", array);

	for (size_t i = 0; i < mkp_verify_nr_called(module) && !error; i++) {
		const struct mkp_verify_called callback = mkp_verify_called(module, i);

		error = add_callback(array, &callback);
	}
	return error;
}

static struct mkp_error *fill(struct json_object *root, const struct mkp_verify *module,
			      const struct mkp_verify_report *report)
{
	const struct mkp_json_string head[] = {
		{ "schema", "mkpatch.info/1" },
		{ "name", report->name },
		{ "flavour", report->flavour },
	};
	struct mkp_error *error = mkp_json_add_strings(root, head, MKP_ARRAY_SIZE(head));

	if (!error)
		error = mkp_json_add_bool(root, "livepatch", is_marked(module));
	for (size_t i = 0; i < MKP_ARRAY_SIZE(lines) && !error; i++)
		error = add_lines(root, module, &lines[i]);
	if (!error)
		error = add_functions(root, module);
	return error ? error : add_callbacks(root, module);
}

static struct mkp_error *print_json(const struct mkp_verify *module,
				    const struct mkp_verify_report *report)
{
	struct json_object *root = json_object_new_object();
	struct mkp_error *error = root ? fill(root, module, report) : mkp_error_nomem();

	if (!error)
		error = mkp_json_write(root, false, stdout);
	json_object_put(root);
	return error;
}

static int info(const char *path, bool json)
{
	struct mkp_verify_report report;
	struct mkp_verify *module = NULL;
	struct mkp_error *error;

	mkp_verify_report_init(&report);
	error = mkp_verify_describe(path, &report, &module);
	if (!error && json)
		error = print_json(module, &report);
	else if (!error)
		print_text(module, &report);
	mkp_verify_destroy(module);
	mkp_verify_report_deinit(&report);
	return error ? mkp_fail(error) : MKP_EXIT_OK;
}

static int run_info(int argc, char **argv)
{
	const char *path;
	bool json;
	int code = mkp_options_take_module(argc, argv, &option, usage, &json, &path);

	return code >= 0 ? code : info(path, json);
}

const struct mkp_verb mkp_verb_info = {
	"info",
	run_info,
	"tell what a patch module replaces and what it was made from",
};
