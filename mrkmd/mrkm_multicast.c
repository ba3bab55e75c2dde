// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Multicast.
 *
 * Each multicast address and port has a socket that is bound to it: no other
 * datagram reaches that one, and none of these reaches the sockets of
 * mrkm_io.c.
 */
#include <zebra.h>

#include <ifaddrs.h>
#include <net/if.h>

#include "log.h"
#include "memory.h"
#include "network.h"
#include "sockopt.h"

#include "mrkmd/mrkm_debug.h"
#include "mrkmd/mrkm_event.h"
#include "mrkmd/mrkm_multicast.h"

DEFINE_MTYPE_STATIC(MRKMD, MRKM_MEMBERSHIP, "MRKM multicast membership");

#define READS_MAX 64
/* Interfaces come, go and get other addresses. */
#define CHECK_SECONDS 10

/* Where rekey messages of one of our groups come to. */
struct membership {
	struct membership *next;
	struct mrkm_group *group;
	struct gikev2_endpoint destination, source;
	unsigned int uses;
	int fd;		   /* -1: closed */
	ifindex_t ifindex; /* of the membership; 0: the kernel's choice */
	int error;	   /* errno of the last attempt; 0: joined */
	struct event *t_read;
};

static struct membership *memberships;
static struct event *t_check;

static void io_read(struct event *event);

/* --------------------------------------------------------------- interfaces */

static bool has_address(const struct ifaddrs *ifa,
			const struct gikev2_endpoint *address)
{
	struct gikev2_endpoint own;

	if (!ifa->ifa_addr || (ifa->ifa_addr->sa_family != AF_INET &&
			       ifa->ifa_addr->sa_family != AF_INET6))
		return false;
	mrkm_io_from_sockaddr(ifa->ifa_addr, &own);
	return own.family == address->family &&
	       !memcmp(own.ip, address->ip, sizeof(own.ip));
}

ifindex_t mrkm_multicast_interface_of(const struct gikev2_endpoint *address)
{
	struct ifaddrs *all, *ifa;
	ifindex_t ifindex = 0;

	if (!address->family || getifaddrs(&all) < 0)
		return 0;
	for (ifa = all; ifa && !ifindex; ifa = ifa->ifa_next)
		if (has_address(ifa, address))
			ifindex = if_nametoindex(ifa->ifa_name);
	freeifaddrs(all);
	return ifindex;
}

/*
 * The configured interface, else the one of the route to the key server.  -1:
 * the configured one is not there.
 */
static int member_interface(const struct mrkm_group *group)
{
	const char *name = group->config.multicast_interface;
	struct gikev2_member_status status;
	struct gikev2_endpoint local = {};
	ifindex_t ifindex;

	if (name[0]) {
		ifindex = if_nametoindex(name);
		return ifindex ? (int)ifindex : -1;
	}
	if (!group->member)
		return 0;
	gikev2_member_get_status(group->member, &status);
	if (status.server.family)
		mrkm_io_source(&status.server, &local);
	return mrkm_multicast_interface_of(&local);
}

/* ------------------------------------------------------------------ sockets */

static int set_options(int fd, int family)
{
	int on = 1, off = 0;

	/* Beside the socket of the same port that is bound to no address; only
	 * sockets of the same user can do so.
	 */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0)
		return -1;
	if (family == AF_INET) {
		setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof(off));
		return 0;
	}
	setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &off, sizeof(off));
	return setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
}

