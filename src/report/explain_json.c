// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cause chains as JSON.
 */
#include "report/explain_json.h"

/* Adds an empty array, which stays the object's. */
static struct mkp_error *add_array(struct json_object *object, const char *key,
				   struct json_object **ret_array)
{
	*ret_array = json_object_new_array();
	return mkp_json_add(object, key, *ret_array);
}

static struct mkp_error *add_frames(struct json_object *object,
				    const struct mkp_report_side *side)
{
	struct json_object *array, *frame;
	struct mkp_error *error = add_array(object, "frames", &array);

	for (size_t i = 0; i < side->nr_frames && !error; i++) {
		error = mkp_json_append_object(array, &frame);
		if (!error)
			error = mkp_json_add_string(frame, "function",
						    side->frames[i].function);
		if (!error)
			error = mkp_json_add_string(frame, "source",
						    side->frames[i].source);
	}
	return error;
}

static struct mkp_error *add_insn(struct json_object *array,
				  const struct mkp_report_insn *insn)
{
	const struct mkp_json_string members[] = {
		{ "bytes", insn->bytes },
		{ "text", insn->text },
		{ "source", insn->source },
	};
	struct json_object *object;
	struct mkp_error *error = mkp_json_append_object(array, &object);

	if (!error)
		error = mkp_json_add_number(object, "offset", insn->offset);
	if (!error)
		error = mkp_json_add_strings(object, members, MKP_ARRAY_SIZE(members));
	if (!error)
		error = mkp_json_add(object, "differs",
				     json_object_new_boolean(insn->differs));
	return error;
}

static struct mkp_error *add_side(struct json_object *step, const char *key,
				  const struct mkp_report_side *side)
{
	struct json_object *object, *array;
	struct mkp_error *error;

	if (!side->there && !side->nr_insns)
		return mkp_json_add_null(step, key);
	object = json_object_new_object();
	error = mkp_json_add(step, key, object);
	if (!error)
		error = mkp_json_add_number(object, "offset", side->offset);
	if (!error)
		error = mkp_json_add_string(object, "bytes", side->bytes);
	if (!error)
		error = mkp_json_add_string(object, "text", side->text);
	if (!error)
		error = mkp_json_add_string(object, "source",
					    side->nr_frames ? side->frames[0].source
							    : NULL);
	if (!error)
		error = add_frames(object, side);
	if (!error)
		error = add_array(object, "instructions", &array);
	for (size_t i = 0; i < side->nr_insns && !error; i++)
		error = add_insn(array, &side->insns[i]);
	return error;
}

static struct mkp_error *add_step(struct json_object *array,
				  const struct mkp_report_step *step)
{
	const struct mkp_json_string members[] = {
		{ "kind", step->kind },
		{ "name", step->name },
		{ "field", step->field },
		{ "text", step->text },
	};
	struct json_object *object;
	struct mkp_error *error = mkp_json_append_object(array, &object);

	if (!error)
		error = mkp_json_add_strings(object, members, MKP_ARRAY_SIZE(members));
	if (!error)
		error = add_side(object, "original", &step->sides[0]);
	if (!error)
		error = add_side(object, "patched", &step->sides[1]);
	return error;
}

struct mkp_error *mkp_json_add_explanation(struct json_object *object,
					   const struct mkp_explanation *explanation)
{
	struct json_object *array;
	struct mkp_error *error;

	if (!explanation->steps)
		return mkp_json_add_null(object, "explanation");
	error = add_array(object, "explanation", &array);
	for (size_t i = 0; i < explanation->nr_steps && !error; i++)
		error = add_step(array, &explanation->steps[i]);
	return error;
}

struct mkp_error *mkp_json_add_links(struct json_object *object,
				     const struct mkp_report_link *links, size_t count)
{
	struct json_object *array, *link;
	struct mkp_error *error;

	if (!links)
		return mkp_json_add_null(object, "links");
	error = add_array(object, "links", &array);
	for (size_t i = 0; i < count && !error; i++) {
		error = mkp_json_append_object(array, &link);
		if (!error)
			error = mkp_json_add_string(link, "name", links[i].name);
		if (!error)
			error = mkp_json_add_string(link, "because", links[i].because);
	}
	return error;
}
