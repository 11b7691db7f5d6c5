// SPDX-License-Identifier: GPL-2.0-or-later
#include "emit/emit.h"

#include "emit/directory.h"
#include "emit/manifest.h"
#include "emit/payload.h"
#include "emit/plan.h"

static struct mkp_error *write_source(const void *module, FILE *stream)
{
	return mkp_module_write_source(module, stream);
}

static struct mkp_error *write_makefile(const void *module, FILE *stream)
{
	return mkp_module_write_makefile(module, stream);
}

static struct mkp_error *write_kbuild(const void *module, FILE *stream)
{
	return mkp_module_write_kbuild(module, stream);
}

static struct mkp_error *write_abi(const void *module MKP_UNUSED, FILE *stream)
{
	return mkp_module_write_abi(stream);
}

static struct mkp_error *write_manifest(const void *manifest, FILE *stream)
{
	return mkp_manifest_write(manifest, stream);
}

static struct mkp_error *write_files(struct mkp_plan *plan,
				     struct mkp_directory *directory,
				     const struct mkp_manifest *manifest)
{
	struct mkp_error *error;
	char *source = mkp_arena_printf(&plan->arena, "%s.c", plan->module.name);

	if (!source)
		return mkp_error_nomem();
	error = mkp_directory_write(directory, source, write_source, &plan->module);
	if (!error)
		error = mkp_directory_write(directory, "Makefile", write_makefile,
					    &plan->module);
	if (!error)
		error = mkp_directory_write(directory, "Kbuild", write_kbuild,
					    &plan->module);
	if (!error && !plan->module.standalone)
		error = mkp_directory_write(directory, "core_abi.h", write_abi, NULL);
	if (!error)
		error = mkp_directory_write(directory, MKP_MANIFEST_NAME, write_manifest,
					    manifest);
	return error;
}

static struct mkp_error *write_payload(struct mkp_plan *plan, size_t part,
				       struct mkp_directory *directory)
{
	const struct mkp_emit_part *it = &plan->parts[part];
	struct mkp_payload_counts counts = { 0 };
	MKP_CLEANUP_FREE char *name = NULL, *path = NULL;
	struct mkp_error *error = mkp_module_payload_name(&plan->module, part, &name);

	if (!error)
		error = mkp_directory_path(directory, name, &path);
	if (!error)
		error = mkp_payload_write(it->selection, it->bindings, it->object,
					  plan->new_symbols + plan->first_symbol[part],
					  path, &counts);
	if (error)
		return error;
	it->report->klp_relocations = counts.livepatch;
	it->report->normal_relocations = counts.normal;
	return NULL;
}

static struct mkp_error *write_directory(struct mkp_plan *plan, const char *path)
{
	struct mkp_directory *directory = NULL;
	const struct mkp_manifest manifest = { &plan->module, plan->parts,
					       plan->nr_parts };
	struct mkp_error *error;

	error = mkp_directory_create(path, MKP_MANIFEST_NAME, &directory);
	for (size_t i = 0; i < plan->nr_parts && !error; i++)
		error = write_payload(plan, i, directory);
	if (!error)
		error = write_files(plan, directory, &manifest);
	if (!error)
		error = mkp_directory_commit(directory);
	mkp_directory_destroy(directory);
	return error;
}

struct mkp_error *mkp_emit(const struct mkp_emit_options *options,
			   const struct mkp_emit_part *parts, size_t nr_parts)
{
	struct mkp_plan plan;
	struct mkp_error *error = mkp_plan_init(&plan, options, parts, nr_parts);

	if (!error)
		error = write_directory(&plan, options->directory);
	for (size_t i = 0; i < nr_parts && !error; i++) {
		struct mkp_report *report = parts[i].report;

		report->output = mkp_arena_strdup(&report->arena, options->directory);
		error = report->output ? NULL : mkp_error_nomem();
	}
	mkp_plan_deinit(&plan);
	return error;
}
