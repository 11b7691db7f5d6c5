// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff/overrides.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "diff/names.h"

/* A rule is one line for a person to write. */
#define LINE_MAX_BYTES ((ssize_t)64 << 10)

void mkp_overrides_init(struct mkp_overrides *overrides)
{
	memset(overrides, 0, sizeof(*overrides));
	mkp_arena_init(&overrides->arena);
}

void mkp_overrides_deinit(struct mkp_overrides *overrides)
{
	free(overrides->rules);
	mkp_arena_deinit(&overrides->arena);
	mkp_overrides_init(overrides);
}

/* ---- Reading -------------------------------------------------------------------------
 */

static const struct {
	const char *keyword; /* NULL: a pair */
	bool reason;
} forms[] = {
	[MKP_OVERRIDE_PAIR] = { NULL, false },
	[MKP_OVERRIDE_NEW] = { "new", false },
	[MKP_OVERRIDE_IGNORE_FUNCTION] = { "ignore-function", true },
	[MKP_OVERRIDE_IGNORE_SECTION] = { "ignore-section", true },
	[MKP_OVERRIDE_INCLUDE_FUNCTION] = { "include-function", true },
};

static struct mkp_error *keep(struct mkp_overrides *overrides, const char **string)
{
	if (!*string)
		return NULL;
	*string = mkp_arena_strdup(&overrides->arena, *string);
	return *string ? NULL : mkp_error_nomem();
}

struct mkp_error *mkp_overrides_add(struct mkp_overrides *overrides,
				    const struct mkp_override *rule)
{
	struct mkp_override copy = *rule;
	struct mkp_error *error;

	if (!*copy.name || (copy.other && !*copy.other))
		return mkp_error_create(MKP_ERROR_FORMAT, "%s: a name is missing",
					copy.origin);
	if (forms[copy.kind].reason && (!copy.reason || !*copy.reason))
		return mkp_error_create(MKP_ERROR_FORMAT, "%s: say why: '%s %s: REASON'",
					copy.origin, forms[copy.kind].keyword, copy.name);
	error = keep(overrides, &copy.name);
	if (!error)
		error = keep(overrides, &copy.other);
	if (!error)
		error = keep(overrides, &copy.reason);
	if (!error)
		error = keep(overrides, &copy.origin);
	if (!error)
		error = mkp_array_reserve(&overrides->rules, &overrides->cap_rules,
					  overrides->nr_rules + 1, sizeof(copy));
	if (!error)
		overrides->rules[overrides->nr_rules++] = copy;
	return error;
}

/* Cuts blanks off both ends, in place. */
static char *trim(char *text)
{
	size_t length;

	text += strspn(text, " \t");
	length = strlen(text);
	while (length && strchr(" \t\r\n", text[length - 1]))
		text[--length] = '\0';
	return text;
}

/* "KEYWORD NAME[: REASON]"; NULL: the line does not start with a keyword. */
static char *after_keyword(char *line, enum mkp_override_kind *ret_kind)
{
	size_t length = strcspn(line, " \t");

	for (size_t i = 0; i < MKP_ARRAY_SIZE(forms); i++)
		if (forms[i].keyword && strlen(forms[i].keyword) == length &&
		    !strncmp(line, forms[i].keyword, length)) {
			*ret_kind = (enum mkp_override_kind)i;
			return trim(line + length);
		}
	return NULL;
}

static struct mkp_error *read_rule(struct mkp_overrides *overrides, char *line,
				   const char *origin, bool in_source)
{
	struct mkp_override rule = {
		.kind = MKP_OVERRIDE_PAIR,
		.origin = origin,
		.in_source = in_source,
	};
	char *rest = after_keyword(line, &rule.kind), *end;

	/* A symbol may be called like a keyword: `new = new.1` is a pair. */
	if (!rest || *rest == '=') {
		rule.kind = MKP_OVERRIDE_PAIR;
		end = strchr(line, '=');
		if (!end)
			return mkp_error_create(
				MKP_ERROR_FORMAT,
				"%s: not a rule: '%s'; there are 'a = b', 'new x', "
				"'ignore-function f: reason', 'ignore-section s: "
				"reason', 'include-function f: reason'",
				origin, line);
		*end = '\0';
		rule.name = trim(line);
		rule.other = trim(end + 1);
	} else if (forms[rule.kind].reason) {
		end = strstr(rest, ": ");
		if (end) {
			*end = '\0';
			rule.reason = trim(end + 2);
		}
		/* "NAME:" lacks its reason, and the name is not to be blamed. */
		if (!end && *rest && rest[strlen(rest) - 1] == ':')
			rest[strlen(rest) - 1] = '\0';
		rule.name = trim(rest);
	} else {
		rule.name = rest;
	}
	return mkp_overrides_add(overrides, &rule);
}

