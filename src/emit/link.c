// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each undefined symbol that a carried element refers to is looked up among the global
 * definitions of the other objects, as a linker would: those of the same module, or of
 * vmlinux; from a module, those of vmlinux too. What another module adds is not looked
 * at: nothing says that it is there whenever this one is.
 *
 *   new there, or carried in place of   the reference leads to the copy; the other object
 *   a function without an ftrace site   carries it, with all that it needs in turn
 *
 *   local in the running kernel, and    to the kernel's own, found as the other object
 *   global only since the patch         finds it: by file, place and size
 *
 *   anything else                       is bound as if the object were alone
 *
 * What is carried now may refer to yet another object: so until there is nothing new.
 */
#include "emit/link.h"

#include <string.h>

#include "base/array.h"

/* A global symbol of a patched object. */
struct definition {
	const char *name;
	uint32_t patch;
	uint32_t atom; /* of its patched object */
};

struct mkp_linker {
	struct mkp_arena arena; /* names */
	struct mkp_patch *const *patches;
	size_t nr_patches;
	struct definition *definitions; /* owned */
	size_t nr_definitions, cap_definitions;
	struct mkp_index names; /* hash of the name -> definition */
	uint32_t *done;		/* owned; [patches] elements of the queue looked at */
};

struct mkp_error *mkp_linker_create(struct mkp_patch *const *patches, size_t nr_patches,
				    struct mkp_linker **ret_linker)
{
	struct mkp_linker *linker = NULL;
	struct mkp_error *error = mkp_array_create(1, sizeof(*linker), &linker);

	if (error)
		return error;
	linker->patches = patches;
	linker->nr_patches = nr_patches;
	mkp_arena_init(&linker->arena);
	mkp_index_init(&linker->names);
	error = mkp_array_create(nr_patches, sizeof(*linker->done), &linker->done);
	if (error)
		mkp_linker_destroy(linker);
	else
		*ret_linker = linker;
	return error;
}

void mkp_linker_destroy(struct mkp_linker *linker)
{
	if (!linker)
		return;
	mkp_index_deinit(&linker->names);
	mkp_arena_deinit(&linker->arena);
	free(linker->definitions);
	free(linker->done);
	free(linker);
}

static struct mkp_error *add_definition(struct mkp_linker *linker,
					const struct definition *definition)
{
	struct definition *copy;
	struct mkp_error *error = mkp_array_reserve(
		&linker->definitions, &linker->cap_definitions,
		linker->nr_definitions + 1, sizeof(*linker->definitions));

	if (error)
		return error;
	copy = &linker->definitions[linker->nr_definitions];
	*copy = *definition;
	copy->name = mkp_arena_strdup(&linker->arena, definition->name);
	if (!copy->name)
		return mkp_error_nomem();
	return mkp_index_add(&linker->names, mkp_hash_string(copy->name),
			     (uint32_t)linker->nr_definitions++);
}

struct mkp_error *mkp_linker_add(struct mkp_linker *linker, size_t index)
{
	const struct mkp_patch *patch = linker->patches[index];
	const struct mkp_object *object = patch->patched;
	struct definition definition = { .patch = (uint32_t)index };
	struct mkp_error *error = NULL;

	for (uint32_t i = object->first_global; i < object->nr_symbols && !error; i++) {
		definition.name = object->symbols[i].name;
		definition.atom = patch->patched_graph->symbol_atom[i];
		if (mkp_symbol_section(object, &object->symbols[i]) &&
		    definition.atom != MKP_NO_ATOM)
			error = add_definition(linker, &definition);
	}
	return error;
}

/* Whether @to can be meant by a name in @from, and @ret_own whether it is the same
 * module. */
static bool is_in_reach(const struct mkp_patch *from, const struct mkp_patch *to,
			bool *ret_own)
{
	*ret_own = mkp_check_same_object(&from->context, &to->context);
	return *ret_own || !to->context.object;
}

/* The definition of @name that a linker would take, for a symbol of @patch; or NULL. */
static const struct definition *find_definition(const struct mkp_linker *linker,
						uint32_t patch, const char *name)
{
	const struct definition *found = NULL;
	size_t count;
	const struct mkp_index_entry *entries = mkp_index_find(
		&linker->names, mkp_hash_string(name), &count);

	for (size_t i = 0; i < count; i++) {
		const struct definition *it = &linker->definitions[entries[i].id];
		bool own;

		if (it->patch == patch || strcmp(it->name, name) != 0 ||
		    !is_in_reach(linker->patches[patch], linker->patches[it->patch],
				 &own))
			continue;
		if (own)
			return it;
		found = it;
	}
	return found;
}

/* ---- Names that two add --------------------------------------------------------------
 */

