// SPDX-License-Identifier: GPL-2.0-or-later
#include "build/owner.h"

#include <search.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"

/*
 * What the makefiles of directories list: kbuild's own variables, read the way that
 * scripts/Makefile.build and Makefile.lib do (v5.4 to v6.12). $(1) of mkp-parts is an
 * object that may be made of others. A module's parts may also be in NAME-m. One make
 * reads many directories, since reading the configuration is most of the work; what a
 * makefile has set is gone before the next one is read.
 */
static const char reader[] =
	"include $(MKP_CONFIG)\n"
	"mkp-parts = $($(1:.o=-objs)) $($(1:.o=-y))\n"
	"mkp-kept := CONFIG_% mkp-% MKP_% MAKE% .% SHELL\n"
	"mkp-forget = $(foreach v,$(filter-out $(mkp-kept),$(.VARIABLES)),\\\n"
	"	$(if $(filter file override,$(origin $v)),$(eval override undefine "
	"$v)))\n"
	"define mkp-read\n"
	"srctree := .\n"
	"objtree := .\n"
	"src := $(mkp-dir)\n"
	"obj := $(mkp-dir)\n"
	"include $(firstword $(wildcard $(mkp-dir)/Kbuild $(mkp-dir)/Makefile))\n"
	"$(foreach o,$(obj-y) $(extra-y),$(info y $(o) -))\n"
	"$(foreach o,$(lib-y),$(info l $(o) -))\n"
	"$(foreach o,$(obj-m),$(info m $(o) $(o)))\n"
	"$(foreach o,$(obj-y),$(foreach p,$(call mkp-parts,$(o)),$(info y $(p) $(o))))\n"
	"$(foreach o,$(lib-y),$(foreach p,$(call mkp-parts,$(o)),$(info l $(p) $(o))))\n"
	"$(foreach o,$(obj-m),$(foreach p,$(call mkp-parts,$(o)) $($(o:.o=-m)),\\\n"
	"	$(info m $(p) $(o))))\n"
	"endef\n"
	"$(foreach mkp-dir,$(MKP_DIRS),$(mkp-forget)$(info > $(mkp-dir))\\\n"
	"	$(eval $(value mkp-read))$(info < $(mkp-dir)))\n"
	".PHONY: mkp-nothing\n"
	"mkp-nothing: ; @:\n";

#define DIRECTORIES_AT_ONCE 256

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
	bool read;  /* and here is what that lists */
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
	const char *arch;	   /* name of its directory; NULL: not known */
	void *directories;	   /* tsearch() */
	struct directory **unread; /* owned; those that have a makefile */
	size_t nr_unread, cap_unread;
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
	struct directory **directories; /* in this order */
	size_t count, begun, ended;
};

