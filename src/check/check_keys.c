// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Static branches, static calls and other table entries that refer to a module.
 *
 * The kernel reads the tables of a patch when the patch is loaded. What livepatch
 * resolves in a module it resolves when that module is there, which may be later: until
 * then the field of the entry holds nothing (kernel/livepatch/core.c,
 * klp_write_object_relocs(); kernel/jump_label.c, jump_label_module_notify()). Keys of
 * vmlinux and of the patch itself are there in time.
 *
 * One key often has dozens of branches, all from the same inline function, whose name is
 * nowhere near the patched source. So a key is one finding, which names the inline
 * function and lists the places that it was inlined in.
 *
 * Tracepoints are static branches too. Who patches a function can do without its trace
 * events: their entries are left out, so that the branch stays what it was compiled as,
 * not taken.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "check/check.h"

#define MAX_LISTED 6

/** One entry that refers to the key. */
struct site {
	const char *via, *via_source; /* the inline function; NULL: none */
	const char *function, *source;
	int64_t offset; /* in the key's variable, with the flags */
};

struct key {
	const struct mkp_check_context *context;
	uint32_t atom;
	const char *owner;
	struct site *sites; /* owned */
	size_t nr_sites;
};

static enum mkp_check_id check_of_ref(const struct mkp_graph *graph, uint32_t ref)
{
	const struct mkp_atom *entry = &graph->atoms[graph->ref_atom[ref]];
	const struct mkp_special_row *row;

	if (entry->class == MKP_CLASS_AUX)
		return MKP_CHECK_TABLE_MODULE_SYMBOL;
	if (entry->kind != MKP_ATOM_ENTRY)
		return MKP_NR_CHECKS;
	row = mkp_graph_special(graph, entry)->row;
	if (row->key_field < 0 || graph->refs[ref].place != (uint64_t)row->key_field)
		return MKP_CHECK_TABLE_MODULE_SYMBOL;
	return row->flags & MKP_SPECIAL_STATIC_CALL ? MKP_CHECK_STATIC_CALL_KEY
						    : MKP_CHECK_JUMP_LABEL_KEY;
}

/* include/linux/tracepoint.h: the key is a member of the tracepoint (v2.6.39), the calls
 * go through __SCK__tp_func_NAME (v5.10). */
static bool is_tracing_key(const char *name)
{
	return mkp_name_matches("__tracepoint_*", name) ||
	       mkp_name_matches("__SCK__tp_func_*", name);
}

bool mkp_check_is_tracing(const struct mkp_graph *graph, uint32_t ref)
{
	enum mkp_check_id id = check_of_ref(graph, ref);

	return (id == MKP_CHECK_JUMP_LABEL_KEY || id == MKP_CHECK_STATIC_CALL_KEY) &&
	       is_tracing_key(mkp_atom_name(graph, graph->refs[ref].target));
}

/* The code that an entry, or code that a table refers to, belongs to. */
static uint32_t described_function(const struct mkp_graph *graph, uint32_t ref,
				   uint64_t *ret_offset)
{
	uint32_t from = graph->ref_atom[ref];
	const struct mkp_atom *entry = &graph->atoms[from];
	const struct mkp_ref *code;

	*ret_offset = 0;
	if (entry->kind != MKP_ATOM_ENTRY || entry->owner == MKP_NO_ATOM)
		return from;
	code = mkp_atom_ref_at(graph, entry,
			       mkp_graph_special(graph, entry)->row->code_field);
	*ret_offset = code ? (uint64_t)code->offset : 0;
	return entry->owner;
}

static struct site find_site(const struct mkp_check_context *context, uint32_t ref)
{
	const struct mkp_graph *graph = context->diff->patched;
	struct mkp_line_frame frames[MKP_LINES_MAX_CHAIN];
	uint64_t offset;
	uint32_t function = described_function(graph, ref, &offset);
	const struct mkp_atom *atom = &graph->atoms[function];
	size_t depth = mkp_lines_frames(context->patched_lines, atom->section,
					atom->start + offset, frames);
	struct site site = {
		.function = mkp_atom_name(graph, function),
		.offset = graph->refs[ref].offset,
	};

	if (!depth) {
		site.source = mkp_lines_find(context->patched_lines, atom->section,
					     atom->start + offset);
		return site;
	}
	site.source = frames[depth - 1].source;
	if (depth > 1) {
		site.via = frames[0].function;
		site.via_source = frames[0].source;
	}
	return site;
}

