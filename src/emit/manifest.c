// SPDX-License-Identifier: GPL-2.0-or-later
#include "emit/manifest.h"

#include <string.h>

#include "base/json.h"

static const char *object_name(const char *name)
{
	return name ? name : "vmlinux";
}

static struct mkp_error *append_functions(struct json_object *array,
					  const struct mkp_module_object *object)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; !error && i < object->nr_functions; i++) {
		const struct mkp_module_function *row = &object->functions[i];
		const struct mkp_json_member members[] = {
			MKP_JSON_STRING("object", object_name(object->name)),
			MKP_JSON_STRING("name", row->old_name),
			MKP_JSON_NUMBER("position", row->position),
			MKP_JSON_STRING("new_symbol", row->new_symbol),
			MKP_JSON_NUMBER("old_size", row->old_size),
			MKP_JSON_NUMBER("new_size", row->new_size),
			MKP_JSON_STRING("source", row->source),
		};

		error = mkp_json_append_members(array, members, MKP_ARRAY_SIZE(members));
	}
	return error;
}

static struct mkp_error *append_callbacks(struct json_object *array,
					  const struct mkp_module_object *object)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; !error && i < MKP_AUTHOR_NR_CALLBACKS; i++) {
		const struct mkp_json_member members[] = {
			MKP_JSON_STRING("object", object_name(object->name)),
			MKP_JSON_STRING("kind",
					mkp_author_kind_name((enum mkp_author_kind)i)),
			MKP_JSON_STRING("symbol", object->callbacks[i]),
		};

		if (object->callbacks[i])
			error = mkp_json_append_members(array, members,
							MKP_ARRAY_SIZE(members));
	}
	return error;
}

typedef struct mkp_error *append_of_object(struct json_object *array,
					   const struct mkp_module_object *object);

/* A member that has the rows of all objects. */
static struct mkp_error *add_of_objects(struct json_object *root, const char *key,
					const struct mkp_module *module,
					append_of_object *append)
{
	struct json_object *array;
	struct mkp_error *error = mkp_json_add_array(root, key, &array);

	for (size_t i = 0; !error && i < module->nr_objects; i++)
		error = append(array, &module->objects[i]);
	return error;
}

/* ---- what the module declares ---- */

static struct mkp_error *add_states(struct json_object *root,
				    const struct mkp_module *module)
{
	struct json_object *array;
	struct mkp_error *error = mkp_json_add_array(root, "states", &array);

	for (size_t i = 0; !error && i < module->nr_states; i++) {
		const struct mkp_json_member members[] = {
			MKP_JSON_NUMBER("id", module->states[i].id),
			MKP_JSON_NUMBER("version", module->states[i].value),
		};

		error = mkp_json_append_members(array, members, MKP_ARRAY_SIZE(members));
	}
	return error;
}

static struct mkp_error *add_shadows(struct json_object *root,
				     const struct mkp_module *module)
{
	struct json_object *array;
	struct mkp_error *error = mkp_json_add_array(root, "shadow_variables", &array);

	for (size_t i = 0; !error && i < module->nr_shadows; i++) {
		const struct mkp_json_member members[] = {
			MKP_JSON_STRING("name", module->shadows[i].name),
			MKP_JSON_NUMBER("id", module->shadows[i].id),
			MKP_JSON_NUMBER("size", module->shadows[i].value),
		};

		error = mkp_json_append_members(array, members, MKP_ARRAY_SIZE(members));
	}
	return error;
}

static struct mkp_error *add_infos(struct json_object *root,
				   const struct mkp_module *module)
{
	struct json_object *array;
	struct mkp_error *error = mkp_json_add_array(root, "modinfo", &array);

	for (size_t i = 0; !error && i < module->nr_infos; i++) {
		const struct mkp_json_member members[] = {
			MKP_JSON_STRING("key", module->infos[i].key),
			MKP_JSON_STRING("value", module->infos[i].value),
		};

		error = mkp_json_append_members(array, members, MKP_ARRAY_SIZE(members));
	}
	return error;
}

