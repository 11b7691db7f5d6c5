// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Differences in words, and the two instructions at them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "match/match.h"

/* One instruction whose fields are to be named. */
struct shown {
	const struct mkp_match *match;
	const struct mkp_atom *atom; /* of the object, if it is one of it */
	uint64_t base;		     /* otherwise: address of the code */
	struct mkp_insn insn;
	uint64_t start; /* of the instruction in the code */
};

static void write_target(FILE *stream, const char *name, int64_t offset)
{
	if (offset < 0)
		fprintf(stream, "%s-%#" PRIx64, name, (uint64_t)-offset);
	else if (offset)
		fprintf(stream, "%s+%#" PRIx64, name, (uint64_t)offset);
	else
		fputs(name, stream);
}

/* What a reference of the object means. */
static void write_ref(const struct mkp_graph *graph, const struct mkp_ref *ref,
		      FILE *stream)
{
	const struct mkp_atom *target = &graph->atoms[ref->target];
	const char *data = (const char *)mkp_atom_data(graph, target);

	if (target->kind == MKP_ATOM_STRING && data && ref->offset >= 0 &&
	    (uint64_t)ref->offset < target->size)
		fprintf(stream, "\"%.*s\"",
			(int)strnlen(data + ref->offset,
				     target->size - (uint64_t)ref->offset < 60
					     ? target->size - (uint64_t)ref->offset
					     : 60),
			data + ref->offset);
	else
		write_target(stream, mkp_atom_name(graph, ref->target), ref->offset);
}

static bool name_object_field(const void *context, uint64_t offset, FILE *stream)
{
	const struct shown *shown = context;
	const struct mkp_graph *graph = shown->match->graph;
	const struct mkp_ref *ref = mkp_atom_ref_at(graph, shown->atom, offset);

	if (!ref || ref->target == MKP_NO_ATOM)
		return false;
	if (stream)
		write_ref(graph, ref, stream);
	return true;
}

/* Relative fields, and what a module's relocations say. */
static bool name_image_field(const void *context, uint64_t offset, FILE *stream)
{
	const struct shown *shown = context;
	const struct mkp_space *space = &shown->match->space;
	bool relative = shown->insn.field_width &&
			offset == shown->start + shown->insn.field_at;
	const struct mkp_space_field field = {
		.address = shown->base + offset,
		.width = relative ? shown->insn.field_width : 4,
		.to_end = (uint8_t)(shown->start + shown->insn.length - offset),
		.relative = relative,
	};
	MKP_CLEANUP_FREE char *text = NULL;
	uint64_t target;

	if ((!relative && !mkp_space_count_relocs(space, field.address, 1)) ||
	    !mkp_space_read(space, &field, &target))
		return false;
	if (!stream)
		return true;
	mkp_error_destroy(mkp_space_describe(space, target, &text));
	fputs(text ? text : "?", stream);
	return true;
}

static struct mkp_error *show(struct shown *shown, const uint8_t *code, uint64_t size,
			      char **ret_text)
{
	const struct mkp_arch *arch = shown->match->graph->arch;
	const struct mkp_field_namer namer = {
		.name = shown->atom ? name_object_field : name_image_field,
		.context = shown,
	};
	char *text = NULL;
	size_t length;
	FILE *stream;

	if (!code || shown->start >= size || !arch->disassemble || !arch->decode)
		return NULL;
	stream = open_memstream(&text, &length);
	if (!stream)
		return mkp_error_nomem();
	if (!arch->decode(code + shown->start, size - shown->start, &shown->insn) ||
	    !arch->disassemble(code, size, shown->start, &namer, stream))
		fputs("(no instruction)", stream);
	if (fclose(stream)) {
		free(text);
		return mkp_error_nomem();
	}
	*ret_text = text;
	return NULL;
}

static bool is_code(const struct mkp_match *match, uint32_t atom)
{
	const struct mkp_graph *graph = match->graph;

	return graph->object->sections[graph->atoms[atom].section].flags & SHF_EXECINSTR;
}

