/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration that a kernel carries (CONFIG_IKCONFIG), or configs.ko of it: gzip
 * between two marks, kernel/configs.c.
 */
#ifndef MKP_IMAGE_KCONFIG_H
#define MKP_IMAGE_KCONFIG_H

#include <stdio.h>

#include "elf/object.h"

/** Its text, for the caller to close; NULL: there is none. */
struct mkp_error *mkp_kconfig_open(const struct mkp_object *object,
				   FILE **ret_stream) MKP_MUST_CHECK;

#endif
