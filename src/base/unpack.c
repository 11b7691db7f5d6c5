// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define CHUNK ((size_t)1 << 17)

#include "base/write.h"

/* What an xz file may ask for; its largest preset takes 65 MiB. */
#define XZ_MEMORY ((uint64_t)128 << 20)

enum progress {
	MORE,	 /* wants input or room for output */
	ENDED,	 /* a whole stream has been read */
	DAMAGED, /* no such data */
	NO_MEMORY,
};

struct stream {
	const uint8_t *in;
	size_t nr_in;
	uint8_t *out;
	size_t room;
	z_stream gzip;
	lzma_stream xz;
	ZSTD_DStream *zstd;
};

struct method {
	const char *name;
	const char *magic;
	size_t magic_size;
	bool (*start)(struct stream *stream);
	enum progress (*step)(struct stream *stream);
	void (*end)(struct stream *stream);
};

static bool start_gzip(struct stream *stream)
{
	/* 16: with the header and checksum of gzip. */
	return inflateInit2(&stream->gzip, 16 + MAX_WBITS) == Z_OK;
}

static enum progress step_gzip(struct stream *stream)
{
	z_stream *gzip = &stream->gzip;
	int status;

	/* zlib has no const. It does not write to its input. */
	gzip->next_in = (Bytef *)(uintptr_t)stream->in;
	gzip->avail_in = (uInt)stream->nr_in;
	gzip->next_out = stream->out;
	gzip->avail_out = (uInt)stream->room;
	status = inflate(gzip, Z_NO_FLUSH);
	stream->in = gzip->next_in;
	stream->nr_in = gzip->avail_in;
	stream->out = gzip->next_out;
	stream->room = gzip->avail_out;
	if (status == Z_MEM_ERROR)
		return NO_MEMORY;
	if (status == Z_STREAM_END)
		return ENDED;
	return status == Z_OK || status == Z_BUF_ERROR ? MORE : DAMAGED;
}

static void end_gzip(struct stream *stream)
{
	inflateEnd(&stream->gzip);
}

static bool start_xz(struct stream *stream)
{
	return lzma_stream_decoder(&stream->xz, XZ_MEMORY, 0) == LZMA_OK;
}

static enum progress step_xz(struct stream *stream)
{
	lzma_stream *xz = &stream->xz;
	lzma_ret status;

	xz->next_in = stream->in;
	xz->avail_in = stream->nr_in;
	xz->next_out = stream->out;
	xz->avail_out = stream->room;
	status = lzma_code(xz, LZMA_RUN);
	stream->in = xz->next_in;
	stream->nr_in = xz->avail_in;
	stream->out = xz->next_out;
	stream->room = xz->avail_out;
	if (status == LZMA_MEM_ERROR)
		return NO_MEMORY;
	if (status == LZMA_STREAM_END)
		return ENDED;
	return status == LZMA_OK || status == LZMA_BUF_ERROR ? MORE : DAMAGED;
}

static void end_xz(struct stream *stream)
{
	lzma_end(&stream->xz);
}

static bool start_zstd(struct stream *stream)
{
	stream->zstd = ZSTD_createDStream();
	return stream->zstd && !ZSTD_isError(ZSTD_initDStream(stream->zstd));
}

static enum progress step_zstd(struct stream *stream)
{
	ZSTD_inBuffer in = { stream->in, stream->nr_in, 0 };
	ZSTD_outBuffer out = { stream->out, stream->room, 0 };
	size_t status = ZSTD_decompressStream(stream->zstd, &out, &in);

	if (ZSTD_isError(status))
		return DAMAGED;
	stream->in += in.pos;
	stream->nr_in -= in.pos;
	stream->out += out.pos;
	stream->room -= out.pos;
	return status ? MORE : ENDED;
}

static void end_zstd(struct stream *stream)
{
	ZSTD_freeDStream(stream->zstd);
}

static const struct method methods[] = {
	{ "gzip", "\x1f\x8b", 2, start_gzip, step_gzip, end_gzip },
	{ "xz", "\xfd\x37zXZ", 6, start_xz, step_xz, end_xz },
	{ "zstd", "\x28\xb5\x2f\xfd", 4, start_zstd, step_zstd, end_zstd },
};

/* The rest of the input after its end: xz pads with zeros to a multiple of four. */
static bool only_padding(const struct stream *stream)
{
	for (size_t i = 0; i < stream->nr_in; i++)
		if (stream->in[i])
			return false;
	return true;
}

