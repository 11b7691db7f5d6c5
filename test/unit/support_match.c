// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "support_match.h"

static void link_image(const struct matched *matched, size_t nr_parts)
{
	char *line;

	assert_true(asprintf(&line,
			     "ld --unresolved-symbols=ignore-all -z noexecstack -e 0 "
			     "-Ttext=0xffffffff81000000 -o %s %s %s 2>/dev/null",
			     matched->path, matched->parts[0].path,
			     nr_parts > 1 ? matched->parts[1].path : "") > 0);
	if (system(line))
		fail_msg("%s", line);
	free(line);
}

void matched_init_by(struct matched *matched, const char *const commands[3],
		     const char *object, const char *image, const char *second)
{
	int fd;

	*matched = (struct matched){ .path = strdup("/tmp/mkp-matched-XXXXXX") };
	assert_non_null(matched->path);
	fd = mkstemp(matched->path);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	compiled_init(&matched->object, commands[0], object);
	compiled_init(&matched->parts[0], commands[1], image);
	if (second)
		compiled_init(&matched->parts[1], commands[2], second);
	link_image(matched, second ? 2 : 1);
	assert_null(mkp_image_open(matched->path, NULL, &matched->image));
	assert_null(
		mkp_match_create(matched->object.graph, matched->image, &matched->match));
}

void matched_init(struct matched *matched, const char *object, const char *image,
		  const char *second)
{
	static const char *const commands[3] = { AS, AS, AS };

	matched_init_by(matched, commands, object, image, second);
}

void matched_init_module(struct matched *matched, const char *const commands[2],
			 const char *object, const char *image)
{
	*matched = (struct matched){ 0 };
	compiled_init(&matched->object, commands[0], object);
	compiled_init(&matched->parts[0], commands[1], image);
	assert_null(mkp_image_open(matched->parts[0].path, "sample", &matched->image));
	assert_null(
		mkp_match_create(matched->object.graph, matched->image, &matched->match));
}

void matched_deinit(struct matched *matched)
{
	mkp_match_destroy(matched->match);
	mkp_image_destroy(matched->image);
	if (matched->parts[1].path)
		compiled_deinit(&matched->parts[1]);
	compiled_deinit(&matched->parts[0]);
	compiled_deinit(&matched->object);
	if (matched->path)
		unlink(matched->path);
	free(matched->path);
}
