// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a build leaves: the emitted directory with the module in it, the patch as it was
 * compiled, and build.json, which says what all that was made from. Signing comes last,
 * since a signature covers every byte.
 */
#include <string.h>

#include "base/json.h"
#include "build/private.h"
#include "emit/directory.h"
#include "emit/manifest.h"
#include "emit/module.h"

/* ---- build.json ---- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static struct mkp_error *add_patches(struct json_object *record,
				     const struct mkp_build *build)
{
	struct json_object *list;
	struct mkp_error *error = mkp_json_add_array(record, "patches", &list);

	for (size_t i = 0; i < build->nr_patches && !error; i++)
		error = mkp_json_append_string(list, base_name(build->patches[i].path));
	return error;
}

static struct mkp_error *add_fixes(struct json_object *record,
				   const struct mkp_build *build)
{
	struct json_object *list;
	struct mkp_error *error = mkp_json_add_array(record, "fixes", &list);

	for (size_t i = 0; i < build->options->nr_fixes && !error; i++)
		error = mkp_json_append_string(list, build->options->fixes[i]);
	return error;
}

static bool is_changed(const struct mkp_build_object *object)
{
	return object->report->status != MKP_STATUS_UNCHANGED;
}

static struct mkp_error *add_objects(struct json_object *record,
				     const struct mkp_build *build)
{
	struct json_object *list;
	struct mkp_error *error = mkp_json_add_array(record, "objects", &list);

	for (size_t i = 0; i < build->result->nr_objects && !error; i++) {
		const struct mkp_build_object *object = &build->result->objects[i];
		const struct mkp_json_member members[] = {
			MKP_JSON_STRING("path", object->path),
			MKP_JSON_STRING("owner",
					object->owner ? object->owner : "vmlinux"),
			MKP_JSON_STRING("because", object->because),
			MKP_JSON_BOOL("changed", is_changed(object)),
			MKP_JSON_NUMBER("functions_proved", object->nr_proved),
		};

		error = mkp_json_append_members(list, members, MKP_ARRAY_SIZE(members));
	}
	return error;
}

/* No path of this machine and no time: the same inputs give the same file. */
static struct mkp_error *fill_record(struct json_object *record,
				     const struct mkp_build *build)
{
	const struct mkp_json_member head[] = {
		MKP_JSON_STRING("schema", "mkpatch.build/1"),
		MKP_JSON_STRING("release", build->inputs.release),
	};
	const struct mkp_json_member how[] = {
		MKP_JSON_STRING("kernel_compiler", build->config.compiler_text),
		MKP_JSON_BOOL("other_compiler", build->other_compiler),
		MKP_JSON_BOOL("relined", !build->options->keep_lines),
		MKP_JSON_BOOL("replace", !build->options->stacked),
	};
	struct mkp_error *error = mkp_json_add_members(record, head,
						       MKP_ARRAY_SIZE(head));

	if (!error)
		error = add_patches(record, build);
	if (!error)
		error = add_fixes(record, build);
	if (!error)
		error = mkp_json_add_members(record, how, MKP_ARRAY_SIZE(how));
	return error ? error : add_objects(record, build);
}

static struct mkp_error *write_record(const void *data, FILE *stream)
{
	struct json_object *record = json_object_new_object();
	struct mkp_error *error = record ? fill_record(record, data) : mkp_error_nomem();

	if (!error)
		error = mkp_json_write(record, false, stream);
	json_object_put(record);
	return error;
}

/* ---- signing ---- */

static struct mkp_error *run_signer(struct mkp_build *build, const char *const *argv)
{
	const struct mkp_command command = { .argv = argv, .log = build->log };
	int status = 0;
	struct mkp_error *error = mkp_spawn(build->signals, &command, &status);

	if (!error && status)
		error = mkp_error_create(MKP_ERROR_IO,
					 "%s does not sign the module: exit code %d "
					 "(log: %s)",
					 argv[0], status, build->log);
	return error;
}

/* The kernel's own program, of the headers or, as prepared, of the source. */
static struct mkp_error *find_sign_file(struct mkp_build *build, const char **ret_path)
{
	const char *const places[] = { build->inputs.headers, build->tree };
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < MKP_ARRAY_SIZE(places) && !error; i++) {
		if (!places[i])
			continue;
		error = mkp_format(&build->arena, ret_path, "%s/scripts/sign-file",
				   places[i]);
		if (!error && mkp_file_exists(*ret_path))
			return NULL;
	}
	return error ? error
		     : mkp_error_create(MKP_ERROR_USAGE,
					"no scripts/sign-file in the headers: the kernel "
					"of %s knows no signatures",
					build->inputs.release);
}

