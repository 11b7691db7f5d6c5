// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The report as JSON: schema mkpatch.diff/1, described by diff.schema.json beside this
 * file. Every member is always there, in this order; what is not known is null. Numbers
 * are sizes and counts; an address, if one is ever added, is a string of hex digits,
 * since readers that use doubles would round it.
 */
#include <errno.h>
#include <json-c/json.h>

#include "base/text.h"
#include "report/report.h"

/* Adds @value, which it owns from here on, even when it fails. NULL: no memory for it. */
static struct mkp_error *add(struct json_object *object, const char *key,
			     struct json_object *value)
{
	const unsigned int flags = JSON_C_OBJECT_ADD_KEY_IS_NEW |
				   JSON_C_OBJECT_ADD_CONSTANT_KEY;

	if (!value)
		return mkp_error_nomem();
	if (json_object_object_add_ex(object, key, value, flags)) {
		json_object_put(value);
		return mkp_error_nomem();
	}
	return NULL;
}

static struct mkp_error *add_null(struct json_object *object, const char *key)
{
	if (json_object_object_add(object, key, NULL))
		return mkp_error_nomem();
	return NULL;
}

static struct mkp_error *add_string(struct json_object *object, const char *key,
				    const char *string)
{
	struct mkp_error *error;
	char *text;

	if (!string)
		return add_null(object, key);
	error = mkp_text_escape_string(string, &text);
	if (error)
		return error;
	error = add(object, key, json_object_new_string(text));
	free(text);
	return error;
}

static struct mkp_error *add_number(struct json_object *object, const char *key,
				    uint64_t number)
{
	return add(object, key, json_object_new_uint64(number));
}

struct string_member {
	const char *key, *value;
};

static struct mkp_error *add_strings(struct json_object *object,
				     const struct string_member *members, size_t count)
{
	struct mkp_error *error = NULL;
	size_t i;

	for (i = 0; !error && i < count; i++)
		error = add_string(object, members[i].key, members[i].value);
	return error;
}

/* Fills the object that stands for element @i of one of the report's arrays. */
typedef struct mkp_error *fill_fn(struct json_object *object,
				  const struct mkp_report *report, size_t i);

static struct mkp_error *append_object(struct json_object *array, fill_fn *fill,
				       const struct mkp_report *report, size_t i)
{
	struct json_object *object = json_object_new_object();
	struct mkp_error *error;

	if (!object)
		return mkp_error_nomem();
	error = fill(object, report, i);
	if (!error && json_object_array_add(array, object))
		error = mkp_error_nomem();
	if (error)
		json_object_put(object);
	return error;
}

static struct mkp_error *add_objects(struct json_object *root, const char *key,
				     const struct mkp_report *report, size_t count,
				     fill_fn *fill)
{
	struct json_object *array = json_object_new_array();
	struct mkp_error *error;
	size_t i;

	error = add(root, key, array);
	for (i = 0; !error && i < count; i++)
		error = append_object(array, fill, report, i);
	return error;
}

static struct mkp_error *fill_function(struct json_object *object,
				       const struct mkp_report *report, size_t i)
{
	const struct mkp_report_function *row = &report->functions[i];
	const struct string_member head[] = {
		{ "name", row->name },
		{ "state", row->state },
		{ "binding", row->binding },
	}, tail[] = {
		{ "source", row->source },
		{ "reason", row->reason },
		{ "tier", row->tier },
	};
	struct mkp_error *error;

	error = add_strings(object, head, MKP_ARRAY_SIZE(head));
	if (!error)
		error = add_number(object, "size_before", row->size_before);
	if (!error)
		error = add_number(object, "size_after", row->size_after);
	if (!error)
		error = add_strings(object, tail, MKP_ARRAY_SIZE(tail));
	if (!error)
		error = add(object, "replaced", json_object_new_boolean(row->replaced));
	if (!error && row->replaced)
		error = add_number(object, "position", row->position);
	else if (!error)
		error = add_null(object, "position");
	return error;
}

static struct mkp_error *fill_included(struct json_object *object,
				       const struct mkp_report *report, size_t i)
{
	const struct mkp_report_included *row = &report->included[i];
	const struct string_member head[] = {
		{ "name", row->name },
		{ "kind", row->kind },
		{ "because", row->because },
		{ "section", row->section },
	};
	struct mkp_error *error;

	error = add_strings(object, head, MKP_ARRAY_SIZE(head));
	if (!error)
		error = add_number(object, "size", row->size);
	return error;
}

static struct mkp_error *add_side(struct json_object *object, const char *key,
				  const struct mkp_change_side *side)
{
	struct json_object *it;
	struct mkp_error *error;

	if (!side->present)
		return add_null(object, key);
	it = json_object_new_object();
	error = add(object, key, it);
	if (!error)
		error = add_number(it, "offset", side->offset);
	if (!error)
		error = add_number(it, "size", side->size);
	return error ? error : add_string(it, "value", side->value);
}

static struct mkp_error *append_change(struct json_object *array,
				       const struct mkp_change *change)
{
	struct json_object *object = json_object_new_object();
	struct mkp_error *error;

	if (!object || json_object_array_add(array, object)) {
		json_object_put(object);
		return mkp_error_nomem();
	}
	error = add_string(object, "path", change->path);
	if (!error)
		error = add_side(object, "before", &change->before);
	return error ? error : add_side(object, "after", &change->after);
}