static int compare_strings(const char *a, const char *b)
{
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

/* By inline function; those of one function stay in their order in the code. */
static int compare_sites(const void *a, const void *b)
{
	const struct site *x = a, *y = b;
	int order = compare_strings(x->via, y->via);

	if (!order)
		order = compare_strings(x->via_source, y->via_source);
	if (!order)
		order = compare_strings(x->function, y->function);
	return order ? order : compare_strings(x->source, y->source);
}

static bool is_same_inline(const struct site *a, const struct site *b)
{
	return !compare_strings(a->via, b->via) &&
	       !compare_strings(a->via_source, b->via_source);
}

/* "FUNCTION (file:line)" for each place of @count sites, each once. */
static void print_places(FILE *stream, const struct site *sites, size_t count)
{
	size_t listed = 0;

	for (size_t i = 0; i < count; i++) {
		if (i && !compare_strings(sites[i].source, sites[i - 1].source) &&
		    !strcmp(sites[i].function, sites[i - 1].function))
			continue;
		if (listed++ >= MAX_LISTED)
			continue;
		fprintf(stream, "%s%s%s%s%s", listed > 1 ? ", " : "", sites[i].function,
			sites[i].source ? " (" : "",
			sites[i].source ? sites[i].source : "",
			sites[i].source ? ")" : "");
	}
	if (listed > MAX_LISTED)
		fprintf(stream, " and %zu more places", listed - MAX_LISTED);
}

static void print_sites(FILE *stream, const struct key *key)
{
	size_t end;

	for (size_t i = 0; i < key->nr_sites; i = end) {
		const struct site *site = &key->sites[i];

		for (end = i + 1;
		     end < key->nr_sites && is_same_inline(site, &key->sites[end]); end++)
			;
		fputs(i ? "; " : ": ", stream);
		if (site->via)
			fprintf(stream, "by the inline %s%s%s%s in ", site->via,
				site->via_source ? " (" : "",
				site->via_source ? site->via_source : "",
				site->via_source ? ")" : "");
		else
			fputs("in ", stream);
		print_places(stream, site, end - i);
	}
}

/*
 * What to write in place of it. static_key_enabled() takes all three types of keys
 * (include/linux/jump_label.h, v4.3); bit 0 of the key's field says for which outcome the
 * branch was laid out. STATIC_CALL_KEY() and _TRAMP(): include/linux/static_call_types.h.
 */
static void print_replacement(FILE *stream, const struct key *key, enum mkp_check_id id)
{
	const char *name = mkp_atom_name(key->context->diff->patched, key->atom);
	int64_t flags = key->sites[0].offset & 3, offset = key->sites[0].offset - flags;
	const char *likely = flags & 1 ? "likely" : "unlikely";

	if (id == MKP_CHECK_STATIC_CALL_KEY) {
		name += mkp_name_matches("__SCK__*", name) ? strlen("__SCK__") : 0;
		fprintf(stream,
			"; in place of static_call(%s)(...) write "
			"((typeof(STATIC_CALL_TRAMP(%s)) *)STATIC_CALL_KEY(%s).func)"
			"(...)",
			name, name, name);
	} else if (offset) {
		fprintf(stream,
			"; in place of static_branch_%s() on its member at +%#llx write "
			"%s(static_key_enabled()) of that member",
			likely, (unsigned long long)offset, likely);
	} else {
		fprintf(stream,
			"; in place of static_branch_%s(&%s) write "
			"%s(static_key_enabled(&%s))",
			likely, name, likely, name);
	}
}

static struct mkp_error *report_key(const struct key *key, enum mkp_check_id id)
{
	const char *name = mkp_atom_name(key->context->diff->patched, key->atom);
	bool tracing = is_tracing_key(name), branch = id == MKP_CHECK_JUMP_LABEL_KEY;
	MKP_CLEANUP_FREE char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return mkp_error_nomem();
	fprintf(stream, "belongs to module %s: %zu %s%s", key->owner, key->nr_sites,
		branch ? "static branch" : "static call",
		key->nr_sites == 1 ? "" : (branch ? "es" : "s"));
	print_sites(stream, key);
	if (!tracing)
		print_replacement(stream, key, id);
	if (fclose(stream))
		return mkp_error_nomem();
	return mkp_check_report(key->context->report,
				tracing ? MKP_CHECK_TRACING_DISABLED : id, name,
				key->sites[0].source, "%s", text);
}

/* The entries of the patch that refer to the key as @id describes. */
static struct mkp_error *collect_sites(struct key *key, enum mkp_check_id id)
{
	const struct mkp_check_context *context = key->context;
	const struct mkp_graph *graph = context->diff->patched;
	uint32_t begin = graph->incoming_first[key->atom],
		 end = graph->incoming_first[key->atom + 1];
	struct mkp_error *error = mkp_array_create(end - begin, sizeof(*key->sites),
						   &key->sites);

	for (uint32_t i = begin; i < end && !error; i++) {
		uint32_t ref = graph->incoming[i];

		if (context->selection->fates[ref] == MKP_FATE_ORIGINAL &&
		    check_of_ref(graph, ref) == id)
			key->sites[key->nr_sites++] = find_site(context, ref);
	}
	if (!error && key->nr_sites)
		qsort(key->sites, key->nr_sites, sizeof(*key->sites), compare_sites);
	return error;
}

static struct mkp_error *report_table_symbol(const struct key *key)
{
	return mkp_check_report(key->context->report, MKP_CHECK_TABLE_MODULE_SYMBOL,
				mkp_atom_name(key->context->diff->patched, key->atom),
				key->sites[0].source, "belongs to module %s; used by %s",
				key->owner, key->sites[0].function);
}

struct mkp_error *mkp_check_module_symbol(const struct mkp_check_context *context,
					  uint32_t atom, const char *owner)
{
	static const enum mkp_check_id ids[] = {
		MKP_CHECK_JUMP_LABEL_KEY,
		MKP_CHECK_STATIC_CALL_KEY,
		MKP_CHECK_TABLE_MODULE_SYMBOL,
	};
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < MKP_ARRAY_SIZE(ids) && !error; i++) {
		struct key key = { .context = context, .atom = atom, .owner = owner };

		error = collect_sites(&key, ids[i]);
		if (!error && key.nr_sites)
			error = ids[i] == MKP_CHECK_TABLE_MODULE_SYMBOL
					? report_table_symbol(&key)
					: report_key(&key, ids[i]);
		free(key.sites);
	}
	return error;
}
