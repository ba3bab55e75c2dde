// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine as a program: sockets.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"

union address {
	struct sockaddr sa;
	struct sockaddr_in sin;
	struct sockaddr_in6 sin6;
};

static socklen_t to_address(const struct gikev2_endpoint *endpoint,
			    union address *address)
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

static void from_address(const union address *address,
			 struct gikev2_endpoint *endpoint)
{
	memset(endpoint, 0, sizeof(*endpoint));
	if (address->sa.sa_family == AF_INET) {
		endpoint->family = 4;
		endpoint->port = ntohs(address->sin.sin_port);
		memcpy(endpoint->ip, &address->sin.sin_addr, 4);
	} else {
		endpoint->family = 6;
		endpoint->port = ntohs(address->sin6.sin6_port);
		memcpy(endpoint->ip, &address->sin6.sin6_addr, 16);
	}
}

static void open_socket(struct peer_socket *sock,
			const struct gikev2_endpoint *local)
{
	union address address;
	socklen_t len = to_address(local, &address);

	sock->local = *local;
	sock->fd = socket(address.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock->fd < 0 || bind(sock->fd, &address.sa, len) < 0)
		peer_die("port %u: %s", local->port, strerror(errno));
}

/* What goes to a multicast group leaves from our address, and comes back. */
static void send_multicast_from(const struct peer *peer, int fd)
{
	struct in_addr from;

	if (peer->local.family != 4)
		return;
	memcpy(&from, peer->local.ip, sizeof(from));
	if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &from, sizeof(from)) <
	    0)
		peer_die("multicast: %s", strerror(errno));
}

void peer_open_sockets(struct peer *peer)
{
	struct gikev2_endpoint nat = peer->local;

	for (size_t i = 0; i < PEER_SOCKETS; i++)
		peer->sockets[i].fd = -1;
	open_socket(&peer->sockets[PEER_IKE], &peer->local);
	send_multicast_from(peer, peer->sockets[PEER_IKE].fd);
	nat.port = peer->params.nat_port;
	if (nat.port)
		open_socket(&peer->sockets[PEER_NAT], &nat);
}

/* Groups of IPv4 alone: that is all that is tested with it. */
void peer_multicast(void *arg, void *cookie,
		    const struct gikev2_endpoint *group,
		    const struct gikev2_endpoint *source, bool join)
{
	struct peer *peer = arg;
	struct peer_socket *sock = &peer->sockets[PEER_MULTICAST];
	struct ip_mreq membership;

	(void)cookie;
	(void)source;
	if (!join) {
		close(sock->fd);
		sock->fd = -1;
		return;
	}
	if (sock->fd >= 0)
		return;
	open_socket(sock, group);
	memcpy(&membership.imr_multiaddr, group->ip, 4);
	memcpy(&membership.imr_interface, peer->local.ip, 4);
	if (setsockopt(sock->fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership,
		       sizeof(membership)) < 0)
		peer_die("multicast group: %s", strerror(errno));
}

int peer_output(void *arg, const struct gikev2_path *path,
		const uint8_t *octets, size_t len)
{
	struct peer *peer = arg;
	int fd = peer->sockets[path->natt ? PEER_NAT : PEER_IKE].fd;
	union address to;
	socklen_t to_len = to_address(&path->remote, &to);

	if (sendto(fd, octets, len, 0, &to.sa, to_len) == (ssize_t)len)
		return 0;
	return -GIKEV2_ERR_OUTPUT;
}

void peer_read(struct peer *peer, struct peer_socket *sock)
{
	static uint8_t octets[65536];
	struct gikev2_path path = { .local = sock->local };
	union address from = { 0 };
	socklen_t from_len = sizeof(from);
	ssize_t len = recvfrom(sock->fd, octets, sizeof(octets), MSG_DONTWAIT,
			       &from.sa, &from_len);

	if (len < 0)
		return;
	from_address(&from, &path.remote);
	path.natt = sock == &peer->sockets[PEER_NAT];
	peer_report_drop(
		gikev2_input(peer->engine, &path, octets, len, peer_now()));
}
