/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdicts of one comparison: which atom of the patched object is which of the
 * original, by what evidence, and whether they are the same. Arrays are indexed like the
 * graph that they speak of. Only the diff room writes them.
 *
 * Order: mkp_diff_create(), mkp_correlate(), mkp_compare(); what the author settles
 * (overrides.h) comes before the second and after the third.
 */
#ifndef MKP_DIFF_DIFF_H
#define MKP_DIFF_DIFF_H

#include "diff/graph.h"
#include "diff/reach.h"
#include "elf/lines.h"
#include "elf/types.h"

/** The evidence of a pair, strongest first. */
enum mkp_tier {
	MKP_TIER_NONE,	    /* not paired */
	MKP_TIER_USER,	    /* the author says so (overrides.h) */
	MKP_TIER_NAME,	    /* the same name, which no compiler numbers */
	MKP_TIER_CANONICAL, /* the only ones whose names differ in the number alone */
	MKP_TIER_CONTENT,   /* the only ones of such names with this content and referrers
			     */
	MKP_TIER_REFERRER,  /* the only ones that the same function refers to */
	MKP_TIER_AMBIGUOUS, /* not paired, though candidates are left on both sides */
};

enum mkp_state {
	MKP_STATE_SAME,
	MKP_STATE_CHANGED,
	MKP_STATE_NEW,
};

/** What the author settled (overrides.h). */
enum mkp_mark {
	MKP_MARK_NONE,
	MKP_MARK_NEW,	   /* never to be paired */
	MKP_MARK_IGNORED,  /* its change, or that it is gone, does not matter */
	MKP_MARK_INCLUDED, /* to be replaced though it is the same */
};

enum mkp_cause_kind {
	MKP_CAUSE_NONE,
	MKP_CAUSE_SIZE,	  /* the sizes differ; `place` is the first different byte, if any
			   */
	MKP_CAUSE_BYTES,  /* a byte outside of all references */
	MKP_CAUSE_TARGET, /* a reference to something else */
	MKP_CAUSE_MISSING, /* a reference on one side only */
	MKP_CAUSE_TABLE,   /* the entries of a special section that belong to it */
	MKP_CAUSE_PART,	   /* a part that was split off (.cold) */
	MKP_CAUSE_SECTION, /* moved to a section of another kind */
	MKP_CAUSE_PREFIX,  /* what is in front of its entry: the hash of its type */
};

/** The first difference of a pair. Atoms and references: MKP_NO_... where there is none.
 */
struct mkp_cause {
	enum mkp_cause_kind kind;
	uint64_t place; /* offset in the atom, in the patched object if it has it */
	uint32_t orig_ref, patched_ref;	   /* of MKP_CAUSE_TARGET and _MISSING */
	const struct mkp_special_row *row; /* of MKP_CAUSE_TABLE */
	uint32_t part;	    /* patched atom: of MKP_CAUSE_PART and _TABLE (an entry) */
	uint32_t orig_part; /* original atom: the entry of MKP_CAUSE_TABLE */
};

struct mkp_diff {
	const struct mkp_graph *orig, *patched;
	uint32_t *to_orig;	 /* [patched atoms]; MKP_NO_ATOM: not paired */
	uint32_t *to_patched;	 /* [orig atoms] */
	uint8_t *tier;		 /* [patched atoms] enum mkp_tier */
	uint8_t *orig_tier;	 /* [orig atoms] */
	uint8_t *state;		 /* [patched atoms] enum mkp_state */
	struct mkp_cause *cause; /* [patched atoms] */
	uint8_t *mark;		 /* [patched atoms] enum mkp_mark */
	uint8_t *orig_mark;	 /* [orig atoms] */
	bool *orig_visible;	 /* [orig atoms] has a name that other files know */
	bool *patched_visible;	 /* [patched atoms] */
	uint32_t nr_functions;	 /* functions compared */
	uint32_t nr_line_only;	 /* of them the same but for line numbers in the code */
	uint32_t nr_immediates;	 /* numbers in code and strings that may be those of
				    lines, without DWARF to tell */
	struct mkp_lines *orig_lines, *patched_lines; /* borrowed; NULL: none */
	struct mkp_types *orig_types, *patched_types; /* borrowed; NULL: none */
	/* Value atoms found equal while comparing, so that none is compared twice. */
	uint32_t *equal_value;	 /* [patched atoms]: original atom, or MKP_NO_ATOM */
	uint32_t *unequal_value; /* the same for stretches without symbols that differ */
	struct mkp_reaches orig_reaches, patched_reaches;
	/* Those of them that rest on the equality of values that are still being
	 * compared: a value may refer to itself through a table about it. */
	uint32_t *assumed;
	size_t nr_assumed, cap_assumed;
};

