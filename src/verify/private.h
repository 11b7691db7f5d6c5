/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the verify room share.
 *
 * Nothing of what made a module may be believed here, so this room has its own reading of
 * everything but ELF itself: its own rules of kallsyms, its own counting of positions,
 * exports and checksums from the image's own tables, its own search for records. It uses
 * neither src/image nor src/emit, and `make lint` keeps it so.
 */
#ifndef MKP_VERIFY_PRIVATE_H
#define MKP_VERIFY_PRIVATE_H

#include "arch/arch.h"
#include "base/index.h"
#include "elf/object.h"
#include "verify/report.h"
#include "verify/verify.h"

/* ---- map.c: the symbols of one type, by place ---- */

/** An address in vmlinux (section 0), or an offset in a section of a module's file. */
struct mkp_verify_place {
	uint32_t section;
	uint64_t offset;
};

struct mkp_verify_map {
	const struct mkp_object *object;
	uint32_t *symbols; /* owned; by section and value */
	size_t count;
};

struct mkp_error *mkp_verify_map_init(struct mkp_verify_map *map,
				      struct mkp_object *object,
				      uint8_t type) MKP_MUST_CHECK;
void mkp_verify_map_deinit(struct mkp_verify_map *map);

/** The symbol that begins at @place, or that it lies in; 0: none. */
uint32_t mkp_verify_map_at(const struct mkp_verify_map *map,
			   const struct mkp_verify_place *place);
uint32_t mkp_verify_map_around(const struct mkp_verify_map *map,
			       const struct mkp_verify_place *place);

/* ---- image.c, exports.c: vmlinux, and the modules as they were shipped ---- */

struct mkp_verify_image {
	const char *name; /* "vmlinux", or from .modinfo */
	struct mkp_object *object;
	bool module;
	uint32_t *order; /* symbols that kallsyms keeps, as it numbers them */
	size_t nr_order;
	struct mkp_index names;		/* hash of name -> rank in `order` */
	struct mkp_verify_place *sites; /* of ftrace, sorted */
	size_t nr_sites;
	uint32_t *loaded; /* allocated sections with content, by address */
	size_t nr_loaded;
	char *release;	    /* of vmlinux; NULL: not known */
	char build_id[129]; /* hex digits; "" : none */
};

enum mkp_verify_lookup {
	MKP_LOOKUP_FOUND,
	MKP_LOOKUP_NONE,
	MKP_LOOKUP_AMBIGUOUS,
	MKP_LOOKUP_POSITION,
	MKP_LOOKUP_MOVES, /* found, but not always the same */
};

struct mkp_error *mkp_verify_image_open(const char *path, bool module,
					struct mkp_verify_image **ret_image)
	MKP_MUST_CHECK;
void mkp_verify_image_destroy(struct mkp_verify_image *image);

/** What livepatch finds. *@ret_symbol and *@ret_count (of the name) unless NONE. */
enum mkp_verify_lookup mkp_verify_image_find(const struct mkp_verify_image *image,
					     const char *name, uint64_t position,
					     uint32_t *ret_symbol, size_t *ret_count);

/** Calls with each symbol of that name that kallsyms keeps; the ranks, ascending. */
const struct mkp_index_entry *mkp_verify_image_named(const struct mkp_verify_image *image,
						     const char *name, size_t *ret_count);

/** Bytes at a symbol of the image; NULL: not @size of them there. */
const uint8_t *mkp_verify_image_bytes(const struct mkp_verify_image *image,
				      const struct mkp_symbol *symbol, uint64_t size);

/** Whether ftrace has a site at the entry of a function. */
bool mkp_verify_image_traceable(const struct mkp_verify_image *image,
				const struct mkp_symbol *symbol);

/** The string that the variable @name holds; NULL: none. */
const char *mkp_verify_image_text(const struct mkp_verify_image *image, const char *name);

