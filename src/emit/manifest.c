// SPDX-License-Identifier: GPL-2.0-or-later
#include "emit/manifest.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

/* Adds a member that json-c made; NULL stands for both null and lack of memory, so those
 * who add null say so. */
static bool put(struct json_object *object, const char *key, struct json_object *value)
{
	return value && !json_object_object_add(object, key, value);
}

static bool put_string(struct json_object *object, const char *key, const char *value)
{
	if (!value)
		return !json_object_object_add(object, key, NULL);
	return put(object, key, json_object_new_string(value));
}

static bool put_number(struct json_object *object, const char *key, uint64_t value)
{
	return put(object, key, json_object_new_uint64(value));
}

/* A new object at the end of @array; NULL without memory. */
static struct json_object *append_object(struct json_object *array)
{
	struct json_object *object = json_object_new_object();

	if (object && json_object_array_add(array, object)) {
		json_object_put(object);
		return NULL;
	}
	return object;
}

static bool add_functions(struct json_object *root, const struct mkp_module *module)
{
	struct json_object *array = json_object_new_array();
	bool ok = put(root, "functions", array);

	for (size_t i = 0; ok && i < module->nr_objects; i++) {
		const struct mkp_module_object *object = &module->objects[i];

		for (size_t k = 0; ok && k < object->nr_functions; k++) {
			const struct mkp_module_function *row = &object->functions[k];
			struct json_object *function = append_object(array);

			ok = function &&
			     put_string(function, "object",
					object->name ? object->name : "vmlinux") &&
			     put_string(function, "name", row->old_name) &&
			     put_number(function, "position", row->position) &&
			     put_string(function, "new_symbol", row->new_symbol) &&
			     put_number(function, "old_size", row->old_size) &&
			     put_number(function, "new_size", row->new_size) &&
			     put_string(function, "source", row->source);
		}
	}
	return ok;
}

static const char *binding_kind(enum mkp_binding_kind kind)
{
	switch (kind) {
	case MKP_BIND_LIVEPATCH:
		return "livepatch";
	case MKP_BIND_SHARED:
		return "shared";
	default:
		return "export";
	}
}

/* What an export was: whoever loads the patch can compare it with the running kernel. */
static bool put_export(struct json_object *symbol, const struct mkp_export *export)
{
	char crc[sizeof("0x12345678")];

	if (!export)
		return true;
	snprintf(crc, sizeof(crc), "0x%08x", export->crc);
	return put_string(symbol, "crc", crc) &&
	       (!export->space[0] || put_string(symbol, "namespace", export->space));
}

static bool append_bindings(struct json_object *array, const struct mkp_emit_part *part)
{
	const struct mkp_graph *graph = part->selection->diff->patched;
	bool ok = true;

	for (uint32_t i = 0; ok && i < graph->nr_atoms; i++) {
		const struct mkp_binding *binding = &part->bindings->atoms[i];
		struct json_object *symbol;

		if (binding->kind == MKP_BIND_NONE)
			continue;
		symbol = append_object(array);
		ok = symbol && put_string(symbol, "name", binding->name) &&
		     put_string(symbol, "binding", binding_kind(binding->kind)) &&
		     put_string(symbol, "provider", binding->provider) &&
		     put_number(symbol, "position", binding->position) &&
		     put_export(symbol, binding->export);
	}
	return ok;
}

/* By object, since each has callbacks of its own. */
static bool add_callbacks(struct json_object *root, const struct mkp_module *module)
{
	struct json_object *array = json_object_new_array();
	bool ok = put(root, "callbacks", array);

	for (size_t i = 0; ok && i < module->nr_objects; i++) {
		const struct mkp_module_object *object = &module->objects[i];

		for (size_t k = 0; ok && k < MKP_AUTHOR_NR_CALLBACKS; k++) {
			struct json_object *row;

			if (!object->callbacks[k])
				continue;
			row = append_object(array);
			ok = row &&
			     put_string(row, "object",
					object->name ? object->name : "vmlinux") &&
			     put_string(row, "kind",
					mkp_author_kind_name((enum mkp_author_kind)k)) &&
			     put_string(row, "symbol", object->callbacks[k]);
		}
	}
	return ok;
}

static bool add_states(struct json_object *root, const struct mkp_module *module)
{
	struct json_object *array = json_object_new_array();
	bool ok = put(root, "states", array);

	for (size_t i = 0; ok && i < module->nr_states; i++) {
		struct json_object *row = append_object(array);

		ok = row && put_number(row, "id", module->states[i].id) &&
		     put_number(row, "version", module->states[i].value);
	}
	return ok;
}

static bool add_shadows(struct json_object *root, const struct mkp_module *module)
{
	struct json_object *array = json_object_new_array();
	bool ok = put(root, "shadow_variables", array);

	for (size_t i = 0; ok && i < module->nr_shadows; i++) {
		struct json_object *row = append_object(array);

		ok = row && put_string(row, "name", module->shadows[i].name) &&
		     put_number(row, "id", module->shadows[i].id) &&
		     put_number(row, "size", module->shadows[i].value);
	}
	return ok;
}

static bool add_infos(struct json_object *root, const struct mkp_module *module)
{
	struct json_object *array = json_object_new_array();
	bool ok = put(root, "modinfo", array);

	for (size_t i = 0; ok && i < module->nr_infos; i++) {
		struct json_object *row = append_object(array);

		ok = row && put_string(row, "key", module->infos[i].key) &&
		     put_string(row, "value", module->infos[i].value);
	}
	return ok;
}

