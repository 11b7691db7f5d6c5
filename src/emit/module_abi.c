// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copies of our headers travel inside the program. core_abi.h: what is emitted must be
 * buildable without anything of us installed, and must match the records that it writes.
 * livepatch.h: so that who compiles a patched source has the one that fits what is read.
 */
#include "emit/module.h"
#include "emit/module_private.h"
/* Not for what it declares: so that the dependency files know of it, .incbin hides it. */
#include "mkpatch/core_abi.h"

extern const char mkp_core_abi_text[], mkp_livepatch_text[];

#define HEADER(symbol, path)                                                             \
	__asm__(".pushsection .rodata\n"                                                 \
		".global " symbol "\n"                                                   \
		".hidden " symbol "\n" symbol ":\n"                                      \
		".incbin \"" path "\"\n"                                                 \
		"\t.byte 0\n"                                                            \
		".popsection\n")

HEADER("mkp_core_abi_text", "mkpatch/core_abi.h");
HEADER("mkp_livepatch_text", "mkpatch/livepatch.h");

struct mkp_error *mkp_module_write_abi(FILE *stream)
{
	fputs(mkp_core_abi_text, stream);
	return mkp_module_finish(stream);
}

struct mkp_error *mkp_author_header_write(FILE *stream)
{
	fputs(mkp_livepatch_text, stream);
	return mkp_module_finish(stream);
}
