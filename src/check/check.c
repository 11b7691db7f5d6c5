// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The digits of a number that is at most 9999, as characters. */
#define DIGIT(n, place) (char)('0' + (n) / (place) % 10)

/* Rows without a function are reported by the stage that meets the case. */
#define mkp_run_elsewhere NULL

/* FATAL in the list is an error that can not be lowered. */
#define MKP_LEVEL_FATAL	  MKP_LEVEL_ERROR
#define MKP_FIXED_FATAL	  true
#define MKP_FIXED_ERROR	  false
#define MKP_FIXED_WARNING false
#define MKP_FIXED_NOTE	  false

static const struct mkp_check checks[MKP_NR_CHECKS] = {
#define CHECK(identifier, number, text, severity, function, advice, more)                \
	[MKP_CHECK_##identifier] = {                                                     \
		.id = (const char[]){ 'M', 'K', 'P', '-', DIGIT(number, 1000),           \
				      DIGIT(number, 100), DIGIT(number, 10),             \
				      DIGIT(number, 1), '\0' },                          \
		.name = text,                                                            \
		.level = MKP_LEVEL_##severity,                                           \
		.fixed = MKP_FIXED_##severity,                                           \
		.run = mkp_run_##function,                                               \
		.fix = advice,                                                           \
		.explanation = more,                                                     \
	},
#include "check/checks.def"
#undef CHECK
};

const struct mkp_check *mkp_check_get(enum mkp_check_id id)
{
	return &checks[id];
}

const struct mkp_check *mkp_check_find(const char *name)
{
	for (size_t i = 0; i < MKP_NR_CHECKS; i++)
		if (!strcmp(checks[i].name, name) || !strcmp(checks[i].id, name))
			return &checks[i];
	return NULL;
}

struct mkp_error *mkp_check_set_level(uint8_t *levels, const char *name,
				      enum mkp_level level)
{
	const struct mkp_check *check = mkp_check_find(name);

	if (!check)
		return mkp_error_create(MKP_ERROR_USAGE,
					"no check is called '%s': see 'mkpatch checks'",
					name);
	if (check->fixed && level < check->level)
		return mkp_error_create(MKP_ERROR_USAGE,
					"%s can not be made a warning: without what it "
					"asks for no module would be right",
					check->name);
	levels[check - checks] = (uint8_t)(level + 1);
	return NULL;
}

struct mkp_error *mkp_check_run(const struct mkp_check_context *context)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < MKP_NR_CHECKS && !error; i++)
		if (checks[i].run)
			error = checks[i].run(context, (enum mkp_check_id)i);
	return error;
}

static enum mkp_level level_of(const struct mkp_report *report, enum mkp_check_id id)
{
	if (report->levels && report->levels[id])
		return (enum mkp_level)(report->levels[id] - 1);
	return checks[id].level;
}

static MKP_PRINTF(4, 0) struct mkp_error *report_finding(struct mkp_report *report,
							 enum mkp_check_id id,
							 struct mkp_finding *finding,
							 const char *format, va_list args)
{
	MKP_CLEANUP_FREE char *message = NULL;

	if (vasprintf(&message, format, args) < 0) {
		message = NULL;
		return mkp_error_nomem();
	}
	finding->id = checks[id].id;
	finding->name = checks[id].name;
	finding->level = level_of(report, id);
	if (!finding->fix)
		finding->fix = checks[id].fix;
	finding->message = message;
	return mkp_report_add_finding(report, finding);
}

struct mkp_error *mkp_check_report(struct mkp_report *report, enum mkp_check_id id,
				   const char *symbol, const char *source,
				   const char *format, ...)
{
	struct mkp_finding finding = { .symbol = symbol, .source = source };
	struct mkp_error *error;
	va_list args;

	va_start(args, format);
	error = report_finding(report, id, &finding, format, args);
	va_end(args);
	return error;
}

struct mkp_error *mkp_check_report_details(struct mkp_report *report,
					   enum mkp_check_id id,
					   const struct mkp_finding *details,
					   const char *format, ...)
{
	struct mkp_finding finding = *details;
	struct mkp_error *error;
	va_list args;

	va_start(args, format);
	error = report_finding(report, id, &finding, format, args);
	va_end(args);
	return error;
}

/* Module names use '_' where file names may have '-'. */
static bool names_equal(const char *a, const char *b)
{
	while (*a && (*a == *b || (strchr("-_", *a) && *b && strchr("-_", *b)))) {
		a++;
		b++;
	}
	return *a == *b;
}

bool mkp_check_same_object(const struct mkp_check_context *a,
			   const struct mkp_check_context *b)
{
	if (!a->object || !b->object)
		return a->object == b->object;
	return names_equal(a->object, b->object);
}

static const char *atom_source(struct mkp_lines *lines, struct mkp_types *types,
			       const struct mkp_graph *graph, uint32_t atom)
{
	const struct mkp_atom *it = &graph->atoms[atom];
	bool function = it->kind == MKP_ATOM_FUNC, found = false;
	const char *source = NULL;
	struct mkp_die die;

	if (types && function)
		found = mkp_types_function(types, it->section, it->start, &die);
	else if (types && it->symbol)
		found = mkp_types_variable(types, it->section, it->start, &die);
	if (found)
		source = mkp_lines_declaration(lines, mkp_types_dwarf(types), &die);
	/* Assembler's, and what has lines but no entries. */
	if (!source && function)
		source = mkp_lines_find(lines, it->section, it->start);
	return source;
}

const char *mkp_check_source(const struct mkp_check_context *context, uint32_t atom)
{
	return atom_source(context->patched_lines, context->patched_types,
			   context->diff->patched, atom);
}

const char *mkp_check_orig_source(const struct mkp_check_context *context, uint32_t atom)
{
	return atom_source(context->orig_lines, context->orig_types, context->diff->orig,
			   atom);
}

const char *mkp_check_ref_source(const struct mkp_check_context *context, uint32_t ref)
{
	const struct mkp_graph *graph = context->diff->patched;
	const struct mkp_atom *atom = &graph->atoms[graph->ref_atom[ref]];

	if (atom->kind != MKP_ATOM_FUNC)
		return mkp_check_source(context, graph->ref_atom[ref]);
	return mkp_lines_find(context->patched_lines, atom->section,
			      atom->start + graph->refs[ref].place);
}

const char *mkp_need_source(const struct mkp_need *need)
{
	return need->ref != MKP_NO_REF ? mkp_check_ref_source(need->context, need->ref)
				       : mkp_check_source(need->context, need->atom);
}
