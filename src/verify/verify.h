/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An audit of a finished livepatch module, whoever made it: each thing that it says about
 * the kernel is looked up again in the images of that kernel. It is independent of what
 * makes modules: see private.h.
 */
#ifndef MKP_VERIFY_VERIFY_H
#define MKP_VERIFY_VERIFY_H

#include "verify/report.h"

/** All borrowed. */
struct mkp_verify_input {
	const char *module;
	const char *vmlinux;
	const char *const *images; /* modules as they were shipped */
	size_t nr_images;
	const char *const *symvers; /* Module.symvers, of what is not in the images */
	size_t nr_symvers;
	const char *const *payloads; /* patched objects */
	size_t nr_payloads;
};

/** Opens what is needed, keeps it open while the report is used. */
struct mkp_verify;

/**
 * Audits. What is wrong with the module is a finding; errors are about the other files,
 * or ours. *@ret_verify owns what the report borrows.
 */
struct mkp_error *mkp_verify_run(const struct mkp_verify_input *input,
				 struct mkp_verify_report *report,
				 struct mkp_verify **ret_verify) MKP_MUST_CHECK;
void mkp_verify_destroy(struct mkp_verify *verify);

/**
 * Reads what a module says it replaces, of whatever tool it is, without any image. What
 * is wrong with its records is a finding of the report. *@ret_verify owns all strings.
 */
struct mkp_error *mkp_verify_describe(const char *path, struct mkp_verify_report *report,
				      struct mkp_verify **ret_verify) MKP_MUST_CHECK;

struct mkp_verify_replaced {
	const char *object, *name; /* "vmlinux" or a module; the function */
	uint64_t position;
	uint64_t old_size, new_size; /* 0: not known */
	const char *new_symbol;	     /* NULL: not known */
	const char *source;	     /* "file:line", or NULL */
};

struct mkp_verify_called {
	const char *object; /* "vmlinux" or a module */
	const char *kind;   /* "pre_patch", "post_patch", "pre_unpatch", "post_unpatch" */
	const char *symbol; /* NULL: not known */
};

size_t mkp_verify_nr_called(const struct mkp_verify *verify);
/** A callback. */
struct mkp_verify_called mkp_verify_called(const struct mkp_verify *verify, size_t i);

size_t mkp_verify_nr_replaced(const struct mkp_verify *verify);
struct mkp_verify_replaced mkp_verify_replaced(const struct mkp_verify *verify, size_t i);

/** The value of @key (with "=") in .modinfo after *@cursor (0: the first); NULL: none. */
const char *mkp_verify_line(const struct mkp_verify *verify, const char *key,
			    uint64_t *cursor);

#endif
