// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "verify/content_graph.h"

#define MAX 8

/* A graph by hand: `to` ends with -1; node i is what stands at `place[i]`, as if the
 * linker had put it there. */
struct drawn {
	uint64_t own;
	const char *name;
	int to[4];
};

static struct mkp_content *solve(const struct mkp_content_graph *graph)
{
	struct mkp_content *contents = NULL;

	assert_null(mkp_content_graph_solve(graph, &contents));
	return contents;
}

/* Contents of the nodes as drawn, whatever their order is in the graph. */
static void draw(const struct drawn *drawn, size_t count, const size_t *place,
		 struct mkp_content *ret_contents)
{
	struct mkp_content_graph graph = { 0 };
	struct mkp_content *contents;
	uint32_t edges[MAX * 4];
	struct mkp_content_node nodes[MAX];

	graph.nodes = nodes;
	graph.edges = edges;
	graph.nr_nodes = count;
	for (size_t i = 0; i < count; i++) {
		struct mkp_content_node *node = &nodes[place[i]];

		*node = (struct mkp_content_node){ .own = { drawn[i].own, 1 },
						   .name = drawn[i].name,
						   .first_edge = graph.nr_edges };
		for (size_t k = 0; k < 4 && drawn[i].to[k] >= 0; k++)
			edges[graph.nr_edges++] = (uint32_t)place[drawn[i].to[k]];
		node->nr_edges = graph.nr_edges - node->first_edge;
	}
	contents = solve(&graph);
	for (size_t i = 0; i < count; i++)
		ret_contents[i] = contents[place[i]];
	free(contents);
}

static bool same(const struct mkp_content *a, const struct mkp_content *b)
{
	return a->high == b->high && a->low == b->low;
}

static const size_t forward[] = { 0, 1, 2, 3, 4, 5 };
static const size_t shuffled[] = { 4, 2, 5, 0, 3, 1 };

/* 0 -> 1 <-> 2 -> 3, 3 -> 3; 4 and 5 refer to each other and are alike by themselves. */
#define SCENE                                                                            \
	{                                                                                \
		{ 10, "a", { 1, 3, -1 } }, { 11, "b", { 2, -1 } },                       \
			{ 12, "c", { 1, 3, -1 } }, { 13, "d", { 3, -1 } },               \
			{ 14, "e", { 5, 0, -1 } }, { 14, "f", { 4, 0, -1 } },            \
	}

static void order_does_not_matter(void **state)
{
	const struct drawn scene[] = SCENE;
	struct mkp_content a[6], b[6];

	(void)state;
	draw(scene, 6, forward, a);
	draw(scene, 6, shuffled, b);
	for (size_t i = 0; i < 6; i++) {
		assert_true(same(&a[i], &b[i]));
		for (size_t k = 0; k < i; k++)
			assert_false(same(&a[i], &a[k]));
	}
}

/* A change is one of all that lead there, and of nothing else. */
static void changes_go_up(void **state)
{
	static const bool changed[6][6] = {
		{ 1, 0, 0, 0, 1, 1 }, { 1, 1, 1, 0, 1, 1 }, { 1, 1, 1, 0, 1, 1 },
		{ 1, 1, 1, 1, 1, 1 }, { 0, 0, 0, 0, 1, 1 }, { 0, 0, 0, 0, 1, 1 },
	};
	const struct drawn scene[] = SCENE;
	struct mkp_content a[6], b[6];

	(void)state;
	draw(scene, 6, forward, a);
	for (size_t i = 0; i < 6; i++) {
		struct drawn other[] = SCENE;

		other[i].own += 100;
		draw(other, 6, shuffled, b);
		for (size_t k = 0; k < 6; k++)
			assert_int_equal(!same(&a[k], &b[k]), changed[i][k]);
	}
}