/* A socket bound to the group's address on that interface; -1 with errno. */
static int open_socket(const struct gikev2_endpoint *destination,
		       ifindex_t ifindex)
{
	int family = destination->family == 4 ? AF_INET : AF_INET6;
	union sockunion su;
	socklen_t len = mrkm_io_to_sockaddr(destination, &su);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int ret = -1, err;

	if (fd < 0)
		return -1;
	if (family == AF_INET6)
		su.sin6.sin6_scope_id = ifindex;
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

/* Of any source, or of the one that the policy names. */
static int join(const struct membership *m)
{
	int level = m->destination.family == 4 ? IPPROTO_IP : IPPROTO_IPV6;
	struct group_source_req one = { .gsr_interface = m->ifindex };
	struct group_req any = { .gr_interface = m->ifindex };
	union sockunion su;

	mrkm_io_to_sockaddr(&m->destination, &su);
	if (!m->source.family) {
		memcpy(&any.gr_group, &su, sizeof(su));
		return setsockopt(m->fd, level, MCAST_JOIN_GROUP, &any,
				  sizeof(any));
	}
	memcpy(&one.gsr_group, &su, sizeof(su));
	mrkm_io_to_sockaddr(&m->source, &su);
	memcpy(&one.gsr_source, &su, sizeof(su));
	return setsockopt(m->fd, level, MCAST_JOIN_SOURCE_GROUP, &one,
			  sizeof(one));
}

static void membership_close(struct membership *m)
{
	event_cancel(&m->t_read);
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
}

static void log_membership(const struct membership *m, int before)
{
	char text[64], interface[IF_NAMESIZE] = "";

	gikev2_endpoint_text(&m->destination, text, sizeof(text));
	if (m->ifindex)
		if_indextoname(m->ifindex, interface);
	if (m->error && m->error != before)
		zlog_err(
			"mrkm: group %s: multicast %s%s%s cannot be joined: %s; it is tried again every %d seconds",
			m->group->config.name, text, interface[0] ? " on " : "",
			interface, safe_strerror(m->error), CHECK_SECONDS);
	else if (!m->error)
		zlog_info("mrkm: group %s: listening to %s%s%s",
			  m->group->config.name, text,
			  interface[0] ? " on " : "", interface);
}

static void membership_open(struct membership *m, int ifindex)
{
	int before = m->error;

	membership_close(m);
	m->ifindex = ifindex > 0 ? ifindex : 0;
	m->error = ifindex < 0 ? ENODEV : 0;
	if (!m->error) {
		m->fd = open_socket(&m->destination, m->ifindex);
		if (m->fd < 0 || join(m) < 0)
			m->error = errno;
	}
	log_membership(m, before);
	if (m->error)
		membership_close(m);
	else
		event_add_read(mrkm.loop, io_read, m, m->fd, &m->t_read);
}

/* ---------------------------------------------------------------- receiving */

static void io_input(const struct membership *m, const union sockunion *from,
		     const uint8_t *octets, size_t len)
{
	struct gikev2_path path = { .local = m->destination };
	int err;

	mrkm_io_from_sockaddr(&from->sa, &path.remote);
	err = gikev2_input(mrkm.engine, &path, octets, len, mrkm_now());
	if (err)
		mrkm_log_drop(err, &path);
}

static void io_read(struct event *event)
{
	struct membership *m = EVENT_ARG(event);
	union sockunion from;

	event_add_read(mrkm.loop, io_read, m, m->fd, &m->t_read);
	/* A message may end this membership. */
	m->uses++;
	for (int i = 0; i < READS_MAX && m->fd >= 0; i++) {
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(m->fd, mrkm.io.buf[0],
				     sizeof(mrkm.io.buf[0]), MSG_DONTWAIT,
				     &from.sa, &len);

		if (n < 0)
			break;
		io_input(m, &from, mrkm.io.buf[0], n);
	}
	mrkm_multicast_listen(m->group, &m->destination, &m->source, false);
	mrkm_engine_reschedule();
}

/* -------------------------------------------------------------- memberships */

static struct membership *find(const struct mrkm_group *group,
			       const struct gikev2_endpoint *destination,
			       const struct gikev2_endpoint *source)
{
	struct membership *m = memberships;

	while (m && (m->group != group ||
		     !gikev2_endpoint_equal(&m->destination, destination) ||
		     !gikev2_endpoint_equal(&m->source, source)))
		m = m->next;
	return m;
}

static void check(struct event *event)
{
	mrkm_multicast_apply();
}

static void begin(struct mrkm_group *group,
		  const struct gikev2_endpoint *destination,
		  const struct gikev2_endpoint *source)
{
	struct membership *m = XCALLOC(MTYPE_MRKM_MEMBERSHIP, sizeof(*m));

	*m = (struct membership){ .next = memberships,
				  .group = group,
				  .destination = *destination,
				  .source = *source,
				  .uses = 1,
				  .fd = -1 };
	memberships = m;
	membership_open(m, member_interface(group));
	event_add_timer(mrkm.loop, check, NULL, CHECK_SECONDS, &t_check);
}

static void end(struct membership *m)
{
	struct membership **at = &memberships;

	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	membership_close(m);
	XFREE(MTYPE_MRKM_MEMBERSHIP, m);
	if (!memberships)
		event_cancel(&t_check);
}

void mrkm_multicast_listen(struct mrkm_group *group,
			   const struct gikev2_endpoint *destination,
			   const struct gikev2_endpoint *source, bool join)
{
	struct membership *m = find(group, destination, source);

	if (join && m)
		m->uses++;
	else if (join)
		begin(group, destination, source);
	else if (m && --m->uses == 0)
		end(m);
}

void mrkm_multicast_apply(void)
{
	for (struct membership *m = memberships; m; m = m->next) {
		int ifindex = member_interface(m->group);

		/* Without a route to the server what there is has to do. */
		if (m->error || (ifindex && ifindex != (int)m->ifindex))
			membership_open(m, ifindex);
	}
	event_cancel(&t_check);
	if (memberships)
		event_add_timer(mrkm.loop, check, NULL, CHECK_SECONDS,
				&t_check);
}

const char *mrkm_multicast_interface(const struct mrkm_group *group, char *buf,
				     size_t size)
{
	char name[IF_NAMESIZE];

	buf[0] = '\0';
	for (struct membership *m = memberships; m; m = m->next)
		if (m->group == group && !m->error && m->ifindex &&
		    if_indextoname(m->ifindex, name))
			strlcpy(buf, name, size);
	return buf;
}

bool mrkm_multicast_problem(const struct mrkm_group *group, char *buf,
			    size_t size)
{
	char text[64];

	for (struct membership *m = memberships; m; m = m->next) {
		if (m->group != group || !m->error)
			continue;
		snprintf(
			buf, size,
			"multicast %s cannot be joined: %s: check the interface, or configure \"multicast interface\"",
			gikev2_endpoint_text(&m->destination, text,
					     sizeof(text)),
			safe_strerror(m->error));
		return true;
	}
	return false;
}

void mrkm_multicast_fini(void)
{
	while (memberships)
		end(memberships);
}

/* ------------------------------------------------------------------ sending */

/* The configured interface, else the one of the address that members know. */
static ifindex_t server_interface(const struct mrkm_ks_group_config *config)
{
	const struct gikev2_endpoint *source = &config->engine.rekey.source;

	if (config->rekey.interface[0])
		return if_nametoindex(config->rekey.interface);
	if (!source->family && mrkm.base.listen_count)
		source = &mrkm.base.listen[0];
	return mrkm_multicast_interface_of(source);
}

static bool sends_to(const struct mrkm_ks_group_config *config,
		     const struct gikev2_endpoint *destination)
{
	return gikev2_endpoint_equal(&config->engine.rekey.destination,
				     destination);
}

void mrkm_multicast_way(const struct gikev2_endpoint *destination,
			ifindex_t *ifindex, int *ttl)
{
	const struct mrkm_ks_group_config *config = NULL;
	const struct mrkm_ks_group *group;

	frr_each(mrkm_ks_groups_const, &mrkm.ks_groups, group) {
		if (sends_to(&group->config, destination))
			config = &group->config;
		else if (!config && sends_to(&group->before, destination))
			config = &group->before;
	}
	*ifindex = config ? server_interface(config) : 0;
	*ttl = config ? config->rekey.ttl : 1;
}
