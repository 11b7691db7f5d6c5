// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What in a patch is known to make trouble, by the look of its lines and of what they
 * stand in. A guess: it is the difference of the compiled objects that decides.
 */
#include "build/concerns.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"

/* The first row that fits a changed line. */
static const struct {
	const char *pattern, *name, *what;
} line_rows[] = {
	{ "*EXPORT_SYMBOL*", "export",
	  "exports of the running kernel stay as they are; the change is left out" },
	{ "*module_param*", "parameter",
	  "parameters are made when their module is loaded: a change is refused" },
	{ "*_initcall(*", "initcall", "initcalls have run already: a change is refused" },
	{ "*module_init(*", "initcall",
	  "initcalls have run already: a change is refused" },
	{ "*DEFINE_PER_CPU*", "per-cpu",
	  "per-CPU data can not be added to a running kernel" },
	{ "*TRACE_EVENT*", "tracepoint", "tracepoints can not be added or changed" },
};

/* The same for the first line of what a changed line stands in. */
static const struct {
	const char *pattern, *name, *what;
} head_rows[] = {
	{ "*__init *", "init-code",
	  "init code has run and is gone: a change is refused, or left out by "
	  "--ignore-init" },
	{ "*__exit *", "exit-code",
	  "exit code can not be redirected: a change is refused in a module, or left out "
	  "by --ignore-init, and never runs in what is built in" },
	{ "*__initdata*", "init-code", "init data has been used and is gone" },
	{ "*=*", "data",
	  "the initial value of data: what runs has the old one; refused, but for a "
	  "constant that patched functions alone read" },
	{ "struct *{", "layout",
	  "the layout of a structure: objects with the old one exist" },
	{ "union *{", "layout", "the layout of a union: objects with the old one exist" },
	{ "enum *{", "values",
	  "values of an enumeration: code that is not replaced has the old ones" },
	{ "#define *", "macro", "a macro: all code that uses it changes" },
};

struct text {
	char *text;
	const char **lines; /* owned; [count] */
	size_t count;
};

struct looking {
	struct mkp_build *build;
	struct mkp_outlook *outlook;
	const char *path;
	struct text sides[2]; /* before, after */
	size_t next[2];	      /* line that the next one of the diff is */
};

static struct mkp_error *read_text(struct text *text, const char *path)
{
	struct mkp_error *error;
	size_t capacity = 0;
	char *at;

	if (!mkp_file_exists(path))
		return NULL;
	error = mkp_file_read(path, &text->text, NULL);
	at = text->text;
	while (!error && at && *at) {
		error = mkp_array_reserve(&text->lines, &capacity, text->count + 1,
					  sizeof(*text->lines));
		if (error)
			break;
		text->lines[text->count++] = strsep(&at, "\n");
	}
	return error;
}

static void free_text(struct text *text)
{
	free(text->text);
	free(text->lines);
}

/* Begins something at the top of a file: no label, no continuation. */
static bool is_head(const char *line)
{
	const size_t length = strlen(line);

	return length && strchr(" \t{}/*)", line[0]) == NULL && line[length - 1] != ':' &&
	       (line[0] != '#' || !strncmp(line, "#define ", 8));
}

/*
 * The line that begins what @line stands in; NULL: nothing. What has ended by a line that
 * starts with '}' or ends with ';' has nothing behind it.
 */
static const char *find_head(const struct text *text, size_t line)
{
	for (size_t i = line; i-- > 0;) {
		const char *at = text->lines[i];
		const size_t length = strlen(at);

		if (is_head(at) && !strncmp(at, "#define ", 8))
			return i + 1 == line || (length && at[length - 1] == '\\') ? at
										   : NULL;
		if (is_head(at))
			return i + 1 == line || at[length - 1] != ';' ? at : NULL;
		if (*at == '}' && i + 1 != line)
			return NULL;
	}
	return NULL;
}

static struct mkp_error *add(struct looking *looking, size_t line, const char *name,
			     const char *what, const char *in)
{
	struct mkp_outlook *outlook = looking->outlook;
	struct mkp_outlook_concern concern = { looking->path, line, name, what, NULL };
	struct mkp_error *error;

	if (in)
		concern.in = mkp_arena_strdup(&outlook->result.arena, in);
	if (in && !concern.in)
		return mkp_error_nomem();
	/* One for each construct is enough, and one for what was a line before. */
	for (size_t i = 0; i < outlook->nr_concerns; i++) {
		const struct mkp_outlook_concern *known = &outlook->concerns[i];

		if (known->path == concern.path && !strcmp(known->name, name) && in &&
		    (known->line == line || !strcmp(known->in, in)))
			return NULL;
	}
	error = mkp_array_reserve(&outlook->concerns, &outlook->cap_concerns,
				  outlook->nr_concerns + 1, sizeof(concern));
	if (!error)
		outlook->concerns[outlook->nr_concerns++] = concern;
	return error;
}

