// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Netlink sockets.
 */
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "modules/mrkm_netlink.h"

/* Not all libcs have it in <sys/socket.h>. */
#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

#define RECEIVE_BUFFER (4 << 20)

static const int protocols[] = {
	[MRKM_XFRM] = NETLINK_XFRM,
	[MRKM_ROUTE] = NETLINK_ROUTE,
};

/* Groups of notifications, closed by 0. */
static const int groups[][5] = {
	[MRKM_XFRM] = { XFRMNLGRP_ACQUIRE, XFRMNLGRP_EXPIRE, XFRMNLGRP_SA,
			XFRMNLGRP_POLICY },
	[MRKM_ROUTE] = { RTNLGRP_LINK, RTNLGRP_IPV6_IFADDR, RTNLGRP_TC },
};

/* ------------------------------------------------------------ begin and end */

static int open_socket(enum mrkm_family family, uint32_t *port)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(address);
	int on = 1, size = RECEIVE_BUFFER, sock;

	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
		      protocols[family]);
	if (sock < 0)
		return -errno;
	/* An error need not bring the whole request back.  The answers of a
	 * batch come all at once, hence the room. */
	setsockopt(sock, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	if (setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	if (bind(sock, (struct sockaddr *)&address, sizeof(address)) ||
	    getsockname(sock, (struct sockaddr *)&address, &len)) {
		int err = -errno;

		close(sock);
		return err;
	}
	if (port)
		*port = address.nl_pid;
	return sock;
}

static int open_events(enum mrkm_family family)
{
	int sock = open_socket(family, NULL);

	for (const int *group = groups[family]; sock >= 0 && *group; group++)
		if (setsockopt(sock, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group,
			       sizeof(*group))) {
			int err = -errno;

			close(sock);
			return err;
		}
	return sock;
}

int mrkm_netlink_open(struct mrkm_netlink *netlink)
{
	int err = 0;

	memset(netlink, 0, sizeof(*netlink));
	for (enum mrkm_family f = MRKM_XFRM; f <= MRKM_ROUTE; f++)
		netlink->sockets[f] = netlink->events[f] = -1;
	for (enum mrkm_family f = MRKM_XFRM; f <= MRKM_ROUTE && !err; f++) {
		netlink->sockets[f] = open_socket(f, &netlink->ports[f]);
		netlink->events[f] = open_events(f);
		if (netlink->sockets[f] < 0)
			err = netlink->sockets[f];
		else if (netlink->events[f] < 0)
			err = netlink->events[f];
	}
	if (err)
		mrkm_netlink_close(netlink);
	return err;
}

void mrkm_netlink_close(struct mrkm_netlink *netlink)
{
	for (enum mrkm_family f = MRKM_XFRM; f <= MRKM_ROUTE; f++) {
		if (netlink->sockets[f] >= 0)
			close(netlink->sockets[f]);
		if (netlink->events[f] >= 0)
			close(netlink->events[f]);
		netlink->sockets[f] = netlink->events[f] = -1;
	}
}

/* ------------------------------------------------------------------- requests */

/*
 * The kernel has dealt with all messages when sendmsg() returns: what it had to
 * say is in the receive buffer.
 */
static int send_all(int sock, const struct mrkm_batch *batch)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t sent = sendto(sock, batch->octets, batch->len, 0,
			      (struct sockaddr *)&kernel, sizeof(kernel));

	if (sent < 0)
		return -errno;
	return (size_t)sent == batch->len ? 0 : -EMSGSIZE;
}

/* The next datagram; 0: there is none. */
static ssize_t receive(int sock, void *buffer, size_t size)
{
	struct sockaddr_nl from = { 0 };
	socklen_t len = sizeof(from);
	ssize_t received;

	do {
		received = recvfrom(sock, buffer, size, 0,
				    (struct sockaddr *)&from, &len);
	} while ((received < 0 && errno == EINTR) ||
		 (received > 0 && from.nl_pid != 0));
	if (received < 0)
		return errno == EAGAIN ? 0 : -errno;
	return received;
}

