/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A constant that changed, and the functions that read it.
 *
 * The running kernel's constant stays what it is. If all that read it are functions of
 * the object that can be redirected, and none of them lets its address out of hand, then
 * replacing them too leaves nobody who reads the old one: the patch carries the new one.
 * So it is with tables that code looks something up in; not with one that was registered
 * somewhere, which is read by whoever got its address.
 */
#ifndef MKP_DIFF_READERS_H
#define MKP_DIFF_READERS_H

#include "diff/escape.h"
#include "diff/select.h"

enum mkp_reader_obstacle {
	MKP_READERS_FINE,
	MKP_READERS_ELSEWHERE, /* other files know its name */
	MKP_READERS_NONE,      /* nothing refers to it */
	MKP_READERS_DATA,      /* `atom` holds its address */
	MKP_READERS_RAN,       /* `atom` is init or exit code */
	MKP_READERS_FIXED,     /* `atom` can not be redirected */
	MKP_READERS_IGNORED,   /* the author leaves `atom` out */
	MKP_READERS_ESCAPE,    /* its address leaves `atom` */
};

struct mkp_readers {
	enum mkp_reader_obstacle obstacle;
	uint32_t atom;		  /* of the original object */
	struct mkp_escape escape; /* of ESCAPE; of FINE: where it is passed, if it is */
};

/** Follows addresses in the original object of a diff. */
struct mkp_error *mkp_readers_judge_create(
	const struct mkp_diff *diff, struct mkp_escape_judge **ret_judge) MKP_MUST_CHECK;

/** Whether the patch can carry a constant, a local one of the patched object, if all
 * its readers are replaced. Functions that have a role in @selection can be. */
struct mkp_error *mkp_readers_find(const struct mkp_selection *selection,
				   struct mkp_escape_judge *judge, uint32_t constant,
				   struct mkp_readers *ret_readers) MKP_MUST_CHECK;

/** Calls @add with each function of the patched object whose twin reads @constant. */
void mkp_readers_for_each(const struct mkp_diff *diff, uint32_t constant,
			  void (*add)(void *data, uint32_t function), void *data);

/** What the obstacle is, or where the address is passed; malloc'ed, NULL: nothing. */
struct mkp_error *mkp_readers_describe(const struct mkp_diff *diff,
				       const struct mkp_readers *readers,
				       char **ret_text) MKP_MUST_CHECK;

#endif
