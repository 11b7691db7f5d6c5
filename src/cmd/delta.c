// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `mkpatch delta OLD.ko NEW.ko`: what changes when the new one takes the old one's place.
 */
#include <inttypes.h>

#include "cmd/set.h"
#include "base/json.h"

/* References follow from the code, which is told already. */
static bool is_shown(const struct mkp_set_change *change)
{
	const struct mkp_fact *fact = change->before ? change->before : change->after;

	return fact->kind != MKP_FACT_REFERENCE;
}

static struct mkp_error *judge(struct mkp_set_report *report,
			       const struct mkp_set_modules *modules)
{
	return mkp_set_delta(report, modules->modules[0], modules->modules[1]);
}

static struct mkp_error *add_side(struct json_object *row, const char *key,
				  const struct mkp_fact *fact)
{
	struct json_object *side;
	char content[33];
	struct mkp_error *error;

	if (!fact)
		return mkp_json_add_null(row, key);
	side = json_object_new_object();
	error = mkp_json_add(row, key, side);
	if (error)
		return error;
	snprintf(content, sizeof(content), "%016" PRIx64 "%016" PRIx64,
		 fact->content.high, fact->content.low);
	error = mkp_json_add_number(side, "value", fact->value);
	return error ? error : mkp_json_add_string(side, "content", content);
}

static struct mkp_error *add_change(struct json_object *array,
				    const struct mkp_set_change *change)
{
	struct json_object *row;
	struct mkp_error *error = mkp_json_append_object(array, &row);

	if (!error)
		error = mkp_set_json_fact(row, change->before ? change->before
							      : change->after);
	if (!error)
		error = mkp_json_add_string(row, "state",
					    mkp_set_state_name(change->state));
	if (!error)
		error = add_side(row, "before", change->before);
	return error ? error : add_side(row, "after", change->after);
}

static struct mkp_error *print_json(const struct mkp_set_report *report,
				    const struct mkp_set_modules *modules)
{
	struct json_object *root = NULL, *array = json_object_new_array();
	struct mkp_error *error = mkp_set_json_create("mkpatch.delta/1", report, &root);

	if (error) {
		json_object_put(array);
		return error;
	}
	error = mkp_set_json_modules(root, "modules", modules);
	if (!error)
		error = mkp_json_add(root, "changes", array);
	for (size_t i = 0; i < report->nr_changes && !error; i++)
		if (is_shown(&report->changes[i]))
			error = add_change(array, &report->changes[i]);
	return mkp_set_json_finish(root, error);
}

static void print_change(const struct mkp_set_change *change)
{
	const struct mkp_fact *a = change->before, *b = change->after;
	const struct mkp_fact *fact = a ? a : b;
	const char *unit = fact->kind == MKP_FACT_STATE ? "" : " bytes";

	printf("  %-8s ", mkp_set_state_name(change->state));
	mkp_set_print_fact(fact);
	if (change->state == MKP_SET_CHANGED && a->value != b->value)
		printf("  %" PRIu64 " -> %" PRIu64 "%s", a->value, b->value, unit);
	else if (fact->value)
		printf("  %s%" PRIu64 "%s", *unit ? "" : "version ", fact->value, unit);
	printf("\n");
}

static struct mkp_error *print(const struct mkp_set_report *report,
			       const struct mkp_set_modules *modules, bool json)
{
	size_t counts[MKP_SET_SAME + 1] = { 0 };

	if (json)
		return print_json(report, modules);
	for (size_t i = 0; i < report->nr_changes; i++)
		if (is_shown(&report->changes[i]))
			counts[report->changes[i].state]++;
	printf("delta: %zu added, %zu dropped, %zu changed, %zu the same\n",
	       counts[MKP_SET_ADDED], counts[MKP_SET_DROPPED], counts[MKP_SET_CHANGED],
	       counts[MKP_SET_SAME]);
	for (size_t i = 0; i < report->nr_changes; i++)
		if (is_shown(&report->changes[i]))
			print_change(&report->changes[i]);
	mkp_set_print_findings(report);
	return NULL;
}

static int exit_code(const struct mkp_set_report *report)
{
	if (mkp_set_count(report, MKP_SET_DANGER))
		return MKP_EXIT_REFUSED;
	for (size_t i = 0; i < report->nr_changes; i++)
		if (is_shown(&report->changes[i]) &&
		    report->changes[i].state != MKP_SET_SAME)
			return MKP_EXIT_OK;
	return MKP_EXIT_UNCHANGED;
}

static int run_delta(int argc, char **argv)
{
	static const struct mkp_set_command command = {
		"mkpatch delta [--json] OLD.ko NEW.ko", 2, 2, judge, print, exit_code,
	};

	return mkp_set_run(argc, argv, &command);
}

const struct mkp_verb mkp_verb_delta = {
	"delta",
	run_delta,
	"tell what changes when one patch module replaces another",
};
