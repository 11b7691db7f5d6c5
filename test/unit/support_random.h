/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers that look random and are the same on every run (xorshift64*).
 */
#ifndef MKP_TEST_RANDOM_H
#define MKP_TEST_RANDOM_H

#include <stdint.h>

struct random_source {
	uint64_t state; /* not 0 */
};

static inline uint64_t random_next(struct random_source *source)
{
	source->state ^= source->state >> 12;
	source->state ^= source->state << 25;
	source->state ^= source->state >> 27;
	return source->state * UINT64_C(0x2545f4914f6cdd1d);
}

/* Below @limit, which is not 0. */
static inline uint64_t random_below(struct random_source *source, uint64_t limit)
{
	return (random_next(source) >> 8) % limit;
}

#endif