static struct mkp_error *read_lines(struct mkp_overrides *overrides, const char *path,
				    FILE *stream)
{
	MKP_CLEANUP_FREE char *line = NULL;
	size_t capacity = 0;
	struct mkp_error *error = NULL;
	ssize_t length;

	for (unsigned int number = 1;
	     !error && (length = getline(&line, &capacity, stream)) >= 0; number++) {
		MKP_CLEANUP_FREE char *origin = NULL;
		bool is_text = strlen(line) == (size_t)length && length <= LINE_MAX_BYTES;
		char *text = trim(line);

		if (is_text && (!*text || *text == '#'))
			continue;
		if (asprintf(&origin, "%s:%u", path, number) < 0) {
			origin = NULL;
			return mkp_error_nomem();
		}
		if (!is_text)
			error = mkp_error_create(MKP_ERROR_FORMAT, "%s: not text",
						 origin);
		else
			error = read_rule(overrides, text, origin,
					  /* in_source= */ false);
	}
	if (!error && ferror(stream))
		error = mkp_error_create_errno(errno, "%s", path);
	return error;
}

struct mkp_error *mkp_overrides_parse(struct mkp_overrides *overrides, const char *text,
				      const char *origin)
{
	MKP_CLEANUP_FREE char *line = strdup(text);
	enum mkp_override_kind kind;

	/* What settles pairs comes from a file: it has to be there before correlation. */
	if (line && (!after_keyword(line, &kind) || kind == MKP_OVERRIDE_NEW))
		return mkp_error_create(MKP_ERROR_FORMAT, "%s: not a rule of a macro: %s",
					origin, text);
	return line ? read_rule(overrides, line, origin, /* in_source= */ true)
		    : mkp_error_nomem();
}

struct mkp_error *mkp_overrides_read(struct mkp_overrides *overrides, const char *path)
{
	FILE *stream = fopen(path, "re");
	struct mkp_error *error;

	if (!stream)
		return mkp_error_create_errno(errno, "cannot open %s", path);
	error = read_lines(overrides, path, stream);
	fclose(stream);
	return error;
}

struct mkp_error *mkp_override_describe(const struct mkp_override *rule, char **ret_text)
{
	char *text;
	int length;

	if (rule->kind == MKP_OVERRIDE_PAIR)
		length = asprintf(&text, "%s = %s", rule->name, rule->other);
	else if (rule->reason)
		length = asprintf(&text, "%s %s: %s", forms[rule->kind].keyword,
				  rule->name, rule->reason);
	else
		length = asprintf(&text, "%s %s", forms[rule->kind].keyword, rule->name);
	if (length < 0)
		return mkp_error_nomem();
	*ret_text = text;
	return NULL;
}

/* ---- Names ---------------------------------------------------------------------------
 */

/* "FILE:NAME" or "NAME". Names of symbols have no ':'. */
static const char *bare_name(const char *name, size_t *ret_file)
{
	const char *colon = strrchr(name, ':');

	*ret_file = colon ? (size_t)(colon - name) : 0;
	return colon ? colon + 1 : name;
}

static bool is_of_file(const struct mkp_symbol *symbol, const char *name, size_t length)
{
	return !length || (symbol->file && strlen(symbol->file) == length &&
			   !strncmp(symbol->file, name, length));
}

/* The one atom that a rule names. */
static struct mkp_error *find_atom(const struct mkp_override *rule,
				   const struct mkp_graph *graph, const char *name,
				   uint32_t *ret_atom)
{
	const struct mkp_object *object = graph->object;
	size_t count, file, nr_found = 0;
	const char *bare = bare_name(name, &file);
	const struct mkp_index_entry *entries = mkp_index_find(
		&object->names, mkp_hash_string(bare), &count);
	uint32_t found = MKP_NO_ATOM;

	for (size_t i = 0; i < count; i++) {
		const struct mkp_symbol *symbol = &object->symbols[entries[i].id];
		uint32_t atom = graph->symbol_atom[entries[i].id];

		if (atom == MKP_NO_ATOM || atom == found || strcmp(symbol->name, bare) ||
		    !is_of_file(symbol, name, file))
			continue;
		found = atom;
		nr_found++;
	}
	if (!nr_found)
		return mkp_error_create(MKP_ERROR_FORMAT, "%s: %s has no symbol '%s'",
					rule->origin, object->path, name);
	if (nr_found > 1)
		return mkp_error_create(MKP_ERROR_FORMAT,
					"%s: %s has %zu symbols '%s': give FILE:%s",
					rule->origin, object->path, nr_found, name, bare);
	*ret_atom = found;
	return NULL;
}

