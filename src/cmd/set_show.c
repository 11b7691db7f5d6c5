// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is found in modules beside each other, for people and for programs.
 */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "cmd/set.h"
#include "base/json.h"

void mkp_set_print_fact(const struct mkp_fact *fact)
{
	static const char *const words[MKP_NR_FACTS] = {
		[MKP_FACT_STATE] = "state ",   [MKP_FACT_SHADOW] = "shadow variable ",
		[MKP_FACT_DATA] = "variable ", [MKP_FACT_CODE] = "carried ",
		[MKP_FACT_FIX] = "fix ",       [MKP_FACT_PATCH] = "source patch ",
	};

	if (words[fact->kind])
		fputs(words[fact->kind], stdout);
	mkp_text_escape(stdout, fact->object);
	if (*fact->object)
		putchar(' ');
	mkp_text_escape(stdout, fact->name);
	if (fact->position > 1)
		printf(",%" PRIu64, fact->position);
}

void mkp_set_print_findings(const struct mkp_set_report *report)
{
	for (size_t i = 0; i < report->nr_findings; i++) {
		const struct mkp_set_finding *finding = &report->findings[i];
		const struct mkp_set_row *row = finding->row;

		printf("%s[%s] %s: ", mkp_set_level_name(row->level), row->name, row->id);
		if (finding->fact) {
			mkp_set_print_fact(finding->fact);
			fputs(": ", stdout);
		}
		mkp_text_escape(stdout, finding->message);
		printf("\n");
		if (row->level != MKP_SET_NOTE)
			printf("  fix: %s\n", row->fix);
	}
}

struct mkp_error *mkp_set_json_fact(struct json_object *object,
				    const struct mkp_fact *fact)
{
	const char *where = fact && *fact->object ? fact->object : NULL;
	const struct mkp_json_string strings[] = {
		{ "kind", fact ? mkp_fact_kind_name(fact->kind) : NULL },
		{ "object", where },
		{ "name", fact ? fact->name : NULL },
	};
	struct mkp_error *error = mkp_json_add_strings(object, strings,
						       MKP_ARRAY_SIZE(strings));

	if (error)
		return error;
	if (!fact || !fact->position)
		return mkp_json_add_null(object, "position");
	return mkp_json_add_number(object, "position", fact->position);
}

static struct mkp_error *add_finding(struct json_object *array,
				     const struct mkp_set_finding *finding)
{
	const struct mkp_json_string strings[] = {
		{ "id", finding->row->id },
		{ "finding", finding->row->name },
		{ "level", mkp_set_level_name(finding->row->level) },
		{ "message", finding->message },
		{ "fix", finding->row->fix },
	};
	struct json_object *row;
	struct mkp_error *error = mkp_json_append_object(array, &row);

	if (!error)
		error = mkp_json_add_strings(row, strings, MKP_ARRAY_SIZE(strings));
	return error ? error : mkp_set_json_fact(row, finding->fact);
}

struct mkp_error *mkp_set_json_create(const char *schema,
				      const struct mkp_set_report *report,
				      struct json_object **ret_root)
{
	const bool danger = mkp_set_count(report, MKP_SET_DANGER);
	struct json_object *root = json_object_new_object();
	struct json_object *array = json_object_new_array();
	struct mkp_error *error = NULL;

	if (!root)
		error = mkp_error_nomem();
	if (!error)
		error = mkp_json_add_string(root, "schema", schema);
	if (!error)
		error = mkp_json_add_string(root, "status", danger ? "danger" : "ok");
	if (!error) {
		error = mkp_json_add(root, "findings", array);
		array = NULL;
	}
	for (size_t i = 0; i < report->nr_findings && !error; i++)
		error = add_finding(json_object_object_get(root, "findings"),
				    &report->findings[i]);
	json_object_put(array);
	if (error)
		json_object_put(root);
	else
		*ret_root = root;
	return error;
}

static struct mkp_error *add_module(struct json_object *array,
				    const struct mkp_facts *facts)
{
	const struct mkp_json_string strings[] = {
		{ "path", facts->path },	 { "name", facts->name },
		{ "vermagic", facts->vermagic }, { "release", facts->release },
		{ "build_id", facts->build_id }, { "flavour", facts->report.flavour },
	};
	struct json_object *row;
	struct mkp_error *error = mkp_json_append_object(array, &row);

	if (!error)
		error = mkp_json_add_strings(row, strings, MKP_ARRAY_SIZE(strings));
	if (error)
		return error;
	if (!facts->complete)
		return mkp_json_add_null(row, "replace");
	return mkp_json_add_bool(row, "replace", facts->replace);
}

struct mkp_error *mkp_set_json_modules(struct json_object *root, const char *key,
				       const struct mkp_set_modules *modules)
{
	struct json_object *array = json_object_new_array();
	struct mkp_error *error = mkp_json_add(root, key, array);

	for (size_t i = 0; i < modules->count && !error; i++)
		error = add_module(array, modules->modules[i]);
	return error;
}

struct mkp_error *mkp_set_json_finish(struct json_object *root, struct mkp_error *error)
{
	if (!error)
		error = mkp_json_write(root, false, stdout);
	json_object_put(root);
	return error;
}
