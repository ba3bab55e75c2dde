// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UDP sockets: for each address family and port one for messages of IKE SAs
 * that there are, in both roles, and one for first messages, as strangers can
 * send any number of.
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

#include "gikev2/gikev2_datagram.h"
#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_debug.h"
#include "mrkmd/mrkm_event.h"
#include "mrkmd/mrkm_multicast.h"
#include "mrkmd/mrkm_state.h"
#include "mrkmd/mrkm_strangers.h"

/*
 * How long a socket has its turn, so that a flood leaves time for members, and
 * members leave some for timers and vtysh.
 */
#define TURN (3 * GIKEV2_SECOND / 1000)
#define TURN_STRANGERS (GIKEV2_SECOND / 1000)
#define SOCKET_BUFFER (1024 * 1024)
#define RETRY_SECONDS 10

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

socklen_t mrkm_io_to_sockaddr(const struct gikev2_endpoint *endpoint,
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

void mrkm_io_from_sockaddr(const struct sockaddr *sa,
			   struct gikev2_endpoint *endpoint)
{
	const struct sockaddr_in *sin = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)sa;

	memset(endpoint, 0, sizeof(*endpoint));
	if (sa->sa_family == AF_INET) {
		endpoint->family = 4;
		endpoint->port = ntohs(sin->sin_port);
		memcpy(endpoint->ip, &sin->sin_addr, 4);
	} else {
		endpoint->family = 6;
		endpoint->port = ntohs(sin6->sin6_port);
		memcpy(endpoint->ip, &sin6->sin6_addr, 16);
	}
}

/* The address that the datagram was sent to.  False: the kernel did not say. */
static bool local_address(struct msghdr *msg, uint16_t port,
			  struct gikev2_endpoint *local)
{
	struct cmsghdr *cmsg;

	memset(local, 0, sizeof(*local));
	local->port = port;
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

/* Room for where a datagram leaves from, and for how many hops. */
union control {
	struct cmsghdr align;
	uint8_t space[CMSG_SPACE(sizeof(struct in6_pktinfo)) +
		      CMSG_SPACE(sizeof(int))];
};

static void add_control(struct msghdr *msg, int level, int type,
			const void *data, size_t len)
{
	struct cmsghdr *cmsg = (struct cmsghdr *)((uint8_t *)msg->msg_control +
						  msg->msg_controllen);

	cmsg->cmsg_level = level;
	cmsg->cmsg_type = type;
	cmsg->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(cmsg), data, len);
	msg->msg_controllen += CMSG_SPACE(len);
}

