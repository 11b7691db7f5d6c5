/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Explanations as members of JSON objects.
 */
#ifndef MKP_REPORT_EXPLAIN_JSON_H
#define MKP_REPORT_EXPLAIN_JSON_H

#include "base/json.h"
#include "report/explanation.h"

/** The member "explanation": the steps, or null if nobody asked. */
struct mkp_error *mkp_json_add_explanation(struct json_object *object,
					   const struct mkp_explanation *explanation)
	MKP_MUST_CHECK;

/** The member "links": the way to the replaced function; null if nobody asked. */
struct mkp_error *mkp_json_add_links(struct json_object *object,
				     const struct mkp_report_link *links,
				     size_t count) MKP_MUST_CHECK;

#endif
