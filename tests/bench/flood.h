// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * First messages that nothing follows, by the thousand, for the load generator.
 */
#ifndef FLOOD_H
#define FLOOD_H

#include "crowd.h"

struct flood;

/* An IPv4 network that is all this machine's, in host order; 0 hosts: none. */
struct flood_network {
	uint32_t address, hosts;
};

struct flood_totals {
	uint64_t sent, lost; /* lost: not accepted by the system */
	uint64_t cookies;    /* answers that ask for one */
	uint64_t others;     /* other answers */
};

/*
 * From all over `from`, each from a port of its own or one of few; without it
 * from this machine's own address.  NULL: with errno.
 */
struct flood *flood_new(const struct gikev2_endpoint *server,
			const struct flood_network *from);
void flood_free(struct flood *flood);

/* To be polled for answers. */
int flood_fd(const struct flood *flood);

/* Sends so many messages, as `crowd` makes them. */
void flood_send(struct flood *flood, struct crowd *crowd, unsigned int count,
		uint64_t now);
void flood_receive(struct flood *flood);

const struct flood_totals *flood_totals(const struct flood *flood);

#endif /* FLOOD_H */