/* Makes the datagram leave from that address, if any, and interface. */
static void set_source(struct msghdr *msg, uint8_t family,
		       const struct gikev2_endpoint *local, ifindex_t ifindex)
{
	struct in_pktinfo info = { .ipi_ifindex = ifindex };
	struct in6_pktinfo info6 = { .ipi6_ifindex = ifindex };

	if (!local->family && !ifindex)
		return;
	if (family == 4) {
		memcpy(&info.ipi_spec_dst, local->ip, 4);
		add_control(msg, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	} else {
		memcpy(&info6.ipi6_addr, local->ip, 16);
		add_control(msg, IPPROTO_IPV6, IPV6_PKTINFO, &info6,
			    sizeof(info6));
	}
}

static void set_way(struct msghdr *msg, const struct gikev2_path *path)
{
	ifindex_t ifindex = 0;
	int ttl;

	if (!gikev2_endpoint_multicast(&path->remote)) {
		set_source(msg, path->remote.family, &path->local, 0);
		return;
	}
	mrkm_multicast_way(&path->remote, &ifindex, &ttl);
	set_source(msg, path->remote.family, &path->local, ifindex);
	if (path->remote.family == 4)
		add_control(msg, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
	else
		add_control(msg, IPPROTO_IPV6, IPV6_HOPLIMIT, &ttl,
			    sizeof(ttl));
}

/* The socket for that address family and port; -1: it is not open. */
static int socket_of(const struct gikev2_path *path)
{
	int family = path->remote.family == 4 ? AF_INET : AF_INET6;

	for (size_t i = 0; i < MRKM_SOCKETS; i++)
		if (mrkm.io.sockets[i].family == family &&
		    mrkm.io.sockets[i].natt == path->natt &&
		    !mrkm.io.sockets[i].strangers)
			return mrkm.io.sockets[i].fd;
	return -1;
}

int mrkm_io_send(const struct gikev2_path *path, const uint8_t *octets,
		 size_t len)
{
	int fd = socket_of(path);
	struct iovec iov = { (void *)octets, len };
	union sockunion to;
	union control control = {};
	struct msghdr msg = {
		.msg_name = &to,
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
	};
	char text[64];

	if (fd < 0)
		return -GIKEV2_ERR_OUTPUT;
	msg.msg_namelen = mrkm_io_to_sockaddr(&path->remote, &to);
	set_way(&msg, path);
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

/*
 * Ours are bound to no address.  One that is connected, without a datagram
 * being sent, tells what the kernel would take.
 */
int mrkm_io_source(const struct gikev2_endpoint *remote,
		   struct gikev2_endpoint *local)
{
	union sockunion su;
	socklen_t len = mrkm_io_to_sockaddr(remote, &su), size = sizeof(su);
	int fd = socket(su.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int ret = -GIKEV2_ERR_OUTPUT;

	if (fd < 0)
		return ret;
	if (connect(fd, &su.sa, len) == 0 &&
	    getsockname(fd, &su.sa, &size) == 0) {
		mrkm_io_from_sockaddr(&su.sa, local);
		local->port = mrkm.io.port;
		ret = 0;
	}
	close(fd);
	return ret;
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

/*
 * Is it a message to a key server: of the IKE SA's initiator?  GSA_REKEY has that
 * flag as well, and is for members; this router may be both.
 */
static bool for_server(const uint8_t *octets, size_t len, bool natt)
{
	struct gikev2_datagram datagram =
		gikev2_datagram_look(natt, octets, len);

	return datagram.initiator && datagram.exchange != GIKEV2_GSA_REKEY;
}

/*
 * Is it a message to a member?  A key server that rekeyed an IKE SA is its
 * initiator, too, and while it has no state it does not know which those are: to
 * say so would have its members give up SAs that will be there again.
 */
static bool for_member(const struct gikev2_path *path, const uint8_t *octets,
		       size_t len)
{
	return !for_server(octets, len, path->natt) &&
	       gikev2_knows(mrkm.engine, path, octets, len);
}

static void io_input(const struct mrkm_socket *sock, struct msghdr *msg,
		     const union sockunion *from, const uint8_t *octets,
		     size_t len)
{
	struct gikev2_path path = { .natt = sock->natt };
	char text[64];
	int err;

	mrkm_io_from_sockaddr(&from->sa, &path.remote);
	if (msg->msg_flags & MSG_TRUNC) {
		io_drop(MRKM_IO_DROP_TRUNCATED, &path.remote);
		return;
	}
	if (!local_address(msg, sock->port, &path.local)) {
		io_drop(MRKM_IO_DROP_NO_LOCAL, &path.remote);
		return;
	}
	/* With no key server at all the engine has a reason of its own. */
	if (mrkm.base.key_server && for_server(octets, len, sock->natt) &&
	    !mrkm_server_listens(&path.local)) {
		io_drop(MRKM_IO_DROP_NOT_LISTENING, &path.remote);
		return;
	}
	if (!mrkm_state_serves() && !for_member(&path, octets, len)) {
		io_drop(MRKM_IO_DROP_NO_STATE, &path.remote);
		return;
	}
	err = gikev2_input(mrkm.engine, &path, octets, len, mrkm_now());
	if (err)
		mrkm_log_drop(err, &path);
	else
		DEBUGD(&mrkm_dbg_packets, "mrkm: %zu octets from %s", len,
		       gikev2_endpoint_text(&path.remote, text, sizeof(text)));
}

/* How many datagrams are there now, `most` of them, in mrkm.io.buf; none: 0 or
 * less. */
static int receive(int fd, struct mmsghdr *msgs, union sockunion *from,
		   int most)
{
	static struct {
		uint8_t octets[256] __attribute__((aligned(8)));
	} control[MRKM_READS];
	static struct iovec iov[MRKM_READS];

	for (int i = 0; i < most; i++) {
		iov[i].iov_base = mrkm.io.buf[i];
		iov[i].iov_len = sizeof(mrkm.io.buf[i]);
		msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &from[i],
			.msg_namelen = sizeof(from[i]),
			.msg_iov = &iov[i],
			.msg_iovlen = 1,
			.msg_control = &control[i],
			.msg_controllen = sizeof(control[i]),
		};
	}
	return recvmmsg(fd, msgs, most, MSG_DONTWAIT, NULL);
}

/*
 * What a datagram costs differs by the hundredfold: what those before it took
 * tells how many fit into what is left of the turn.
 */
static int reads_for(const struct mrkm_socket *sock, uint64_t left)
{
	uint64_t most = sock->cost ? left / sock->cost : MRKM_READS;

	return MAX(1, MIN(most, MRKM_READS));
}

static void io_read(struct event *event)
{
	struct mrkm_socket *sock = EVENT_ARG(event);
	uint64_t now = mrkm_now(), before;
	uint64_t end = now + (sock->strangers ? TURN_STRANGERS : TURN);
	struct mmsghdr msgs[MRKM_READS];
	union sockunion from[MRKM_READS];
	int count, most;

	do {
		most = reads_for(sock, end - now);
		count = receive(sock->fd, msgs, from, most);
		for (int i = 0; i < count; i++)
			io_input(sock, &msgs[i].msg_hdr, &from[i],
				 mrkm.io.buf[i], msgs[i].msg_len);
		before = now;
		now = mrkm_now();
		if (count > 0)
			sock->cost = (now - before) / count;
	} while (count == most && now < end);
	mrkm_engine_reschedule();
	event_add_read(mrkm.loop, io_read, sock, sock->fd, &sock->t_read);
}

/* ----------------------------------------------------------------- sockets */

static int set_options(int fd, int family)
{
	int on = 1, off = 0, tos = IPTOS_PREC_INTERNETCONTROL;

	/* The kernel may give less; then a burst of members takes longer. */
	setsockopt_so_recvbuf(fd, SOCKET_BUFFER);
	/* Multicast has sockets of its own, which may have the same port. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (family == AF_INET) {
		setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof(off));
		setsockopt_ipv4_tos(fd, tos);
		return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	}
	setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &off, sizeof(off));
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
	socklen_t len = mrkm_io_to_sockaddr(&any, &su);
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

static void close_one(struct mrkm_socket *sock)
{
	event_cancel(&sock->t_read);
	if (sock->fd >= 0)
		close(sock->fd);
	sock->fd = -1;
}

static void io_close(void)
{
	event_cancel(&mrkm.io.t_retry);
	for (size_t i = 0; i < MRKM_SOCKETS; i++)
		close_one(&mrkm.io.sockets[i]);
	mrkm.io.open = false;
	mrkm.io.error = 0;
}

/* 0, or an errno.  IPv6 may be absent altogether; all else is an error. */
static int open_one(struct mrkm_socket *sock)
{
	sock->port = sock->natt ? mrkm.io.nat_port : mrkm.io.port;
	if (!sock->port)
		return 0;
	sock->fd = io_open(sock->family, sock->port);
	if (sock->fd < 0)
		return sock->family == AF_INET6 && errno == EAFNOSUPPORT
			       ? 0
			       : errno;
	/* a kernel that cannot tell them apart: one socket for all */
	if (sock->strangers && mrkm_strangers_apart(sock->fd, sock->natt) < 0) {
		zlog_warn(
			"mrkm: UDP port %u: strangers and members share a queue: %s",
			sock->port, safe_strerror(errno));
		close_one(sock);
		return 0;
	}
	event_add_read(mrkm.loop, io_read, sock, sock->fd, &sock->t_read);
	return 0;
}

/* All of them, or none. */
static void open_all(void)
{
	char problem[256];
	int err = 0;
	size_t i;

	for (i = 0; !err && i < MRKM_SOCKETS; i++)
		err = open_one(&mrkm.io.sockets[i]);
	if (!err) {
		mrkm.io.open = true;
		return;
	}
	io_close();
	mrkm.io.error = err;
	mrkm.io.error_port = mrkm.io.sockets[i - 1].port;
	mrkm_io_problem(problem, sizeof(problem));
	zlog_err("mrkm: %s", problem);
	event_add_timer(mrkm.loop, io_retry, NULL, RETRY_SECONDS,
			&mrkm.io.t_retry);
}

void mrkm_io_apply(void)
{
	if (mrkm.base.enabled && mrkm.io.open &&
	    mrkm.io.port == mrkm.base.port &&
	    mrkm.io.nat_port == mrkm.base.nat_port)
		return;
	io_close();
	mrkm.io.port = mrkm.base.port;
	mrkm.io.nat_port = mrkm.base.nat_port;
	if (mrkm.base.enabled)
		open_all();
}

static void io_retry(struct event *event)
{
	mrkm_io_apply();
	if (mrkm.io.error)
		return;
	zlog_info("mrkm: UDP port %u is open", mrkm.io.error_port);
	mrkm_group_reregister(false);
	mrkm_engine_reschedule();
}

bool mrkm_io_problem(char *buf, size_t size)
{
	if (!mrkm.io.error)
		return false;
	snprintf(
		buf, size,
		"UDP port %u cannot be opened: %s: free it, or configure another \"%s\" here and at the key servers; it is tried again every %d seconds",
		mrkm.io.error_port, safe_strerror(mrkm.io.error),
		mrkm.io.error_port == mrkm.io.nat_port ? "nat-traversal port"
						       : "port",
		RETRY_SECONDS);
	return true;
}

void mrkm_io_init(void)
{
	for (size_t i = 0; i < MRKM_SOCKETS; i++)
		mrkm.io.sockets[i] = (struct mrkm_socket){
			.fd = -1,
			.family = i % 2 ? AF_INET6 : AF_INET,
			.natt = i / 2 % 2,
			/* these are bound before the others */
			.strangers = i < MRKM_SOCKETS / 2,
		};
}

void mrkm_io_fini(void)
{
	io_close();
}
