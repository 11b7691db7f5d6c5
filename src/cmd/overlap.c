// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `mkpatch overlap A.ko B.ko...`: can they be loaded beside each other.
 */
#include "base/text.h"
#include "cmd/set.h"

static struct mkp_error *judge(struct mkp_set_report *report,
			       const struct mkp_set_modules *modules)
{
	return mkp_set_overlap(report, modules->modules, modules->count);
}

static struct mkp_error *print_json(const struct mkp_set_report *report,
				    const struct mkp_set_modules *modules)
{
	struct json_object *root = NULL;
	struct mkp_error *error = mkp_set_json_create("mkpatch.overlap/1", report, &root);

	if (!error)
		error = mkp_set_json_modules(root, "modules", modules);
	return mkp_set_json_finish(root, error);
}

static size_t count_functions(const struct mkp_facts *facts)
{
	size_t count = 0;

	for (size_t i = 0; i < facts->nr_rows; i++)
		count += facts->rows[i].kind == MKP_FACT_FUNCTION;
	return count;
}

static struct mkp_error *print(const struct mkp_set_report *report,
			       const struct mkp_set_modules *modules, bool json)
{
	const size_t dangers = mkp_set_count(report, MKP_SET_DANGER);

	if (json)
		return print_json(report, modules);
	printf("%s: %zu modules, %zu conflict%s\n", dangers ? "overlap" : "no overlap",
	       modules->count, dangers, dangers == 1 ? "" : "s");
	for (size_t i = 0; i < modules->count; i++) {
		const struct mkp_facts *facts = modules->modules[i];
		const size_t count = count_functions(facts);

		printf("  ");
		mkp_text_escape(stdout, facts->path);
		printf("  %zu function%s, ", count, count == 1 ? "" : "s");
		mkp_text_escape(stdout,
				facts->release ? facts->release : facts->vermagic);
		printf("\n");
	}
	mkp_set_print_findings(report);
	return NULL;
}

static int run_overlap(int argc, char **argv)
{
	static const struct mkp_set_command command = {
		"mkpatch overlap [--json] MODULE.ko MODULE.ko...",
		2,
		SIZE_MAX,
		judge,
		print,
		mkp_set_exit_code,
	};

	return mkp_set_run(argc, argv, &command);
}

const struct mkp_verb mkp_verb_overlap = {
	"overlap",
	run_overlap,
	"tell whether finished patch modules conflict",
};
