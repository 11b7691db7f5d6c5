/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Selection: what the payload carries. The closure of the changed functions over what
 * they refer to and the running kernel does not have.
 */
#ifndef MKP_DIFF_SELECT_H
#define MKP_DIFF_SELECT_H

#include "diff/diff.h"

/** Where a reference of an included atom leads. */
enum mkp_ref_fate {
	MKP_FATE_UNDECIDED, /* its atom is not included, or nothing reads this of it */
	MKP_FATE_NOTHING,   /* leads nowhere: a relocation without effect */
	MKP_FATE_CARRIED,   /* to the copy that the payload carries */
	MKP_FATE_ORIGINAL,  /* to what the running kernel has */
};

enum mkp_because {
	MKP_BECAUSE_NOT,      /* not included */
	MKP_BECAUSE_CHANGED,  /* a changed function */
	MKP_BECAUSE_ASKED,    /* the author wants it replaced (overrides.h) */
	MKP_BECAUSE_CALLER,   /* calls `by`, which is unhooked (below) */
	MKP_BECAUSE_READER,   /* reads `by`, a constant that changed (readers.c) */
	MKP_BECAUSE_REFERRED, /* `by` refers to it through `ref` */
	MKP_BECAUSE_TABLE,    /* an entry that describes `by` */
	MKP_BECAUSE_SHARED,   /* another object of the patch refers to it */
	MKP_BECAUSE_CALLBACK, /* the author's record `by` names it (author.h) */
};

/** What becomes of a function of the running kernel. */
enum mkp_role {
	MKP_ROLE_NONE,	   /* it stays as it is, or is new */
	MKP_ROLE_REPLACED, /* redirected to the copy that the payload carries */
	MKP_ROLE_UNHOOKED, /* can not be redirected; all that call it are replaced */
};

/** The edge that brought an atom in. */
struct mkp_edge {
	enum mkp_because because;
	uint32_t by;  /* patched atom, or MKP_NO_ATOM */
	uint32_t ref; /* in patched->refs, or MKP_NO_REF */
};

struct mkp_selection {
	const struct mkp_diff *diff;
	uint8_t *roles;		/* [patched atoms] enum mkp_role */
	struct mkp_edge *edges; /* [patched atoms]; because NOT: left out */
	uint8_t *fates;		/* [patched refs] enum mkp_ref_fate */
	uint32_t *queue;	/* included atoms in the order of inclusion */
	uint32_t nr_included;
	bool relinked; /* objtool makes its tables anew when it sees the patch module */
	uint32_t nr_replaced; /* how many of them, at the front, are replaced functions */
	bool *whole;	      /* [patched atoms]; of a stretch: all of it is read */
	struct mkp_reaches reaches;
	bool *shared; /* [patched atoms]; other objects of the patch refer to the copy */
	uint32_t nr_shared;
	uint32_t nr_callbacks; /* and how many come next: functions that the kernel calls
				*/
};

/** Selects. The diff must be compared and outlive the selection. */
struct mkp_error *mkp_select(const struct mkp_diff *diff,
			     struct mkp_selection **ret_selection) MKP_MUST_CHECK;
/** Selects also what another object of the patch refers to, and what that needs. */
void mkp_select_shared(struct mkp_selection *selection, uint32_t patched_atom);

void mkp_selection_destroy(struct mkp_selection *selection);

static inline bool mkp_is_included(const struct mkp_selection *selection, uint32_t atom)
{
	return selection->edges[atom].because != MKP_BECAUSE_NOT;
}

/** Takes an entry of a table out; mkp_selection_compact() must follow. */
void mkp_selection_drop(struct mkp_selection *selection, uint32_t entry);
void mkp_selection_compact(struct mkp_selection *selection);

/** A constant with names that no other file knows. @graph is one of the two of @diff. */
bool mkp_is_local_constant(const struct mkp_diff *diff, const struct mkp_graph *graph,
			   uint32_t atom);

/** Whether a changed constant can be carried: local, on both sides, and read by nothing
 * that stays. */
bool mkp_constant_is_private(const struct mkp_selection *selection,
			     uint32_t patched_atom);

/** Whether the address of a function is stored or passed, so that anyone may call it. */
bool mkp_function_escapes(const struct mkp_graph *graph, uint32_t atom);

/** The same of one reference to it, a number in refs. */
bool mkp_reference_escapes(const struct mkp_graph *graph, uint32_t ref, uint32_t atom);

/**
 * Gives every function its role; see replace.c. Sets the `by` of the edges of functions
 * that are replaced for what they call.
 */
struct mkp_error *mkp_assign_roles(struct mkp_selection *selection) MKP_MUST_CHECK;

/**
 * Why ftrace can not redirect a function of the original object, and why its callers can
 * not be replaced in its place, one line; malloc'ed.
 */
struct mkp_error *mkp_unhookable_describe(const struct mkp_diff *diff, uint32_t orig_atom,
					  char **ret_text) MKP_MUST_CHECK;

/** The functions that are replaced although they are the same, since they call or read
 * @patched_atom: "f, g"; malloc'ed, empty if there are none. */
struct mkp_error *mkp_selection_list_for(const struct mkp_selection *selection,
					 uint32_t patched_atom,
					 char **ret_list) MKP_MUST_CHECK;

/** Why an atom is included, one line; malloc'ed. */
struct mkp_error *mkp_edge_describe(const struct mkp_selection *selection, uint32_t atom,
				    char **ret_text) MKP_MUST_CHECK;

#endif
