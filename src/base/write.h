/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing to file descriptors.
 */
#ifndef MKP_BASE_WRITE_H
#define MKP_BASE_WRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

/** Writes all of it, in as many parts as it takes; false: errno says why not. */
bool mkp_write_all(int fd, const void *data, size_t size) MKP_MUST_CHECK;

#endif