static struct mkp_error *finish(const struct method *method, const struct stream *stream,
				const char *path, enum progress progress)
{
	if (progress == NO_MEMORY)
		return mkp_error_nomem();
	if (progress == DAMAGED)
		return mkp_error_create(MKP_ERROR_FORMAT, "%s: damaged %s data", path,
					method->name);
	if (progress == MORE)
		return mkp_error_create(MKP_ERROR_FORMAT, "%s: %s data ends too early",
					path, method->name);
	if (!only_padding(stream))
		return mkp_error_create(MKP_ERROR_FORMAT,
					"%s: something follows the %s data", path,
					method->name);
	return NULL;
}

/* From @stream, whose input is the whole file, to @fd. */
static struct mkp_error *pump(const struct method *method, struct stream *stream,
			      const char *path, int fd)
{
	uint8_t buffer[CHUNK];
	enum progress progress = MORE;
	struct mkp_error *error = NULL;
	size_t total = 0, got = 1;

	/* With all of the input there, a step that writes nothing waits for more. */
	while (!error && progress == MORE && got) {
		stream->out = buffer;
		stream->room = sizeof(buffer);
		progress = method->step(stream);
		got = sizeof(buffer) - stream->room;
		total += got;
		if (total > MKP_UNPACKED_LIMIT)
			return mkp_error_create(MKP_ERROR_UNSUPPORTED,
						"%s: unpacked it is larger than %zu MiB",
						path, MKP_UNPACKED_LIMIT >> 20);
		if (!mkp_write_all(fd, buffer, got))
			error = mkp_error_create_errno(errno, "cannot unpack %s", path);
	}
	return error ? error : finish(method, stream, path, progress);
}

static struct mkp_error *unpack(const struct method *method, const char *path,
				const uint8_t *packed, size_t size, int *ret_fd)
{
	struct stream stream = { .in = packed, .nr_in = size };
	struct mkp_error *error = NULL;
	int fd = memfd_create("mkpatch", MFD_CLOEXEC);

	if (fd < 0)
		return mkp_error_create_errno(errno, "cannot unpack %s", path);
	error = method->start(&stream) ? pump(method, &stream, path, fd)
				       : mkp_error_nomem();
	method->end(&stream);
	if (error)
		close(fd);
	else
		*ret_fd = fd;
	return error;
}

static struct mkp_error *open_regular(const char *path, int *ret_fd, size_t *ret_size)
{
	/* O_NONBLOCK: a FIFO must not make us wait; regular files do not care. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct mkp_error *error = NULL;
	struct stat status;

	if (fd < 0)
		return mkp_error_create_errno(errno, "%s", path);
	if (fstat(fd, &status))
		error = mkp_error_create_errno(errno, "%s", path);
	else if (!S_ISREG(status.st_mode))
		error = mkp_error_create(MKP_ERROR_FORMAT, "%s: not a regular file",
					 path);
	if (error) {
		close(fd);
		return error;
	}
	*ret_fd = fd;
	*ret_size = (size_t)status.st_size;
	return NULL;
}

static const struct method *find_method(const void *head, size_t size)
{
	for (size_t i = 0; i < MKP_ARRAY_SIZE(methods); i++)
		if (size >= methods[i].magic_size &&
		    !memcmp(head, methods[i].magic, methods[i].magic_size))
			return &methods[i];
	return NULL;
}

static const struct method *find_method_of_file(int fd)
{
	char head[8];
	ssize_t got = pread(fd, head, sizeof(head), 0);

	return got > 0 ? find_method(head, (size_t)got) : NULL;
}

struct mkp_error *mkp_unpack(const char *name, const uint8_t *packed, size_t size,
			     int *ret_fd)
{
	const struct method *method = find_method(packed, size);
	struct mkp_error *error;

	if (!method)
		return mkp_error_create(MKP_ERROR_FORMAT, "%s: no compressed data", name);
	error = unpack(method, name, packed, size, ret_fd);
	if (!error)
		lseek(*ret_fd, 0, SEEK_SET);
	return error;
}

struct mkp_error *mkp_file_open(const char *path, int *ret_fd, bool *ret_packed)
{
	int fd = -1;
	size_t size = 0;
	struct mkp_error *error = open_regular(path, &fd, &size);
	const struct method *method = error ? NULL : find_method_of_file(fd);
	void *packed;

	if (error)
		return error;
	if (ret_packed)
		*ret_packed = method;
	if (!method) {
		*ret_fd = fd;
		return NULL;
	}
	packed = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (packed == MAP_FAILED)
		error = mkp_error_create_errno(errno, "%s", path);
	else
		error = unpack(method, path, packed, size, ret_fd);
	if (packed != MAP_FAILED)
		munmap(packed, size);
	close(fd);
	return error;
}