/* ---- Pairs ---------------------------------------------------------------------------
 */

static struct mkp_error *check_candidate(const struct mkp_override *rule,
					 const struct mkp_graph *graph, uint32_t atom)
{
	const struct mkp_atom *it = &graph->atoms[atom];

	if (it->kind != MKP_ATOM_ENTRY && !mkp_atom_is_value(graph, it))
		return NULL;
	return mkp_error_create(MKP_ERROR_FORMAT,
				"%s: %s in %s is compared by content: there is nothing "
				"to settle",
				rule->origin, mkp_atom_name(graph, atom),
				graph->object->path);
}

static struct mkp_error *settle_pair(struct mkp_override *rule, struct mkp_diff *diff)
{
	uint32_t orig, patched;
	struct mkp_error *error = find_atom(rule, diff->orig, rule->name, &orig);

	if (!error)
		error = find_atom(rule, diff->patched, rule->other, &patched);
	if (!error)
		error = check_candidate(rule, diff->orig, orig);
	if (!error)
		error = check_candidate(rule, diff->patched, patched);
	if (error)
		return error;
	if (diff->orig->atoms[orig].kind != diff->patched->atoms[patched].kind)
		return mkp_error_create(MKP_ERROR_FORMAT,
					"%s: %s and %s are of different kinds",
					rule->origin, rule->name, rule->other);
	if (diff->to_patched[orig] != MKP_NO_ATOM ||
	    diff->to_orig[patched] != MKP_NO_ATOM || diff->mark[patched] == MKP_MARK_NEW)
		return mkp_error_create(MKP_ERROR_FORMAT,
					"%s: contradicts a rule above it", rule->origin);
	diff->to_patched[orig] = patched;
	diff->to_orig[patched] = orig;
	diff->orig_tier[orig] = diff->tier[patched] = MKP_TIER_USER;
	rule->applied = true;
	return NULL;
}

static struct mkp_error *settle_new(struct mkp_override *rule, struct mkp_diff *diff)
{
	uint32_t atom;
	struct mkp_error *error = find_atom(rule, diff->patched, rule->name, &atom);

	if (!error)
		error = check_candidate(rule, diff->patched, atom);
	if (error)
		return error;
	if (diff->to_orig[atom] != MKP_NO_ATOM)
		return mkp_error_create(MKP_ERROR_FORMAT,
					"%s: contradicts a rule above it", rule->origin);
	if (diff->patched->atoms[atom].kind == MKP_ATOM_EXTERN)
		return mkp_error_create(MKP_ERROR_FORMAT, "%s: %s is not defined in %s",
					rule->origin, rule->name,
					diff->patched->object->path);
	diff->mark[atom] = MKP_MARK_NEW;
	rule->applied = true;
	return NULL;
}

/* What is wrong with a rule of the source is a finding, so that all of it is told. */
static struct mkp_error *note_trouble(struct mkp_overrides *overrides,
				      struct mkp_override *rule, struct mkp_error *error)
{
	if (!error || !rule->in_source || error->code != MKP_ERROR_FORMAT)
		return error;
	rule->trouble = mkp_arena_strdup(&overrides->arena, error->message);
	mkp_error_destroy(error);
	return rule->trouble ? NULL : mkp_error_nomem();
}

struct mkp_error *mkp_overrides_settle(struct mkp_overrides *overrides,
				       struct mkp_diff *diff)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < overrides->nr_rules && !error; i++) {
		struct mkp_override *rule = &overrides->rules[i];

		if (rule->kind == MKP_OVERRIDE_PAIR)
			error = settle_pair(rule, diff);
		else if (rule->kind == MKP_OVERRIDE_NEW)
			error = settle_new(rule, diff);
		error = note_trouble(overrides, rule, error);
	}
	return error;
}

