// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A list of patches in the form of quilt: a file called "series", one patch a line, with
 * "#" comments and an optional -pN behind the name. A directory stands for its series.
 */
#include <string.h>
#include <xxhash.h>

#include "base/array.h"
#include "build/private.h"

struct list {
	struct mkp_series_patch *patches;
	size_t count, capacity;
};

static struct mkp_error *add(struct mkp_build *build, struct list *list, const char *path,
			     unsigned int strip)
{
	struct mkp_error *error = mkp_array_reserve(
		&list->patches, &list->capacity, list->count + 1, sizeof(*list->patches));
	const char *copy = NULL;

	if (!error)
		error = mkp_format(&build->arena, &copy, "%s", path);
	if (!error)
		list->patches[list->count++] = (struct mkp_series_patch){ copy, strip };
	return error;
}

static struct mkp_error *add_line(struct mkp_build *build, struct list *list,
				  const char *series, char *line)
{
	const char *slash = strrchr(series, '/');
	const char *path = NULL;
	unsigned int strip = 1;
	struct mkp_error *error;
	char *state, *name, *word;

	name = strtok_r(line, " \t\r", &state);
	if (!name || *name == '#')
		return NULL;
	while ((word = strtok_r(NULL, " \t\r", &state)) && *word != '#') {
		if (strncmp(word, "-p", 2) || word[2] < '0' || word[2] > '9' || word[3])
			return mkp_error_create(MKP_ERROR_FORMAT,
						"%s: '%s' behind %s: only -pN is known",
						series, word, name);
		strip = (unsigned int)(word[2] - '0');
	}
	error = mkp_format(&build->arena, &path, "%.*s%s",
			   slash ? (int)(slash - series) + 1 : 0, series, name);
	return error ? error : add(build, list, path, strip);
}

static struct mkp_error *add_series(struct mkp_build *build, struct list *list,
				    const char *series)
{
	MKP_CLEANUP_FREE char *text = NULL;
	const size_t before = list->count;
	struct mkp_error *error = mkp_file_read(series, &text, NULL);
	char *next = text, *line;

	while (!error && (line = strsep(&next, "\n")))
		error = add_line(build, list, series, line);
	if (!error && list->count == before)
		error = mkp_error_create(MKP_ERROR_FORMAT, "%s lists no patch", series);
	return error;
}

static struct mkp_error *add_operand(struct mkp_build *build, struct list *list,
				     const char *operand)
{
	const char *slash = strrchr(operand, '/');
	const char *path = operand;
	struct mkp_error *error = NULL;

	if (mkp_directory_exists(operand)) {
		error = mkp_format(&build->arena, &path, "%s/series", operand);
		return error ? error : add_series(build, list, path);
	}
	if (!strcmp(slash ? slash + 1 : operand, "series"))
		return add_series(build, list, operand);
	return add(build, list, path, 1);
}

struct mkp_error *mkp_series_expand(struct mkp_build *build,
				    struct mkp_series_patch **ret_patches,
				    size_t *ret_count)
{
	struct list list = { 0 };
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < build->options->nr_patches && !error; i++)
		error = add_operand(build, &list, build->options->patches[i]);
	if (error) {
		free(list.patches);
		return error;
	}
	*ret_patches = list.patches;
	*ret_count = list.count;
	return NULL;
}

struct mkp_error *mkp_build_identify(const char *patch, struct mkp_arena *arena,
				     const char **ret_text)
{
	MKP_CLEANUP_FREE char *data = NULL;
	const char *slash = strrchr(patch, '/');
	struct mkp_error *error;
	XXH128_hash_t hash;
	size_t size;

	error = mkp_file_read(patch, &data, &size);
	if (error)
		return error;
	hash = XXH3_128bits(data, size);
	return mkp_format(arena, ret_text, "%s xxh128:%016llx%016llx",
			  slash ? slash + 1 : patch, (unsigned long long)hash.high64,
			  (unsigned long long)hash.low64);
}

struct mkp_error *mkp_series_identify(struct mkp_build *build)
{
	struct mkp_error *error = mkp_array_create(
		build->nr_patches, sizeof(*build->sources), &build->sources);

	for (size_t i = 0; i < build->nr_patches && !error; i++)
		error = mkp_build_identify(build->patches[i].path, &build->arena,
					   &build->sources[i]);
	return error;
}
