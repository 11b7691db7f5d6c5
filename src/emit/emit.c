// SPDX-License-Identifier: GPL-2.0-or-later
#include "emit/emit.h"

#include <string.h>

#include "base/array.h"
#include "emit/directory.h"
#include "emit/manifest.h"
#include "emit/metadata.h"
#include "emit/module.h"
#include "emit/payload.h"

/* What is built up before anything is written. */
struct plan {
	struct mkp_arena arena;
	char **new_symbols; /* [mkp_nr_named()], of the arena */
	struct mkp_module_function *functions;
	const char **namespaces;
	size_t nr_namespaces, cap_namespaces;
	struct mkp_module_number *states, *shadows;
	struct mkp_module_info *infos;
	struct mkp_module_object object;
	struct mkp_module module;
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "foo.constprop.0" -> "new_foo_constprop_0"; with a number if that is taken. */
static struct mkp_error *make_new_symbol(struct plan *plan, struct mkp_index *taken,
					 const char *name, uint32_t number)
{
	char *symbol = mkp_arena_printf(&plan->arena, "new_%s", name);
	size_t count;

	for (char *at = symbol; at && *at; at++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01234567"
			    "89_",
			    *at))
			*at = '_';
	if (symbol && mkp_index_find(taken, mkp_hash_string(symbol), &count) && count > 1)
		symbol = mkp_arena_printf(&plan->arena, "%s__%u", symbol, number);
	plan->new_symbols[number] = symbol;
	return symbol ? NULL : mkp_error_nomem();
}

/* Twice: first without an index, to learn which names occur more than once. */
static struct mkp_error *make_new_symbols(struct plan *plan,
					  const struct mkp_selection *selection)
{
	const struct mkp_graph *graph = selection->diff->patched;
	struct mkp_index names, none;
	struct mkp_error *error = NULL;

	mkp_index_init(&names);
	mkp_index_init(&none);
	for (uint32_t i = 0; i < mkp_nr_named(selection) && !error; i++) {
		error = make_new_symbol(plan, &none,
					mkp_atom_name(graph, selection->queue[i]), i);
		if (!error)
			error = mkp_index_add(&names,
					      mkp_hash_string(plan->new_symbols[i]), i);
	}
	mkp_index_seal(&names);
	for (uint32_t i = 0; i < mkp_nr_named(selection) && !error; i++)
		error = make_new_symbol(plan, &names,
					mkp_atom_name(graph, selection->queue[i]), i);
	mkp_index_deinit(&names);
	return error;
}

static struct mkp_error *collect_namespaces(struct plan *plan,
					    const struct mkp_selection *selection,
					    const struct mkp_bindings *bindings)
{
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < selection->diff->patched->nr_atoms && !error; i++) {
		const char *space = bindings->atoms[i].space;
		size_t k = 0;

		if (!space)
			continue;
		/* A kernel has a handful of namespaces. */
		while (k < plan->nr_namespaces && strcmp(plan->namespaces[k], space))
			k++;
		if (k < plan->nr_namespaces)
			continue;
		error = mkp_array_reserve(&plan->namespaces, &plan->cap_namespaces, k + 1,
					  sizeof(*plan->namespaces));
		if (!error)
			plan->namespaces[plan->nr_namespaces++] = space;
	}
	return error;
}

static struct mkp_error *fill_functions(struct plan *plan,
					const struct mkp_selection *selection,
					const struct mkp_bindings *bindings,
					const struct mkp_report *report)
{
	struct mkp_error *error = mkp_array_create(
		selection->nr_replaced, sizeof(*plan->functions), &plan->functions);

	for (uint32_t i = 0; i < selection->nr_replaced && !error; i++) {
		const struct mkp_report_function *row = &report->functions[i];

		plan->functions[i] = (struct mkp_module_function){
			.old_name = bindings->replaced[i].name,
			.new_symbol = plan->new_symbols[i],
			.position = bindings->replaced[i].position,
			.old_size = row->size_before,
			.new_size = row->size_after,
			.source = row->source,
			.reason = row->reason,
		};
	}
	return error;
}

/* The symbol of a callback; the selection has it right behind what is replaced. */
static const char *callback_symbol(const struct plan *plan,
				   const struct mkp_selection *selection,
				   const struct mkp_author_record *record)
{
	uint32_t i = selection->nr_replaced;

	while (i + 1 < mkp_nr_named(selection) && selection->queue[i] != record->function)
		i++;
	return plan->new_symbols[i];
}

/* Some keys stand for what the module has anyway. */
static void take_info(struct plan *plan, const struct mkp_author_record *record)
{
	struct mkp_module *module = &plan->module;

	if (!strcmp(record->name, "description"))
		module->description = record->text;
	else if (!strcmp(record->name, "version"))
		module->version = record->text;
	else
		plan->infos[module->nr_infos++] =
			(struct mkp_module_info){ record->name, record->text };
}

static void take_record(struct plan *plan, const struct mkp_selection *selection,
			const struct mkp_author_record *record)
{
	struct mkp_module *module = &plan->module;
	const struct mkp_module_number number = { record->name, record->id,
						  record->value };

	if (record->kind < MKP_AUTHOR_NR_CALLBACKS)
		plan->object.callbacks[record->kind] = callback_symbol(plan, selection,
								       record);
	else if (record->kind == MKP_AUTHOR_STATE)
		plan->states[module->nr_states++] = number;
	else if (record->kind == MKP_AUTHOR_SHADOW)
		plan->shadows[module->nr_shadows++] = number;
	else if (record->kind == MKP_AUTHOR_INFO)
		take_info(plan, record);
}

