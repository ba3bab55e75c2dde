// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * First messages that nothing follows.
 *
 * The socket is bound to no address, so that answers to all of them find it:
 * nobody is told by ICMP that there is no such port.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "flood.h"
#include "gikev2/gikev2_proto.h"

/* Datagrams of one system call, and of one turn. */
#define BATCH 64
#define TURN 16
#define MESSAGE_MAX 2048
#define SOCKET_BUFFER (4 << 20)
#define SPI_R_AT 8

union address {
	struct sockaddr sa;
	struct sockaddr_in sin;
	struct sockaddr_in6 sin6;
};

union control {
	struct cmsghdr align;
	uint8_t space[CMSG_SPACE(sizeof(struct in_pktinfo))];
};

struct flood {
	int fd;
	union address server;
	socklen_t server_len;
	struct flood_network from;
	struct flood_totals totals;
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	union control control[BATCH];
	uint8_t octets[BATCH][MESSAGE_MAX];
};

static socklen_t set_address(union address *address,
			     const struct gikev2_endpoint *endpoint)
{
	memset(address, 0, sizeof(*address));
	if (endpoint->family == 4) {
		address->sin.sin_family = AF_INET;
		address->sin.sin_port = htons(endpoint->port);
		memcpy(&address->sin.sin_addr, endpoint->ip, 4);
		return sizeof(address->sin);
	}
	address->sin6.sin6_family = AF_INET6;
	address->sin6.sin6_port = htons(endpoint->port);
	memcpy(&address->sin6.sin6_addr, endpoint->ip, 16);
	return sizeof(address->sin6);
}

static int open_socket(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int size = SOCKET_BUFFER;
	union address any = { .sa.sa_family = family };

	if (fd < 0)
		return -1;
	/* as much as the system allows */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (bind(fd, &any.sa,
		 family == AF_INET ? sizeof(any.sin) : sizeof(any.sin6)) == 0)
		return fd;
	close(fd);
	return -1;
}

struct flood *flood_new(const struct gikev2_endpoint *server,
			const struct flood_network *from)
{
	struct flood *flood = calloc(1, sizeof(*flood));

	if (!flood)
		return NULL;
	flood->from = *from;
	flood->server_len = set_address(&flood->server, server);
	flood->fd = open_socket(flood->server.sa.sa_family);
	if (flood->fd >= 0)
		return flood;
	free(flood);
	return NULL;
}

void flood_free(struct flood *flood)
{
	if (!flood)
		return;
	close(flood->fd);
	free(flood);
}

int flood_fd(const struct flood *flood)
{
	return flood->fd;
}

const struct flood_totals *flood_totals(const struct flood *flood)
{
	return &flood->totals;
}

/* ------------------------------------------------------------------- sending */

/* Not the first and not the last address of the network. */
static void set_source(struct flood *flood, unsigned int i)
{
	struct msghdr *msg = &flood->msgs[i].msg_hdr;
	struct in_pktinfo info = { 0 };
	struct cmsghdr *cmsg;
	uint32_t host;

	msg->msg_control = NULL;
	msg->msg_controllen = 0;
	if (!flood->from.hosts)
		return;
	RAND_bytes((uint8_t *)&host, sizeof(host));
	host = flood->from.address + 1 + host % (flood->from.hosts - 2);
	info.ipi_spec_dst.s_addr = htonl(host);
	msg->msg_control = &flood->control[i];
	msg->msg_controllen = sizeof(flood->control[i]);
	cmsg = CMSG_FIRSTHDR(msg);
	cmsg->cmsg_level = IPPROTO_IP;
	cmsg->cmsg_type = IP_PKTINFO;
	cmsg->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(cmsg), &info, sizeof(info));
}

static bool make_one(struct flood *flood, struct crowd *crowd, unsigned int i,
		     uint64_t now)
{
	size_t len = crowd_bogus(crowd, flood->octets[i], MESSAGE_MAX, now);

	flood->iov[i] = (struct iovec){ flood->octets[i], len };
	flood->msgs[i].msg_hdr = (struct msghdr){
		.msg_name = &flood->server,
		.msg_namelen = flood->server_len,
		.msg_iov = &flood->iov[i],
		.msg_iovlen = 1,
	};
	set_source(flood, i);
	return len != 0;
}

void flood_send(struct flood *flood, struct crowd *crowd, unsigned int count,
		uint64_t now)
{
	while (count) {
		unsigned int made = 0;
		int sent;

		while (made < BATCH && made < count &&
		       make_one(flood, crowd, made, now))
			made++;
		if (!made)
			return;
		sent = sendmmsg(flood->fd, flood->msgs, made, 0);
		if (sent < 0)
			sent = 0;
		flood->totals.sent += sent;
		flood->totals.lost += made - sent;
		count -= made;
	}
}

/* ----------------------------------------------------------------- receiving */

static void count_answer(struct flood *flood, const uint8_t *octets, size_t len)
{
	static const uint8_t zero[GIKEV2_SPI_LEN];

	if (len >= GIKEV2_HEADER_LEN &&
	    memcmp(octets + SPI_R_AT, zero, sizeof(zero)) == 0)
		flood->totals.cookies++;
	else
		flood->totals.others++;
}

void flood_receive(struct flood *flood)
{
	int count = BATCH;

	for (int turn = 0; turn < TURN && count == BATCH; turn++) {
		for (int i = 0; i < BATCH; i++) {
			flood->iov[i] =
				(struct iovec){ flood->octets[i], MESSAGE_MAX };
			flood->msgs[i].msg_hdr = (struct msghdr){
				.msg_iov = &flood->iov[i],
				.msg_iovlen = 1,
			};
		}
		count = recvmmsg(flood->fd, flood->msgs, BATCH, 0, NULL);
		for (int i = 0; i < count; i++)
			count_answer(flood, flood->octets[i],
				     flood->msgs[i].msg_len);
	}
}
