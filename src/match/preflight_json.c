// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The preflight report as JSON: schema mkpatch.preflight/1, described by
 * preflight.schema.json beside this file. Every member is always there; what is not known
 * is null. Addresses are strings of hex digits, since readers that use doubles would
 * round them.
 */
#include "base/json.h"
#include "match/preflight.h"

static struct mkp_error *put_counts(struct json_object *root, const char *key,
				    const struct mkp_match_count *counts)
{
	const struct {
		const char *key;
		uint32_t value;
	} members[] = {
		{ "total", counts->total },	{ "same", counts->same },
		{ "differs", counts->differs }, { "absent", counts->absent },
		{ "weak", counts->elsewhere },
	};
	struct json_object *object = json_object_new_object();
	struct mkp_error *error = mkp_json_add(root, key, object);

	for (size_t i = 0; i < MKP_ARRAY_SIZE(members) && !error; i++)
		error = mkp_json_add_number(object, members[i].key, members[i].value);
	return error;
}

static uint64_t address_of(const struct mkp_match *match, uint32_t atom)
{
	size_t count;
	const struct mkp_image_symbol *symbols = mkp_image_symbols(match->space.image,
								   &count);

	return symbols[match->atoms[atom].symbol].address;
}

/* Name, kind and section of an atom. */
static struct mkp_error *put_atom(struct json_object *object,
				  const struct mkp_match *match, uint32_t atom)
{
	const struct mkp_atom *it = &match->graph->atoms[atom];
	struct mkp_error *error = mkp_json_add_string(object, "name",
						      mkp_atom_name(match->graph, atom));

	if (!error)
		error = mkp_json_add_string(object, "kind",
					    it->kind == MKP_ATOM_FUNC ? "function"
								      : "variable");
	if (!error)
		error = mkp_json_add_string(
			object, "section",
			match->graph->object->sections[it->section].name);
	return error;
}

static struct mkp_error *put_texts(struct json_object *object,
				   const struct mkp_match *match, uint32_t atom,
				   const char *because)
{
	MKP_CLEANUP_FREE char *text = NULL;
	MKP_CLEANUP_FREE char *here = NULL;
	MKP_CLEANUP_FREE char *there = NULL;
	struct mkp_error *error = mkp_difference_describe(match, atom, &text);

	if (!error)
		error = mkp_difference_show(match, atom, &here, &there);
	if (!error)
		error = mkp_json_add_string(object, "message", text);
	if (!error)
		error = mkp_json_add_string(object, "object", here);
	if (!error)
		error = mkp_json_add_string(object, "image", there);
	if (!error)
		error = mkp_json_add_string(object, "because",
					    mkp_preflight_is_wrong(match, atom) ? because
										: NULL);
	return error;
}

static struct mkp_error *put_difference(struct json_object *object,
					const struct mkp_match *match, uint32_t atom,
					const char *because)
{
	static const char *const states[] = {
		[MKP_MATCH_NONE] = "none",	 [MKP_MATCH_SAME] = "same",
		[MKP_MATCH_DIFFERS] = "differs", [MKP_MATCH_ABSENT] = "absent",
		[MKP_MATCH_ELSEWHERE] = "weak",
	};
	const struct mkp_match_atom *it = &match->atoms[atom];
	bool found = it->state != MKP_MATCH_ABSENT;
	struct mkp_error *error = put_atom(object, match, atom);

	if (!error)
		error = mkp_json_add_string(object, "state", states[it->state]);
	if (!error)
		error = mkp_json_add_string(object, "level",
					    mkp_preflight_is_wrong(match, atom) ? "error"
										: "note");
	if (!error && found)
		error = mkp_json_add_address(object, "address", address_of(match, atom));
	else if (!error)
		error = mkp_json_add_null(object, "address");
	if (!error)
		error = mkp_json_add_number(object, "place", it->difference.place);
	return error ? error : put_texts(object, match, atom, because);
}

