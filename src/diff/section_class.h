/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a section of a kernel object is for, judged by its name and flags. The classes
 * decide how a section is cut into atoms and what a change in it means.
 */
#ifndef MKP_DIFF_SECTION_CLASS_H
#define MKP_DIFF_SECTION_CLASS_H

#include "arch/arch.h"
#include "elf/object.h"

enum mkp_class {
	MKP_CLASS_NONE, /* not part of the running kernel: debug data, notes, .comment */
	MKP_CLASS_TEXT,
	MKP_CLASS_DATA,	   /* writable, .data and .bss */
	MKP_CLASS_RODATA,  /* constant, or constant after init */
	MKP_CLASS_STRINGS, /* SHF_MERGE | SHF_STRINGS */
	MKP_CLASS_MERGE,   /* SHF_MERGE constants of sh_entsize bytes */
	MKP_CLASS_ONCE,	   /* state of one call site, as of WARN_ONCE: .data.once */
	MKP_CLASS_PERCPU,
	MKP_CLASS_INIT,	     /* freed after boot or after module load */
	MKP_CLASS_EXIT,	     /* not there in vmlinux, run at unload in a module */
	MKP_CLASS_SPECIAL,   /* a row of the architecture's special[] describes it */
	MKP_CLASS_COMPANION, /* second table of a special section: .orc_unwind */
	MKP_CLASS_AUX,	     /* code without symbols that tables or functions jump to */
	MKP_CLASS_REGISTER,  /* read once by the kernel when it loads the object */
	MKP_CLASS_EXPORT,    /* the record of an exported symbol */
	MKP_CLASS_AUTHOR,    /* what the author says by macros (author.h) */
	MKP_CLASS_UNKNOWN,   /* an allocated section that none of our rules knows */
};

/** Class of a section. */
enum mkp_class mkp_section_class(const struct mkp_arch *arch,
				 const struct mkp_section *section);

/** "data", "constant data", ... for messages. */
const char *mkp_class_name(enum mkp_class class);

#endif
