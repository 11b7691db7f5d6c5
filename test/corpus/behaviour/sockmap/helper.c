/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A UDP socket without a port, put into a map of sockets. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_SOCKMAP, .key_size = 4, .value_size = 4, .max_entries = 1
	};
	uint32_t key = 0;
	int map = syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int result;

	if (map < 0 || fd < 0) {
		perror("map");
		return 1;
	}
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = map;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&fd;
	result = syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr));
	printf("unbound socket: %s\n", result ? strerrorname_np(errno) : "taken");
	return 0;
}
