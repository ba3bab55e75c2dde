// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UDP sockets: one for each address family, for both roles.
 *
 * They are bound to no address, so that they outlive addresses that come and
 * go; the kernel tells the local address of each datagram, and is told the
 * source of each answer.
 */
#include <zebra.h>

#include <netinet/ip.h>

#include "log.h"
#include "network.h"
#include "sockopt.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_debug.h"
#include "mrkmd/mrkm_event.h"

/* Datagrams a wakeup, so that a flood leaves time for timers and vtysh. */
#define READS_MAX 64
#define SOCKET_BUFFER (1024 * 1024)
#define RETRY_SECONDS 10

/* IKE header (RFC 7296 section 3.1): who began the IKE SA. */
#define IKE_HEADER_LEN 28
#define IKE_FLAGS_OFFSET 19
#define IKE_FLAG_INITIATOR 0x08

static void io_retry(struct event *event);

const char *mrkm_io_drop_name(enum mrkm_io_drop drop)
{
	static const char *const names[] = {
#define X(name, json, text) json,
		MRKM_IO_DROPS(X)
#undef X
	};

	return names[drop];
}

const char *mrkm_io_drop_text(enum mrkm_io_drop drop)
{
	static const char *const texts[] = {
#define X(name, json, text) text,
		MRKM_IO_DROPS(X)
#undef X
	};

	return texts[drop];
}

/* --------------------------------------------------------------- addresses */

static socklen_t to_sockaddr(const struct gikev2_endpoint *endpoint,
			     union sockunion *su)
{
	memset(su, 0, sizeof(*su));
	if (endpoint->family == 4) {
		su->sin.sin_family = AF_INET;
		su->sin.sin_port = htons(endpoint->port);
		memcpy(&su->sin.sin_addr, endpoint->ip, 4);
		return sizeof(su->sin);
	}
	su->sin6.sin6_family = AF_INET6;
	su->sin6.sin6_port = htons(endpoint->port);
	memcpy(&su->sin6.sin6_addr, endpoint->ip, 16);
	return sizeof(su->sin6);
}

static void from_sockaddr(const union sockunion *su,
			  struct gikev2_endpoint *endpoint)
{
	memset(endpoint, 0, sizeof(*endpoint));
	if (su->sa.sa_family == AF_INET) {
		endpoint->family = 4;
		endpoint->port = ntohs(su->sin.sin_port);
		memcpy(endpoint->ip, &su->sin.sin_addr, 4);
	} else {
		endpoint->family = 6;
		endpoint->port = ntohs(su->sin6.sin6_port);
		memcpy(endpoint->ip, &su->sin6.sin6_addr, 16);
	}
}

/* The address that the datagram was sent to.  False: the kernel did not say. */
static bool local_address(struct msghdr *msg, struct gikev2_endpoint *local)
{
	struct cmsghdr *cmsg;

	memset(local, 0, sizeof(*local));
	local->port = mrkm.io.port;
	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level == IPPROTO_IP &&
		    cmsg->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
			local->family = 4;
			memcpy(local->ip, &info.ipi_addr, 4);
		} else if (cmsg->cmsg_level == IPPROTO_IPV6 &&
			   cmsg->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
			local->family = 6;
			memcpy(local->ip, &info.ipi6_addr, 16);
		}
	}
	return local->family != 0;
}

/* ----------------------------------------------------------------- sending */

/* Makes the datagram leave from path->local. */
static void set_source(struct msghdr *msg, const struct gikev2_endpoint *local)
{
	struct cmsghdr *cmsg = msg->msg_control;

	if (local->family == 4) {
		struct in_pktinfo info = {};

		memcpy(&info.ipi_spec_dst, local->ip, 4);
		cmsg->cmsg_level = IPPROTO_IP;
		cmsg->cmsg_type = IP_PKTINFO;
		cmsg->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(cmsg), &info, sizeof(info));
		msg->msg_controllen = CMSG_SPACE(sizeof(info));
	} else {
		struct in6_pktinfo info = {};

		memcpy(&info.ipi6_addr, local->ip, 16);
		cmsg->cmsg_level = IPPROTO_IPV6;
		cmsg->cmsg_type = IPV6_PKTINFO;
		cmsg->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(cmsg), &info, sizeof(info));
		msg->msg_controllen = CMSG_SPACE(sizeof(info));
	}
}

