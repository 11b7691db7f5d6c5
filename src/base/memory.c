// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/memory.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* More is for objects that take so long that page faults do not count. */
#define HEAP (16 << 20)
/* Arrays of this size move by mremap(), so growing them copies nothing. */
#define LARGE (8 << 20)

#define HUGE_PAGE (2 << 20)
#define PAGE	  4096

void mkp_memory_prepare(void)
{
	void *volatile first; /* so that the compiler does not leave it out */
	uintptr_t huge;
	void *start;

	/* glibc; with another allocator nothing comes of it. */
	mallopt(M_MMAP_THRESHOLD, LARGE);
	mallopt(M_TRIM_THRESHOLD, 2 * HEAP);
	mallopt(M_TOP_PAD, HEAP);
	/* The first page is touched here and now, so the huge ones begin behind it. */
	start = sbrk(0);
	if (start == (void *)-1)
		return;
	huge = ((uintptr_t)start + PAGE + HUGE_PAGE - 1) & -(uintptr_t)HUGE_PAGE;
	if (sbrk((intptr_t)(huge - PAGE - (uintptr_t)start)) == (void *)-1)
		return;
	first = malloc(1);
	free(first);
	madvise((void *)huge, HEAP - HUGE_PAGE, MADV_HUGEPAGE);
}
