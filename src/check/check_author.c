// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checks of what the author says by the macros of mkpatch/livepatch.h.
 */
#include <inttypes.h>
#include <string.h>

#include "check/check.h"
#include "diff/names.h"

/* A record that is well-formed, and of this kind. */
static bool is_kind(const struct mkp_author_record *record, enum mkp_author_kind kind)
{
	return record->kind == kind && !record->trouble;
}

static bool is_callback(const struct mkp_author_record *record)
{
	return record->kind < MKP_AUTHOR_NR_CALLBACKS && !record->trouble;
}

/* A finding about a record; the symbol is what the author named. */
#define report_record(context, self, record, symbol, ...)                                \
	mkp_check_report((context)->report, self, symbol,                                \
			 mkp_check_source(context, (record)->atom), __VA_ARGS__)

typedef struct mkp_error *check_record(const struct mkp_check_context *context,
				       enum mkp_check_id self,
				       const struct mkp_author_record *record);

static struct mkp_error *for_each_record(const struct mkp_check_context *context,
					 enum mkp_check_id self, check_record *check)
{
	const struct mkp_author *author = context->author;
	struct mkp_error *error = NULL;

	for (size_t i = 0; author && i < author->nr_records && !error; i++)
		error = check(context, self, &author->records[i]);
	return error;
}

/* A record, with the object of the patch that has it. */
struct found {
	const struct mkp_check_context *context;
	const struct mkp_author_record *record; /* NULL: there is none */
};

/*
 * The last record of the same kind before @record, in this object or in those that come
 * before, for which @same holds. An author writes a handful.
 */
static struct found find_earlier(const struct mkp_check_context *context,
				 const struct mkp_author_record *record,
				 bool (*same)(const struct mkp_author_record *,
					      const struct mkp_author_record *))
{
	size_t end = (size_t)(record - context->author->records);

	for (const struct mkp_check_context *at = context; at; at = at->before) {
		const struct mkp_author *author = at->author;

		if (at != context)
			end = author ? author->nr_records : 0;
		while (end--)
			if (is_kind(&author->records[end], record->kind) &&
			    same(&author->records[end], record))
				return (struct found){ at, &author->records[end] };
	}
	return (struct found){ NULL, NULL };
}

static struct mkp_error *check_form(const struct mkp_check_context *context,
				    enum mkp_check_id self,
				    const struct mkp_author_record *record)
{
	const struct mkp_graph *graph = context->diff->patched;
	uint32_t section = graph->atoms[record->atom].section;

	if (!record->trouble || record->kind == MKP_AUTHOR_RULE)
		return NULL;
	return report_record(context, self, record, mkp_atom_name(graph, record->atom),
			     "%s: %s", graph->object->sections[section].name,
			     record->trouble);
}

struct mkp_error *mkp_run_author_record(const struct mkp_check_context *context,
					enum mkp_check_id self)
{
	return for_each_record(context, self, check_form);
}

static struct mkp_error *check_rule(const struct mkp_check_context *context,
				    enum mkp_check_id self,
				    const struct mkp_author_record *record)
{
	if (!record->trouble || record->kind != MKP_AUTHOR_RULE)
		return NULL;
	return report_record(context, self, record,
			     mkp_atom_name(context->diff->patched, record->atom), "%s",
			     record->trouble);
}

/* Rules that are none, then those that can not be followed. */
struct mkp_error *mkp_run_author_rule(const struct mkp_check_context *context,
				      enum mkp_check_id self)
{
	const struct mkp_overrides *overrides = context->overrides;
	struct mkp_error *error = for_each_record(context, self, check_rule);

	for (size_t i = 0; overrides && i < overrides->nr_rules && !error; i++)
		if (overrides->rules[i].trouble)
			error = mkp_check_report(context->report, self,
						 overrides->rules[i].name,
						 overrides->rules[i].origin, "%s",
						 overrides->rules[i].trouble);
	return error;
}

/* "pre-patch", as the kernel's documentation writes it. */
static int kind_head(enum mkp_author_kind kind)
{
	return (int)strcspn(mkp_author_kind_name(kind), "_");
}

static const char *kind_tail(enum mkp_author_kind kind)
{
	return mkp_author_kind_name(kind) + kind_head(kind) + 1;
}

static const char *function_name(const struct mkp_check_context *context,
				 const struct mkp_author_record *record)
{
	return mkp_atom_name(context->diff->patched, record->function);
}

static struct mkp_error *note_callback(const struct mkp_check_context *context,
				       enum mkp_check_id self,
				       const struct mkp_author_record *record)
{
	if (!is_callback(record))
		return NULL;
	return report_record(context, self, record, function_name(context, record),
			     "%.*s-%s callback", kind_head(record->kind),
			     mkp_author_kind_name(record->kind), kind_tail(record->kind));
}

struct mkp_error *mkp_run_callback(const struct mkp_check_context *context,
				   enum mkp_check_id self)
{
	return for_each_record(context, self, note_callback);
}

static bool any_same(const struct mkp_author_record *a MKP_UNUSED,
		     const struct mkp_author_record *b MKP_UNUSED)
{
	return true;
}

static struct mkp_error *check_several(const struct mkp_check_context *context,
				       enum mkp_check_id self,
				       const struct mkp_author_record *record)
{
	struct found first = { context, record };

	if (!is_callback(record))
		return NULL;
	do
		first = find_earlier(first.context, first.record, any_same);
	while (first.record && !mkp_check_same_object(first.context, context));
	if (!first.record)
		return NULL;
	return report_record(context, self, record, function_name(context, record),
			     "a second %.*s-%s callback of %s; there is %s",
			     kind_head(record->kind), mkp_author_kind_name(record->kind),
			     kind_tail(record->kind),
			     context->object ? context->object : "vmlinux",
			     function_name(first.context, first.record));
}

