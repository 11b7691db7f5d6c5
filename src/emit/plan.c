// SPDX-License-Identifier: GPL-2.0-or-later
#include "emit/plan.h"

#include <string.h>

#include "base/array.h"
#include "emit/metadata.h"
#include "emit/payload.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- Symbols -------------------------------------------------------------------------
 */

/* "foo.constprop.0" -> "new_foo_constprop_0"; with a number if that is taken. */
static struct mkp_error *make_new_symbol(struct mkp_plan *plan, struct mkp_index *taken,
					 const char *name, size_t number)
{
	char *symbol = mkp_arena_printf(&plan->arena, "new_%s", name);
	size_t count;

	for (char *at = symbol; at && *at; at++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01234567"
			    "89_",
			    *at))
			*at = '_';
	if (symbol && mkp_index_find(taken, mkp_hash_string(symbol), &count) && count > 1)
		symbol = mkp_arena_printf(&plan->arena, "%s__%zu", symbol, number);
	plan->new_symbols[number] = symbol;
	return symbol ? NULL : mkp_error_nomem();
}

/* For all parts; @names learns them if it is not sealed yet. */
static struct mkp_error *make_symbols(struct mkp_plan *plan, struct mkp_index *taken,
				      struct mkp_index *names)
{
	struct mkp_error *error = NULL;

	for (size_t p = 0; p < plan->nr_parts; p++) {
		const struct mkp_selection *selection = plan->parts[p].selection;
		size_t first = plan->first_symbol[p];

		for (size_t i = first; i < plan->first_symbol[p + 1] && !error; i++) {
			uint32_t atom = selection->queue[i - first];

			error = make_new_symbol(
				plan, taken,
				mkp_atom_name(selection->diff->patched, atom), i);
			if (!error && names)
				error = mkp_index_add(
					names, mkp_hash_string(plan->new_symbols[i]),
					(uint32_t)i);
		}
	}
	return error;
}

/* Twice: first without an index, to learn which names occur more than once. */
static struct mkp_error *make_new_symbols(struct mkp_plan *plan)
{
	struct mkp_index names, none;
	struct mkp_error *error;

	mkp_index_init(&names);
	mkp_index_init(&none);
	error = make_symbols(plan, &none, &names);
	mkp_index_seal(&names);
	if (!error)
		error = make_symbols(plan, &names, NULL);
	mkp_index_deinit(&names);
	return error;
}