/* The same pieces, and the same numbers of references, but they lead elsewhere. */
static void wiring_matters(void **state)
{
	const struct drawn one[] = { { 1, "a", { 1, 2, -1 } },
				     { 2, "b", { 0, -1 } },
				     { 3, "c", { 0, -1 } } };
	const struct drawn two[] = { { 1, "a", { 2, 1, -1 } },
				     { 2, "b", { 0, -1 } },
				     { 3, "c", { 0, -1 } } };
	const struct drawn ring[] = { { 1, "a", { 1, -1 } },
				      { 1, "b", { 2, -1 } },
				      { 1, "c", { 3, -1 } },
				      { 1, "d", { 0, -1 } } };
	const struct drawn rings[] = { { 1, "a", { 1, -1 } },
				       { 1, "b", { 0, -1 } },
				       { 1, "c", { 3, -1 } },
				       { 1, "d", { 2, -1 } } };
	struct mkp_content a[4], b[4];

	(void)state;
	draw(one, 3, forward, a);
	draw(two, 3, forward, b);
	assert_false(same(&a[0], &b[0]));
	draw(ring, 4, forward, a);
	draw(rings, 4, forward, b);
	assert_false(same(&a[0], &b[0]));
}

/* All are met in the same order; what leads back makes the difference. */
static void ways_back_matter(void **state)
{
	struct drawn ring[] = { { 1, "a", { 1, -1 } },
				{ 2, "b", { 2, -1 } },
				{ 3, "c", { 3, -1 } },
				{ 4, "d", { 0, 0, -1 } } };
	struct mkp_content contents[4][4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		ring[3].to[1] = i;
		draw(ring, 4, forward, contents[i]);
		for (int k = 0; k < i; k++)
			assert_false(same(&contents[i][0], &contents[k][0]));
	}
}

/* One piece of a ring is another one: that says where the others are, without names. */
static void odd_one_is_found(void **state)
{
	struct drawn ring[] = { { 1, "", { 1, -1 } }, { 1, "", { 2, -1 } },
				{ 1, "", { 3, -1 } }, { 1, "", { 4, -1 } },
				{ 1, "", { 5, -1 } }, { 1, "", { 0, -1 } } };
	struct mkp_content a[6], b[6];

	(void)state;
	for (uint64_t own = 0; own < 20; own++) {
		for (size_t i = 0; i < 6; i++)
			ring[i].own = i == 3 ? 100 : own;
		draw(ring, 6, forward, a);
		draw(ring, 6, shuffled, b);
		for (size_t i = 0; i < 6; i++)
			assert_true(same(&a[i], &b[i]));
	}
}

/* In a ring of pieces that are alike, the names say which is which, not the order. */
static void twins_go_by_name(void **state)
{
	const struct drawn ring[] = { { 1, "a", { 1, -1 } },
				      { 1, "b", { 2, -1 } },
				      { 1, "c", { 0, -1 } } };
	const size_t turned[] = { 1, 2, 0 };
	struct mkp_content a[3], b[3];

	(void)state;
	draw(ring, 3, forward, a);
	draw(ring, 3, turned, b);
	for (size_t i = 0; i < 3; i++)
		assert_true(same(&a[i], &b[i]));
}

/* Neither does a long way use the stack, nor does it take a time of its square. */
static void long_ways(void **state)
{
	const uint32_t count = 1000000;
	struct mkp_content_graph graph = { .nr_nodes = count, .nr_edges = count };
	struct mkp_content *contents;

	(void)state;
	assert_null(mkp_array_create(count, sizeof(*graph.nodes), &graph.nodes));
	assert_null(mkp_array_create(count, sizeof(*graph.edges), &graph.edges));
	for (uint32_t i = 0; i < count; i++) {
		graph.nodes[i] = (struct mkp_content_node){ { 7, i == 77 }, "", i, 1 };
		graph.edges[i] = (i + 1) % count;
	}
	contents = solve(&graph);
	assert_false(same(&contents[0], &contents[1]));
	free(contents);
	graph.edges[count - 1] = count - 1;
	contents = solve(&graph);
	assert_false(same(&contents[0], &contents[1]));
	free(contents);
	mkp_content_graph_deinit(&graph);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_does_not_matter),
		cmocka_unit_test(changes_go_up),
		cmocka_unit_test(wiring_matters),
		cmocka_unit_test(ways_back_matter),
		cmocka_unit_test(odd_one_is_found),
		cmocka_unit_test(twins_go_by_name),
		cmocka_unit_test(long_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
