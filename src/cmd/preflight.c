// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cmd.h"
#include "match/match.h"

static int run(int argc, char **argv)
{
	struct mkp_object *object = NULL;
	struct mkp_graph *graph = NULL;
	struct mkp_image *image = NULL;
	struct mkp_match *match = NULL;
	struct mkp_error *error = mkp_object_open(argv[1], &object);

	if (!error)
		error = mkp_graph_create(object, &graph);
	if (!error)
		error = mkp_image_open(argv[2], argc > 3 ? argv[3] : NULL, &image);
	if (!error)
		error = mkp_match_create(graph, image, &match);
	if (error)
		return mkp_fail(error);
	for (uint32_t i = 0; i < graph->nr_atoms; i++) {
		char *text = NULL, *a = NULL, *b = NULL;
		if (match->atoms[i].state == MKP_MATCH_NONE || match->atoms[i].state == MKP_MATCH_SAME)
			continue;
		error = mkp_difference_describe(match, i, &text);
		if (!error)
			error = mkp_difference_show(match, i, &a, &b);
		printf("%s [%s] %d: %s\n   %s\n   %s\n", mkp_atom_name(graph, i), graph->object->sections[graph->atoms[i].section].name, match->atoms[i].state, text, a ? a : "-", b ? b : "-");
	}
	printf("%u/%u functions, %u/%u objects\n", match->functions.same, match->functions.total, match->objects.same, match->objects.total);
	return 0;
}

const struct mkp_verb mkp_verb_preflight = {
	"preflight",
	run,
	"prove that an object is what the kernel was made from",
};
