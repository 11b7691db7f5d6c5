/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel that is being patched: which symbols it has, at which address, in the order
 * in which kallsyms lists them; which it exports; and where its files are.
 *
 * Livepatch finds a symbol by name and position ("sympos"): the n-th of that name among
 * the symbols of that object that kallsyms keeps; 0 says that the name must be unique
 * (kernel/livepatch/core.c, klp_find_object_symbol()). The order is by ascending address
 * for vmlinux and that of the symbol table for a module: see kallsyms.c.
 */
#ifndef MKP_IMAGE_IMAGE_H
#define MKP_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/index.h"

struct mkp_object;

enum mkp_image_kind {
	MKP_IMAGE_ELF,	    /* vmlinux or .ko with symbols: files and sizes are known */
	MKP_IMAGE_SYSMAP,   /* System.map: names and addresses only */
	MKP_IMAGE_KALLSYMS, /* /proc/kallsyms text */
};

struct mkp_image_symbol {
	const char *name;
	const char *file; /* basename of the STT_FILE it follows; NULL: none or global */
	uint64_t address; /* final address; in a .ko: offset, see `section` */
	uint64_t size;	  /* 0: not known */
	uint32_t section; /* section index in a .ko; 0 otherwise */
	uint32_t block;	  /* number of the STT_FILE block that it is in; 0: none */
	uint32_t row;	  /* index in the ELF symbol table; line of a text, from 1 */
	bool local;    /* neither local nor global: kallsyms does not tell for modules */
	bool global;   /* global or weak */
	bool function; /* neither function nor object: not known (assembly) */
	bool object;
	bool loading_only; /* of a module's init part: kallsyms drops it once it runs */
};

struct mkp_image; /* opaque */

/** Where an image is. NULL: not given. All borrowed, for the call only. */
struct mkp_image_source {
	const char *path;   /* vmlinux, module, System.map or kallsyms, see below */
	const char *module; /* NULL: vmlinux */
	/* System.map of a vmlinux without symbols. */
	const char *sysmap;
	/* The debug file of a vmlinux without symbols, or of a module: where the names of
	 * source files are. Its build-id must be that of the image. */
	const char *debug;
	/* Where debug files are looked for, by build-id and by .gnu_debuglink, if none of
	 * the two is given: "/usr/lib/debug". */
	const char *debug_dir;
	/* Directory where the symbols of a vmlinux are kept for the next run, see
	 * cache.c. It is made if need be. */
	const char *cache;
};

/** mkp_image_open() with the files beside it. */
struct mkp_error *mkp_image_open_source(const struct mkp_image_source *source,
					struct mkp_image **ret_image) MKP_MUST_CHECK;

/**
 * Reads the symbols of @path, which is an ELF vmlinux, a .ko, perhaps compressed, a
 * System.map or kallsyms text (found out from its content). @module is NULL for vmlinux;
 * otherwise the module whose symbols are meant (its rows of kallsyms text, or the .ko
 * itself, whose .modinfo must agree).
 *
 * Kallsyms text shows what a loaded module kept: what its init part had is not known.
 *
 * Errors: MKP_ERROR_IO; MKP_ERROR_FORMAT (malformed, with the line; Debian's placeholder
 * for System.map; no symbols at all); MKP_ERROR_UNSUPPORTED (boot image;
 * addresses hidden from this user); MKP_ERROR_USAGE (a module where vmlinux is
 * meant or the other way round; another module than @module; one that is not loaded).
 */
struct mkp_error *mkp_image_open(const char *path, const char *module,
				 struct mkp_image **ret_image) MKP_MUST_CHECK;
void mkp_image_destroy(struct mkp_image *image);

enum mkp_image_kind mkp_image_kind(const struct mkp_image *image);
const char *mkp_image_path(const struct mkp_image *image);

/** The ELF file with the code of the image, owned by it; NULL for a text alone. */
const struct mkp_object *mkp_image_object(const struct mkp_image *image);

