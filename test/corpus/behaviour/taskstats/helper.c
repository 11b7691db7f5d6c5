/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether what a thread did counts for its process, after the thread has ended. */
#include "../netlink.h"

#include <dirent.h>
#include <linux/genetlink.h>
#include <linux/taskstats.h>
#include <pthread.h>

#define SLEEPS 100

static void *sleep_often(void *unused)
{
	int i;

	for (i = 0; i < SLEEPS; i++)
		usleep(1000);
	return unused;
}

/* Joining is possible a little before the thread is accounted for. */
static int threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	int count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count - 2;
}

static struct nlattr *attrs(struct nl_message *answer, int type)
{
	struct nlmsghdr *header = nl_header(answer);
	const int fixed = NLMSG_LENGTH(GENL_HDRLEN);

	return nl_find(answer->bytes + fixed, (int)header->nlmsg_len - fixed, type);
}

static int ask(int fd, int family, int command, int type, const void *data, size_t size,
	       struct nl_message *answer)
{
	const struct genlmsghdr fixed = { .cmd = command, .version = 1 };
	struct nl_message request;

	memset(answer, 0, sizeof(*answer));
	nl_begin(&request, family, 0, &fixed, sizeof(fixed));
	nl_put(&request, type, data, size);
	return nl_talk(fd, &request, answer);
}

int main(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC), error, family;
	const uint32_t pid = getpid();
	struct nl_message answer;
	struct nlattr *attr;
	pthread_t thread;
	struct taskstats stats;

	error = ask(fd, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME,
		    TASKSTATS_GENL_NAME, sizeof(TASKSTATS_GENL_NAME), &answer);
	attr = attrs(&answer, CTRL_ATTR_FAMILY_ID);
	if (error || !attr)
		return 1;
	family = *(uint16_t *)nl_data(attr);
	if (pthread_create(&thread, NULL, sleep_often, NULL) || pthread_join(thread, NULL))
		return 1;
	while (threads() > 1)
		usleep(1000);
	error = ask(fd, family, TASKSTATS_CMD_GET, TASKSTATS_CMD_ATTR_TGID, &pid, sizeof(pid), &answer);
	attr = nl_find_in(attrs(&answer, TASKSTATS_TYPE_AGGR_TGID), TASKSTATS_TYPE_STATS);
	if (error || !attr)
		return 1;
	memcpy(&stats, nl_data(attr), sizeof(stats));
	printf("switches of the thread that ended: %s\n", stats.nvcsw >= SLEEPS ? "counted" : "lost");
	return 0;
}