static struct mkp_error *put_differences(struct json_object *root,
					 const struct mkp_preflight *preflight)
{
	const struct mkp_match *match = preflight->match;
	struct json_object *array = json_object_new_array(), *object;
	MKP_CLEANUP_FREE char *because = NULL;
	struct mkp_error *error = mkp_json_add(root, "differences", array);

	if (!error)
		error = mkp_preflight_explain(preflight, &because);
	for (uint32_t i = 0; i < match->graph->nr_atoms && !error; i++) {
		if (match->atoms[i].state == MKP_MATCH_NONE ||
		    match->atoms[i].state == MKP_MATCH_SAME)
			continue;
		error = mkp_json_append_object(array, &object);
		if (!error)
			error = put_difference(object, match, i, because);
	}
	return error;
}

/* Which of several symbols of one name each atom is. */
static struct mkp_error *put_learned(struct json_object *root,
				     const struct mkp_match *match)
{
	struct json_object *array = json_object_new_array(), *object;
	struct mkp_error *error = mkp_json_add(root, "learned", array);

	for (uint32_t i = 0; i < match->graph->nr_atoms && !error; i++) {
		const struct mkp_match_atom *it = &match->atoms[i];

		if (it->nr_names < 2 || it->state != MKP_MATCH_SAME)
			continue;
		error = mkp_json_append_object(array, &object);
		if (!error)
			error = put_atom(object, match, i);
		if (!error)
			error = mkp_json_add_number(object, "candidates", it->nr_names);
		if (!error && it->certain)
			error = mkp_json_add_address(object, "address",
						     address_of(match, i));
		else if (!error)
			error = mkp_json_add_null(object, "address");
	}
	return error;
}

static struct mkp_error *put_facts(struct json_object *root,
				   const struct mkp_preflight *preflight)
{
	struct json_object *array = json_object_new_array(), *object;
	struct mkp_error *error = mkp_json_add(root, "facts", array);

	for (size_t i = 0; i < preflight->nr_facts && !error; i++) {
		const struct mkp_fact *fact = &preflight->facts[i];

		error = mkp_json_append_object(array, &object);
		if (!error)
			error = mkp_json_add_string(object, "what", fact->what);
		if (!error)
			error = mkp_json_add_string(object, "object", fact->object);
		if (!error)
			error = mkp_json_add_string(object, "image", fact->image);
		if (!error)
			error = mkp_json_add_bool(object, "same", fact->same);
	}
	return error;
}

static struct mkp_error *put_build_id(struct json_object *root,
				      const struct mkp_object *object)
{
	size_t size;
	const uint8_t *id = mkp_build_id_find(object, &size);
	char text[2 * 64 + 1] = "";

	for (size_t i = 0; id && i < size && i < 64; i++)
		snprintf(text + 2 * i, 3, "%02x", id[i]);
	return mkp_json_add_string(root, "build_id", id ? text : NULL);
}

static struct mkp_error *fill_root(struct json_object *root,
				   const struct mkp_preflight *preflight)
{
	const struct mkp_match *match = preflight->match;
	const struct mkp_image *image = match->space.image;
	const struct {
		const char *key, *value;
	} head[] = {
		{ "schema", "mkpatch.preflight/1" },
		{ "mkpatch", MKP_VERSION },
		{ "status", mkp_preflight_count_wrong(match) ? "differs" : "same" },
		{ "arch", match->graph->arch->name },
		{ "object", match->graph->object->path },
		{ "image", mkp_image_path(image) },
		{ "module", mkp_image_module_name(image) },
		{ "debug", mkp_image_debug_path(image) },
	};
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < MKP_ARRAY_SIZE(head) && !error; i++)
		error = mkp_json_add_string(root, head[i].key, head[i].value);
	if (!error)
		error = put_build_id(root, match->space.object);
	if (!error)
		error = put_counts(root, "functions", &match->functions);
	if (!error)
		error = put_counts(root, "variables", &match->objects);
	if (!error)
		error = put_differences(root, preflight);
	if (!error)
		error = put_learned(root, match);
	return error ? error : put_facts(root, preflight);
}

struct mkp_error *mkp_preflight_write_json(const struct mkp_preflight *preflight,
					   FILE *stream)
{
	struct json_object *root = json_object_new_object();
	struct mkp_error *error;

	if (!root)
		return mkp_error_nomem();
	error = fill_root(root, preflight);
	if (!error)
		error = mkp_json_write(root, true, stream);
	json_object_put(root);
	return error;
}
