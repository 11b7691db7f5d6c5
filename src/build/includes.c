// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The graph of #include lines. The source is read once for a tree, some 45,000 files;
 * what was found is kept beside it as text, a line a file and below it a line for each
 * include:
 *
 *   fs/proc/cmdline.c
 *   <linux/fs.h
 *   "internal.h
 */
#include "build/includes.h"

#include <errno.h>
#include <fts.h>
#include <string.h>

#include "base/array.h"
#include "base/index.h"

struct edge {
	uint32_t from;	  /* file */
	bool quoted;	  /* "name" and not <name> */
	const char *name; /* of the text */
};

struct mkp_includes {
	char *text;	  /* owned; cut into strings */
	char *fresh_text; /* owned; the same of the patched files */
	const char **files;
	size_t nr_files, cap_files;
	struct edge *edges;
	size_t nr_edges, cap_edges;
	struct mkp_index by_path; /* files */
	struct mkp_index by_name; /* edges, by what is behind the last slash */
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- reading the source ---- */

static bool is_code(const char *name)
{
	static const char *const suffixes[] = { ".c", ".h", ".S", ".inc" };
	const size_t length = strlen(name);

	for (size_t i = 0; i < MKP_ARRAY_SIZE(suffixes); i++) {
		const size_t n = strlen(suffixes[i]);

		if (length > n && !strcmp(name + length - n, suffixes[i]))
			return true;
	}
	return false;
}

/* Writes the name that an #include line names; @line is behind its '#'. */
static void write_include(FILE *stream, const char *line)
{
	size_t length;

	line += strspn(line, " \t");
	if (strncmp(line, "include", 7))
		return;
	line += 7;
	line += strspn(line, " \t");
	if (*line != '"' && *line != '<')
		return;
	length = strcspn(line + 1, "\">\n");
	if (line[1 + length] == '"' || line[1 + length] == '>')
		fprintf(stream, "%.*s\n", (int)length + 1, line);
}

static struct mkp_error *scan_file(const char *file, const char *path, FILE *stream)
{
	MKP_CLEANUP_FREE char *text = NULL;
	struct mkp_error *error = mkp_file_read(file, &text, NULL);
	const char *at = text;

	if (error)
		return error;
	fprintf(stream, "%s\n", path);
	while (at) {
		at += strspn(at, " \t");
		if (*at == '#')
			write_include(stream, at + 1);
		at = strchr(at, '\n');
		at += at != NULL;
	}
	return NULL;
}

static bool is_skipped(const char *path)
{
	static const char *const paths[] = { "Documentation", "tools", "scripts",
					     "samples", "rust" };

	for (size_t i = 0; i < MKP_ARRAY_SIZE(paths); i++)
		if (!strcmp(path, paths[i]))
			return true;
	return false;
}

static struct mkp_error *scan_tree(struct mkp_build *build, FILE *stream)
{
	MKP_CLEANUP_FREE char *root = strdup(build->tree);
	char *const roots[] = { root, NULL };
	struct mkp_error *error = NULL;
	size_t count = 0;
	FTSENT *entry;
	FTS *fts;

	if (!root)
		return mkp_error_nomem();
	fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	if (!fts)
		return mkp_error_create_errno(errno, "%s", build->tree);
	while (!error && (entry = fts_read(fts))) {
		const char *path = entry->fts_path + strlen(build->tree);

		path += *path == '/';
		if (entry->fts_info == FTS_D && is_skipped(path))
			fts_set(fts, entry, FTS_SKIP);
		if (entry->fts_info != FTS_F || !is_code(entry->fts_name))
			continue;
		error = scan_file(entry->fts_path, path, stream);
		if (!error && ++count % 1024 == 0)
			error = mkp_signals_check(build->signals);
	}
	fts_close(fts);
	return error;
}

static struct mkp_error *scan_fresh(struct mkp_build *build, FILE *stream)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < build->nr_files && !error; i++) {
		const char *path;

		error = mkp_format(&build->arena, &path, "%s/%s", build->fresh,
				   build->files[i].path);
		if (!error && mkp_file_exists(path))
			error = scan_file(path, build->files[i].path, stream);
	}
	return error;
}

static struct mkp_error *scan(struct mkp_build *build,
			      struct mkp_error *(*from)(struct mkp_build *, FILE *),
			      char **ret_text, size_t *ret_size)
{
	FILE *stream = open_memstream(ret_text, ret_size);
	struct mkp_error *error;

	if (!stream)
		return mkp_error_nomem();
	error = from(build, stream);
	if (fclose(stream) && !error)
		error = mkp_error_nomem();
	return error;
}

/* ---- the graph ---- */

static struct mkp_error *add_edge(struct mkp_includes *includes, const char *line)
{
	struct mkp_error *error = mkp_array_reserve(
		&includes->edges, &includes->cap_edges, includes->nr_edges + 1,
		sizeof(*includes->edges));

	if (error)
		return error;
	includes->edges[includes->nr_edges] = (struct edge){
		.from = (uint32_t)includes->nr_files - 1,
		.quoted = *line == '"',
		.name = line + 1,
	};
	return mkp_index_add(&includes->by_name, mkp_hash_string(base_name(line + 1)),
			     (uint32_t)includes->nr_edges++);
}

static struct mkp_error *add_file(struct mkp_includes *includes, const char *line)
{
	struct mkp_error *error = mkp_array_reserve(
		&includes->files, &includes->cap_files, includes->nr_files + 1,
		sizeof(*includes->files));

	if (error)
		return error;
	includes->files[includes->nr_files] = line;
	return mkp_index_add(&includes->by_path, mkp_hash_string(line),
			     (uint32_t)includes->nr_files++);
}

static struct mkp_error *add_lines(struct mkp_includes *includes, char *text)
{
	struct mkp_error *error = NULL;
	char *line;