static struct mkp_error *add_changes(struct json_object *object,
				     const struct mkp_finding *finding)
{
	struct json_object *array = json_object_new_array();
	struct mkp_error *error = add(object, "changes", array);

	for (size_t i = 0; !error && i < finding->nr_changes; i++)
		error = append_change(array, &finding->changes[i]);
	return error;
}

static struct mkp_error *fill_finding(struct json_object *object,
				      const struct mkp_report *report, size_t i)
{
	static const char *const levels[] = {
		[MKP_LEVEL_NOTE] = "note",
		[MKP_LEVEL_WARNING] = "warning",
		[MKP_LEVEL_ERROR] = "error",
	};
	const struct mkp_finding *row = &report->findings[i];
	const struct string_member members[] = {
		{ "id", row->id },
		{ "name", row->name },
		{ "level", levels[row->level] },
		{ "symbol", row->symbol },
		{ "source", row->source },
		{ "message", row->message },
		{ "fix", row->fix },
	};
	struct mkp_error *error = add_strings(object, members, MKP_ARRAY_SIZE(members));

	return error ? error : add_changes(object, row);
}

static struct mkp_error *fill_override(struct json_object *object,
				       const struct mkp_report *report, size_t i)
{
	const struct mkp_report_override *row = &report->overrides[i];
	const struct string_member members[] = {
		{ "origin", row->origin },
		{ "rule", row->rule },
	};
	struct mkp_error *error;

	error = add_strings(object, members, MKP_ARRAY_SIZE(members));
	if (!error)
		error = add(object, "applied", json_object_new_boolean(row->applied));
	return error;
}

static struct mkp_error *add_notes(struct json_object *root,
				   const struct mkp_report *report)
{
	struct json_object *array = json_object_new_array();
	struct mkp_error *error;
	size_t i;

	error = add(root, "notes", array);
	for (i = 0; !error && i < report->nr_notes; i++) {
		struct json_object *note = NULL;
		char *text;

		error = mkp_text_escape_string(report->notes[i], &text);
		if (error)
			break;
		note = json_object_new_string(text);
		free(text);
		if (!note || json_object_array_add(array, note)) {
			json_object_put(note);
			error = mkp_error_nomem();
		}
	}
	return error;
}

static struct mkp_error *add_inputs(struct json_object *root,
				    const struct mkp_report *report)
{
	struct json_object *inputs = json_object_new_object();
	const struct string_member members[] = {
		{ "original", report->original },
		{ "patched", report->patched },
	};
	struct mkp_error *error;

	error = add(root, "inputs", inputs);
	if (!error)
		error = add_strings(inputs, members, MKP_ARRAY_SIZE(members));
	return error;
}

static struct mkp_error *add_relocations(struct json_object *root,
					 const struct mkp_report *report)
{
	struct json_object *relocations = json_object_new_object();
	struct mkp_error *error;

	error = add(root, "relocations", relocations);
	if (!error)
		error = add_number(relocations, "klp", report->klp_relocations);
	if (!error)
		error = add_number(relocations, "normal", report->normal_relocations);
	return error;
}

/* What the report is about, before what it found. */
static struct mkp_error *add_head(struct json_object *root,
				  const struct mkp_report *report)
{
	static const char *const statuses[] = {
		[MKP_STATUS_PATCH] = "patch",
		[MKP_STATUS_UNCHANGED] = "unchanged",
		[MKP_STATUS_REFUSED] = "refused",
	};
	const struct string_member head[] = {
		{ "schema", "mkpatch.diff/1" },		{ "mkpatch", MKP_VERSION },
		{ "status", statuses[report->status] }, { "arch", report->arch },
		{ "object", report->object },		{ "release", report->release },
	};
	struct mkp_error *error;

	error = add_strings(root, head, MKP_ARRAY_SIZE(head));
	if (!error)
		error = add_inputs(root, report);
	if (!error)
		error = add_number(root, "compared", report->nr_compared);
	if (!error)
		error = add_number(root, "line_only", report->nr_line_only);
	return error;
}

static struct mkp_error *fill_root(struct json_object *root,
				   const struct mkp_report *report)
{
	struct mkp_error *error;

	error = add_head(root, report);
	if (!error)
		error = add_objects(root, "functions", report, report->nr_functions,
				    fill_function);
	if (!error)
		error = add_objects(root, "included", report, report->nr_included,
				    fill_included);
	if (!error)
		error = add_relocations(root, report);
	if (!error)
		error = add_objects(root, "findings", report, report->nr_findings,
				    fill_finding);
	if (!error)
		error = add_objects(root, "overrides", report, report->nr_overrides,
				    fill_override);
	if (!error)
		error = add_notes(root, report);
	if (!error)
		error = add_string(root, "output", report->output);
	return error;
}

static struct mkp_error *write_root(struct json_object *root, FILE *stream)
{
	const int flags = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			  JSON_C_TO_STRING_NOSLASHESCAPE;
	const char *text = json_object_to_json_string_ext(root, flags);

	if (!text)
		return mkp_error_nomem();
	fputs(text, stream);
	fputc('\n', stream);
	if (fflush(stream) || ferror(stream))
		return mkp_error_create_errno(errno, "cannot write the report");
	return NULL;
}

struct mkp_error *mkp_report_write_json(const struct mkp_report *report, FILE *stream)
{
	struct json_object *root = json_object_new_object();
	struct mkp_error *error;

	if (!root)
		return mkp_error_nomem();
	error = fill_root(root, report);
	if (!error)
		error = write_root(root, stream);
	json_object_put(root);
	return error;
}
