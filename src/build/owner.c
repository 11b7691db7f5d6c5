// SPDX-License-Identifier: GPL-2.0-or-later
#include "build/owner.h"

#include <search.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"

/*
 * What the makefile of a directory lists: kbuild's own variables, read the way that
 * scripts/Makefile.build and Makefile.lib do (v5.4 to v6.12). $(1) of mkp-parts is an
 * object that may be made of others. A module's parts may also be in NAME-m.
 */
static const char reader[] =
	"srctree := .\n"
	"objtree := .\n"
	"src := $(MKP_DIR)\n"
	"obj := $(MKP_DIR)\n"
	"include $(MKP_CONFIG)\n"
	"include $(firstword $(wildcard $(MKP_DIR)/Kbuild $(MKP_DIR)/Makefile))\n"
	"mkp-parts = $($(1:.o=-objs)) $($(1:.o=-y))\n"
	"$(foreach o,$(obj-y) $(extra-y),$(info y $(o) -))\n"
	"$(foreach o,$(lib-y),$(info l $(o) -))\n"
	"$(foreach o,$(obj-m),$(info m $(o) $(o)))\n"
	"$(foreach o,$(obj-y),$(foreach p,$(call mkp-parts,$(o)),$(info y $(p) $(o))))\n"
	"$(foreach o,$(lib-y),$(foreach p,$(call mkp-parts,$(o)),$(info l $(p) $(o))))\n"
	"$(foreach o,$(obj-m),$(foreach p,$(call mkp-parts,$(o)) $($(o:.o=-m)),\\\n"
	"	$(info m $(p) $(o))))\n"
	".PHONY: mkp-nothing\n"
	"mkp-nothing: ; @:\n";

/* One thing that a makefile lists. */
struct row {
	const char *path; /* object, or directory with a slash at its end */
	const char *module;
	enum mkp_owner_kind kind;
};

struct directory {
	const char *path;
	struct row *rows; /* owned; sorted by path */
	size_t nr_rows, cap_rows;
	bool there; /* has a makefile */
	enum {
		REACHED_UNKNOWN,
		REACHED,
		UNREACHED,
	} reached;
};

struct mkp_owners {
	struct mkp_arena arena;
	struct mkp_signals *signals;
	const char *source, *config, *makefile;
	void *directories; /* tsearch() */
};

static int compare_directories(const void *a, const void *b)
{
	const struct directory *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int order = strcmp(x->path, y->path);

	return order ? order : (x->kind > y->kind) - (x->kind < y->kind);
}

/* "drivers/a" and "../b/c.o" make "drivers/b/c.o". */
static char *join(struct mkp_arena *arena, const char *directory, const char *path)
{
	size_t length = strlen(directory);

	while (!strncmp(path, "../", 3) || !strncmp(path, "./", 2)) {
		if (path[1] == '.')
			while (length && directory[--length] != '/')
				continue;
		path += path[1] == '.' ? 3 : 2;
	}
	return mkp_arena_printf(arena, "%.*s%s%s", (int)length, directory,
				length ? "/" : "", path);
}

/* "drivers/x/snd-foo.o" is the module "snd_foo". */
static const char *module_name(struct mkp_arena *arena, const char *object)
{
	const char *slash = strrchr(object, '/');
	const char *base = slash ? slash + 1 : object;
	char *name = mkp_arena_printf(arena, "%.*s", (int)strcspn(base, "."), base);

	for (char *at = name; at && *at; at++)
		if (*at == '-')
			*at = '_';
	return name;
}

struct reading {
	struct mkp_owners *owners;
	struct directory *directory;
};

static struct mkp_error *take_row(void *data, const char *line)
{
	struct reading *reading = data;
	struct directory *directory = reading->directory;
	struct mkp_arena *arena = &reading->owners->arena;
	const char *path = line + 2, *blank = strchr(path, ' ');
	struct row row = { .kind = MKP_OWNER_VMLINUX };
	struct mkp_error *error;
	char *text;