/* ---- what it was made from ---- */

typedef struct mkp_error *append_of_part(struct json_object *array,
					 const struct mkp_emit_part *part);

/* A member that has the rows of all pairs of objects. */
static struct mkp_error *add_of_parts(struct json_object *root, const char *key,
				      const struct mkp_manifest *manifest,
				      append_of_part *append)
{
	struct json_object *array;
	struct mkp_error *error = mkp_json_add_array(root, key, &array);

	for (size_t i = 0; !error && i < manifest->nr_parts; i++)
		error = append(array, &manifest->parts[i]);
	return error;
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
static struct mkp_error *add_export(struct json_object *symbol,
				    const struct mkp_export *export)
{
	char crc[sizeof("0x12345678")];
	struct mkp_error *error;

	snprintf(crc, sizeof(crc), "0x%08x", export->crc);
	error = mkp_json_add_string(symbol, "crc", crc);
	if (!error && export->space[0])
		error = mkp_json_add_string(symbol, "namespace", export->space);
	return error;
}

static struct mkp_error *append_binding(struct json_object *array,
					const struct mkp_binding *binding)
{
	const struct mkp_json_member members[] = {
		MKP_JSON_STRING("name", binding->name),
		MKP_JSON_STRING("binding", binding_kind(binding->kind)),
		MKP_JSON_STRING("provider", binding->provider),
		MKP_JSON_NUMBER("position", binding->position),
	};
	struct json_object *symbol;
	struct mkp_error *error = mkp_json_append_object(array, &symbol);

	if (!error)
		error = mkp_json_add_members(symbol, members, MKP_ARRAY_SIZE(members));
	if (!error && binding->export)
		error = add_export(symbol, binding->export);
	return error;
}

static struct mkp_error *append_bindings(struct json_object *array,
					 const struct mkp_emit_part *part)
{
	const struct mkp_graph *graph = part->selection->diff->patched;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; !error && i < graph->nr_atoms; i++)
		if (part->bindings->atoms[i].kind != MKP_BIND_NONE)
			error = append_binding(array, &part->bindings->atoms[i]);
	return error;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static struct mkp_error *append_input(struct json_object *array,
				      const struct mkp_emit_part *part)
{
	const struct mkp_diff *diff = part->selection->diff;
	const struct mkp_json_member members[] = {
		MKP_JSON_STRING("object", object_name(part->object)),
		MKP_JSON_STRING("original", base_name(diff->orig->object->path)),
		MKP_JSON_STRING("patched", base_name(diff->patched->object->path)),
	};

	return mkp_json_append_members(array, members, MKP_ARRAY_SIZE(members));
}

static struct mkp_error *append_included(struct json_object *array,
					 const struct mkp_emit_part *part)
{
	const struct mkp_report *report = part->report;
	struct mkp_error *error = NULL;

	for (size_t i = 0; !error && i < report->nr_included; i++) {
		const struct mkp_json_member members[] = {
			MKP_JSON_STRING("name", report->included[i].name),
			MKP_JSON_STRING("kind", report->included[i].kind),
			MKP_JSON_STRING("because", report->included[i].because),
		};

		error = mkp_json_append_members(array, members, MKP_ARRAY_SIZE(members));
	}
	return error;
}

static struct mkp_error *append_unload(struct json_object *array,
				       const struct mkp_emit_part *part)
{
	const struct mkp_report *report = part->report;
	struct mkp_error *error = NULL;

	for (size_t i = 0; !error && i < report->nr_findings; i++) {
		const struct mkp_finding *finding = &report->findings[i];
		const struct mkp_json_member members[] = {
			MKP_JSON_STRING("function", finding->symbol),
			MKP_JSON_STRING("source", finding->source),
			MKP_JSON_STRING("check", finding->name),
			MKP_JSON_STRING("message", finding->message),
		};

		if (finding->unload)
			error = mkp_json_append_members(array, members,
							MKP_ARRAY_SIZE(members));
	}
	return error;
}

static struct mkp_error *append_overrides(struct json_object *array,
					  const struct mkp_emit_part *part)
{
	const struct mkp_report *report = part->report;
	struct mkp_error *error = NULL;

	for (size_t i = 0; !error && i < report->nr_overrides; i++) {
		const struct mkp_json_member members[] = {
			MKP_JSON_STRING("origin", report->overrides[i].origin),
			MKP_JSON_STRING("rule", report->overrides[i].rule),
			MKP_JSON_BOOL("applied", report->overrides[i].applied),
		};

		error = mkp_json_append_members(array, members, MKP_ARRAY_SIZE(members));
	}
	return error;
}

/* Whether the module can be unloaded, and why not: by the worst of its objects. */
static struct mkp_error *add_unload(struct json_object *root,
				    const struct mkp_manifest *manifest)
{
	struct json_object *unload = json_object_new_object();
	const struct mkp_report *worst = manifest->parts[0].report;
	struct mkp_error *error = mkp_json_add(root, "unload", unload);

	for (size_t i = 1; i < manifest->nr_parts; i++)
		if (manifest->parts[i].report->unload > worst->unload)
			worst = manifest->parts[i].report;
	/* Of an object that was not judged nothing better is known than of the others. */
	for (size_t i = 0; i < manifest->nr_parts; i++)
		if (worst->unload == MKP_UNLOAD_SAFE &&
		    manifest->parts[i].report->unload == MKP_UNLOAD_NOT_JUDGED)
			worst = manifest->parts[i].report;
	if (!error)
		error = mkp_json_add_string(unload, "safety",
					    mkp_unload_name(worst->unload));
	return error ? error : add_of_parts(unload, "reasons", manifest, append_unload);
}

static struct mkp_error *fill(struct json_object *root,
			      const struct mkp_manifest *manifest)
{
	const struct mkp_module *module = manifest->module;
	const struct mkp_json_member head[] = {
		MKP_JSON_STRING("schema", "mkpatch.manifest/1"),
		MKP_JSON_STRING("mkpatch", MKP_VERSION),
		MKP_JSON_STRING("name", module->name),
		MKP_JSON_STRING("flavour", module->standalone ? "standalone" : "core"),
		MKP_JSON_BOOL("replace", module->replace),
		MKP_JSON_STRING("arch", manifest->parts[0].report->arch),
		MKP_JSON_STRING("release", module->release),
		MKP_JSON_STRING("original", module->inputs[0]),
		MKP_JSON_STRING("patched", module->inputs[1]),
	};
	struct mkp_error *error = mkp_json_add_members(root, head, MKP_ARRAY_SIZE(head));

	if (!error)
		error = add_of_parts(root, "inputs", manifest, append_input);
	if (!error)
		error = add_of_objects(root, "functions", module, append_functions);
	if (!error)
		error = add_of_objects(root, "callbacks", module, append_callbacks);
	if (!error)
		error = add_states(root, module);
	if (!error)
		error = add_shadows(root, module);
	if (!error)
		error = add_infos(root, module);
	if (!error)
		error = add_of_parts(root, "symbols", manifest, append_bindings);
	if (!error)
		error = add_of_parts(root, "included", manifest, append_included);
	if (!error)
		error = add_unload(root, manifest);
	return error ? error
		     : add_of_parts(root, "overrides", manifest, append_overrides);
}

struct mkp_error *mkp_manifest_write(const struct mkp_manifest *manifest, FILE *stream)
{
	struct json_object *root = json_object_new_object();
	struct mkp_error *error = root ? fill(root, manifest) : mkp_error_nomem();

	if (!error)
		error = mkp_json_write(root, false, stream);
	json_object_put(root);
	return error;
}
