// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/json.h"

#include <errno.h>
#include <inttypes.h>
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

struct mkp_error *mkp_json_add_bool(struct json_object *object, const char *key,
				    bool value)
{
	return mkp_json_add(object, key, json_object_new_boolean(value));
}

struct mkp_error *mkp_json_add_address(struct json_object *object, const char *key,
				       uint64_t address)
{
	char text[sizeof("0x") + 16];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	return mkp_json_add(object, key, json_object_new_string(text));
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

static struct mkp_error *add_member(struct json_object *object,
				    const struct mkp_json_member *member)
{
	switch (member->kind) {
	case MKP_JSON_IS_NUMBER:
		return mkp_json_add_number(object, member->key, member->number);
	case MKP_JSON_IS_BOOL:
		return mkp_json_add_bool(object, member->key, member->number);
	default:
		return mkp_json_add_string(object, member->key, member->string);
	}
}

struct mkp_error *mkp_json_add_members(struct json_object *object,
				       const struct mkp_json_member *members,
				       size_t count)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; !error && i < count; i++)
		error = add_member(object, &members[i]);
	return error;
}

struct mkp_error *mkp_json_add_array(struct json_object *object, const char *key,
				     struct json_object **ret_array)
{
	*ret_array = json_object_new_array();
	return mkp_json_add(object, key, *ret_array);
}

struct mkp_error *mkp_json_append_members(struct json_object *array,
					  const struct mkp_json_member *members,
					  size_t count)
{
	struct json_object *object = NULL;
	struct mkp_error *error = mkp_json_append_object(array, &object);

	return error ? error : mkp_json_add_members(object, members, count);
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

struct mkp_error *mkp_json_append_string(struct json_object *array, const char *string)
{
	MKP_CLEANUP_FREE char *text = NULL;
	struct mkp_error *error = mkp_text_escape_string(string, &text);
	struct json_object *value;

	if (error)
		return error;
	value = json_object_new_string(text);
	if (!value || json_object_array_add(array, value)) {
		json_object_put(value);
		return mkp_error_nomem();
	}
	return NULL;
}

static struct mkp_error *write_text(struct json_object *root, int flags, FILE *stream)
{
	const char *text = json_object_to_json_string_ext(
		root, flags | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!text)
		return mkp_error_nomem();
	fputs(text, stream);
	fputc('\n', stream);
	if (fflush(stream) || ferror(stream))
		return mkp_error_create_errno(errno, "cannot write the report");
	return NULL;
}

struct mkp_error *mkp_json_write(struct json_object *root, bool spaced, FILE *stream)
{
	return write_text(
		root, JSON_C_TO_STRING_PRETTY | (spaced ? JSON_C_TO_STRING_SPACED : 0),
		stream);
}

struct mkp_error *mkp_json_write_line(struct json_object *root, FILE *stream)
{
	return write_text(root, JSON_C_TO_STRING_PLAIN, stream);
}