static bool is_added(const struct mkp_linker *linker, const struct definition *definition)
{
	const struct mkp_patch *patch = linker->patches[definition->patch];
	uint8_t kind;

	if (!patch->diff || patch->diff->state[definition->atom] != MKP_STATE_NEW)
		return false;
	kind = patch->patched_graph->atoms[definition->atom].kind;
	return kind == MKP_ATOM_FUNC || kind == MKP_ATOM_OBJECT;
}

static struct mkp_error *check_clash(struct mkp_linker *linker,
				     const struct definition *definition)
{
	const struct mkp_patch *patch = linker->patches[definition->patch];
	const char *name = definition->name;
	size_t count;
	const struct mkp_index_entry *entries;

	if (!is_added(linker, definition))
		return NULL;
	entries = mkp_index_find(&linker->names, mkp_hash_string(name), &count);
	for (size_t i = 0; i < count; i++) {
		const struct definition *it = &linker->definitions[entries[i].id];
		const struct mkp_patch *other = linker->patches[it->patch];

		if (it->patch >= definition->patch || !is_added(linker, it) ||
		    strcmp(it->name, name) != 0 ||
		    !mkp_check_same_object(&other->context, &patch->context))
			continue;
		return mkp_check_report(
			patch->report, MKP_CHECK_PATCH_CLASH, name,
			mkp_check_source(&patch->context, definition->atom),
			"added by %s, too", other->options->patched);
	}
	return NULL;
}

/* ---- Links ---------------------------------------------------------------------------
 */

static const struct mkp_symbol *orig_symbol(const struct mkp_patch *patch, uint32_t atom)
{
	uint32_t twin = patch->diff->to_orig[atom];

	return mkp_atom_symbol(patch->orig_graph, &patch->orig_graph->atoms[twin]);
}

/* Decides where one undefined symbol of a carried element leads. */
static void link_symbol(struct mkp_linker *linker, uint32_t from, uint32_t target)
{
	const struct mkp_patch *patch = linker->patches[from];
	const char *name = mkp_atom_name(patch->patched_graph, target);
	const struct definition *definition = find_definition(linker, from, name);
	struct mkp_patch *other;
	struct mkp_link link = { 0 };

	if (!definition || patch->links[target].to)
		return;
	other = linker->patches[definition->patch];
	/* Nothing of it differs: it is bound by its name. */
	if (!other->diff)
		return;
	link.to = &other->context;
	link.atom = definition->atom;
	if (other->diff->state[link.atom] == MKP_STATE_NEW ||
	    other->selection->roles[link.atom] == MKP_ROLE_UNHOOKED) {
		link.carried = true;
		mkp_select_shared(other->selection, link.atom);
	} else if (other->diff->to_orig[link.atom] == MKP_NO_ATOM ||
		   orig_symbol(other, link.atom)->bind != STB_LOCAL) {
		return;
	}
	patch->links[target] = link;
}

static void link_refs(struct mkp_linker *linker, uint32_t from, uint32_t atom)
{
	const struct mkp_patch *patch = linker->patches[from];
	const struct mkp_graph *graph = patch->patched_graph;
	const struct mkp_atom *it = &graph->atoms[atom];

	for (uint32_t i = it->first_ref; i < it->first_ref + it->nr_refs; i++) {
		uint32_t target = graph->refs[i].target;

		if (patch->selection->fates[i] == MKP_FATE_ORIGINAL &&
		    graph->atoms[target].kind == MKP_ATOM_EXTERN &&
		    mkp_atom_symbol(graph, &graph->atoms[target])->section ==
			    MKP_SHN_UNDEF)
			link_symbol(linker, from, target);
	}
}

/* Looks at what was included since it looked last; false: nothing was. */
static bool link_included(struct mkp_linker *linker, uint32_t patch)
{
	const struct mkp_selection *selection = linker->patches[patch]->selection;
	bool any = selection && linker->done[patch] < selection->nr_included;

	while (any && linker->done[patch] < selection->nr_included)
		link_refs(linker, patch, selection->queue[linker->done[patch]++]);
	return any;
}

static void link_all(struct mkp_linker *linker)
{
	bool any = true;

	while (any) {
		any = false;
		for (uint32_t i = 0; i < linker->nr_patches; i++)
			any |= link_included(linker, i);
	}
}

static struct mkp_error *create_links(struct mkp_linker *linker)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < linker->nr_patches && !error; i++) {
		struct mkp_patch *patch = linker->patches[i];

		if (!patch->diff)
			continue;
		error = mkp_array_create(patch->patched_graph->nr_atoms,
					 sizeof(*patch->links), &patch->links);
		patch->context.links = patch->links;
	}
	return error;
}

struct mkp_error *mkp_linker_run(struct mkp_linker *linker)
{
	struct mkp_error *error = create_links(linker);

	mkp_index_seal(&linker->names);
	for (size_t i = 0; i < linker->nr_definitions && !error; i++)
		error = check_clash(linker, &linker->definitions[i]);
	if (!error)
		link_all(linker);
	return error;
}
