// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Multicast: what rekey messages of key servers come by, and how ours leave.
 */
#ifndef MRKM_MULTICAST_H
#define MRKM_MULTICAST_H

#include "mrkmd/mrkm.h"

/*
 * From now on, or no longer, rekey messages for `group` come to that multicast
 * address and port: the engine's callback of that name.
 */
void mrkm_multicast_listen(struct mrkm_group *group,
			   const struct gikev2_endpoint *destination,
			   const struct gikev2_endpoint *source, bool join);

/* The interface that a membership is to be on may be another now. */
void mrkm_multicast_apply(void);

/* The interface that rekey messages for the group come in by; "" when none. */
const char *mrkm_multicast_interface(const struct mrkm_group *group, char *buf,
				     size_t size);

/* As mrkm_group_problem(). */
bool mrkm_multicast_problem(const struct mrkm_group *group, char *buf,
			    size_t size);

/*
 * How a datagram to that multicast address leaves: by which interface (0: the
 * kernel's choice), and for how many hops.
 */
void mrkm_multicast_way(const struct gikev2_endpoint *destination,
			ifindex_t *ifindex, int *ttl);

/* The interface that has that address; 0: none, or none was given. */
ifindex_t mrkm_multicast_interface_of(const struct gikev2_endpoint *address);

void mrkm_multicast_fini(void);

#endif /* MRKM_MULTICAST_H */