static struct mkp_error *collect_namespaces(struct mkp_plan *plan,
					    const struct mkp_emit_part *part)
{
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < part->selection->diff->patched->nr_atoms && !error;
	     i++) {
		const char *space = part->bindings->atoms[i].space;
		size_t k = 0;

		if (!space)
			continue;
		/* A kernel has a handful of namespaces. */
		while (k < plan->nr_namespaces && strcmp(plan->namespaces[k], space) != 0)
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

/* ---- Objects -------------------------------------------------------------------------
 */

static bool is_of_object(const struct mkp_emit_part *part, const char *object)
{
	if (!part->object || !object)
		return part->object == object;
	return !strcmp(part->object, object);
}

static void add_functions(struct mkp_plan *plan, size_t part,
			  struct mkp_module_function *ret_rows)
{
	const struct mkp_emit_part *it = &plan->parts[part];

	for (uint32_t i = 0; i < it->selection->nr_replaced; i++) {
		const struct mkp_report_function *row = &it->report->functions[i];

		ret_rows[i] = (struct mkp_module_function){
			.old_name = it->bindings->replaced[i].name,
			.new_symbol = plan->new_symbols[plan->first_symbol[part] + i],
			.position = it->bindings->replaced[i].position,
			.old_size = row->size_before,
			.new_size = row->size_after,
			.source = row->source,
			.reason = row->reason,
		};
	}
}

/* The symbol of a callback; the selection has it right behind what is replaced. */
static const char *callback_symbol(const struct mkp_plan *plan, size_t part,
				   const struct mkp_author_record *record)
{
	const struct mkp_selection *selection = plan->parts[part].selection;
	uint32_t i = selection->nr_replaced;

	while (i + 1 < mkp_nr_named(selection) && selection->queue[i] != record->function)
		i++;
	return plan->new_symbols[plan->first_symbol[part] + i];
}

static void add_callbacks(struct mkp_plan *plan, size_t part,
			  struct mkp_module_object *object)
{
	const struct mkp_author *author = plan->parts[part].author;

	for (size_t i = 0; author && i < author->nr_records; i++)
		if (author->records[i].kind < MKP_AUTHOR_NR_CALLBACKS)
			object->callbacks[author->records[i].kind] = callback_symbol(
				plan, part, &author->records[i]);
}

/* The parts of one object, from its first one on. */
static void add_object(struct mkp_plan *plan, size_t first,
		       struct mkp_module_object *object,
		       struct mkp_module_function *functions)
{
	*object = (struct mkp_module_object){
		.name = plan->parts[first].object,
		.functions = functions,
	};
	for (size_t i = first; i < plan->nr_parts; i++) {
		if (!is_of_object(&plan->parts[i], object->name))
			continue;
		add_functions(plan, i, functions + object->nr_functions);
		add_callbacks(plan, i, object);
		object->nr_functions += plan->parts[i].selection->nr_replaced;
	}
}

static bool is_known(const struct mkp_plan *plan, const char *object)
{
	for (size_t i = 0; i < plan->module.nr_objects; i++)
		if (is_of_object(&(struct mkp_emit_part){ .object = object },
				 plan->objects[i].name))
			return true;
	return false;
}

static bool has_functions(const struct mkp_emit_part *part)
{
	return mkp_nr_named(part->selection) > 0;
}

/*
 * In the order of the parts. An object with nothing to replace or to call needs no entry:
 * it only carries what others use. A patch has a handful of objects.
 */
static void add_objects(struct mkp_plan *plan)
{
	struct mkp_module_function *functions = plan->functions;

	for (size_t i = 0; i < plan->nr_parts; i++) {
		struct mkp_module_object *object =
			&plan->objects[plan->module.nr_objects];

		if (is_known(plan, plan->parts[i].object) ||
		    !has_functions(&plan->parts[i]))
			continue;
		add_object(plan, i, object, functions);
		functions += object->nr_functions;
		plan->module.nr_objects++;
	}
}

/* ---- What the author says ------------------------------------------------------------
 */

static bool has_number(const struct mkp_module_number *list, size_t count, uint64_t id)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].id == id)
			return true;
	return false;
}

static void add_number(struct mkp_module_number *list, size_t *count,
		       const struct mkp_author_record *record)
{
	if (!has_number(list, *count, record->id))
		list[(*count)++] = (struct mkp_module_number){ record->name, record->id,
							       record->value };
}

/* Some keys stand for what the module has anyway; a line is there once. */
static void add_info(struct mkp_plan *plan, const struct mkp_author_record *record)
{
	struct mkp_module *module = &plan->module;

	if (!strcmp(record->name, "description")) {
		module->description = record->text;
		return;
	}
	if (!strcmp(record->name, "version")) {
		module->version = record->text;
		return;
	}
	for (size_t i = 0; i < module->nr_infos; i++)
		if (!strcmp(plan->infos[i].key, record->name) &&
		    !strcmp(plan->infos[i].value, record->text))
			return;
	plan->infos[module->nr_infos++] = (struct mkp_module_info){ record->name,
								    record->text };
}

static void add_record(struct mkp_plan *plan, const struct mkp_author_record *record)
{
	if (record->kind == MKP_AUTHOR_STATE)
		add_number(plan->states, &plan->module.nr_states, record);
	else if (record->kind == MKP_AUTHOR_SHADOW)
		add_number(plan->shadows, &plan->module.nr_shadows, record);
	else if (record->kind == MKP_AUTHOR_INFO)
		add_info(plan, record);
}

static void add_records(struct mkp_plan *plan)
{
	for (size_t i = 0; i < plan->nr_parts; i++) {
		const struct mkp_author *author = plan->parts[i].author;

		for (size_t k = 0; author && k < author->nr_records; k++)
			add_record(plan, &author->records[k]);
	}
}

/* ---- All of it -----------------------------------------------------------------------
 */

static struct mkp_error *create_arrays(struct mkp_plan *plan)
{
	size_t nr_records = 0, nr_functions = 0;
	struct mkp_error *error = mkp_array_create(
		plan->nr_parts + 1, sizeof(*plan->first_symbol), &plan->first_symbol);