	while (!error && (line = strsep(&text, "\n"))) {
		if (*line == '"' || *line == '<') {
			if (includes->nr_files)
				error = add_edge(includes, line);
		} else if (*line) {
			error = add_file(includes, line);
		}
	}
	return error;
}

static struct mkp_error *load(struct mkp_build *build, struct mkp_includes *includes)
{
	const char *path = NULL;
	size_t size;
	struct mkp_error *error = mkp_format(&build->arena, &path, "%s/includes",
					     build->base);

	if (error)
		return error;
	if (mkp_file_exists(path))
		return mkp_file_read(path, &includes->text, NULL);
	error = scan(build, scan_tree, &includes->text, &size);
	return error ? error : mkp_file_write(path, includes->text, size);
}

static struct mkp_error *create(struct mkp_build *build,
				struct mkp_includes **ret_includes)
{
	struct mkp_includes *includes = NULL;
	size_t size;
	struct mkp_error *error = mkp_array_create(1, sizeof(*includes), &includes);

	if (!error)
		error = load(build, includes);
	if (!error)
		error = scan(build, scan_fresh, &includes->fresh_text, &size);
	if (!error)
		error = add_lines(includes, includes->text);
	if (!error)
		error = add_lines(includes, includes->fresh_text);
	if (error) {
		mkp_includes_destroy(includes);
		return error;
	}
	mkp_index_seal(&includes->by_path);
	mkp_index_seal(&includes->by_name);
	*ret_includes = includes;
	return NULL;
}

void mkp_includes_destroy(struct mkp_includes *includes)
{
	if (!includes)
		return;
	free(includes->text);
	free(includes->fresh_text);
	free(includes->files);
	free(includes->edges);
	mkp_index_deinit(&includes->by_path);
	mkp_index_deinit(&includes->by_name);
	free(includes);
}

/* ---- who includes a file ---- */

static bool has_file(const struct mkp_includes *includes, const char *path)
{
	size_t count;
	const struct mkp_index_entry *entries = mkp_index_find(
		&includes->by_path, mkp_hash_string(path), &count);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(includes->files[entries[i].id], path))
			return true;
	return false;
}

static const char *skip_dots(const char *name)
{
	while (!strncmp(name, "../", 3) || !strncmp(name, "./", 2))
		name += name[1] == '.' ? 3 : 2;
	return name;
}

static bool ends_with_name(const char *path, const char *name)
{
	const size_t length = strlen(path), n = strlen(name);

	return length >= n && !strcmp(path + length - n, name) &&
	       (length == n || path[length - n - 1] == '/');
}

/*
 * Whether an include may mean @path: each directory that is searched has it under a part
 * of its path. A quoted name that is beside the includer is that file and no other.
 */
static bool may_mean(const struct mkp_includes *includes, const struct edge *edge,
		     const char *path)
{
	const char *name = skip_dots(edge->name);
	const char *from = includes->files[edge->from];
	MKP_CLEANUP_FREE char *beside = NULL;

	if (!ends_with_name(path, name))
		return false;
	if (!edge->quoted || name != edge->name)
		return true;
	if (asprintf(&beside, "%.*s%s", (int)(base_name(from) - from), from, name) < 0) {
		beside = NULL;
		return true;
	}
	return !strcmp(beside, path) || !has_file(includes, beside);
}

struct search {
	const struct mkp_includes *includes;
	bool *seen;
	uint32_t *queue;
	size_t nr_queue;
};

static void search_users(struct search *search, const char *path)
{
	const struct mkp_includes *includes = search->includes;
	size_t count;
	const struct mkp_index_entry *entries = mkp_index_find(
		&includes->by_name, mkp_hash_string(base_name(path)), &count);

	for (size_t i = 0; i < count; i++) {
		const struct edge *edge = &includes->edges[entries[i].id];

		if (search->seen[edge->from] || !may_mean(includes, edge, path))
			continue;
		search->seen[edge->from] = true;
		search->queue[search->nr_queue++] = edge->from;
	}
}

static int compare_files(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* C files that were found, sorted, each to @take. */
static struct mkp_error *hand_out(const struct search *search,
				  struct mkp_error *(*take)(void *data, const char *user),
				  void *data)
{
	const char **users = calloc(search->nr_queue + 1, sizeof(*users));
	struct mkp_error *error = users ? NULL : mkp_error_nomem();
	size_t count = 0;

	for (size_t i = 0; i < search->nr_queue && !error; i++) {
		const char *path = search->includes->files[search->queue[i]];

		if (strlen(path) > 2 && !strcmp(path + strlen(path) - 2, ".c"))
			users[count++] = path;
	}
	if (count)
		qsort(users, count, sizeof(*users), compare_files);
	for (size_t i = 0; i < count && !error; i++)
		error = take(data, users[i]);
	free(users);
	return error;
}

struct mkp_error *mkp_includes_users(struct mkp_build *build, const char *path,
				     struct mkp_error *(*take)(void *data,
							       const char *user),
				     void *data)
{
	struct search search = { 0 };
	struct mkp_error *error = NULL;

	if (!build->includes)
		error = create(build, &build->includes);
	if (error)
		return error;
	search.includes = build->includes;
	search.seen = calloc(build->includes->nr_files + 1, sizeof(*search.seen));
	search.queue = calloc(build->includes->nr_files + 1, sizeof(*search.queue));
	if (!search.seen || !search.queue)
		error = mkp_error_nomem();
	if (!error)
		search_users(&search, path);
	for (size_t i = 0; i < search.nr_queue && !error; i++)
		search_users(&search, build->includes->files[search.queue[i]]);
	if (!error)
		error = hand_out(&search, take, data);
	free(search.seen);
	free(search.queue);
	return error;
}
