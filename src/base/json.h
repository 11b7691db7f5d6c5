/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON documents, on json-c. Strings are escaped on the way (base/text.h).
 */
#ifndef MKP_BASE_JSON_H
#define MKP_BASE_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

struct mkp_json_string {
	const char *key, *value;
};

/** A member of a row, by the macros below. */
struct mkp_json_member {
	const char *key;
	enum {
		MKP_JSON_IS_STRING,
		MKP_JSON_IS_NUMBER,
		MKP_JSON_IS_BOOL
	} kind;
	const char *string; /* NULL: null */
	uint64_t number;
};

#define MKP_JSON_STRING(key, value)                                                      \
	{                                                                                \
		key, MKP_JSON_IS_STRING, value, 0                                        \
	}
#define MKP_JSON_NUMBER(key, value)                                                      \
	{                                                                                \
		key, MKP_JSON_IS_NUMBER, NULL, value                                     \
	}
#define MKP_JSON_BOOL(key, value)                                                        \
	{                                                                                \
		key, MKP_JSON_IS_BOOL, NULL, value                                       \
	}
/* A size or a number of something; null where it is 0. */
#define MKP_JSON_KNOWN(key, value)                                                       \
	{                                                                                \
		key, (value) ? MKP_JSON_IS_NUMBER : MKP_JSON_IS_STRING, NULL, value      \
	}

/** Adds @value, which it owns from here on, even when it fails. NULL: no memory for it.
 */
struct mkp_error *mkp_json_add(struct json_object *object, const char *key,
			       struct json_object *value) MKP_MUST_CHECK;
struct mkp_error *mkp_json_add_null(struct json_object *object,
				    const char *key) MKP_MUST_CHECK;

/** A string, or null. */
struct mkp_error *mkp_json_add_string(struct json_object *object, const char *key,
				      const char *string) MKP_MUST_CHECK;
struct mkp_error *mkp_json_add_strings(struct json_object *object,
				       const struct mkp_json_string *members,
				       size_t count) MKP_MUST_CHECK;
struct mkp_error *mkp_json_add_number(struct json_object *object, const char *key,
				      uint64_t number) MKP_MUST_CHECK;

struct mkp_error *mkp_json_add_bool(struct json_object *object, const char *key,
				    bool value) MKP_MUST_CHECK;

/** A string of hex digits, since readers that use doubles would round a number. */
struct mkp_error *mkp_json_add_address(struct json_object *object, const char *key,
				       uint64_t address) MKP_MUST_CHECK;

/** Members of any kind. */
struct mkp_error *mkp_json_add_members(struct json_object *object,
				       const struct mkp_json_member *members,
				       size_t count) MKP_MUST_CHECK;

/** Adds an empty array, which stays the object's. */
struct mkp_error *mkp_json_add_array(struct json_object *object, const char *key,
				     struct json_object **ret_array) MKP_MUST_CHECK;

/** Appends an object of these members. */
struct mkp_error *mkp_json_append_members(struct json_object *array,
					  const struct mkp_json_member *members,
					  size_t count) MKP_MUST_CHECK;

/** Appends an empty object, which stays the array's. */
struct mkp_error *mkp_json_append_object(struct json_object *array,
					 struct json_object **ret_object) MKP_MUST_CHECK;

/** Appends a string. */
struct mkp_error *mkp_json_append_string(struct json_object *array,
					 const char *string) MKP_MUST_CHECK;

/** Writes @root, indented; @spaced: with blanks around colons. */
struct mkp_error *mkp_json_write(struct json_object *root, bool spaced,
				 FILE *stream) MKP_MUST_CHECK;

/** The same as one line. */
struct mkp_error *mkp_json_write_line(struct json_object *root,
				      FILE *stream) MKP_MUST_CHECK;

#endif
