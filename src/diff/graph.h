/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reference graph of one object: what it is made of, and what refers to what.
 *
 * An *atom* is the smallest piece that is compared and carried as a whole: a function, a
 * variable, one string of a string section, one constant of a mergeable section, one
 * entry of a table, a stretch of a section that no symbol covers; or a symbol that the
 * object does not define. Atoms do not overlap. They are numbered by section and address,
 * entries of tables included; undefined symbols come last.
 *
 * A *reference* is what one field of an atom points to, as (atom, offset), whatever way
 * the assembler expressed it: through a symbol, through a section symbol and an addend
 * that counts from the end of the instruction, or, between functions of one section, by a
 * displacement without relocation. Everything after this stage speaks of references;
 * relocations come back only when the payload is written.
 *
 * A graph is built once and then constant. It borrows its object.
 */
#ifndef MKP_DIFF_GRAPH_H
#define MKP_DIFF_GRAPH_H

#include "arch/arch.h"
#include "diff/section_class.h"
#include "elf/object.h"

#define MKP_NO_ATOM  UINT32_MAX
#define MKP_NO_RELOC UINT32_MAX
#define MKP_NO_REF   UINT32_MAX

enum mkp_atom_kind {
	MKP_ATOM_FUNC,
	MKP_ATOM_OBJECT, /* a variable or constant with a symbol */
	MKP_ATOM_STRING, /* of a mergeable string section */
	MKP_ATOM_CONST,	 /* of a mergeable section of constants */
	MKP_ATOM_ANON,	 /* bytes that no symbol covers */
	MKP_ATOM_ENTRY,	 /* of a special section */
	MKP_ATOM_EXTERN, /* an undefined, absolute or common symbol */
};

struct mkp_atom {
	uint64_t start;		     /* offset in its section */
	uint64_t size;		     /* bytes */
	uint32_t section;	     /* 0 for MKP_ATOM_EXTERN */
	uint32_t symbol;	     /* primary symbol; 0: none */
	uint32_t first_ref, nr_refs; /* in graph->refs, by place */
	uint32_t owner; /* of an entry: the function that it describes; of a split-off
			 * part (.cold): its function; otherwise MKP_NO_ATOM */
	uint32_t prefix_symbol; /* of a function: on the bytes in front; 0: none */
	uint8_t prefix; /* of a function: bytes in front of its entry that belong to it */
	uint8_t kind;	/* enum mkp_atom_kind */
	uint8_t class;	/* enum mkp_class of its section */
	bool undecoded; /* code with bytes that are no instruction */
};

enum {
	MKP_REF_BRANCH = 1 << 0, /* operand of a call or jump */
	MKP_REF_PCREL = 1 << 1,	 /* relative to its place */
	MKP_REF_INEXACT =
		1 << 2, /* in code, but in no instruction that could be decoded */
	MKP_REF_NOTHING = 1 << 3, /* a relocation without effect */
};

struct mkp_ref {
	uint64_t place;	 /* offset of the field in its atom */
	int64_t offset;	 /* in the target atom; may lie outside of it */
	uint32_t target; /* atom */
	uint32_t reloc;	 /* in object->relocs; MKP_NO_RELOC: a displacement without one */
	uint32_t type;	 /* relocation type; for a displacement the one to use, or 0 */
	uint8_t width;	 /* bytes of the field */
	uint8_t to_end; /* from the field to the end of its instruction, if pc-relative */
	uint8_t flags;	/* MKP_REF_... */
};

/** How a special section was cut. */
struct mkp_special_section {
	const struct mkp_special_row *row;
	uint32_t section;
	uint32_t first_atom, nr_entries;
	uint32_t entry_size;	 /* 0: could not be established, `trouble` says why */
	uint32_t companion;	 /* section index, 0 if none */
	uint32_t companion_size; /* bytes of one record there */
	char *trouble;		 /* owned; NULL when all is well */
};

struct mkp_graph {
	const struct mkp_object *object;
	const struct mkp_arch *arch;
	uint8_t *classes; /* [object->nr_sections] enum mkp_class */
	struct mkp_atom *atoms;
	uint32_t nr_atoms;
	size_t cap_atoms;
	struct mkp_ref *refs;
	uint32_t nr_refs;
	size_t cap_refs;
	uint32_t *section_atoms;  /* [nr_sections + 1]: first atom of a section */
	uint32_t *symbol_atom;	  /* [nr_symbols]: atom that the symbol lies in */
	uint32_t *ref_atom;	  /* [nr_refs]: atom that holds the reference */
	uint32_t *incoming_first; /* [nr_atoms + 1] into incoming */
	uint32_t *incoming;	  /* [nr_refs]: references by target, ascending */
	uint32_t *entries_first;  /* [nr_atoms + 1] into entries */
	uint32_t *entries;	  /* atoms of kind ENTRY by owner, ascending */
	struct mkp_special_section *specials;
	uint32_t nr_specials;
	size_t cap_specials;
};

