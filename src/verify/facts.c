// SPDX-License-Identifier: GPL-2.0-or-later
#include "verify/facts.h"

#include <inttypes.h>
#include <string.h>

#include "base/array.h"
#include "verify/content.h"
#include "verify/private.h"

const char *mkp_fact_kind_name(enum mkp_fact_kind kind)
{
	static const char *const names[MKP_NR_FACTS] = {
		"function", "callback",	 "state", "shadow", "data",
		"code",	    "reference", "fix",	  "patch"
	};

	return names[kind];
}

int mkp_fact_compare(const struct mkp_fact *a, const struct mkp_fact *b)
{
	int order = (a->kind > b->kind) - (a->kind < b->kind);

	if (!order)
		order = strcmp(a->object, b->object);
	if (!order)
		order = strcmp(a->name, b->name);
	return order ? order : (a->position > b->position) - (a->position < b->position);
}

bool mkp_fact_same(const struct mkp_fact *a, const struct mkp_fact *b)
{
	return !mkp_fact_compare(a, b) && a->value == b->value &&
	       a->content.high == b->content.high && a->content.low == b->content.low;
}

static int compare_rows(const void *a, const void *b)
{
	const struct mkp_fact *x = a, *y = b;
	int order = mkp_fact_compare(x, y);

	if (order)
		return order;
	if (x->content.high != y->content.high)
		return x->content.high < y->content.high ? -1 : 1;
	return (x->content.low > y->content.low) - (x->content.low < y->content.low);
}

static struct mkp_error *add(struct mkp_facts *facts, const struct mkp_fact *row)
{
	struct mkp_error *error;

	if (!row->name || !row->object)
		return mkp_error_nomem();
	error = mkp_array_reserve(&facts->rows, &facts->cap_rows, facts->nr_rows + 1,
				  sizeof(*row));
	if (!error)
		facts->rows[facts->nr_rows++] = *row;
	return error;
}

/* ---- code and data ---- */

/* "calls.0" and "calls.1" are called so by two runs of one compiler. */
static char *plain_name(struct mkp_arena *arena, const char *name)
{
	size_t length = strlen(name), digits = length;

	while (digits && name[digits - 1] >= '0' && name[digits - 1] <= '9')
		digits--;
	if (digits > 1 && digits < length && name[digits - 1] == '.')
		length = digits - 1;
	return mkp_arena_printf(arena, "%.*s", (int)length, name);
}

/* A flag that something was said already: that each patch says it is no matter. */
static bool is_once(const struct mkp_section *section)
{
	return !strncmp(section->name, ".data.once", 10) ||
	       !strncmp(section->name, ".data..once", 11);
}

/* Constants are part of the content of others alone. */
static struct mkp_error *take_carried(void *data, uint32_t index,
				      struct mkp_content content)
{
	struct mkp_facts *facts = data;
	const struct mkp_object *object = facts->verify->object;
	const struct mkp_symbol *symbol = &object->symbols[index];
	const struct mkp_section *section = mkp_symbol_section(object, symbol);
	const bool code = section->flags & SHF_EXECINSTR;
	struct mkp_fact row = {
		.kind = code ? MKP_FACT_CODE : MKP_FACT_DATA,
		.object = "",
		.value = symbol->size,
		.content = content,
	};

	if (!(section->flags & (SHF_EXECINSTR | SHF_WRITE)) || is_once(section))
		return NULL;
	row.name = plain_name(&facts->report.arena, symbol->name);
	return add(facts, &row);
}

static struct mkp_error *read_functions(struct mkp_facts *facts,
					const struct mkp_contents *contents)
{
	const struct mkp_verify *verify = facts->verify;
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < verify->nr_functions && !error; i++) {
		const struct mkp_verify_replaced replaced = mkp_verify_replaced(verify,
										i);

		error = add(facts,
			    &(struct mkp_fact){
				    .kind = MKP_FACT_FUNCTION,
				    .object = replaced.object,
				    .name = replaced.name,
				    /* 0: the only one; 1: the first one. They can
				     * not both be meant. */
				    .position = replaced.position + !replaced.position,
				    .value = replaced.new_size,
				    .content = mkp_contents_of(
					    contents, &verify->functions[i].code),
			    });
	}
	return error;
}

static struct mkp_error *read_callbacks(struct mkp_facts *facts,
					const struct mkp_contents *contents)
{
	const struct mkp_verify *verify = facts->verify;
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < verify->nr_callbacks && !error; i++) {
		const struct mkp_verify_called callback = mkp_verify_called(verify, i);

		error = add(facts, &(struct mkp_fact){
					   .kind = MKP_FACT_CALLBACK,
					   .object = callback.object,
					   .name = callback.kind,
					   .content = mkp_contents_of(
						   contents, &verify->callbacks[i].code),
				   });
	}
	return error;
}

static struct mkp_error *read_code(struct mkp_facts *facts)
{
	struct mkp_contents *contents = NULL;
	struct mkp_error *error = mkp_contents_create(facts->verify, &contents);

	if (!error)
		error = read_functions(facts, contents);
	if (!error)
		error = read_callbacks(facts, contents);
	if (!error)
		error = mkp_contents_visit(contents, take_carried, facts);
	mkp_contents_destroy(contents);
	return error;
}

/* ---- the rest ---- */

static struct mkp_error *read_references(struct mkp_facts *facts)
{
	const struct mkp_object *object = facts->verify->object;
	struct mkp_error *error = NULL;