struct mkp_verify_export {
	const char *object; /* that exports it */
	const char *space;  /* namespace, "" if none, NULL if not known */
	bool has_crc;
	uint32_t crc;
};

/** Whether @image exports @name, from its own tables. */
bool mkp_verify_image_export(const struct mkp_verify_image *image, const char *name,
			     struct mkp_verify_export *ret_export);

struct mkp_verify_symvers; /* lines of Module.symvers files */
struct mkp_error *mkp_verify_symvers_open(const char *const *paths, size_t count,
					  struct mkp_verify_symvers **ret_symvers)
	MKP_MUST_CHECK;
void mkp_verify_symvers_destroy(struct mkp_verify_symvers *symvers);
bool mkp_verify_symvers_find(const struct mkp_verify_symvers *symvers, const char *name,
			     struct mkp_verify_export *ret_export);
struct mkp_verify;
/** In the images first; what only a Module.symvers knows comes after them. */
bool mkp_verify_find_export(const struct mkp_verify *verify, const char *name,
			    struct mkp_verify_export *ret_export);

/* ---- the module ---- */

/** A function that the module says it replaces. */
struct mkp_verify_function {
	const char *object; /* NULL: vmlinux */
	const char *name;   /* NULL: the record has none */
	uint64_t position;
	struct mkp_verify_place code; /* of the replacement; section 0: none */
	uint64_t old_size, new_size;  /* 0: not recorded */
	const char *source;	      /* "file:line", or NULL */
	int64_t image_symbol;	      /* in its image; -1: not found */
	const struct mkp_verify_image *image;
	size_t item;
};

/** pre_patch, post_patch, pre_unpatch, post_unpatch. */
#define MKP_VERIFY_NR_CALLBACKS 4

/** A callback of an object; kinds in the order of struct klp_callbacks. */
struct mkp_verify_callback {
	const char *object; /* NULL: vmlinux */
	unsigned int kind;
	struct mkp_verify_place code;
};

/** A system state: struct klp_state. */
struct mkp_verify_state {
	uint64_t id, version;
};

/** A symbol called .klp.sym. */
struct mkp_verify_klp_symbol {
	char *object, *name; /* of the arena; NULL: malformed */
	uint64_t position;
	int64_t image_symbol; /* -1: not found */
	const struct mkp_verify_image *image;
	bool used;
	const struct mkp_symbol *meant_by; /* of a payload: looked at already */
	size_t item;
};

/** A relocation of the module, ordinary or livepatch. */
struct mkp_verify_reloc {
	struct mkp_reloc raw;
	bool livepatch;
};

struct mkp_verify {
	const struct mkp_verify_input *input;
	struct mkp_verify_report *report;
	struct mkp_object *object; /* the module */
	const struct mkp_arch *arch;
	struct mkp_verify_image **images; /* [0] is vmlinux */
	size_t nr_images;
	struct mkp_verify_symvers *symvers;
	struct mkp_verify_function *functions;
	size_t nr_functions, cap_functions;
	struct mkp_verify_callback *callbacks;
	size_t nr_callbacks, cap_callbacks;
	struct mkp_verify_state *states;
	size_t nr_states, cap_states;
	bool replace;				   /* retires other patches */
	struct mkp_verify_klp_symbol *klp_symbols; /* [symbols] of the module */
	struct mkp_verify_reloc
		*relocs;       /* of all allocated sections, by section, offset */
	uint32_t *first_reloc; /* [sections + 1] in `relocs` */
	struct mkp_verify_map code, data; /* of its functions and variables */
};

/** The value of @key (with "=") in .modinfo after *@cursor (0: the first); NULL: none. */
const char *mkp_verify_modinfo(const struct mkp_object *object, const char *key,
			       uint64_t *cursor);

/** Reads and sorts all relocations that the kernel would apply, and the functions. */
struct mkp_error *mkp_verify_read_module(struct mkp_verify *verify) MKP_MUST_CHECK;