static int error_of(const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(nlh);

	return mnl_nlmsg_get_payload_len(nlh) < sizeof(*error) ? EBADMSG
							       : -error->error;
}

int mrkm_netlink_send(struct mrkm_netlink *netlink, enum mrkm_family family,
		      const struct mrkm_batch *batch,
		      void (*refused)(void *arg, uint32_t sequence, int error),
		      void *arg)
{
	uint8_t buffer[32768] __attribute__((aligned(NLMSG_ALIGNTO)));
	int sock = netlink->sockets[family];
	int err = send_all(sock, batch);
	const struct nlmsghdr *nlh;
	ssize_t received;
	int left;

	while (!err && (received = receive(sock, buffer, sizeof(buffer)))) {
		if (received < 0)
			return received;
		left = received;
		for (nlh = (const void *)buffer; mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left))
			if (nlh->nlmsg_type == NLMSG_ERROR && error_of(nlh))
				refused(arg, nlh->nlmsg_seq, error_of(nlh));
	}
	return err;
}

/* One datagram of a list: 1 when it goes on, 0 at its end. */
static int take_items(void *buffer, ssize_t received,
		      int (*item)(void *arg, const struct nlmsghdr *nlh),
		      void *arg)
{
	const struct nlmsghdr *nlh = buffer;
	int left = received, err;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		/* The list changed while it was made: it may lack something. */
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			return -EINTR;
		if (nlh->nlmsg_type == NLMSG_DONE)
			return 0;
		if (nlh->nlmsg_type == NLMSG_ERROR)
			return -error_of(nlh);
		err = item(arg, nlh);
		if (err)
			return err;
	}
	return 1;
}

/* What an earlier list left unread. */
static void drain(int sock)
{
	uint8_t buffer[1024];

	while (receive(sock, buffer, sizeof(buffer)) > 0)
		;
	explicit_bzero(buffer, sizeof(buffer));
}

int mrkm_netlink_list(struct mrkm_netlink *netlink, enum mrkm_family family,
		      const struct mrkm_batch *request,
		      int (*item)(void *arg, const struct nlmsghdr *nlh),
		      void *arg)
{
	uint8_t buffer[65536] __attribute__((aligned(NLMSG_ALIGNTO)));
	int sock = netlink->sockets[family];
	int err = send_all(sock, request);
	ssize_t received;

	if (err)
		return err;
	do {
		received = receive(sock, buffer, sizeof(buffer));
		/* reading a part of a list makes the kernel write the next */
		err = received > 0   ? take_items(buffer, received, item, arg)
		      : received < 0 ? (int)received
				     : -EBADMSG;
	} while (err > 0);
	explicit_bzero(buffer, sizeof(buffer));
	if (err)
		drain(sock);
	return err;
}

/* --------------------------------------------------------------------- events */

bool mrkm_netlink_events(struct mrkm_netlink *netlink, enum mrkm_family family,
			 void (*acquire)(void *arg,
					 const struct mrkm_acquire *acquire),
			 void *arg)
{
	uint8_t buffer[32768] __attribute__((aligned(NLMSG_ALIGNTO)));
	int sock = netlink->events[family];
	const struct nlmsghdr *nlh;
	struct mrkm_acquire question;
	bool changed = false;
	ssize_t received;
	int left;

	while ((received = receive(sock, buffer, sizeof(buffer)))) {
		/* ENOBUFS: something was lost, nobody knows what */
		changed |= received < 0;
		left = received > 0 ? received : 0;
		for (nlh = (const void *)buffer; mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left)) {
			if (family == MRKM_XFRM &&
			    nlh->nlmsg_type == XFRM_MSG_ACQUIRE) {
				if (mrkm_xfrm_read_acquire(nlh, &question))
					acquire(arg, &question);
			} else {
				changed |= nlh->nlmsg_pid !=
					   netlink->ports[family];
			}
		}
		if (received < 0 && received != -ENOBUFS)
			break;
	}
	explicit_bzero(buffer, sizeof(buffer));
	return changed;
}