int mrkm_io_send(const struct gikev2_path *path, const uint8_t *octets,
		 size_t len)
{
	int fd = path->remote.family == 4 ? mrkm.io.fd4 : mrkm.io.fd6;
	struct iovec iov = { (void *)octets, len };
	union sockunion to;
	union {
		struct cmsghdr align;
		uint8_t space[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control = {};
	struct msghdr msg = {
		.msg_name = &to,
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	char text[64];

	if (fd < 0)
		return -GIKEV2_ERR_OUTPUT;
	msg.msg_namelen = to_sockaddr(&path->remote, &to);
	if (path->local.family) {
		msg.msg_control = &control;
		set_source(&msg, &path->local);
	}
	if (sendmsg(fd, &msg, 0) >= 0) {
		DEBUGD(&mrkm_dbg_packets, "mrkm: %zu octets to %s", len,
		       gikev2_endpoint_text(&path->remote, text, sizeof(text)));
		return 0;
	}
	mrkm_log_limited(MRKM_LIMIT_OUTPUT, LOG_WARNING,
			 "datagram to %s could not be sent: %s",
			 gikev2_endpoint_text(&path->remote, text,
					      sizeof(text)),
			 safe_strerror(errno));
	return -GIKEV2_ERR_OUTPUT;
}

/* --------------------------------------------------------------- receiving */

static void io_drop(enum mrkm_io_drop drop, const struct gikev2_endpoint *from)
{
	char text[64];

	mrkm.io.drops[drop]++;
	if (DEBUG_MODE_CHECK(&mrkm_dbg_packets, DEBUG_MODE_ALL))
		mrkm_log_limited(MRKM_LIMIT_IO_DROP, LOG_DEBUG,
				 "datagram of %s dropped: %s",
				 gikev2_endpoint_text(from, text, sizeof(text)),
				 mrkm_io_drop_text(drop));
}

/* Is it a message to a key server: of the IKE SA's initiator? */
static bool for_server(const uint8_t *octets, size_t len)
{
	return len >= IKE_HEADER_LEN &&
	       octets[IKE_FLAGS_OFFSET] & IKE_FLAG_INITIATOR;
}

static void io_input(struct msghdr *msg, const union sockunion *from,
		     const uint8_t *octets, size_t len)
{
	struct gikev2_path path;
	char text[64];
	int err;

	from_sockaddr(from, &path.remote);
	if (msg->msg_flags & MSG_TRUNC) {
		io_drop(MRKM_IO_DROP_TRUNCATED, &path.remote);
		return;
	}
	if (!local_address(msg, &path.local)) {
		io_drop(MRKM_IO_DROP_NO_LOCAL, &path.remote);
		return;
	}
	/* With no key server at all the engine has a reason of its own. */
	if (mrkm.base.key_server && for_server(octets, len) &&
	    !mrkm_server_listens(&path.local)) {
		io_drop(MRKM_IO_DROP_NOT_LISTENING, &path.remote);
		return;
	}
	err = gikev2_input(mrkm.engine, &path, octets, len, mrkm_now());
	if (err)
		mrkm_log_drop(err, &path);
	else
		DEBUGD(&mrkm_dbg_packets, "mrkm: %zu octets from %s", len,
		       gikev2_endpoint_text(&path.remote, text, sizeof(text)));
}

static void io_read(struct event *event)
{
	int fd = EVENT_FD(event);
	union sockunion from;
	uint8_t control[256] __attribute__((aligned(8)));

	for (int i = 0; i < READS_MAX; i++) {
		struct iovec iov = { mrkm.io.buf, sizeof(mrkm.io.buf) };
		struct msghdr msg = {
			.msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};
		ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT);

		if (n < 0)
			break;
		io_input(&msg, &from, mrkm.io.buf, n);
	}
	mrkm_engine_reschedule();
	event_add_read(mrkm.loop, io_read, NULL, fd,
		       fd == mrkm.io.fd4 ? &mrkm.io.t_read4 : &mrkm.io.t_read6);
}

/* ----------------------------------------------------------------- sockets */

static int set_options(int fd, int family)
{
	int on = 1, tos = IPTOS_PREC_INTERNETCONTROL;

	/* The kernel may give less; then a burst of members takes longer. */
	setsockopt_so_recvbuf(fd, SOCKET_BUFFER);
	if (family == AF_INET) {
		setsockopt_ipv4_tos(fd, tos);
		return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	}
	setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
		return -1;
	return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
}

/* A socket bound to the port; -1 with errno. */
static int io_open(int family, uint16_t port)
{
	struct gikev2_endpoint any = {
		.family = family == AF_INET ? 4 : 6,
		.port = port,
	};
	union sockunion su;
	socklen_t len = to_sockaddr(&any, &su);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int ret = -1, err;

	if (fd < 0)
		return -1;
	if (set_options(fd, family) == 0) {
		frr_with_privs(&mrkm_privs)
			ret = bind(fd, &su.sa, len);
	}
	if (ret == 0)
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

static void io_close(void)
{
	event_cancel(&mrkm.io.t_retry);
	event_cancel(&mrkm.io.t_read4);
	event_cancel(&mrkm.io.t_read6);
	if (mrkm.io.fd4 >= 0)
		close(mrkm.io.fd4);
	if (mrkm.io.fd6 >= 0)
		close(mrkm.io.fd6);
	mrkm.io.fd4 = mrkm.io.fd6 = -1;
	mrkm.io.error = 0;
}

/* IPv6 may be absent altogether; all else is an error. */
static int open_both(uint16_t port)
{
	mrkm.io.fd4 = io_open(AF_INET, port);
	if (mrkm.io.fd4 < 0)
		return errno;
	mrkm.io.fd6 = io_open(AF_INET6, port);
	if (mrkm.io.fd6 < 0 && errno != EAFNOSUPPORT)
		return errno;
	return 0;
}

void mrkm_io_apply(void)
{
	char problem[256];
	int err;

	if (mrkm.base.enabled && mrkm.io.fd4 >= 0 &&
	    mrkm.io.port == mrkm.base.port)
		return;
	io_close();
	if (!mrkm.base.enabled)
		return;
	mrkm.io.port = mrkm.base.port;
	err = open_both(mrkm.io.port);
	if (err) {
		io_close();
		mrkm.io.error = err;
		mrkm_io_problem(problem, sizeof(problem));
		zlog_err("mrkm: %s", problem);
		event_add_timer(mrkm.loop, io_retry, NULL, RETRY_SECONDS,
				&mrkm.io.t_retry);
		return;
	}
	event_add_read(mrkm.loop, io_read, NULL, mrkm.io.fd4, &mrkm.io.t_read4);
	if (mrkm.io.fd6 >= 0)
		event_add_read(mrkm.loop, io_read, NULL, mrkm.io.fd6,
			       &mrkm.io.t_read6);
}

static void io_retry(struct event *event)
{
	mrkm_io_apply();
	if (mrkm.io.error)
		return;
	zlog_info("mrkm: UDP port %u is open", mrkm.io.port);
	mrkm_group_reregister(false);
	mrkm_engine_reschedule();
}

bool mrkm_io_problem(char *buf, size_t size)
{
	if (!mrkm.io.error)
		return false;
	snprintf(
		buf, size,
		"UDP port %u cannot be opened: %s: free it, or configure another \"port\" here and at the key servers; it is tried again every %d seconds",
		mrkm.io.port, safe_strerror(mrkm.io.error), RETRY_SECONDS);
	return true;
}

void mrkm_io_init(void)
{
	mrkm.io.fd4 = mrkm.io.fd6 = -1;
}

void mrkm_io_fini(void)
{
	io_close();
}