/** The relocation at @offset of @section; NULL: none. */
const struct mkp_verify_reloc *mkp_verify_reloc_at(const struct mkp_verify *verify,
						   uint32_t section, uint64_t offset);

/** Those of @section; *@ret_count of them. */
const struct mkp_verify_reloc *mkp_verify_relocs_of(const struct mkp_verify *verify,
						    uint32_t section, size_t *ret_count);

/** First relocation of @section at or behind @offset, as a number in `relocs`. */
size_t mkp_verify_reloc_from(const struct mkp_verify *verify, uint32_t section,
			     uint64_t offset);

/** Where an absolute relocation of data leads in the module; false: elsewhere. */
bool mkp_verify_target(const struct mkp_verify *verify,
		       const struct mkp_verify_reloc *reloc,
		       struct mkp_verify_place *ret_place);

/** The string there, which ends in its section; NULL: none. */
const char *mkp_verify_string(const struct mkp_object *object,
			      const struct mkp_verify_place *place);

/** Little-endian or big-endian, as the module is; bytes must be there. */
uint64_t mkp_verify_word(const struct mkp_object *object, const uint8_t *data,
			 unsigned int width);

/** Whether the section is code that stays when the module has been initialised. */
bool mkp_verify_is_code(const struct mkp_section *section);

/** The image called @name; NULL: not given. */
const struct mkp_verify_image *mkp_verify_image_of(const struct mkp_verify *verify,
						   const char *name);

/**
 * Looks @item up in the image of its object, fills in where it is and its verdict, and
 * reports what does not hold. *@ret_image is NULL and *@ret_symbol -1 if it is not found.
 */
struct mkp_error *mkp_verify_resolve(struct mkp_verify *verify,
				     struct mkp_verify_item *item, uint64_t position,
				     const struct mkp_verify_image **ret_image,
				     int64_t *ret_symbol) MKP_MUST_CHECK;

/** Splits ".klp.sym.OBJECT.NAME,POSITION"; false: it is none, or there is no memory. */
bool mkp_verify_klp_parse(struct mkp_verify *verify, const char *name,
			  struct mkp_verify_klp_symbol *ret_symbol);

/** Reports @name if it can not be the name of a module that is patched. */
struct mkp_error *mkp_verify_object_name(struct mkp_verify *verify,
					 const char *name) MKP_MUST_CHECK;

/** Bytes of an entry of a table, and their number in the row; 0: none of them fits. */
unsigned int mkp_verify_entry_size(const struct mkp_verify *verify, uint32_t section,
				   const struct mkp_special_row *row, int *ret_index);

/* The passes, in the order in which verify.c runs them. */
struct mkp_error *mkp_verify_pass_modinfo(struct mkp_verify *verify) MKP_MUST_CHECK;
struct mkp_error *mkp_verify_pass_records(struct mkp_verify *verify) MKP_MUST_CHECK;
struct mkp_error *mkp_verify_pass_functions(struct mkp_verify *verify) MKP_MUST_CHECK;
struct mkp_error *mkp_verify_pass_klp(struct mkp_verify *verify) MKP_MUST_CHECK;
struct mkp_error *mkp_verify_pass_imports(struct mkp_verify *verify) MKP_MUST_CHECK;
struct mkp_error *mkp_verify_pass_relocs(struct mkp_verify *verify) MKP_MUST_CHECK;
struct mkp_error *mkp_verify_pass_tables(struct mkp_verify *verify) MKP_MUST_CHECK;
struct mkp_error *mkp_verify_pass_orc(struct mkp_verify *verify) MKP_MUST_CHECK;
struct mkp_error *mkp_verify_pass_entries(struct mkp_verify *verify) MKP_MUST_CHECK;
struct mkp_error *mkp_verify_pass_payload(struct mkp_verify *verify) MKP_MUST_CHECK;

#endif