struct mkp_error *mkp_run_callback_several(const struct mkp_check_context *context,
					   enum mkp_check_id self)
{
	return for_each_record(context, self, check_several);
}

static struct mkp_error *check_target(const struct mkp_check_context *context,
				      enum mkp_check_id self,
				      const struct mkp_author_record *record)
{
	const struct mkp_atom *atom;
	const char *what = NULL;

	if (!is_callback(record))
		return NULL;
	atom = &context->diff->patched->atoms[record->function];
	if (atom->kind == MKP_ATOM_EXTERN)
		what = "not defined in this file";
	else if (atom->kind != MKP_ATOM_FUNC || atom->class != MKP_CLASS_TEXT)
		what = mkp_class_name(atom->class);
	else if (context->diff->state[record->function] != MKP_STATE_NEW)
		what = "a function that the original has";
	if (!what)
		return NULL;
	return report_record(context, self, record, function_name(context, record),
			     "can not be a callback: it is %s", what);
}

struct mkp_error *mkp_run_callback_target(const struct mkp_check_context *context,
					  enum mkp_check_id self)
{
	return for_each_record(context, self, check_target);
}

/* One shadow variable may be used in several files. */
static bool shadows_clash(const struct mkp_author_record *a,
			  const struct mkp_author_record *b)
{
	return a->id == b->id && (strcmp(a->name, b->name) != 0 || a->value != b->value);
}

static bool same_id(const struct mkp_author_record *a, const struct mkp_author_record *b)
{
	return a->id == b->id;
}

static struct mkp_error *check_shadow(const struct mkp_check_context *context,
				      enum mkp_check_id self,
				      const struct mkp_author_record *record)
{
	struct found first;

	if (!is_kind(record, MKP_AUTHOR_SHADOW))
		return NULL;
	first = find_earlier(context, record, shadows_clash);
	if (!first.record)
		return NULL;
	return report_record(context, self, record, record->name,
			     "has the id %#" PRIx64 " of %s", record->id,
			     first.record->name);
}

struct mkp_error *mkp_run_shadow_id(const struct mkp_check_context *context,
				    enum mkp_check_id self)
{
	return for_each_record(context, self, check_shadow);
}

static struct mkp_error *check_state(const struct mkp_check_context *context,
				     enum mkp_check_id self,
				     const struct mkp_author_record *record)
{
	struct found first;

	if (!is_kind(record, MKP_AUTHOR_STATE))
		return NULL;
	if (!record->id)
		return report_record(context, self, record, record->name,
				     "its id is 0, which ends the list");
	if (!record->value || record->value > UINT32_MAX)
		return report_record(context, self, record, record->name,
				     "state %#" PRIx64 " has the version %" PRIu64,
				     record->id, record->value);
	first = find_earlier(context, record, same_id);
	/* Two files may say the same. */
	if (first.record &&
	    (first.context == context || first.record->value != record->value))
		return report_record(context, self, record, record->name,
				     "state %#" PRIx64 " is there twice", record->id);
	return NULL;
}

struct mkp_error *mkp_run_klp_state(const struct mkp_check_context *context,
				    enum mkp_check_id self)
{
	return for_each_record(context, self, check_state);
}

/*
 * Keys that mean something to the module loader (kernel/module/main.c, check_modinfo()),
 * to modpost, to depmod and modprobe, or that kbuild and mkpatch write themselves.
 */
static const char *const reserved_keys[] = {
	"alias",      "depends",     "firmware",   "import_ns", "intree",
	"license",    "mkpatch",     "livepatch",  "name",	"parm*",
	"retpoline",  "rhelversion", "scmversion", "sig*",	"softdep",
	"srcversion", "staging",     "supported",  "vermagic",	"weakdep",
};

static bool is_word(const char *key)
{
	return *key &&
	       key[strspn(key, "abcdefghijklmnopqrstuvwxyz"
			       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] == '\0' &&
	       !strchr("0123456789", *key);
}

static bool same_key(const struct mkp_author_record *a, const struct mkp_author_record *b)
{
	return !strcmp(a->name, b->name);
}

static struct mkp_error *check_info(const struct mkp_check_context *context,
				    enum mkp_check_id self,
				    const struct mkp_author_record *record)
{
	const char *trouble = NULL;

	if (!is_kind(record, MKP_AUTHOR_INFO))
		return NULL;
	if (!is_word(record->name))
		trouble = "not a word";
	for (size_t i = 0; i < MKP_ARRAY_SIZE(reserved_keys) && !trouble; i++)
		if (mkp_name_matches(reserved_keys[i], record->name))
			trouble = "not the author's to set";
	if (!trouble &&
	    (!strcmp(record->name, "version") || !strcmp(record->name, "description")) &&
	    find_earlier(context, record, same_key).record)
		trouble = "there already";
	if (!trouble)
		return NULL;
	return report_record(context, self, record, record->name,
			     "a key of .modinfo that is %s: %s=%s", trouble, record->name,
			     record->text);
}

struct mkp_error *mkp_run_module_info(const struct mkp_check_context *context,
				      enum mkp_check_id self)
{
	return for_each_record(context, self, check_info);
}
