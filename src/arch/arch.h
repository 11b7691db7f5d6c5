/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Per-architecture knowledge: one `const struct mkp_arch` per machine, chosen at run time
 * by e_machine, so that one binary handles every architecture on any host.
 *
 * Porting checklist. Each layer names the members that it needs; a NULL hook has the
 * default that its comment states.
 *
 *   read      name, machine; reloc(): width and pc-relativity of every relocation type
 *             that the compiler emits; a unit test that each has a row
 *   diff      scan_code() where pc-relative fields are not measured from their own place,
 *             or where direct branches may come without a relocation; disassemble() for
 *             --explain; special[]: the
 *             tables of this architecture (sizes by kernel version, fields, what to
 * mask); fixtures compiled by the cross compiler extract   branch_reloc(), patch_safe
 * relocation flags, compiler_helpers[]; entry hooks for functions; a module that kbuild
 * links load      a stock or own kernel booted under QEMU that shows the behaviour; the
 * row in README.md's table of architectures
 *
 * This directory is the only place where R_<ARCH>_ names appear.
 */
#ifndef MKP_ARCH_ARCH_H
#define MKP_ARCH_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

enum {
	MKP_RELOC_PCREL = 1 << 0,  /* the value is relative to the place */
	MKP_RELOC_BRANCH = 1 << 1, /* only ever used by calls and jumps */
	MKP_RELOC_KLP = 1 << 2,	   /* the kernel's module loader applies it */
	MKP_RELOC_NONE = 1 << 3,   /* has no effect */
};

struct mkp_reloc_info {
	uint32_t type;
	const char *name; /* "R_X86_64_PC32" */
	uint8_t width;	  /* bytes of the relocated field */
	uint8_t flags;	  /* MKP_RELOC_... */
};

/** A field of an instruction that names a place relative to the instruction. */
struct mkp_code_field {
	uint32_t offset; /* of the field, from the start of the code */
	uint8_t width;	 /* bytes */
	uint8_t to_end;	 /* from the field to the end of its instruction */
	bool branch;	 /* call or jump; otherwise an operand in memory or an address */
	uint8_t from_start; /* from the start of its instruction to the field */
	int64_t target; /* from the start of the code, as encoded without relocation */
};

/** The fields of one piece of code, ascending by offset. */
struct mkp_code_scan {
	struct mkp_code_field *fields; /* owned */
	size_t count, capacity;
	bool complete; /* false: some bytes are no instruction */
};

/** Says what the fields of instructions refer to. */
struct mkp_field_namer {
	/** Writes what the field at @offset of the code refers to. @stream NULL: nothing
	 * is written. Returns false if the field refers to nothing: it is a number. */
	bool (*name)(const void *context, uint64_t offset, FILE *stream);
	const void *context;
};

/** One instruction, as far as two encodings of the same code are told apart by it. */
struct mkp_insn {
	uint8_t length;
	uint8_t field_at;     /* its relative field, from its start */
	uint8_t field_width;  /* bytes; 0: it has none */
	bool nop;	      /* does nothing */
	bool landing;	      /* marks a target of indirect branches, and does nothing */
	uint16_t branch;      /* which call or jump it is, whatever the width of its
			       * field; 0: no direct branch */
	int64_t displacement; /* value of the relative field: from the end */
};

enum {
	MKP_SPECIAL_COMPARE = 1 << 0, /* entries are part of their function's content */
	MKP_SPECIAL_DROP = 1 << 1,    /* never carried: of no effect in a patch module */
	MKP_SPECIAL_OPTIONAL = 1
			       << 2, /* for objtool or the linker: if odd, left behind */
	MKP_SPECIAL_SHORT_LAST = 1 << 3, /* the last entry may lack its padding */
	MKP_SPECIAL_STATIC_CALL = 1
				  << 4, /* the key is a static call's, not a static key */
	MKP_SPECIAL_LEADS = 1 << 5,   /* a field other than code_field leads to code that
				       * has no symbol: an alternative, a fixup */
	MKP_SPECIAL_BEHIND = 1 << 6,  /* the code ends where code_field points to */
	MKP_SPECIAL_OBJTOOL = 1 << 8, /* made by objtool, from nothing but the code */
	MKP_SPECIAL_BOOT = 1 << 7,    /* of use only while the kernel boots */
};

#define MKP_SPECIAL_MAX_SIZES 6