	if (!strchr("ylm", line[0]) || line[1] != ' ' || !blank)
		return NULL;
	error = mkp_array_reserve(&directory->rows, &directory->cap_rows,
				  directory->nr_rows + 1, sizeof(*directory->rows));
	if (error)
		return error;
	text = mkp_arena_printf(arena, "%.*s", (int)(blank - path), path);
	row.path = text ? join(arena, directory->path, text) : NULL;
	if (line[0] == 'l')
		row.kind = MKP_OWNER_LIBRARY;
	if (line[0] == 'm') {
		row.kind = MKP_OWNER_MODULE;
		row.module = module_name(arena, blank + 1);
	}
	if (!row.path || (line[0] == 'm' && !row.module))
		return mkp_error_nomem();
	directory->rows[directory->nr_rows++] = row;
	return NULL;
}

static struct mkp_error *variable(struct mkp_owners *owners, const char *name,
				  const char *value, const char **ret_text)
{
	return mkp_format(&owners->arena, ret_text, "%s=%s", name, value);
}

/* A makefile that make can not read so (it needs the rest of kbuild) lists nothing. */
static struct mkp_error *read_makefile(struct mkp_owners *owners,
				       struct directory *directory)
{
	struct reading reading = { owners, directory };
	const char *argv[] = { "make",		 "-r", "-R", "-s",	    "-f",
			       owners->makefile, NULL, NULL, "mkp-nothing", NULL };
	const struct mkp_command command = {
		.argv = argv,
		.directory = owners->source,
		.line = take_row,
		.data = &reading,
	};
	int status = 0;
	struct mkp_error *error;

	error = variable(owners, "MKP_DIR", directory->path, &argv[6]);
	if (!error)
		error = variable(owners, "MKP_CONFIG", owners->config, &argv[7]);
	if (!error)
		error = mkp_spawn(owners->signals, &command, &status);
	if (directory->nr_rows)
		qsort(directory->rows, directory->nr_rows, sizeof(*directory->rows),
		      compare_rows);
	return error;
}

static bool has_makefile(const struct mkp_owners *owners, const char *path)
{
	static const char *const names[] = { "Kbuild", "Makefile" };

	for (size_t i = 0; i < MKP_ARRAY_SIZE(names); i++) {
		MKP_CLEANUP_FREE char *file = NULL;

		if (asprintf(&file, "%s/%s/%s", owners->source, path, names[i]) < 0)
			file = NULL;
		else if (mkp_file_exists(file))
			return true;
	}
	return false;
}

static struct mkp_error *get_directory(struct mkp_owners *owners, const char *path,
				       struct directory **ret_directory)
{
	const struct directory key = { .path = path };
	struct directory *const *found = tfind(&key, &owners->directories,
					       compare_directories);
	struct directory *directory = NULL;
	struct mkp_error *error;

	if (found) {
		*ret_directory = *found;
		return NULL;
	}
	error = mkp_array_create(1, sizeof(*directory), &directory);
	if (error)
		return error;
	directory->path = mkp_arena_strdup(&owners->arena, path);
	if (!directory->path ||
	    !tsearch(directory, &owners->directories, compare_directories)) {
		free(directory);
		return mkp_error_nomem();
	}
	directory->there = has_makefile(owners, path);
	if (directory->there)
		error = read_makefile(owners, directory);
	if (!error)
		*ret_directory = directory;
	return error;
}

