/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether an address that code takes may outlive the code's run: it is followed where it
 * goes (flow.h), and each place where it leaves a function is judged.
 *
 *   stored outside of the frame and of what is ours             kept
 *   passed to a function that is known to keep it (keepers.h)   kept
 *   passed to a function of ours                                followed there
 *   a function, or a table with pointers, passed elsewhere      it may be kept
 *   returned, or not to be followed                             it may be kept
 *   other data passed elsewhere                                 used and left
 */
#ifndef MKP_DIFF_ESCAPE_H
#define MKP_DIFF_ESCAPE_H

#include "diff/flow.h"

enum mkp_escape_verdict {
	MKP_ESCAPE_NONE,
	MKP_ESCAPE_MAYBE,
	MKP_ESCAPE_KEPT,
};

struct mkp_escape {
	enum mkp_escape_verdict verdict;
	struct mkp_flow_exit exit; /* the worst; if NONE, where it was passed */
	bool passed;		   /* NONE: there is such a place */
};

/** What is asked of an address, beside where it goes. */
struct mkp_escape_question {
	bool callback; /* whoever gets it may call it, or what it holds */
	bool through;  /* what is loaded from there is followed as well */
	bool constant; /* the text of a name, say: those who register things copy it */
};

/** Whether a reference leads to what is ours: code that is followed, data that may hold
 * the address. */
typedef bool (*mkp_escape_is_ours)(const void *context, uint32_t ref);

struct mkp_escape_judge;

/** @graph and @context must outlive the judge. */
struct mkp_error *mkp_escape_judge_create(
	const struct mkp_graph *graph, mkp_escape_is_ours is_ours, const void *context,
	struct mkp_escape_judge **ret_judge) MKP_MUST_CHECK;
void mkp_escape_judge_destroy(struct mkp_escape_judge *judge);

/** Judges the address that reference @ref of a function makes. */
struct mkp_error *mkp_escape_follow(struct mkp_escape_judge *judge, uint32_t ref,
				    const struct mkp_escape_question *question,
				    struct mkp_escape *ret_escape) MKP_MUST_CHECK;

/** What becomes of it, to go behind "the address of X"; malloc'ed. */
struct mkp_error *mkp_escape_describe(const struct mkp_graph *graph,
				      const struct mkp_escape *escape,
				      char **ret_text) MKP_MUST_CHECK;

#endif