/** Both graphs must outlive the diff and be of one architecture. */
struct mkp_error *mkp_diff_create(const struct mkp_graph *orig,
				  const struct mkp_graph *patched,
				  struct mkp_diff **ret_diff) MKP_MUST_CHECK;
void mkp_diff_destroy(struct mkp_diff *diff);

/** What the debug data of both objects say of types; must outlive the diff. */
void mkp_diff_set_types(struct mkp_diff *diff, struct mkp_types *orig_types,
			struct mkp_types *patched_types);

/** Pairs the atoms. */
struct mkp_error *mkp_correlate(struct mkp_diff *diff) MKP_MUST_CHECK;

/**
 * Compares the pairs; from here on the verdicts are final. @orig_lines and @patched_lines
 * are asked only where code differs in what may be a line number; they must outlive the
 * diff. NULL: there are none.
 */
struct mkp_error *mkp_compare(struct mkp_diff *diff, struct mkp_lines *orig_lines,
			      struct mkp_lines *patched_lines) MKP_MUST_CHECK;

/** Whether the patched object has nothing that is this atom of the original, for certain.
 */
bool mkp_diff_is_removed(const struct mkp_diff *diff, uint32_t orig_atom);

/** Whether anything that takes part in the running kernel is not the same. */
bool mkp_diff_is_unchanged(const struct mkp_diff *diff);

/**
 * Whether nothing at all differs: nothing changed, is new or is gone, no name is seen by
 * more or by fewer than before, and the author asks for nothing.
 */
bool mkp_diff_is_same(const struct mkp_diff *diff);

/** "name", "canonical", ...: stable, part of the report. */
const char *mkp_tier_name(enum mkp_tier tier);

/** One line that says what the first difference is; malloc'ed. */
struct mkp_error *mkp_cause_describe(const struct mkp_diff *diff, uint32_t patched_atom,
				     char **ret_text) MKP_MUST_CHECK;

/* Between the files of the room only. */

/** The pair of functions whose code is being compared, for questions about lines. */
struct mkp_line_question {
	struct mkp_diff *diff;
	uint32_t orig, patched;	       /* atoms */
	struct mkp_code_scan scans[2]; /* immediates; filled at the first question */
	bool scanned;
};

/**
 * Whether the instructions at @place of both functions differ in nothing but an immediate
 * that is the number of its source line on each side. Then *@ret_end is the end of the
 * immediate.
 */
bool mkp_line_only(struct mkp_line_question *question, uint64_t place, uint64_t *ret_end);

/** The same for two references to strings that differ in one number. */
bool mkp_line_only_string(struct mkp_line_question *question, const struct mkp_ref *orig,
			  const struct mkp_ref *patched);

/** Call-site flags that changed hands change the functions that refer to them. */
struct mkp_error *mkp_compare_call_sites(struct mkp_diff *diff) MKP_MUST_CHECK;

/** Whether two references mean the same thing. */
bool mkp_refs_equal(struct mkp_diff *diff, const struct mkp_ref *orig,
		    const struct mkp_ref *patched, unsigned int depth);

/** Whether two atoms have the same content: bytes, and references that mean the same.
 * Fills *@ret_cause with the first difference if it is not NULL. */
bool mkp_content_equal(struct mkp_diff *diff, uint32_t orig, uint32_t patched,
		       unsigned int depth, struct mkp_cause *ret_cause);

#endif
