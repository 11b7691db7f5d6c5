/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether an address that code takes may outlive the code's run: it is followed where it
 * goes (flow.h), and each place where it leaves a function is judged.
 *
 *   stored outside of the frame and of what is ours             kept
 *   passed to a function that is known to keep it (keepers.h)   kept
 *   passed to a function of ours                                followed there; what that
 *                                                               gives back, in its caller
 *   passed to a function that is known to give it back          the result is followed
 *   a function, or a table with pointers, passed elsewhere      it may be kept
 *   returned to callers that are all ours                       followed there
 *   returned to others, or not to be followed                   it may be kept
 *   other data passed elsewhere                                 used and left
 *
 * A function that takes and returns pointers to the same structure may give back what it
 * was given; but it may also make a copy. What becomes of such a result is no more than a
 * possibility.
 */
#ifndef MKP_DIFF_ESCAPE_H
#define MKP_DIFF_ESCAPE_H

#include "diff/flow.h"
#include "elf/types.h"

enum mkp_escape_verdict {
	MKP_ESCAPE_NONE,
	MKP_ESCAPE_MAYBE,
	MKP_ESCAPE_KEPT,
};

struct mkp_escape {
	enum mkp_escape_verdict verdict;
	struct mkp_flow_exit exit; /* the worst; if NONE, where it was passed */
	bool passed;		   /* NONE: there is such a place */
	uint32_t giver; /* reference: only if what is called there gives the address back;
			 * MKP_NO_REF: in any case */
};

/** What is asked of an address, beside where it goes. */
struct mkp_escape_question {
	bool callback; /* whoever gets it may call it, or what it holds */
	bool through;  /* what is loaded from there is followed as well */
	bool constant; /* the text of a name, say: those who register things copy it */
};

/** What an address may go to. */
struct mkp_escape_realm {
	/** Whether a reference leads to what is ours: code that is followed, data that
	 * may hold the address. */
	bool (*is_ours)(const void *context, uint32_t ref);
	/** Whether a function is called by nothing but such code: what it returns is
	 * followed there. NULL: none is. */
	bool (*is_private)(const void *context, uint32_t function);
	const void *context;
};

struct mkp_escape_judge;

/** @graph, @types and the context of @realm must outlive the judge. @types are those of
 * the object of @graph; NULL: not known. */
struct mkp_error *mkp_escape_judge_create(
	const struct mkp_graph *graph, struct mkp_types *types,
	const struct mkp_escape_realm *realm,
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