/* Where the instruction starts that has byte @place of an atom's code. */
static uint64_t instruction_start(const struct mkp_match *match, uint32_t atom,
				  uint64_t place)
{
	const struct mkp_graph *graph = match->graph;
	const struct mkp_atom *it = &graph->atoms[atom];
	const uint8_t *code = mkp_atom_data(graph, it);
	uint64_t at = 0;
	struct mkp_insn insn;

	while (code && at < place &&
	       graph->arch->decode(code + at, it->size - at, &insn) &&
	       at + insn.length <= place)
		at += insn.length;
	return at;
}

struct mkp_error *mkp_difference_show(const struct mkp_match *match, uint32_t atom,
				      char **ret_object, char **ret_image)
{
	const struct mkp_difference *difference = &match->atoms[atom].difference;
	const struct mkp_atom *it = &match->graph->atoms[difference->atom];
	struct shown object = { .match = match, .atom = it };
	struct shown image = { .match = match };
	const uint8_t *there;
	uint64_t room;
	struct mkp_error *error;

	*ret_object = *ret_image = NULL;
	if (difference->kind == MKP_DIFFERENCE_NONE ||
	    !is_code(match, difference->atom) || !match->graph->arch->decode)
		return NULL;
	object.start = instruction_start(match, difference->atom, difference->place);
	/* The field of a reference lies inside of its instruction, on both sides. */
	image.base = difference->address - (difference->place - object.start);
	room = mkp_space_at(&match->space, image.base, &there);
	error = show(&object, mkp_atom_data(match->graph, it), it->size, ret_object);
	return error ? error : show(&image, there, room, ret_image);
}

/* What the object refers to, and the image. */
static struct mkp_error *describe_target(const struct mkp_match *match,
					 const struct mkp_difference *difference,
					 char **ret_text)
{
	MKP_CLEANUP_FREE char *there = NULL;
	MKP_CLEANUP_FREE char *here = NULL;
	size_t length;
	struct mkp_error *error = mkp_space_describe(&match->space, difference->target,
						     &there);
	FILE *stream = error ? NULL : open_memstream(&here, &length);

	if (error)
		return error;
	if (!stream)
		return mkp_error_nomem();
	write_ref(match->graph, &match->graph->refs[difference->ref], stream);
	if (fclose(stream) ||
	    asprintf(ret_text, "at +%#" PRIx64 " refers to %s, in the image to %s",
		     difference->place, here, there) < 0)
		return mkp_error_nomem();
	return NULL;
}

static struct mkp_error *describe_place(const struct mkp_match *match,
					const struct mkp_difference *difference,
					char **ret_text)
{
	static const char *const texts[] = {
		[MKP_DIFFERENCE_NONE] = "the same",
		[MKP_DIFFERENCE_CODE] = "another instruction",
		[MKP_DIFFERENCE_TARGET] = "refers to something else",
		[MKP_DIFFERENCE_JUMP] = "a jump leads to another place",
		[MKP_DIFFERENCE_LENGTH] = "the image has another length",
		[MKP_DIFFERENCE_DATA] = "another content",
		[MKP_DIFFERENCE_TABLE] = "another entry, or none",
	};
	const char *of =
		difference->kind == MKP_DIFFERENCE_TABLE
			? match->graph->object
				  ->sections[match->graph->atoms[difference->atom]
						     .section]
				  .name
			: "";

	if (asprintf(ret_text, "at +%#" PRIx64 "%s%s: %s", difference->place,
		     *of ? " in " : "", of, texts[difference->kind]) < 0)
		return mkp_error_nomem();
	return NULL;
}

struct mkp_error *mkp_difference_describe(const struct mkp_match *match, uint32_t atom,
					  char **ret_text)
{
	const struct mkp_match_atom *it = &match->atoms[atom];
	int length;

	if (it->state == MKP_MATCH_ABSENT) {
		length = asprintf(
			ret_text,
			"the image has no symbol of that name that could be it");
		return length < 0 ? mkp_error_nomem() : NULL;
	}
	if (it->difference.kind == MKP_DIFFERENCE_TARGET)
		return describe_target(match, &it->difference, ret_text);
	return describe_place(match, &it->difference, ret_text);
}