typedef bool append_rows(struct json_object *array, const struct mkp_emit_part *part);

/* A member that has the rows of all objects. */
static bool add_rows(struct json_object *root, const char *key,
		     const struct mkp_manifest *manifest, append_rows *append)
{
	struct json_object *array = json_object_new_array();
	bool ok = put(root, key, array);

	for (size_t i = 0; ok && i < manifest->nr_parts; i++)
		ok = append(array, &manifest->parts[i]);
	return ok;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool append_input(struct json_object *array, const struct mkp_emit_part *part)
{
	const struct mkp_diff *diff = part->selection->diff;
	struct json_object *row = append_object(array);

	return row &&
	       put_string(row, "object", part->object ? part->object : "vmlinux") &&
	       put_string(row, "original", base_name(diff->orig->object->path)) &&
	       put_string(row, "patched", base_name(diff->patched->object->path));
}

static bool append_included(struct json_object *array, const struct mkp_emit_part *part)
{
	const struct mkp_report *report = part->report;
	bool ok = true;

	for (size_t i = 0; ok && i < report->nr_included; i++) {
		struct json_object *row = append_object(array);

		ok = row && put_string(row, "name", report->included[i].name) &&
		     put_string(row, "kind", report->included[i].kind) &&
		     put_string(row, "because", report->included[i].because);
	}
	return ok;
}

static bool append_unload(struct json_object *array, const struct mkp_emit_part *part)
{
	const struct mkp_report *report = part->report;
	bool ok = true;

	for (size_t i = 0; ok && i < report->nr_findings; i++) {
		const struct mkp_finding *finding = &report->findings[i];
		struct json_object *row;

		if (!finding->unload)
			continue;
		row = append_object(array);
		ok = row && put_string(row, "function", finding->symbol) &&
		     put_string(row, "source", finding->source) &&
		     put_string(row, "check", finding->name) &&
		     put_string(row, "message", finding->message);
	}
	return ok;
}

/* Whether the module can be unloaded, and why not: by the worst of its objects. */
static bool add_unload(struct json_object *root, const struct mkp_manifest *manifest)
{
	struct json_object *unload = json_object_new_object();
	const struct mkp_report *worst = manifest->parts[0].report;

	for (size_t i = 1; i < manifest->nr_parts; i++)
		if (manifest->parts[i].report->unload > worst->unload)
			worst = manifest->parts[i].report;
	/* Of an object that was not judged nothing better is known than of the others. */
	for (size_t i = 0; i < manifest->nr_parts; i++)
		if (worst->unload == MKP_UNLOAD_SAFE &&
		    manifest->parts[i].report->unload == MKP_UNLOAD_NOT_JUDGED)
			worst = manifest->parts[i].report;
	return put(root, "unload", unload) &&
	       put_string(unload, "safety", mkp_unload_name(worst->unload)) &&
	       add_rows(unload, "reasons", manifest, append_unload);
}

static bool append_overrides(struct json_object *array, const struct mkp_emit_part *part)
{
	const struct mkp_report *report = part->report;
	bool ok = true;

	for (size_t i = 0; ok && i < report->nr_overrides; i++) {
		struct json_object *row = append_object(array);

		ok = row && put_string(row, "origin", report->overrides[i].origin) &&
		     put_string(row, "rule", report->overrides[i].rule) &&
		     put(row, "applied",
			 json_object_new_boolean(report->overrides[i].applied));
	}
	return ok;
}

static bool fill(struct json_object *root, const struct mkp_manifest *manifest)
{
	const struct mkp_module *module = manifest->module;

	return put_string(root, "schema", "mkpatch.manifest/1") &&
	       put_string(root, "mkpatch", MKP_VERSION) &&
	       put_string(root, "name", module->name) &&
	       put_string(root, "flavour", module->standalone ? "standalone" : "core") &&
	       put(root, "replace", json_object_new_boolean(module->replace)) &&
	       put_string(root, "arch", manifest->parts[0].report->arch) &&
	       put_string(root, "release", module->release) &&
	       put_string(root, "original", module->inputs[0]) &&
	       put_string(root, "patched", module->inputs[1]) &&
	       add_rows(root, "inputs", manifest, append_input) &&
	       add_functions(root, module) && add_callbacks(root, module) &&
	       add_states(root, module) && add_shadows(root, module) &&
	       add_infos(root, module) &&
	       add_rows(root, "symbols", manifest, append_bindings) &&
	       add_rows(root, "included", manifest, append_included) &&
	       add_unload(root, manifest) &&
	       add_rows(root, "overrides", manifest, append_overrides);
}

struct mkp_error *mkp_manifest_write(const struct mkp_manifest *manifest, FILE *stream)
{
	struct json_object *root = json_object_new_object();
	const char *text = NULL;
	struct mkp_error *error = NULL;

	if (root && fill(root, manifest))
		text = json_object_to_json_string_ext(
			root, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (!text)
		error = mkp_error_nomem();
	else if (fprintf(stream, "%s\n", text) < 0)
		error = mkp_error_create_errno(errno, "%s", MKP_MANIFEST_NAME);
	json_object_put(root);
	return error;
}