/* ---- Verdicts ------------------------------------------------------------------------
 */

/* What is ignored counts as the same. A new variable can not: it has no original. */
static bool ignore_atom(struct mkp_diff *diff, uint32_t atom)
{
	bool record = diff->patched->atoms[atom].class == MKP_CLASS_REGISTER;

	if (diff->state[atom] != MKP_STATE_CHANGED &&
	    !(record && diff->state[atom] == MKP_STATE_NEW))
		return false;
	diff->state[atom] = MKP_STATE_SAME;
	diff->mark[atom] = MKP_MARK_IGNORED;
	return true;
}

/* A function with its split-off parts. */
static struct mkp_error *mark_function(struct mkp_override *rule, struct mkp_diff *diff)
{
	const struct mkp_graph *graph = diff->patched;
	uint32_t atom;
	struct mkp_error *error = find_atom(rule, graph, rule->name, &atom);

	if (error)
		return error;
	if (graph->atoms[atom].kind != MKP_ATOM_FUNC ||
	    graph->atoms[atom].owner != MKP_NO_ATOM)
		return mkp_error_create(MKP_ERROR_FORMAT, "%s: %s is not a function",
					rule->origin, rule->name);
	if (diff->to_orig[atom] == MKP_NO_ATOM)
		return mkp_error_create(MKP_ERROR_FORMAT,
					"%s: %s is new: the original has none",
					rule->origin, rule->name);
	if (rule->kind == MKP_OVERRIDE_INCLUDE_FUNCTION) {
		if (graph->atoms[atom].class != MKP_CLASS_TEXT)
			return mkp_error_create(MKP_ERROR_FORMAT,
						"%s: %s is %s: it can not be replaced",
						rule->origin, rule->name,
						mkp_class_name(graph->atoms[atom].class));
		rule->applied = diff->state[atom] == MKP_STATE_SAME;
		diff->mark[atom] = MKP_MARK_INCLUDED;
		return NULL;
	}
	for (uint32_t i = 0; i < graph->nr_atoms; i++)
		if (i == atom || (graph->atoms[i].kind == MKP_ATOM_FUNC &&
				  graph->atoms[i].owner == atom))
			rule->applied |= ignore_atom(diff, i);
	return NULL;
}

static bool mark_patched_section(struct mkp_diff *diff, uint32_t section)
{
	const uint32_t *first = diff->patched->section_atoms + section;
	bool applied = false;

	for (uint32_t i = first[0]; i < first[1]; i++)
		applied |= ignore_atom(diff, i);
	return applied;
}

static bool mark_orig_section(struct mkp_diff *diff, uint32_t section)
{
	const uint32_t *first = diff->orig->section_atoms + section;
	bool applied = false;

	for (uint32_t i = first[0]; i < first[1]; i++) {
		if (diff->to_patched[i] != MKP_NO_ATOM)
			continue;
		diff->orig_mark[i] = MKP_MARK_IGNORED;
		applied = true;
	}
	return applied;
}

static struct mkp_error *mark_sections(struct mkp_override *rule, struct mkp_diff *diff)
{
	const struct mkp_object *o = diff->orig->object, *p = diff->patched->object;
	bool found = false;

	for (uint32_t s = 1; s < p->nr_sections; s++)
		if (mkp_name_matches(rule->name, p->sections[s].name)) {
			found = true;
			rule->applied |= mark_patched_section(diff, s);
		}
	for (uint32_t s = 1; s < o->nr_sections; s++)
		if (mkp_name_matches(rule->name, o->sections[s].name)) {
			found = true;
			rule->applied |= mark_orig_section(diff, s);
		}
	if (found)
		return NULL;
	return mkp_error_create(MKP_ERROR_FORMAT, "%s: neither object has a section '%s'",
				rule->origin, rule->name);
}

struct mkp_error *mkp_overrides_apply(struct mkp_overrides *overrides,
				      struct mkp_diff *diff)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < overrides->nr_rules && !error; i++) {
		struct mkp_override *rule = &overrides->rules[i];

		if (rule->kind == MKP_OVERRIDE_IGNORE_SECTION)
			error = mark_sections(rule, diff);
		else if (rule->kind == MKP_OVERRIDE_IGNORE_FUNCTION ||
			 rule->kind == MKP_OVERRIDE_INCLUDE_FUNCTION)
			error = mark_function(rule, diff);
		error = note_trouble(overrides, rule, error);
	}
	return error;
}
