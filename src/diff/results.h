/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a function may give back, by its declaration: compilers describe each function
 * that is called.
 */
#ifndef MKP_DIFF_RESULTS_H
#define MKP_DIFF_RESULTS_H

#include "diff/graph.h"
#include "elf/types.h"

/**
 * Whether a function takes in the register of argument @argument, counted from 0, a
 * pointer to the structure that its result points to as well. False: it does not, or it
 * is not known. @types may be NULL.
 */
bool mkp_result_may_be_argument(const struct mkp_graph *graph, struct mkp_types *types,
				uint32_t function, uint8_t argument);

#endif