static struct mkp_error *add_row(struct mkp_owners *owners, struct directory *directory,
				 const char *line)
{
	struct mkp_arena *arena = &owners->arena;
	const char *path = line + 2, *blank = strchr(path, ' ');
	struct row row = { .kind = MKP_OWNER_VMLINUX };
	struct mkp_error *error;
	char *text;

	if (!blank)
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

/* The lines of one directory are between "> PATH" and "< PATH". */
static struct mkp_error *take_line(void *data, const char *line)
{
	struct reading *reading = data;

	if (!*line || line[1] != ' ')
		return NULL;
	if (*line == '>' && reading->begun < reading->count)
		reading->directories[reading->begun++]->nr_rows = 0;
	else if (*line == '<')
		reading->ended = reading->begun;
	else if (strchr("ylm", *line) && reading->begun)
		return add_row(reading->owners, reading->directories[reading->begun - 1],
			       line);
	return NULL;
}

static struct mkp_error *run_make(struct reading *reading)
{
	struct mkp_owners *owners = reading->owners;
	const char *argv[] = { "make",		 "-r", "-R", "-s",	    "-f",
			       owners->makefile, NULL, NULL, "mkp-nothing", NULL };
	const struct mkp_command command = {
		.argv = argv,
		.directory = owners->source,
		.line = take_line,
		.data = reading,
	};
	MKP_CLEANUP_FREE char *names = NULL;
	size_t size;
	FILE *stream = open_memstream(&names, &size);
	int status = 0;
	struct mkp_error *error;

	if (!stream)
		return mkp_error_nomem();
	fputs("MKP_DIRS=", stream);
	for (size_t i = 0; i < reading->count; i++)
		fprintf(stream, " %s", reading->directories[i]->path);
	if (fclose(stream))
		return mkp_error_nomem();
	argv[6] = names;
	error = mkp_format(&owners->arena, &argv[7], "MKP_CONFIG=%s", owners->config);
	return error ? error : mkp_spawn(owners->signals, &command, &status);
}

/*
 * A makefile that make can not read so (it needs the rest of kbuild) ends the run. It is
 * the first one of the next run; what ends that as well lists what it had listed by then.
 */
static struct mkp_error *read_makefiles(struct mkp_owners *owners)
{
	size_t done = 0;

	while (done < owners->nr_unread) {
		struct reading reading = {
			.owners = owners,
			.directories = owners->unread + done,
			.count = owners->nr_unread - done,
		};
		struct mkp_error *error;

		if (reading.count > DIRECTORIES_AT_ONCE)
			reading.count = DIRECTORIES_AT_ONCE;
		error = run_make(&reading);
		if (error)
			return error;
		done += reading.ended ? reading.ended : 1;
	}
	for (size_t i = 0; i < owners->nr_unread; i++) {
		struct directory *directory = owners->unread[i];

		directory->read = true;
		if (directory->nr_rows)
			qsort(directory->rows, directory->nr_rows,
			      sizeof(*directory->rows), compare_rows);
	}
	owners->nr_unread = 0;
	return NULL;
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

static struct mkp_error *note_directory(struct mkp_owners *owners, const char *path,
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
	*ret_directory = directory;
	/* A blank would make two names of it. */
	if (strchr(path, ' ') || !has_makefile(owners, path))
		return NULL;
	error = mkp_array_reserve(&owners->unread, &owners->cap_unread,
				  owners->nr_unread + 1, sizeof(*owners->unread));
	if (error)
		return error;
	directory->there = true;
	owners->unread[owners->nr_unread++] = directory;
	return NULL;
}

static struct mkp_error *get_directory(struct mkp_owners *owners, const char *path,
				       struct directory **ret_directory)
{
	struct mkp_error *error = note_directory(owners, path, ret_directory);

	if (!error && (*ret_directory)->there && !(*ret_directory)->read)
		error = read_makefiles(owners);
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

/* Whether the directory from @name to @end, NULL for the whole, is the kernel's. */
static bool is_own_arch(const struct mkp_owners *owners, const char *name,
			const char *end)
{
	const size_t length = end ? (size_t)(end - name) : strlen(name);

	return !owners->arch ||
	       (strlen(owners->arch) == length && !strncmp(owners->arch, name, length));
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
		if (!is_own_arch(owners, slash + 1, second))
			return NULL;
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

struct mkp_error *mkp_owners_expect(struct mkp_owners *owners, const char *object)
{
	MKP_CLEANUP_FREE char *path = strdup(object);
	struct mkp_error *error = path ? NULL : mkp_error_nomem();
	struct directory *directory;

	while (!error && go_up(path))
		error = note_directory(owners, path, &directory);
	return error;
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

/* The directory for kbuild's ARCH: SRCARCH of the top Makefile (v5.4 to v6.12). */
static const char *arch_directory(const char *arch)
{
	static const struct {
		const char *arch, *directory;
	} rows[] = {
		{ "i386", "x86" },	{ "x86_64", "x86" },	  { "sparc32", "sparc" },
		{ "sparc64", "sparc" }, { "parisc64", "parisc" }, { "um", NULL },
	};

	for (size_t i = 0; arch && i < MKP_ARRAY_SIZE(rows); i++)
		if (!strcmp(arch, rows[i].arch))
			return rows[i].directory;
	return arch;
}

struct mkp_error *mkp_owners_create(struct mkp_signals *signals, const char *source,
				    const struct mkp_owners_kernel *kernel,
				    const char *scratch, struct mkp_owners **ret_owners)
{
	struct mkp_owners *owners = NULL;
	struct mkp_error *error = mkp_array_create(1, sizeof(*owners), &owners);

	if (error)
		return error;
	owners->signals = signals;
	owners->source = source;
	owners->config = kernel->config;
	owners->arch = arch_directory(kernel->arch);
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
	free(owners->unread);
	mkp_arena_deinit(&owners->arena);
	free(owners);
}
