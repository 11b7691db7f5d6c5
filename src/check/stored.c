// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/stored.h"

#include <stdio.h>
#include <string.h>

#define MAX_LISTED 8

/* What can be done depends on what the address is in. */
enum place {
	PLACE_VARIABLE, /* a callback can write to it */
	PLACE_CONSTANT, /* nobody can */
	PLACE_CODE,	/* which stores it somewhere, or passes it on */
	NR_PLACES
};

struct places {
	FILE *streams[NR_PLACES];
	char *texts[NR_PLACES]; /* owned; names, with commas */
	size_t sizes[NR_PLACES];
	unsigned int counts[NR_PLACES];
};

static enum place place_of(const struct mkp_graph *graph, const struct mkp_atom *user)
{
	if (user->kind == MKP_ATOM_FUNC)
		return PLACE_CODE;
	return user->class != MKP_CLASS_RODATA &&
			       graph->object->sections[user->section].flags & SHF_WRITE
		       ? PLACE_VARIABLE
		       : PLACE_CONSTANT;
}

/* "operations.open", or without debug data "operations+0x8". */
static struct mkp_error *print_field(FILE *stream,
				     const struct mkp_check_context *context,
				     uint32_t user, uint64_t place)
{
	const struct mkp_graph *graph = context->diff->orig;
	const struct mkp_atom *it = &graph->atoms[user];
	MKP_CLEANUP_FREE char *path = NULL;
	struct mkp_leaf leaf;
	struct mkp_die die;
	struct mkp_error *error;

	if (!context->orig_types ||
	    !mkp_types_variable(context->orig_types, it->section, it->start, &die)) {
		fprintf(stream, "%s+%#llx", mkp_atom_name(graph, user),
			(unsigned long long)place);
		return NULL;
	}
	error = mkp_types_leaf(context->orig_types, die.type, place * 8, &leaf, &path);
	if (error)
		return error;
	fprintf(stream, "%s%s%s", die.name ? die.name : mkp_atom_name(graph, user),
		*path && *path != '[' ? "." : "", path);
	return NULL;
}

static struct mkp_error *add_place(struct places *places,
				   const struct mkp_check_context *context, uint32_t ref,
				   uint32_t *last_code)
{
	const struct mkp_graph *graph = context->diff->orig;
	uint32_t user = graph->ref_atom[ref];
	const enum place place = place_of(graph, &graph->atoms[user]);
	FILE *stream = places->streams[place];

	if (place == PLACE_CODE) {
		user = mkp_whole_function(graph, user);
		/* References come in the order of their atoms. */
		if (user == *last_code)
			return NULL;
		*last_code = user;
	}
	if (places->counts[place]++ >= MAX_LISTED)
		return NULL;
	if (places->counts[place] > 1)
		fputs(", ", stream);
	if (place != PLACE_CODE)
		return print_field(stream, context, user, graph->refs[ref].place);
	fputs(mkp_atom_name(graph, user), stream);
	return NULL;
}

static struct mkp_error *find_places(struct places *places,
				     const struct mkp_check_context *context,
				     uint32_t atom)
{
	const struct mkp_graph *graph = context->diff->orig;
	uint32_t last_code = MKP_NO_ATOM;
	struct mkp_error *error = NULL;

	for (uint32_t i = graph->incoming_first[atom];
	     i < graph->incoming_first[atom + 1] && !error; i++) {
		const uint32_t ref = graph->incoming[i];

		/* Entries of tables about code are no pointers that anybody calls. */
		if (mkp_reference_escapes(graph, ref, atom) &&
		    graph->atoms[graph->ref_atom[ref]].kind != MKP_ATOM_ENTRY)
			error = add_place(places, context, ref, &last_code);
	}
	return error;
}

static void write_advice(FILE *stream, const struct places *places)
{
	static const struct {
		const char *before, *after;
	} words[NR_PLACES] = {
		[PLACE_VARIABLE] = { "in a post-patch callback set ",
				     " to a new function that has a call site, and back "
				     "in a pre-unpatch callback" },
		[PLACE_CONSTANT] = { "replace the functions that call it through ",
				     ", which nobody can write to" },
		[PLACE_CODE] = { "in a post-patch callback change the pointers that ",
				 " has stored already" },
	};
	const char *separator = "";

	for (unsigned int i = 0; i < NR_PLACES; i++) {
		if (!places->counts[i])
			continue;
		fprintf(stream, "%s%s%s", separator, words[i].before, places->texts[i]);
		if (places->counts[i] > MAX_LISTED)
			fprintf(stream, " and %u more", places->counts[i] - MAX_LISTED);
		fputs(words[i].after, stream);
		separator = "; ";
	}
	fputs("; or make the change in a function around it that can be redirected",
	      stream);
}

static struct mkp_error *open_streams(struct places *places)
{
	for (unsigned int i = 0; i < NR_PLACES; i++) {
		places->streams[i] = open_memstream(&places->texts[i], &places->sizes[i]);
		if (!places->streams[i])
			return mkp_error_nomem();
	}
	return NULL;
}

/* Texts are whole when this has succeeded. */
static struct mkp_error *close_streams(struct places *places)
{
	bool failed = false;

	for (unsigned int i = 0; i < NR_PLACES; i++)
		failed |= places->streams[i] && fclose(places->streams[i]);
	return failed ? mkp_error_nomem() : NULL;
}

static struct mkp_error *print_advice(const struct places *places, char **ret_text)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return mkp_error_nomem();
	write_advice(stream, places);
	if (fclose(stream)) {
		free(text);
		return mkp_error_nomem();
	}
	*ret_text = text;
	return NULL;
}

struct mkp_error *mkp_stored_advice(const struct mkp_check_context *context,
				    uint32_t orig_atom, char **ret_text)
{
	struct places places = { 0 };
	struct mkp_error *error = open_streams(&places), *closing;
	bool any = false;

	if (!error)
		error = find_places(&places, context, orig_atom);
	closing = close_streams(&places);
	if (error)
		mkp_error_destroy(closing);
	else
		error = closing;
	for (unsigned int i = 0; i < NR_PLACES; i++)
		any |= places.counts[i] != 0;
	if (!error && any)
		error = print_advice(&places, ret_text);
	else if (!error)
		*ret_text = NULL;
	for (unsigned int i = 0; i < NR_PLACES; i++)
		free(places.texts[i]);
	return error;
}
