/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The architectures, one file each.
 */
#ifndef MKP_ARCH_MACHINES_H
#define MKP_ARCH_MACHINES_H

#include "arch/arch.h"

extern const struct mkp_arch mkp_arch_x86_64;

/* Parts of it that have a file of their own. */
size_t mkp_x86_64_disassemble(const uint8_t *code, size_t size, uint64_t offset,
			      const struct mkp_field_namer *namer, FILE *stream);
extern const struct mkp_special_field mkp_x86_64_fields[];
extern const struct mkp_special_row mkp_x86_64_tables[];
/** Length of a common instruction and its relative field but for the target (width 0:
 * none). 0: it is left to the decoder. */
unsigned int mkp_x86_64_measure(const uint8_t *code, size_t size,
				struct mkp_code_field *ret_field);
struct mkp_error *mkp_x86_64_decode_flow(const uint8_t *code, size_t size,
					 struct mkp_flow_code *flow) MKP_MUST_CHECK;
extern const struct mkp_flow_abi mkp_x86_64_abi;
struct mkp_error *mkp_x86_64_find_reaches(const uint8_t *code, size_t size,
					  const bool *entered,
					  struct mkp_code_reach *reaches,
					  size_t count) MKP_MUST_CHECK;

#endif