	for (uint32_t i = 1; i < object->nr_symbols && !error; i++) {
		const struct mkp_symbol *symbol = &object->symbols[i];
		struct mkp_verify_klp_symbol klp = { 0 };
		struct mkp_fact row = { .kind = MKP_FACT_REFERENCE, .object = "" };

		row.name = symbol->name;
		if (symbol->section == MKP_SHN_LIVEPATCH &&
		    mkp_verify_klp_parse(facts->verify, symbol->name, &klp)) {
			row.object = klp.object;
			row.name = klp.name;
			row.position = klp.position + !klp.position;
		} else if (symbol->section != MKP_SHN_UNDEF || !*symbol->name) {
			continue;
		}
		error = add(facts, &row);
	}
	return error;
}

static struct mkp_error *add_number(struct mkp_facts *facts, enum mkp_fact_kind kind,
				    uint64_t id, uint64_t value)
{
	const struct mkp_fact row = {
		.kind = kind,
		.object = "",
		.name = mkp_arena_printf(&facts->report.arena, "%#" PRIx64, id),
		.value = value,
	};

	return add(facts, &row);
}

static struct mkp_error *read_states(struct mkp_facts *facts)
{
	const struct mkp_verify *verify = facts->verify;
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < verify->nr_states && !error; i++)
		error = add_number(facts, MKP_FACT_STATE, verify->states[i].id,
				   verify->states[i].version);
	return error;
}

/* "0x4711 8 hits" */
static struct mkp_error *read_shadows(struct mkp_facts *facts)
{
	struct mkp_error *error = NULL;
	uint64_t cursor = 0;
	const char *line;

	while (!error &&
	       (line = mkp_verify_line(facts->verify, "mkpatch_shadow=", &cursor))) {
		char *end;
		uint64_t id = strtoull(line, &end, 0);

		error = add_number(facts, MKP_FACT_SHADOW, id, strtoull(end, NULL, 10));
	}
	return error;
}

static struct mkp_error *read_lines(struct mkp_facts *facts, const char *key,
				    enum mkp_fact_kind kind)
{
	struct mkp_fact row = { .kind = kind, .object = "" };
	struct mkp_error *error = NULL;
	uint64_t cursor = 0;

	while (!error && (row.name = mkp_verify_line(facts->verify, key, &cursor)))
		error = add(facts, &row);
	return error;
}

static struct mkp_error *read_all(struct mkp_facts *facts)
{
	const struct mkp_verify *verify = facts->verify;
	struct mkp_error *error = read_code(facts);

	facts->name = facts->report.name;
	facts->vermagic = mkp_verify_line(verify, "vermagic=", NULL);
	facts->release = mkp_verify_line(verify, "mkpatch_release=", NULL);
	facts->build_id = mkp_verify_line(verify, "mkpatch_build_id=", NULL);
	facts->unload = mkp_verify_line(verify, "mkpatch_unload=", NULL);
	facts->replace = verify->replace;
	facts->complete = !strcmp(facts->report.flavour, "klp_patch") ||
			  !strcmp(facts->report.flavour, "mkpatch_core");
	if (!error)
		error = read_references(facts);
	if (!error)
		error = read_states(facts);
	if (!error)
		error = read_shadows(facts);
	if (!error)
		error = read_lines(facts, "mkpatch_fix=", MKP_FACT_FIX);
	if (!error)
		error = read_lines(facts, "mkpatch_patch=", MKP_FACT_PATCH);
	if (!error && facts->nr_rows)
		qsort(facts->rows, facts->nr_rows, sizeof(*facts->rows), compare_rows);
	return error;
}

/* What can not be compared is no input. */
static struct mkp_error *check_module(const struct mkp_facts *facts)
{
	const char *mark = mkp_verify_line(facts->verify, "livepatch=", NULL);

	if (!mark || *mark != 'Y')
		return mkp_error_create(MKP_ERROR_USAGE,
					"%s: not a livepatch module: no livepatch=Y",
					facts->path);
	if (facts->report.nr_findings)
		return mkp_error_create(MKP_ERROR_FORMAT, "%s: %s: %s", facts->path,
					facts->report.findings[0].row->name,
					facts->report.findings[0].message);
	if (!facts->verify->arch)
		return mkp_error_create(MKP_ERROR_UNSUPPORTED,
					"%s: machine %u is not supported", facts->path,
					facts->verify->object->machine);
	return NULL;
}

struct mkp_error *mkp_facts_open(const char *path, struct mkp_facts **ret_facts)
{
	struct mkp_facts *facts = NULL;
	struct mkp_error *error = mkp_array_create(1, sizeof(*facts), &facts);

	if (error)
		return error;
	mkp_verify_report_init(&facts->report);
	facts->path = path;
	error = mkp_verify_describe(path, &facts->report, &facts->verify);
	if (!error)
		error = check_module(facts);
	if (!error)
		error = read_all(facts);
	if (error)
		mkp_facts_destroy(facts);
	else
		*ret_facts = facts;
	return error;
}

const char *mkp_facts_arch(const struct mkp_facts *facts)
{
	return facts->verify->arch->name;
}

void mkp_facts_destroy(struct mkp_facts *facts)
{
	if (!facts)
		return;
	free(facts->rows);
	mkp_verify_destroy(facts->verify);
	mkp_verify_report_deinit(&facts->report);
	free(facts);
}
