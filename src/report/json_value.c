// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/json_value.h"

#include <stdlib.h>

#include "base/text.h"

struct mkp_error *mkp_json_add(struct json_object *object, const char *key,
			       struct json_object *value)
{
	const unsigned int flags = JSON_C_OBJECT_ADD_KEY_IS_NEW |
				   JSON_C_OBJECT_ADD_CONSTANT_KEY;

	if (!value)
		return mkp_error_nomem();
	if (json_object_object_add_ex(object, key, value, flags)) {
		json_object_put(value);
		return mkp_error_nomem();
	}
	return NULL;
}

struct mkp_error *mkp_json_add_null(struct json_object *object, const char *key)
{
	if (json_object_object_add(object, key, NULL))
		return mkp_error_nomem();
	return NULL;
}

struct mkp_error *mkp_json_add_string(struct json_object *object, const char *key,
				      const char *string)
{
	struct mkp_error *error;
	char *text;

	if (!string)
		return mkp_json_add_null(object, key);
	error = mkp_text_escape_string(string, &text);
	if (error)
		return error;
	error = mkp_json_add(object, key, json_object_new_string(text));
	free(text);
	return error;
}

struct mkp_error *mkp_json_add_number(struct json_object *object, const char *key,
				      uint64_t number)
{
	return mkp_json_add(object, key, json_object_new_uint64(number));
}

struct mkp_error *mkp_json_add_strings(struct json_object *object,
				       const struct mkp_json_string *members,
				       size_t count)
{
	struct mkp_error *error = NULL;
	size_t i;

	for (i = 0; !error && i < count; i++)
		error = mkp_json_add_string(object, members[i].key, members[i].value);
	return error;
}

struct mkp_error *mkp_json_append_object(struct json_object *array,
					 struct json_object **ret_object)
{
	struct json_object *object = json_object_new_object();

	if (!object)
		return mkp_error_nomem();
	if (json_object_array_add(array, object)) {
		json_object_put(object);
		return mkp_error_nomem();
	}
	*ret_object = object;
	return NULL;
}