/**
 * Builds the graph of a relocatable object, which must outlive it. @like may be a graph
 * of another version of the object, or NULL: functions of the same bytes are not decoded
 * again. Errors: not a relocatable file, an architecture or a relocation type that we do
 * not know.
 */
struct mkp_error *mkp_graph_create(const struct mkp_object *object,
				   const struct mkp_graph *like,
				   struct mkp_graph **ret_graph) MKP_MUST_CHECK;
void mkp_graph_destroy(struct mkp_graph *graph);

/** The atom at @offset of a section, or MKP_NO_ATOM. An offset that is the end of an atom
 * where no other starts belongs to that atom: loops count up to such ends. */
uint32_t mkp_graph_atom_at(const struct mkp_graph *graph, uint32_t section,
			   uint64_t offset);

/** Name of an atom for people and files: its symbol's, or the section's. */
const char *mkp_atom_name(const struct mkp_graph *graph, uint32_t atom);

/** The global symbol of this name, if an atom has it, or 0. */
uint32_t mkp_graph_find_global(const struct mkp_graph *graph, const char *name);

/** Bytes of an atom; NULL when it has none (.bss, undefined, empty). */
const uint8_t *mkp_atom_data(const struct mkp_graph *graph, const struct mkp_atom *atom);

/** The primary symbol; the null symbol when there is none. */
const struct mkp_symbol *mkp_atom_symbol(const struct mkp_graph *graph,
					 const struct mkp_atom *atom);

/** The reference at exactly @place of an atom, or NULL. */
const struct mkp_ref *mkp_atom_ref_at(const struct mkp_graph *graph,
				      const struct mkp_atom *atom, uint64_t place);

/** The table that an entry belongs to. */
const struct mkp_special_section *mkp_graph_special(const struct mkp_graph *graph,
						    const struct mkp_atom *entry);

/** Whether the running kernel's ftrace can redirect this function. */
bool mkp_function_traceable(const struct mkp_graph *graph, uint32_t atom);

/** The function that a piece of code is part of: the owner of a split-off part. */
static inline uint32_t mkp_whole_function(const struct mkp_graph *graph, uint32_t atom)
{
	const struct mkp_atom *it = &graph->atoms[atom];

	return it->kind == MKP_ATOM_FUNC && it->owner != MKP_NO_ATOM ? it->owner : atom;
}

/**
 * Whether some entries let indirect calls in and others do not. The kernel that has such
 * objects runs objtool when it links a module, and for no object before that.
 */
bool mkp_graph_has_guards(const struct mkp_graph *graph);

/** Whether the processor lets indirect calls land on the entry of this function. */
bool mkp_function_is_guarded(const struct mkp_graph *graph, uint32_t atom);

/** Whether what is in front of a function's entry is nothing but filling. */
bool mkp_prefix_is_padding(const struct mkp_graph *graph, const struct mkp_atom *atom);

/** What the size of a table's entries can be established by. */
struct mkp_special_relocs {
	const struct mkp_reloc *relocs; /* by offset in the table; nothing but offsets */
	size_t count;
	uint64_t size;	  /* of the table */
	uint64_t entsize; /* sh_entsize */
};

/** The size of an entry; 0: could not be established, *@ret_trouble says why. */
uint64_t mkp_special_find_size(const struct mkp_special_row *row,
			       const struct mkp_special_relocs *relocs,
			       const char **ret_trouble);

/* Between the files of the graph only. */
struct mkp_error *mkp_graph_add_atom(struct mkp_graph *graph,
				     const struct mkp_atom *atom) MKP_MUST_CHECK;
struct mkp_error *mkp_graph_cut(struct mkp_graph *graph) MKP_MUST_CHECK;
struct mkp_error *mkp_graph_cut_special(struct mkp_graph *graph,
					uint32_t section) MKP_MUST_CHECK;
struct mkp_error *mkp_graph_build_refs(struct mkp_graph *graph,
				       const struct mkp_graph *like) MKP_MUST_CHECK;

#endif
