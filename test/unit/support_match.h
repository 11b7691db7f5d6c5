/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects that an assembler makes, matched with images that a linker makes of the same
 * source or of one that differs in one respect.
 */
#ifndef MKP_TEST_MATCH_H
#define MKP_TEST_MATCH_H

#include "match/match.h"
#include "support_compile.h"

#define AS "gcc -x assembler"

#define BODY(name, code)                                                                 \
	".type " name ", @function\n" name ":\n" code "\n.size " name ", . - " name "\n"
#define TEXT(name)	  ".section .text." name ", \"ax\"\n"
#define FUNC(name, code)  TEXT(name) ".globl " name "\n" BODY(name, code)
#define LOCAL(name, code) TEXT(name) BODY(name, code)
#define DATA(name, value)                                                                \
	".section .data." name ", \"aw\"\n.globl " name "\n.type " name                  \
	", @object\n" name ": " value "\n.size " name ", . - " name "\n"

struct matched {
	struct compiled object, parts[2]; /* of the image */
	char *path;			  /* of the image; owned */
	struct mkp_image *image;
	struct mkp_match *match;
};

/** Of the image's parts the second may be NULL. */
void matched_init(struct matched *matched, const char *object, const char *image,
		  const char *second);

/** The same with others than the assembler: of the object and of both parts. */
void matched_init_by(struct matched *matched, const char *const commands[3],
		     const char *object, const char *image, const char *second);
/** Against a module of which @image is the source, called `sample` by its .modinfo. */
void matched_init_module(struct matched *matched, const char *const commands[2],
			 const char *object, const char *image);
void matched_deinit(struct matched *matched);

#endif
