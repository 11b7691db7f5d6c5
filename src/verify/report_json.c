// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The audit as JSON: schema mkpatch.verify/1, described by verify.schema.json beside this
 * file. Every member is always there; what is not known is null. Addresses are strings of
 * hex digits, since readers that use doubles would round them.
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>

#include "base/text.h"
#include "verify/report.h"

/* Adds @value, which it owns from here on. */
static struct mkp_error *put(struct json_object *object, const char *key,
			     struct json_object *value)
{
	if (!value)
		return mkp_error_nomem();
	if (json_object_object_add(object, key, value)) {
		json_object_put(value);
		return mkp_error_nomem();
	}
	return NULL;
}

static struct mkp_error *put_string(struct json_object *object, const char *key,
				    const char *string)
{
	MKP_CLEANUP_FREE char *text = NULL;
	struct mkp_error *error;

	if (!string)
		return json_object_object_add(object, key, NULL) ? mkp_error_nomem()
								 : NULL;
	error = mkp_text_escape_string(string, &text);
	return error ? error : put(object, key, json_object_new_string(text));
}

static struct mkp_error *put_number(struct json_object *object, const char *key,
				    uint64_t number, bool known)
{
	if (!known)
		return put_string(object, key, NULL);
	return put(object, key, json_object_new_uint64(number));
}

static struct mkp_error *put_address(struct json_object *object,
				     const struct mkp_verify_item *item)
{
	MKP_CLEANUP_FREE char *text = NULL;

	if (!item->found)
		return put_string(object, "address", NULL);
	if (asprintf(&text, "0x%" PRIx64, item->address) < 0) {
		text = NULL;
		return mkp_error_nomem();
	}
	return put_string(object, "address", text);
}

static struct mkp_error *fill_item(struct json_object *object,
				   const struct mkp_verify_item *item)
{
	struct mkp_error *error = put_string(object, "kind", item->kind);

	if (!error)
		error = put_string(object, "name", item->name);
	if (!error)
		error = put_string(object, "object", item->object);
	if (!error)
		error = put_number(object, "position", (uint64_t)item->position,
				   item->position >= 0);
	if (!error)
		error = put_string(object, "section", item->section);
	if (!error)
		error = put_address(object, item);
	if (!error)
		error = put_number(object, "size", item->size, item->found && item->size);
	if (!error)
		error = put_string(object, "source", item->source);
	return error ? error
		     : put_string(object, "verdict", mkp_verdict_name(item->verdict));
}

static struct mkp_error *fill_finding(struct json_object *object,
				      const struct mkp_verify_finding *finding)
{
	struct mkp_error *error = put_string(object, "id", finding->row->id);

	if (!error)
		error = put_string(object, "name", finding->row->name);
	if (!error)
		error = put_string(object, "level",
				   mkp_verify_level_name(finding->row->level));
	if (!error)
		error = put_string(object, "where", finding->where);
	if (!error)
		error = put_string(object, "message", finding->message);
	return error ? error : put_string(object, "fix", finding->row->fix);
}

/* A new object at the end of @array, which owns it; NULL without memory. */
static struct json_object *append(struct json_object *array)
{
	struct json_object *object = json_object_new_object();

	if (object && json_object_array_add(array, object)) {
		json_object_put(object);
		return NULL;
	}
	return object;
}

static struct mkp_error *put_items(struct json_object *root,
				   const struct mkp_verify_report *report)
{
	struct json_object *array = json_object_new_array(), *object;
	struct mkp_error *error = put(root, "items", array);

	for (size_t i = 0; i < report->nr_items && !error; i++) {
		object = append(array);
		error = object ? fill_item(object, &report->items[i]) : mkp_error_nomem();
	}
	return error;
}

static struct mkp_error *put_findings(struct json_object *root,
				      const struct mkp_verify_report *report)
{
	struct json_object *array = json_object_new_array(), *object;
	struct mkp_error *error = put(root, "findings", array);

	for (size_t i = 0; i < report->nr_findings && !error; i++) {
		object = append(array);
		error = object ? fill_finding(object, &report->findings[i])
			       : mkp_error_nomem();
	}
	return error;
}

static struct mkp_error *put_counts(struct json_object *root,
				    const struct mkp_verify_report *report)
{
	const struct mkp_verify_counts *counts = &report->counts;
	const struct {
		const char *key;
		uint64_t number;
	} rows[] = {
		{ "relocations", counts->relocations },
		{ "klp_relocations", counts->klp_relocations },
		{ "table_entries", counts->table_entries },
		{ "orc_entries", counts->orc_entries },
		{ "payload_functions", counts->payload_functions },
		{ "payload_relocations", counts->payload_relocations },
	};
	struct json_object *object = json_object_new_object();
	struct mkp_error *error = put(root, "counts", object);

	for (size_t i = 0; i < MKP_ARRAY_SIZE(rows) && !error; i++)
		error = put_number(object, rows[i].key, rows[i].number, true);
	return error;
}

static struct mkp_error *fill(struct json_object *root,
			      const struct mkp_verify_report *report)
{
	const struct {
		const char *key, *value;
	} members[] = {
		{ "schema", "mkpatch.verify/1" },
		{ "mkpatch", MKP_VERSION },
		{ "module", report->path },
		{ "name", report->name },
		{ "flavour", report->flavour },
		{ "vmlinux", report->vmlinux },
		{ "release", report->release },
		{ "verdict", mkp_verdict_name(mkp_verify_verdict(report)) },
	};
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < MKP_ARRAY_SIZE(members) && !error; i++)
		error = put_string(root, members[i].key, members[i].value);
	if (!error)
		error = put_items(root, report);
	if (!error)
		error = put_counts(root, report);
	return error ? error : put_findings(root, report);
}

struct mkp_error *mkp_verify_write_json(const struct mkp_verify_report *report,
					FILE *stream)
{
	struct json_object *root = json_object_new_object();
	struct mkp_error *error = root ? fill(root, report) : mkp_error_nomem();
	const char *text = NULL;

	if (!error) {
		text = json_object_to_json_string_ext(
			root, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
		if (!text)
			error = mkp_error_nomem();
	}
	if (!error && (fprintf(stream, "%s\n", text) < 0 || fflush(stream)))
		error = mkp_error_create_errno(errno, "cannot write the report");
	json_object_put(root);
	return error;
}
