/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `mkpatch build --package` and `mkpatch package` share.
 */
#ifndef MKP_CMD_PACKAGE_H
#define MKP_CMD_PACKAGE_H

#include "build/package.h"

/** Seconds since 1970; returns -1 to go on, or the exit code. */
int mkp_package_take_date(const char *text, int64_t *ret_date);

/** Makes a package and says where it is, or why there is none; returns the exit code. */
int mkp_package_show(const struct mkp_package_options *package);

#endif