/** All symbols that kallsyms keeps, in its order. */
const struct mkp_image_symbol *mkp_image_symbols(const struct mkp_image *image,
						 size_t *ret_count);

/** The symbols of the name whose hash is @hash, and perhaps others; `id` is the index. */
const struct mkp_index_entry *mkp_image_find_name(const struct mkp_image *image,
						  uint64_t hash, size_t *ret_count);

/** Name of a module from .modinfo `name=` of a .ko; NULL when there is none. */
const char *mkp_image_module_name(const struct mkp_image *image);

/** What .modinfo of a module says under @key, such as "depends"; NULL: nothing. */
const char *mkp_image_modinfo(const struct mkp_image *image, const char *key);

/** Whether a module says that it needs @module, which is loaded before it then. */
bool mkp_image_depends_on(const struct mkp_image *image, const char *module);

/** The checksum that a module was made with for a symbol that it imports. False: none. */
bool mkp_image_import_crc(const struct mkp_image *image, const char *name,
			  uint32_t *ret_crc);

/** The release of an ELF vmlinux, such as "6.1.0-56-amd64"; NULL: it does not say. */
const char *mkp_image_release(const struct mkp_image *image);

/** The debug file that was used, or NULL. */
const char *mkp_image_debug_path(const struct mkp_image *image);

/** The build-id of an ELF file: *@ret_size bytes, or NULL if it has none. */
const uint8_t *mkp_build_id_find(const struct mkp_object *object, size_t *ret_size);

/** What an object file knows about a symbol that it wants to find in the image. */
struct mkp_image_query {
	const char *name;
	const char *file; /* STT_FILE name of the object, "core.c"; NULL for a global */
	bool local;
	bool function; /* neither: not known, as for an undefined symbol */
	bool object;
	uint64_t size; /* 0: not known */
	/* Names of the local functions and objects of the same object file: decides which
	 * of several files of one name is meant. Names that the linker drops do no harm.
	 */
	const char *const *siblings;
	size_t nr_siblings;
};

enum mkp_image_verdict {
	MKP_RESOLVED, /* position and symbol of the match are valid */
	MKP_NOT_FOUND,
	MKP_AMBIGUOUS, /* not decided: several candidates, or none that is certain */
};

/** What decided: the weakest evidence without which the verdict would be another. */
enum mkp_image_reason {
	/* of MKP_RESOLVED */
	MKP_BY_NAME,	 /* name, binding and kind left one candidate */
	MKP_BY_FILE,	 /* the source file's name */
	MKP_BY_SIBLINGS, /* the one file of that name that has the object's locals */
	MKP_BY_SIZE,
	MKP_BY_CODE, /* what refers to it in the image, and its content */
	/* of MKP_NOT_FOUND */
	MKP_NO_NAME,	  /* kallsyms has no such name in this object */
	MKP_OTHER_KIND,	  /* it has, but only a local for a global, a variable, ... */
	MKP_OTHER_FILE,	  /* it has, but only in other source files */
	MKP_LOADING_ONLY, /* it is in the init part of a module, freed once that runs */
	/* of MKP_AMBIGUOUS */
	MKP_SEVERAL,	  /* several candidates fit equally well */
	MKP_OTHER_LOCALS, /* no file of that name has the other locals of the object */
	MKP_MOVING,	  /* its position in a module changes when init is freed */
	MKP_SHORTENED,	  /* the kernel looks for names without ".llvm.HASH" */
};

