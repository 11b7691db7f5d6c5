/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cause chains as text. Only the text renderer uses it.
 */
#ifndef MKP_REPORT_EXPLAIN_TEXT_H
#define MKP_REPORT_EXPLAIN_TEXT_H

#include <stdio.h>

#include "report/explanation.h"

/** Writes the steps, indented, with colours if @color. */
void mkp_text_explanation(FILE *stream, const struct mkp_explanation *explanation,
			  bool color);

#endif
