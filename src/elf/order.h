/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Byte order: a value as the file has it to one of ours, and back by the same function.
 */
#ifndef MKP_ELF_ORDER_H
#define MKP_ELF_ORDER_H

#include <endian.h>

#include "elf/object.h"

static inline uint16_t mkp_object_get16(const struct mkp_object *object, uint16_t value)
{
	return object->big_endian ? be16toh(value) : le16toh(value);
}

static inline uint32_t mkp_object_get32(const struct mkp_object *object, uint32_t value)
{
	return object->big_endian ? be32toh(value) : le32toh(value);
}

static inline uint64_t mkp_object_get64(const struct mkp_object *object, uint64_t value)
{
	return object->big_endian ? be64toh(value) : le64toh(value);
}

#endif
