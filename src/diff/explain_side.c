// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What one object has at the place of a difference: instructions with their source
 * places, bytes of data, references by what they lead to.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "diff/explain.h"

/* Instructions that are shown before and after the one that differs. */
#define CONTEXT_BEFORE 2
#define CONTEXT_AFTER  2

/* Bytes of data that are shown, and of a string's text. */
#define MAX_BYTES  16
#define MAX_STRING 48

const char *mkp_explain_text(const struct mkp_explainer *explainer, const char *format,
			     ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = mkp_arena_vprintf(explainer->arena, format, args);
	va_end(args);
	return text;
}

const struct mkp_graph *mkp_explain_graph(const struct mkp_explainer *explainer, int side)
{
	return side == MKP_SIDE_ORIG ? explainer->diff->orig : explainer->diff->patched;
}

bool mkp_explain_is_code(const struct mkp_graph *graph, const struct mkp_atom *atom)
{
	const struct mkp_section *section = &graph->object->sections[atom->section];

	return graph->arch->disassemble && (section->flags & SHF_EXECINSTR) &&
	       atom->kind != MKP_ATOM_ENTRY && atom->kind != MKP_ATOM_EXTERN;
}

/* ---- References ----------------------------------------------------------------------
 */

static void print_string(FILE *stream, const char *text, uint64_t size)
{
	uint64_t length = strnlen(text, size);
	bool cut = length > MAX_STRING;

	fprintf(stream, "\"%.*s%s\"", (int)(cut ? MAX_STRING - 3 : length), text,
		cut ? "..." : "");
}

void mkp_explain_print_target(FILE *stream, const struct mkp_graph *graph,
			      const struct mkp_ref *ref)
{
	const struct mkp_atom *atom;
	const char *data;
	int64_t offset = ref->offset;

	if (ref->target == MKP_NO_ATOM) {
		fprintf(stream, "%#llx", (unsigned long long)offset);
		return;
	}
	atom = &graph->atoms[ref->target];
	data = (const char *)mkp_atom_data(graph, atom);
	if (atom->kind == MKP_ATOM_STRING && data && (uint64_t)offset < atom->size) {
		print_string(stream, data + offset, atom->size - (uint64_t)offset);
		return;
	}
	/* What has no symbol is told by its place in the section. */
	if (!atom->symbol && atom->kind != MKP_ATOM_EXTERN)
		offset += (int64_t)atom->start;
	fputs(mkp_atom_name(graph, ref->target), stream);
	if (offset)
		fprintf(stream, "%c%#llx", offset < 0 ? '-' : '+',
			offset < 0 ? -(unsigned long long)offset
				   : (unsigned long long)offset);
}

/* ---- Instructions --------------------------------------------------------------------
 */

/* The code that is shown. */
struct code {
	const struct mkp_explainer *explainer;
	int side;
	uint32_t atom;
	const struct mkp_graph *graph;
	const struct mkp_atom *it;
	const uint8_t *data;
};

static bool name_field(const void *context, uint64_t offset, FILE *stream)
{
	const struct code *code = context;
	const struct mkp_ref *ref = mkp_atom_ref_at(code->graph, code->it, offset);

	if (!ref || (ref->flags & MKP_REF_NOTHING))
		return false;
	if (!stream)
		return true;
	if (ref->target == code->atom && (ref->flags & MKP_REF_BRANCH) && ref->offset)
		fprintf(stream, "+%#llx", (unsigned long long)ref->offset);
	else
		mkp_explain_print_target(stream, code->graph, ref);
	return true;
}

static uint64_t insn_length(const struct code *code, uint64_t offset)
{
	size_t length = code->graph->arch->disassemble(code->data, code->it->size, offset,
						       NULL, NULL);

	return length ? length : 1;
}