static const struct row *find_row(const struct directory *directory, const char *path)
{
	const struct row *rows = directory->rows;
	size_t low = 0, high = directory->nr_rows;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(rows[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < directory->nr_rows && !strcmp(rows[low].path, path) ? &rows[low]
									 : NULL;
}

/* Cuts the last part off; false if there is none left. */
static bool go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		return false;
	*slash = '\0';
	return true;
}

/*
 * The top makefile goes into these (core-y, drivers-y, libs-y); there is no list to read.
 * Nor is there one of an architecture's directories, but its makefile has their names:
 * not that of arch/x86/um, which is for ARCH=um.
 */
static struct mkp_error *is_root(const struct mkp_owners *owners, const char *path,
				 bool *ret_root)
{
	MKP_CLEANUP_FREE char *file = NULL;
	MKP_CLEANUP_FREE char *text = NULL;
	MKP_CLEANUP_FREE char *entry = NULL;
	const char *slash = strchr(path, '/'), *second = slash;
	struct mkp_error *error;

	*ret_root = !slash;
	if (slash && !strncmp(path, "arch/", 5)) {
		second = strchr(slash + 1, '/');
		*ret_root = !second;
	}
	if (*ret_root || second == slash || strchr(second + 1, '/'))
		return NULL;
	if (asprintf(&file, "%s/%.*s/Makefile", owners->source, (int)(second - path),
		     path) < 0)
		file = NULL;
	if (asprintf(&entry, "%s/", second) < 0)
		entry = NULL;
	if (!file || !entry)
		return mkp_error_nomem();
	if (!mkp_file_exists(file))
		return NULL;
	error = mkp_file_read(file, &text, NULL);
	if (!error)
		*ret_root = strstr(text, entry) != NULL;
	return error;
}

/* Whether kbuild goes into a directory: from one above it that it goes into. Parents come
 * first in the loop, so this ends after as many rounds as the path has parts. */
static struct mkp_error *is_reached(struct mkp_owners *owners, struct directory *child,
				    bool *ret_reached)
{
	MKP_CLEANUP_FREE char *entry = NULL;
	MKP_CLEANUP_FREE char *up = strdup(child->path);
	struct mkp_error *error = NULL;
	bool reached = false;

	if (!up || asprintf(&entry, "%s/", child->path) < 0) {
		entry = NULL;
		return mkp_error_nomem();
	}
	if (child->reached != REACHED_UNKNOWN) {
		*ret_reached = child->reached == REACHED;
		return NULL;
	}
	error = is_root(owners, child->path, &reached);
	while (!error && !reached && go_up(up)) {
		struct directory *parent;

		error = get_directory(owners, up, &parent);
		if (!error && parent->there && find_row(parent, entry))
			error = is_reached(owners, parent, &reached);
	}
	if (error)
		return error;
	child->reached = reached ? REACHED : UNREACHED;
	*ret_reached = reached;
	return NULL;
}

struct mkp_error *mkp_owners_find(struct mkp_owners *owners, const char *object,
				  enum mkp_owner_kind *ret_kind, const char **ret_module)
{
	MKP_CLEANUP_FREE char *path = strdup(object);
	struct mkp_error *error = path ? NULL : mkp_error_nomem();
	const struct row *row = NULL;
	bool reached = false;

	*ret_kind = MKP_OWNER_NONE;
	*ret_module = NULL;
	while (!error && !row && go_up(path)) {
		struct directory *directory;

		error = get_directory(owners, path, &directory);
		if (error || !directory->there)
			continue;
		row = find_row(directory, object);
		if (row)
			error = is_reached(owners, directory, &reached);
	}
	if (error || !reached)
		return error;
	*ret_kind = row->kind;
	*ret_module = row->module;
	return NULL;
}

struct mkp_error *mkp_owners_create(struct mkp_signals *signals, const char *source,
				    const char *config, const char *scratch,
				    struct mkp_owners **ret_owners)
{
	struct mkp_owners *owners = NULL;
	struct mkp_error *error = mkp_array_create(1, sizeof(*owners), &owners);

	if (error)
		return error;
	owners->signals = signals;
	owners->source = source;
	owners->config = config;
	error = mkp_format(&owners->arena, &owners->makefile, "%s/owner.mk", scratch);
	if (!error)
		error = mkp_file_write(owners->makefile, reader, sizeof(reader) - 1);
	if (error)
		mkp_owners_destroy(owners);
	else
		*ret_owners = owners;
	return error;
}

static void destroy_directory(void *data)
{
	struct directory *directory = data;

	free(directory->rows);
	free(directory);
}

void mkp_owners_destroy(struct mkp_owners *owners)
{
	if (!owners)
		return;
	tdestroy(owners->directories, destroy_directory);
	mkp_arena_deinit(&owners->arena);
	free(owners);
}
