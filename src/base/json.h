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

/** Appends an empty object, which stays the array's. */
struct mkp_error *mkp_json_append_object(struct json_object *array,
					 struct json_object **ret_object) MKP_MUST_CHECK;

/** Appends a string. */
struct mkp_error *mkp_json_append_string(struct json_object *array,
					 const char *string) MKP_MUST_CHECK;

/** Writes @root, indented; @spaced: with blanks around colons. */
struct mkp_error *mkp_json_write(struct json_object *root, bool spaced,
				 FILE *stream) MKP_MUST_CHECK;

#endif