	if (error)
		return error;
	for (size_t i = 0; i < plan->nr_parts; i++) {
		const struct mkp_emit_part *part = &plan->parts[i];

		plan->first_symbol[i + 1] = plan->first_symbol[i] +
					    mkp_nr_named(part->selection);
		nr_functions += part->selection->nr_replaced;
		nr_records += part->author ? part->author->nr_records : 0;
	}
	error = mkp_array_create(plan->first_symbol[plan->nr_parts], sizeof(char *),
				 &plan->new_symbols);
	if (!error)
		error = mkp_array_create(nr_functions, sizeof(*plan->functions),
					 &plan->functions);
	if (!error)
		error = mkp_array_create(plan->nr_parts, sizeof(*plan->objects),
					 &plan->objects);
	if (!error)
		error = mkp_array_create(2 * plan->nr_parts, sizeof(char *),
					 &plan->inputs);
	if (!error)
		error = mkp_array_create(nr_records, sizeof(*plan->states),
					 &plan->states);
	if (!error)
		error = mkp_array_create(nr_records, sizeof(*plan->shadows),
					 &plan->shadows);
	if (!error)
		error = mkp_array_create(nr_records, sizeof(*plan->infos), &plan->infos);
	return error;
}

static void name_inputs(struct mkp_plan *plan)
{
	for (size_t i = 0; i < plan->nr_parts; i++) {
		const struct mkp_diff *diff = plan->parts[i].selection->diff;

		plan->inputs[2 * i] = base_name(diff->orig->object->path);
		plan->inputs[2 * i + 1] = base_name(diff->patched->object->path);
	}
}

static struct mkp_error *describe(struct mkp_plan *plan)
{
	struct mkp_module *module = &plan->module;
	const char *object = plan->parts[0].object;

	for (size_t i = 1; i < plan->nr_parts; i++)
		if (!is_of_object(&plan->parts[i], object))
			object = "the kernel";
	module->description = mkp_arena_printf(&plan->arena, "Live patch of %s",
					       object ? object : "the kernel");
	return module->description ? NULL : mkp_error_nomem();
}

static struct mkp_error *fill(struct mkp_plan *plan)
{
	struct mkp_module *module = &plan->module;
	struct mkp_error *error = create_arrays(plan);

	if (!error)
		error = make_new_symbols(plan);
	for (size_t i = 0; i < plan->nr_parts && !error; i++)
		error = collect_namespaces(plan, &plan->parts[i]);
	if (!error)
		error = describe(plan);
	if (error)
		return error;
	name_inputs(plan);
	add_objects(plan);
	add_records(plan);
	module->objects = plan->objects;
	module->inputs = plan->inputs;
	module->nr_inputs = plan->nr_parts;
	module->states = plan->states;
	module->shadows = plan->shadows;
	module->infos = plan->infos;
	module->namespaces = plan->namespaces;
	module->nr_namespaces = plan->nr_namespaces;
	return NULL;
}

/* What the program says, behind what the author says. */
static struct mkp_error *add_metadata(struct mkp_plan *plan,
				      const struct mkp_emit_options *options)
{
	const struct mkp_metadata metadata = {
		.module = &plan->module,
		.parts = plan->parts,
		.nr_parts = plan->nr_parts,
		.vmlinux = options->vmlinux,
		.fixes = options->fixes,
		.nr_fixes = options->nr_fixes,
		.sources = options->sources,
		.nr_sources = options->nr_sources,
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
	if (!error)
		plan->module.nr_infos += count;
	return error;
}

struct mkp_error *mkp_plan_init(struct mkp_plan *plan,
				const struct mkp_emit_options *options,
				const struct mkp_emit_part *parts, size_t nr_parts)
{
	struct mkp_error *error;

	*plan = (struct mkp_plan){
		.parts = parts,
		.nr_parts = nr_parts,
		.module = {
			.name = options->name,
			.release = options->release,
			.standalone = options->standalone,
			.replace = !options->stacked,
		},
	};
	mkp_arena_init(&plan->arena);
	error = fill(plan);
	return error ? error : add_metadata(plan, options);
}

void mkp_plan_deinit(struct mkp_plan *plan)
{
	free(plan->new_symbols);
	free(plan->first_symbol);
	free(plan->functions);
	free(plan->objects);
	free(plan->inputs);
	free(plan->states);
	free(plan->shadows);
	free(plan->infos);
	free(plan->namespaces);
	mkp_arena_deinit(&plan->arena);
}