/** One kind of table whose entries describe places in code. Offsets in bytes. */
struct mkp_special_row {
	const char *section; /* name; a trailing '*' matches any rest */
	const char *what;    /* for people: "exception table" */
	/* Entry sizes that kernels have had, most recent first; 0 ends the list. The size
	 * is established from sh_entsize or from this list by what the relocations say.
	 */
	uint8_t sizes[MKP_SPECIAL_MAX_SIZES];
	/* What the field at `length_of` points to may be empty: its length is the byte at
	 * length_at[n] in an entry of sizes[n]. 0: there is no such byte. */
	uint8_t length_at[MKP_SPECIAL_MAX_SIZES];
	uint8_t length_of;
	uint8_t code_field;    /* where the entry points to its code */
	int8_t key_field;      /* static key or static call key; -1 if none */
	uint32_t reloc_fields; /* bit n: a relocation may stand at offset n; bit of
				* code_field is always required */
	/* mask_at[n]: where in an entry of sizes[n] a 32-bit word is of which the bits in
	 * `mask` are no content, such as a line number. mask 0: there is none. */
	uint8_t mask_at[MKP_SPECIAL_MAX_SIZES];
	uint32_t mask;
	const char *companion; /* section with one more record for each entry, or NULL */
	/* The kernel's C structures of an entry and of such a record; NULL: none. */
	const char *structure, *companion_structure;
	uint32_t flags; /* MKP_SPECIAL_... */
};

/** What a field of a table's entry is called, in the structure of the kernel. */
struct mkp_special_field {
	const char *section; /* as in struct mkp_special_row */
	uint8_t entry_size;  /* of the layout that has it; 0: all have */
	uint8_t offset;	     /* of its first byte; it ends where the next one starts */
	const char *name;
};

/** Branches to thunks that the kernel patches when it loads a module. */
struct mkp_thunk_row {
	const char *symbol;    /* of the thunk; a trailing '*' matches any rest */
	const char *table;     /* section that must list each branch to it */
	const char *wanted_by; /* symbol of a vmlinux that reads such a table */
};

/** Where an instruction leads. */
enum mkp_flow_next {
	MKP_FLOW_ON,	 /* to the one behind it */
	MKP_FLOW_BRANCH, /* there, or on */
	MKP_FLOW_JUMP,
	MKP_FLOW_CALL,
	MKP_FLOW_END, /* returns, or stops */
};

enum {
	MKP_FLOW_LOADS = 1 << 0,    /* what it writes, or stores, comes from memory */
	MKP_FLOW_STORES = 1 << 1,   /* to memory */
	MKP_FLOW_ADDRESS = 1 << 2,  /* writes the address of its operand (lea) */
	MKP_FLOW_EXACT = 1 << 3,    /* what it writes is `from` plus `add`, and no more */
	MKP_FLOW_KEEPS = 1 << 4,    /* what it writes may also stay what it was */
	MKP_FLOW_INDIRECT = 1 << 5, /* calls or jumps through a register or memory */
};

#define MKP_FLOW_NO_REGISTER 0xff

/**
 * What one instruction does with values, as far as addresses in them are concerned. Sets
 * of registers are bits; all vector registers are one.
 */
struct mkp_flow_insn {
	uint32_t offset, length;    /* in the code */
	uint8_t next;		    /* enum mkp_flow_next */
	uint8_t flags;		    /* MKP_FLOW_... */
	uint8_t base;		    /* register that its memory operand is based on */
	uint8_t operand, immediate; /* where in it these fields are; 0: there is none */
	uint32_t branch; /* where in the code the field of a direct branch is; 0: none */
	int64_t target;	 /* of it, as encoded */
	int64_t add;	 /* to the base, or of MKP_FLOW_EXACT */
	uint32_t from, writes; /* values go from these registers into those */
	uint32_t stores;       /* values of these registers are stored */
};

/** The instructions of one piece of code, in their order. */
struct mkp_flow_code {
	struct mkp_flow_insn *insns; /* owned */
	size_t count, capacity;
};

/** What an operand in memory can access: the bytes [low, high) from the place that its
 * field names. */
struct mkp_code_reach {
	uint32_t place;	   /* of the field, in the code */
	int64_t low, high; /* the same: it is not known */
};

/** Which registers calls use. */
struct mkp_flow_abi {
	uint8_t stack;		/* stack pointer */
	uint8_t result;		/* what a function returns */
	uint8_t arguments[8];	/* the first ones; MKP_FLOW_NO_REGISTER ends the list */
	uint32_t clobbered;	/* not preserved by calls */
	const char *entry_site; /* what is called at a function's entry and preserves all;
				 * NULL: there is no such call */
	const char *return_thunk; /* a jump there is a return; or NULL */
};

struct mkp_arch {
	const char *name; /* as in uname -m: "x86_64" */
	uint16_t machine; /* EM_... */

	/** The row of a relocation type; NULL: not known, objects with it are refused. */
	const struct mkp_reloc_info *(*reloc)(uint32_t type);

	/** Type for a direct branch of @width bytes that gets a symbol; 0: there is none.
	 */
	uint32_t (*branch_reloc)(unsigned int width);

	/**
	 * Finds the relative fields of @size bytes of code. NULL: fields are measured
	 * from their own place (to_end 0) and every branch out of a function has a
	 * relocation.
	 */
	struct mkp_error *(*scan_code)(const uint8_t *code, size_t size,
				       struct mkp_code_scan *scan);

	/**
	 * Finds the immediate operands of @size bytes of code: `target` of a field is the
	 * operand's value, `to_end` as above. NULL: instructions that differ are
	 * different.
	 */
	struct mkp_error *(*scan_immediates)(const uint8_t *code, size_t size,
					     struct mkp_code_scan *scan);

