/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that may be compressed: modules (.ko.gz, .ko.xz, .ko.zst) and lists of exports
 * are shipped like that. What a file is tells its content, not its name.
 */
#ifndef MKP_BASE_UNPACK_H
#define MKP_BASE_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/**
 * Opens the regular file @path for reading. What is compressed by gzip, xz or zstd is
 * unpacked into anonymous memory, to which *@ret_fd refers then; *@ret_packed (if it is
 * not NULL) tells. The caller closes it.
 *
 * Errors: MKP_ERROR_IO; MKP_ERROR_FORMAT (no regular file; damaged or truncated data, or
 * something behind its end); MKP_ERROR_UNSUPPORTED (unpacked it is larger than a module
 * can be: MKP_UNPACKED_LIMIT).
 */
struct mkp_error *mkp_file_open(const char *path, int *ret_fd,
				bool *ret_packed) MKP_MUST_CHECK;

/**
 * Unpacks what is in memory; *@ret_fd refers to it from its start. @name is for messages.
 * MKP_ERROR_FORMAT also if it is not compressed.
 */
struct mkp_error *mkp_unpack(const char *name, const uint8_t *packed, size_t size,
			     int *ret_fd) MKP_MUST_CHECK;

/* No compressed file that a kernel comes with has a quarter of it. */
#define MKP_UNPACKED_LIMIT ((size_t)512 << 20)

#endif
