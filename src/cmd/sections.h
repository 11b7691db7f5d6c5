/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the sections verb share.
 */
#ifndef MKP_CMD_SECTIONS_H
#define MKP_CMD_SECTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "survey/survey.h"

#define MKP_NR_CONFIG_OPTIONS 24

/** Options of a kernel's configuration that matter. */
struct mkp_sections_config {
	const char *path; /* borrowed; NULL: there is no configuration */
	bool embedded;	  /* in the kernel of that path */
	struct {
		const char *name, *why; /* without CONFIG_ */
		char *value;		/* owned; NULL: not set */
	} options[MKP_NR_CONFIG_OPTIONS];
};

struct mkp_error *mkp_sections_config_read(struct mkp_sections_config *config,
					   const char *path, FILE *stream) MKP_MUST_CHECK;
void mkp_sections_config_deinit(struct mkp_sections_config *config);

/** What was found; all borrowed. */
struct mkp_sections_result {
	const struct mkp_survey *surveys;
	size_t count, gaps;
	const struct mkp_sections_config *config;
};

void mkp_sections_print_text(const struct mkp_sections_result *result);
struct mkp_error *mkp_sections_print_json(const struct mkp_sections_result *result)
	MKP_MUST_CHECK;

#endif
