// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The report of `mkpatch sections` as text, and as JSON: schema mkpatch.sections/1,
 * sections.schema.json beside this file.
 */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "cmd/sections.h"

/* ---- text ---- */

static void print_table(const struct mkp_survey_table *table)
{
	char entry[24] = "-";
	uint64_t size = table->entry ? table->entry : table->structure_size;

	if (size)
		snprintf(entry, sizeof(entry), "%" PRIu64, size);
	printf("%-7s  %8" PRIu64 "  %5s  %-27s ", table->trouble ? "gap" : "covered",
	       table->size, entry, table->what);
	mkp_text_escape(stdout, table->name);
	if (table->within) {
		printf(" in ");
		mkp_text_escape(stdout, table->within);
	}
	if (table->trouble)
		printf("  no: %s\n", table->trouble);
	else
		printf("  by %s\n",
		       strcmp(table->covered, "row") ? "its class" : "a row");
}

static void print_survey(const struct mkp_survey *survey)
{
	mkp_text_escape(stdout, survey->object->path);
	printf(":\nSTATE        BYTES  ENTRY  WHAT                        SECTION\n");
	for (size_t i = 0; i < survey->nr_tables; i++)
		print_table(&survey->tables[i]);
	printf("sizes of structures: %s%s\n",
	       survey->debug ? "by its " : "not known, it has no debug data",
	       survey->debug ? survey->debug : "");
}

void mkp_sections_print_text(const struct mkp_sections_result *result)
{
	const struct mkp_sections_config *config = result->config;

	for (size_t i = 0; i < result->count; i++)
		print_survey(&result->surveys[i]);
	if (!config->path) {
		printf("configuration: not known; name it by --config\n");
		return;
	}
	printf("configuration%s ", config->embedded ? " in" : ":");
	mkp_text_escape(stdout, config->path);
	printf("%s\n", config->embedded ? ":" : "");
	for (size_t i = 0; i < MKP_NR_CONFIG_OPTIONS; i++) {
		const char *value = config->options[i].value;
		const char *shown = value ? value : "no";
		size_t length = strlen(shown);

		printf("CONFIG_%-26s ", config->options[i].name);
		mkp_text_escape(stdout, shown);
		printf("%*s  %s\n", length < 3 ? (int)(3 - length) : 0, "",
		       config->options[i].why);
	}
}

/* ---- JSON ---- */

static struct mkp_error *append_table(struct json_object *array,
				      const struct mkp_survey_table *table)
{
	const struct mkp_json_member members[] = {
		MKP_JSON_STRING("name", table->name),
		MKP_JSON_STRING("within", table->within),
		MKP_JSON_STRING("what", table->what),
		MKP_JSON_NUMBER("size", table->size),
		MKP_JSON_KNOWN("entry_size", table->entry),
		MKP_JSON_STRING("structure", table->structure),
		MKP_JSON_KNOWN("structure_size", table->structure_size),
		MKP_JSON_STRING("state", table->trouble ? "gap" : "covered"),
		MKP_JSON_STRING("covered_by", table->covered),
		MKP_JSON_STRING("trouble", table->trouble),
	};

	return mkp_json_append_members(array, members, MKP_ARRAY_SIZE(members));
}

static struct mkp_error *append_survey(struct json_object *array,
				       const struct mkp_survey *survey)
{
	const struct mkp_json_member head[] = {
		MKP_JSON_STRING("path", survey->object->path),
		MKP_JSON_STRING("arch", survey->arch->name),
		MKP_JSON_BOOL("linked", survey->object->type != ET_REL),
		MKP_JSON_STRING("structures_by", survey->debug),
	};
	struct json_object *file = NULL, *tables = NULL;
	struct mkp_error *error = mkp_json_append_object(array, &file);

	if (!error)
		error = mkp_json_add_members(file, head, MKP_ARRAY_SIZE(head));
	if (!error)
		error = mkp_json_add_array(file, "sections", &tables);
	for (size_t i = 0; i < survey->nr_tables && !error; i++)
		error = append_table(tables, &survey->tables[i]);
	return error;
}

static struct mkp_error *add_config(struct json_object *root,
				    const struct mkp_sections_config *config)
{
	const struct mkp_json_member head[] = {
		MKP_JSON_STRING("path", config->path),
		MKP_JSON_BOOL("embedded", config->embedded),
	};
	struct json_object *object, *array = NULL;
	struct mkp_error *error;

	if (!config->path)
		return mkp_json_add_null(root, "configuration");
	object = json_object_new_object();
	error = mkp_json_add(root, "configuration", object);
	if (!error)
		error = mkp_json_add_members(object, head, MKP_ARRAY_SIZE(head));
	if (!error)
		error = mkp_json_add_array(object, "options", &array);
	for (size_t i = 0; i < MKP_NR_CONFIG_OPTIONS && !error; i++) {
		const struct mkp_json_member members[] = {
			MKP_JSON_STRING("name", config->options[i].name),
			MKP_JSON_STRING("value", config->options[i].value),
			MKP_JSON_STRING("why", config->options[i].why),
		};

		error = mkp_json_append_members(array, members, MKP_ARRAY_SIZE(members));
	}
	return error;
}

static struct mkp_error *fill(struct json_object *root,
			      const struct mkp_sections_result *result)
{
	const struct mkp_json_member head[] = {
		MKP_JSON_STRING("schema", "mkpatch.sections/1"),
		MKP_JSON_STRING("mkpatch", MKP_VERSION),
		MKP_JSON_STRING("status", result->gaps ? "gaps" : "covered"),
	};
	struct json_object *files = NULL;
	struct mkp_error *error = mkp_json_add_members(root, head, MKP_ARRAY_SIZE(head));

	if (!error)
		error = mkp_json_add_array(root, "files", &files);
	for (size_t i = 0; i < result->count && !error; i++)
		error = append_survey(files, &result->surveys[i]);
	return error ? error : add_config(root, result->config);
}

struct mkp_error *mkp_sections_print_json(const struct mkp_sections_result *result)
{
	struct json_object *root = json_object_new_object();
	struct mkp_error *error = root ? fill(root, result) : mkp_error_nomem();

	if (!error)
		error = mkp_json_write(root, false, stdout);
	json_object_put(root);
	return error;
}