const char *mkp_explain_bytes(const struct mkp_explainer *explainer, const uint8_t *bytes,
			      size_t count)
{
	static const char digits[] = "0123456789abcdef";
	char *text = mkp_arena_alloc(explainer->arena, 2 * count + 1);

	for (size_t i = 0; i < count && text; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	return text;
}

/* The text of an instruction; "" if there is none. */
static struct mkp_error *insn_text(const struct code *code, uint64_t offset,
				   const char **ret_text)
{
	const struct mkp_field_namer namer = { name_field, code };
	MKP_CLEANUP_FREE char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return mkp_error_nomem();
	code->graph->arch->disassemble(code->data, code->it->size, offset, &namer,
				       stream);
	if (fclose(stream))
		return mkp_error_nomem();
	*ret_text = mkp_arena_strdup(code->explainer->arena, text);
	return *ret_text ? NULL : mkp_error_nomem();
}

static struct mkp_error *show_insn(const struct code *code, uint64_t offset,
				   struct mkp_report_insn *ret_insn)
{
	struct mkp_lines *lines = code->explainer->lines[code->side];
	struct mkp_report_insn insn = { .offset = offset };
	struct mkp_error *error = insn_text(code, offset, &insn.text);
	const char *source = NULL;

	if (error)
		return error;
	if (!*insn.text)
		insn.text = NULL;
	insn.bytes = mkp_explain_bytes(code->explainer, code->data + offset,
				       insn_length(code, offset));
	if (!insn.bytes)
		return mkp_error_nomem();
	if (lines)
		source = mkp_lines_find(lines, code->it->section,
					code->it->start + offset);
	insn.source = mkp_arena_strdup(code->explainer->arena, source);
	if (source && !insn.source)
		return mkp_error_nomem();
	*ret_insn = insn;
	return NULL;
}

struct mkp_error *mkp_explain_frames(const struct mkp_explainer *explainer, int side,
				     const struct mkp_ref *code,
				     struct mkp_report_side *to)
{
	const struct mkp_graph *graph = mkp_explain_graph(explainer, side);
	struct mkp_line_frame found[MKP_LINES_MAX_CHAIN];
	struct mkp_arena *arena = explainer->arena;
	struct mkp_report_frame *frames;
	size_t count = 0;

	if (explainer->lines[side] && code && code->target != MKP_NO_ATOM)
		count = mkp_lines_frames(
			explainer->lines[side], graph->atoms[code->target].section,
			graph->atoms[code->target].start + (uint64_t)code->offset, found);
	frames = mkp_arena_alloc(arena, (count + 1) * sizeof(*frames));
	if (!frames)
		return mkp_error_nomem();
	for (size_t i = 0; i < count; i++) {
		frames[i].function = mkp_arena_strdup(arena, found[i].function);
		frames[i].source = mkp_arena_strdup(arena, found[i].source);
		if ((found[i].function && !frames[i].function) ||
		    (found[i].source && !frames[i].source))
			return mkp_error_nomem();
	}
	to->frames = frames;
	to->nr_frames = count;
	return NULL;
}

/* Offsets of the instructions around @place; returns how many, and the index of the one
 * that holds it (the count, if the code ends before). */
static size_t find_insns(const struct code *code, uint64_t place,
			 uint64_t offsets[CONTEXT_BEFORE + 1 + CONTEXT_AFTER],
			 size_t *ret_index)
{
	uint64_t at = 0, next;
	size_t count = 0;

	while (at < code->it->size && (next = at + insn_length(code, at)) <= place) {
		if (count == CONTEXT_BEFORE)
			memmove(offsets, offsets + 1, --count * sizeof(*offsets));
		offsets[count++] = at;
		at = next;
	}
	*ret_index = count;
	for (size_t i = 0; i <= CONTEXT_AFTER && at < code->it->size; i++) {
		offsets[count++] = at;
		at += insn_length(code, at);
	}
	return count;
}

uint64_t mkp_explain_insn_at(const struct mkp_explainer *explainer, int side,
			     uint32_t atom, uint64_t place)
{
	const struct mkp_graph *graph = mkp_explain_graph(explainer, side);
	const struct code code = {
		.explainer = explainer,
		.graph = graph,
		.it = &graph->atoms[atom],
		.data = mkp_atom_data(graph, &graph->atoms[atom]),
	};
	uint64_t at = 0, next;

	while (at < code.it->size && (next = at + insn_length(&code, at)) <= place)
		at = next;
	return at;
}

static struct mkp_error *show_code(const struct code *code, uint64_t place,
				   struct mkp_report_side *side)
{
	uint64_t offsets[CONTEXT_BEFORE + 1 + CONTEXT_AFTER];
	size_t index, count = find_insns(code, place, offsets, &index);
	struct mkp_report_insn *insns = mkp_arena_alloc(code->explainer->arena,
							(count + 1) * sizeof(*insns));
	struct mkp_error *error = NULL;

	if (!insns)
		return mkp_error_nomem();
	for (size_t i = 0; i < count && !error; i++)
		error = show_insn(code, offsets[i], &insns[i]);
	side->insns = insns;
	side->nr_insns = count;
	side->there = index < count;
	side->offset = side->there ? offsets[index] : code->it->size;
	if (error || !side->there)
		return error;
	insns[index].differs = true;
	side->bytes = insns[index].bytes;
	side->text = insns[index].text;
	return mkp_explain_frames(code->explainer, code->side,
				  &(struct mkp_ref){
					  .target = code->atom,
					  .offset = (int64_t)offsets[index],
				  },
				  side);
}

/* ---- Data ----------------------------------------------------------------------------
 */

/* The reference whose field holds @place, or NULL. */
static const struct mkp_ref *ref_around(const struct mkp_graph *graph,
					const struct mkp_atom *atom, uint64_t place)
{
	for (uint64_t back = 0; back < 8 && back <= place; back++) {
		const struct mkp_ref *ref = mkp_atom_ref_at(graph, atom, place - back);

		if (ref)
			return ref->width > back ? ref : NULL;
	}
	return NULL;
}

static struct mkp_error *target_text(const struct mkp_explainer *explainer,
				     const struct mkp_graph *graph,
				     const struct mkp_ref *ref, const char **ret_text)
{
	MKP_CLEANUP_FREE char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return mkp_error_nomem();
	mkp_explain_print_target(stream, graph, ref);
	if (fclose(stream))
		return mkp_error_nomem();
	*ret_text = mkp_arena_strdup(explainer->arena, text);
	return *ret_text ? NULL : mkp_error_nomem();
}

struct mkp_error *mkp_explain_field(const struct mkp_explainer *explainer, int side,
				    uint32_t atom, uint64_t begin, uint64_t end,
				    struct mkp_report_side *ret_side)
{
	static const uint8_t zeros[MAX_BYTES];
	const struct mkp_graph *graph = mkp_explain_graph(explainer, side);
	const struct mkp_atom *it = &graph->atoms[atom];
	const uint8_t *data = mkp_atom_data(graph, it);
	const struct mkp_ref *ref = ref_around(graph, it, begin);
	struct mkp_report_side result = { .there = begin < it->size, .offset = begin };

	if (end > it->size)
		end = it->size;
	if (end > begin + MAX_BYTES)
		end = begin + MAX_BYTES;
	if (result.there) {
		result.bytes = mkp_explain_bytes(explainer, data ? data + begin : zeros,
						 end - begin);
		if (!result.bytes)
			return mkp_error_nomem();
	}
	if (ref && result.there) {
		struct mkp_error *error = target_text(explainer, graph, ref,
						      &result.text);

		if (error)
			return error;
		result.offset = ref->place;
	}
	*ret_side = result;
	return NULL;
}

struct mkp_error *mkp_explain_side(const struct mkp_explainer *explainer, int side,
				   uint32_t atom, uint64_t place,
				   struct mkp_report_side *ret_side)
{
	const struct mkp_graph *graph = mkp_explain_graph(explainer, side);
	const struct mkp_atom *it = &graph->atoms[atom];
	const struct code code = {
		.explainer = explainer,
		.side = side,
		.atom = atom,
		.graph = graph,
		.it = it,
		.data = mkp_atom_data(graph, it),
	};

	*ret_side = (struct mkp_report_side){ 0 };
	if (code.data && mkp_explain_is_code(graph, it))
		return show_code(&code, place, ret_side);
	return mkp_explain_field(explainer, side, atom, place, place + MAX_BYTES,
				 ret_side);
}
