// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of verbs. Without a verb, two objects are compared.
 */
#include <string.h>

#include "base/memory.h"
#include "cmd/cmd.h"

static const struct mkp_verb *const verbs[] = {
	&mkp_verb_diff,	     &mkp_verb_finalize, &mkp_verb_checks,  &mkp_verb_verify,
	&mkp_verb_preflight, &mkp_verb_build,	 &mkp_verb_info,    &mkp_verb_sections,
	&mkp_verb_overlap,   &mkp_verb_delta,	 &mkp_verb_compose, &mkp_verb_package,
	&mkp_verb_check,
};

static void print_verbs(FILE *stream)
{
	fprintf(stream, "usage: mkpatch [VERB] ARGUMENT...\n\n");
	for (size_t i = 0; i < MKP_ARRAY_SIZE(verbs); i++)
		fprintf(stream, "  %-10s %s\n", verbs[i]->name, verbs[i]->help);
	fprintf(stream,
		"\nWithout a verb: diff. `mkpatch VERB --help` lists its options.\n");
}

int main(int argc, char **argv)
{
	mkp_memory_prepare();
	if (argc < 2) {
		print_verbs(stderr);
		return MKP_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_verbs(stdout);
		return mkp_finish(MKP_EXIT_OK);
	}
	for (size_t i = 0; i < MKP_ARRAY_SIZE(verbs); i++)
		if (!strcmp(argv[1], verbs[i]->name))
			return mkp_finish(verbs[i]->run(argc - 1, argv + 1));
	return mkp_finish(mkp_verb_diff.run(argc, argv));
}
