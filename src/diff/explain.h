/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cause chain of a verdict, for people: from a function that is replaced down to the
 * instruction, string, constant or entry of a table that differs. Nothing here is part of
 * a verdict, and a run that nobody asks for reasons does not come here.
 */
#ifndef MKP_DIFF_EXPLAIN_H
#define MKP_DIFF_EXPLAIN_H

#include "base/arena.h"
#include "diff/select.h"
#include "report/explanation.h"

struct mkp_explainer {
	struct mkp_diff *diff; /* compared; nothing but what is cached there changes */
	const struct mkp_selection *selection;
	struct mkp_lines *lines[2]; /* original, patched; NULL: none */
	struct mkp_arena *arena;    /* holds the explanations */
	uint32_t *roots; /* owned; [patched atoms] where the way to an included one began
			  */
};

/** All are borrowed. It is to be deinitialised also after an error. */
struct mkp_error *mkp_explainer_init(struct mkp_explainer *explainer,
				     struct mkp_diff *diff,
				     const struct mkp_selection *selection,
				     struct mkp_arena *arena) MKP_MUST_CHECK;
void mkp_explainer_deinit(struct mkp_explainer *explainer);

/**
 * Why an atom of the patched object is changed, or replaced though it is the same: the
 * part that was split off, the callee that can not be redirected, or the table that
 * brought it about come first, the first difference last. New and unchanged atoms have
 * no steps.
 */
struct mkp_error *mkp_explain(const struct mkp_explainer *explainer,
			      uint32_t patched_atom,
			      struct mkp_explanation *ret_explanation) MKP_MUST_CHECK;

/* Links that are told of an element; the last one is the replaced function. */
#define MKP_EXPLAIN_MAX_LINKS 8

/**
 * The elements between an included atom and the replaced function that brought it in,
 * that function being the last; of a longer way the part before that is left out. A
 * replaced function has none, nor has one that is carried for what it calls.
 */
struct mkp_error *mkp_explain_inclusion(const struct mkp_explainer *explainer,
					uint32_t patched_atom,
					const struct mkp_report_link **ret_links,
					size_t *ret_count) MKP_MUST_CHECK;

/* Between the files of explaining. */

enum {
	MKP_SIDE_ORIG,
	MKP_SIDE_PATCHED
};

/** Text in the arena; NULL without memory. */
const char *mkp_explain_text(const struct mkp_explainer *explainer, const char *format,
			     ...) MKP_PRINTF(2, 3) MKP_MUST_CHECK;

/** Hex digits in the arena; NULL without memory. */
const char *mkp_explain_bytes(const struct mkp_explainer *explainer, const uint8_t *bytes,
			      size_t count) MKP_MUST_CHECK;

/** The graph of a side. */
const struct mkp_graph *mkp_explain_graph(const struct mkp_explainer *explainer,
					  int side);

/** What a reference leads to: a string in quotes, otherwise name and offset. */
void mkp_explain_print_target(FILE *stream, const struct mkp_graph *graph,
			      const struct mkp_ref *ref);

/**
 * What a side has at @place of an atom: an instruction with those around it, the bytes of
 * data, what a reference leads to.
 */
struct mkp_error *mkp_explain_side(const struct mkp_explainer *explainer, int side,
				   uint32_t atom, uint64_t place,
				   struct mkp_report_side *ret_side) MKP_MUST_CHECK;

/** The same for [begin, end) of an entry of a table or other data. */
struct mkp_error *mkp_explain_field(const struct mkp_explainer *explainer, int side,
				    uint32_t atom, uint64_t begin, uint64_t end,
				    struct mkp_report_side *ret_side) MKP_MUST_CHECK;

/** Offset of the instruction that holds @place of an atom that is code. */
uint64_t mkp_explain_insn_at(const struct mkp_explainer *explainer, int side,
			     uint32_t atom, uint64_t place);

/**
 * Moves @places of two functions that differ there on to the first instructions that
 * differ in more than where a branch within the function leads. They stay if the first
 * ones do, or if there are none.
 */
struct mkp_error *mkp_explain_past_branches(const struct mkp_explainer *explainer,
					    uint32_t orig, uint32_t patched,
					    uint64_t places[2]) MKP_MUST_CHECK;

/** Adds where the source has the code that a reference leads to; NULL: none. */
struct mkp_error *mkp_explain_frames(const struct mkp_explainer *explainer, int side,
				     const struct mkp_ref *code,
				     struct mkp_report_side *to) MKP_MUST_CHECK;

/** Whether an atom is shown as instructions. */
bool mkp_explain_is_code(const struct mkp_graph *graph, const struct mkp_atom *atom);

#endif
