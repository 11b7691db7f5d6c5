/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Just enough of netlink for the programs here: one request, its answer, its error. */
#ifndef BEHAVIOUR_NETLINK_H
#define BEHAVIOUR_NETLINK_H

#include <linux/netlink.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct nl_message {
	_Alignas(8) unsigned char bytes[4096];
};

static inline struct nlmsghdr *nl_header(struct nl_message *message)
{
	return (struct nlmsghdr *)message->bytes;
}

/* Begins a request, with FIXED as what follows the header. */
static inline void nl_begin(struct nl_message *message, int type, int flags, const void *fixed,
			    size_t size)
{
	struct nlmsghdr *header = nl_header(message);

	memset(message, 0, sizeof(*message));
	header->nlmsg_len = NLMSG_LENGTH(size);
	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	memcpy(NLMSG_DATA(header), fixed, size);
}

/* Adds an attribute; one without data is a nest, which nl_end() closes. */
static inline struct nlattr *nl_put(struct nl_message *message, int type, const void *data, size_t size)
{
	struct nlmsghdr *header = nl_header(message);
	struct nlattr *attr = (struct nlattr *)(message->bytes + NLMSG_ALIGN(header->nlmsg_len));

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + size;
	if (size)
		memcpy((unsigned char *)attr + NLA_HDRLEN, data, size);
	header->nlmsg_len = NLMSG_ALIGN(header->nlmsg_len) + NLA_ALIGN(attr->nla_len);
	return attr;
}

static inline void nl_put_text(struct nl_message *message, int type, const char *text)
{
	nl_put(message, type, text, strlen(text) + 1);
}

static inline void nl_put_u32(struct nl_message *message, int type, uint32_t value)
{
	nl_put(message, type, &value, sizeof(value));
}

static inline struct nlattr *nl_nest(struct nl_message *message, int type)
{
	return nl_put(message, type | NLA_F_NESTED, NULL, 0);
}

static inline void nl_end(struct nl_message *message, struct nlattr *nest)
{
	nest->nla_len = message->bytes + nl_header(message)->nlmsg_len - (unsigned char *)nest;
}

/* Looks for TYPE among the attributes in SIZE bytes. */
static inline struct nlattr *nl_find(void *attrs, int size, int type)
{
	struct nlattr *attr = attrs;

	while (size >= NLA_HDRLEN && attr->nla_len >= NLA_HDRLEN && attr->nla_len <= size) {
		if ((attr->nla_type & NLA_TYPE_MASK) == type)
			return attr;
		size -= NLA_ALIGN(attr->nla_len);
		attr = (struct nlattr *)((unsigned char *)attr + NLA_ALIGN(attr->nla_len));
	}
	return NULL;
}

static inline void *nl_data(struct nlattr *attr)
{
	return (unsigned char *)attr + NLA_HDRLEN;
}

static inline struct nlattr *nl_find_in(struct nlattr *nest, int type)
{
	return nest ? nl_find(nl_data(nest), nest->nla_len - NLA_HDRLEN, type) : NULL;
}

/* Sends REQUEST and waits for its end. ANSWER gets what comes before that. */
static inline int nl_talk(int fd, struct nl_message *request, struct nl_message *answer)
{
	struct nl_message got;
	struct nlmsghdr *header;
	ssize_t size;

	if (send(fd, request->bytes, nl_header(request)->nlmsg_len, 0) < 0)
		return -errno;
	for (;;) {
		size = recv(fd, got.bytes, sizeof(got.bytes), 0);
		if (size < 0)
			return -errno;
		for (header = nl_header(&got); NLMSG_OK(header, size);
		     header = NLMSG_NEXT(header, size)) {
			if (header->nlmsg_type == NLMSG_ERROR)
				return ((struct nlmsgerr *)NLMSG_DATA(header))->error;
			if (answer)
				memcpy(answer->bytes, header, header->nlmsg_len);
		}
	}
}

#endif
