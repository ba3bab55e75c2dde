// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Netlink sockets: what carries mrkm_kernel.c's messages in a real zebra.
 */
#ifndef MRKM_NETLINK_H
#define MRKM_NETLINK_H

#include "modules/mrkm_kernel.h"

struct mrkm_netlink {
	int sockets[2];	   /* enum mrkm_family: requests and answers */
	int events[2];	   /* what others do, and the kernel's questions */
	uint32_t ports[2]; /* of `sockets` */
};

/*
 * Opens all four; needs CAP_NET_ADMIN, as does sending.  0, or a negative
 * errno: nothing is open then.
 */
int mrkm_netlink_open(struct mrkm_netlink *netlink);
void mrkm_netlink_close(struct mrkm_netlink *netlink);

/* Members of struct mrkm_transport. */
int mrkm_netlink_send(struct mrkm_netlink *netlink, enum mrkm_family family,
		      const struct mrkm_batch *batch,
		      void (*refused)(void *arg, uint32_t sequence, int error),
		      void *arg);
int mrkm_netlink_list(struct mrkm_netlink *netlink, enum mrkm_family family,
		      const struct mrkm_batch *request,
		      int (*item)(void *arg, const struct nlmsghdr *nlh),
		      void *arg);

/*
 * Reads what has come in on events[family]: `acquire` is called for each
 * question of the kernel's.  True: something has changed that was not our
 * doing, or may have.
 */
bool mrkm_netlink_events(struct mrkm_netlink *netlink, enum mrkm_family family,
			 void (*acquire)(void *arg,
					 const struct mrkm_acquire *acquire),
			 void *arg);

#endif /* MRKM_NETLINK_H */