struct mkp_image_match {
	enum mkp_image_verdict verdict;
	enum mkp_image_reason reason;
	uint64_t position; /* sympos: 0 when the name occurs once, else 1, 2, ... */
	const struct mkp_image_symbol *symbol; /* NULL unless MKP_RESOLVED */
	uint32_t nr_same_name;	/* how often kallsyms has the name in this object */
	uint32_t nr_candidates; /* how many of them fit the query */
	/*
	 * Both sizes are known and differ: a note, not a proof that the object is not the
	 * code that runs. An object of -ffunction-sections has long jumps where the
	 * kernel, with both functions in one section, has short ones (softnet_seq_start()
	 * of 6.1: 13 and 10 bytes), and a weak function may have been replaced by a
	 * strong one.
	 */
	bool size_differs;
};

/**
 * Resolves a query. Never guesses: what is not decided is MKP_AMBIGUOUS.
 *
 * A local matches locals only and a global globals only, since the linker never makes
 * one the other, hidden symbols aside (which are then not found). In an image with file
 * symbols, a local matches in a file of its own name only. Where several files have that
 * name, the file must have every sibling that is known in any of them, even when it is
 * the only one with a symbol of that name. The size decides last, and only between
 * candidates that nothing else tells apart.
 */
void mkp_image_resolve(const struct mkp_image *image, const struct mkp_image_query *query,
		       struct mkp_image_match *ret_match);

/**
 * Fills in a match with one certain symbol of the image, which something better than
 * names found: its position, or why livepatch can not find it.
 */
void mkp_image_match_symbol(const struct mkp_image *image,
			    const struct mkp_image_query *query,
			    const struct mkp_image_symbol *symbol,
			    struct mkp_image_match *ret_match);

/** Static text that says why, for a message: "only in other source files". */
const char *mkp_image_reason_text(enum mkp_image_reason reason);

/* ---- Module.symvers ---- */

struct mkp_export {
	const char *name;
	const char *module; /* "vmlinux", or the module's name: basename, '-' as '_' */
	const char *space;  /* export namespace; "" if none */
	uint32_t crc;
	bool gpl;
};

struct mkp_symvers; /* opaque */

/**
 * Reads a Module.symvers (4 or 5 columns, any age). Errors: MKP_ERROR_IO, and
 * MKP_ERROR_FORMAT with the line for a line that is no export, a blank line in the middle
 * and a name that two lines export differently.
 */
struct mkp_error *mkp_symvers_open(const char *path,
				   struct mkp_symvers **ret_symvers) MKP_MUST_CHECK;
void mkp_symvers_destroy(struct mkp_symvers *symvers);

/**
 * Whether only modules of certain names may use it, so that a patch can not import it:
 * namespaces "module:NAME,..." of EXPORT_SYMBOL_FOR_MODULES() and, in 6.16,
 * EXPORT_SYMBOL_GPL_FOR_MODULES() (707f853d7fa3). The loader compares the name of the
 * importing module with them, and lets nobody import such a namespace by
 * MODULE_IMPORT_NS() (verify_namespace_is_imported() in kernel/module/main.c).
 */
bool mkp_export_is_closed(const struct mkp_export *export);

/** The export called @name, or NULL. */
const struct mkp_export *mkp_symvers_find(const struct mkp_symvers *symvers,
					  const char *name);

/* ---- Finding a kernel's files ---- */

/** Where the files of a kernel release are; NULL for what is not there. */
struct mkp_locations {
	struct mkp_arena arena;
	const char *vmlinux; /* ELF with symbols, System.map or kallsyms: best first */
	const char *symvers;
	const char *headers; /* directory for `make -C` */
};

/**
 * Looks for @release below @sysroot ("" or "/" for this system) in the places where
 * Debian, Fedora and SUSE put them; /proc/kallsyms only if @release is what runs and
 * @sysroot is this system. What is missing or cannot be read stays NULL and is no error.
 * Errors: MKP_ERROR_USAGE (@release is no release), MKP_ERROR_NOMEM.
 */
struct mkp_error *mkp_locations_find(const char *sysroot, const char *release,
				     struct mkp_locations *ret_locations) MKP_MUST_CHECK;
void mkp_locations_deinit(struct mkp_locations *locations);

#endif
