/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The architectures, one file each.
 */
#ifndef MKP_ARCH_MACHINES_H
#define MKP_ARCH_MACHINES_H

#include "arch/arch.h"

extern const struct mkp_arch mkp_arch_x86_64;

#endif
