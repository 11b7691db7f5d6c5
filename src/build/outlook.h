/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a build of a patch would come to, as far as that can be told in seconds, without
 * a compiler, an image, or a prepared tree: does it apply, which objects can change, what
 * in it is known to make trouble, how long it would take.
 */
#ifndef MKP_BUILD_OUTLOOK_H
#define MKP_BUILD_OUTLOOK_H

#include "build/build.h"

/** A patched file. */
struct mkp_outlook_file {
	const char *path;
	const char *state; /* "modified", "new", "deleted" */
	size_t nr_objects; /* that it is the first reason for */
};

/** An object that may change. */
struct mkp_outlook_object {
	const char *path, *owner, *because; /* as in struct mkp_build_object */
};

/** Something that is known to make trouble; whether it does, the build tells. */
struct mkp_outlook_concern {
	const char *path;
	size_t line; /* of the patched file, or of the old one if it is gone; 0: none */
	const char *name; /* stable, "init-code" */
	const char *what; /* one line */
	const char *in;	  /* the construct, its first line; or NULL */
};

struct mkp_outlook {
	struct mkp_build_result result; /* release, refusals, status */
	struct mkp_outlook_file *files;
	size_t nr_files;
	struct mkp_outlook_object *objects;
	size_t nr_objects;
	struct mkp_outlook_concern *concerns;
	size_t nr_concerns, cap_concerns;
	const char **notes;
	size_t nr_notes, cap_notes;
	bool prepared;	/* there is a tree from an earlier build */
	double seconds; /* of processor time, by the rule in outlook.c */
};

void mkp_outlook_init(struct mkp_outlook *outlook);
void mkp_outlook_deinit(struct mkp_outlook *outlook);

/** Fills it in. Errors as of mkp_build_run(): inputs, or a patch that does not apply. */
struct mkp_error *mkp_build_look(const struct mkp_build_options *options,
				 struct mkp_outlook *outlook) MKP_MUST_CHECK;

#endif