	/**
	 * Length of the instruction at @offset of @size bytes of code, 0 if there is
	 * none. With a @stream it is also written as text, its fields as @namer says,
	 * branches within the code as "+0x12". NULL: code can not be shown.
	 */
	size_t (*disassemble)(const uint8_t *code, size_t size, uint64_t offset,
			      const struct mkp_field_namer *namer, FILE *stream);

	/** Decodes the instruction at @code; false: it is none. NULL: code is bytes. */
	bool (*decode)(const uint8_t *code, size_t size, struct mkp_insn *ret_insn);

	/**
	 * Decodes @size bytes of code for the question where addresses go. NULL: it is
	 * not known where, and every address that is taken may be stored.
	 */
	struct mkp_error *(*decode_flow)(const uint8_t *code, size_t size,
					 struct mkp_flow_code *flow);
	const struct mkp_flow_abi *abi; /* needed with decode_flow() */

	/**
	 * Finds what operands of @size bytes of code can access, as far as the code
	 * itself bounds their indexes. @reaches has all fields with a relocation,
	 * ascending, and nothing known of them; @entered says of each byte whether the
	 * processor may come there by other ways than the code's own branches that have
	 * no relocation. NULL: nothing is known.
	 */
	struct mkp_error *(*find_reaches)(const uint8_t *code, size_t size,
					  const bool *entered,
					  struct mkp_code_reach *reaches, size_t count);

	/**
	 * Whether bytes between functions are nothing but filling: NOPs, traps or zeros.
	 * NULL: zeros only.
	 */
	bool (*is_padding)(const uint8_t *code, size_t size);

	/**
	 * Whether code has a call site for ftrace at its entry, judged by its first bytes
	 * and by @site_symbol, the symbol called at @site_offset from its start (NULL if
	 * none). NULL hook: never.
	 */
	bool (*entry_traceable)(const uint8_t *code, size_t size, const char *site_symbol,
				uint64_t site_offset);

	/**
	 * Whether the branch whose field is at @place of a function leaves it as a tail
	 * call, and that breaks when what it leads to is in another module: on ppc64le
	 * the stub between them stores the TOC pointer in the frame of the caller's
	 * caller. NULL: a tail call is as good as a call, as on x86_64 (and aarch64,
	 * s390x, loongarch64, riscv64, which have no register of that kind).
	 */
	bool (*sibling_call_breaks)(const uint8_t *code, size_t size, uint64_t place);

	/** Functions that compilers call on their own and that every kernel exports to
	 * modules: they need no livepatch relocation. A trailing '*' matches any rest. */
	const char *const *compiler_helpers;
	size_t nr_compiler_helpers;

	/**
	 * Whether the processor lets indirect calls land on this entry. NULL: on any.
	 */
	bool (*entry_guarded)(const uint8_t *code, size_t size);

	/** What the names of symbols start with that stand for the bytes in front of a
	 * function's entry, up to it. Those bytes belong to the function. */
	const char *const *entry_prefixes;
	size_t nr_entry_prefixes;

	/** The tables about code, ended by a row without section. The first row that
	 * matches a section's name is its. */
	const struct mkp_special_row *special;

	/** Names of fields, for people; ends with a row without section. NULL: none. */
	const struct mkp_special_field *special_fields;

	const struct mkp_thunk_row *thunks;
	size_t nr_thunks;
};

/** The architecture of an e_machine value; NULL: not supported. */
const struct mkp_arch *mkp_arch_find(uint16_t machine);

/** Name of a relocation type for messages: never NULL. */
const char *mkp_arch_reloc_name(const struct mkp_arch *arch, uint32_t type);

/** Row of a section name in @arch->special; NULL: not a special section. */
const struct mkp_special_row *mkp_arch_special(const struct mkp_arch *arch,
					       const char *section);

/** Name of the field that the byte at @offset of an entry is in; NULL: it has none. */
const char *mkp_arch_special_field(const struct mkp_arch *arch,
				   const struct mkp_special_row *row, uint32_t entry_size,
				   uint64_t offset);

/** Whether a symbol of this name may stand for the bytes in front of an entry. */
bool mkp_arch_is_entry_prefix(const struct mkp_arch *arch, const char *symbol);

/** Whether @symbol is one of the compiler helpers. */
bool mkp_arch_is_helper(const struct mkp_arch *arch, const char *symbol);

/** Whether @name matches @pattern, in which a trailing '*' stands for any rest. */
static inline bool mkp_name_matches(const char *pattern, const char *name)
{
	for (; *pattern; pattern++, name++) {
		if (*pattern == '*' && !pattern[1])
			return true;
		if (*pattern != *name)
			return false;
	}
	return !*name;
}

/** Appends a field; for scan_code() hooks. */
struct mkp_error *mkp_code_scan_add(struct mkp_code_scan *scan,
				    const struct mkp_code_field *field) MKP_MUST_CHECK;
void mkp_code_scan_deinit(struct mkp_code_scan *scan);

#endif
