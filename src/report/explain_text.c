// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each step is a line that says what it is about. Below it stands what both objects have
 * there: where the source has it, then lines with - and + as in a patch.
 */
#include "report/explain_text.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

#define INDENT "         "
#define RED    "31"
#define GREEN  "32"

/* Columns of an instruction before its source place. */
#define INSN_WIDTH 44

struct writer {
	FILE *stream;
	bool color;
	bool bytes; /* the texts alone do not tell the sides apart */
};

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* "kill_me at a.h:12, inlined into foo at a.c:40" */
static void put_frames(FILE *stream, const struct mkp_report_side *side)
{
	for (size_t i = 0; i < side->nr_frames; i++) {
		const struct mkp_report_frame *frame = &side->frames[i];

		if (i)
			fputs(", inlined into ", stream);
		mkp_text_escape(stream, frame->function ? frame->function : "a function");
		if (frame->source) {
			fputs(" at ", stream);
			mkp_text_escape(stream, frame->source);
		}
	}
	fputc('\n', stream);
}

static bool frames_equal(const struct mkp_report_side *a, const struct mkp_report_side *b)
{
	bool equal = a->nr_frames == b->nr_frames;

	for (size_t i = 0; i < a->nr_frames && equal; i++)
		equal = same(a->frames[i].function, b->frames[i].function) &&
			same(a->frames[i].source, b->frames[i].source);
	return equal;
}

static void put_places(FILE *stream, const struct mkp_report_step *step)
{
	const struct mkp_report_side *sides = step->sides;

	if (sides[0].nr_frames && frames_equal(&sides[0], &sides[1])) {
		fputs(INDENT "  both:     ", stream);
		put_frames(stream, &sides[0]);
		return;
	}
	if (sides[0].nr_frames) {
		fputs(INDENT "  original: ", stream);
		put_frames(stream, &sides[0]);
	}
	if (sides[1].nr_frames) {
		fputs(INDENT "  patched:  ", stream);
		put_frames(stream, &sides[1]);
	}
}

static void begin_line(const struct writer *to, char mark)
{
	fputs(INDENT "  ", to->stream);
	if (to->color && (mark == '-' || mark == '+'))
		fprintf(to->stream, "\033[%sm", mark == '-' ? RED : GREEN);
	fprintf(to->stream, "%c ", mark);
}

static void end_line(const struct writer *to, char mark)
{
	if (to->color && (mark == '-' || mark == '+'))
		fputs("\033[0m", to->stream);
	fputc('\n', to->stream);
}

static void put_insn(const struct writer *to, char mark,
		     const struct mkp_report_insn *insn, const char *source_before)
{
	const char *text = insn->text ? insn->text : "(no instruction)";
	size_t width = mkp_text_width(text);

	begin_line(to, mark);
	fprintf(to->stream, "+0x%-5" PRIx64 " ", insn->offset);
	if (to->bytes)
		fprintf(to->stream, "%s ", insn->bytes);
	mkp_text_escape(to->stream, text);
	if (insn->source && !same(insn->source, source_before)) {
		fprintf(to->stream, "%*s  ",
			width < INSN_WIDTH ? (int)(INSN_WIDTH - width) : 0, "");
		mkp_text_escape(to->stream, insn->source);
	}
	end_line(to, mark);
}

static void put_insns(const struct writer *to, char mark,
		      const struct mkp_report_side *side, size_t begin, size_t end)
{
	const char *source = begin ? side->insns[begin - 1].source : NULL;

	for (size_t i = begin; i < end; i++) {
		put_insn(to, mark, &side->insns[i], source);
		source = side->insns[i].source;
	}
	if (mark != ' ' && !side->there && side->nr_insns) {
		begin_line(to, mark);
		fprintf(to->stream, "+0x%-5" PRIx64 " (end)", side->offset);
		end_line(to, mark);
	}
}

/* Instructions in front of the one that differs. */
static size_t count_before(const struct mkp_report_side *side)
{
	size_t count = 0;

	while (count < side->nr_insns && !side->insns[count].differs)
		count++;
	return count;
}

/* Whether all that is shown behind the instructions that differ is the same. */
static bool is_same_after(const struct mkp_report_side *sides, const size_t before[2])
{
	size_t count = sides[0].nr_insns - before[0];

	if (!sides[0].there || !sides[1].there || sides[1].nr_insns - before[1] != count)
		return false;
	for (size_t i = 1; i < count; i++) {
		const struct mkp_report_insn *a = &sides[0].insns[before[0] + i];
		const struct mkp_report_insn *b = &sides[1].insns[before[1] + i];

		if (a->offset != b->offset || !same(a->text, b->text))
			return false;
	}
	return true;
}

/* What comes before is the same in both, but for line numbers. */
static void put_code(const struct writer *to, const struct mkp_report_side *sides)
{
	const size_t before[2] = { count_before(&sides[0]), count_before(&sides[1]) };
	int shown = sides[1].nr_insns ? 1 : 0;
	bool alone = !sides[0].nr_insns || !sides[1].nr_insns;
	bool common = alone || is_same_after(sides, before);

	put_insns(to, ' ', &sides[shown], 0, before[shown]);
	/* What is the same to the letter leads to something that is not. */
	if (common && !alone && same(sides[0].text, sides[1].text) &&
	    same(sides[0].bytes, sides[1].bytes)) {
		put_insns(to, '>', &sides[1], before[1], before[1] + 1);
	} else {
		put_insns(to, '-', &sides[0], before[0],
			  common ? before[0] + sides[0].there : sides[0].nr_insns);
		put_insns(to, '+', &sides[1], before[1],
			  common ? before[1] + sides[1].there : sides[1].nr_insns);
	}
	if (common)
		put_insns(to, ' ', &sides[shown], before[shown] + sides[shown].there,
			  sides[shown].nr_insns);
}

static void put_value(const struct writer *to, char mark,
		      const struct mkp_report_side *side)
{
	begin_line(to, mark);
	if (!side->there)
		fputs("(nothing)", to->stream);
	else if (side->text)
		mkp_text_escape(to->stream, side->text);
	else
		for (size_t i = 0; side->bytes[i] && side->bytes[i + 1]; i += 2)
			fprintf(to->stream, "%s%.2s", i ? " " : "", side->bytes + i);
	end_line(to, mark);
}

static void put_step(FILE *stream, const struct mkp_report_step *step, bool color)
{
	const struct mkp_report_side *sides = step->sides;
	const struct writer to = {
		.stream = stream,
		.color = color,
		.bytes = same(sides[0].text, sides[1].text) &&
			 !same(sides[0].bytes, sides[1].bytes),
	};

	fputs(INDENT, stream);
	mkp_text_escape(stream, step->text);
	if (step->field)
		fprintf(stream, ", field %s", step->field);
	fputc('\n', stream);
	put_places(stream, step);
	if (sides[0].nr_insns || sides[1].nr_insns) {
		put_code(&to, sides);
	} else if (sides[0].there || sides[1].there) {
		put_value(&to, '-', &sides[0]);
		put_value(&to, '+', &sides[1]);
	}
}

void mkp_text_explanation(FILE *stream, const struct mkp_explanation *explanation,
			  bool color)
{
	for (size_t i = 0; i < explanation->nr_steps; i++)
		put_step(stream, &explanation->steps[i], color);
}
