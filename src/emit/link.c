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
	uint32_t patch;
	uint32_t symbol;
};

struct linker {
	struct mkp_patch *const *patches;
	size_t nr_patches;
	struct definition *definitions; /* owned */
	size_t nr_definitions, cap_definitions;
	struct mkp_index names; /* hash of the name -> definition */
	uint32_t *done;		/* owned; [patches] elements of the queue looked at */
};

static struct mkp_error *add_definition(struct linker *linker, uint32_t patch,
					uint32_t symbol)
{
	const struct mkp_object *object = linker->patches[patch]->patched;
	struct mkp_error *error = mkp_array_reserve(
		&linker->definitions, &linker->cap_definitions,
		linker->nr_definitions + 1, sizeof(*linker->definitions));

	if (error)
		return error;
	error = mkp_index_add(&linker->names,
			      mkp_hash_string(object->symbols[symbol].name),
			      (uint32_t)linker->nr_definitions);
	linker->definitions[linker->nr_definitions++] = (struct definition){ patch,
									     symbol };
	return error;
}

static uint32_t atom_of(const struct linker *linker, const struct definition *definition)
{
	return linker->patches[definition->patch]
		->patched_graph->symbol_atom[definition->symbol];
}

static struct mkp_error *collect_definitions(struct linker *linker)
{
	struct mkp_error *error = NULL;

	for (uint32_t p = 0; p < linker->nr_patches; p++) {
		const struct mkp_patch *patch = linker->patches[p];
		const struct mkp_object *object = patch->patched;

		for (uint32_t i = object->first_global; i < object->nr_symbols && !error;
		     i++)
			if (mkp_symbol_section(object, &object->symbols[i]) &&
			    patch->patched_graph->symbol_atom[i] != MKP_NO_ATOM)
				error = add_definition(linker, p, i);
	}
	mkp_index_seal(&linker->names);
	return error;
}

static const char *name_of(const struct linker *linker,
			   const struct definition *definition)
{
	return linker->patches[definition->patch]
		->patched->symbols[definition->symbol]
		.name;
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
static const struct definition *find_definition(const struct linker *linker,
						uint32_t patch, const char *name)
{
	const struct definition *found = NULL;
	size_t count;
	const struct mkp_index_entry *entries = mkp_index_find(
		&linker->names, mkp_hash_string(name), &count);

	for (size_t i = 0; i < count; i++) {
		const struct definition *it = &linker->definitions[entries[i].id];
		bool own;

		if (it->patch == patch || strcmp(name_of(linker, it), name) != 0 ||
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

static bool is_added(const struct linker *linker, const struct definition *definition)
{
	const struct mkp_patch *patch = linker->patches[definition->patch];
	uint32_t atom = atom_of(linker, definition);
	uint8_t kind = patch->patched_graph->atoms[atom].kind;

	return patch->diff->state[atom] == MKP_STATE_NEW &&
	       (kind == MKP_ATOM_FUNC || kind == MKP_ATOM_OBJECT);
}

static struct mkp_error *check_clash(struct linker *linker,
				     const struct definition *definition)
{
	const struct mkp_patch *patch = linker->patches[definition->patch];
	const char *name = name_of(linker, definition);
	size_t count;
	const struct mkp_index_entry *entries;

	if (!is_added(linker, definition))
		return NULL;
	entries = mkp_index_find(&linker->names, mkp_hash_string(name), &count);
	for (size_t i = 0; i < count; i++) {
		const struct definition *it = &linker->definitions[entries[i].id];
		const struct mkp_patch *other = linker->patches[it->patch];

		if (it->patch >= definition->patch || !is_added(linker, it) ||
		    strcmp(name_of(linker, it), name) != 0 ||
		    !mkp_check_same_object(&other->context, &patch->context))
			continue;
		return mkp_check_report(
			patch->report, MKP_CHECK_PATCH_CLASH, name,
			mkp_check_source(&patch->context, atom_of(linker, definition)),
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
static void link_symbol(struct linker *linker, uint32_t from, uint32_t target)
{
	const struct mkp_patch *patch = linker->patches[from];
	const char *name = mkp_atom_name(patch->patched_graph, target);
	const struct definition *definition = find_definition(linker, from, name);
	struct mkp_patch *other;
	struct mkp_link link = { 0 };

	if (!definition || patch->links[target].to)
		return;
	other = linker->patches[definition->patch];
	link.to = &other->context;
	link.atom = atom_of(linker, definition);
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

static void link_refs(struct linker *linker, uint32_t from, uint32_t atom)
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
static bool link_included(struct linker *linker, uint32_t patch)
{
	const struct mkp_selection *selection = linker->patches[patch]->selection;
	bool any = linker->done[patch] < selection->nr_included;

	while (linker->done[patch] < selection->nr_included)
		link_refs(linker, patch, selection->queue[linker->done[patch]++]);
	return any;
}

static void link_all(struct linker *linker)
{
	bool any = true;

	while (any) {
		any = false;
		for (uint32_t i = 0; i < linker->nr_patches; i++)
			any |= link_included(linker, i);
	}
}

static struct mkp_error *create_links(struct linker *linker)
{
	struct mkp_error *error = mkp_array_create(linker->nr_patches,
						   sizeof(*linker->done), &linker->done);

	for (size_t i = 0; i < linker->nr_patches && !error; i++) {
		struct mkp_patch *patch = linker->patches[i];

		error = mkp_array_create(patch->patched_graph->nr_atoms,
					 sizeof(*patch->links), &patch->links);
		patch->context.links = patch->links;
	}
	return error;
}

struct mkp_error *mkp_link_patches(struct mkp_patch *const *patches, size_t nr_patches)
{
	struct linker linker = { .patches = patches, .nr_patches = nr_patches };
	struct mkp_error *error = create_links(&linker);

	mkp_index_init(&linker.names);
	if (!error)
		error = collect_definitions(&linker);
	for (size_t i = 0; i < linker.nr_definitions && !error; i++)
		error = check_clash(&linker, &linker.definitions[i]);
	if (!error)
		link_all(&linker);
	mkp_index_deinit(&linker.names);
	free(linker.definitions);
	free(linker.done);
	return error;
}
