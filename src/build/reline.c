// SPDX-License-Identifier: GPL-2.0-or-later
#include "build/reline.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"

/* ---- diff(1) ---- */

static bool parse_range(const char **at, size_t *ret_first, size_t *ret_last)
{
	char *end;

	if (**at < '0' || **at > '9')
		return false;
	*ret_first = *ret_last = strtoul(*at, &end, 10);
	if (*end == ',') {
		if (end[1] < '0' || end[1] > '9')
			return false;
		*ret_last = strtoul(end + 1, &end, 10);
	}
	*at = end;
	return true;
}

bool mkp_resume_parse(const char *line, struct mkp_resume *ret_resume)
{
	size_t old_first, old_last, new_first, new_last;
	char kind;

	if (!parse_range(&line, &old_first, &old_last))
		return false;
	kind = *line;
	if (!kind || !strchr("acd", kind))
		return false;
	line++;
	if (!parse_range(&line, &new_first, &new_last) || *line)
		return false;
	*ret_resume = (struct mkp_resume){
		/* "7d4" names the line before what is not there any more. */
		.change = kind == 'd' ? new_last + 1 : new_first,
		.new_line = new_last + 1,
		.old_line = old_last + 1,
	};
	return true;
}

/* ---- what stands where ---- */

/* One #if that is open. */
struct condition {
	size_t depth;	    /* parentheses that were open at its beginning */
	size_t least_depth; /* of its branches that have ended */
	bool relined;	    /* a #line is in one of its branches */
	bool has_else;
};

struct scanner {
	bool comment;	/* inside of one that goes on */
	bool continued; /* the line before ends with a backslash */
	bool directive; /* what goes on is a directive */
	char quote;	/* inside of a literal that goes on */
	size_t depth;	/* of parentheses and brackets */
	bool doubtful;	/* a #line may have been skipped */
	struct condition *conditions;
	size_t nr_conditions, cap_conditions;
};

static struct condition *innermost(struct scanner *scanner)
{
	return scanner->nr_conditions ? &scanner->conditions[scanner->nr_conditions - 1]
				      : NULL;
}

static struct mkp_error *open_condition(struct scanner *scanner)
{
	struct mkp_error *error = mkp_array_reserve(
		&scanner->conditions, &scanner->cap_conditions,
		scanner->nr_conditions + 1, sizeof(*scanner->conditions));

	if (!error)
		scanner->conditions[scanner->nr_conditions++] = (struct condition){
			.depth = scanner->depth,
			.least_depth = SIZE_MAX,
		};
	return error;
}

static void end_branch(struct scanner *scanner, struct condition *condition)
{
	if (scanner->depth < condition->least_depth)
		condition->least_depth = scanner->depth;
	scanner->doubtful |= condition->relined;
	scanner->depth = condition->depth;
}

static void close_condition(struct scanner *scanner)
{
	struct condition *condition = innermost(scanner);

	if (!condition)
		return;
	end_branch(scanner, condition);
	/* Without #else there is a branch that has nothing. */
	if (condition->has_else || condition->least_depth < condition->depth)
		scanner->depth = condition->least_depth;
	scanner->nr_conditions--;
}

static bool is_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	return !strncmp(text, word, length) &&
	       !strchr("abcdefghijklmnopqrstuvwxyz_", text[length] ? text[length] : ' ');
}

/* @text is behind the '#'. */
static struct mkp_error *take_directive(struct scanner *scanner, const char *text)
{
	struct condition *condition = innermost(scanner);

	text += strspn(text, " \t");
	if (is_word(text, "if") || is_word(text, "ifdef") || is_word(text, "ifndef"))
		return open_condition(scanner);
	if (is_word(text, "endif"))
		close_condition(scanner);
	if (condition && (is_word(text, "else") || is_word(text, "elif"))) {
		condition->has_else |= is_word(text, "else");
		end_branch(scanner, condition);
	}
	return NULL;
}

/* Parentheses of a directive are not those of the code. */
static void count_parenthesis(struct scanner *scanner, char c)
{
	if (scanner->directive)
		return;
	if (c == '(' || c == '[')
		scanner->depth++;
	else if ((c == ')' || c == ']') && scanner->depth)
		scanner->depth--;
}

