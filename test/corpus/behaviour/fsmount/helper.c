/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A mount of the file system of pipes, which is the kernel's own. */
#include <errno.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	int context = syscall(SYS_fsopen, "pipefs", 0), mount;

	if (context < 0 || syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0)) {
		perror("pipefs");
		return 1;
	}
	mount = syscall(SYS_fsmount, context, 0, 0);
	printf("pipefs: %s\n", mount < 0 ? strerrorname_np(errno) : "mounted");
	return 0;
}
