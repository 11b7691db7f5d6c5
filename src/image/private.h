/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of this room share. Not for other rooms.
 */
#ifndef MKP_IMAGE_PRIVATE_H
#define MKP_IMAGE_PRIVATE_H

#include "base/index.h"
#include "image/image.h"

/* The local symbols between one STT_FILE symbol and the next: one object file. */
struct mkp_image_block {
	const char *file;   /* basename */
	uint32_t nr_locals; /* local functions and objects in it, see counts_in_block() */
};

struct mkp_image {
	char *path;
	char *module;	  /* owned; NULL: vmlinux */
	char *release;	  /* owned; of an ELF vmlinux, or NULL */
	uint32_t version; /* of the release: MKP_IMAGE_VERSION(), 0: not known */
	enum mkp_image_kind kind;
	struct mkp_object *object;	  /* owned; NULL for a text */
	struct mkp_object *debug;	  /* owned; its debug file, or NULL */
	char *text;			  /* owned; names of a text point into it */
	struct mkp_image_symbol *symbols; /* in kallsyms' order once sealed */
	size_t nr_symbols;
	size_t capacity;
	struct mkp_image_block *blocks; /* index 0 is "in no block" */
	uint32_t nr_blocks;
	struct mkp_index names;	 /* name -> symbol */
	struct mkp_index places; /* name and file of a sibling -> symbol */
	struct mkp_index files;	 /* file name -> block */
	/* Name without ".llvm.HASH" -> symbol, where the kernel leaves that out. */
	struct mkp_index shortened;
	/* What the indexes borrow from, if they do. */
	void *cache;
	size_t cache_size;
};

/** An image without symbols; with its blocks and symbols added it is sealed. */
struct mkp_error *mkp_image_create(const char *path, const char *module,
				   struct mkp_image **ret_image) MKP_MUST_CHECK;

/** Sorts and indexes; from here on the image can be asked. */
struct mkp_error *mkp_image_seal(struct mkp_image *image) MKP_MUST_CHECK;

/** Copies @symbol to the end; its strings must live as long as the image. */
struct mkp_error *mkp_image_add(struct mkp_image *image,
				const struct mkp_image_symbol *symbol) MKP_MUST_CHECK;

/** Fill an image from its ELF file, which is open. The caller seals it. */
struct mkp_error *mkp_image_load_elf(
	struct mkp_image *image, const struct mkp_image_source *source) MKP_MUST_CHECK;

/** Fill an image from a text, @path, for its module if it has one. */
struct mkp_error *mkp_image_load_text(struct mkp_image *image,
				      const char *path) MKP_MUST_CHECK;

/* What LTO of clang puts between a name and a hash. */
#define MKP_LTO_SUFFIX ".llvm."

/** Key of mkp_image.places, from the hashes of a name and of a file's basename. */
uint64_t mkp_image_place(uint64_t name, uint64_t file);

/** What is behind the last slash. */
const char *mkp_path_basename(const char *path);

/* ---- cache.c ---- */

/**
 * Fills an image from the cache below @directory, and seals it: image->cache tells. Its
 * object has a symbol table, and no symbols yet.
 */
struct mkp_error *mkp_image_cache_load(struct mkp_image *image,
				       const char *directory) MKP_MUST_CHECK;
/** Writes it, for an image that was filled from its object alone. */
struct mkp_error *mkp_image_cache_store(const struct mkp_image *image,
					const char *directory) MKP_MUST_CHECK;
void mkp_image_cache_deinit(struct mkp_image *image);

/* ---- release.c ---- */

/** Reads release and version out of linux_banner, which is at @address. */
struct mkp_error *mkp_image_read_release(struct mkp_image *image,
					 uint64_t address) MKP_MUST_CHECK;

/* ---- debug_file.c ---- */

/**
 * Opens the debug file of image->object: the one that @source names, or one that is found
 * by build-id or .gnu_debuglink. image->debug stays NULL if there is none.
 */
struct mkp_error *mkp_image_open_debug(
	struct mkp_image *image, const struct mkp_image_source *source) MKP_MUST_CHECK;

/* ---- kallsyms.c ---- */

/* A kernel's version, as a number that grows; 0: not known. */
#define MKP_IMAGE_VERSION(major, minor) ((uint32_t)(major) << 16 | (minor))

/** Whether kallsyms of a kernel with CONFIG_LIVEPATCH lists vmlinux symbols of @name. */
bool mkp_kallsyms_keeps_name(const char *name, uint32_t version);
/** Whether vmlinux symbols are found, and counted, by what is before ".llvm.". */
bool mkp_kallsyms_ignores_suffix(uint32_t version);
/** Whether it lists vmlinux symbols that nm shows with @letter, whatever their name. */
bool mkp_kallsyms_keeps_letter(char letter);
/** Whether a module keeps the symbols of its section @name after its init has run. */
bool mkp_kallsyms_keeps_section(const char *name, uint64_t flags);

/* ---- textfile.c ---- */

/**
 * Reads a whole regular text file, also one of /proc whose size is not known before. The
 * text has no NUL byte but the one that is added. The caller owns *@ret_text.
 */
struct mkp_error *mkp_textfile_read(const char *path, char **ret_text) MKP_MUST_CHECK;

/** Cuts the next line off *@cursor, in place; NULL at the end of the text. */
char *mkp_textfile_line(char **cursor);

/** Whether @path is the one-line file that Debian ships in place of System.map. */
bool mkp_sysmap_is_placeholder(const char *path);

#endif
