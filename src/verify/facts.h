/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a finished patch module is, as data: what it replaces and by which content, what
 * it carries along, what it refers to, what it sets up. For comparing modules with each
 * other; nothing is checked against a kernel.
 *
 * The content of a function is its code, its entries in tables about code, and all that
 * it leads to inside of the module: carried functions, constants, strings, initial values
 * of data. It ends at the kernel's symbols and at other replaced functions, which are
 * known by name. So it does not depend on addresses, on the order of sections or symbols,
 * or on the names that a compiler numbers. What is no content: ORC data and the tables
 * that objtool makes from nothing but the code.
 */
#ifndef MKP_VERIFY_FACTS_H
#define MKP_VERIFY_FACTS_H

#include "verify/verify.h"

struct mkp_content {
	uint64_t high, low; /* XXH3 hash */
};

enum mkp_fact_kind {
	MKP_FACT_FUNCTION,  /* that is replaced */
	MKP_FACT_CALLBACK,  /* name: "pre_patch", ... */
	MKP_FACT_STATE,	    /* name: its id, value: its version */
	MKP_FACT_SHADOW,    /* name: its id, value: its size; only of mkpatch */
	MKP_FACT_DATA,	    /* that the module carries and that can be written */
	MKP_FACT_CODE,	    /* a function that it carries beside those it replaces */
	MKP_FACT_REFERENCE, /* a symbol of the kernel or of a module, by its address */
	MKP_FACT_FIX,	    /* what it fixes; only of mkpatch */
	MKP_FACT_PATCH,	    /* "NAME xxh128:HASH", a source patch; only of mkpatch */
	MKP_NR_FACTS
};

const char *mkp_fact_kind_name(enum mkp_fact_kind kind);

/** Strings are the module's or of its arena. */
struct mkp_fact {
	enum mkp_fact_kind kind;
	const char *object; /* of functions, callbacks, references, else ""; an import has
			     * "": of whoever exports it */
	/* Of carried code and data without the number that compilers put behind names. */
	const char *name;
	uint64_t position;	    /* from 1 on; 0 where there is none */
	uint64_t value;		    /* version of a state; size in bytes of all else */
	struct mkp_content content; /* of functions, callbacks, code, data */
};

struct mkp_facts {
	struct mkp_verify_report report; /* findings: what is wrong with the records */
	struct mkp_verify *verify;	 /* owned; see mkp_verify_line() */
	const char *path, *name;
	const char *vermagic, *release, *build_id, *unload; /* or NULL */
	bool replace;					    /* it retires other patches */
	/* Its records say whether it has atomic replace, and which states: kpatch and
	 * klp-build decide the former in code, and have none of the latter. */
	bool complete;
	struct mkp_fact *rows; /* owned; by mkp_fact_compare(), then by content */
	size_t nr_rows, cap_rows;
};

/** By kind, object, name, position: 0 for what is the same thing in two modules. */
int mkp_fact_compare(const struct mkp_fact *a, const struct mkp_fact *b);

/** Whether also its value and its content are the same. */
bool mkp_fact_same(const struct mkp_fact *a, const struct mkp_fact *b);

/**
 * Reads a module, of whatever tool it is. Errors: it is none, it is not marked as a live
 * patch, it has no record of what it replaces. *@ret_facts is the caller's.
 */
struct mkp_error *mkp_facts_open(const char *path,
				 struct mkp_facts **ret_facts) MKP_MUST_CHECK;
/** As uname -m has it. */
const char *mkp_facts_arch(const struct mkp_facts *facts);
void mkp_facts_destroy(struct mkp_facts *facts);

#endif
