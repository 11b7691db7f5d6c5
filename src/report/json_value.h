/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Members of JSON objects. Strings are escaped on the way (base/text.h).
 */
#ifndef MKP_REPORT_JSON_VALUE_H
#define MKP_REPORT_JSON_VALUE_H

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "report/explanation.h"

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

/** Appends an empty object, which stays the array's. */
struct mkp_error *mkp_json_append_object(struct json_object *array,
					 struct json_object **ret_object) MKP_MUST_CHECK;

/** The member "explanation": the steps, or null if nobody asked. */
struct mkp_error *mkp_json_add_explanation(struct json_object *object,
					   const struct mkp_explanation *explanation)
	MKP_MUST_CHECK;

/** The member "links": the way to the replaced function; null if nobody asked. */
struct mkp_error *mkp_json_add_links(struct json_object *object,
				     const struct mkp_report_link *links,
				     size_t count) MKP_MUST_CHECK;

#endif
