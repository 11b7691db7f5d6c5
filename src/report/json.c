// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The report as JSON: schema mkpatch.diff/1, described by diff.schema.json beside this
 * file; of several reports mkpatch.diffs/1, diffs.schema.json. Every member is always
 * there, in this order; what is not known is null. Numbers are sizes and counts; an
 * address, if one is ever added, is a string of hex digits, since readers that use
 * doubles would round it.
 */
#include "base/json.h"
#include "report/explain_json.h"
#include "report/report.h"

/* Fills the object that stands for element @i of one of the report's arrays. */
typedef struct mkp_error *fill_fn(struct json_object *object,
				  const struct mkp_report *report, size_t i);

static struct mkp_error *append_object(struct json_object *array, fill_fn *fill,
				       const struct mkp_report *report, size_t i)
{
	struct json_object *object = NULL;
	struct mkp_error *error = mkp_json_append_object(array, &object);

	return error ? error : fill(object, report, i);
}

static struct mkp_error *add_objects(struct json_object *root, const char *key,
				     const struct mkp_report *report, size_t count,
				     fill_fn *fill)
{
	struct json_object *array = json_object_new_array();
	struct mkp_error *error;
	size_t i;

	error = mkp_json_add(root, key, array);
	for (i = 0; !error && i < count; i++)
		error = append_object(array, fill, report, i);
	return error;
}

static struct mkp_error *fill_function(struct json_object *object,
				       const struct mkp_report *report, size_t i)
{
	const struct mkp_report_function *row = &report->functions[i];
	const struct mkp_json_string head[] = {
		{ "name", row->name },
		{ "state", row->state },
		{ "binding", row->binding },
	}, tail[] = {
		{ "source", row->source },
		{ "reason", row->reason },
		{ "tier", row->tier },
	};
	struct mkp_error *error;

	error = mkp_json_add_strings(object, head, MKP_ARRAY_SIZE(head));
	if (!error)
		error = mkp_json_add_number(object, "size_before", row->size_before);
	if (!error)
		error = mkp_json_add_number(object, "size_after", row->size_after);
	if (!error)
		error = mkp_json_add_strings(object, tail, MKP_ARRAY_SIZE(tail));
	if (!error)
		error = mkp_json_add_bool(object, "replaced", row->replaced);
	if (!error && row->replaced)
		error = mkp_json_add_number(object, "position", row->position);
	else if (!error)
		error = mkp_json_add_null(object, "position");
	if (!error)
		error = mkp_json_add_explanation(object, &row->explanation);
	return error;
}

static struct mkp_error *fill_included(struct json_object *object,
				       const struct mkp_report *report, size_t i)
{
	const struct mkp_report_included *row = &report->included[i];
	const struct mkp_json_string head[] = {
		{ "name", row->name },
		{ "kind", row->kind },
		{ "because", row->because },
		{ "section", row->section },
	};
	struct mkp_error *error;

	error = mkp_json_add_strings(object, head, MKP_ARRAY_SIZE(head));
	if (!error)
		error = mkp_json_add_number(object, "size", row->size);
	if (!error)
		error = mkp_json_add_links(object, row->links, row->nr_links);
	return error;
}

static struct mkp_error *fill_datum(struct json_object *object,
				    const struct mkp_report *report, size_t i)
{
	const struct mkp_report_datum *row = &report->data[i];
	const struct mkp_json_string members[] = {
		{ "name", row->name },	   { "kind", row->kind },
		{ "source", row->source }, { "reason", row->reason },
		{ "tier", row->tier },
	};
	struct mkp_error *error;

	error = mkp_json_add_strings(object, members, MKP_ARRAY_SIZE(members));
	return error ? error : mkp_json_add_explanation(object, &row->explanation);
}

static struct mkp_error *fill_pair(struct json_object *object,
				   const struct mkp_report *report, size_t i)
{
	const struct mkp_report_pair *row = &report->pairs[i];
	const struct mkp_json_string members[] = {
		{ "original", row->original }, { "patched", row->patched },
		{ "kind", row->kind },	       { "tier", row->tier },
		{ "state", row->state },
	};
	struct mkp_error *error;

	error = mkp_json_add_strings(object, members, MKP_ARRAY_SIZE(members));
	return error ? error : mkp_json_add_bool(object, "reached", row->reached);
}

static struct mkp_error *add_tiers(struct json_object *root,
				   const struct mkp_report *report)
{
	struct json_object *tiers = json_object_new_object();
	struct mkp_error *error = mkp_json_add(root, "tiers", tiers);

	for (size_t i = 0; i < report->nr_tiers && !error; i++)
		error = mkp_json_add_number(tiers, report->tiers[i].name,
					    report->tiers[i].count);
	return error;
}

/* What is in the report only if it was asked for. */
static struct mkp_error *add_details(struct json_object *root,
				     const struct mkp_report *report)
{
	struct mkp_error *error;

	error = report->explained
			? add_objects(root, "data", report, report->nr_data, fill_datum)
			: mkp_json_add_null(root, "data");
	if (!error)
		error = add_tiers(root, report);
	if (!error)
		error = report->paired ? add_objects(root, "pairs", report,
						     report->nr_pairs, fill_pair)
				       : mkp_json_add_null(root, "pairs");
	return error;
}

static struct mkp_error *add_side(struct json_object *object, const char *key,
				  const struct mkp_change_side *side)
{
	struct json_object *it;
	struct mkp_error *error;

	if (!side->present)
		return mkp_json_add_null(object, key);
	it = json_object_new_object();
	error = mkp_json_add(object, key, it);
	if (!error)
		error = mkp_json_add_number(it, "offset", side->offset);
	if (!error)
		error = mkp_json_add_number(it, "size", side->size);
	return error ? error : mkp_json_add_string(it, "value", side->value);
}

