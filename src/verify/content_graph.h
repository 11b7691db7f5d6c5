/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Content of pieces that refer to each other: of each piece, what it is by itself and all
 * that it leads to.
 */
#ifndef MKP_VERIFY_CONTENT_GRAPH_H
#define MKP_VERIFY_CONTENT_GRAPH_H

#include <stdint.h>

#include "verify/facts.h"

struct mkp_content_node {
	struct mkp_content own; /* without what its references lead to */
	const char *name;	/* borrowed; "": none. Chooses between twins only */
	size_t first_edge, nr_edges;
};

struct mkp_content_graph {
	struct mkp_content_node *nodes; /* owned */
	size_t nr_nodes, cap_nodes;
	uint32_t *edges; /* owned; numbers of nodes, in the order of the references */
	size_t nr_edges, cap_edges;
};

void mkp_content_graph_deinit(struct mkp_content_graph *graph);

/** The content of each node; *@ret_contents is the caller's. */
struct mkp_error *mkp_content_graph_solve(const struct mkp_content_graph *graph,
					  struct mkp_content **ret_contents)
	MKP_MUST_CHECK;

#endif
