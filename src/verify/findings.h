/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registry of what `mkpatch verify` can find: a row of findings.def each.
 */
#ifndef MKP_VERIFY_FINDINGS_H
#define MKP_VERIFY_FINDINGS_H

#include <stddef.h>

enum mkp_verify_id {
#define FINDING(identifier, number, text, severity, advice, more) MKP_VERIFY_##identifier,
#include "verify/findings.def"
#undef FINDING
	MKP_NR_VERIFY
};

enum mkp_verify_level {
	MKP_VERIFY_NOTE,
	MKP_VERIFY_WARNING,
	MKP_VERIFY_ERROR, /* the module is refused */
};

struct mkp_verify_row {
	const char *id;	  /* stable, "VRF-0012" */
	const char *name; /* stable, "no-such-position" */
	enum mkp_verify_level level;
	const char *fix;	 /* what to do, one line */
	const char *explanation; /* longer */
};

const struct mkp_verify_row *mkp_verify_row(enum mkp_verify_id id);

/** The row with this id or name; NULL: none. */
const struct mkp_verify_row *mkp_verify_find(const char *name);

/** "note", "warning" or "error". */
const char *mkp_verify_level_name(enum mkp_verify_level level);

#endif