static struct mkp_error *append_change(struct json_object *array,
				       const struct mkp_change *change)
{
	struct json_object *object;
	struct mkp_error *error = mkp_json_append_object(array, &object);

	if (!error)
		error = mkp_json_add_string(object, "path", change->path);
	if (!error)
		error = add_side(object, "before", &change->before);
	return error ? error : add_side(object, "after", &change->after);
}

static struct mkp_error *add_changes(struct json_object *object,
				     const struct mkp_finding *finding)
{
	struct json_object *array = json_object_new_array();
	struct mkp_error *error = mkp_json_add(object, "changes", array);

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
	const struct mkp_json_string members[] = {
		{ "id", row->id },
		{ "name", row->name },
		{ "level", levels[row->level] },
		{ "symbol", row->symbol },
		{ "source", row->source },
		{ "message", row->message },
		{ "fix", row->fix },
	};
	struct mkp_error *error;

	error = mkp_json_add_strings(object, members, MKP_ARRAY_SIZE(members));
	return error ? error : add_changes(object, row);
}

static struct mkp_error *fill_override(struct json_object *object,
				       const struct mkp_report *report, size_t i)
{
	const struct mkp_report_override *row = &report->overrides[i];
	const struct mkp_json_string members[] = {
		{ "origin", row->origin },
		{ "rule", row->rule },
	};
	struct mkp_error *error;

	error = mkp_json_add_strings(object, members, MKP_ARRAY_SIZE(members));
	if (!error)
		error = mkp_json_add_bool(object, "applied", row->applied);
	return error;
}

static struct mkp_error *add_notes(struct json_object *root,
				   const struct mkp_report *report)
{
	struct json_object *array = json_object_new_array();
	struct mkp_error *error;
	size_t i;

	error = mkp_json_add(root, "notes", array);
	for (i = 0; !error && i < report->nr_notes; i++)
		error = mkp_json_append_string(array, report->notes[i]);
	return error;
}

static struct mkp_error *add_inputs(struct json_object *root,
				    const struct mkp_report *report)
{
	struct json_object *inputs = json_object_new_object();
	const struct mkp_json_string members[] = {
		{ "original", report->original },
		{ "patched", report->patched },
	};
	struct mkp_error *error;

	error = mkp_json_add(root, "inputs", inputs);
	if (!error)
		error = mkp_json_add_strings(inputs, members, MKP_ARRAY_SIZE(members));
	return error;
}

static struct mkp_error *add_relocations(struct json_object *root,
					 const struct mkp_report *report)
{
	struct json_object *relocations = json_object_new_object();
	struct mkp_error *error;

	error = mkp_json_add(root, "relocations", relocations);
	if (!error)
		error = mkp_json_add_number(relocations, "klp", report->klp_relocations);
	if (!error)
		error = mkp_json_add_number(relocations, "normal",
					    report->normal_relocations);
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
	const struct mkp_json_string head[] = {
		{ "schema", "mkpatch.diff/1" },		{ "mkpatch", MKP_VERSION },
		{ "status", statuses[report->status] }, { "arch", report->arch },
		{ "object", report->object },		{ "release", report->release },
	};
	struct mkp_error *error;

	error = mkp_json_add_strings(root, head, MKP_ARRAY_SIZE(head));
	if (!error)
		error = add_inputs(root, report);
	if (!error)
		error = mkp_json_add_number(root, "compared", report->nr_compared);
	if (!error)
		error = mkp_json_add_number(root, "line_only", report->nr_line_only);
	if (!error)
		error = mkp_json_add_string(root, "unload",
					    mkp_unload_name(report->unload));
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
		error = add_details(root, report);
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
		error = mkp_json_add_string(root, "output", report->output);
	return error;
}

struct mkp_error *mkp_report_write_json(const struct mkp_report *report, FILE *stream)
{
	struct json_object *root = json_object_new_object();
	struct mkp_error *error;

	if (!root)
		return mkp_error_nomem();
	error = fill_root(root, report);
	if (!error)
		error = mkp_json_write(root, true, stream);
	json_object_put(root);
	return error;
}

static struct mkp_error *fill_report(struct json_object *object,
				     const struct mkp_report *reports, size_t i)
{
	return fill_root(object, &reports[i]);
}

static struct mkp_error *fill_set(struct json_object *root,
				  const struct mkp_report *reports, size_t nr_reports)
{
	static const char *const words[] = {
		[MKP_STATUS_PATCH] = "patch",
		[MKP_STATUS_UNCHANGED] = "unchanged",
		[MKP_STATUS_REFUSED] = "refused",
	};
	const char *output = NULL;
	struct mkp_error *error = mkp_json_add_string(root, "schema", "mkpatch.diffs/1");

	for (size_t i = 0; i < nr_reports && !output; i++)
		output = reports[i].output;
	if (!error)
		error = mkp_json_add_string(
			root, "status", words[mkp_reports_status(reports, nr_reports)]);
	if (!error)
		error = add_objects(root, "objects", reports, nr_reports, fill_report);
	return error ? error : mkp_json_add_string(root, "output", output);
}

struct mkp_error *mkp_reports_write_json(const struct mkp_report *reports,
					 size_t nr_reports, FILE *stream)
{
	struct json_object *root;
	struct mkp_error *error;

	if (nr_reports == 1)
		return mkp_report_write_json(reports, stream);
	root = json_object_new_object();
	if (!root)
		return mkp_error_nomem();
	error = fill_set(root, reports, nr_reports);
	if (!error)
		error = mkp_json_write(root, true, stream);
	json_object_put(root);
	return error;
}
