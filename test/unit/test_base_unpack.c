// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <lzma.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

#include "base/unpack.h"
#include "test_image_files.h"

/* More than what is unpacked at once. */
#define SIZE	(300000)
#define ROOM	(SIZE + 100000)
#define NR_KIND 3

struct packed {
	uint8_t data[ROOM];
	size_t size;
};

static void fill(uint8_t *content)
{
	uint32_t random = 1;

	for (size_t i = 0; i < SIZE; i++) {
		random = random * 1664525 + 1013904223;
		content[i] = (uint8_t)(random >> 24);
	}
}

static void pack(int kind, const uint8_t *content, struct packed *packed)
{
	z_stream gzip = { .next_in = (Bytef *)(uintptr_t)content, .avail_in = SIZE };
	lzma_ret status;

	packed->size = 0;
	switch (kind) {
	case 0:
		gzip.next_out = packed->data;
		gzip.avail_out = ROOM;
		assert_int_equal(deflateInit2(&gzip, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, 0),
				 Z_OK);
		assert_int_equal(deflate(&gzip, Z_FINISH), Z_STREAM_END);
		packed->size = gzip.total_out;
		deflateEnd(&gzip);
		break;
	case 1:
		status = lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, content, SIZE,
						 packed->data, &packed->size, ROOM);
		assert_int_equal(status, LZMA_OK);
		break;
	default: {
		/* With a checksum, as the kernel's build asks for. */
		ZSTD_CCtx *context = ZSTD_createCCtx();

		ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
		packed->size = ZSTD_compress2(context, packed->data, ROOM, content, SIZE);
		assert_false(ZSTD_isError(packed->size));
		ZSTD_freeCCtx(context);
	}
	}
}

static void is_unpacked(void **state)
{
	static uint8_t content[SIZE], got[SIZE + 1];
	static struct packed packed;

	(void)state;
	fill(content);
	for (int kind = 0; kind < NR_KIND; kind++) {
		bool is_packed = false;
		char *path;
		int fd;

		pack(kind, content, &packed);
		path = make_file(packed.data, packed.size);
		assert_no_error(mkp_file_open(path, &fd, &is_packed));
		assert_true(is_packed);
		assert_int_equal(pread(fd, got, sizeof(got), 0), SIZE);
		assert_memory_equal(got, content, SIZE);
		close(fd);
		drop_file(path);
	}
}

static void is_left_alone(void **state)
{
	char *path = make_text("\x1fplain"), got[8];
	bool packed = true;
	int fd;

	(void)state;
	assert_no_error(mkp_file_open(path, &fd, &packed));
	assert_false(packed);
	assert_int_equal(pread(fd, got, sizeof(got), 0), 6);
	close(fd);
	drop_file(path);
}

static void refuse(const struct packed *packed, enum mkp_error_code code,
		   const char *part)
{
	char *path = make_file(packed->data, packed->size);
	int fd;

	assert_error(mkp_file_open(path, &fd, NULL), code, part);
	drop_file(path);
}

/* Cut at any place, changed in the middle, or with something behind the end. */
static void damage_is_seen(void **state)
{
	static uint8_t content[SIZE];
	static struct packed good, bad;

	(void)state;
	fill(content);
	for (int kind = 0; kind < NR_KIND; kind++) {
		pack(kind, content, &good);
		for (size_t size = 8; size < good.size; size += good.size / 7) {
			bad = good;
			bad.size = size;
			refuse(&bad, MKP_ERROR_FORMAT, "ends too early");
		}
		bad = good;
		bad.size = good.size - 1;
		refuse(&bad, MKP_ERROR_FORMAT, "ends too early");
		bad = good;
		bad.data[good.size / 2] ^= 0x10;
		refuse(&bad, MKP_ERROR_FORMAT, "damaged");
		bad = good;
		bad.data[bad.size++] = 'x';
		refuse(&bad, MKP_ERROR_FORMAT, "something follows");
	}
}

/* Half a gigabyte of zeros takes some kilobytes. */
static void bomb(void **state)
{
	static uint8_t zeros[1 << 20];
	ZSTD_CCtx *context = ZSTD_createCCtx();
	static struct packed packed;
	ZSTD_outBuffer out = { packed.data, ROOM, 0 };

	(void)state;
	for (int i = 0; i < 513; i++) {
		ZSTD_inBuffer in = { zeros, sizeof(zeros), 0 };
		size_t left = ZSTD_compressStream2(context, &out, &in,
						   i == 512 ? ZSTD_e_end
							    : ZSTD_e_continue);

		assert_false(ZSTD_isError(left));
	}
	ZSTD_freeCCtx(context);
	packed.size = out.pos;
	refuse(&packed, MKP_ERROR_UNSUPPORTED, "larger than 512 MiB");
}

static void no_file(void **state)
{
	int fd;

	(void)state;
	assert_error(mkp_file_open("/nonexistent", &fd, NULL), MKP_ERROR_IO,
		     "/nonexistent");
	assert_error(mkp_file_open("/tmp", &fd, NULL), MKP_ERROR_FORMAT,
		     "not a regular file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_unpacked),	 cmocka_unit_test(is_left_alone),
		cmocka_unit_test(damage_is_seen), cmocka_unit_test(bomb),
		cmocka_unit_test(no_file),
	};

	return cmocka_run_group_tests_name("base/unpack", tests, NULL, NULL);
}
