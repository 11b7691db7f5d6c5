// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The content of a node is the hash of its own content and of the contents of what it
 * refers to, so those come first: Tarjan's algorithm gives the strongly connected
 * components in that order. Within a component everything leads to everything, so it has
 * one hash, that of a walk from one of its nodes, which numbers them as they come; a
 * node's content is that hash and its number.
 *
 * Where the walk begins must not depend on the order of the nodes, which is that of the
 * linker. Nodes are told apart by their own content, then by that of their neighbours,
 * and so on for as many rounds as the size has bits; the walk begins at the rarest. Nodes
 * that are still alike are twins in all but constructed cases, and their names decide.
 *
 * All of it takes a time of (nodes + edges) * log(nodes).
 */
#include "verify/content_graph.h"

#include <string.h>
#include <xxhash.h>

#include "base/array.h"
#include "base/index.h"

struct solution {
	const struct mkp_content_graph *graph;
	struct mkp_content *contents; /* [nodes] */
	uint32_t *component;	      /* [nodes]; 0: not known yet */
	uint32_t nr_components;

	/* Of the search; [nodes]. */
	uint32_t *order, *low; /* order: 0: not visited */
	size_t *next;	       /* edge to look at */
	uint32_t *open;	       /* nodes whose component is not known, as visited */
	uint32_t *path;
	size_t nr_ordered, nr_open, nr_path;

	/* Of one component. */
	uint32_t *number; /* [nodes]; in the walk, from 1 on */
	uint64_t *shade;  /* [nodes] */
	uint32_t *queue;  /* [nodes] */
	uint64_t *fresh;  /* [nodes] */
	XXH3_state_t *state;
};

void mkp_content_graph_deinit(struct mkp_content_graph *graph)
{
	free(graph->nodes);
	free(graph->edges);
	*graph = (struct mkp_content_graph){ 0 };
}

/* ---- one component ---- */

static bool is_inside(const struct solution *solution, uint32_t node, uint32_t other)
{
	return solution->component[node] == solution->component[other];
}

/* A node by itself, or, in later rounds, with what its neighbours were before. */
static uint64_t shade_of(const struct solution *solution, uint32_t node, bool first)
{
	const struct mkp_content_node *it = &solution->graph->nodes[node];
	const uint32_t *edges = solution->graph->edges + it->first_edge;
	uint64_t shade = first ? mkp_hash_mix(it->own.high, it->own.low)
			       : solution->shade[node];

	for (size_t i = 0; i < it->nr_edges; i++) {
		const struct mkp_content *content = &solution->contents[edges[i]];

		if (is_inside(solution, node, edges[i]))
			shade = mkp_hash_mix(shade,
					     first ? 0 : solution->shade[edges[i]]);
		else if (first)
			shade = mkp_hash_mix(shade, content->high ^ content->low);
	}
	return shade;
}

static int compare_nodes(const void *a, const void *b, void *data)
{
	const struct solution *solution = data;
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (solution->shade[x] != solution->shade[y])
		return solution->shade[x] < solution->shade[y] ? -1 : 1;
	return strcmp(solution->graph->nodes[x].name, solution->graph->nodes[y].name);
}

/* The first of the shade that the fewest have. */
static uint32_t rarest(const struct solution *solution, const uint32_t *nodes,
		       size_t count)
{
	size_t best = 0, fewest = count + 1;

	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count; end++)
			if (solution->shade[nodes[end]] != solution->shade[nodes[i]])
				break;
		if (end - i >= fewest)
			continue;
		best = i;
		fewest = end - i;
	}
	return nodes[best];
}

/* Sorts @nodes. */
static uint32_t choose_start(struct solution *solution, uint32_t *nodes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		solution->fresh[i] = shade_of(solution, nodes[i], true);
	for (size_t round = 0; count >> round; round++) {
		for (size_t i = 0; i < count; i++)
			solution->shade[nodes[i]] = solution->fresh[i];
		for (size_t i = 0; i < count; i++)
			solution->fresh[i] = shade_of(solution, nodes[i], false);
	}
	qsort_r(nodes, count, sizeof(*nodes), compare_nodes, solution);
	return rarest(solution, nodes, count);
}

static void hash_words(XXH3_state_t *state, uint64_t a, uint64_t b)
{
	const uint64_t words[] = { a, b };

	XXH3_128bits_update(state, words, sizeof(words));
}

/* Hashes the references of a node; numbers those inside of the component. */
static void hash_edges(struct solution *solution, uint32_t node, size_t *nr_queue)
{
	const struct mkp_content_node *it = &solution->graph->nodes[node];
	const uint32_t *edges = solution->graph->edges + it->first_edge;

	hash_words(solution->state, it->own.high, it->own.low);
	hash_words(solution->state, it->nr_edges, 0);
	for (size_t i = 0; i < it->nr_edges; i++) {
		const struct mkp_content *content = &solution->contents[edges[i]];

		if (!is_inside(solution, node, edges[i])) {
			hash_words(solution->state, 0, 0);
			hash_words(solution->state, content->high, content->low);
			continue;
		}
		if (!solution->number[edges[i]]) {
			solution->queue[(*nr_queue)++] = edges[i];
			solution->number[edges[i]] = (uint32_t)*nr_queue;
		}
		hash_words(solution->state, 1, solution->number[edges[i]]);
	}
}

