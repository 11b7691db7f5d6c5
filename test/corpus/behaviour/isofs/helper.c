/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A symbolic link of Rock Ridge whose text is longer than the record that it is in: "abc", then what
 * follows it. Writes the image to standard output, or tells what the link FILE says.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SECTOR 2048
#define SECTORS 19
#define ROOT 18

static unsigned char *put(unsigned char *at, const void *bytes, size_t size)
{
	memcpy(at, bytes, size);
	return at + size;
}

/* A number in both orders of its bytes. */
static unsigned char *put_both(unsigned char *at, uint32_t value, int size)
{
	int i;

	for (i = 0; i < size; i++) {
		at[i] = value >> 8 * i;
		at[2 * size - 1 - i] = value >> 8 * i;
	}
	return at + 2 * size;
}

/* A directory record, with what the system uses; LENGTH is that of the NAME. */
static unsigned char *put_record(unsigned char *at, const char *name, int length, int directory,
				 const unsigned char *use, int use_size)
{
	unsigned char *begin = at;

	put_both(begin + 2, directory ? ROOT : 0, 4);
	put_both(begin + 10, directory ? SECTOR : 0, 4);
	begin[25] = directory ? 2 : 0;
	put_both(begin + 28, 1, 2);
	begin[32] = length;
	at = put(begin + 33, name, length);
	if (!(length % 2))
		at++;
	at = put(at, use, use_size);
	if ((at - begin) % 2)
		at++;
	begin[0] = at - begin;
	return at;
}

static unsigned char *put_mode(unsigned char *at, uint32_t mode)
{
	at = put(at, "PX\044\001", 4);
	at = put_both(at, mode, 4);
	at = put_both(at, 1, 4);
	return put_both(put_both(at, 0, 4), 0, 4);
}

static int write_image(void)
{
	static const unsigned char protocol[] = "SP\7\1\276\357\0ER\22\1\12\0\0\1RRIP_1991A";
	static const unsigned char text[] = "SL\12\1\0\0\5abcXY\4\1";
	static unsigned char image[SECTORS][SECTOR];
	unsigned char use[128] = { 0 }, *at;

	put(image[16], "\1CD001\1", 7);
	put_both(image[16] + 80, SECTORS, 4);
	put_both(image[16] + 120, 1, 2);
	put_both(image[16] + 124, 1, 2);
	put_both(image[16] + 128, SECTOR, 2);
	put_record(image[16] + 156, "", 1, 1, use, 0);
	image[16][881] = 1;
	put(image[17], "\377CD001\1", 7);
	at = put_mode(put(use, protocol, sizeof(protocol) - 1), 0040755);
	at = put_record(image[ROOT], "", 1, 1, use, at - use);
	at = put_record(at, "\1", 1, 1, use, 0);
	put_record(at, "LINK", 4, 0, use,
		   put(put_mode(use, 0120777), text, sizeof(text) - 1) - use);
	return fwrite(image, sizeof(image), 1, stdout) != 1;
}

int main(int argc, char **argv)
{
	char text[64];
	ssize_t length;

	if (argc < 2)
		return write_image();
	length = readlink(argv[1], text, sizeof(text));
	if (length < 0)
		printf("%s\n", strerrorname_np(errno));
	else
		printf("-> %.*s\n", (int)length, text);
	return 0;
}
