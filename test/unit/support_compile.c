// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "diff/overrides.h"
#include "support_compile.h"

static void compile(const char *command, const char *source, const char *path)
{
	char *line;
	FILE *compiler;

	assert_true(asprintf(&line, "%s -c -o %s -", command, path) > 0);
	compiler = popen(line, "w");
	assert_non_null(compiler);
	assert_true(fputs(source, compiler) >= 0);
	if (pclose(compiler))
		fail_msg("%s", line);
	free(line);
}

void compiled_init(struct compiled *compiled, const char *command, const char *source)
{
	int fd;

	compiled->path = strdup("/tmp/mkp-compiled-XXXXXX");
	assert_non_null(compiled->path);
	fd = mkstemp(compiled->path);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	compile(command, source, compiled->path);
	assert_null(mkp_object_open(compiled->path, &compiled->object));
	assert_null(mkp_graph_create(compiled->object, NULL, &compiled->graph));
	assert_null(mkp_types_create(compiled->object, &compiled->types));
	assert_null(mkp_lines_create(compiled->path, &compiled->lines));
}

void compiled_deinit(struct compiled *compiled)
{
	mkp_lines_destroy(compiled->lines);
	mkp_types_destroy(compiled->types);
	mkp_graph_destroy(compiled->graph);
	mkp_object_destroy(compiled->object);
	unlink(compiled->path);
	free(compiled->path);
}

uint32_t compiled_atom(const struct compiled *compiled, const char *name)
{
	for (uint32_t i = 0; i < compiled->graph->nr_atoms; i++)
		if (!strcmp(mkp_atom_name(compiled->graph, i), name))
			return i;
	fail_msg("no atom is called %s", name);
	return MKP_NO_ATOM;
}

void compiled_entry(const struct compiled *compiled, uint16_t tag, const char *name,
		    struct mkp_die *ret_die)
{
	const struct mkp_top *tops;
	size_t count;

	assert_null(mkp_types_tops(compiled->types, &tops, &count));
	for (size_t i = 0; i < count; i++)
		if (tops[i].tag == tag &&
		    mkp_dwarf_read(mkp_types_dwarf(compiled->types), tops[i].offset,
				   ret_die) &&
		    ret_die->name && !strcmp(ret_die->name, name))
			return;
	fail_msg("no entry is called %s", name);
}

static void apply(struct mkp_diff *diff, const char *ignored)
{
	struct mkp_overrides overrides;

	mkp_overrides_init(&overrides);
	if (ignored)
		assert_null(mkp_overrides_add(
			&overrides,
			&(struct mkp_override){ .kind = MKP_OVERRIDE_IGNORE_FUNCTION,
						.name = ignored,
						.reason = "a test",
						.origin = "a test" }));
	assert_null(mkp_overrides_apply(&overrides, diff));
	mkp_overrides_deinit(&overrides);
}

void compiled_pair_init(struct compiled_pair *pair, const char *command, const char *orig,
			const char *patched, const char *ignored)
{
	compiled_init(&pair->orig, command, orig);
	compiled_init(&pair->patched, command, patched);
	assert_null(mkp_diff_create(pair->orig.graph, pair->patched.graph, &pair->diff));
	assert_null(mkp_correlate(pair->diff));
	assert_null(mkp_compare(pair->diff, pair->orig.lines, pair->patched.lines));
	apply(pair->diff, ignored);
	assert_null(mkp_select(pair->diff, &pair->selection));
}

void compiled_pair_deinit(struct compiled_pair *pair)
{
	mkp_selection_destroy(pair->selection);
	mkp_diff_destroy(pair->diff);
	compiled_deinit(&pair->patched);
	compiled_deinit(&pair->orig);
}
