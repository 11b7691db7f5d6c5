// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>

#include "base/text.h"
#include "match/preflight.h"

struct writer {
	const struct mkp_preflight *preflight;
	const struct mkp_match *match;
	FILE *stream;
	char *because; /* what explains differences */
};

static void write_line(const struct writer *writer, const char *label, const char *text)
{
	if (!text)
		return;
	fprintf(writer->stream, "  %-8s ", label);
	mkp_text_escape(writer->stream, text);
	fputc('\n', writer->stream);
}

static const char *state_word(enum mkp_match_state state)
{
	switch (state) {
	case MKP_MATCH_DIFFERS:
		return "differs";
	case MKP_MATCH_ABSENT:
		return "absent";
	case MKP_MATCH_ELSEWHERE:
		return "weak";
	default:
		return "same";
	}
}

static uint64_t address_of(const struct mkp_match *match, uint32_t atom)
{
	size_t count;
	const struct mkp_image_symbol *symbols = mkp_image_symbols(match->space.image,
								   &count);

	return symbols[match->atoms[atom].symbol].address;
}

static struct mkp_error *write_difference(const struct writer *writer, uint32_t atom)
{
	const struct mkp_match *match = writer->match;
	MKP_CLEANUP_FREE char *text = NULL;
	MKP_CLEANUP_FREE char *object = NULL;
	MKP_CLEANUP_FREE char *image = NULL;
	struct mkp_error *error = mkp_difference_describe(match, atom, &text);

	if (!error)
		error = mkp_difference_show(match, atom, &object, &image);
	if (error)
		return error;
	fprintf(writer->stream, "%-8s ", state_word(match->atoms[atom].state));
	mkp_text_escape(writer->stream, mkp_atom_name(match->graph, atom));
	if (match->atoms[atom].state != MKP_MATCH_ABSENT)
		fprintf(writer->stream, " (%#" PRIx64 ")", address_of(match, atom));
	fputs(": ", writer->stream);
	if (match->atoms[atom].state == MKP_MATCH_ELSEWHERE)
		fputs("the kernel has another definition of this weak one; ",
		      writer->stream);
	mkp_text_escape(writer->stream, text);
	fputc('\n', writer->stream);
	write_line(writer, "object", object);
	write_line(writer, "image", image);
	if (mkp_preflight_is_wrong(match, atom))
		write_line(writer, "because", writer->because);
	return NULL;
}

static void write_summary(const struct writer *writer)
{
	const struct mkp_match *match = writer->match;

	fprintf(writer->stream,
		"preflight: %" PRIu32 "/%" PRIu32 " functions identical, %" PRIu32
		"/%" PRIu32 " variables (",
		match->functions.same, match->functions.total, match->objects.same,
		match->objects.total);
	mkp_text_escape(writer->stream, match->graph->object->path);
	fputs(", ", writer->stream);
	mkp_text_escape(writer->stream, mkp_image_path(match->space.image));
	fputs(")\n", writer->stream);
}

static void write_facts(const struct writer *writer, bool verbose)
{
	for (size_t i = 0; i < writer->preflight->nr_facts; i++) {
		const struct mkp_fact *fact = &writer->preflight->facts[i];

		if (fact->same && !verbose)
			continue;
		fprintf(writer->stream, "%s: %s\n", fact->same ? "the same" : "another",
			fact->what);
		write_line(writer, "object", fact->object);
		write_line(writer, "image", fact->image);
	}
}

/* Which of several symbols of one name each is. */
static void write_learned(const struct writer *writer)
{
	const struct mkp_match *match = writer->match;

	for (uint32_t i = 0; i < match->graph->nr_atoms; i++) {
		if (match->atoms[i].nr_names < 2 ||
		    match->atoms[i].state != MKP_MATCH_SAME)
			continue;
		fputs(match->atoms[i].certain ? "learned  " : "unknown  ",
		      writer->stream);
		mkp_text_escape(writer->stream, mkp_atom_name(match->graph, i));
		if (match->atoms[i].certain)
			fprintf(writer->stream, " (%#" PRIx64 ")", address_of(match, i));
		fprintf(writer->stream, ": %s of %" PRIu32 " of that name\n",
			match->atoms[i].certain ? "one" : "several",
			match->atoms[i].nr_names);
	}
}

static struct mkp_error *write_differences(const struct writer *writer, bool quiet)
{
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < writer->match->graph->nr_atoms && !error; i++) {
		uint8_t state = writer->match->atoms[i].state;

		if (state == MKP_MATCH_NONE || state == MKP_MATCH_SAME ||
		    (quiet && !mkp_preflight_is_wrong(writer->match, i)))
			continue;
		error = write_difference(writer, i);
	}
	return error;
}

struct mkp_error *mkp_preflight_write_text(const struct mkp_preflight *preflight,
					   bool verbose, bool quiet, FILE *stream)
{
	struct writer writer = {
		.preflight = preflight,
		.match = preflight->match,
		.stream = stream,
	};
	struct mkp_error *error = mkp_preflight_explain(preflight, &writer.because);

	if (error)
		return error;
	write_summary(&writer);
	error = write_differences(&writer, quiet);
	if (!quiet)
		write_facts(&writer, verbose);
	if (!error && verbose)
		write_learned(&writer);
	free(writer.because);
	if (!error && ferror(stream))
		error = mkp_error_create_errno(errno, "cannot write the report");
	return error;
}
