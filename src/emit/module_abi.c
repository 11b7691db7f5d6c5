// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A copy of include/mkpatch/core_abi.h travels inside the program: what it emits must be
 * buildable without anything of us installed, and must match the records that it writes.
 */
#include "emit/module.h"
#include "emit/module_private.h"
/* Not for what it declares: so that the dependency files know of it, .incbin hides it. */
#include "mkpatch/core_abi.h"

extern const char mkp_core_abi_text[];

__asm__(".pushsection .rodata\n"
	".global mkp_core_abi_text\n"
	".hidden mkp_core_abi_text\n"
	"mkp_core_abi_text:\n"
	".incbin \"mkpatch/core_abi.h\"\n"
	"\t.byte 0\n"
	".popsection\n");

struct mkp_error *mkp_module_write_abi(FILE *stream)
{
	fputs(mkp_core_abi_text, stream);
	return mkp_module_finish(stream);
}
