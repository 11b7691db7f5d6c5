/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which compiler, with which options, made the code at an address: DW_AT_producer.
 */
#ifndef MKP_ELF_PRODUCER_H
#define MKP_ELF_PRODUCER_H

#include <stdint.h>

#include "base/error.h"

/**
 * The producer of the compile unit that has @address, or of the first one of a
 * relocatable file; malloc'ed. NULL if there is no such DWARF, which is no error. Reads
 * no more of a large file than it needs.
 */
struct mkp_error *mkp_producer_read(const char *path, uint64_t address,
				    char **ret_producer) MKP_MUST_CHECK;

#endif