static void solve_component(struct solution *solution, uint32_t *nodes, size_t count)
{
	uint32_t start = count > 1 ? choose_start(solution, nodes, count) : nodes[0];
	size_t nr_queue = 1;
	XXH128_hash_t all, hash;

	solution->queue[0] = start;
	solution->number[start] = 1;
	XXH3_128bits_reset(solution->state);
	for (size_t i = 0; i < nr_queue; i++)
		hash_edges(solution, solution->queue[i], &nr_queue);
	all = XXH3_128bits_digest(solution->state);
	for (size_t i = 0; i < count; i++) {
		XXH3_128bits_reset(solution->state);
		hash_words(solution->state, all.high64, all.low64);
		hash_words(solution->state, solution->number[nodes[i]], 0);
		hash = XXH3_128bits_digest(solution->state);
		solution->contents[nodes[i]] = (struct mkp_content){ hash.high64,
								     hash.low64 };
	}
}

/* ---- the search for components ---- */

static void enter(struct solution *solution, uint32_t node)
{
	solution->order[node] = (uint32_t)++solution->nr_ordered;
	solution->low[node] = solution->order[node];
	solution->next[node] = solution->graph->nodes[node].first_edge;
	solution->open[solution->nr_open++] = node;
	solution->path[solution->nr_path++] = node;
}

/* All that leads from @node is known: what is open from there on is a component if
 * nothing of it leads to an earlier node. */
static void leave(struct solution *solution, uint32_t node)
{
	size_t end = solution->nr_open, first = end;

	solution->nr_path--;
	if (solution->nr_path) {
		uint32_t before = solution->path[solution->nr_path - 1];

		if (solution->low[node] < solution->low[before])
			solution->low[before] = solution->low[node];
	}
	if (solution->low[node] != solution->order[node])
		return;
	solution->nr_components++;
	do
		solution->component[solution->open[--first]] = solution->nr_components;
	while (solution->open[first] != node);
	solve_component(solution, solution->open + first, end - first);
	solution->nr_open = first;
}

static void search(struct solution *solution, uint32_t start)
{
	const struct mkp_content_graph *graph = solution->graph;

	enter(solution, start);
	while (solution->nr_path) {
		uint32_t node = solution->path[solution->nr_path - 1], other;
		const struct mkp_content_node *it = &graph->nodes[node];

		if (solution->next[node] == it->first_edge + it->nr_edges) {
			leave(solution, node);
			continue;
		}
		other = graph->edges[solution->next[node]++];
		if (!solution->order[other])
			enter(solution, other);
		else if (!solution->component[other] &&
			 solution->order[other] < solution->low[node])
			solution->low[node] = solution->order[other];
	}
}

/* ---- all of it ---- */

static struct mkp_error *solution_init(struct solution *solution,
				       const struct mkp_content_graph *graph)
{
	const struct {
		void *array;
		size_t size;
	} arrays[] = {
		{ &solution->contents, sizeof(*solution->contents) },
		{ &solution->component, sizeof(*solution->component) },
		{ &solution->order, sizeof(*solution->order) },
		{ &solution->low, sizeof(*solution->low) },
		{ &solution->next, sizeof(*solution->next) },
		{ &solution->open, sizeof(*solution->open) },
		{ &solution->path, sizeof(*solution->path) },
		{ &solution->number, sizeof(*solution->number) },
		{ &solution->shade, sizeof(*solution->shade) },
		{ &solution->queue, sizeof(*solution->queue) },
		{ &solution->fresh, sizeof(*solution->fresh) },
	};
	struct mkp_error *error = NULL;

	*solution = (struct solution){ .graph = graph, .state = XXH3_createState() };
	if (!solution->state)
		return mkp_error_nomem();
	for (size_t i = 0; i < MKP_ARRAY_SIZE(arrays) && !error; i++)
		error = mkp_array_create(graph->nr_nodes, arrays[i].size,
					 arrays[i].array);
	return error;
}

static void solution_deinit(struct solution *solution)
{
	free(solution->contents);
	free(solution->component);
	free(solution->order);
	free(solution->low);
	free(solution->next);
	free(solution->open);
	free(solution->path);
	free(solution->number);
	free(solution->shade);
	free(solution->queue);
	free(solution->fresh);
	XXH3_freeState(solution->state);
}

struct mkp_error *mkp_content_graph_solve(const struct mkp_content_graph *graph,
					  struct mkp_content **ret_contents)
{
	struct solution solution;
	struct mkp_error *error = solution_init(&solution, graph);

	for (size_t i = 0; i < graph->nr_nodes && !error; i++)
		if (!solution.order[i])
			search(&solution, (uint32_t)i);
	if (!error) {
		*ret_contents = solution.contents;
		solution.contents = NULL;
	}
	solution_deinit(&solution);
	return error;
}
