/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Meta sends on a console that is neither the user's terminal nor his to configure. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kd.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(void)
{
	int fd = open("/dev/tty9", O_RDWR | O_NOCTTY), old, set;

	if (fd < 0 || setresuid(65534, 65534, 65534) || ioctl(fd, KDGKBMETA, &old)) {
		perror("tty9");
		return 1;
	}
	set = ioctl(fd, KDSKBMETA, old == K_METABIT ? K_ESCPREFIX : K_METABIT);
	printf("%s\n", set ? strerrorname_np(errno) : "allowed");
	return set ? 0 : ioctl(fd, KDSKBMETA, old);
}
