// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The audit as JSON: schema mkpatch.verify/1, described by verify.schema.json beside this
 * file. Every member is always there; what is not known is null. Addresses are strings of
 * hex digits, since readers that use doubles would round them.
 */
#include "base/json.h"
#include "verify/report.h"

static struct mkp_error *put_number(struct json_object *object, const char *key,
				    uint64_t number, bool known)
{
	if (!known)
		return mkp_json_add_null(object, key);
	return mkp_json_add_number(object, key, number);
}

static struct mkp_error *put_address(struct json_object *object,
				     const struct mkp_verify_item *item)
{
	if (!item->found)
		return mkp_json_add_null(object, "address");
	return mkp_json_add_address(object, "address", item->address);
}

static struct mkp_error *fill_item(struct json_object *object,
				   const struct mkp_verify_item *item)
{
	struct mkp_error *error = mkp_json_add_string(object, "kind", item->kind);

	if (!error)
		error = mkp_json_add_string(object, "name", item->name);
	if (!error)
		error = mkp_json_add_string(object, "object", item->object);
	if (!error)
		error = put_number(object, "position", (uint64_t)item->position,
				   item->position >= 0);
	if (!error)
		error = mkp_json_add_string(object, "section", item->section);
	if (!error)
		error = put_address(object, item);
	if (!error)
		error = put_number(object, "size", item->size, item->found && item->size);
	if (!error)
		error = mkp_json_add_string(object, "source", item->source);
	return error ? error
		     : mkp_json_add_string(object, "verdict",
					   mkp_verdict_name(item->verdict));
}

static struct mkp_error *fill_finding(struct json_object *object,
				      const struct mkp_verify_finding *finding)
{
	struct mkp_error *error = mkp_json_add_string(object, "id", finding->row->id);

	if (!error)
		error = mkp_json_add_string(object, "name", finding->row->name);
	if (!error)
		error = mkp_json_add_string(object, "level",
					    mkp_verify_level_name(finding->row->level));
	if (!error)
		error = mkp_json_add_string(object, "where", finding->where);
	if (!error)
		error = mkp_json_add_string(object, "message", finding->message);
	return error ? error : mkp_json_add_string(object, "fix", finding->row->fix);
}

static struct mkp_error *put_items(struct json_object *root,
				   const struct mkp_verify_report *report)
{
	struct json_object *array = json_object_new_array(), *object;
	struct mkp_error *error = mkp_json_add(root, "items", array);

	for (size_t i = 0; i < report->nr_items && !error; i++) {
		error = mkp_json_append_object(array, &object);
		if (!error)
			error = fill_item(object, &report->items[i]);
	}
	return error;
}

static struct mkp_error *put_findings(struct json_object *root,
				      const struct mkp_verify_report *report)
{
	struct json_object *array = json_object_new_array(), *object;
	struct mkp_error *error = mkp_json_add(root, "findings", array);

	for (size_t i = 0; i < report->nr_findings && !error; i++) {
		error = mkp_json_append_object(array, &object);
		if (!error)
			error = fill_finding(object, &report->findings[i]);
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
	struct mkp_error *error = mkp_json_add(root, "counts", object);

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
		error = mkp_json_add_string(root, members[i].key, members[i].value);
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

	if (!error)
		error = mkp_json_write(root, false, stream);
	json_object_put(root);
	return error;
}