static struct mkp_error *sign_by_key(struct mkp_build *build, const char *module)
{
	const struct mkp_build_options *options = build->options;
	const char *argv[] = { NULL,
			       build->config.sign_hash,
			       options->sign_key,
			       options->sign_cert,
			       module,
			       NULL };
	struct mkp_error *error = find_sign_file(build, &argv[0]);

	if (!error && !build->config.sign_hash)
		error = mkp_error_create(MKP_ERROR_USAGE,
					 "%s has no CONFIG_MODULE_SIG_HASH: the kernel "
					 "knows no signatures",
					 build->inputs.config);
	return error ? error : run_signer(build, argv);
}

static struct mkp_error *sign(struct mkp_build *build, const char *module)
{
	const char *const hook[] = { build->options->sign_hook, module, NULL };

	if (hook[0])
		return run_signer(build, hook);
	if (build->options->sign_key)
		return sign_by_key(build, module);
	return mkp_build_note(build, "the module is not signed");
}

/* ---- the directory ---- */

struct output {
	struct mkp_build *build;
	struct mkp_directory *directory;
	const char *from; /* emitted directory */
	const char *name; /* of the module */
};

static struct mkp_error *keep_file(struct output *output, const char *from,
				   const char *name)
{
	MKP_CLEANUP_FREE char *to = NULL;
	struct mkp_error *error;

	if (!mkp_file_exists(from))
		return NULL;
	error = mkp_directory_path(output->directory, name, &to);
	return error ? error : mkp_file_copy(from, to);
}

static struct mkp_error *keep_emitted(struct output *output)
{
	struct mkp_arena *arena = &output->build->arena;
	const char *names[] = { "Makefile", "Kbuild", "core_abi.h", NULL,
				"manifest.json" };
	struct mkp_error *error = mkp_format(arena, &names[3], "%s.c", output->name);

	for (size_t i = 0; i < MKP_ARRAY_SIZE(names) && !error; i++) {
		const char *from = NULL;

		error = mkp_format(arena, &from, "%s/%s", output->from, names[i]);
		if (!error)
			error = keep_file(output, from, names[i]);
	}
	return error;
}

static struct mkp_error *keep_payloads(struct output *output)
{
	const struct mkp_build_result *result = output->build->result;
	struct mkp_module module = { 0 };
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < result->nr_objects; i++)
		module.nr_inputs += is_changed(&result->objects[i]);
	for (size_t i = 0; i < module.nr_inputs && !error; i++) {
		MKP_CLEANUP_FREE char *name = NULL;
		const char *from = NULL;

		error = mkp_module_payload_name(&module, i, &name);
		if (!error)
			error = mkp_format(&output->build->arena, &from, "%s/%s",
					   output->from, name);
		if (!error)
			error = keep_file(output, from, name);
	}
	return error;
}

/* The patch as it was compiled: with #line, all patches in one. */
static struct mkp_error *keep_patch(struct output *output)
{
	struct mkp_build *build = output->build;
	const char *from = NULL, *name = NULL;
	struct mkp_error *error = mkp_format(&build->arena, &from, "%s/compiled.patch",
					     build->run);

	if (!error)
		error = mkp_format(&build->arena, &name, "%s.patch", output->name);
	return error ? error : keep_file(output, from, name);
}

static struct mkp_error *keep_module(struct output *output)
{
	struct mkp_build *build = output->build;
	MKP_CLEANUP_FREE char *to = NULL;
	const char *from = NULL, *name = NULL;
	struct mkp_error *error = mkp_format(&build->arena, &name, "%s.ko", output->name);

	if (!error)
		error = mkp_format(&build->arena, &from, "%s/%s", output->from, name);
	if (!error)
		error = keep_file(output, from, name);
	if (!error)
		error = mkp_directory_path(output->directory, name, &to);
	return error ? error : sign(build, to);
}

static struct mkp_error *fill(struct output *output)
{
	struct mkp_error *error = keep_emitted(output);

	if (!error)
		error = keep_payloads(output);
	if (!error)
		error = keep_patch(output);
	if (!error)
		error = mkp_directory_write(output->directory, "build.json", write_record,
					    output->build);
	return error ? error : keep_module(output);
}

struct mkp_error *mkp_build_output(struct mkp_build *build, const char *from,
				   const char *name)
{
	struct mkp_build_result *result = build->result;
	struct output output = { .build = build, .from = from, .name = name };
	const char *path = build->options->output ? build->options->output : name;
	struct mkp_error *error = mkp_directory_create(path, MKP_MANIFEST_NAME,
						       &output.directory);

	if (!error)
		error = fill(&output);
	if (!error)
		error = mkp_directory_commit(output.directory);
	mkp_directory_destroy(output.directory);
	if (!error)
		error = mkp_format(&result->arena, &result->output, "%s", path);
	return error ? error
		     : mkp_format(&result->arena, &result->module, "%s/%s.ko", path,
				  name);
}
