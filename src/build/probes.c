// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * probes.mk travels inside the program. It and the answers lie beside the tree, since
 * they hold for as long as it does: both are made for one configuration and one compiler.
 */
#include <string.h>

#include "build/private.h"

extern const char mkp_probes_text[];

__asm__(".pushsection .rodata\n"
	".global mkp_probes_text\n"
	".hidden mkp_probes_text\n"
	"mkp_probes_text:\n"
	".incbin \"build/probes.mk\"\n"
	"\t.byte 0\n"
	".popsection\n");

struct mkp_error *mkp_probes_begin(struct mkp_build *build, const char **ret_makefile,
				   const char **ret_answers)
{
	struct mkp_error *error = mkp_format(&build->arena, ret_makefile, "%s/probes.mk",
					     build->base);

	if (!error)
		error = mkp_format(&build->arena, ret_answers, "%s/probes", build->base);
	if (!error)
		error = mkp_directory_make(*ret_answers);
	return error ? error
		     : mkp_file_write(*ret_makefile, mkp_probes_text,
				      strlen(mkp_probes_text));
}