static struct mkp_error *judge_line(struct looking *looking, const struct text *text,
				    size_t line)
{
	const char *changed = text->lines[line - 1];
	const char *head = find_head(text, line);

	for (size_t i = 0; i < MKP_ARRAY_SIZE(line_rows); i++)
		if (!fnmatch(line_rows[i].pattern, changed, 0))
			return add(looking, line, line_rows[i].name, line_rows[i].what,
				   changed);
	for (size_t i = 0; head && i < MKP_ARRAY_SIZE(head_rows); i++)
		if (!fnmatch(head_rows[i].pattern, head, 0))
			return add(looking, line, head_rows[i].name, head_rows[i].what,
				   head);
	return NULL;
}

/* A line of `diff -U0`. */
static struct mkp_error *take_line(void *data, const char *line)
{
	struct looking *looking = data;
	const int side = *line == '+';
	size_t before, after;
	const char *plus;

	if (!strncmp(line, "---", 3) || !strncmp(line, "+++", 3))
		return NULL;
	if (!strncmp(line, "@@ -", 4)) {
		plus = strchr(line, '+');
		if (sscanf(line + 4, "%zu", &before) == 1 && plus &&
		    sscanf(plus + 1, "%zu", &after) == 1) {
			looking->next[0] = before;
			looking->next[1] = after;
		}
		return NULL;
	}
	if ((*line != '+' && *line != '-') || !looking->next[side] ||
	    looking->next[side] > looking->sides[side].count)
		return NULL;
	return judge_line(looking, &looking->sides[side], looking->next[side]++);
}

static struct mkp_error *look_at(struct looking *looking)
{
	struct mkp_build *build = looking->build;
	const char *argv[] = { "diff", "-U0", "-N", NULL, NULL, NULL };
	struct mkp_command command = { .argv = argv, .line = take_line, .data = looking };
	int status = 0;
	struct mkp_error *error = mkp_format(&build->arena, &argv[3], "%s/%s",
					     build->tree, looking->path);

	if (!error)
		error = mkp_format(&build->arena, &argv[4], "%s/%s", build->fresh,
				   looking->path);
	if (!error)
		error = read_text(&looking->sides[0], argv[3]);
	if (!error)
		error = read_text(&looking->sides[1], argv[4]);
	if (!error)
		error = mkp_spawn(build->signals, &command, &status);
	if (!error && status > 1)
		error = mkp_error_create(MKP_ERROR_IO, "diff(1) failed for %s",
					 looking->path);
	free_text(&looking->sides[0]);
	free_text(&looking->sides[1]);
	return error;
}

/* A line of a makefile, "CFLAGS_REMOVE_x.o = $(CC_FLAGS_FTRACE)" or for a directory. */
static bool takes_ftrace_away(const char *line, const char *object)
{
	const char *own = strstr(line, "CFLAGS_REMOVE_");

	if (*line == '#' || !strstr(line, "FTRACE"))
		return false;
	if (strstr(line, "ccflags-remove-"))
		return true;
	return own && !strncmp(own + 14, object, strlen(object)) &&
	       strchr(" \t=:+", own[14 + strlen(object)]);
}

struct mkp_error *mkp_concerns_of_object(struct mkp_build *build,
					 struct mkp_outlook *outlook,
					 const struct mkp_affected *affected)
{
	struct looking looking = { .build = build, .outlook = outlook };
	const char *slash = strrchr(affected->object, '/'), *path = NULL;
	struct text makefile = { 0 };
	struct mkp_error *error;

	looking.path = affected->object;
	error = mkp_format(&build->arena, &path, "%s/%.*s/Makefile", build->tree,
			   slash ? (int)(slash - affected->object) : 1,
			   slash ? affected->object : ".");
	if (!error)
		error = read_text(&makefile, path);
	for (size_t i = 0; i < makefile.count && !error; i++) {
		if (!takes_ftrace_away(makefile.lines[i], slash ? slash + 1 : ""))
			continue;
		error = add(&looking, 0, "no-ftrace",
			    "compiled without ftrace: its functions can not be "
			    "redirected, but their callers may be replaced",
			    makefile.lines[i]);
		break;
	}
	free_text(&makefile);
	if (!error && affected->library)
		error = add(&looking, 0, "library",
			    "of lib-y: what is compiled may not be what was linked, and "
			    "is often without ftrace",
			    NULL);
	return error;
}

struct mkp_error *mkp_concerns_of_file(struct mkp_build *build,
				       struct mkp_outlook *outlook, const char *path)
{
	struct looking looking = { .build = build, .outlook = outlook, .path = path };
	const size_t length = strlen(path);

	if (length < 2 || path[length - 2] != '.' || !strchr("ch", path[length - 1]))
		return NULL;
	return look_at(&looking);
}