/* One character outside of comments; returns how many were taken. */
static size_t take_code(struct scanner *scanner, const char *at, size_t left)
{
	if (scanner->quote) {
		if (*at == scanner->quote)
			scanner->quote = '\0';
		return *at == '\\' && left > 1 ? 2 : 1;
	}
	if (left > 1 && at[0] == '/' && at[1] == '/')
		return left;
	if (left > 1 && at[0] == '/' && at[1] == '*') {
		scanner->comment = true;
		return 2;
	}
	if (*at == '"' || *at == '\'')
		scanner->quote = *at;
	else
		count_parenthesis(scanner, *at);
	return 1;
}

static struct mkp_error *take_line(struct scanner *scanner, const char *line,
				   size_t length)
{
	const size_t blanks = strspn(line, " \t");
	const bool begins = !scanner->comment && !scanner->continued;
	struct mkp_error *error = NULL;

	/* The end of a function or a table, whatever was counted before. */
	if (begins && *line == '}')
		scanner->depth = 0;
	if (begins)
		scanner->directive = line[blanks] == '#';
	if (begins && scanner->directive)
		error = take_directive(scanner, line + blanks + 1);
	for (size_t at = 0; at < length;) {
		if (!scanner->comment) {
			at += take_code(scanner, line + at, length - at);
		} else if (length - at > 1 && line[at] == '*' && line[at + 1] == '/') {
			scanner->comment = false;
			at += 2;
		} else {
			at++;
		}
	}
	scanner->continued = length && line[length - 1] == '\\';
	if (!scanner->continued)
		scanner->quote = '\0';
	return error;
}

static bool is_safe(const struct scanner *scanner)
{
	return !scanner->comment && !scanner->continued && !scanner->depth;
}

/* ---- writing ---- */

struct writer {
	FILE *stream;
	struct scanner scanner;
	const struct mkp_resume *resumes;
	size_t nr_resumes;
	size_t next;   /* first change that is not behind us */
	size_t wanted; /* what is to be added to a line's number: old - new */
	size_t have;   /* what is, since the last #line */
	struct mkp_reline_counts counts;
};

static void insert(struct writer *writer, size_t line)
{
	struct scanner *scanner = &writer->scanner;

	fprintf(writer->stream, "#line %zu\n", line + writer->wanted);
	writer->counts.nr_inserted++;
	writer->have = writer->wanted;
	scanner->doubtful = false;
	for (size_t i = 0; i < scanner->nr_conditions; i++)
		scanner->conditions[i].relined = true;
}

/* Unsigned arithmetic wraps, so differences below zero are fine. */
static void before_line(struct writer *writer, size_t line)
{
	bool inside;

	while (writer->next < writer->nr_resumes &&
	       writer->resumes[writer->next].new_line <= line) {
		const struct mkp_resume *resume = &writer->resumes[writer->next++];

		writer->wanted = resume->old_line - resume->new_line;
	}
	inside = writer->next < writer->nr_resumes &&
		 writer->resumes[writer->next].change <= line;
	if (inside || (writer->have == writer->wanted && !writer->scanner.doubtful))
		return;
	if (is_safe(&writer->scanner))
		insert(writer, line);
	else if (writer->have != writer->wanted)
		writer->counts.nr_off++;
}

static struct mkp_error *write_lines(struct writer *writer, const char *text)
{
	struct mkp_error *error = NULL;

	for (size_t line = 1; *text && !error; line++) {
		const size_t length = strcspn(text, "\n");
		const size_t whole = length + (text[length] == '\n');

		before_line(writer, line);
		error = take_line(&writer->scanner, text, length);
		fwrite(text, 1, whole, writer->stream);
		text += whole;
	}
	return error;
}

static bool has_own_lines(const char *text)
{
	for (const char *at = text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		at += strspn(at, " \t");
		if (*at != '#')
			continue;
		at++;
		at += strspn(at, " \t");
		if (is_word(at, "line") || (*at >= '0' && *at <= '9'))
			return true;
	}
	return false;
}

struct mkp_error *mkp_reline(const char *text, const struct mkp_resume *resumes,
			     size_t nr_resumes, char **ret_text,
			     struct mkp_reline_counts *ret_counts)
{
	struct writer writer = {
		.resumes = resumes,
		.nr_resumes = has_own_lines(text) ? 0 : nr_resumes,
	};
	char *result = NULL;
	size_t size;
	struct mkp_error *error;

	writer.stream = open_memstream(&result, &size);
	if (!writer.stream)
		return mkp_error_nomem();
	error = write_lines(&writer, text);
	free(writer.scanner.conditions);
	if (fclose(writer.stream) && !error)
		error = mkp_error_nomem();
	if (error) {
		free(result);
		return error;
	}
	*ret_text = result;
	*ret_counts = writer.counts;
	return NULL;
}
