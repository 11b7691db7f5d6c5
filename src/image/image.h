/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel that is being patched: which symbols it has, at which address, in the order
 * in which kallsyms lists them; which it exports; and where its files are.
 *
 * Livepatch finds a symbol by name and position ("sympos"): the n-th of that name in
 * ascending address order among the symbols of that object that kallsyms keeps; 0 says
 * that the name must be unique (kernel/livepatch/core.c, klp_find_object_symbol()).
 */
#ifndef MKP_IMAGE_IMAGE_H
#define MKP_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/index.h"

enum mkp_image_kind {
	MKP_IMAGE_ELF,	  /* vmlinux or .ko with a symbol table: files and sizes are known */
	MKP_IMAGE_SYSMAP, /* System.map: names and addresses only */
	MKP_IMAGE_KALLSYMS, /* /proc/kallsyms text */
};

struct mkp_image_symbol {
	const char *name;
	const char *file; /* STT_FILE in front of a local symbol; NULL: not known */
	uint64_t address; /* final address; in a .ko: offset, see `section` */
	uint64_t size;	  /* 0: not known */
	uint32_t section; /* section index in a .ko; 0 otherwise */
	uint32_t block;	  /* number of the STT_FILE block that it is in; 0: none */
	bool local;
	bool function;
};

struct mkp_image; /* opaque */

/**
 * Reads the symbols of @path, which is an ELF vmlinux, a .ko, a System.map or kallsyms
 * text (found out from its content). @module is NULL for vmlinux; otherwise the module
 * whose symbols are meant (its rows of kallsyms text, or the .ko itself).
 */
struct mkp_error *mkp_image_open(const char *path, const char *module,
				 struct mkp_image **ret_image) MKP_MUST_CHECK;
void mkp_image_destroy(struct mkp_image *image);

enum mkp_image_kind mkp_image_kind(const struct mkp_image *image);
const char *mkp_image_path(const struct mkp_image *image);

/** Name of a module from .modinfo `name=` of a .ko; NULL when there is none. */
const char *mkp_image_module_name(const struct mkp_image *image);

/** What an object file knows about a symbol that it wants to find in the image. */
struct mkp_image_query {
	const char *name;
	const char *file; /* STT_FILE name of the object, "core.c"; NULL for a global */
	bool local;
	bool function;
	uint64_t size;	  /* 0: not known */
	/* Names of the local functions and objects of the same object file: decides which
	 * of several files of one name is meant. */
	const char *const *siblings;
	size_t nr_siblings;
};

enum mkp_image_verdict {
	MKP_RESOLVED,	 /* *ret_position and *ret_symbol are valid */
	MKP_NOT_FOUND,
	MKP_AMBIGUOUS,	 /* several candidates fit equally well */
};

/** Candidates of an ambiguous query, for the message. */
struct mkp_image_match {
	enum mkp_image_verdict verdict;
	uint64_t position; /* sympos: 0 when the name occurs once, else 1, 2, ... */
	const struct mkp_image_symbol *symbol;
	uint32_t nr_same_name; /* how often kallsyms has the name in this object */
	uint32_t nr_candidates; /* how many of them fit the query */
};

/** Resolves a query. Never guesses: what is not decided is MKP_AMBIGUOUS. */
void mkp_image_resolve(const struct mkp_image *image, const struct mkp_image_query *query,
		       struct mkp_image_match *ret_match);

/* ---- Module.symvers ---------------------------------------------------------------- */

struct mkp_export {
	const char *name;
	const char *module;    /* "vmlinux", or the module's name: basename, '-' as '_' */
	const char *space;     /* export namespace; "" if none */
	uint32_t crc;
	bool gpl;
};

struct mkp_symvers; /* opaque */

/** Reads a Module.symvers (4 or 5 columns, any age). Errors name the line. */
struct mkp_error *mkp_symvers_open(const char *path,
				   struct mkp_symvers **ret_symvers) MKP_MUST_CHECK;
void mkp_symvers_destroy(struct mkp_symvers *symvers);

/** The export called @name, or NULL. */
const struct mkp_export *mkp_symvers_find(const struct mkp_symvers *symvers,
					  const char *name);

/* ---- Finding a kernel's files -------------------------------------------------------- */

/** Where the files of a kernel release are; NULL for what is not there. */
struct mkp_locations {
	struct mkp_arena arena;
	const char *vmlinux; /* ELF with symbols, or System.map, or kallsyms: best first */
	const char *symvers;
	const char *headers; /* directory for `make -C` */
};

/**
 * Looks for @release below @sysroot ("" or "/" for this system) in the places where
 * Debian, Fedora and SUSE put them; /proc/kallsyms only if @release is what runs and
 * @sysroot is this system. What is missing stays NULL and is no error.
 */
struct mkp_error *mkp_locations_find(const char *sysroot, const char *release,
				     struct mkp_locations *ret_locations) MKP_MUST_CHECK;
void mkp_locations_deinit(struct mkp_locations *locations);

#endif
