// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff/author.h"

#include <string.h>

#include "base/array.h"
#include "elf/order.h"

#define SECTION_PREFIX ".discard.mkpatch."

/* struct mkpatch_record of mkpatch/livepatch.h. */
#define RECORD_SIZE  16
#define POINTER_SIZE 8

static const char *const kind_names[] = {
	[MKP_AUTHOR_PRE_PATCH] = "pre_patch",
	[MKP_AUTHOR_POST_PATCH] = "post_patch",
	[MKP_AUTHOR_PRE_UNPATCH] = "pre_unpatch",
	[MKP_AUTHOR_POST_UNPATCH] = "post_unpatch",
	[MKP_AUTHOR_STATE] = "state",
	[MKP_AUTHOR_SHADOW] = "shadow",
	[MKP_AUTHOR_INFO] = "info",
	[MKP_AUTHOR_RULE] = "rule",
};

const char *mkp_author_kind_name(enum mkp_author_kind kind)
{
	return kind < MKP_AUTHOR_NR_KINDS ? kind_names[kind] : "unknown";
}

static enum mkp_author_kind kind_of(const struct mkp_graph *graph,
				    const struct mkp_atom *atom)
{
	const char *name = graph->object->sections[atom->section].name;

	for (size_t i = 0; i < MKP_ARRAY_SIZE(kind_names); i++)
		if (!strcmp(name + strlen(SECTION_PREFIX), kind_names[i]))
			return (enum mkp_author_kind)i;
	return MKP_AUTHOR_NR_KINDS;
}

static const char *read_callback(const struct mkp_graph *graph,
				 struct mkp_author_record *record)
{
	const struct mkp_atom *atom = &graph->atoms[record->atom];
	const struct mkp_ref *ref = mkp_atom_ref_at(graph, atom, 0);

	if (atom->size != POINTER_SIZE || atom->nr_refs != 1 || !ref || ref->offset ||
	    ref->target == MKP_NO_ATOM)
		return "not a pointer to a function";
	record->function = ref->target;
	record->name = kind_names[record->kind];
	return NULL;
}

static uint64_t read_word(const struct mkp_graph *graph, const uint8_t *data)
{
	uint64_t word;

	memcpy(&word, data, sizeof(word));
	return mkp_object_get64(graph->object, word);
}

static const char *read_numbers(const struct mkp_graph *graph,
				struct mkp_author_record *record)
{
	static const char prefix[] = "mkpatch_shadow_";
	const struct mkp_atom *atom = &graph->atoms[record->atom];
	const uint8_t *data = mkp_atom_data(graph, atom);

	if (atom->size != RECORD_SIZE || !data)
		return "not two numbers";
	if (atom->nr_refs)
		return "its number is an address, which no two loads have in common";
	record->id = read_word(graph, data);
	record->value = read_word(graph, data + sizeof(uint64_t));
	record->name = mkp_atom_name(graph, record->atom);
	if (!strncmp(record->name, prefix, sizeof(prefix) - 1))
		record->name += sizeof(prefix) - 1;
	return NULL;
}

static const char *read_text(const struct mkp_graph *graph,
			     struct mkp_author_record *record)
{
	const struct mkp_atom *atom = &graph->atoms[record->atom];
	const char *text = (const char *)mkp_atom_data(graph, atom);

	if (!text || atom->nr_refs ||
	    memchr(text, 0, atom->size) != text + atom->size - 1)
		return "not text";
	record->text = text;
	return NULL;
}

/* "KEY=VALUE". */
static struct mkp_error *split_info(struct mkp_author *author,
				    struct mkp_author_record *record)
{
	const char *value = strchr(record->text, '=');

	if (!value) {
		record->trouble = "not KEY=VALUE";
		return NULL;
	}
	record->name = mkp_arena_printf(&author->arena, "%.*s",
					(int)(value - record->text), record->text);
	record->text = value + 1;
	return record->name ? NULL : mkp_error_nomem();
}

static struct mkp_error *read_record(const struct mkp_graph *graph, uint32_t atom,
				     struct mkp_author *author)
{
	struct mkp_author_record record = {
		.kind = kind_of(graph, &graph->atoms[atom]),
		.atom = atom,
		.function = MKP_NO_ATOM,
	};
	struct mkp_error *error = NULL;

	if (record.kind == MKP_AUTHOR_NR_KINDS)
		record.trouble = "of a kind that this mkpatch does not know";
	else if (record.kind < MKP_AUTHOR_NR_CALLBACKS)
		record.trouble = read_callback(graph, &record);
	else if (record.kind == MKP_AUTHOR_STATE || record.kind == MKP_AUTHOR_SHADOW)
		record.trouble = read_numbers(graph, &record);
	else
		record.trouble = read_text(graph, &record);
	if (record.kind == MKP_AUTHOR_INFO && !record.trouble)
		error = split_info(author, &record);
	if (!error)
		error = mkp_array_reserve(&author->records, &author->cap_records,
					  author->nr_records + 1, sizeof(record));
	if (!error)
		author->records[author->nr_records++] = record;
	return error;
}

struct mkp_error *mkp_author_read(const struct mkp_diff *diff,
				  struct mkp_author *ret_author)
{
	const struct mkp_graph *patched = diff->patched;
	struct mkp_author author = { 0 };
	struct mkp_error *error = NULL;

	mkp_arena_init(&author.arena);
	for (uint32_t s = 1; s < patched->object->nr_sections && !error; s++) {
		const uint32_t *first = patched->section_atoms + s;

		if (patched->classes[s] != MKP_CLASS_AUTHOR)
			continue;
		for (uint32_t i = first[0]; i < first[1] && !error; i++)
			if (diff->state[i] != MKP_STATE_SAME)
				error = read_record(patched, i, &author);
	}
	if (error)
		mkp_author_deinit(&author);
	else
		*ret_author = author;
	return error;
}

void mkp_author_deinit(struct mkp_author *author)
{
	free(author->records);
	mkp_arena_deinit(&author->arena);
	*author = (struct mkp_author){ 0 };
}

struct mkp_error *mkp_author_give_rule(struct mkp_author *author, size_t index,
				       const char *origin,
				       struct mkp_overrides *overrides)
{
	struct mkp_author_record *record = &author->records[index];
	struct mkp_error *error = mkp_overrides_parse(overrides, record->text, origin);

	if (!error || error->code != MKP_ERROR_FORMAT)
		return error;
	record->trouble = mkp_arena_strdup(&author->arena, error->message);
	mkp_error_destroy(error);
	return record->trouble ? NULL : mkp_error_nomem();
}
