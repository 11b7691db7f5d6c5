// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sizes of structures by the BTF of a linked file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "elf/structures.h"
#include "support_elfgen.h"

enum {
	INT = 1 << 24,
	ARRAY = 3 << 24,
	STRUCT = 4 << 24,
	MAX_WORDS = 32,
	HEADER_WORDS = 6,
};

static const char names[] = "\0first\0second";

struct asked {
	struct mkp_structure list[2];
	const char *source;
};

/* @types are words behind the header, the names behind them, as bpf's loader has it. */
static void ask(const uint32_t *types, uint32_t nr_types, uint32_t types_size,
		uint32_t strings_size, struct asked *ret_asked)
{
	const uint32_t size = 4 * nr_types;
	const uint32_t header[HEADER_WORDS] = { 0x1eb9f,    24,	  0,
						types_size, size, strings_size };
	uint8_t btf[4 * (HEADER_WORDS + MAX_WORDS) + sizeof(names)];
	struct elfgen *gen = elfgen_create(false);
	struct mkp_object *object;

	assert_true(nr_types <= MAX_WORDS);
	memcpy(btf, header, sizeof(header));
	memcpy(btf + sizeof(header), types, size);
	memcpy(btf + sizeof(header) + size, names, sizeof(names));
	gen->header.e_type = ET_EXEC;
	elfgen_add(gen, ".BTF", SHT_PROGBITS, SHF_ALLOC, btf,
		   sizeof(header) + size + sizeof(names));
	elfgen_tables(gen);
	elfgen_build(gen);
	object = elfgen_assert_open(gen);
	*ret_asked = (struct asked){ .list = { { "first", 0 }, { "second", 0 } } };
	assert_null(mkp_structures_find(object, ret_asked->list, 2, &ret_asked->source));
	mkp_object_destroy(object);
	elfgen_destroy(gen);
}

/* Types of every length: a number, an array, one with a member, and one without. */
static const uint32_t good[] = {
	0, INT,	       4,  0x20,       /* and its bits */
	0, ARRAY,      0,  1,	 1, 5, /* of what, by what, how many */
	1, STRUCT | 1, 8,  0,	 1, 0, /* and its member */
	7, STRUCT,     12,
};
#define GOOD_WORDS (sizeof(good) / sizeof(*good))

static void sizes(void **state MKP_UNUSED)
{
	struct asked asked;

	ask(good, GOOD_WORDS, sizeof(good), sizeof(names), &asked);
	assert_string_equal(asked.source, "BTF");
	assert_int_equal(asked.list[0].size, 8);
	assert_int_equal(asked.list[1].size, 12);
}

/* The types end in the middle of one; what follows is none, whatever it looks like. */
static void cut_off(void **state MKP_UNUSED)
{
	struct asked asked;

	/* Behind the last but one's member, of which four bytes are in. */
	ask(good, GOOD_WORDS, sizeof(good) - 20, sizeof(names), &asked);
	assert_int_equal(asked.list[0].size, 8);
	assert_int_equal(asked.list[1].size, 0);
	/* In the head of the last. */
	ask(good, GOOD_WORDS, sizeof(good) - 4, sizeof(names), &asked);
	assert_int_equal(asked.list[1].size, 0);
}

static void refused(void **state MKP_UNUSED)
{
	uint32_t other[GOOD_WORDS];
	struct asked asked;

	/* Names without an end, and types beyond the section. */
	ask(good, GOOD_WORDS, sizeof(good), sizeof(names) - 1, &asked);
	assert_null(asked.source);
	ask(good, GOOD_WORDS, 0x10000, sizeof(names), &asked);
	assert_null(asked.source);
	/* A name out of range is nobody's. */
	memcpy(other, good, sizeof(good));
	other[GOOD_WORDS - 3] = 0xfffff;
	ask(other, GOOD_WORDS, sizeof(good), sizeof(names), &asked);
	assert_int_equal(asked.list[0].size, 8);
	assert_int_equal(asked.list[1].size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