/* What the author says besides code. Everything is there already but the arrays. */
static struct mkp_error *take_author(struct plan *plan, const struct mkp_author *author,
				     const struct mkp_selection *selection)
{
	size_t count = author ? author->nr_records : 0;
	struct mkp_error *error;

	error = mkp_array_create(count, sizeof(*plan->states), &plan->states);
	if (!error)
		error = mkp_array_create(count, sizeof(*plan->shadows), &plan->shadows);
	if (!error)
		error = mkp_array_create(count, sizeof(*plan->infos), &plan->infos);
	if (error)
		return error;
	plan->module.states = plan->states;
	plan->module.shadows = plan->shadows;
	plan->module.infos = plan->infos;
	for (size_t i = 0; i < count; i++)
		take_record(plan, selection, &author->records[i]);
	return NULL;
}

/* What the program says, behind what the author says. */
static struct mkp_error *add_metadata(struct plan *plan,
				      const struct mkp_emit_options *options,
				      const struct mkp_diff *diff,
				      const struct mkp_report *report)
{
	const struct mkp_metadata metadata = {
		.module = &plan->module,
		.orig = diff->orig->object,
		.patched = diff->patched->object,
		.vmlinux = options->vmlinux,
		.report = report,
		.fixes = options->fixes,
		.nr_fixes = options->nr_fixes,
	};
	size_t capacity = plan->module.nr_infos, count;
	struct mkp_error *error = mkp_array_reserve(&plan->infos, &capacity,
						    plan->module.nr_infos +
							    mkp_metadata_count(&metadata),
						    sizeof(*plan->infos));

	if (error)
		return error;
	error = mkp_metadata_fill(&metadata, &plan->arena,
				  plan->infos + plan->module.nr_infos, &count);
	plan->module.infos = plan->infos;
	plan->module.nr_infos += count;
	return error;
}

static struct mkp_error *make_plan(struct plan *plan,
				   const struct mkp_emit_options *options,
				   const struct mkp_selection *selection,
				   const struct mkp_bindings *bindings,
				   const struct mkp_report *report)
{
	const struct mkp_diff *diff = selection->diff;
	struct mkp_error *error;

	error = mkp_array_create(mkp_nr_named(selection), sizeof(char *),
				 &plan->new_symbols);
	if (!error)
		error = make_new_symbols(plan, selection);
	if (!error)
		error = collect_namespaces(plan, selection, bindings);
	if (!error)
		error = fill_functions(plan, selection, bindings, report);
	if (error)
		return error;
	plan->object = (struct mkp_module_object){
		.name = options->object,
		.functions = plan->functions,
		.nr_functions = selection->nr_replaced,
	};
	plan->module = (struct mkp_module){
		.name = options->name,
		.description = mkp_arena_printf(&plan->arena, "Live patch of %s",
						options->object ? options->object
								: "the kernel"),
		.release = options->release,
		.original = base_name(diff->orig->object->path),
		.patched = base_name(diff->patched->object->path),
		.standalone = options->standalone,
		.replace = true,
		.objects = &plan->object,
		.nr_objects = 1,
		.namespaces = plan->namespaces,
		.nr_namespaces = plan->nr_namespaces,
	};
	if (!plan->module.description)
		return mkp_error_nomem();
	error = take_author(plan, options->author, selection);
	return error ? error : add_metadata(plan, options, diff, report);
}

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

static struct mkp_error *write_files(struct plan *plan, struct mkp_directory *directory,
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

static struct mkp_error *write_directory(struct plan *plan,
					 const struct mkp_emit_options *options,
					 const struct mkp_manifest *manifest,
					 struct mkp_report *report)
{
	struct mkp_directory *directory = NULL;
	struct mkp_payload_counts counts = { 0 };
	MKP_CLEANUP_FREE char *payload = NULL;
	struct mkp_error *error;

	error = mkp_directory_create(options->directory, MKP_MANIFEST_NAME, &directory);
	if (!error)
		error = mkp_directory_path(directory, "payload.o_shipped", &payload);
	if (!error)
		error = mkp_payload_write(manifest->selection, manifest->bindings,
					  plan->new_symbols, payload, &counts);
	if (!error)
		error = write_files(plan, directory, manifest);
	if (!error)
		error = mkp_directory_commit(directory);
	mkp_directory_destroy(directory);
	if (error)
		return error;
	report->klp_relocations = counts.livepatch;
	report->normal_relocations = counts.normal;
	report->output = mkp_arena_strdup(&report->arena, options->directory);
	return report->output ? NULL : mkp_error_nomem();
}

struct mkp_error *mkp_emit(const struct mkp_emit_options *options,
			   const struct mkp_selection *selection,
			   const struct mkp_bindings *bindings, struct mkp_report *report)
{
	struct plan plan = { 0 };
	const struct mkp_manifest manifest = { &plan.module, selection, bindings,
					       report };
	struct mkp_error *error;

	mkp_arena_init(&plan.arena);
	error = make_plan(&plan, options, selection, bindings, report);
	if (!error)
		error = write_directory(&plan, options, &manifest, report);
	free(plan.new_symbols);
	free(plan.functions);
	free(plan.states);
	free(plan.shadows);
	free(plan.infos);
	free(plan.namespaces);
	mkp_arena_deinit(&plan.arena);
	return error;
}
